"""Many small tensors measured at once: of thousands the calls into PyTorch would cost more than the values.

Tensors of one kind and size become the rows of a matrix; what `looks` finds out value by value is then found
for all rows by one call. The numbers are the same to the last digit. What asks for more than one plain
look (another layout, whole or complex numbers, NaN, sizes that float32 cannot square) is left to `looks`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lispe_kernel.display.drawing import stored
from lispe_kernel.display.drawing.looks import (
    BINS,
    Look,
    counted,
    finished,
    histogram,
    is_extreme,
    range_of,
    squares_fit,
)

_LARGEST = 4096  # values of a tensor that is small
_TOGETHER = 1 << 20  # values looked at at once
_FEWEST = 4
_ALIGNED = 16


def measured(tensors: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """The measures of those tensors that can be measured side by side, by their places."""
    kinds: dict[tuple[str, int], list[int]] = {}
    for place, tensor in enumerate(tensors):
        if _is_plain(tensor):
            kinds.setdefault((str(tensor.dtype), tensor.numel()), []).append(place)
    found: dict[int, dict[str, Any]] = {}
    for (_, count), places in kinds.items():
        at_once = _TOGETHER // count
        for start in range(0, len(places), at_once):
            chosen = places[start : start + at_once]
            if len(chosen) >= _FEWEST:
                found |= _measured([tensors[place] for place in chosen], chosen)
    return found


def _is_plain(tensor: Any) -> bool:
    """A few real numbers in a row in the memory of the processor, in a tensor of PyTorch's own."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.device.type == "cpu"
        and tensor.layout is torch.strided
        and not tensor.is_nested
        and tensor.dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64)
        and not any(getattr(tensor, "names", ()) or ())
        and 0 < tensor.numel() <= _LARGEST
        and tensor.is_contiguous()
    )


def _measured(tensors: Sequence[Any], places: Sequence[int]) -> dict[int, dict[str, Any]]:
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    flat = [tensor.detach().view(-1) for tensor in tensors]
    # Each row begins where a tensor's own memory may: sums of products depend on it in their last digit.
    length = math.ceil(len(flat[0]) / _ALIGNED) * _ALIGNED
    values = stored.real(torch.stack(flat))
    rows = values.new_empty(len(flat), length)[:, : values.shape[1]].copy_(values)
    looks = dict(_looks(rows, tensors))
    found = {}
    for k, counts in _histograms(rows, looks):
        found[places[k]] = {**looks[k].counts(), **looks[k].numbers(), **counts}
    return found


def _looks(rows: Any, tensors: Sequence[Any]) -> Iterator[tuple[int, Look]]:
    """The look at each row whose values are all finite and of ordinary size."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    lows, highs = (ends.tolist() for ends in torch.aminmax(rows, dim=1))
    totals = rows.sum(1).tolist()
    squares = torch.stack([row.sum() for row in rows.square().unbind(0)]).tolist()
    zeros = (rows.shape[1] - torch.count_nonzero(rows, dim=1)).tolist()
    for k, (low, high) in enumerate(zip(lows, highs, strict=True)):
        if math.isfinite(low) and math.isfinite(high) and squares_fit(max(abs(low), abs(high))):
            look = Look(tensors[k].detach(), 1, 0, count=rows.shape[1], minimum=low, maximum=high)
            look.total, look.squares, look.zeros = totals[k], squares[k], zeros[k]
            yield k, finished(look)


def _histograms(rows: Any, looks: dict[int, Look]) -> Iterator[tuple[int, dict[str, Any]]]:
    ranges = {}
    for k, look in looks.items():
        low, high, _ = range_of(look)
        width = (high - low) / BINS
        if look.exponent or width <= 0 or is_extreme(low, high, width):
            yield k, histogram(look)
        else:
            ranges[k] = (low, high, 1 / width)
    if ranges:
        for (k, (low, high, _)), counts in zip(ranges.items(), _counts(rows, ranges), strict=True):
            yield k, counted(looks[k], low, high, counts)


def _counts(rows: Any, ranges: dict[int, tuple[float, float, float]]) -> Iterable[list[int]]:
    """How many values of each row lie in each of its bins."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    chosen = rows if len(ranges) == len(rows) else rows[list(ranges)]
    low, _, scale = (
        torch.tensor(column, dtype=rows.dtype).unsqueeze(1) for column in zip(*ranges.values(), strict=True)
    )
    places = chosen.sub(low).mul_(scale).clamp_(0, BINS - 1).to(torch.int64)
    places += BINS * torch.arange(len(places)).unsqueeze(1)
    counts: list[list[int]] = (
        torch.bincount(places.view(-1), minlength=BINS * len(places)).view(-1, BINS).tolist()
    )
    return counts
