"""The magics that measure: `%time` runs once and shows the result, `%timeit` runs often and shows the
speed."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from itertools import repeat
from typing import Any

from lispe_kernel.assist.magics import Part
from lispe_kernel.display.page.numbers import brief
from lispe_kernel.language.errors import LispeError
from lispe_kernel.running.hosts import NOTHING, Host, run_parts, runs
from lispe_kernel.session import Outcome

# A run lasts at least so many seconds; so often it is repeated.
LEAST, REPEATS = 0.2, 7
_OPTION = re.compile(r"\s*-(?P<name>[nrq])\s*(?P<number>\d*)(?=\s|\Z)")


@runs("time")
def _time(part: Part, host: Host) -> Outcome:
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        # What is measured may be for another magic of a whole cell.
        return run_parts(part.code, host) if part.text.lstrip()[:2] == "%%" else host.lispe(part.code)
    finally:
        used, passed = time.process_time() - cpu, time.perf_counter() - wall
        print(f"CPU time: {brief(used)}\nWall time: {brief(passed)}")


@runs("timeit")
def _timeit(part: Part, host: Host) -> Outcome:
    options, rest = _options(part.argument)
    # `%timeit FORM`, or `%%timeit SETUP` with the forms on the lines below.
    code = "\n" * part.line + part.text if part.text.strip() else rest
    if not code.strip():
        raise LispeError("Error: %timeit: a form is expected, as in %timeit (+ 1 2)")
    if part.text.strip() and rest:
        host.lispe(rest)
    function = host.lispe(f"(λ () {code}\n)").value
    number = options.get("n") or _number(host, function)
    runs_of = options.get("r") or REPEATS
    times = [_lasting(host, function, number) / number for _ in range(runs_of)]
    mean, deviation = statistics.fmean(times), statistics.pstdev(times)
    print(
        f"{brief(mean)} ± {brief(deviation)} per loop"
        f" (mean ± std. dev. of {_counted(runs_of, 'run')}, {_counted(number, 'loop')} each)"
    )
    return NOTHING


def _options(text: str) -> tuple[dict[str, int], str]:
    found: dict[str, int] = {}
    while match := _OPTION.match(text):
        found[match["name"]] = int(match["number"] or 0)
        text = text[match.end() :]
    return found, text.strip()


def _number(host: Host, function: Callable[[], Any]) -> int:
    """How many loops last long enough to be measured: a power of ten."""
    number = 1
    while _lasting(host, function, number) < LEAST and number < 10**9:
        number *= 10
    return number


def _lasting(host: Host, function: Callable[[], Any], number: int) -> float:
    def work() -> float:
        began = time.perf_counter()
        for _ in repeat(None, number):
            function()
        return time.perf_counter() - began

    return host.session.call(work)  # type: ignore[no-any-return]


def _counted(number: int, name: str) -> str:
    return f"{number:,} {name}" + ("s" if number != 1 else "")
