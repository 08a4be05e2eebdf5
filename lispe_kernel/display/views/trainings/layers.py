"""How large the weights of each layer are at each checkpoint, and how far they moved.

The numbers come from sampled weights, as the drift of a timeline does; nothing here opens a file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lispe_kernel.display.drawing import heatmaps, pictures
from lispe_kernel.display.drawing.pictures import Axis
from lispe_kernel.display.page.html import Element, one_line

_MOST_LAYERS = 96


@dataclass(frozen=True)
class Size:
    """One layer at one checkpoint: the root mean square of its sampled weights, and their relative way."""

    root_mean_square: float
    drift: float | None  # from the checkpoint before; None where there is none or it was zero


Moments = Sequence[tuple[str, Mapping[str, Size]]]


def layer_of(name: str) -> str:
    """The layer that a tensor belongs to: its name up to the first number, else without its last part."""
    parts = name.split(".")
    number = next((k for k, part in enumerate(parts) if part.isdigit()), None)
    return ".".join(parts[: number + 1] if number is not None else parts[:-1] or parts)


def sizes_of(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Size]:
    """The size and the drift of each layer, from samples of its tensors as numpy arrays."""
    sums: dict[str, list[float]] = {}
    for name, values in now.items():
        found = sums.setdefault(layer_of(name), [0.0, 0, 0.0, 0.0])
        found[0] += float((values**2).sum())
        found[1] += values.size
        if name in before and len(before[name]) == len(values):
            found[2] += float(((values - before[name]) ** 2).sum())
            found[3] += float((before[name] ** 2).sum())
    return {
        layer: Size(math.sqrt(square / count), math.sqrt(moved / whole) if whole else None)
        for layer, (square, count, moved, whole) in sums.items()
        if count
    }


def maps(moments: Moments) -> list[Element]:
    """Two heatmaps over checkpoints, given with the text of their epoch: sizes and drift of layers in all."""
    if len(moments) < 2:
        return []
    common = [layer for layer in moments[0][1] if all(layer in sizes for _, sizes in moments)][:_MOST_LAYERS]
    moved = [m for m in moments if all(m[1][layer].drift is not None for layer in common)]
    if not common:
        return []
    drawn = [_map(common, moments, "size of the weights", lambda size: size.root_mean_square)]
    if moved:
        drawn.append(_map(common, moved, "drift of the weights", lambda size: size.drift))
    return drawn


def _map(
    layers: list[str], moments: Sequence[tuple[str, Mapping[str, Size]]], name: str, number: Any
) -> Element:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    values = np.array([[number(sizes[layer]) for _, sizes in moments] for layer in layers], dtype=np.float64)
    raster = pictures.reduce_matrix(values)
    what = "root mean square of sampled weights" if "size" in name else "relative to the checkpoint before"
    return heatmaps.heatmap(
        raster,
        heatmaps.shades_of([raster], from_zero=True),
        f"{name} by layer and epoch",
        down=Axis.labelled("", [one_line(layer, 24) for layer in layers]),
        across=Axis.labelled("epoch", [text for text, _ in moments]),
        caption=f"{name} of each layer, {what}",
    )
