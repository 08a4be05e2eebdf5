"""Rasters: values reduced by area to at most a few hundred pixels, coloured; and what stands along an axis.

A pixel is the mean of the block of values under it, never a sample of one; a block that holds a NaN or an
infinity shows it loudly. The PNG bytes are ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lispe_kernel.display.drawing import colours, large, png, stored
from lispe_kernel.display.drawing.colours import DIVERGING, Scale
from lispe_kernel.display.page import numbers

MOST_PIXELS = 224
NARROWEST = 10  # how many times longer than wide a picture may be; beyond, it is drawn wider
_FEW = 32  # rows
_LINE = 12  # the height of a line of labels in pixels


@dataclass(frozen=True)
class Raster:
    """A matrix reduced by area: `blocks[i, j]` is the mean of `down` x `across` values (or fewer)."""

    blocks: Any
    rows: int
    columns: int
    down: int
    across: int
    is_causal: bool = False
    drawn: dict[tuple[float, float, Scale], bytes] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Axis:
    """One axis of a heatmap: its name, what stands at some of its places, the number of its first place.

    told: what a pointer is told of each place, where it is not its number.
    """

    name: str = ""
    ticks: tuple[tuple[float, str], ...] = ()
    first: int = 0
    told: tuple[str, ...] = ()

    @classmethod
    def counted(cls, name: str, length: int, most: int = 6) -> Axis:
        """An axis whose ticks are round positions."""
        return cls(name, tuple((place, str(place)) for place in numbers.ticks(length, most)))

    @classmethod
    def window(cls, name: str, first: int, length: int, most: int = 6) -> Axis:
        """A stretch of a longer axis: the ticks are round positions of the whole."""
        found = numbers.ticks(length, most)
        step = found[1] if len(found) > 1 else 1
        places = range(-first % step, length, step)
        return cls(name, tuple((place, str(place + first)) for place in places), first)

    @property
    def has_words(self) -> bool:
        """Whether more than numbers stands along the axis."""
        return not all(text.removeprefix("-").replace(".", "", 1).isdecimal() for _, text in self.ticks)

    def fitting(self, length: int, extent: float, upright: bool) -> Axis:
        """The axis with as many ticks as `extent` pixels hold side by side."""
        if len(self.ticks) < 2:
            return self
        longest = max(len(text) for _, text in self.ticks)
        need = _LINE if upright else 4 + 7 * longest
        apart = (self.ticks[1][0] - self.ticks[0][0]) * extent / max(1, length)
        return replace(self, ticks=self.ticks[:: max(1, math.ceil(need / max(apart, 0.01) - 0.05))])

    @classmethod
    def labelled(cls, name: str, labels: Sequence[str], most: int = 64) -> Axis:
        """An axis with a text at every place, or at every second, third ... when there are many."""
        step = max(1, math.ceil(len(labels) / most))
        return cls(name, tuple((place, labels[place]) for place in range(0, len(labels), step)))


def reduce_matrix(matrix: Any, most: int = MOST_PIXELS) -> Raster:
    """A two-dimensional tensor or numpy array as a raster of at most `most` pixels a side."""
    rows, columns = (int(n) for n in matrix.shape)
    down, across = max(1, math.ceil(rows / most)), max(1, math.ceil(columns / most))
    if max(rows, columns) <= NARROWEST * min(rows, columns):
        # One factor for both axes, unless the shorter one would be lost.
        down = across = max(down, across)
    reduce = _reduce_array if type(matrix).__module__ == "numpy" else _reduce_tensor
    blocks = reduce(matrix, down, across)
    return Raster(blocks, rows, columns, down, across, _is_causal(matrix, blocks))


def _is_causal(matrix: Any, blocks: Any) -> bool:
    """Whether the values are those of masked scores; a pixel of -Inf may stand for several of them."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    if not np.isneginf(blocks).any():
        return False
    values = torch.from_numpy(matrix.astype(np.float64)) if type(matrix).__module__ == "numpy" else matrix
    return stored.is_causal(values)


def _reduce_array(matrix: Any, down: int, across: int) -> Any:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    values = (np.abs(matrix) if matrix.dtype.kind == "c" else matrix).astype(np.float64)
    for axis, block in ((0, down), (1, across)):
        if block > 1:
            starts = np.arange(0, values.shape[axis], block)
            lengths = np.diff([*starts, values.shape[axis]])
            summed = np.add.reduceat(values, starts, axis=axis)
            values = summed / (lengths[:, None] if axis == 0 else lengths)
    return values


def _reduce_tensor(matrix: Any, down: int, across: int) -> Any:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    values = matrix.detach()
    if "sparse" in str(values.layout):
        return _reduce_sparse(values, down, across)
    values = values if stored.is_strided(values) else stored.dense(values)
    if values.is_quantized:
        values = values.dequantize()
    if down == across == 1:
        return stored.real(values).cpu().numpy().astype("float64")
    held = large.array(values)
    found = _block_means(values, down, across) if held is None else _means_of_shares(held, down, across)
    if not np.isfinite(found).all():
        # Sums of values near the end of the range overflow: the same again, each far smaller.
        found = _block_means(values, down, across, 2.0**-64)
    return found


