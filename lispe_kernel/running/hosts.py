"""What a magic may ask of the one who runs it, and how a magic says that it is there.

A magic is one small function under `@runs(name)`, in a file with its like. It knows neither Jupyter nor a
terminal: what it needs of them is the protocol `Host`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from lispe_kernel.assist.inspection import Inspector
from lispe_kernel.assist.magics import MAGICS, Magics, Part, parts_of
from lispe_kernel.display.page.registry import Bundle
from lispe_kernel.running.bridges import PythonCell
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

    @property
    def name(self) -> str:
        """What people call the running cell."""
        ...

    def lispe(self, text: str) -> Outcome:
        """Evaluate LispE text as (a part of) the running cell."""
        ...

    def python(self, cell: PythonCell) -> Outcome:
        """Run Python code of the cell."""
        ...

    def recording(self, record: Callable[[Bundle], None]) -> AbstractContextManager[Any]:
        """While it lasts, what would be shown is recorded."""
        ...

    def reset(self) -> None:
        """Begin a new session."""
        ...

    def page(self, found: dict[str, str]) -> None:
        """Show help: a MIME bundle."""
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


def run_parts(code: str, host: Host) -> Outcome:
    """Run a text part by part; what its last part gave."""
    outcome = NOTHING
    for part in parts_of(code, host.magics):
        outcome = host.lispe(part.text) if part.magic is None else RUNS[part.magic](part, host)
    return outcome
