"""Curves, histograms and bars as pictures that stand alone: axes, ticks and legend are part of them.

Where things lie in a chart of curves says `frames`. Long series are reduced by keeping the lowest and the
highest value of each stretch: a spike is never lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from lispe_kernel.display.drawing import svg
from lispe_kernel.display.drawing.frames import BOTTOM, RIGHT, Frame, Scales, Series, frame_of, placed
from lispe_kernel.display.drawing.svg import Drawing
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, one_line, shortened

# Distinct for colour-blind readers, and dark or light enough on white and on black.
INK = ("#2f7fd1", "#d9822b", "#1a9e77", "#c0508f", "#7d6bd0", "#8c7a2e", "#d0453b", "#5b8a9a")
_DASHES = (None, "6 3", "2 3", "8 3 2 3")
_GAPS = "5 5"
_LOOKED_AT = 64  # points of two curves that are compared
_MOST_CROSSES = 4  # that a legend tells
_MOST_POINTS = 400
_KEPT = 128  # points kept in the page, for a pointer to read

_Look = dict[str, str | None]
Outer = tuple[float, float] | None


def line_chart(
    series: Sequence[Series],
    label: str,
    *,
    x_name: str = "",
    y_name: str = "",
    width: int = 460,
    height: int = 190,
    marks: bool = False,
    crosses: Sequence[tuple[float, str]] = (),
    scales: Scales | None = None,
    chosen: float | None = None,
) -> Element:
    """Curves over shared axes, with a legend when there are several.

    marks: a dot at every point; crosses: places on the x axis marked as bad, each with its words. chosen: the
    place that a line marks. A series that was smoothed has its own values behind it, faint.
    """
    marked = [x for x, _ in crosses if math.isfinite(x)]
    frame = frame_of(series, width, height, marked, named=bool(y_name), scales=scales)
    looks = [_stroke(k, covers) for k, covers in enumerate(_covering(series, frame))]
    parts = [
        axes(frame, x_name, y_name),
        [_behind(s, look, frame) for s, look in zip(series, looks, strict=True)],
        [_curve(s, look, frame, marks) for s, look in zip(series, looks, strict=True)],
        [_cross(x, frame) for x, _ in crosses],
        _chosen(chosen, frame),
    ]
    named = series if len(series) > 1 else ()
    signs = [(s.name, _sign(look)) for s, look in zip(named, looks, strict=False)]
    told = list(dict.fromkeys(w for _, w in crosses))
    more = [f"and {len(told) - _MOST_CROSSES} more"] if len(told) > _MOST_CROSSES else []
    told = [*told[:_MOST_CROSSES], *more]
    signs += [(words, element("text", "✕", x="2", y="4", style=f"fill:{svg.LOUD}")) for words in told]
    key = svg.legend(signs, width, frame.left)
    drawing = Drawing([*parts, svg.moved(key, 0, height)], width, height + key.height)
    whole = f"{label} ({'; '.join(told)})" if told else label
    return svg.figure(drawing, whole, data_scale=_facts(series, frame))


def first_bad(name: str, step: float) -> str:
    """What a cross on a curve says."""
    return f"{one_line(name, 24)}: NaN or infinite first at step {numbers.value(step)}"


def _covering(series: Sequence[Series], frame: Frame) -> list[bool]:
    """Of each curve whether it lies on an earlier one over half of its way or more: seen at some points."""
    found: list[bool] = []
    for k, one in enumerate(series):
        step = len(one.ys) // _LOOKED_AT | 1
        found.append(any(_lie_on(one, other, frame, step) for other in series[max(0, k - len(INK)) : k]))
    return found


def _lie_on(one: Series, other: Series, frame: Frame, step: int) -> bool:
    places = [
        (frame.across(x), frame.down(y), frame.across(u), frame.down(v))
        for x, y, u, v in zip(
            one.xs[::step], one.ys[::step], other.xs[::step], other.ys[::step], strict=False
        )
        if frame.holds(x, y) and frame.holds(u, v)
    ]
    near = sum(abs(x - u) < 1 and abs(y - v) < 1 for x, y, u, v in places)
    return len(places) > 1 and 2 * near >= len(places)


def _facts(series: Sequence[Series], frame: Frame) -> str | None:
    """What a pointer over short curves is told: every point where it lies, with its values."""
    if sum(len(s.ys) for s in series) > _KEPT:
        return None
    told = [
        places
        for one in series
        for places in svg.places(
            (
                (frame.across(x), frame.down(y), f"{exact(x)}, {exact(y)}{told}")
                for x, y, told in _points(one)
                if frame.holds(x, y)
            ),
            f"{shortened(one.name, 40)}: ",
        )
    ]
    return svg.for_script({"points": told})


def _points(one: Series) -> Iterator[tuple[float, float, str]]:
    """The points of a curve with what is told behind their values: what smoothing made them of."""
    raw = [f" (smoothed from {exact(y)})" for y in one.raw or ()]
    return zip(one.xs, one.ys, raw or [""] * len(one.ys), strict=False)


def exact(number: float) -> str:
    """A value for a pointer to read."""
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else f"{number:.7g}"


def _sign(look: _Look) -> Element:
    return element("path", d="M0,0h14", **look, stroke_width="3")


def _stroke(index: int, covers: bool) -> _Look:
    """The line of a curve; of one that covers another with gaps, for that one to be seen."""
    dashes = _DASHES[index // len(INK) % len(_DASHES)]
    return {
        "stroke": INK[index % len(INK)],
        "stroke_dasharray": dashes or _GAPS if covers else dashes,
        "fill": "none",
    }


def _chosen(place: float | None, frame: Frame) -> Element | None:
    if place is None or not frame.x[0] <= place <= frame.x[1]:
        return None
    path = f"M{svg.number(frame.across(place))},{svg.number(frame.top)}V{frame.height - BOTTOM}"
    return element("path", d=path, stroke=svg.INK, stroke_width="1.5", stroke_dasharray="4 3", fill="none")


def _cross(x: float, frame: Frame) -> Element:
    at = min(max(frame.across(x), frame.left), frame.width - RIGHT)
    return element(
        "text",
        "✕",
        x=svg.number(at),
        y=svg.number(frame.height - BOTTOM + 1),
        text_anchor="middle",
        style=f"fill:{svg.LOUD};font-size:14px",
    )


def axes(frame: Frame, x_name: str, y_name: str) -> list[Node]:
    """The lines, ticks and names of a frame."""
    bottom = frame.height - BOTTOM
    heights = [(frame.down(tick), text) for tick, text in frame.heights.places]
    places = [(frame.across(tick), text) for tick, text in frame.places.places]
    lines = [f"M{svg.number(frame.left)},{svg.number(y)}H{frame.width - RIGHT}" for y, _ in heights]
    lines += [f"M{svg.number(x)},{bottom}v4" for x, _ in places]
    parts: list[Node] = [
        svg.line("".join(lines)),
        svg.anchored("end", [svg.words(text, frame.left - 5, y + 4) for y, text in heights]),
        svg.anchored("middle", [svg.words(text, _inside(x, text, frame), bottom + 15) for x, text in places]),
    ]
    if frame.heights.above:
        parts.append(svg.words(frame.heights.above, frame.left, 11))
    shown = " ".join(filter(None, (x_name, frame.places.above)))
    if shown:
        parts.append(svg.words(shown, (frame.width + frame.left) / 2, frame.height - 4, "middle"))
    if y_name:
        middle = (bottom + frame.top) / 2
        parts.append(svg.words(shortened(y_name, int(bottom / 6)), 12, middle, "middle", upright=True))
    return parts


def _inside(x: float, text: str, frame: Frame) -> float:
    """Where the middle of a tick's text is, for its end to be in the picture."""
    return min(x, frame.width - svg.width_of(text) / 2)


