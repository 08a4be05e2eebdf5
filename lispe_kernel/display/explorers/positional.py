"""The explorer of a positional encoding: length, dimensions, and two positions with their distance."""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.drawing import charts, pictures
from lispe_kernel.display.drawing.pictures import Axis
from lispe_kernel.display.explorers.base import Explorer, slider, span
from lispe_kernel.display.explorers.registry import explorer
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, element, facts
from lispe_kernel.display.views.positional import Positions, positions_of


@explorer(
    "lispe_kernel.torch_library.modules.positional.PositionalEncoding",
    "lispe_kernel.torch_library.modules.rotary.RotaryEmbedding",
    "torch.nn.modules.sparse.Embedding",
)
def positional_explorer(module: Any, _: Any) -> Explorer:
    """An explorer of a module's table of positions."""
    return PositionalExplorer(positions_of(module))


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
        self.dimension = slider("dimension pair", max(1, (positions.width + 1) // 2))
        self.follow(self.rows, self.columns, self.first, self.second, self.dimension)

    def content(self) -> Node:
        return [
            element("p", element("span", self.title, class_="t")),
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
        (top, bottom), (left, right) = self.rows.value, self.columns.value
        region = self.positions.table[top : max(bottom, top + 1), left : max(right, left + 1)]
        raster = pictures.reduce_matrix(region, 320)
        limit = 1.0 if self.positions.kind != "learned" else pictures.limit_of([raster])
        down = Axis.window("position", top, raster.rows)
        across = Axis.window("dimension", left, raster.columns)
        return pictures.heatmap(raster, -limit, limit, self.title, down=down, across=across, widest=380)

    def _curves(self) -> Node:
        first = 2 * self.dimension.value
        dimensions = [d for d in (first, first + 1) if d < self.positions.width]
        (top, bottom), waves = self.rows.value, self.positions.wavelengths()
        places = list(map(float, range(top, max(bottom, top + 1))))
        series = [
            charts.Series(
                f"dimension {d}", places, self.positions.table[top : max(bottom, top + 1), d].tolist()
            )
            for d in dimensions
        ]
        figure = charts.line_chart(series, f"dimensions {dimensions} over the position", x_name="position")
        told = f"wavelength {numbers.value(waves[first])} positions"
        return element("div", figure, element("p", told, class_="q"), style="display:inline-block")

    def _pair(self) -> Node:
        """Both positions as curves over the dimensions."""
        table = self.positions.table
        places = list(map(float, range(self.positions.width)))
        series = [
            charts.Series(f"position {p}", places, table[p].tolist())
            for p in (self.first.value, self.second.value)
        ]
        return charts.line_chart(series, "the two positions over the dimensions", x_name="dimension")