def _means_of_shares(values: Any, down: int, across: int) -> Any:
    """The mean of each block of a large matrix."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    starts = np.arange(0, values.shape[1], across)
    lengths = np.diff([*starts, values.shape[1]])

    def blocks(share: Any, _room: Any) -> Any:
        with np.errstate(all="ignore"):
            # Sums of a few rows keep their digits, those of all are doubles.
            few = [share[start : start + _FEW].sum(0) for start in range(0, len(share), _FEW)]
            return np.add.reduceat(np.sum(few, axis=0, dtype=np.float64), starts) / (lengths * len(share))

    rows = [values[start : start + down] for start in range(0, len(values), down)]
    return np.stack(list(large.through(rows, blocks)))


def _block_means(values: Any, down: int, across: int, scale: float = 1.0) -> Any:
    """The mean of each block, of values that are made smaller before they are added."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    wide = max(1, stored.at_once(values) // down)
    full = values.shape[1] // across * across

    def rows(part: Any) -> Any:
        # Rows first: adding whole rows reads memory in its order, which is three times as fast.
        held = stored.real(part)
        return (held if scale == 1 else held.double() * scale).mean(0)

    def blocks(line: Any) -> Any:
        row = torch.cat([rows(part) for part in line.split(wide, 1)])
        rest = [row[full:].mean(0, keepdim=True)] if full < len(row) else []
        return torch.cat([row[:full].view(-1, across).mean(1), *rest])

    found = torch.stack([blocks(line) for line in values.split(down, 0)])
    return found.cpu().numpy().astype("float64") / scale


def _reduce_sparse(values: Any, down: int, across: int) -> Any:
    """Block means from the stored entries alone: no dense copy of a huge sparse matrix is made."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    entries = values.to_sparse_coo().coalesce()
    rows, columns = entries.shape
    high, wide = math.ceil(rows / down), math.ceil(columns / across)
    place = (entries.indices()[0] // down) * wide + entries.indices()[1] // across
    held = stored.real(entries.values())
    sums = torch.zeros(high * wide, dtype=torch.float64, device=place.device)
    sums.index_add_(0, place, held.to(torch.float64))
    lengths = [torch.full((n,), float(b)) for n, b in ((high, down), (wide, across))]
    lengths[0][-1], lengths[1][-1] = rows - (high - 1) * down, columns - (wide - 1) * across
    return sums.view(high, wide).cpu().numpy() / torch.outer(*lengths).numpy()


def limit_of(rasters: Sequence[Raster]) -> float:
    """The end of a zero-centred scale: the largest magnitude, or the 99th percentile when few lie far out."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    found = [raster.blocks[np.isfinite(raster.blocks)].ravel() for raster in rasters]
    values = np.abs(np.concatenate(found)) if found else np.zeros(0)
    if values.size == 0:
        return 1.0
    largest = float(values.max())
    usual = float(np.percentile(values, 99))
    return (largest if largest <= 2 * usual or usual == 0 else usual) or 1.0


def range_of(rasters: Sequence[Raster]) -> tuple[float, float]:
    """The smallest and the largest finite pixel; zeros where there is none."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    found = [raster.blocks[np.isfinite(raster.blocks)] for raster in rasters]
    values = [part for part in found if part.size]
    return (
        (float(min(p.min() for p in values)), float(max(p.max() for p in values))) if values else (0.0, 0.0)
    )


def strange(rasters: Sequence[Raster]) -> str:
    """What pixels are that are no finite numbers, in words: `NaN`, `-Inf`, `infinite`, `NaN or infinite`."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    held = [raster.blocks[~np.isfinite(raster.blocks)] for raster in rasters]
    found = np.concatenate([np.zeros(0), *held])
    kinds = {"NaN": np.isnan(found), "Inf": np.isposinf(found), "-Inf": np.isneginf(found)}
    if not found.size:
        return ""
    several = "NaN or infinite" if kinds["NaN"].any() else "infinite"
    return next((kind for kind, holds in kinds.items() if holds.all()), several)


def has_numbers(rasters: Sequence[Raster]) -> bool:
    """Whether any pixel is a finite number."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    return any(bool(np.isfinite(raster.blocks).any()) for raster in rasters)


def are_masks(rasters: Sequence[Raster]) -> bool:
    """Whether -Inf is meant: in what is added to scores of attention, else 0, or after the place in them."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    values = [raster.blocks for raster in rasters]
    if strange(rasters) != "-Inf":
        return False
    if all(raster.is_causal for raster in rasters):
        return True
    return any((part == 0).any() for part in values) and all(
        ((part == 0) | np.isneginf(part)).all() for part in values
    )


def picture(raster: Raster, low: float, high: float, scale: Scale = DIVERGING) -> bytes:
    """The raster as PNG bytes, one pixel a block; drawn once for the page and for the picture beside it."""
    if (found := raster.drawn.get((low, high, scale))) is None:
        found = png.encode(colours.indices(raster.blocks, low, high), colours.palette(scale))
        raster.drawn[low, high, scale] = found
    return found


def montage(
    rasters: Sequence[Raster], low: float, high: float, scale: Scale = DIVERGING, gap: int = 3
) -> bytes:
    """Several rasters of one size side by side in one PNG, on one scale."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    across = max(1, math.ceil(math.sqrt(len(rasters))))
    high_, wide = rasters[0].blocks.shape
    lines = math.ceil(len(rasters) / across)
    blank = colours.indices(np.zeros((1, 1)), -1.0, 1.0)[0, 0]
    sheet = np.full((lines * (high_ + gap) - gap, across * (wide + gap) - gap), blank, dtype=np.uint8)
    for k, raster in enumerate(rasters):
        top, left = k // across * (high_ + gap), k % across * (wide + gap)
        sheet[top : top + high_, left : left + wide] = colours.indices(raster.blocks, low, high)
    return png.encode(enlarged(sheet), colours.palette(scale))


def enlarged(pixels: Any, least: int = 160) -> Any:
    """A small picture repeated pixel by pixel until its longer side has `least` pixels."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    factor = max(1, least // max(pixels.shape)) if pixels.size else 1
    return np.repeat(np.repeat(pixels, factor, 0), factor, 1)
