"""Positional encodings: the table as a heatmap of position by dimension, and what it means.

Curves of a few pairs of dimensions, the similarity of every position with every other, the wavelength of
each pair. Works for sinusoidal tables, rotary tables and learned ones alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lispe_kernel.display.drawing import charts, heatmaps, pictures
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.drawing.heatmaps import Shades
from lispe_kernel.display.drawing.pictures import Axis, Raster
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, facts, headline
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.modules import ModuleView
from lispe_kernel.language.printer import to_text

_TABLE_PIXELS = 512
_SIMILARITY_PIXELS = 192
_CURVE_POSITIONS = 128
_EMBEDDING_PIXELS = 208
_LEARNED_POSITIONS = 2048
_WAVES = Shades(-1.0, 1.0)  # what sines, cosines and similarities are drawn with


@dataclass(frozen=True)
class Positions:
    """A table [positions, dimensions] with the kind of encoding it is.

    The table of a rotary encoding holds the cosine of each pair, then the sine of each pair: a pair of
    numbers of a query is turned by that angle.
    """

    kind: str  # sinusoidal, rotary or learned
    table: Any
    rates: tuple[float, ...] = ()  # radians a position of each rotary pair
    base: float = 10000.0  # of the wavelengths of a sinusoidal one

    @property
    def length(self) -> int:
        return int(self.table.shape[0])

    @property
    def width(self) -> int:
        return int(self.table.shape[1])

    @property
    def pairs(self) -> int:
        """The number of pairs; the last column of an odd width is alone."""
        return (self.width + 1) // 2

    def columns(self, pair: int) -> list[int]:
        """The columns of a pair: beside each other, or half the width apart in a rotary table."""
        if self.kind == "rotary":
            return [pair, pair + self.width // 2]
        return [d for d in (2 * pair, 2 * pair + 1) if d < self.width]

    def name(self, column: int) -> str:
        """What a column is called."""
        if self.kind != "rotary":
            return f"dimension {column}"
        half = self.width // 2
        return f"{'cosine' if column < half else 'sine'} of pair {column % half}"

    def families(self) -> list[tuple[str, list[float], slice]]:
        """What makes one curve over the dimensions (or pairs): a name, the places, the columns."""
        if self.kind == "learned":
            return [("", [float(d) for d in range(self.width)], slice(None))]
        if self.kind == "sinusoidal":
            parts = ((", sines", slice(0, None, 2)), (", cosines", slice(1, None, 2)))
            return [(told, [float(d) for d in range(self.width)[part]], part) for told, part in parts]
        half = self.width // 2
        pairs = [float(k) for k in range(half)]
        return [(", cosines", pairs, slice(0, half)), (", sines", pairs, slice(half, None))]

    def shown(self) -> list[int]:
        """A few columns from the fastest on: of pair 0, 1/16, 1/8, 1/4 of the way."""
        if self.kind == "rotary":
            return self.columns(0) + self.columns(self.width // 8)
        found = [0, *(self.width // k // 2 * 2 for k in (16, 8, 4, 2))]
        return sorted({d for d in found if d < self.width})[:4]

    def curves(self, columns: list[int], first: int = 0, last: int | None = None) -> list[Series]:
        """One curve a column over the positions `first` to `last`."""
        end = min(self.length, first + _CURVE_POSITIONS) if last is None else last
        places = list(map(float, range(first, end)))
        return [Series(self.name(d), places, self.table[first:end, d].tolist()) for d in columns]

    def similarity(self, most: int = _SIMILARITY_PIXELS) -> Raster:
        """The cosine of every pair of positions [positions, positions], reduced by area.

        The mean of the cosines of two blocks of rows is the product of the blocks' mean unit rows, so
        the large matrix is never made.
        """
        import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

        unit = torch.nn.functional.normalize(self.table, dim=1)
        block = max(1, math.ceil(self.length / most))
        means = torch.stack([part.mean(0) for part in unit.split(block)])
        return Raster((means @ means.T).cpu().numpy(), self.length, self.length, block, block)

    def wavelengths(self) -> list[float]:
        """Positions until a pair (of a learned table: a dimension) repeats.

        By the angle of each pair where there is one, else the strongest frequency of the table; infinite
        where nothing changes, NaN where the table has what is no number.
        """
        if self.kind == "rotary":
            return [2 * math.pi / rate if rate else math.inf for rate in self.rates]
        if self.kind == "sinusoidal":
            return [2 * math.pi * self.base ** (2 * k / self.width) for k in range(self.pairs)]
        return self._strongest()

    def _strongest(self) -> list[float]:
        import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

        if self.length < 3:
            return [float(self.length)] * self.width
        changes = self.table - self.table.mean(0)
        strongest = torch.fft.rfft(changes, dim=0).abs()[1:].max(0)
        waves = self.length / (strongest.indices + 1.0)
        # A dimension that stays the same never repeats, one that is not known everywhere tells nothing.
        waves[changes.abs().amax(0) <= self.table.abs().amax(0) * 1e-6] = math.inf
        waves[~self.table.isfinite().all(0)] = math.nan
        return waves.tolist()  # type: ignore[no-any-return]


def positions_of(module: Any) -> Positions:
    """The table of a positional module: cosines and sines of a rotary one, else `pe` or the weight."""
    if getattr(module, "cos_cached", None) is not None:
        found = _rotary(*(_plane(_table(module, key)) for key in ("cos_cached", "sin_cached")))
        return replace(found, rates=_told_rates(module, found))
    table = _plane(module.weight if getattr(module, "pe", None) is None else _table(module, "pe"))
    base = float(getattr(module, "base", 10000.0))
    return Positions("sinusoidal" if _is_sinusoidal(table, base) else "learned", table.float(), (), base)


def _table(module: Any, key: str) -> Any:
    """A table of a module; one on the device meta is computed anew where the module knows how."""
    found = getattr(module, key)
    return module.tables()[key] if found.is_meta and hasattr(module, "tables") else found


def _rotary(cosines: Any, sines: Any) -> Positions:
    """Each pair once: caches repeat every angle, in two halves or beside each other."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    width = cosines.shape[1]
    if width % 2 == 0 and torch.equal(cosines[:, : width // 2], cosines[:, width // 2 :]):
        cosines, sines = cosines[:, : width // 2], sines[:, : width // 2]
    elif width % 2 == 0 and torch.equal(cosines[:, ::2], cosines[:, 1::2]):
        cosines, sines = cosines[:, ::2], sines[:, ::2]
    # The angle between two rows beside each other: tables may begin at any position.
    step = min(1, len(cosines) - 1)
    (c, s), (d, t) = ((cosines[p].double(), sines[p].double()) for p in (0, step))
    rates = torch.atan2(t * c - d * s, d * c + t * s) % (2 * math.pi)
    return Positions("rotary", torch.cat([cosines, sines], 1).float(), tuple(rates.tolist()))


def _told_rates(module: Any, found: Positions) -> tuple[float, ...]:
    """The rates that the module names, which have more digits than its tables, where they agree with them."""
    named = getattr(module, "inv_freq", None)
    rates = () if named is None else tuple(named.detach().double().flatten().tolist())
    close = len(rates) == len(found.rates) and all(
        abs(a - b) < 0.02 * abs(a) + 1e-6 for a, b in zip(rates, found.rates, strict=True)
    )
    return rates if close else found.rates


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
    return values.cpu()


def _is_sinusoidal(table: Any, base: float) -> bool:
    """Whether a few rows of the table are what the formula gives, as far as its numbers can tell."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    length, width = table.shape
    if not table.is_floating_point():
        return False
    rounding = 1e-3 + torch.finfo(table.dtype).eps
    return all(
        # An angle in float32 has lost digits in proportion to its size.
        abs(float(table[p, d]) - _sinusoid(p, d, width, base))
        < rounding + 1e-6 * p / base ** (d // 2 * 2 / width)
        for p in sorted({0, min(1, length - 1), min(7, length - 1), length // 2, length - 1})
        for d in range(0, width, max(1, width // 9))
    )


def _sinusoid(position: int, dimension: int, width: int, base: float) -> float:
    angle = position / base ** (dimension // 2 * 2 / width)
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
            headline(to_text(self.value)),
            facts(
                [
                    ("kind", found.kind),
                    ("positions", numbers.count(found.length)),
                    ("dimensions", numbers.count(found.width)),
                    ("size", numbers.size(sum(t.numel() * t.element_size() for t in self.value.buffers()))),
                ]
            ),
            element("div", table_figure(found), similarity_figure(found)),
            element("div", curve_figure(found), wavelength_figure(found)),
        ]

    def png(self) -> bytes | None:
        from lispe_kernel.display.drawing.labelled import heatmap_png  # noqa: PLC0415 - heavy: it draws with Pillow

        found = self.positions
        title = f"{found.kind} positional encoding"
        across = "cosines, then sines of the pairs" if found.kind == "rotary" else "dimension"
        down = Axis.counted("position", found.length)
        return heatmap_png(self.raster, -1.0, 1.0, title, down=down, across=Axis.counted(across, found.width))


def table_figure(found: Positions, rows: tuple[int, int] | None = None) -> Element:
    """The table, or some of its rows, as a heatmap; cosines and sines of a rotary one side by side."""
    first, last = rows or (0, found.length)
    table = found.table[first:last]
    label = f"heatmap of the {found.kind} encoding, {found.length} positions by {found.width} dimensions"
    down = Axis.window("position", first, last - first)
    if found.kind != "rotary":
        raster = pictures.reduce_matrix(table, _TABLE_PIXELS)
        # Sines and cosines lie in -1..1; a learned table has a range of its own.
        shades = _WAVES if found.kind == "sinusoidal" else heatmaps.shades_of([raster])
        across = Axis.counted("dimension", found.width)
        return heatmaps.heatmap(raster, shades, label, down=down, across=across)
    parts = [pictures.reduce_matrix(part, _TABLE_PIXELS) for part in table.split(found.width // 2, 1)]
    across = Axis.counted("pair", found.width // 2)
    return heatmaps.multiples(
        parts, ("cosines", "sines"), _WAVES, label, down=down, across=across, widest=260
    )


@renderer("torch.nn.modules.sparse.Embedding")
class EmbeddingView(ModuleView):
    """An embedding: its table as a heatmap; of a short one (learned positions) the similarities as well."""

    @property
    def drawn(self) -> tuple[str, ...]:
        table = self.value.weight
        return () if table.is_meta or table.numel() == 0 else ("weight",)

    def special(self) -> Node:
        if not self.drawn:
            return None
        table = self.value.weight
        raster = pictures.reduce_matrix(table, _EMBEDDING_PIXELS)
        label = f"heatmap of the embedding table, {table.shape[0]} rows by {table.shape[1]} dimensions"
        down, across = Axis.counted("row", table.shape[0]), Axis.counted("dimension", table.shape[1])
        drawn = heatmaps.heatmap(raster, heatmaps.shades_of([raster]), label, down=down, across=across)
        short = 1 < table.shape[0] <= _LEARNED_POSITIONS
        return element("div", drawn, similarity_figure(positions_of(self.value), "row") if short else None)


def similarity_figure(found: Positions, what: str = "position") -> Element:
    """Cosine similarity of positions as a square heatmap."""
    axis = Axis.counted(what, found.length)
    return heatmaps.heatmap(
        found.similarity(),
        _WAVES,
        f"cosine similarity between the {found.length} {what}s",
        down=axis,
        across=axis,
        caption=f"cosine similarity of two {what}s",
        widest=300,
    )


def curve_figure(found: Positions, columns: list[int] | None = None) -> Element:
    """A few columns as curves over the position."""
    curves = found.curves(columns or found.shown())
    label = f"curves over the position: {', '.join(curve.name for curve in curves)}"
    return charts.line_chart(curves, label, x_name="position")


def wavelength_figure(found: Positions) -> Element:
    """The wavelength of each pair, of each dimension of a learned table."""
    waves = found.wavelengths()
    what = "dimension" if found.kind == "learned" else "pair"
    series = Series("wavelength", list(map(float, range(len(waves)))), waves)
    shortest, longest = numbers.value(min(waves)), numbers.value(max(waves))
    label = f"wavelength of each {what}, from {shortest} to {longest} positions"
    figure = charts.line_chart([series], label, x_name=what, y_name="wavelength", width=380)
    return element(
        "div", figure, element("p", label, class_="q"), style="display:inline-block;vertical-align:top"
    )
