"""One look at a tensor's values: everything that text, HTML and widgets say about it.

`summarise` goes through the values in pieces that stay in the processor's cache, twice at most (range and
moments, then the histogram; a third time where sums of squares would lose the digits of the deviation), and
brings only a handful of numbers back from the device. It never changes the tensor, never keeps it, and needs
no copy of it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lispe_kernel.display.drawing import stored
from lispe_kernel.display.page import numbers

_log = logging.getLogger("lispe.display")

BINS = 48
_MANY = 1 << 14
# The histogram shows five deviations around the mean; what lies beyond is counted in the outermost bins.
_REACH = 5.0
# Sums of squares of float64 values are safe between these powers of two.
_SMALL, _LARGE = 2.0**-400, 2.0**400


@dataclass(frozen=True)
class Statistics:
    """What is known about the values of one tensor. Numbers are None where there are no values."""

    shape: tuple[int, ...]
    names: tuple[str | None, ...]
    dtype: str
    device: str
    bytes: int
    count: int
    is_readable: bool = True  # whether the values can be read and measured at all
    notes: tuple[str, ...] = ()  # layout and state: sparse, quantized, requires_grad, meta ...
    measured: str = "values"  # what the numbers below measure: values, or magnitudes of complex values
    ragged: str = ""  # the text of a shape whose lengths differ, `[2, *, 8]`
    minimum: float | None = None  # whole numbers stay whole, as large as they are
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

    @property
    def sizes(self) -> str:
        """The shape as text."""
        return self.ragged or numbers.shape(self.shape, self.names)


def summarise(tensor: Any, histogram: bool = True) -> Statistics:
    """The statistics of any tensor: dense, sparse, quantized, complex, on any device, with or without values.

    The deviation is the unbiased one (n - 1), None below two values. Sparse tensors count their implied
    zeros; expanded ones are measured once and counted as often as they repeat. A tensor whose values
    cannot be read has only its facts, and a note that says why.
    """
    known = _facts(tensor)
    if known["count"] == 0 or not known["is_readable"]:
        return Statistics(**known)
    try:
        found = _measured(tensor, known["count"], histogram)
    except Exception as error:
        # Somebody's own kind of tensor, say: what it does not answer is not known, and said so.
        _log.debug("a %s could not be measured", type(tensor).__name__, exc_info=error)
        note = f"values of {type(tensor).__name__} cannot be measured ({type(error).__name__})"
        return Statistics(**{**known, "notes": (*known["notes"], note), "is_readable": False})
    return Statistics(**known, **found)


def _measured(tensor: Any, count: int, histogram: bool) -> dict[str, Any]:
    values, repeats = stored.stored_values(tensor)
    look = _look_at(values, repeats, count - values.numel() * repeats)
    found: dict[str, Any] = {
        "measured": "magnitudes" if tensor.is_complex() else "values",
        "nans": look.nans,
        "infinities": look.infinities,
        "zeros": look.zeros,
    }
    if look.count:
        found |= look.numbers()
        if histogram:
            found |= _histogram(look)
    return found


def _facts(tensor: Any) -> dict[str, Any]:
    shape, ragged = stored.sizes_of(tensor)
    lazy = stored.is_lazy(tensor)
    layout = "nested" if tensor.is_nested else str(tensor.layout).removeprefix("torch.").removeprefix("_")
    notes = [
        note
        for note, holds in (
            (layout, layout != "strided"),
            ("quantized", tensor.is_quantized),
            (stored.unreadable(tensor), True),
            ("requires_grad", tensor.requires_grad),
            ("has grad", tensor.is_leaf and tensor.grad is not None),
            ("conjugated", tensor.is_complex() and tensor.is_conj()),
        )
        if holds and note
    ]
    return {
        "shape": shape,
        "ragged": ragged,
        "names": () if ragged else tuple(getattr(tensor, "names", ()) or ()),
        "dtype": stored.kind_of(tensor),
        "device": str(tensor.device),
        "bytes": 0 if lazy else sum(p.numel() * p.element_size() for p in stored.parts_of(tensor)),
        "count": 0 if lazy else tensor.numel(),
        "notes": tuple(notes),
        "is_readable": not stored.unreadable(tensor),
    }


@dataclass
class _Look:
    """Range, sums and counts of the finite values of a tensor, in units that keep their digits.

    A value x is measured as (x - base) / 2^exponent: the base keeps whole numbers of 64 bits exact, the
    exponent keeps squares within the range of float64.
    """

    values: Any
    repeats: int
    implied: int  # the zeros that a sparse tensor does not store
    base: int = 0
    exponent: int = 0
    count: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    total: float = 0.0
    squares: float = 0.0  # of the values
    centre: float = 0.0  # near the mean, for the two sums below
    off: float = 0.0  # of the distances from the centre, and of their squares
    spread: float | None = None  # where `squares` would lose them
    outer: tuple[float, float] | None = None  # the ends as values, where the exponent would lose them
    zeros: int = 0
    nans: int = 0
    infinities: int = 0

    def pieces(self) -> Iterator[Any]:
        """The finite values in the units of this look."""
        ragged = self.nans or self.infinities
        if not stored.is_wide(self.values):
            for piece in stored.pieces(self.values, self.exponent):
                yield piece[piece.isfinite()] if ragged else piece
            return
        base = self._offset()
        near = self.maximum - self.minimum < 1 << 62
        for piece in stored.whole_pieces(self.values):
            # Whole numbers far apart need no last digit, near ones are subtracted before they lose it.
            yield (piece - base).double() if near else piece.double() - float(base)

    def _offset(self) -> int:
        """The base as whole pieces know it."""
        return self.base - (stored.SIGN if str(self.values.dtype) == "torch.uint64" else 0)

    def back(self, number: float) -> float:
        """A number in these units as a value of the tensor; infinite where no float is so large."""
        if self.base:
            return self.base + (int(number) if float(number).is_integer() else number)
        try:
            return math.ldexp(number, self.exponent) if self.exponent else number
        except OverflowError:
            return math.copysign(math.inf, number)

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value in these units."""
        return float(self.minimum - self.base), float(self.maximum - self.base)

    @property
    def mean(self) -> float:
        low, high = self.ends
        found = self.total / self.count if self.spread is None else self.centre + self.off / self.count
        return min(max(found, low), high)

    @property
    def deviation(self) -> float | None:
        if self.count < 2:
            return None
        if self.minimum == self.maximum:
            return 0.0
        if self.spread is None:
            spread = self.squares - self.count * (self.total / self.count) ** 2
        else:
            spread = self.spread - self.off * (self.off / self.count)
        return math.sqrt(max(0.0, spread) / (self.count - 1))

    def numbers(self) -> dict[str, float | None]:
        """The measures as values of the tensor."""
        spread = self.deviation
        ends = self.outer or (self.minimum, self.maximum)
        if _is_whole(self.values):
            ends = (int(ends[0]), int(ends[1]))
        return {
            "minimum": ends[0],
            "maximum": ends[1],
            "mean": float(self.back(self.mean)),
            "deviation": None if spread is None else self._size(spread),
            "norm": self._size(math.sqrt(self.squares)),
        }

    def _size(self, length: float) -> float:
        try:
            return math.ldexp(length, self.exponent)
        except OverflowError:
            return math.inf


