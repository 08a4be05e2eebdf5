"""Where curves lie: the part of the world that a chart shows, its scales, its round places.

Nothing is drawn here. A value that is not finite has no place, and on a logarithmic scale neither has one
that is not positive; whoever draws leaves it out and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lispe_kernel.display.drawing import svg
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.numbers import Ticks

RIGHT, BOTTOM = 12, 32
_TOP = 10
_DECADES = 500  # positive values whose ends lie further apart are drawn on a logarithmic scale


@dataclass(frozen=True)
class Series:
    """One curve: its name and its points. A value that is not finite interrupts the line.

    raw: the values of which smoothing made `ys`.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    raw: Sequence[float] | None = None


def restarting(series: Series) -> Series:
    """The curve with a gap where its steps begin again: nothing leads from the last epoch to the first."""
    starts = [k for k, (a, b) in enumerate(pairwise(series.xs), 1) if b < a]
    if not starts:
        return series
    raw = None if series.raw is None else _with_gaps(series.raw, starts)
    return Series(series.name, _with_gaps(series.xs, starts), _with_gaps(series.ys, starts), raw)


def _with_gaps(values: Sequence[float], places: Sequence[int]) -> list[float]:
    """The values with one that is none before each of these places."""
    ends = [0, *places, len(values)]
    parts = [[math.nan, *values[a:b]] for a, b in pairwise(ends)]
    return [value for part in parts for value in part][1:]


@dataclass(frozen=True)
class Scales:
    """Which axes are logarithmic."""

    x: bool
    y: bool


LINEAR = Scales(False, False)


@dataclass(frozen=True)
class Frame:
    """The part of the world a chart shows, and where it lies on the drawing.

    log, log_x: the heights, or the places across, are powers of ten, and `y` or `x` is in decades.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    width: int
    height: int
    log: bool
    heights: Ticks
    places: Ticks
    left: float
    top: float
    log_x: bool = False

    def across(self, value: float) -> float:
        place = math.log10(max(value, 1e-300)) if self.log_x else value
        return self.left + placed(place, self.x) * (self.width - self.left - RIGHT)

    def down(self, value: float) -> float:
        height = math.log10(max(value, 1e-300)) if self.log else value
        return self.top + (1 - placed(height, self.y)) * (self.height - self.top - BOTTOM)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point has a place."""
        return has_place(x, self.log_x) and has_place(y, self.log)


def has_place(value: float, log: bool) -> bool:
    """Whether a value can stand on a scale."""
    return math.isfinite(value) and (value > 0 or not log)


def placed(value: float, ends: tuple[float, float]) -> float:
    """Where a value lies between two ends: 0 to 1."""
    # Halves: the difference of two floats may be beyond all of them.
    low, high = ends[0] / 2, ends[1] / 2
    return (value / 2 - low) / (high - low) if high > low else 0.5


def frame_of(
    series: Sequence[Series],
    width: int,
    height: int,
    places: Sequence[float] = (),
    named: bool = False,
    scales: Scales | None = None,
) -> Frame:
    """A frame around all points that have a place, and these places on the x axis.

    Without `scales` values over many decades get a logarithmic height. Axes of whole numbers have no ticks
    between them, and of one value, or none, an axis says no more. named: the vertical axis has a name, which
    needs its room.
    """
    wanted = scales or LINEAR
    # Where nothing has a height the curves still have their length.
    long = [float(x) for s in series for x in s.xs if has_place(x, wanted.x)]
    points = [
        (float(x), float(y))
        for s in series
        for values in (s.ys, s.raw or ())
        for x, y in zip(s.xs, values, strict=False)
        if has_place(x, wanted.x) and has_place(y, wanted.y)
    ]
    xs, ys = (
        [p[0] for p in points] or long or [float(wanted.x), 1.0],
        [p[1] for p in points] or [float(wanted.y), 1.0],
    )
    log = wanted.y if scales else _over_decades(ys)
    low, high = (math.log10(min(ys)), math.log10(max(ys))) if log else (min(ys), max(ys))
    margin = 0.1 * (high / 2 - low / 2) or 0.05 * abs(high) or 1.0
    y = (max(low - margin, -1.79e308), min(high + margin, 1.79e308))
    marked = [place for place in places if has_place(place, wanted.x)]
    left, right = min(*xs, *marked, xs[0]), max(*xs, *marked, xs[0])
    if wanted.x:
        left, right = math.log10(left), math.log10(right)
    spread = 0.0 if right > left else 0.5
    x = (left - spread, right + spread)
    if low == high or not points:
        heights = Ticks(tuple((place, numbers.value(place)) for _, place in points[:1]))
    else:
        heights = _decades(y) if log else numbers.axis_ticks(*y, max(3, height // 36), whole=_whole(ys))
    room = 12 + svg.width_of("0" * heights.longest) + (16 if named else 0)
    across = _decades(x) if wanted.x else _fitting(x, width - room - RIGHT, _whole([*xs, *marked]))
    if not (long or marked):
        across = Ticks(())
    top = _TOP + (14 if heights.above else 0)
    return Frame(x, y, width, height, log, heights, across, round(room), top, wanted.x)


def _whole(values: Sequence[float]) -> bool:
    return all(float(v).is_integer() for v in values)


def _fitting(ends: tuple[float, float], room: float, whole: bool) -> Ticks:
    """As many ticks as their texts have room for."""
    for most in (8, 6, 5, 4, 3):
        found = numbers.axis_ticks(*ends, most, whole)
        if len(found.places) * (svg.width_of("0" * found.longest) + 10) <= room:
            break
    return found


def _decades(ends: tuple[float, float]) -> Ticks:
    """Powers of ten, at most eight of them, on an axis in decades; twos and fives where there are few."""
    first, last = math.ceil(ends[0] - 1e-9), math.floor(ends[1] + 1e-9)
    step = max(1, math.ceil((last - first + 1) / 8))
    found = [10.0**k for k in range(first, last + 1, step)]
    if len(found) < 3:
        steps = [m * 10.0**k for k in range(math.floor(ends[0]), math.ceil(ends[1]) + 1) for m in (1, 2, 5)]
        between = [place for place in steps if ends[0] - 1e-9 <= math.log10(place) <= ends[1] + 1e-9]
        found = between if len(between) > len(found) else found
    if len(found) < 2:
        # Less than a step of them: the ends of a linear scale say where it lies.
        linear = numbers.axis_ticks(10.0 ** ends[0], 10.0 ** ends[1], 4)
        return linear if len(linear.places) > len(found) else Ticks(_told(found))
    return Ticks(_told(found))


def _told(places: Sequence[float]) -> tuple[tuple[float, str], ...]:
    return tuple((place, numbers.value(place, 1)) for place in places)


def _over_decades(ys: Sequence[float]) -> bool:
    """Whether values are positive and most of them would lie flat on the axis of a linear scale."""
    low, high = min(ys), max(ys)
    return low > 0 and high > _DECADES * low and sorted(ys)[len(ys) // 2] < high / 20
