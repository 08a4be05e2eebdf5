"""Dates and time points: the local calendar to the second, and a clock for durations."""

from __future__ import annotations

import functools
import time
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.printer import plainly, register_kind, wrong_argument

_FIELDS = ("year", "month", "day", "hour", "minute", "second")
_KEEP = -1


@functools.total_ordering
class Date:
    """A moment of the local calendar; as a number it is the second since 1970."""

    __slots__ = ("epoch",)

    def __init__(self, epoch: float) -> None:
        self.epoch = int(epoch)

    @property
    def fields(self) -> time.struct_time:
        return time.localtime(self.epoch)

    def item(self) -> int:
        """The date as a number."""
        return self.epoch

    def change(self, name: str, values: dict[str, int]) -> None:
        """Set fields; what exceeds a field flows over into the next, as in C."""
        now = dict(zip(_FIELDS, self.fields[:6], strict=True)) | values
        year, month, day, hour, minute, second = (now[field] for field in _FIELDS)
        try:
            epoch = time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
            time.localtime(epoch)
        except (OverflowError, ValueError, OSError):
            raise LispeError(f"Error: {name}: no date has these fields: {values}") from None
        self.epoch = int(epoch)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Date) and self.epoch == other.epoch

    def __lt__(self, other: Any) -> bool:
        return self.epoch < other.epoch if isinstance(other, Date) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.epoch)

    def __sub__(self, other: Any) -> int:
        return self.epoch - other.epoch if isinstance(other, Date) else NotImplemented

    def __str__(self) -> str:
        return time.strftime("%Y/%m/%d %H:%M:%S", self.fields)


class TimePoint:
    """A reading of the clock; the difference of two is in milliseconds."""

    __slots__ = ("nanoseconds",)

    def __init__(self) -> None:
        self.nanoseconds = time.perf_counter_ns()

    def __sub__(self, other: Any) -> float:
        if not isinstance(other, TimePoint):
            return NotImplemented
        return (self.nanoseconds - other.nanoseconds) / 1e6


register_kind(Date, "date_", plainly(str), quoted_inside=True)
register_kind(TimePoint, "time_", plainly(lambda _time: "(chrono)"))


def date_argument(name: str, value: Any) -> Date:
    """An argument that is a date."""
    if not isinstance(value, Date):
        raise wrong_argument(name, 1, "a date", value)
    return value


@function("date")
def date() -> Date:
    """The current date of the local calendar; it prints as `YYYY/MM/DD HH:MM:SS`.

    Example: (type (date)) => date_
    """
    return Date(time.time())


@function("setdate")
def setdate(
    y: Any,
    m: Any = _KEEP,
    d: Any = _KEEP,
    H: Any = _KEEP,
    M: Any = _KEEP,
    S: Any = _KEEP,
) -> Date:
    """The current date with fields replaced: year, month (1 to 12), day, hour, minute, second; -1 keeps one.

    Example: (setdate 2026 11 23 12 30 5) => 2026/11/23 12:30:05
    Errors: for fields that make no date.
    """
    given = [integer_argument("setdate", at, value) for at, value in enumerate((y, m, d, H, M, S), 1)]
    made = date()
    made.change("setdate", {f: v for f, v in zip(_FIELDS, given, strict=True) if v != _KEEP})
    return made


def _field(name: str, value: Any, new: Any) -> Any:
    found = date_argument(name, value)
    if (number := integer_argument(name, 2, new)) == _KEEP:
        return found.fields[_FIELDS.index(name)]
    found.change(name, {name: number})
    return found


@function("year")
def year(dt: Any, v: Any = _KEEP) -> Any:
    """The year of a date; with a value, the date itself with this year.

    Example: (year (setdate 2026 1 2)) => 2026
    """
    return _field("year", dt, v)


@function("month")
def month(dt: Any, v: Any = _KEEP) -> Any:
    """The month of a date, 1 to 12; with a value, the date itself with this month.

    Example: (month (setdate 2026 1 2)) => 1
    """
    return _field("month", dt, v)


@function("day")
def day(dt: Any, v: Any = _KEEP) -> Any:
    """The day of a date in its month; with a value, the date itself with this day.

    Example: (day (setdate 2026 1 2)) => 2
    """
    return _field("day", dt, v)


@function("hour")
def hour(dt: Any, v: Any = _KEEP) -> Any:
    """The hour of a date; with a value, the date itself with this hour.

    Example: (hour (setdate 2026 1 2 3)) => 3
    """
    return _field("hour", dt, v)


@function("minute")
def minute(dt: Any, v: Any = _KEEP) -> Any:
    """The minute of a date; with a value, the date itself with this minute.

    Example: (minute (setdate 2026 1 2 3 4)) => 4
    """
    return _field("minute", dt, v)


@function("second")
def second(dt: Any, v: Any = _KEEP) -> Any:
    """The second of a date; with a value, the date itself with this second.

    Example: (second (setdate 2026 1 2 3 4 5)) => 5
    """
    return _field("second", dt, v)


@function("weekday", returns="number")
def weekday(dt: Any) -> int:
    """The day of the week: 0 is Sunday, 6 Saturday.

    Example: (weekday (setdate 2026 11 23)) => 1
    """
    return (date_argument("weekday", dt).fields.tm_wday + 1) % 7


@function("yearday", returns="number")
def yearday(dt: Any) -> int:
    """The day of the year, from 0.

    Example: (yearday (setdate 2026 1 1)) => 0
    """
    return date_argument("yearday", dt).fields.tm_yday - 1


@function("chrono")
def chrono() -> TimePoint:
    """A reading of the clock: `(- later earlier)` is the milliseconds between two of them.

    Example: (>= (- (chrono) (chrono)) 1000) => nil
    """
    return TimePoint()