def _look_at(values: Any, repeats: int, implied: int) -> _Look:
    look = _Look(values, repeats, implied)
    if stored.is_wide(values):
        _count_whole(look)
    else:
        _count_real(look)
        look = _rescaled(look)
    if implied and look.count:
        look.minimum, look.maximum = min(look.minimum, 0), max(look.maximum, 0)
    look.count += implied
    look.zeros += implied
    if implied and look.count == implied:
        look.minimum = look.maximum = 0
    if stored.is_wide(values) or _loses_digits(look):
        _measure_spread(look)
    return look


def _rescaled(look: _Look) -> _Look:
    """The look again in units of the largest value, where squares would leave the range of float64."""
    largest = max(abs(look.minimum), abs(look.maximum)) if look.count else 0.0
    if stored.kind_of(look.values) == "complex128":
        # The magnitude of two finite components may be beyond all floats.
        largest = max(largest, stored.largest_component(look.values))
    if look.values.dtype.itemsize < 8 or not largest or _SMALL < largest < _LARGE:
        return look
    found = _Look(look.values, look.repeats, look.implied, exponent=math.frexp(largest)[1] + 1)
    _count_real(found)
    low, high = found.back(found.minimum), found.back(found.maximum)
    found.zeros = look.zeros
    found.outer = (look.minimum, max(high, look.maximum)) if look.count else (low, high)
    if look.implied:
        found.outer = (min(found.outer[0], 0.0), max(found.outer[1], 0.0))
    return found


def _count_real(look: _Look) -> None:
    for piece in stored.pieces(look.values, look.exponent):
        _count_piece(look, piece)


