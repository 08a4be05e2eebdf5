"""Range, sums and counts of the values of one tensor, and the histogram: the arithmetic of `statistics`.

The values are gone through in pieces that stay in the processor's cache, twice at most (range and moments,
then the histogram; a third time where sums of squares would lose the digits of the deviation).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from lispe_kernel.display.drawing import large, stored

BINS = 48
# The histogram shows five deviations around the mean; what lies beyond is counted in the outermost bins.
_REACH = 5.0
# Sums of squares of float64 values are safe between these powers of two.
_SMALL, _LARGE = 2.0**-400, 2.0**400


@dataclass
class Look:
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
    below: int = 0  # those of them that are negative

    def add(self, low: float, high: float, total: float, squares: float, zeros: int, count: int) -> None:
        """Take in what some of the values are."""
        self.minimum, self.maximum = min(self.minimum, low), max(self.maximum, high)
        self.total += total * self.repeats
        self.squares += squares * self.repeats
        self.zeros += zeros * self.repeats
        self.count += count * self.repeats

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

    def counts(self) -> dict[str, Any]:
        """What there is of values that are told by their number."""
        return {"nans": self.nans, "infinities": self.infinities, "below": self.below, "zeros": self.zeros}

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


def look_at(values: Any, repeats: int, implied: int) -> Look:
    """The look at values that stand for `repeats` values each, beside `implied` zeros."""
    look = Look(values, repeats, implied)
    if stored.is_wide(values):
        _count_whole(look)
    else:
        _count_real(look)
    return finished(look)


def finished(look: Look) -> Look:
    """A look whose stored values are counted, with the implied zeros and what large values ask for."""
    implied = look.implied
    if not stored.is_wide(look.values):
        look = _rescaled(look)
    if implied and look.count:
        look.minimum, look.maximum = min(look.minimum, 0), max(look.maximum, 0)
    look.count += implied
    look.zeros += implied
    if implied and look.count == implied:
        look.minimum = look.maximum = 0
    if stored.is_wide(look.values) or _loses_digits(look):
        _measure_spread(look)
    return look


def _rescaled(look: Look) -> Look:
    """The look again in units of the largest value, where squares would leave the range of float64."""
    largest = max(abs(look.minimum), abs(look.maximum)) if look.count else 0.0
    if stored.kind_of(look.values) == "complex128":
        # The magnitude of two finite components may be beyond all floats.
        largest = max(largest, stored.largest_component(look.values))
    if look.values.dtype.itemsize < 8 or not largest or _SMALL < largest < _LARGE:
        return look
    found = Look(look.values, look.repeats, look.implied, exponent=math.frexp(largest)[1] + 1)
    _count_real(found)
    low, high = found.back(found.minimum), found.back(found.maximum)
    found.zeros = look.zeros
    found.outer = (look.minimum, max(high, look.maximum)) if look.count else (low, high)
    if look.implied:
        found.outer = (min(found.outer[0], 0.0), max(found.outer[1], 0.0))
    return found


def _count_real(look: Look) -> None:
    shares = [] if look.exponent else large.pieces(look.values)
    for share, found in zip(shares, large.through(shares, _of_a_share), strict=True):
        if found:
            look.add(*found)
        else:
            _count_pieces(look, torch_of(share))
    if not shares:
        _count_pieces(look, look.values)


def torch_of(share: Any) -> Any:
    """An array as a tensor on the same memory."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    return torch.from_numpy(share)


def _of_a_share(share: Any, room: Any) -> tuple[float, float, float, float, int, int] | None:
    """Ends, sums and counts of an array of ordinary values; None for one that holds others."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    with np.errstate(all="ignore"):
        low, high = float(share.min()), float(share.max())
    largest = max(abs(low), abs(high))
    if not squares_fit(largest):
        return None
    squares = np.multiply(share, share, out=room[0])
    zeros = 0 if squares.min() > 0 else _zeros_of(share)
    return low, high, float(share.sum()), float(squares.sum()), zeros, share.size


def _zeros_of(share: Any) -> int:
    """How many values are zero: of comparisons, since to count floats themselves takes many times as long."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    return int(share.size - np.count_nonzero(share != 0))


def _count_pieces(look: Look, values: Any) -> None:
    room = None
    for piece in stored.pieces(values, look.exponent):
        room = room_like(piece, room)
        _count_piece(look, piece, room)


def room_like(piece: Any, room: Any) -> Any:
    """Memory for what is made of a piece: that of the piece before where it is as large.

    Fresh memory for every result costs three times the arithmetic.
    """
    if room is not None and room.dtype == piece.dtype and room.numel() >= piece.numel():
        return room
    return piece.new_empty(piece.numel())


