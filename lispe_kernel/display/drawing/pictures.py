"""Heatmaps: values reduced by area to at most a few hundred pixels, coloured, framed with true ticks.

A pixel is the mean of the block of values under it, never a sample of one; a block that holds a NaN or an
infinity shows it loudly. The PNG bytes are ours, the labels are text of the page.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lispe_kernel.display.drawing import colours, png
from lispe_kernel.display.drawing.colours import DIVERGING, Scale
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, image

MOST_PIXELS = 224
_WIDEST = 448
_LABEL = 16.0  # the most room for row labels in em; page.css shortens what is longer
_LINE = 12  # the height of a line of labels in pixels
_ROWS_AT_ONCE = 1 << 20  # values averaged at once: the working memory of a picture of any tensor


@dataclass(frozen=True)
class Raster:
    """A matrix reduced by area: `blocks[i, j]` is the mean of `down` x `across` values (or fewer)."""

    blocks: Any
    rows: int
    columns: int
    down: int
    across: int


@dataclass(frozen=True)
class Axis:
    """One axis of a heatmap: its name, what stands at some of its places, the number of its first place."""

    name: str = ""
    ticks: tuple[tuple[int, str], ...] = ()
    first: int = 0

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

    def fitting(self, length: int, extent: int, upright: bool) -> Axis:
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
    reduce = _reduce_array if type(matrix).__module__ == "numpy" else _reduce_tensor
    return Raster(reduce(matrix, down, across), rows, columns, down, across)


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
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    values = matrix.detach()
    if str(values.layout) != "torch.strided":
        return _reduce_sparse(values, down, across)
    if values.is_quantized:
        values = values.dequantize()
    step = down * max(1, _ROWS_AT_ONCE // max(1, down * values.shape[1]))
    pooled = []
    for part in values.split(step, 0):
        piece = part.abs() if part.is_complex() else part
        piece = piece if piece.dtype == torch.float64 else piece.to(torch.float32)
        if down > 1 or across > 1:
            piece = torch.nn.functional.avg_pool2d(
                piece.unsqueeze(0), (down, across), (down, across), ceil_mode=True, count_include_pad=False
            ).squeeze(0)
        pooled.append(piece)
    return torch.cat(pooled).cpu().numpy()


def _reduce_sparse(values: Any, down: int, across: int) -> Any:
    """Block means from the stored entries alone: no dense copy of a huge sparse matrix is made."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    entries = values.to_sparse_coo().coalesce()
    rows, columns = entries.shape
    high, wide = math.ceil(rows / down), math.ceil(columns / across)
    place = (entries.indices()[0] // down) * wide + entries.indices()[1] // across
    stored = entries.values().abs() if entries.is_complex() else entries.values()
    sums = torch.zeros(high * wide, dtype=torch.float64, device=place.device)
    sums.index_add_(0, place, stored.to(torch.float64))
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


def picture(raster: Raster, low: float, high: float, scale: Scale = DIVERGING) -> bytes:
    """The raster as PNG bytes, one pixel a block."""
    return png.encode(colours.indices(raster.blocks, low, high), colours.palette(scale))


def heatmap(
    raster: Raster,
    low: float,
    high: float,
    label: str,
    *,
    scale: Scale = DIVERGING,
    down: Axis | None = None,
    across: Axis | None = None,
    caption: Node = None,
    bar: bool = True,
    widest: int = _WIDEST,
    rotate: bool = False,
) -> Element:
    """A figure: the picture between its axes, the colour bar and a caption under it.

    rotate: the labels of the columns stand upright, for words.
    """
    down = down or Axis.counted("", raster.rows)
    across = across or Axis.counted("", raster.columns)
    width, height = _extent(raster, widest)
    down = down.fitting(raster.rows, height, upright=True)
    across = across.fitting(raster.columns, width, upright=rotate)
    drawn = image(
        picture(raster, low, high, scale),
        label,
        style=f"width:{width}px;height:{height}px",
        data_scale=_scale_facts(raster, low, high, scale, down, across),
    )
    frame = element(
        "div",
        element("div", _vertical(down, raster.rows), class_="y", style=_room(down)),
        drawn,
        element("div"),
        _below(across, raster.columns, rotate),
        element("div"),
        element("div", across.name, class_="x", style="text-align:center") if across.name else None,
        class_="p",
    )
    side = element("div", down.name, class_="r") if down.name else None
    body = element("div", side, frame, style="display:flex;max-width:100%") if side else frame
    colour_bar = _bar(low, high, scale) if bar else None
    below = element("figcaption", caption) if caption else None
    return element("figure", body, below, colour_bar)


def _extent(raster: Raster, widest: int) -> tuple[int, int]:
    """Width and height on the screen: whole pixels a block, a narrow picture stretched to be read."""
    high, wide = raster.blocks.shape
    zoom = max(1, min(22, widest // max(high, wide, 1)))
    least = max(high, wide) * zoom // 3
    return _stretched(wide, zoom, least), _stretched(high, zoom, least)


def _stretched(blocks: int, zoom: int, least: int) -> int:
    return max(14, blocks * max(zoom, min(22, least // max(1, blocks))))


def _room(axis: Axis) -> str | None:
    """The width of the longest row label, where that is more than page.css gives to numbers."""
    longest = max((len(text) for _, text in axis.ticks), default=0)
    return f"min-width:{min(0.62 * longest + 0.7, _LABEL):.1f}em" if longest > 3 else None


def _vertical(axis: Axis, length: int) -> list[Element]:
    return [element("span", text, style=f"top:{_percent(place, length)}") for place, text in axis.ticks]


def _horizontal(axis: Axis, length: int) -> list[Element]:
    return [element("span", text, style=f"left:{_percent(place, length)}") for place, text in axis.ticks]


def _below(axis: Axis, length: int, rotate: bool) -> Element:
    """The labels under the picture; words stand upright in a strip as high as the longest of them."""
    if not rotate:
        return element("div", _horizontal(axis, length), class_="x")
    height = min(76, 8 + 7 * max((len(text) for _, text in axis.ticks), default=1))
    return element("div", _horizontal(axis, length), class_="x u", style=f"height:{height}px")


def _percent(place: int, length: int) -> str:
    return f"{100 * (place + 0.5) / max(1, length):.2f}%"


def _bar(low: float, high: float, scale: Scale) -> Element:
    strip = element("u", style=f"background:{scale.gradient}", role="img", aria_label="colour scale")
    ends = numbers.value(low, 3), numbers.value(high, 3)
    return element("div", element("span", ends[0]), strip, element("span", ends[1]), class_="b")


def _scale_facts(raster: Raster, low: float, high: float, scale: Scale, down: Axis, across: Axis) -> str:
    return json.dumps(
        {
            "low": float(f"{low:.6g}"),
            "high": float(f"{high:.6g}"),
            "stops": scale.stops,
            "rows": down.name or "row",
            "columns": across.name or "column",
            "down": raster.down,
            "across": raster.across,
            "top": down.first,
            "left": across.first,
        },
        separators=(",", ":"),
        ensure_ascii=True,
    )


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
