"""Numbers as people read them: counts, sizes, shapes, and values rounded until every machine agrees.

Sums of floating-point numbers differ in their last digits between machines; what is compared as text
must not. Nothing here knows what the numbers mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from lispe_kernel.torch_library.support.sizes import short_amount, short_number

_CLOSE = 5e-4  # of a mean: values that lie nearer to each other read the same in four digits
_MOST_DIGITS = 12
_MOMENTS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))


def value(number: float, digits: int = 4) -> str:
    """A value in at most `digits` significant digits: `3.142`, `1e-05`, `nan`, `-inf`."""
    if isinstance(number, int):
        if abs(number) < 10**12:
            return str(number)
        # A float has no room for the largest integers.
        return format(float(number) if abs(number) < 10**300 else Decimal(number), f".{digits}g")
    if not number:
        return "0"
    if 10 ** (digits - 1) <= abs(number) < 10 ** max(7, digits):
        return str(round(number))
    return format(number, f".{digits}g")


def stable(number: float, magnitude: float, digits: int = 5, spread: float | None = None) -> str:
    """A computed value in `digits` significant digits of `magnitude`, the largest value it came from.

    The mean of values around 1 that differs from 0 only by rounding errors is written `0`. spread: how far
    the values lie apart; where four digits do not tell them apart the mean has as many more as do.
    """
    if not math.isfinite(number) or not math.isfinite(magnitude) or magnitude == 0:
        return value(number, 4)
    if (near := digits_apart(abs(number), spread or 0.0)) > 4:
        return value(number, near)
    places = digits - 1 - math.floor(math.log10(abs(magnitude)))
    rounded = round(number, places) if abs(places) < 300 else number
    return value(rounded + 0.0, 4)


def digits_apart(size: float, spread: float) -> int:
    """How many digits tell values apart that are as large and lie so far from each other: at least four."""
    if not 0 < spread < _CLOSE * size < math.inf:
        return 4
    return min(_MOST_DIGITS, 3 + math.ceil(math.log10(size / spread)))


def count(number: int) -> str:
    """A whole number with its thousands separated: `12,345`."""
    return f"{number:,}"


def size(number: int) -> str:
    """A number of bytes in decimal units: `512 B`, `4.2 MB`."""
    return short_amount(number)


def short_count(number: int) -> str:
    """A large number where there is little room: `512`, `4.2 M`."""
    return short_number(number)


def share(part: int, whole: int) -> str:
    """A share in percent that says 0% and 100% only when that is exact: `<0.1%`, `37.5%`."""
    if whole == 0 or part == 0:
        return "0%"
    if part == whole:
        return "100%"
    percent = 100 * part / whole
    if percent < 0.1:
        return "<0.1%"
    return ">99.9%" if percent > 99.9 else f"{percent:.3g}%"


def shape(sizes: Iterable[int], names: Iterable[str | None] = ()) -> str:
    """A shape, with the names of its axes where they have one: `[batch 2, 3]`; a scalar is `[]`."""
    sizes = list(sizes)
    labels = [*names, *[None] * len(sizes)]
    return "[" + ", ".join(f"{n} {s}" if n else str(s) for s, n in zip(sizes, labels, strict=False)) + "]"


def duration(seconds: float) -> str:
    """A stretch of time: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def brief(seconds: float) -> str:
    """A short stretch of time in the unit that people would choose: `12.3 µs`, `1.5 s`."""
    unit, length = next(((unit, length) for unit, length in _MOMENTS if seconds >= length), _MOMENTS[-1])
    return f"{seconds / length:.3g} {unit}"


def ticks(length: int, most: int = 6) -> list[int]:
    """Round positions in `0 .. length - 1` for an axis of so many places, at most `most` of them.

    Powers of two get steps that are powers of two: 512 places give 0 128 256 384.
    """
    if length <= 0:
        return []
    binary = length >= 16 and length & (length - 1) == 0
    step = 1
    ladder = (2,) if binary else (2, 2.5, 2)
    rung = 0
    while (length - 1) // step + 1 > most:
        step = int(step * ladder[rung % len(ladder)])
        rung += 1
    return list(range(0, length, step))


