"""The explorer of a positional encoding: length, dimensions, and two positions with their distance."""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.drawing import charts, heatmaps, pictures
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.drawing.heatmaps import Shades
from lispe_kernel.display.drawing.pictures import Axis
from lispe_kernel.display.explorers.base import Explorer, slider, span, stretch
from lispe_kernel.display.explorers.encodings import encodings_explorer
from lispe_kernel.display.explorers.registry import explorer
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, element, facts, headline
from lispe_kernel.display.views.positional import Positions, positions_of, table_figure


@explorer(
    "lispe_kernel.torch_library.modules.positional.PositionalEncoding",
    "lispe_kernel.torch_library.modules.rotary.RotaryEmbedding",
    "torch.nn.modules.sparse.Embedding",
)
def positional_explorer(module: Any, other: Any) -> Explorer:
    """An explorer of a module's table of positions, or of two encodings beside each other."""
    return PositionalExplorer(positions_of(module)) if other is None else encodings_explorer(module, other)


class PositionalExplorer(Explorer):
    """The part of the table that the sliders choose."""

    def __init__(self, positions: Positions) -> None:
        super().__init__()
        self.positions = positions
        self.title = f"explorer of a {positions.kind} encoding, {positions.length} x {positions.width}"
        self.rows = span("positions", positions.length)
        self.columns = span("dimensions", positions.width)
        self.first = slider("position a", positions.length)
        self.second = slider("position b", positions.length, min(1, positions.length - 1))
        self.dimension = slider("dimension pair", max(1, positions.pairs))
        # Cosines and sines of rotary pairs stand beside each other: a stretch of both has no meaning.
        stretch = [] if positions.kind == "rotary" else [self.columns]
        self.follow(self.rows, *stretch, self.first, self.second, self.dimension)

    def content(self) -> Node:
        return [
            headline(self.title),
            facts(self.distance()),
            element("div", self._table(), self._curves(), self._pair()),
        ]

    def distance(self) -> list[tuple[str, Node]]:
        """How far the two positions are from each other."""
        table = self.positions.table
        a, b = table[self.first.value].double(), table[self.second.value].double()
        lengths = float(a.norm() * b.norm())
        cosine = float(a @ b) / lengths if lengths else 0.0
        return [
            ("positions", f"{self.first.value} and {self.second.value}"),
            ("apart", str(abs(self.first.value - self.second.value))),
            ("distance", numbers.value(float((a - b).norm()))),
            ("cosine", numbers.value(cosine)),
        ]

    def _table(self) -> Node:
        (top, bottom), (left, right) = stretch(self.rows), stretch(self.columns)
        found = self.positions
        if found.kind == "rotary":
            return table_figure(found, (top, bottom))
        region = found.table[top:bottom, left:right]
        raster = pictures.reduce_matrix(region, 320)
        shades = Shades(-1.0, 1.0) if found.kind == "sinusoidal" else heatmaps.shades_of([raster])
        down = Axis.window("position", top, raster.rows)
        across = Axis.window("dimension", left, raster.columns)
        return heatmaps.heatmap(raster, shades, self.title, down=down, across=across, widest=380)

    def _curves(self) -> Node:
        found, pair = self.positions, self.dimension.value
        columns = found.columns(pair)
        (top, bottom), waves = stretch(self.rows), found.wavelengths()
        series = found.curves(columns, top, bottom)
        label = " and ".join(map(found.name, columns)) + " over the position"
        figure = charts.line_chart(series, label, x_name="position")
        wave = waves[columns[0] if found.kind == "learned" else pair]
        told = f"wavelength {numbers.value(wave)} positions"
        return element("div", figure, element("p", told, class_="q"), style="display:inline-block")

    def _pair(self) -> Node:
        """Both positions as curves over the dimensions; sines and cosines in turn would be one blot."""
        found = self.positions
        name = "pair" if found.kind == "rotary" else "dimension"
        series = [
            Series(f"position {p}{told}", places, found.table[p, columns].tolist())
            for told, places, columns in found.families()
            for p in (self.first.value, self.second.value)
        ]
        return charts.line_chart(series, f"the two positions over the {name}s", x_name=name)
