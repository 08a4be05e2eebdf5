"""How far two adapters change the same directions: the overlap of subspaces of the LoRA paper.

Hu et al., LoRA, 2021, section 7.2: φ(i, j) = |Uᵢᵀ Vⱼ|² / min(i, j), where Uᵢ and Vⱼ are the first i and j
singular vectors of the two changes B·A, and |.| is Frobenius' norm. 1: the smaller subspace lies in the
larger one; 0: they are at right angles. Left vectors span what a change can give (its range), right ones what
it looks at. Neither depends on alpha. Two random subspaces of n dimensions have max(i, j) / n on average.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lispe_kernel.display.drawing import charts, heatmaps
from lispe_kernel.display.drawing.colours import SEQUENTIAL
from lispe_kernel.display.drawing.frames import LINEAR, Series
from lispe_kernel.display.drawing.heatmaps import Shades
from lispe_kernel.display.drawing.pictures import Axis, Raster
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, element, headline, name, table
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind

_DOWN = re.compile(r"(?P<layer>.*?)\.?lora_A(?P<adapter>\.[^.]+)?\.weight\Z", re.S)
_TINY = 1e-10  # of the largest singular value: what lies below is rounding
_PICTURES = 8
_SHARE = Shades(0.0, 1.0, SEQUENTIAL)
HEADINGS = ("layer", "ranks", "ranges", "by chance", "inputs", "by chance", "cosine of the changes")


@dataclass(frozen=True)
class Overlap:
    """Two adapters of one layer. The overlaps are None where one changes nothing or is not finite."""

    layer: str
    ranks: tuple[int, int]
    ranges: float | None = None
    inputs: float | None = None
    chance: tuple[float, float] = (0.0, 0.0)  # of ranges, of inputs
    cosine: float | None = None
    grid: Raster | None = None  # φ(i, j) of the ranges, from i = j = 1 on


@dataclass(frozen=True)
class _Change:
    """Singular vectors of B·A, as columns, and its singular values without those that are zero."""

    left: Any
    values: Any
    right: Any


def overlap(layer: str, first: tuple[Any, Any], second: tuple[Any, Any]) -> Overlap:
    """The overlap of two changes, each given as A [rank, in] and B [out, rank]."""
    a, b = _change(*first), _change(*second)
    if a is None or b is None:
        return Overlap(layer, (int(first[0].shape[0]), int(second[0].shape[0])))
    ranks = len(a.values), len(b.values)
    left, right = (a.left.T @ b.left), (a.right.T @ b.right)
    small, large = min(ranks), max(ranks)
    products = a.values[:, None] * b.values[None, :] * left * right
    return Overlap(
        layer,
        ranks,
        float(left.square().sum()) / small,
        float(right.square().sum()) / small,
        (min(1.0, large / len(a.left)), min(1.0, large / len(a.right))),
        float(products.sum() / (a.values.norm() * b.values.norm())),
        _grid(left),
    )


def _change(down: Any, up: Any) -> _Change | None:
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    with torch.no_grad():
        lower, upper = down.detach().double().cpu(), up.detach().double().cpu()
        from_up, of_up = torch.linalg.qr(upper)
        from_down, of_down = torch.linalg.qr(lower.T)
        core = of_up @ of_down.T
        if not core.isfinite().all():
            return None
        left, values, right = torch.linalg.svd(core)
        count = int((values > _TINY * values.max()).sum()) if float(values.max()) else 0
        if not count:
            return None
        return _Change(from_up @ left[:, :count], values[:count], from_down @ right.T[:, :count])


def _grid(products: Any) -> Raster:
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    rows, columns = products.shape
    sums = products.square().cumsum(0).cumsum(1)
    least = torch.minimum(torch.arange(1, rows + 1)[:, None], torch.arange(1, columns + 1)[None, :])
    return Raster((sums / least).numpy(), rows, columns, 1, 1)


def overlaps_of(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Overlap, ...]:
    """The overlaps of all layers that have an adapter in both of two sets of named tensors."""
    a, b = _pairs(first), _pairs(second)
    return tuple(
        overlap(layer, a[layer], b[layer])
        for layer in a
        if layer in b and _ends(a[layer]) == _ends(b[layer]) and min(_ends(a[layer])) > 0
    )


def _pairs(state: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """A and B of each layer by its path."""
    found = {}
    for key, down in state.items():
        match = _DOWN.match(key)
        up = state.get(key.replace("lora_A", "lora_B")) if match else None
        if match and up is not None and down.dim() == up.dim() == 2 and down.shape[0] == up.shape[1]:
            found[match["layer"]] = (down, up)
    return found


def _ends(pair: tuple[Any, Any]) -> tuple[int, int]:
    """The numbers that a layer takes and gives."""
    down, up = pair
    return int(down.shape[1]), int(up.shape[0])


@dataclass(frozen=True)
class AdapterComparison:
    """Two named adapters of one model."""

    first: str
    second: str
    overlaps: tuple[Overlap, ...]

    @property
    def text(self) -> str:
        layers = f"{len(self.overlaps)} layer{'s' if len(self.overlaps) != 1 else ''}"
        return f"adapters {self.first} and {self.second} of {layers}: {told(self.overlaps)}"


register_kind(AdapterComparison, "comparison_", lambda value, _: plain_text(value.text))


def compare_adapters(model: Any, first: str, second: str) -> AdapterComparison:
    """The overlaps of two adapters of a model by name. Errors: when no layer has both."""
    layers = [(key, part) for key, part in model.named_modules() if hasattr(part, "named_adapters")]
    if not layers:
        raise LispeError(
            "Error: compare: the first argument must be a model with adapters to compare by name"
        )
    known = sorted({known for _, part in layers for known in part.named_adapters()})
    for wanted in (first, second):
        if wanted not in known:
            names = ", ".join(known)
            raise LispeError(
                f"Error: compare: there is no adapter {plain_text(wanted)}; there are {plain_text(names)}"
            )
    found = []
    for key, part in layers:
        a, b = (part.named_adapters().get(wanted) for wanted in (first, second))
        if a is not None and b is not None:
            found.append(overlap(key, (a.down.weight, a.up.weight), (b.down.weight, b.up.weight)))
    if not found:
        raise LispeError(f"Error: compare: no layer has both {plain_text(first)} and {plain_text(second)}")
    return AdapterComparison(first, second, tuple(found))


def told(overlaps: Sequence[Overlap]) -> str:
    """The mean overlaps in one line."""
    known = [found for found in overlaps if found.ranges is not None and found.inputs is not None]
    if not known:
        return "one of them changes nothing"
    ranges = sum(found.ranges or 0.0 for found in known) / len(known)
    inputs = sum(found.inputs or 0.0 for found in known) / len(known)
    without = f", {len(overlaps) - len(known)} without a change in one" if len(known) < len(overlaps) else ""
    mean = "mean " if len(known) > 1 else ""
    return f"{mean}overlap of ranges {ranges:.3f}, of inputs {inputs:.3f}{without}"


@renderer(AdapterComparison)
class AdapterComparisonView(View):
    """The overlap of two adapters, layer by layer."""

    value: AdapterComparison

    def html(self) -> Node:
        return [headline(plain_text(self.value.text)), overlap_parts(self.value.overlaps)]


def overlap_parts(overlaps: Sequence[Overlap]) -> Node:
    """The numbers of each layer, their course over the layers, φ(i, j) of the first ones."""
    rows = [_row(found) for found in overlaps]
    drawn = [found for found in overlaps if found.grid is not None]
    measure = "overlap φ of Hu et al. 2021, 7.2, of B·A: 1 where the smaller subspace lies in the larger one"
    return [
        table(HEADINGS, rows, label="overlap of adapters", numeric=range(2, 7), data_sort=True),
        element("p", measure, class_="q"),
        element("div", _course(drawn), _grids(drawn)),
    ]


def _row(found: Overlap) -> list[Node]:
    ranks = f"{found.ranks[0]} and {found.ranks[1]}"
    if found.ranges is None or found.inputs is None or found.cosine is None:
        return [name(found.layer or "the layer"), ranks, "no change", "", "", "", ""]
    shown = [found.ranges, found.chance[0], found.inputs, found.chance[1], found.cosine]
    return [name(found.layer or "the layer"), ranks, *(numbers.stable(value, 1.0, 4) for value in shown)]


def _course(drawn: Sequence[Overlap]) -> Node:
    if len(drawn) < 2:
        return None
    places = [float(k) for k in range(len(drawn))]
    curves = [
        Series("ranges", places, [found.ranges or 0.0 for found in drawn]),
        Series("inputs", places, [found.inputs or 0.0 for found in drawn]),
    ]
    label = "overlap of two adapters, layer by layer"
    return charts.line_chart(
        curves, label, x_name="layer", y_name="overlap", width=420, marks=True, scales=LINEAR
    )


def _grids(drawn: Sequence[Overlap]) -> Node:
    if not drawn:
        return None
    shown = drawn[:_PICTURES]
    more = len(drawn) - len(shown)
    caption = "φ(i, j): the first i directions of the range of one, the first j of the other"
    return heatmaps.multiples(
        [found.grid for found in shown if found.grid is not None],
        [found.layer or "the layer" for found in shown],
        _SHARE,
        "overlap of the first i and the first j directions",
        # The axes begin at one direction.
        down=Axis("i", ((0, "1"),), 1),
        across=Axis("j", ((0, "1"),), 1),
        caption=f"{caption}; {more} more layers are not shown" if more else caption,
        widest=128,
    )