class Ticks(NamedTuple):
    """Round places on an axis with their texts, and what all of them stand above: `+1700000000`."""

    places: tuple[tuple[float, str], ...]
    above: str = ""

    @property
    def longest(self) -> int:
        """The letters of the longest text."""
        return max((len(text) for _, text in self.places), default=0)


_LONGEST_TICK = 7
_LONGEST_WHOLE = 16


def axis_ticks(low: float, high: float, most: int = 6, whole: bool = False) -> Ticks:
    """Round values between `low` and `high`, at most about `most`, written so that no two read the same.

    whole: places between whole numbers mean nothing (epochs, ranks, indices).
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return Ticks(((low, value(low)),) if math.isfinite(low) else ())
    # Halves: the difference of two floats may be beyond all of them.
    raw = 2 * ((high / 2 - low / 2) / max(1, most - 1))
    if not math.isfinite(raw) or raw == 0:
        return Ticks(tuple((end, value(end)) for end in (low, high)))
    power = math.floor(math.log10(raw))
    steps = [Decimal(k).scaleb(power) for k in ("1", "2", "2.5", "5", "10")]
    fitting = [
        s for s in steps if float(s) >= raw * (1 - 1e-9) and not (whole and s != s.to_integral_value())
    ]
    step = fitting[0] if fitting else Decimal(1)
    first = math.ceil(Decimal(low) / step - Decimal("1e-9"))
    last = math.floor(Decimal(high) / step + Decimal("1e-9"))
    found = [k * step for k in range(first, min(last, first + 2 * most) + 1)]
    return _told(found, step)


def _told(places: list[Decimal], step: Decimal) -> Ticks:
    """The places with texts; those of a small range on a large base are written above that base."""
    texts = [_decimal(place, step) for place in places]
    if max(map(len, texts), default=0) <= _LONGEST_TICK or len(places) < 2:
        return Ticks(tuple((float(p), t) for p, t in zip(places, texts, strict=True)))
    power = step.adjusted() + 3
    base = (places[0] / Decimal(1).scaleb(power)).to_integral_value(ROUND_FLOOR).scaleb(power)
    if base and abs(base) >= 100 * (places[-1] - base):
        texts = [_decimal(place - base, step) for place in places]
        if max(map(len, texts)) > _LONGEST_TICK + 1:
            texts = [format(float(place - base), ".4g") for place in places]
        return Ticks(
            tuple((float(p), t) for p, t in zip(places, texts, strict=True)),
            f"{'+' if base > 0 else '-'}{_decimal(abs(base), step)}",
        )
    digits = max(2, places[-1].adjusted() - step.adjusted() + 2, places[0].adjusted() - step.adjusted() + 2)
    return Ticks(tuple((float(p), format(float(p), f".{digits}g")) for p in places))


def _decimal(place: Decimal, step: Decimal) -> str:
    """A multiple of the step with the decimals that the step needs: `0.25`, `100001.5`, `2e-07`."""
    if place == 0:
        return "0"
    if abs(place) < Decimal("1e-4") or abs(place) >= Decimal("1e15"):
        return format(float(place), f".{max(1, place.adjusted() - step.adjusted() + 2)}g")
    places = max(0, -int(step.normalize().as_tuple().exponent))
    text = f"{place:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ends(low: float, high: float) -> tuple[str, str]:
    """Two values, written with as many digits as tell them apart."""
    for digits in (3, 4, 6, 8, 10, 12, 15, 17):
        texts = value(low, digits), value(high, digits)
        if texts[0] != texts[1] or low == high:
            break
    if digits > 4 and any("e+" in text for text in texts) and low.is_integer() and high.is_integer():
        whole = str(int(low)), str(int(high))
        return whole if max(map(len, whole)) <= _LONGEST_WHOLE else texts
    return texts