def _count_piece(look: _Look, piece: Any) -> None:
    """Add what a piece holds: ends, sums, zeros; what is not finite is only counted."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    low, high = (float(end) for end in torch.aminmax(piece))
    if not (math.isfinite(low) and math.isfinite(high)):
        look.nans += int(piece.isnan().sum()) * look.repeats
        look.infinities += int(piece.isinf().sum()) * look.repeats
        piece = piece[piece.isfinite()]
        if piece.numel() == 0:
            return
        low, high = (float(end) for end in torch.aminmax(piece))
    largest = max(abs(low), abs(high))
    # Squares of values beyond these overflow or vanish in float32.
    wide = piece if 1e-15 < largest < 1e15 or largest == 0 else piece.double()
    look.minimum, look.maximum = min(look.minimum, low), max(look.maximum, high)
    look.total += float(wide.sum()) * look.repeats
    look.squares += float(torch.dot(wide, wide)) * look.repeats
    # Most pieces hold no zero, and the smallest magnitude says so faster than counting.
    if low <= 0 <= high and float(piece.abs().amin()) == 0:
        look.zeros += (piece.numel() - int(torch.count_nonzero(piece))) * look.repeats
    look.count += piece.numel() * look.repeats


def _count_whole(look: _Look) -> None:
    """The same for whole numbers of 64 bits, whose ends and sum stay exact."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    shift = stored.SIGN if str(look.values.dtype) == "torch.uint64" else 0
    total, count = 0, 0
    for piece, reals in zip(stored.whole_pieces(look.values), stored.pieces(look.values), strict=True):
        low, high = (int(end) + shift for end in torch.aminmax(piece))
        look.minimum, look.maximum = min(look.minimum, low), max(look.maximum, high)
        total += (int((piece >> 32).sum()) << 32) + int((piece & 0xFFFFFFFF).sum()) + shift * piece.numel()
        look.zeros += int((piece == -shift).sum()) * look.repeats
        look.squares += float(torch.dot(reals, reals)) * look.repeats
        count += piece.numel()
    look.count = count * look.repeats
    if look.count:
        look.base = round(total * look.repeats / (look.count + look.implied))


def _loses_digits(look: _Look) -> bool:
    if look.count < 2:
        return False
    mean = look.total / look.count
    return mean * mean * look.count > 0.99 * look.squares or not math.isfinite(look.squares)


def _measure_spread(look: _Look) -> None:
    """The sums of the distances from near the mean, over the finite values, and of their squares."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    look.centre = 0.0 if stored.is_wide(look.values) else look.total / look.count
    off = spread = 0.0
    for piece in look.pieces():
        shifted = piece.double() - look.centre
        off += float(shifted.sum()) * look.repeats
        spread += float(torch.dot(shifted, shifted)) * look.repeats
    zero = -look.base - look.centre
    look.off, look.spread = off + look.implied * zero, spread + look.implied * zero * zero


def _histogram(look: _Look) -> dict[str, Any]:
    """Counts over `BINS` equal bins (fewer for a few whole numbers), and the range they cover."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    low, high, bins = _range(look)
    width = (high - low) / bins
    facts = {"low": float(look.back(low)), "high": float(look.back(high))}
    if width <= 0 or not math.isfinite(width):
        return {**facts, "histogram": (look.count,)}

    def places() -> Iterator[Any]:
        for piece in look.pieces():
            finite = piece.double() if width < 1e-30 or max(abs(low), abs(high)) > 1e30 else piece
            # To int8, not uint8: the conversion of floats is five times as fast there.
            yield finite.sub(low).mul_(1 / width).clamp_(0, bins - 1).to(torch.int8)

    made = [count * look.repeats for count in _counted(places(), bins)]
    if look.implied:
        made[min(bins - 1, max(0, int((-look.base - low) / width)))] += look.implied
    return {**facts, "histogram": tuple(made)}


def _counted(pieces: Iterator[Any], bins: int) -> list[int]:
    """How many of some places below 128 there are of each.

    Many are counted in pairs of neighbours, which takes half the steps: one of two bytes is one of 16 bits.
    """
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    counts, pairs = torch.zeros(bins, dtype=torch.int64), None
    for places in pieces:
        if places.numel() < _MANY or places.numel() % 2:
            counts += torch.bincount(places, minlength=bins).cpu()
        else:
            found = torch.bincount(places.view(torch.int16), minlength=bins << 8)
            pairs = found if pairs is None else pairs.add_(found)
    if pairs is not None:
        table = pairs.cpu().view(bins, 256)[:, :bins]
        counts += table.sum(0) + table.sum(1)
    return counts.tolist()


def _range(look: _Look) -> tuple[float, float, int]:
    low, high = look.ends
    if _is_whole(look.values) and high - low < BINS:
        return low - 0.5, high + 0.5, int(high - low) + 1
    reach = _REACH * (look.deviation or 0.0)
    return max(low, look.mean - reach), min(high, look.mean + reach), BINS


def _is_whole(values: Any) -> bool:
    return not (values.is_floating_point() or values.is_complex() or values.is_quantized)
