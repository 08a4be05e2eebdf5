"""Positional encodings: the table as a heatmap of position by dimension, and what it means.

Curves of a few pairs of dimensions, the similarity of every position with every other, the wavelength of
each dimension. Works for sinusoidal tables, rotary tables and learned ones alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lispe_kernel.display.drawing import charts, pictures
from lispe_kernel.display.drawing.charts import Series
from lispe_kernel.display.drawing.pictures import Axis, Raster
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, facts
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.modules import ModuleView
from lispe_kernel.language.printer import to_text

_TABLE_PIXELS = 512
_SIMILARITY_PIXELS = 192
_CURVE_POSITIONS = 128
_EMBEDDING_PIXELS = 208
_LEARNED_POSITIONS = 2048


@dataclass(frozen=True)
class Positions:
    """A table [positions, dimensions] with the kind of encoding it is."""

    kind: str  # sinusoidal, rotary or learned
    table: Any
    # The frequency of each dimension, where the module tells.
    frequencies: tuple[float, ...] = ()

    @property
    def length(self) -> int:
        return int(self.table.shape[0])

    @property
    def width(self) -> int:
        return int(self.table.shape[1])

    def pairs(self, most: int = 4) -> list[int]:
        """The first dimension of a few pairs, from the fastest on: 0, d/16, d/8, d/4 made even."""
        found = [0, *(self.width // k // 2 * 2 for k in (16, 8, 4, 2))]
        return sorted({d for d in found if d < self.width})[:most]

    def curves(self, dimensions: list[int], length: int | None = None) -> list[Series]:
        """One curve a dimension, over the first positions."""
        shown = min(self.length, length or _CURVE_POSITIONS)
        places = list(map(float, range(shown)))
        return [Series(f"dimension {d}", places, self.table[:shown, d].tolist()) for d in dimensions]

    def similarity(self, most: int = _SIMILARITY_PIXELS) -> Raster:
        """The cosine of every pair of positions [positions, positions], reduced by area.

        The mean of the cosines of two blocks of rows is the product of the blocks' mean unit rows, so
        the large matrix is never made.
        """
        import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

        unit = torch.nn.functional.normalize(self.table, dim=1)
        block = max(1, math.ceil(self.length / most))
        means = torch.stack([part.mean(0) for part in unit.split(block)])
        return Raster((means @ means.T).numpy(), self.length, self.length, block, block)

    def wavelengths(self) -> list[float]:
        """Positions until a dimension repeats: by the formula if it holds, else its strongest frequency."""
        if self.kind == "sinusoidal":
            return [2 * math.pi * 10000 ** (d // 2 * 2 / self.width) for d in range(self.width)]
        if self.frequencies:
            return [2 * math.pi / frequency for frequency in self.frequencies]
        return self._strongest()

    def _strongest(self) -> list[float]:
        import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

        if self.length < 3:
            return [float(self.length)] * self.width
        strength = torch.fft.rfft(self.table - self.table.mean(0), dim=0).abs()[1:]
        return [self.length / (int(k) + 1) for k in strength.argmax(0)]


def positions_of(module: Any) -> Positions:
    """The table of a positional module: its cosines for rotary ones, `pe` or the weight for the others."""
    cosines = getattr(module, "cos_cached", None)
    if cosines is not None:
        return Positions("rotary", _plane(cosines), _frequencies(module))
    table = getattr(module, "pe", None)
    table = _plane(module.weight if table is None else table)
    return Positions("sinusoidal" if _is_sinusoidal(table) else "learned", table)


def _frequencies(rotary: Any) -> tuple[float, ...]:
    """The frequency of each dimension: two halves, or each twice in a row."""
    found = _plane(rotary.inv_freq).tolist()
    if getattr(rotary, "layout", "") == "interleaved":
        return tuple(frequency for frequency in found for _ in range(2))
    return (*found, *found)


def _plane(table: Any) -> Any:
    values = table.detach()
    while values.dim() > 2:
        values = values[0]
    return values.float().cpu()


def _is_sinusoidal(table: Any) -> bool:
    """Whether three rows of the table are what the formula gives."""
    length, width = table.shape
    return all(
        abs(float(table[p, d]) - _sinusoid(p, d, width)) < 1e-3
        for p in sorted({0, length // 2, length - 1})
        for d in range(0, width, max(1, width // 8))
    )


def _sinusoid(position: int, dimension: int, width: int) -> float:
    angle = position / 10000 ** (dimension // 2 * 2 / width)
    return math.cos(angle) if dimension % 2 else math.sin(angle)


@renderer(
    "lispe_kernel.torch_library.modules.positional.PositionalEncoding",
    "lispe_kernel.torch_library.modules.rotary.RotaryEmbedding",
)
class PositionalView(View):
    """A positional encoding as its table, its similarities and its wavelengths."""

    @cached_property
    def positions(self) -> Positions:
        return positions_of(self.value)

    @cached_property
    def raster(self) -> Raster:
        return pictures.reduce_matrix(self.positions.table, _TABLE_PIXELS)

    def text(self) -> str:
        found = self.positions
        size = f"{found.length} positions x {found.width} dimensions"
        return f"{plain_text(to_text(self.value))}\n{found.kind}, {size}"

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def html(self) -> Node:
        found = self.positions
        return [
            element("p", element("span", to_text(self.value), class_="t")),
            facts(
                [
                    ("kind", found.kind),
                    ("positions", numbers.count(found.length)),
                    ("dimensions", numbers.count(found.width)),
                    ("size", numbers.size(4 * found.length * found.width)),
                ]
            ),
            element("div", self._table(), similarity_figure(found)),
            element("div", curve_figure(found), wavelength_figure(found)),
        ]

    def png(self) -> bytes | None:
        from lispe_kernel.display.drawing.labelled import heatmap_png  # noqa: PLC0415 - heavy: it draws with Pillow

        title = f"{self.positions.kind} positional encoding"
        return heatmap_png(self.raster, -1.0, 1.0, title, down=self._down, across=self._across)

    @property
    def _down(self) -> Axis:
        return Axis.counted("position", self.positions.length)

    @property
    def _across(self) -> Axis:
        return Axis.counted("dimension", self.positions.width)

    def _table(self) -> Element:
        found = self.positions
        label = f"heatmap of the {found.kind} encoding, {found.length} positions by {found.width} dimensions"
        # Sines and cosines lie in -1..1; a learned table has a range of its own.
        limit = 1.0 if found.kind != "learned" else pictures.limit_of([self.raster])
        return pictures.heatmap(self.raster, -limit, limit, label, down=self._down, across=self._across)


@renderer("torch.nn.modules.sparse.Embedding")
class EmbeddingView(ModuleView):
    """An embedding: its table as a heatmap; of a short one (learned positions) the similarities as well."""

    def special(self) -> Node:
        table = self.value.weight
        if table.is_meta or table.numel() == 0:
            return None
        raster = pictures.reduce_matrix(table, _EMBEDDING_PIXELS)
        limit = pictures.limit_of([raster])
        label = f"heatmap of the embedding table, {table.shape[0]} rows by {table.shape[1]} dimensions"
        down, across = Axis.counted("row", table.shape[0]), Axis.counted("dimension", table.shape[1])
        drawn = pictures.heatmap(raster, -limit, limit, label, down=down, across=across)
        short = 1 < table.shape[0] <= _LEARNED_POSITIONS
        return element("div", drawn, similarity_figure(positions_of(self.value)) if short else None)


def similarity_figure(found: Positions) -> Element:
    """Cosine similarity of positions as a square heatmap."""
    axis = Axis.counted("position", found.length)
    return pictures.heatmap(
        found.similarity(),
        -1.0,
        1.0,
        f"cosine similarity between the {found.length} positions",
        down=axis,
        across=axis,
        caption="cosine similarity of two positions",
        widest=300,
    )


def curve_figure(found: Positions, dimensions: list[int] | None = None) -> Element:
    """A few dimensions as curves over the position."""
    chosen = dimensions or found.pairs()
    label = f"curves of the dimensions {', '.join(map(str, chosen))} over the position"
    return charts.line_chart(found.curves(chosen), label, x_name="position")


def wavelength_figure(found: Positions) -> Element:
    """The wavelength of each dimension, as a power of ten."""
    waves = found.wavelengths()
    series = Series("wavelength", list(map(float, range(found.width))), [math.log10(w) for w in waves])
    shortest, longest = numbers.value(min(waves)), numbers.value(max(waves))
    label = f"wavelength of each dimension, from {shortest} to {longest} positions"
    figure = charts.line_chart([series], label, x_name="dimension", y_name="log10 wavelength", width=380)
    return element(
        "div", figure, element("p", label, class_="q"), style="display:inline-block;vertical-align:top"
    )
