"""One look at a tensor's values: everything that text, HTML and widgets say about it.

`summarise` goes through the values in pieces that stay in the processor's cache, twice at most (range and
moments, then the histogram), and brings only a handful of numbers back from the device. It never changes
the tensor, never keeps it, and needs no copy of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

BINS = 48
_PIECE = 1 << 17
# The histogram shows five deviations around the mean; what lies beyond is counted in the outermost bins.
_REACH = 5.0


@dataclass(frozen=True)
class Statistics:
    """What is known about the values of one tensor. Numbers are None where there are no values."""

    shape: tuple[int, ...]
    names: tuple[str | None, ...]
    dtype: str
    device: str
    bytes: int
    count: int
    notes: tuple[str, ...] = ()  # layout and state: sparse, quantized, requires_grad, meta ...
    measured: str = "values"  # what the numbers below measure: values, or magnitudes of complex values
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    norm: float | None = None
    zeros: int = 0
    nans: int = 0
    infinities: int = 0
    low: float = 0.0  # the range of the histogram
    high: float = 0.0
    histogram: tuple[int, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there are finite values to speak about."""
        return self.minimum is not None

    @property
    def magnitude(self) -> float:
        """The largest absolute value: the unit in which computed numbers are rounded."""
        return max(abs(self.minimum or 0.0), abs(self.maximum or 0.0))


def summarise(tensor: Any, histogram: bool = True) -> Statistics:
    """The statistics of any tensor: dense, sparse, quantized, complex, on any device, with or without values.

    The deviation is the unbiased one (n - 1), None below two values. Sparse tensors count their implied
    zeros; expanded ones are measured once and counted as often as they repeat.
    """
    known = _facts(tensor)
    if known["count"] == 0 or tensor.is_meta:
        return Statistics(**known)
    values, repeats = stored_values(tensor)
    implied = known["count"] - values.numel() * repeats
    moments = _Moments.of(values, repeats, implied)
    known.update(nans=moments.nans, infinities=moments.infinities, zeros=moments.zeros)
    if tensor.is_complex():
        known["measured"] = "magnitudes"
    if moments.count == 0:
        return Statistics(**known)
    known.update(moments.numbers())
    if histogram:
        known.update(_histogram(values, repeats, implied, moments))
    return Statistics(**known)


def _facts(tensor: Any) -> dict[str, Any]:
    sparse = str(tensor.layout) != "torch.strided"
    notes = [
        note
        for note, holds in (
            (str(tensor.layout).removeprefix("torch."), sparse),
            ("quantized", tensor.is_quantized),
            ("meta: no values", tensor.is_meta),
            ("requires_grad", tensor.requires_grad),
            ("has grad", tensor.is_leaf and tensor.grad is not None),
            ("conjugated", tensor.is_complex() and tensor.is_conj()),
        )
        if holds
    ]
    return {
        "shape": tuple(tensor.shape),
        "names": tuple(getattr(tensor, "names", ()) or ()),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "device": str(tensor.device),
        "bytes": sum(part.numel() * part.element_size() for part in _parts(tensor)),
        "count": tensor.numel(),
        "notes": tuple(notes),
    }


