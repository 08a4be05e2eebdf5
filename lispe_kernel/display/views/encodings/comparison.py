"""`(compare a b c)` of encodings of positions: tables, likeness, its decay with distance, wavelengths.

All of them are shown over the same positions, on the same scales.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lispe_kernel.display.drawing import charts, heatmaps, pictures
from lispe_kernel.display.drawing.frames import LINEAR, Series
from lispe_kernel.display.drawing.heatmaps import Shades
from lispe_kernel.display.drawing.pictures import Axis
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, headline, table
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.encodings.measures import FACTS, Encoding, encoding_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, register_kind, to_text

_LIKE = Shades(-1.0, 1.0)
_TABLE = 256
_APART = 2e-3  # what two curves must differ by to be seen as two
_PLACES = ("first", "second", "third")
_MOST = 8


@dataclass(frozen=True)
class EncodingComparison:
    """Encodings with different names, and how many positions all of them have."""

    encodings: tuple[Encoding, ...]
    length: int

    @property
    def text(self) -> str:
        names = ", ".join(found.name for found in self.encodings)
        many = f"{len(self.encodings)} encodings" if len(self.encodings) > 1 else "1 encoding"
        return f"{many} over {self.length} positions: {names}"


register_kind(EncodingComparison, "comparison_", lambda value, _: plain_text(value.text))


def compare_encodings(values: Sequence[Any], name: str = "compare") -> EncodingComparison:
    """The comparison of up to eight encodings, for the function of this name. Errors: a value that is none"""
    found = []
    for place, value in enumerate(values):
        made = encoding_of(value)
        if made is None:
            which = f"the {_PLACES[place]} argument" if place < len(_PLACES) else f"argument {place + 1}"
            raise LispeError(
                f"Error: {name}: {which} must be an encoding of positions (sinusoidal, rotary, ALiBi) or a "
                f"table of rows, like the others, not {describe(value)}"
            )
        found.append(made)
    if len(found) > _MOST:
        raise LispeError(f"Error: {name}: {len(found)} encodings are too many for one page; at most {_MOST}")
    length = min(made.length for made in found)
    if length < 2:
        raise LispeError(f"Error: {name}: an encoding of one position has nothing to compare")
    return EncodingComparison(tuple(_named_apart(found)), length)


def _named_apart(found: list[Encoding]) -> list[Encoding]:
    """Encodings whose names agree get their number."""
    names = [made.name for made in found]
    return [
        replace(made, name=f"{made.name} ({k + 1})") if names.count(made.name) > 1 else made
        for k, made in enumerate(found)
    ]


@renderer(EncodingComparison)
class EncodingComparisonView(View):
    """Encodings on shared scales."""

    value: EncodingComparison

    def text(self) -> str:
        made = self.value
        lines = [plain_text(made.text)]
        for found in made.encodings:
            told = dict(zip(FACTS, found.row(made.length), strict=True))
            waves = f", waves {told['waves']}" if told["waves"] else ""
            lines.append(
                f"{told['encoding']}: alike {told['alike at 1']} at distance 1, {told['at 8']} at 8{waves}"
            )
        return "\n".join(lines)

    def line(self) -> str:
        return plain_text(self.value.text)

    def html(self) -> Node:
        made = self.value
        rows = [found.row(made.length) for found in made.encodings]
        return [
            headline(made.text),
            table(FACTS, rows, label="encodings", numeric=range(1, len(FACTS)), sparse=(4, 5, 7)),
            element("div", decay_figure(made.encodings, made.length), waves_figure(made.encodings)),
            likeness_figure(made.encodings, made.length),
            tables_figure(made.encodings, made.length),
        ]


def decay_figure(encodings: Sequence[Encoding], length: int) -> Element:
    """How alike two positions are over their distance."""
    places = [float(k) for k in range(length)]
    curves = [Series(name, places, ys) for found in encodings for name, ys in found.likeness(length)]
    label = f"how alike two positions are over their distance, 0 to {length - 1}"
    caption = "; ".join([*_alike("mean cosine of two positions", encodings), *_hidden(curves)])
    figure = charts.line_chart(
        curves, label, x_name="distance", y_name="alike", width=440, height=230, scales=LINEAR
    )
    return _under(figure, caption)


def _alike(cosine: str, encodings: Sequence[Encoding]) -> list[str]:
    """What is meant by alike, for the kinds of encodings there are."""
    told = [cosine] if any(found.positions for found in encodings) else []
    return [
        *told,
        *(["of ALiBi, what is left of an attention weight"] if any(f.slopes for f in encodings) else []),
    ]


def _hidden(curves: Sequence[Series]) -> list[str]:
    """The curves that lie under others, named."""
    found = []
    for k, upper in enumerate(curves):
        for lower in curves[:k]:
            if all(abs(a - b) < _APART for a, b in zip(upper.ys, lower.ys, strict=True)):
                found.append(f"{upper.name} lies on {lower.name}")
                break
    return found


def waves_figure(encodings: Sequence[Encoding]) -> Node:
    """The wavelengths of all that have some."""
    curves = [curve for found in encodings if (curve := found.waves()) is not None]
    if not curves:
        return None
    label = "wavelength of each pair, of a learned table of each dimension"
    without = [found.name for found in encodings if found.positions is None]
    caption = f"{', '.join(without)}: no waves" if without else None
    figure = charts.line_chart(
        curves, label, x_name="pair, or dimension", y_name="wavelength", width=400, height=230
    )
    return _under(figure, caption)


def _under(figure: Element, caption: str | None) -> Element:
    below = element("p", caption, class_="q") if caption else None
    return element("div", figure, below, style="display:inline-block;vertical-align:top")


def likeness_figure(encodings: Sequence[Encoding], length: int) -> Element:
    """Every position with every other, an encoding beside the other."""
    maps = [found.map(length) for found in encodings]
    rasters = [raster for _, raster in maps]
    has_cosines = any(found.positions for found in encodings)
    axis = Axis.counted("position", length)
    return heatmaps.multiples(
        rasters,
        [name for name, _ in maps],
        _LIKE if has_cosines else heatmaps.shades_of(rasters, from_zero=True),
        f"how alike each of {length} positions is to each other one",
        down=axis,
        across=axis,
        caption="; ".join(_alike("cosine similarity of two positions", encodings)),
        widest=256,
    )


def tables_figure(encodings: Sequence[Encoding], length: int) -> Node:
    """The tables of all that have one, on one scale."""
    shown = [found for found in encodings if found.positions is not None]
    rasters = [
        pictures.reduce_matrix(found.positions.table[:length], _TABLE)
        for found in shown
        if found.positions is not None
    ]
    if not rasters:
        return None
    lowest, highest = pictures.range_of(rasters)
    shades = _LIKE if lowest >= -1.0001 and highest <= 1.0001 else heatmaps.shades_of(rasters)
    names = [f"{found.name}{': cosines, sines' if found.kind == 'rotary' else ''}" for found in shown]
    widths = ", ".join(numbers.shape((length, found.positions.width)) for found in shown if found.positions)
    return heatmaps.multiples(
        rasters,
        names,
        shades,
        f"tables of the encodings, {widths}",
        down=Axis.counted("position", length),
        widest=256,
    )


@renderer("lispe_kernel.torch_library.modules.alibi.Alibi")
class AlibiView(View):
    """The slopes of ALiBi, and what they leave of attention."""

    def text(self) -> str:
        found = encoding_of(self.value)
        steep, flat = (
            (numbers.value(end) for end in (max(found.slopes), min(found.slopes))) if found else ("", "")
        )
        return f"{self.line()}\nslopes from {steep} to {flat}"

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def html(self) -> Node:
        found = encoding_of(self.value)
        if found is None:
            return None
        length = min(found.length, 256)
        slopes = Series("slope", [float(k) for k in range(len(found.slopes))], list(found.slopes))
        return [
            headline(self.line()),
            element(
                "div",
                decay_figure([found], length),
                charts.line_chart(
                    [slopes],
                    "slope of each head",
                    x_name="head",
                    y_name="slope",
                    width=380,
                    height=230,
                    marks=True,
                ),
            ),
            likeness_figure([found], length),
        ]
