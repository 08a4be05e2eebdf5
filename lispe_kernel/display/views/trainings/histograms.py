"""`(weight_histograms "folder")`: how the weights of each layer are spread, checkpoint after checkpoint.

One picture a tensor: values upwards, checkpoints to the right, in bins that they share; the colour says
how many values a bin holds, measured by the fullest bin of its checkpoint. One moment alone is bars.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from lispe_kernel.display.drawing import charts, heatmaps, svg
from lispe_kernel.display.drawing.colours import SEQUENTIAL
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.drawing.heatmaps import Shades
from lispe_kernel.display.drawing.pictures import Axis, Raster
from lispe_kernel.display.drawing.ridges import Ridge, ridges
from lispe_kernel.display.drawing.svg import Drawing
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, headline, name, one_line, table, warning
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.trainings.counting import Bins, Measured
from lispe_kernel.display.views.trainings.weights import Histogram, WeightHistograms

_MOST_DRAWN = 24
_LINES, _ROWS = 24, 400
_SMALL, _LARGE, _CHART = (155.0, 105.0), (380.0, 220.0), (420, 270)
_CURVES = 3  # of the checkpoints of one tensor; of more there are ridges
_RIDGES = 24
_BARS = (200, 84)
_BARS_TOLD = 400
_TOLD = 12


@renderer(WeightHistograms)
class WeightHistogramsView(View):
    """A picture a tensor, or one tensor large with the curves of some checkpoints; loud what is no number."""

    value: WeightHistograms

    def text(self) -> str:
        made = self.value
        lines = [made.text, *(_line(one) for one in made.histograms[:_LINES])]
        if len(made.histograms) > _LINES:
            lines.append(f"... and {len(made.histograms) - _LINES} more tensors")
        return plain_text("\n".join([*lines, *(f"! {told}" for told in self._alarms())]))

    def line(self) -> str:
        return plain_text(self.value.text)

    def _alarms(self) -> list[str]:
        found = [f"{told} (left out)" for told in self.value.damaged]
        for one in self.value.histograms:
            bad = [k for k, m in enumerate(one.moments) if m is not None and m.nans + m.infinities]
            if bad:
                first = one.moments[bad[0]]
                assert first is not None
                told = [f"{numbers.count(first.nans)} NaN"] * bool(first.nans)
                told += [f"{numbers.count(first.infinities)} infinite"] * bool(first.infinities)
                when = f"{self.value.unit} {self.value.labels[bad[0]]}"
                since = f", first at {when}" if len(self.value.labels) > 1 else ""
                many = f"{' and '.join(told)} of {numbers.count(first.values)}"
                found.append(f"{one_line(one.name, 80)}: {many}{since}")
        more = len(found) - _TOLD
        return [*found[:_TOLD], f"and {more} more"] if more > 0 else found

    def html(self) -> Node:
        return [
            headline(self.value.text),
            [warning(told) for told in self._alarms()],
            self._pictures(),
            self._table(),
        ]

    @property
    def _drawn(self) -> list[Histogram]:
        """Those with values, the largest where they are too many."""
        fit = [one for one in self.value.histograms if one.bins is not None]
        if len(fit) <= _MOST_DRAWN:
            return fit
        largest = sorted(fit, key=lambda one: -max(m.values for _, m in one.seen))[:_MOST_DRAWN]
        return [one for one in fit if any(one is other for other in largest)]

    def _pictures(self) -> Node:
        drawn = self._drawn
        if not drawn:
            return None
        if len(drawn) == 1 and len(self.value.labels) > 1:
            beside = self._curves if len(drawn[0].seen) <= _CURVES else self._ridges
            return element("div", self._grid(drawn, _LARGE), beside(drawn[0]))
        left_out = sum(one.bins is not None for one in self.value.histograms) - len(drawn)
        more = (
            f'{left_out} smaller tensors are not drawn; (weight_histograms ... "name") draws one'
            if left_out
            else ""
        )
        several = len(self.value.labels) > 1
        shown = self._grid(drawn, _SMALL) if several else self._bars(drawn)
        return [shown, element("p", more, class_="q") if more else None]

    def _grid(self, drawn: list[Histogram], size: tuple[float, float]) -> Element:
        rasters = [raster_of(one, len(self.value.labels)) for one in drawn]
        shades = Shades(0.0, 1.0, SEQUENTIAL)
        parts = [self._framed(one, r, shades, size) for one, r in zip(drawn, rasters, strict=True)]
        beyond = any(m.beyond for one in drawn for _, m in one.seen)
        caption = f"the colour: how many values a bin holds, the fullest bin of each {self.value.unit} as 1"
        if beyond:
            caption += "; values further out than five deviations are in the outermost bins"
        return heatmaps.gathered(
            parts, rasters, shades, f"values of {_told_names(drawn)} by {self.value.unit}", caption
        )

    def _bars(self, drawn: list[Histogram]) -> Element:
        """The bars of the one moment there is."""
        large = (_CHART[0], 160) if len(drawn) == 1 else _BARS
        whole = svg.grid([_barred(one, *large) for one in drawn], 640)
        told = [[round(bar["x"]), round(bar["y"]), bar["told"]] for bar in whole.facts]
        facts = svg.for_script({"points": svg.places(told)})
        is_logarithmic = any(charts.needs_logarithms(one.seen[0][1].counts) for one in drawn)
        return svg.figure(
            whole,
            f"values of {_told_names(drawn)}",
            f"where a bin holds nearly all: {charts.LOGARITHMIC}" if is_logarithmic else None,
            data_scale=facts if len(told) <= _BARS_TOLD else None,
        )

    def _framed(self, one: Histogram, raster: Raster, shades: Shades, size: tuple[float, float]) -> Drawing:
        assert one.bins is not None
        return heatmaps.framed(
            raster,
            shades,
            down=_values_axis(one.bins, size[1]),
            across=_times_axis(self.value, 12),
            title=one_line(one.name, int(size[0] // 6)),
            size=size,
            values=_counts(one, len(self.value.labels)),
        )

    def _curves(self, one: Histogram) -> Element | None:
        """Each of a few moments as shares over the values."""
        assert one.bins is not None
        seen, edges = one.seen, one.bins.edges
        if not seen:
            return None
        places = range(len(seen))
        middles = [a / 2 + b / 2 for a, b in pairwise(edges)]
        series = [
            Series(
                f"{self.value.unit} {one_line(self.value.labels[seen[k][0]], 20)}",
                middles,
                [100 * n / seen[k][1].finite for n in seen[k][1].counts],
            )
            for k in places
        ]
        label = f"values of {one_line(one.name, 60)} at {len(places)} {self.value.unit}s"
        return charts.line_chart(
            series, label, x_name="value", y_name="% of the values", width=420, height=240
        )

    def _ridges(self, one: Histogram) -> Element:
        """The moments, the later ones in front; of very many some, evenly."""
        assert one.bins is not None
        seen, edges = one.seen, one.bins.edges
        count = min(len(seen), _RIDGES)
        chosen = [seen[round(k * (len(seen) - 1) / (count - 1))] for k in range(count)]
        lines = []
        for place, measured in chosen:
            most = max(measured.counts)
            at = measured.counts.index(most)
            ends = " to ".join(numbers.ends(edges[at], edges[at + 1]))
            when = one_line(self.value.labels[place], 20)
            told = f"{self.value.unit} {when}: most values, {numbers.count(most)}, from {ends}"
            lines.append(Ridge(when, [n / measured.finite for n in measured.counts], told))
        label = f"values of {one_line(one.name, 60)} at {count} {self.value.unit}s, one behind the other"
        caption = f"shares of the values, the last {self.value.unit} in front"
        return ridges(lines, edges[0], edges[-1], label, "value", caption)

    def _table(self) -> Node:
        made = self.value
        if len(made.histograms) == 1:
            rows = [
                [one_line(label, 24), *_row(m)]
                for label, m in zip(made.labels, made.histograms[0].moments, strict=True)
            ]
            lead = made.unit
        else:
            rows = [[name(one.name), *_row(one.moments[-1])] for one in made.histograms]
            when = f", {made.unit} {one_line(made.labels[-1], 24)}" if len(made.labels) > 1 else ""
            lead = f"tensor{when}"
        headings = (lead, "values", "mean", "std", "min", "max", "NaN or infinite")
        listing = table(
            headings, rows[:_ROWS], label="weights", numeric=range(1, 7), sparse=(6,), data_sort=True
        )
        more = len(rows) - _ROWS
        return [listing, element("p", f"{more} more", class_="q") if more > 0 else None]

    def png(self) -> bytes | None:
        drawn = self._drawn
        if not drawn:
            return None
        from lispe_kernel.display.drawing.labelled import heatmap_png  # noqa: PLC0415 - heavy: it draws with Pillow

        one = max(drawn, key=lambda one: max(m.values for _, m in one.seen))
        raster, across = _widened(raster_of(one, len(self.value.labels)), _times_axis(self.value, 8))
        assert one.bins is not None
        return heatmap_png(
            raster,
            0.0,
            1.0,
            one.name,
            scale=SEQUENTIAL,
            down=_values_axis(one.bins, 300),
            across=across,
        )


def _told_names(drawn: list[Histogram]) -> str:
    told = ", ".join(one_line(one.name, 40) for one in drawn[:6])
    return told + (f" and {len(drawn) - 6} more" if len(drawn) > 6 else "")


def _barred(one: Histogram, width: int, height: int) -> Drawing:
    """The one moment of a tensor as bars under its name; a pointer is told of each bar."""
    assert one.bins is not None
    counts, edges = one.seen[0][1].counts, one.bins.edges
    measured = one.seen[0][1]
    outer = (measured.minimum or 0.0, measured.maximum or 0.0)
    bars = charts.counted(counts, edges[0], edges[-1], width, height, outer)
    step = (width - 8) / len(counts)
    facts = tuple(
        {
            "x": 4 + (k + 0.5) * step,
            "y": height - 4.0,
            "told": f"{' to '.join(numbers.ends(edges[k], edges[k + 1]))}: {numbers.count(n)}",
        }
        for k, n in enumerate(counts)
        if n
    )
    name_ = svg.words(one_line(one.name, width // 7), 4, 11)
    return Drawing([name_, svg.moved(bars, 0, 14)], width, height + 14, facts)


def raster_of(one: Histogram, moments: int) -> Raster:
    """The picture: the highest values at the top, each moment measured by its fullest bin."""
    counts = _counts(one, moments)
    most = counts.max(axis=0)
    most[most == 0] = 1
    return Raster(counts / most, counts.shape[0], counts.shape[1], 1, 1)


def _widened(raster: Raster, across: Axis) -> tuple[Raster, Axis]:
    """Columns repeated, for a picture whose places are squares."""
    factor = max(1, round(1.4 * raster.rows / raster.columns))
    blocks = raster.blocks.repeat(factor, axis=1)
    ticks = tuple(((place + 0.5) * factor - 0.5, text) for place, text in across.ticks)
    return Raster(blocks, raster.rows, raster.columns * factor, 1, 1), Axis(across.name, ticks)


def _counts(one: Histogram, moments: int) -> Any:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    assert one.bins is not None
    found = np.zeros((one.bins.count, moments))
    for place, measured in one.seen:
        found[:, place] = measured.counts[::-1]
    return found


def _values_axis(bins: Bins, height: float) -> Axis:
    """Round values at their heights; under a pointer, the ends of each bin."""
    edges = bins.edges
    low, high = edges[0], edges[-1]
    found = numbers.axis_ticks(low, high, max(6, int(height // 22)))
    reach = high / 2 - low / 2
    places = [((high / 2 - tick / 2) / reach * bins.count - 0.5, text) for tick, text in found.places]
    told = [" to ".join(numbers.ends(a, b)) for a, b in pairwise(edges)]
    return Axis("", tuple(places[::-1]), told=tuple(told[::-1]))


def _times_axis(made: WeightHistograms, letters: int) -> Axis:
    labels = tuple(one_line(text, letters) for text in made.labels)
    return replace(Axis.labelled(made.unit, labels), told=labels)


def _last(one: Histogram) -> Measured | None:
    return next((m for m in reversed(one.moments) if m is not None), None)


def _row(measured: Measured | None) -> list[Node]:
    if measured is None:
        return ["not there", "", "", "", "", ""]
    if measured.unread:
        return [measured.unread, "", "", "", "", ""]
    ends = (measured.minimum, measured.maximum)
    largest = max(abs(end or 0.0) for end in ends)
    mean = "" if measured.mean is None else numbers.stable(measured.mean, largest)
    known = ["" if n is None else numbers.value(n) for n in (measured.deviation, *ends)]
    strange = measured.nans + measured.infinities
    return [
        numbers.count(measured.values),
        mean,
        *known,
        element("strong", numbers.count(strange)) if strange else "",
    ]


def _line(one: Histogram) -> str:
    """`fc.weight: std 0.21 -> 0.4, -0.5 .. 0.5 -> -1.2 .. 1.3`."""
    if not one.seen:
        last = _last(one)
        return f"{one_line(one.name, 80)}: {last.unread if last and last.unread else 'no finite values'}"
    ends = [one.seen[0][1], one.seen[-1][1]] if len(one.seen) > 1 else [one.seen[0][1]]
    spreads = " -> ".join(numbers.value(m.deviation or 0.0) for m in ends)
    ranges = " -> ".join(" .. ".join(numbers.ends(m.minimum or 0.0, m.maximum or 0.0)) for m in ends)
    return f"{one_line(one.name, 80)}: std {spreads}, from {ranges}"