def _parts(tensor: Any) -> list[Any]:
    """The dense tensors that a tensor consists of."""
    layout = str(tensor.layout)
    if layout == "torch.sparse_coo":
        return [tensor.detach()._indices(), tensor.detach()._values()] if tensor.is_sparse else [tensor]
    if layout in ("torch.sparse_csr", "torch.sparse_bsr"):
        return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    if layout in ("torch.sparse_csc", "torch.sparse_bsc"):
        return [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    return [tensor]


def stored_values(tensor: Any) -> tuple[Any, int]:
    """The values a tensor really holds, and how often each one stands for a value of it."""
    values = tensor.detach()
    if str(values.layout) == "torch.sparse_coo":
        values = values.coalesce().values()
    elif str(values.layout) != "torch.strided":
        values = values.values()
    repeats = 1
    for axis, (length, stride) in enumerate(zip(values.shape, values.stride(), strict=True)):
        if stride == 0 and length > 1:
            values, repeats = values.narrow(axis, 0, 1), repeats * length
    return values, repeats


def pieces(values: Any) -> Iterator[Any]:
    """A strided tensor as one-dimensional real pieces, in the order of memory where that is possible."""
    if values.is_quantized:
        for piece in pieces(values.int_repr()) if _affine(values) else pieces(values.dequantize()):
            yield (piece - values.q_zero_point()) * values.q_scale() if _affine(values) else piece
        return
    order = sorted(range(values.dim()), key=lambda axis: -values.stride(axis))
    flat = values.permute(order)
    # On an accelerator one large kernel is cheap and every small one costs a launch.
    length = _PIECE if values.device.type == "cpu" else 1 << 27
    if flat.is_contiguous():
        for piece in flat.view(-1).split(length):
            yield real(piece)
        return
    rows = max(1, length * flat.shape[0] // max(1, flat.numel()))
    for part in flat.split(rows, 0):
        yield real(part.reshape(-1))


def _affine(values: Any) -> bool:
    return str(values.qscheme()).endswith("per_tensor_affine")


def real(piece: Any) -> Any:
    """Values as float32, or float64 where that is needed; complex values as their magnitudes."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    if piece.is_complex():
        piece = piece.abs()
    if piece.dtype in (torch.float32, torch.float64):
        return piece
    wide = piece.dtype in (torch.int32, torch.int64, torch.uint32, torch.uint64)
    return piece.to(torch.float64 if wide and piece.device.type != "mps" else torch.float32)


@dataclass
class _Moments:
    """Range, sums and counts of the finite values."""

    count: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    total: float = 0.0
    squares: float = 0.0  # of the values
    centred: float | None = None  # of the distances from the mean, where `squares` would lose them
    zeros: int = 0
    nans: int = 0
    infinities: int = 0

    @classmethod
    def of(cls, values: Any, repeats: int, implied: int) -> _Moments:
        import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

        made = cls()
        rows = [_measure(piece) for piece in pieces(values)]
        measured = torch.stack(rows).tolist() if rows else []
        for low, high, total, squares, nonzero, length, nans, infinities in measured:
            made.count += int(length)
            made.nans += int(nans) * repeats
            made.infinities += int(infinities) * repeats
            if length:
                made.minimum, made.maximum = min(made.minimum, low), max(made.maximum, high)
                made.total += total
                made.squares += squares
                made.zeros += int(length - nonzero)
        made.total, made.squares = made.total * repeats, made.squares * repeats
        made.count, made.zeros = made.count * repeats + implied, made.zeros * repeats + implied
        if implied:
            made.minimum, made.maximum = min(made.minimum, 0.0), max(made.maximum, 0.0)
        if made._loses_digits():
            mean = made.total / made.count
            made.centred = _around(values, mean) * repeats
            if implied:
                made.centred += implied * mean * mean
        return made

    def _loses_digits(self) -> bool:
        if self.count < 2:
            return False
        mean = self.total / self.count
        return mean * mean * self.count > 0.99 * self.squares or not math.isfinite(self.squares)

    def numbers(self) -> dict[str, float | None]:
        mean = self.total / self.count
        spread = self.squares - self.count * mean * mean if self.centred is None else self.centred
        return {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "mean": min(max(mean, self.minimum), self.maximum),
            "deviation": math.sqrt(max(0.0, spread) / (self.count - 1)) if self.count > 1 else None,
            "norm": math.sqrt(self.squares),
        }


def _measure(piece: Any) -> Any:
    """min, max, sum, sum of squares, non-zeros and length of the finite values; NaNs; infinities."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    low, high = torch.aminmax(piece)
    if piece.device.type == "cpu" and math.isfinite(low.item()) and math.isfinite(high.item()):
        return _row(piece, low, high, 0, 0)
    nans = int(piece.isnan().sum())
    infinities = int(piece.isinf().sum())
    finite = piece[piece.isfinite()] if nans or infinities else piece
    if finite.numel() == 0:
        return torch.tensor([0.0, 0, 0, 0, 0, 0, nans, infinities], dtype=torch.float64)
    low, high = torch.aminmax(finite)
    return _row(finite, low, high, nans, infinities)


def _row(piece: Any, low: Any, high: Any, nans: int, infinities: int) -> Any:
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    largest = max(abs(float(low)), abs(float(high)))
    # Squares of values beyond these overflow or vanish in float32.
    wide = piece if 1e-15 < largest < 1e15 or largest == 0 else piece.double()
    squares = torch.dot(wide, wide)
    row = [float(low), float(high), float(wide.sum()), float(squares), int(torch.count_nonzero(piece))]
    return torch.tensor([*row, piece.numel(), nans, infinities], dtype=torch.float64)


def _around(values: Any, mean: float) -> float:
    """The sum of squared distances from the mean, over the finite values."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    total = 0.0
    for piece in pieces(values):
        shifted = (
            (piece[piece.isfinite()].double() - mean)
            if piece.dtype != torch.float64
            else piece[piece.isfinite()] - mean
        )
        total += float(torch.dot(shifted, shifted))
    return total


def _histogram(values: Any, repeats: int, implied: int, moments: _Moments) -> dict[str, Any]:
    """Counts over `BINS` equal bins (fewer for a few whole numbers), and the range they cover."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    low, high, bins = _range(values, moments)
    width = (high - low) / bins
    if width <= 0 or not math.isfinite(width):
        return {"low": low, "high": high, "histogram": (moments.count,)}
    counts = torch.zeros(bins, dtype=torch.int64, device=values.device)
    ragged = moments.nans or moments.infinities
    for piece in pieces(values):
        finite = piece[piece.isfinite()] if ragged else piece
        if width < 1e-30 or max(abs(low), abs(high)) > 1e30:
            finite = finite.double()
        places = finite.sub(low).mul_(1 / width).clamp_(0, bins - 1)
        # To int8, not uint8: the conversion of floats is five times as fast there.
        counts += torch.bincount(places.to(torch.int8), minlength=bins)
    made = [int(c) * repeats for c in counts.tolist()]
    if implied:
        made[min(bins - 1, max(0, int(-low / width)))] += implied
    return {"low": low, "high": high, "histogram": tuple(made)}


def _range(values: Any, moments: _Moments) -> tuple[float, float, int]:
    low, high = moments.minimum, moments.maximum
    whole = not (values.is_floating_point() or values.is_complex() or values.is_quantized)
    if whole and high - low < BINS:
        return low - 0.5, high + 0.5, int(high - low) + 1
    numbers = moments.numbers()
    reach = _REACH * (numbers["deviation"] or 0.0)
    mean = numbers["mean"] or 0.0
    return max(low, mean - reach), min(high, mean + reach), BINS
