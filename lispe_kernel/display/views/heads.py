"""Attention of all layers and heads: a grid of small pictures, one head large, the numbers of each.

Without a script the grid and one head are there to be seen; with it a click on the grid, or the arrow keys,
bring another head to the large place. The large picture of another head is as fine as the grid's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from typing import Any

from lispe_kernel.display.drawing import colours, heatmaps, pictures, png, svg
from lispe_kernel.display.drawing.colours import SEQUENTIAL
from lispe_kernel.display.drawing.heatmaps import Shades
from lispe_kernel.display.drawing.pictures import Axis, Raster
from lispe_kernel.display.drawing.svg import Drawing
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import BLANK, Element, Node, element, foldable, headline, one_line, table
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.language.printer import to_text

_PIXELS = 600_000  # of all small pictures together: what keeps the page below 600 KB
_FINEST = 96
_GAP = 4
_TOP = 18
_MOST_HEADS = 1024
_WIDEST = 400


@renderer("lispe_kernel.torch_library.inside.attention.Attention")
class AttentionView(View):
    """The attention of a run."""

    @cached_property
    def heads(self) -> list[tuple[int, int]]:
        """Layer and head of every picture, in order."""
        found = [(k, h) for k, w in enumerate(self.value.weights) for h in range(len(w))]
        return found[:_MOST_HEADS]

    @cached_property
    def measured(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Entropy and mean distance of every head."""
        found = {}
        for layer in {layer for layer, _ in self.heads}:
            pairs = zip(self.value.entropies(layer), self.value.distances(layer), strict=True)
            found.update({(layer, head): pair for head, pair in enumerate(pairs)})
        return found

    def text(self) -> str:
        return plain_text(to_text(self.value))

    def html(self) -> Node:
        layer, head = self.heads[0]
        rasters = self._rasters()
        shades = heatmaps.shades_of(list(rasters.values()), from_zero=True)
        caption = f"{one_line(self.value.names[layer], 20)}, head {head}: {self._told(layer, head)}"
        large, whole = self._large(layer, head, shades)
        return [
            headline(self.text()),
            self._grid(rasters, shades, self._fit(large, rasters[layer, head])),
            self._figure(caption, large, whole, shades),
            self._numbers(),
            element("p", "attention shows where a head looks, not what it does there", class_="q"),
        ]

    @cached_property
    def side(self) -> int:
        """The pixels of a small picture's side."""
        longest = max(int(n) for w in self.value.weights for n in w.shape[-2:])
        room = min(_FINEST, int(math.sqrt(_PIXELS / len(self.heads))))
        return math.ceil(longest / math.ceil(longest / max(4, room)))

    @cached_property
    def zoom(self) -> int:
        """The pixels of a place in a small picture: few places are drawn larger."""
        return max(1, min(6, 48 // self.side))

    @cached_property
    def step(self) -> int:
        """The places from one small picture to the next."""
        return self.side + max(1, _GAP // self.zoom)

    def _rasters(self) -> dict[tuple[int, int], Raster]:
        return {
            place: pictures.reduce_matrix(self.value.weights[place[0]][place[1]], self.side)
            for place in self.heads
        }

    def _fit(self, large: Drawing, small: Raster) -> float:
        """How many times as large a place is in the large picture."""
        places: int = small.blocks.shape[1]
        return float(round(large.facts[0]["w"] / places / self.zoom, 4))

    def _grid(self, rasters: dict[tuple[int, int], Raster], shades: Shades, fit: float) -> Element:
        """All heads in one picture: a line a layer, a column a head."""
        import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

        lines, across = 1 + max(k for k, _ in self.heads), 1 + max(h for _, h in self.heads)
        zoom, step = self.zoom, self.step
        sheet = np.full((lines * step, across * step), colours.CLEAR, dtype=np.uint8)
        for (layer, head), raster in rasters.items():
            high, wide = raster.blocks.shape
            at = colours.indices(raster.blocks, shades.low, shades.high)
            # Every other shade: a quarter fewer bytes, and nobody sees it in a small picture.
            at = at // 2 * 2
            sheet[layer * step : layer * step + high, head * step : head * step + wide] = at
        names = [one_line(name, 20) for name in self.value.names[:lines]]
        left = 8 + max(map(svg.width_of, names))
        width, height = across * step * zoom, lines * step * zoom
        image = svg.pixels(
            png.encode(sheet, colours.palette(SEQUENTIAL) + bytes(3), colours.CLEAR),
            x=svg.number(left),
            y=_TOP,
            width=width,
            height=height,
        )
        middle = self.side * zoom / 2
        parts: list[Node] = [image]
        parts += [
            svg.words(name, left - 5, _TOP + k * step * zoom + middle + 4, "end")
            for k, name in enumerate(names)
        ]
        parts += [svg.words(str(h), left + h * step * zoom + middle, 13, "middle") for h in range(across)]
        told = svg.for_script({"maps": list(self._lines(names, left, step * zoom))})
        label = f"attention of {len(self.heads)} heads, a line a layer, a column a head"
        drawing = Drawing(parts, left + width, _TOP + height)
        # Half of the room of a small picture, as the script lays it over the large one.
        heads = f"{round(step * zoom / 2 * fit, 4)},{fit}"
        return svg.figure(
            drawing, label, "a line a layer, a column a head", data_scale=told, data_heads=heads
        )

    def _lines(self, names: list[str], left: float, step: float) -> Iterator[dict[str, Any]]:
        """The heads whose axes are the large picture's: others cannot take its place."""
        alike = [w.shape[1:] == self.value.weights[0].shape[1:] for w in self.value.weights[: len(names)]]
        first = 0
        for is_alike, run in groupby(alike):
            end = first + len(list(run))
            if is_alike:
                most = max(len(w) for w in self.value.weights[first:end])
                told = (
                    ",".join(self._told(layer, head) for head in range(most)) for layer in range(first, end)
                )
                yield {
                    "axes": [
                        [left, step, most, 1, 0, most - 1, "head "],
                        [_TOP + first * step, step, end - first, 1, first, end - 1, "", names[first:end]],
                    ],
                    "v": ";".join(told),
                }
            first = end

    def _told(self, layer: int, head: int) -> str:
        entropy, distance = self.measured.get((layer, head), (math.nan, math.nan))
        away = "" if math.isnan(distance) else f" · mean distance {numbers.value(distance, 3)}"
        return f"entropy {numbers.value(entropy, 3)} bits{away}"

    def _large(self, layer: int, head: int, shades: Shades) -> tuple[Drawing, Raster]:
        weights = self.value.weights[layer][head]
        queries, keys = weights.shape
        down, across = self._axis("query", queries), self._axis("key", keys)
        words = any(len(text) > 4 for _, text in across.ticks)
        raster = pictures.reduce_matrix(weights, _WIDEST)
        drawn = heatmaps.framed(raster, shades, down=down, across=across, widest=_WIDEST, rotate=words)
        return drawn, raster

    def _figure(self, caption: str, drawn: Drawing, raster: Raster, shades: Shades) -> Element:
        """The first head, and over it a sheet on which the script shows what is chosen in the grid."""
        (fact,) = drawn.facts
        place = zip(("left", "top", "width", "height"), "xywh", strict=True)
        look = "".join(f";{side}:{svg.number(fact[key])}px" for side, key in place)
        picture, below = heatmaps.gathered([drawn], [raster], shades, caption, caption).children
        return element(
            "figure", picture, element("i", hidden="hidden", style=f"position:absolute{look}"), below
        )

    def _axis(self, name: str, length: int) -> Axis:
        tokens = self.value.tokens
        if tokens is None or len(tokens) != length:
            return Axis.counted(name, length)
        return Axis.labelled(name, [one_line(token, 16) or BLANK for token in tokens], most=128)

    def _numbers(self) -> Element:
        rows = [
            [
                plain_text(self.value.names[layer]),
                str(head),
                numbers.value(entropy, 3),
                "" if math.isnan(distance) else numbers.value(distance, 3),
            ]
            for (layer, head), (entropy, distance) in self.measured.items()
        ]
        headings = ("layer", "head", "entropy in bits", "mean distance")
        shown = table(headings, rows, label="heads", numeric=(1, 2, 3), data_sort=True)
        return foldable("entropy and distance of each head", shown, open_=len(rows) <= 12)
