"""What a training measured: for each run and each name the values with their steps, and times where known."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.display.page.html import one_line
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, to_text
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import Strings
from lispe_kernel.language.values.typed.lists import Numbers

HERE = "."  # the name of the run that lies in the folder itself


@dataclass
class Measured:
    """The values of one name in one run, in the order in which they were written."""

    steps: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # in seconds; empty where nobody told them

    def add(self, step: float, value: float, time: float | None) -> None:
        self.steps.append(step)
        self.values.append(value)
        if time is not None:
            self.times.append(time)

    def forget_from(self, step: float) -> None:
        """Leave out what a run that began again at a step has written over."""
        kept = [k for k, at in enumerate(self.steps) if at < step]
        has_times = len(self.times) == len(self.steps)
        self.times = [self.times[k] for k in kept] if has_times else []
        self.steps, self.values = [self.steps[k] for k in kept], [self.values[k] for k in kept]

    def first_bad(self) -> float | None:
        """The step of the first value that is not finite."""
        pairs = zip(self.steps, self.values, strict=True)
        return next((step for step, value in pairs if not math.isfinite(value)), None)


@dataclass
class Runs:
    """Runs by name, each with its curves by name; and what of the files could not be read."""

    runs: dict[str, dict[str, Measured]]
    notes: list[str] = field(default_factory=list)
    smoothing: float = 0.0

    @property
    def names(self) -> list[str]:
        """The names of all curves, in order of appearance."""
        return list(dict.fromkeys(name for curves in self.runs.values() for name in curves))

    @property
    def text(self) -> str:
        runs, names = len(self.runs), len(self.names)
        points = sum(len(m.values) for curves in self.runs.values() for m in curves.values())
        many = f"{runs} run{'s' if runs != 1 else ''} with {names} curve{'s' if names != 1 else ''}"
        return f"{many}, {points} points"


def _run(value: Runs, name: Any) -> Dictionary:
    if name not in value.runs:
        known = ", ".join(one_line(n, 40) for n in list(value.runs)[:8])
        raise LispeError(f"Error: there is no run {to_text(name)}; there are: {known}")
    return Dictionary(
        {
            key: Dictionary({"steps": Numbers(found.steps), "values": Numbers(found.values)})
            for key, found in value.runs[name].items()
        }
    )


register_kind(Runs, "runs_", lambda value, _: value.text)
register_answers(
    Runs,
    Answers(element=_run, size=lambda value: len(value.runs), keys=lambda value: Strings(value.runs)),
)
