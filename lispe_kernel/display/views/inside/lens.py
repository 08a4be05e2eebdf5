"""The logit lens: a line a layer, a column a place, in each cell the likeliest token on its probability.

The last layer stands at the top, as the answer that the others come to. A wide run is drawn in stretches of
places, one under the other, so that tokens stay readable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from lispe_kernel.display.drawing import colours, heatmaps, png, svg
from lispe_kernel.display.drawing.colours import SEQUENTIAL
from lispe_kernel.display.drawing.heatmaps import Shades
from lispe_kernel.display.drawing.svg import Drawing
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import BLANK, Element, Node, element, headline, one_line, table
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.language.printer import to_text

_WIDE, _HIGH = 62, 18  # of a cell
_ACROSS = 9  # places in a stretch
_MOST_CELLS = 1800
_TOLD_CELLS = 500  # cells that a pointer is told of
_LINES, _COLUMNS = 40, 8  # of text/plain
_CELL = 8  # letters of a token in a cell
_CERTAIN = Shades(0.0, 1.0, SEQUENTIAL)


@renderer("lispe_kernel.torch_library.inside.lens.LogitLens")
class LensView(View):
    """What each layer of a run would answer."""

    def text(self) -> str:
        """The likeliest token of each layer at the last places."""
        first = max(0, self.value.places - _COLUMNS)
        layers = list(reversed(self.value.layers))
        lines = [self.line()]
        if self.value.given is not None:
            lines.append("given: " + " | ".join(_shown(t, 24) for t in self.value.given[first:]))
        for layer in layers[:_LINES]:
            answers = " | ".join(
                self._likeliest(layer, place, 24) for place in range(first, self.value.places)
            )
            lines.append(f"{layer.name}: {answers}")
        if len(layers) > _LINES:
            lines.append(f"... and {len(layers) - _LINES} more layers")
        return plain_text("\n".join(lines))

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def html(self) -> Node:
        shown = min(self.value.places, max(1, _MOST_CELLS // len(self.value.layers)))
        stretches = [self._stretch(k, min(k + _ACROSS, shown)) for k in range(0, shown, _ACROSS)]
        more = self.value.places - shown
        return [
            headline(self.line()),
            element("p", "in each cell the likeliest token, on the colour of its probability", class_="q"),
            element("div", stretches),
            self._scale(),
            element("p", f"{numbers.count(more)} more places; (@ lens 0) gives numbers", class_="q")
            if more
            else None,
            self._numbers(),
        ]

    def _likeliest(self, layer: Any, place: int, most: int) -> str:
        if math.isnan(float(layer.probabilities[place, 0])):
            return "NaN"
        return _shown(self.value.text(int(layer.ids[place, 0])), most)

    def _stretch(self, first: int, last: int) -> Element:
        import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

        layers = list(reversed(self.value.layers))
        likeliest = np.array([layer.probabilities[first:last, 0].tolist() for layer in layers])
        shades = colours.indices(likeliest, 0.0, 1.0)
        width, height = (last - first) * _WIDE, len(layers) * _HIGH
        left = 10 + max(svg.width_of(_short(layer.name)) for layer in layers)
        parts: list[Node] = [
            svg.pixels(
                png.encode(shades, colours.palette(SEQUENTIAL)),
                x=svg.number(left),
                y=4,
                width=width,
                height=height,
                preserveAspectRatio="none",
            )
        ]
        parts += [
            svg.words(_short(layer.name), left - 5, 4 + k * _HIGH + 13, "end")
            for k, layer in enumerate(layers)
        ]
        parts += self._words(layers, likeliest, first, left)
        parts += self._below(first, last, left, 4 + height)
        label = f"what each layer would answer at places {first} to {last - 1}"
        drawing = Drawing(parts, left + width + 2, 4 + height + 34)
        return svg.figure(drawing, label, data_scale=self._told(layers, first, last, left))

    def _words(self, layers: list[Any], likeliest: Any, first: int, left: float) -> Iterator[Element]:
        """The token of every cell, in the ink that is read on its colour."""
        for k, layer in enumerate(layers):
            for column, share in enumerate(likeliest[k]):
                colour = colours.NOT_A_NUMBER if math.isnan(share) else SEQUENTIAL.colour(share)
                yield element(
                    "text",
                    _fitting(self._likeliest(layer, first + column, _CELL)),
                    x=svg.number(left + (column + 0.5) * _WIDE),
                    y=4 + k * _HIGH + 13,
                    text_anchor="middle",
                    style=f"fill:{colours.text_on(colour)}",
                )

    def _below(self, first: int, last: int, left: float, top: float) -> list[Node]:
        """The tokens that the model was given, or the numbers of the places."""
        given = self.value.given
        texts = [str(k) if given is None else _fitting(_shown(given[k], _CELL)) for k in range(first, last)]
        parts: list[Node] = [
            svg.words(text, left + (k + 0.5) * _WIDE, top + 14, "middle") for k, text in enumerate(texts)
        ]
        name = "place" if given is None else f"given, places {first} to {last - 1}"
        return [*parts, svg.words(name, left + (last - first) * _WIDE / 2, top + 29, "middle")]

    def _told(self, layers: list[Any], first: int, last: int, left: float) -> str | None:
        """What a pointer over a cell is told: the likeliest tokens and how sure the layer is."""
        if len(layers) * self.value.places > _TOLD_CELLS:
            return None
        told = [
            [
                round(left + (place - first + 0.5) * _WIDE),
                4 + k * _HIGH + _HIGH // 2,
                self._cell(layer, place),
            ]
            for k, layer in enumerate(layers)
            for place in range(first, last)
        ]
        facts = {"points": svg.places(told), "across": last - first}
        return svg.for_script(facts)

    def _cell(self, layer: Any, place: int) -> str:
        pairs = zip(layer.ids[place].tolist(), layer.probabilities[place].tolist(), strict=True)
        likely = ", ".join(f"{_shown(self.value.text(n), 16)} {numbers.value(p, 3)}" for n, p in pairs)
        where = f"{layer.name}, place {place}"
        bits = numbers.value(float(layer.entropy[place]), 3)
        away = numbers.value(float(layer.distance[place]), 3)
        return f"{where}: {likely}; entropy {bits} bits, {away} bits from the answer"

    def _scale(self) -> Element:
        bar = heatmaps.colour_bar(_CERTAIN, [], 190)
        moved = svg.moved(bar, 4, 4)
        return svg.figure(Drawing(moved, bar.width + 8, bar.height + 4), "colours: probability from 0 to 1")

    def _numbers(self) -> Element:
        places = self.value.places
        rows = [
            [
                plain_text(layer.name),
                numbers.share(self.value.agreement(layer), places),
                numbers.value(float(layer.entropy.mean()), 3),
                numbers.value(float(layer.distance.mean()), 3),
            ]
            for layer in reversed(self.value.layers)
        ]
        headings = ("layer", "likeliest token is the answer's", "entropy in bits", "bits from the answer")
        return table(headings, rows, label="layers", numeric=(1, 2, 3), data_sort=True)


def _shown(token: str, most: int) -> str:
    """A token for a cell: harmless, its blanks seen."""
    # Between letters a blank reads as such; at an end it is part of the token.
    seen = re.sub(r"^ +| +$", lambda blanks: BLANK * len(blanks[0]), token.replace("\n", "⏎"))
    return one_line(seen, most) or BLANK


def _fitting(text: str) -> str:
    """As much of a text as a cell holds; wide letters take two places."""
    while svg.width_of(text) > _WIDE - 4 and len(text) > 1:
        text = text[:-2] + "…" if len(text) > 2 else text[:1]
    return text


def _short(name: str) -> str:
    return "before" if name.startswith("before") else one_line(name, 12)
