"""`(track "loss" value)`: one output that follows a training loop.

A curve a name, a progress bar with rate and remaining time when the total is known, at most ten updates a
second; the last state stays in the notebook, without clock times, so that it is the same on every run.
"""

from __future__ import annotations

import math
import time
from array import array
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.drawing.frames import Series, restarting
from lispe_kernel.display.page import numbers, publish
from lispe_kernel.display.page.html import Element, Node, element, facts, one_line, shortened, warning
from lispe_kernel.display.page.registry import View, bundle, plain_text, renderer
from lispe_kernel.display.runs.curves import HERE, Measured, Runs
from lispe_kernel.display.views.plots import looks
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument

PAUSE = 0.1  # seconds between two updates
_MOST_POINTS = 4000  # points kept of a curve; beyond, neighbours are merged


@dataclass
class Curve:
    """The values of one name. When there are too many, every two neighbours become their mean."""

    name: str
    xs: list[float] = field(default_factory=list)
    ys: list[float] = field(default_factory=list)
    count: int = 0
    least: float = math.inf
    last: float = math.nan
    first: float = math.nan
    bad: int = 0
    first_bad: float | None = None  # the step of the first value that is not finite
    # Every value that came, in eight bytes each: what is drawn may be means.
    all_steps: array[float] = field(default_factory=lambda: array("d"))
    all_values: array[float] = field(default_factory=lambda: array("d"))
    all_times: array[float] = field(default_factory=lambda: array("d"))
    _merge: int = 1
    _sum: float = 0.0
    _gathered: int = 0

    def add(self, value: float, step: float | None) -> None:
        x = float(self.count) if step is None else float(step)
        self.count += 1
        self.all_steps.append(x)
        self.all_values.append(value)
        self.all_times.append(time.time())
        if self.count == 1:
            self.first = value
        self.last = value
        if not math.isfinite(value):
            self.bad += 1
            self.first_bad = x if self.first_bad is None else self.first_bad
        elif value < self.least:
            self.least = value
        self._sum += value
        self._gathered += 1
        if self._gathered >= self._merge:
            self.xs.append(x)
            self.ys.append(self._sum / self._gathered)
            self._sum, self._gathered = 0.0, 0
            if len(self.xs) >= _MOST_POINTS:
                self._halve()

    def _halve(self) -> None:
        self.ys = [(a + b) / 2 for a, b in zip(self.ys[::2], self.ys[1::2], strict=True)]
        self.xs = self.xs[1::2]
        self._merge *= 2

    def line(self) -> str:
        """`loss 0.25 after 100 steps (first 1.2, least 0.2)`."""
        steps = f"{self.count} step{'s' if self.count != 1 else ''}"
        least = f", least {numbers.value(self.least)}" if math.isfinite(self.least) else ""
        bad = f", {self.bad} NaN or Inf!" if self.bad else ""
        name = one_line(self.name, 60)
        return (
            f"{name} {numbers.value(self.last)} after {steps} (first {numbers.value(self.first)}{least}){bad}"
        )


class Tracker:
    """All curves of one training run, and the output that shows them."""

    def __init__(self) -> None:
        self.curves: dict[str, Curve] = {}
        self.total: int | None = None
        self.running = True
        self.started = time.monotonic()
        self._identity: str | None = None
        self._shown = 0.0

    def add(self, name: str, value: float, step: float | None, total: int | None) -> None:
        self.curves.setdefault(name, Curve(name)).add(value, step)
        self.total = total if total is not None else self.total
        now = time.monotonic()
        if publish.replaces() and now - self._shown >= PAUSE:
            self._shown = now
            self._send()

    @property
    def done(self) -> int:
        """Steps made: those of the curve that has most."""
        return max((curve.count for curve in self.curves.values()), default=0)

    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def end(self) -> None:
        """Show the final state."""
        self.running = False
        self._send()

    def _send(self) -> None:
        update = self._identity is not None
        if self._identity is None:
            self._identity = publish.new_identity()
        publish.publish(bundle(self), self._identity, update)