def _count_piece(look: Look, piece: Any, room: Any) -> None:
    """Add what a piece holds: ends, sums, zeros; what is not finite is only counted."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    low, high = (float(end) for end in torch.aminmax(piece))
    if not (math.isfinite(low) and math.isfinite(high)):
        look.nans += int(piece.isnan().sum()) * look.repeats
        look.infinities += int(piece.isinf().sum()) * look.repeats
        look.below += int(piece.isneginf().sum()) * look.repeats
        piece = piece[piece.isfinite()]
        if piece.numel() == 0:
            return
        low, high = (float(end) for end in torch.aminmax(piece))
    largest = max(abs(low), abs(high))
    # Squares of values beyond these overflow or vanish in float32.
    wide = piece if squares_fit(largest) else piece.double()
    total, squares, zeros = float(wide.sum()), sum_of_squares(wide, room), 0
    # Most pieces hold no zero, and the smallest magnitude says so faster than counting.
    if low <= 0 <= high and float(torch.abs(piece, out=room[: piece.numel()]).amin()) == 0:
        zeros = _zeros_of(piece.cpu().numpy())
    look.add(low, high, total, squares, zeros, piece.numel())


def sum_of_squares(values: Any, room: Any = None) -> float:
    """In two steps: a product of vectors wakes the threads of the algebra library for any size."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    return float(torch.mul(values, values, out=room_like(values, room)[: values.numel()]).sum())


def squares_fit(largest: float) -> bool:
    """Whether float32 holds the squares of values up to this one."""
    return 1e-15 < largest < 1e15 or largest == 0


def _count_whole(look: Look) -> None:
    """The same for whole numbers of 64 bits, whose ends and sum stay exact."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    shift = stored.SIGN if str(look.values.dtype) == "torch.uint64" else 0
    total, count = 0, 0
    for piece, reals in zip(stored.whole_pieces(look.values), stored.pieces(look.values), strict=True):
        low, high = (int(end) + shift for end in torch.aminmax(piece))
        look.minimum, look.maximum = min(look.minimum, low), max(look.maximum, high)
        total += (int((piece >> 32).sum()) << 32) + int((piece & 0xFFFFFFFF).sum()) + shift * piece.numel()
        look.zeros += int((piece == -shift).sum()) * look.repeats
        look.squares += sum_of_squares(reals) * look.repeats
        count += piece.numel()
    look.count = count * look.repeats
    if look.count:
        look.base = round(total * look.repeats / (look.count + look.implied))


def _loses_digits(look: Look) -> bool:
    if look.count < 2:
        return False
    mean = look.total / look.count
    return mean * mean * look.count > 0.99 * look.squares or not math.isfinite(look.squares)


def _measure_spread(look: Look) -> None:
    """The sums of the distances from near the mean, over the finite values, and of their squares."""
    look.centre = 0.0 if stored.is_wide(look.values) else look.total / look.count
    off = spread = 0.0
    for piece in look.pieces():
        shifted = piece.double() - look.centre
        off += float(shifted.sum()) * look.repeats
        spread += sum_of_squares(shifted) * look.repeats
    zero = -look.base - look.centre
    look.off, look.spread = off + look.implied * zero, spread + look.implied * zero * zero


def histogram(look: Look) -> dict[str, Any]:
    """Counts over `BINS` equal bins (fewer for a few whole numbers), and the range they cover."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    low, high, bins = range_of(look)
    width = (high - low) / bins
    if width <= 0 or not math.isfinite(width):
        return counted(look, low, high, [look.count])

    found, room = torch.zeros(bins, dtype=torch.int64), None
    ordinary = not (look.exponent or look.nans or look.infinities or is_extreme(low, high, width))
    shares = large.pieces(look.values) if ordinary else []
    for counts in large.through(shares, partial(_counts_of_a_share, low=low, width=width, bins=bins)):
        found += counts
    for piece in [] if shares else look.pieces():
        finite = piece.double() if is_extreme(low, high, width) else piece
        count, room = finite.numel(), room_like(finite, room)
        scaled = torch.sub(finite, low, out=room[:count]).mul_(1 / width).clamp_(0, bins - 1)
        # To int8, not uint8: the conversion of floats is five times as fast there.
        found += torch.bincount(scaled.to(torch.int8), minlength=bins).cpu()
    made = [count * look.repeats for count in found.tolist()]
    if look.implied:
        made[min(bins - 1, max(0, int((-look.base - low) / width)))] += look.implied
    return counted(look, low, high, made)


def _counts_of_a_share(share: Any, room: Any, low: float, width: float, bins: int) -> Any:
    """How many values of an array lie in each of the bins."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    scaled, places = room[0], room[1].view(np.int8)[: share.size]
    np.multiply(np.subtract(share, low, out=scaled), 1 / width, out=scaled)
    np.copyto(places, np.clip(scaled, 0, bins - 1, out=scaled), casting="unsafe")
    return torch.bincount(torch.from_numpy(places), minlength=bins)


def counted(look: Look, low: float, high: float, counts: list[int]) -> dict[str, Any]:
    """A histogram and its ends as values of the tensor."""
    return {"low": float(look.back(low)), "high": float(look.back(high)), "histogram": tuple(counts)}


def is_extreme(low: float, high: float, width: float) -> bool:
    """Whether float32 cannot tell the bins of a range apart."""
    return width < 1e-30 or max(abs(low), abs(high)) > 1e30


def range_of(look: Look) -> tuple[float, float, int]:
    """The ends of the histogram in the units of the look, and the number of its bins."""
    low, high = look.ends
    if _is_whole(look.values) and high - low < BINS:
        return low - 0.5, high + 0.5, int(high - low) + 1
    reach = _REACH * (look.deviation or 0.0)
    return max(low, look.mean - reach), min(high, look.mean + reach), BINS


def _is_whole(values: Any) -> bool:
    return not (values.is_floating_point() or values.is_complex() or values.is_quantized)
