"""Rows of a table as points: their principal axes, and which rows are near to one.

Sums are taken in float64, and an axis has the sign that makes its largest part positive, so that the same
table gives the same picture everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import Floats
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

# Values taken together: memory that the system gives anew for each part takes longer than the arithmetic.
_AT_ONCE = 1 << 20
_BLOCK = 192  # columns of the table of width by width made together
_WHOLE = 1 << 21  # values of a table that is taken apart as it is
_EXACT = torch.finfo(torch.float64).eps
_METRICS = {"cosine": "cosine", "euclidean": "euclidean"}


@dataclass(frozen=True)
class Principal:
    """Rows in their principal axes: scores [rows, count], axes [count, width], shares of the variance."""

    scores: torch.Tensor
    axes: torch.Tensor
    shares: list[float]
    mean: torch.Tensor


def rows_of(function: str, value: Any) -> torch.Tensor:
    """A table of finite numbers on the CPU: a matrix, or the weight of an embedding."""
    table = table_of(function, value)
    for row in strange_rows(table):
        raise LispeError(f"Error: {function}: row {row} holds NaN or infinity")
    return table


def strange_rows(table: torch.Tensor) -> Iterator[int]:
    """The numbers of the rows that hold NaN or infinity."""
    first = 0
    for part in _parts(table):
        yield from ((~part.isfinite()).any(1).nonzero()[:, 0] + first).tolist()
        first += len(part)


def table_of(function: str, value: Any) -> torch.Tensor:
    """A table of any numbers on the CPU: a matrix, or the weight of an embedding."""
    weight = getattr(value, "weight", None) if isinstance(value, torch.nn.Module) else value
    if not isinstance(weight, torch.Tensor) or weight.dim() != 2 or weight.is_complex() or weight.is_meta:
        raise wrong_argument(function, 1, "a table of rows (a matrix, an embedding)", value)
    dense = weight.detach() if weight.layout == torch.strided else weight.detach().to_dense()
    table = (dense.dequantize() if dense.is_quantized else dense).cpu()
    if table.numel() == 0:
        raise LispeError(f"Error: {function}: the table has no values")
    return table


def _parts(table: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Rows that are taken together."""
    found: tuple[torch.Tensor, ...] = table.split(max(1, _AT_ONCE // table.shape[1]))
    return found


def oriented(axes: torch.Tensor, along: int) -> torch.Tensor:
    """Axes with the sign that makes the largest part of each positive: which comes is the processor's choice.

    along: the dimension in which the parts of one axis lie.
    """
    largest = axes.gather(along, axes.abs().argmax(along, keepdim=True))
    return axes * largest.sign()


def principal(table: torch.Tensor, count: int) -> Principal:
    """The first principal axes of the rows; axes beyond those that the rows have are zero."""
    rows, width = table.shape
    mean = table.new_zeros(width, dtype=torch.float64)
    for part in _parts(table):
        mean += part.sum(0, dtype=torch.float64)
    mean /= rows
    if table.numel() <= _WHOLE or rows < width:
        _, lengths, found = torch.linalg.svd(table.double() - mean, full_matrices=False)
        squares, rounding = lengths.square(), (_EXACT * max(rows, width)) ** 2
    else:
        # Of many rows the table of width by width is enough.
        spread = torch.zeros(width, width, dtype=torch.float64)
        starts = range(0, width, _BLOCK)
        for part in _parts(table):
            shifted = part.double() - mean
            for a in starts:
                # What lies under the diagonal is the same as above it, and eigh reads one of them.
                spread[a:, a : a + _BLOCK].addmm_(shifted[:, a:].T, shifted[:, a : a + _BLOCK])
        squares, turned = torch.linalg.eigh(spread)
        squares, found, rounding = squares.flip(0), turned.T.flip(0), _EXACT * max(rows, width)
    axes = torch.zeros(count, width, dtype=torch.float64)
    # What is left of directions that the rows do not have is not zero but a rounding error.
    away = rows * (_EXACT * rows * mean.norm()).square()  # what taking the mean away leaves
    squares = squares.where(squares > torch.maximum(rounding * squares[0], away), 0.0)
    axes[: min(count, len(found))] = found[:count] * (squares[:count] > 0).unsqueeze(1)
    axes = oriented(axes, 1)
    scores = torch.cat([(part.double() - mean) @ axes.T for part in _parts(table)])
    total = float(squares.sum())
    shares = [float(s) / total if total else 0.0 for s in squares[:count]]
    return Principal(scores, axes, shares + [0.0] * (count - len(shares)), mean)


@torch_function("torch_pca", prefix="Error in torch_pca: ")
def pca(table: Any, count: int = 2) -> Dictionary:
    """The rows of a table (a matrix, an embedding) in their principal axes, the first `count` of them.

    A dictionary: `scores` [rows, count], `axes` [count, width], `shares` of the variance, `mean` [width]. The
    tensors are float64. Each axis has the sign that makes its largest part positive.

    Example: (@ (torch_pca (tensor_create '((0 0) (1 1) (2 2)))) "shares" 0) => 1
    Errors: no table; NaN or infinity in it; more axes than it has rows or columns
    Source: Pearson, On Lines and Planes of Closest Fit
    """
    name = "torch_pca"
    rows = rows_of(name, table)
    number = arguments.size(name, 2, count)
    if number > min(rows.shape):
        shown = " x ".join(map(str, rows.shape))
        raise LispeError(f"Error: {name}: {number} axes are more than a table of {shown} has")
    found = principal(rows, number)
    answer = Dictionary()
    answer.update(scores=found.scores, axes=found.axes, shares=Floats(found.shares), mean=found.mean)
    return answer


Near = tuple[list[int], list[float]]


def nearest(table: torch.Tensor, target: torch.Tensor, count: int, metric: str) -> Near:
    """The rows nearest to a vector, the nearest first, with their cosine or their distance."""
    return nearest_to_each(table, target.unsqueeze(0), count, metric)[0]


def nearest_to_each(table: torch.Tensor, targets: torch.Tensor, count: int, metric: str) -> list[Near]:
    """The same for each of several vectors; the table is gone through once."""
    wanted = targets.double()
    lengths = wanted.norm(dim=1)
    found = []
    for part in _parts(table):
        rows = part.double()
        if metric == "cosine":
            both = rows.norm(dim=1, keepdim=True) * lengths
            # A row of zeros has no direction: it is like nothing.
            found.append(torch.where(both > 0, rows @ wanted.T / both, 0.0))
        else:
            found.append(torch.stack([(rows - one).norm(dim=1) for one in wanted], dim=1))
    answers = []
    for measured in torch.cat(found).T:
        order = measured.argsort(descending=metric == "cosine", stable=True)[:count]
        answers.append((order.tolist(), measured[order].tolist()))
    return answers


@torch_function("torch_nearest", prefix="Error in torch_nearest: ")
def nearest_rows(table: Any, row: Any, count: int = 10, metric: str = "cosine") -> List:
    """The rows of a table nearest to one of its rows, or to a vector: a list of (row number) pairs.

    The number is the cosine, the largest first, or with the metric "euclidean" the distance, the smallest
    first. A row that is given by its number is left out. Of equal ones the first comes first.

    Example: (torch_nearest (tensor_create '((1 0) (0 2) (3 0))) 0 2) => ((2 1) (1 0))
    Errors: a row that the table does not have; a vector of another width; an unknown metric
    """
    name = "torch_nearest"
    rows = rows_of(name, table)
    chosen = arguments.choice(name, 4, metric, _METRICS)
    wanted = arguments.size(name, 3, count)
    place = arguments.whole(row)
    if place is not None and not isinstance(row, torch.Tensor):
        if not 0 <= place < len(rows):
            raise LispeError(f"Error: {name}: there is no row {place}; the table has {len(rows)}")
        numbers, measured = nearest(rows, rows[place], wanted + 1, chosen)
        pairs = [pair for pair in zip(numbers, measured, strict=True) if pair[0] != place][:wanted]
    else:
        target = arguments.tensor(
            row, f"Error: {name}: the second argument must be a row's number or a vector"
        )
        if tuple(target.shape) != (rows.shape[1],) or not target.isfinite().all():
            raise LispeError(
                f"Error: {name}: the vector must have {rows.shape[1]} finite numbers, as the rows have"
            )
        pairs = list(zip(*nearest(rows, target.detach().cpu(), wanted, chosen), strict=True))
    return List(List([number, value]) for number, value in pairs)