@renderer(Tracker)
class TrackerView(View):
    """The curves of a training run with its progress."""

    value: Tracker

    def text(self) -> str:
        return plain_text(
            "\n".join(curve.line() for curve in self.value.curves.values()) or "nothing tracked"
        )

    def line(self) -> str:
        return "training: " + ", ".join(one_line(name, 30) for name in self.value.curves)

    def html(self) -> Node:
        curves = list(self.value.curves.values())
        bad = [curve for curve in curves if curve.bad]
        return [
            self._progress(),
            [warning(f"{shortened(c.name, 60)}: {c.bad} of {c.count} values are NaN or Inf") for c in bad],
            facts([(shortened(c.name, 60), numbers.value(c.last)) for c in curves]),
            element("div", [_figure(group) for group in groups_of(curves)]),
        ]

    def png(self) -> bytes | None:
        if self.value.running or not self.value.curves:
            return None
        from lispe_kernel.display.drawing.labelled import lines_png  # noqa: PLC0415 - heavy: it draws with Pillow

        group = groups_of(list(self.value.curves.values()))[0]
        return lines_png(_series(group), "training", "step")

    def _progress(self) -> Element | None:
        tracker = self.value
        if tracker.total is None:
            told = f"{numbers.count(tracker.done)} steps"
            return element("p", f"{told}, {_rate(tracker)}" if tracker.running else told, class_="q")
        done, total = min(tracker.done, tracker.total), max(1, tracker.total)
        told = f"{numbers.count(done)} of {numbers.count(total)} steps ({numbers.share(done, total)})"
        if tracker.running:
            told += f", {_rate(tracker)}, {_remaining(tracker, total - done)}"
        bar = element(
            "progress", value=done, max=total, aria_label=told, style="width:260px;vertical-align:middle"
        )
        return element("p", bar, " ", element("span", told))


def _rate(tracker: Tracker) -> str:
    return f"{numbers.value(tracker.done / max(1e-9, tracker.elapsed()), 3)} a second"


def _remaining(tracker: Tracker, left: int) -> str:
    if tracker.done == 0:
        return ""
    return f"about {numbers.duration(tracker.elapsed() / tracker.done * left)} left"


def groups_of(curves: list[Curve]) -> list[list[Curve]]:
    """Curves that share a chart: those whose values lie within a factor of twenty of each other."""
    groups: list[list[Curve]] = []
    for curve in curves:
        size = _size(curve)
        for group in groups:
            other = _size(group[0])
            if max(size, other) <= 20 * min(size, other):
                group.append(curve)
                break
        else:
            groups.append([curve])
    return groups


def _size(curve: Curve) -> float:
    return max((abs(y) for y in curve.ys if math.isfinite(y)), default=1.0) or 1e-12


def _series(group: list[Curve]) -> list[Series]:
    return [restarting(Series(curve.name, curve.xs, curve.ys)) for curve in group]


def _figure(group: list[Curve]) -> Element:
    label = "; ".join(curve.line() for curve in group)
    return charts.line_chart(
        _series(group),
        label,
        x_name="step",
        y_name=group[0].name if len(group) == 1 else "",
        crosses=[
            (c.first_bad, charts.first_bad(c.name, c.first_bad)) for c in group if c.first_bad is not None
        ],
    )


class Tracking:
    """The tracker of the cell that a session runs; None before anything is tracked."""

    def __init__(self) -> None:
        self.tracker: Tracker | None = None
        self.last: Tracker | None = None

    def started(self) -> Tracker:
        """The tracker of the running cell, which ends with the cell."""
        if self.tracker is None:
            self.tracker = self.last = Tracker()
            publish.at_finish(self.end)
        return self.tracker

    def end(self) -> None:
        ended, self.tracker = self.tracker, None
        if ended is not None:
            ended.end()


def tracked(smoothing: Any) -> Runs:
    """The curves of the tracker that was last begun, as a run. Errors: there is none."""
    how = looks("tracked", (2, None), (3, None), (4, None), (1, smoothing))
    last = publish.shown_by_session("display: tracking", Tracking).last
    if last is None or not last.curves:
        raise LispeError("Error: tracked: nothing was tracked yet")
    return Runs(
        {
            HERE: {
                name: Measured(list(c.all_steps), list(c.all_values), list(c.all_times))
                for name, c in last.curves.items()
            }
        },
        smoothing=how.smoothing,
    )


def track(name: str, value: Any, step: Any = None, total: Any = None) -> Any:
    """Add a value to the curve of that name in the output of the running cell."""
    if not isinstance(name, str):
        raise wrong_argument("track", 1, "a name", name)
    # A tracker starts even where its first value is refused, as an output of the cell.
    tracker = publish.shown_by_session("display: tracking", Tracking).started()
    tracker.add(name, as_number("track", 2, value), _optional(step, 3), _whole(total))
    return value


def as_number(name: str, position: int, value: Any) -> float:
    """A number, or a tensor of one element, as a float."""
    if isinstance(value, int | float):
        return float(value)
    item = getattr(value, "item", None)
    if item is None or getattr(value, "numel", lambda: 1)() != 1:
        raise wrong_argument(name, position, "a number or a tensor of one number", value)
    return float(item())


def _optional(step: Any, position: int) -> float | None:
    return None if step is None else as_number("track", position, step)


def _whole(total: Any) -> int | None:
    if total is None:
        return None
    found = as_number("track", 4, total)
    if found < 1:
        raise LispeError("Error: track: the total must be at least 1")
    return int(found)
