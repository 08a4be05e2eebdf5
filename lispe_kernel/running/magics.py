"""What the magics of `assist.magics` do, for whoever runs a cell: the kernel or the prompt. No Jupyter here.

A magic is one small function beside its name. What it needs from the one who runs it is the protocol `Host`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from lispe_kernel.assist.inspection import Inspector
from lispe_kernel.assist.magics import HELP, MAGICS, SHELL, Magics, Part, parts_of
from lispe_kernel.display.page.publish import finish
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.running import bridges
from lispe_kernel.session import Outcome, Session


class Host(Protocol):
    """Who runs cells, as magics see it."""

    @property
    def session(self) -> Session: ...

    @property
    def predefined(self) -> dict[str, Any]:
        """What the session's namespace held before the user defined anything."""
        ...

    @property
    def inspector(self) -> Inspector: ...

    @property
    def magics(self) -> Magics:
        """The magics that can be run here."""
        ...

    @property
    def file(self) -> str:
        """The file name that code objects of the running cell carry."""
        ...

    def lispe(self, text: str) -> Outcome:
        """Evaluate LispE text as (a part of) the running cell."""
        ...

    def reset(self) -> None:
        """Begin a new session."""
        ...

    def page(self, found: dict[str, str]) -> None:
        """Show help: a MIME bundle."""
        ...

    def python_ended(self) -> None:
        """Called when Python code of a cell has ended well."""
        ...


Run = Callable[[Part, Any], Outcome]
RunT = TypeVar("RunT", bound=Run)
RUNS: dict[str, Run] = {}
NOTHING = Outcome(None, True)


def runs(name: str) -> Callable[[RunT], RunT]:
    """Say that the decorated function `(part, host) -> Outcome` runs the magic of that name."""
    if name not in MAGICS:
        raise ValueError(f"the table of magics has no '{name}'")

    def register(run: RunT) -> RunT:
        RUNS[name] = run
        return run

    return register


def run_cell(code: str, host: Host) -> Outcome:
    """Run a cell part by part; what its last part gave. Outputs that wait for the end are shown."""
    outcome, session = NOTHING, host.session
    try:
        for part in parts_of(code, host.magics):
            outcome = host.lispe(part.text) if part.magic is None else RUNS[part.magic](part, host)
    finally:
        # Curves and progress that were updated a moment ago show their last state.
        finish(session)
        if host.session is not session:
            # The cell went on in a new session after `%reset`.
            finish(host.session)
    return outcome


def run_lispe(session: Session, text: str, name: str, file: str | None = None) -> Outcome:
    """Evaluate LispE text of a cell."""
    return session.run(text, name, file)


@runs("python")
def _python(part: Part, host: Host) -> Outcome:
    value = bridges.run_python(part.code, host.session, host.file)
    host.python_ended()
    return Outcome(value, value is None)


@runs("time")
def _time(part: Part, host: Host) -> Outcome:
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        return host.lispe(part.code)
    finally:
        used, passed = time.process_time() - cpu, time.perf_counter() - wall
        print(f"CPU time: {_duration(used)}\nWall time: {_duration(passed)}")


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


@runs("who")
def _who(_: Part, host: Host) -> Outcome:
    defined = bridges.user_variables(host.session.namespace, host.predefined)
    rows = [(name, describe(value, 60)) for name, value in defined]
    if not rows:
        print("Nothing is defined yet.")
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        print(f"{name:<{width}}  {text}")
    return NOTHING


@runs("reset")
def _reset(_: Part, host: Host) -> Outcome:
    host.reset()
    return NOTHING


@runs("lsmagic")
def _lsmagic(_: Part, host: Host) -> Outcome:
    for text in sorted(entry.help for entry in host.magics.values()):
        print(text)
    return NOTHING


@runs(SHELL)
def _shell(part: Part, host: Host) -> Outcome:
    host.session.namespace["_exit_code"] = bridges.run_shell(part.argument)
    return NOTHING


@runs(HELP)
def _help(part: Part, host: Host) -> Outcome:
    found = host.inspector.about(part.argument)
    if found is None:
        raise LispeError(f"Error: no help: nothing is named '{part.argument}'")
    host.page(found)
    return NOTHING