def _behind(series: Series, look: _Look, frame: Frame) -> Element | None:
    """What a smoothed curve was made of, faint."""
    stretches = list(_stretches(reduced(series.xs, series.raw or ()), frame))
    if not stretches:
        return None
    path = "".join(_path(stretch, frame) for stretch in stretches)
    return element("path", d=path, **look, stroke_width="1", opacity=".35")


def _path(stretch: Sequence[tuple[float, float]], frame: Frame) -> str:
    return svg.polyline([(frame.across(x), frame.down(y)) for x, y in stretch])


def _curve(series: Series, look: _Look, frame: Frame, marks: bool) -> list[Element]:
    points = reduced(series.xs, series.ys)
    path, dots = [], []
    for stretch in _stretches(points, frame):
        path.append(_path(stretch, frame))
        # A value alone between gaps has no line.
        dots += [f"{_path([point], frame)}h0" for point in stretch] if marks or len(stretch) == 1 else []
    if not path:
        return []
    drawn = element("path", d="".join(path), **look, stroke_width="1.6")
    dot = {"stroke": look["stroke"], "stroke_width": "5.2", "stroke_linecap": "round"}
    return [drawn, element("path", d="".join(dots), **dot)] if dots else [drawn]


def _stretches(points: Sequence[tuple[float, float]], frame: Frame) -> Iterator[list[tuple[float, float]]]:
    """The points between values that have no place: that are not finite, or have no logarithm."""
    stretch: list[tuple[float, float]] = []
    for x, y in points:
        if frame.holds(x, y):
            stretch.append((x, y))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def reduced(xs: Sequence[float], ys: Sequence[float], most: int = _MOST_POINTS) -> list[tuple[float, float]]:
    """The points of a curve, or the lowest and highest of each stretch when there are more than `most`."""
    points = list(zip(xs, ys, strict=False))
    if len(points) <= most:
        return points
    kept: list[tuple[float, float]] = []
    stretches = most // 2
    for k in range(stretches):
        part = points[k * len(points) // stretches : (k + 1) * len(points) // stretches]
        finite = [p for p in part if math.isfinite(p[1])]
        if len(finite) < len(part):
            kept.append((part[0][0], math.nan))
        if finite:
            ends = {min(finite, key=lambda p: p[1]), max(finite, key=lambda p: p[1])}
            kept += sorted(ends)
    return kept


def histogram(
    counts: Sequence[int],
    low: float,
    high: float,
    label: str,
    *,
    name: str = "",
    outer: Outer = None,
    width: int = 300,
    height: int = 96,
) -> Element:
    """Bars of counts over `low .. high`, with a line at zero when it lies inside.

    name: of what is counted, for paper; what the label says of it when there is none. outer: the smallest and
    the largest value; those beyond the ends are counted in the bars at the ends, and said to be.
    """
    note = LOGARITHMIC if needs_logarithms(counts) else None
    bars = counted(counts, low, high, width, height, outer)
    if shown := svg.name_on_paper(name or label.removeprefix("histogram of ")):
        most = f"count, up to {numbers.count(max(counts, default=0))}"
        parts = [
            svg.moved(bars, 16, 0),
            svg.words(most, 12, (height - 18) / 2, "middle", upright=True),
            svg.words(shown, 16 + width / 2, height + 10, "middle"),
        ]
        bars = Drawing(parts, width + 16, height + 14)
    return svg.figure(bars, label, note)


LOGARITHMIC = "counts on a logarithmic scale"


def needs_logarithms(counts: Sequence[int]) -> bool:
    """Whether one dominating bin (zeros, padding) would hide all others: then heights are logarithms."""
    others = sorted(c for c in counts if c)
    return len(others) > 1 and others[-1] > 50 * others[-2]


def beyond(low: float, high: float, outer: Outer) -> tuple[str, str]:
    """What stands before the ends of a range that values lie beyond."""
    least, most = outer or (low, high)
    slack = 1e-5 * (high / 2 - low / 2)
    return "≤ " if least < low - slack else "", "≥ " if most > high + slack else ""


def counted(
    counts: Sequence[int], low: float, high: float, width: int, height: int, outer: Outer = None
) -> Drawing:
    """The bars of a histogram with the ends of its range under them, of one value alone that value."""
    most = max(counts, default=0)
    logarithmic = needs_logarithms(counts)
    bottom = height - 18
    step = (width - 8) / max(1, len(counts))
    path = []
    for k, c in enumerate(counts):
        share = (math.log1p(c) / math.log1p(most) if logarithmic else c / most) if most else 0.0
        if c:
            path.append(
                f"M{svg.number(4 + (k + 0.44) * step)},{bottom}v-{max(0.6, share * (bottom - 4)):.1f}"
            )
    bars = element("path", d="".join(path), stroke=INK[0], stroke_width=svg.number(step * 0.88))
    parts: list[Node] = [bars, svg.line(f"M4,{bottom}H{width - 4}")]
    ends = ends_of(counts, low, high)
    signs = beyond(*ends, outer)
    texts = signs[0] + numbers.ends(*ends)[0], signs[1] + numbers.ends(*ends)[1]
    if outer and outer[0] == outer[1]:
        middle = 4 + (width - 8) * placed(outer[0], (low, high))
        parts.append(svg.words(numbers.value(outer[0]), middle, height - 4, "middle"))
    elif ends == (low, high):
        parts += _ends_under(texts, low, high, width, height)
    else:
        # A whole number stands under the middle of its bar.
        wide = [svg.width_of(text) / 2 for text in texts]
        first, last = max(4 + 0.44 * step, wide[0] + 2), min(width - 4 - 0.56 * step, width - wide[1] - 2)
        parts += [
            svg.words(text, x, height - 4, "middle") for text, x in zip(texts, (first, last), strict=True)
        ]
        zero = 4 + (0.44 - ends[0]) * step
        if first + wide[0] + 14 < zero < last - wide[1] - 14:
            parts.append(svg.words("0", zero, height - 4, "middle"))
    return Drawing(parts, width, height)


def _ends_under(
    texts: tuple[str, str], low: float, high: float, width: int, height: int
) -> Iterator[Element]:
    """The ends of a range under the ends of its bars, with a line at zero between them."""
    if low < 0 < high:
        zero = 4 + (width - 8) * placed(0.0, (low, high))
        path = f"M{svg.number(zero)},4V{height - 18}"
        yield element("path", d=path, stroke=svg.INK, stroke_dasharray="2,2")
        if svg.width_of(texts[0]) + 14 < zero < width - svg.width_of(texts[1]) - 14:
            yield svg.words("0", zero, height - 4, "middle")
    yield svg.words(texts[0], 4, height - 4)
    yield svg.words(texts[1], width - 4, height - 4, "end")


def ends_of(counts: Sequence[int], low: float, high: float) -> tuple[float, float]:
    """What the ends of a histogram say: of a bin for each whole number the first and the last number."""
    is_whole = high - low == len(counts) and low % 1 == 0.5
    return (low + 0.5, high - 0.5) if is_whole else (low, high)


# A blank that neither ends a line nor is lost beside another one, as HTML's blanks are.
_BLOCKS = "\u00a0▁▂▃▄▅▆▇█"


_SPARK = 12  # letters


def spark(counts: Sequence[int], length: int = _SPARK) -> str:
    """A histogram of `length` characters, for a table cell: `▁▂▅█▅▂▁`."""
    if not counts:
        return ""
    if len(counts) > length:
        bounds = [k * len(counts) // length for k in range(length + 1)]
        counts = [sum(counts[a:b]) for a, b in pairwise(bounds)]
    most = max(counts) or 1
    return "".join(_BLOCKS[0 if c == 0 else max(1, math.ceil(8 * c / most))] for c in counts)


def spark_cell(known: Any) -> Element:
    """A cell of a table with the histogram of what is known of a tensor, which tells its ends."""
    drawn = spark(known.histogram)
    if not drawn:
        return element("td")
    if len(known.histogram) < 3:
        # One value or two: in the middle of the others' width, for none to seem at an end of a range.
        drawn = drawn.center(_SPARK, _BLOCKS[0])
    ends = f"{numbers.value(known.minimum or 0.0, 3)} to {numbers.value(known.maximum or 0.0, 3)}"
    return element("td", drawn, title=ends)


def bar(share: float, width: int) -> Element:
    """A bar of a share of the width, at least a pixel: part of a table's cell, also without a style."""
    length = max(1, round(width * min(1.0, max(0.0, share))))
    block = element("path", d=f"M0,1h{length}v10h-{length}z", fill=INK[0])
    return svg.picture(Drawing(block, width, 12), "<1%" if 0 < share < 0.005 else f"{share:.0%}")


def bars(rows: Sequence[tuple[str, float, str]], label: str, width: int = 260) -> Element:
    """A table of named bars: each row is a name, a length and the text that says it."""
    most = max((length for _, length, _ in rows), default=0) or 1
    lines = [
        element(
            "tr",
            element("td", element("bdi", shortened(name))),
            element("td", bar(length / most, width)),
            element("td", text, class_="n"),
        )
        for name, length, text in rows
    ]
    return element("table", element("tbody", lines), aria_label=label)
