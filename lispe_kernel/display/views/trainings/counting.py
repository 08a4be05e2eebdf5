"""The values of tensors counted over several moments, into bins that all moments share.

Every value is read, in pieces, twice: for the ends of the bins, and for the counts. Numbers are measured in
units of a power of two near the largest of them, so that none is too large or too small to be squared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.display.drawing import stored

REACH = 5.0  # deviations around the mean that the bins show; what lies beyond is in the outermost ones
_FINEST = 8  # a bin is so many times wider than what tells two floats apart
_HALVES = 2.0**52  # below it there are halves between whole numbers
_DENSE = -960  # below this exponent the ends of bins lie so close that they are rounded


@dataclass
class Measured:
    """The values of one tensor at one moment. Numbers are None where it has no finite value."""

    finite: int = 0
    nans: int = 0
    infinities: int = 0
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = True
    unread: str = ""  # why it cannot be read
    parts: list[tuple[int, int, float, float]] = field(default_factory=list)  # count, exponent, mean, spread
    counts: tuple[int, ...] = ()
    beyond: int = 0  # values outside of all bins, counted in the outermost

    @property
    def values(self) -> int:
        return self.finite + self.nans + self.infinities

    @property
    def mean(self) -> float | None:
        return _moments([self])[0] if self.finite else None

    @property
    def deviation(self) -> float | None:
        """Of the values themselves (over n)."""
        return _moments([self])[1] if self.finite else None


@dataclass(frozen=True)
class Bins:
    """Bins of one width; the ends are in units of two to the exponent."""

    low: float
    high: float
    count: int
    exponent: int

    @property
    def edges(self) -> list[float]:
        import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

        found: list[float] = np.ldexp(
            np.linspace(self.low, self.high, self.count + 1), self.exponent
        ).tolist()
        return found


def measure(tensor: Any) -> Measured:
    """How many values there are, and where they lie."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    found = Measured(unread=stored.unreadable(tensor))
    if found.unread:
        return found
    found.whole = not (tensor.is_floating_point() or tensor.is_complex() or tensor.is_quantized)
    for piece in _pieces(tensor):
        kept = piece[np.isfinite(piece)]
        nans = int(np.isnan(piece).sum())
        found.nans += nans
        found.infinities += piece.size - kept.size - nans
        if not kept.size:
            continue
        low, high = float(kept.min()), float(kept.max())
        found.minimum = low if found.minimum is None else min(found.minimum, low)
        found.maximum = high if found.maximum is None else max(found.maximum, high)
        exponent = _exponent(low, high)
        small = np.ldexp(kept, -exponent)
        found.parts.append((kept.size, exponent, float(small.mean()), float(small.var()) * kept.size))
        found.finite += kept.size
    return found


def bins_of(moments: Sequence[Measured], count: int) -> Bins | None:
    """Bins that fit the values of all moments; whole numbers that are few have one each."""
    seen = [m for m in moments if m.minimum is not None and m.maximum is not None]
    if not seen:
        return None
    low = min(m.minimum for m in seen if m.minimum is not None)
    high = max(m.maximum for m in seen if m.maximum is not None)
    if all(m.whole for m in seen) and high - low < count and max(-low, high) < _HALVES:
        return Bins(low - 0.5, high + 0.5, int(high - low) + 1, 0)
    exponent = _exponent(low, high)
    mean, deviation = _pooled(seen, exponent)
    low, high = math.ldexp(low, -exponent), math.ldexp(high, -exponent)
    if max(mean - low, high - mean) > REACH * deviation > 0:
        low, high = max(low, mean - REACH * deviation), min(high, mean + REACH * deviation)
    least = _FINEST * count * math.ulp(max(abs(low), abs(high)))
    if high - low < least:
        # One value alone, or nearly: it stands in the middle.
        middle = low + (high - low) / 2
        room = max(abs(middle) / 2, least) if low or high else 0.5
        low, high = middle - room, middle + room
    return Bins(low, high, count, exponent)


def count(tensor: Any, bins: Bins, found: Measured) -> None:
    """Count the values of a tensor that was measured before."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    counts = np.zeros(bins.count, dtype=np.int64)
    for piece in _pieces(tensor):
        kept = piece[np.isfinite(piece)]
        low, high, ends = bins.low, bins.high, None
        if bins.exponent < _DENSE:
            ends = np.array(bins.edges)
            low, high = ends[0], ends[-1]
        else:
            kept = np.ldexp(kept, -bins.exponent)
        found.beyond += int(((kept < low) | (kept > high)).sum())
        kept = kept.clip(low, high)
        counts += np.histogram(kept, bins=bins.count if ends is None else ends, range=(low, high))[0]
    found.counts = tuple(counts.tolist())


def _pieces(tensor: Any) -> Iterator[Any]:
    """The values in a row, in float64, magnitudes of complex ones."""
    values = tensor.detach()
    parts = values.unbind() if values.is_nested else [values]
    for part in parts:
        for piece in stored.pieces(stored.dense(part)):
            yield piece.double().cpu().numpy()


def _exponent(low: float, high: float) -> int:
    return math.frexp(max(abs(low), abs(high)))[1]


def _pooled(moments: Sequence[Measured], exponent: int) -> tuple[float, float]:
    """Mean and deviation of all values together, in units of two to the exponent."""
    parts = [
        (n, math.ldexp(mean, e - exponent), math.ldexp(spread, 2 * (e - exponent)))
        for m in moments
        for n, e, mean, spread in m.parts
    ]
    total = sum(n for n, _, _ in parts)
    mean = math.fsum(n * at for n, at, _ in parts) / total
    spread = math.fsum(inner + n * (at - mean) ** 2 for n, at, inner in parts)
    return mean, math.sqrt(spread / total)


def _moments(moments: Sequence[Measured]) -> tuple[float, float]:
    exponent = max(e for m in moments for _, e, _, _ in m.parts)
    mean, deviation = _pooled(moments, exponent)
    return math.ldexp(mean, exponent), _back(deviation, exponent)


def _back(number: float, exponent: int) -> float:
    try:
        return math.ldexp(number, exponent)
    except OverflowError:
        return math.inf
