"""A program as one who runs cells: magics and shell commands work in it as in a notebook.

`(magic "!ls")` is how LispE text says it, and how exported notebooks do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from lispe_kernel.assist.inspection import Inspector
from lispe_kernel.assist.magics import AT_A_PROMPT
from lispe_kernel.display.page.publish import Publisher, install, screen
from lispe_kernel.display.page.registry import Bundle
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import text_argument
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import EMPTY
from lispe_kernel.running.bridges import PythonCell
from lispe_kernel.running.hosts import run_parts
from lispe_kernel.running.magics import run_cell
from lispe_kernel.session import Outcome, Session
from lispe_kernel.sittings import HOST

_MARKED = re.compile(r"^[ \t]*(?:%{1,2}[A-Za-z]|!)", re.MULTILINE)


class Program:
    """Runs the text of a program in a session."""

    magics = AT_A_PROMPT

    def __init__(self, session: Session, name: str = "main") -> None:
        self.session = session
        self.name = self.file = name
        self.predefined = dict(session.namespace)
        self.inspector = Inspector(lambda: session)

    def lispe(self, text: str) -> Outcome:
        return self.session.run(text, self.name, self.file)

    def python(self, cell: PythonCell) -> Outcome:
        found = cell.run(self.session)
        return Outcome(found.value, found.hidden)

    def recording(self, record: Callable[[Bundle], None]) -> AbstractContextManager[Any]:
        return recording(record)

    def page(self, found: dict[str, str]) -> None:
        print(found["text/plain"])

    def reset(self) -> None:
        raise LispeError("Error: %reset: a program cannot forget itself while it runs")


class _Recorder:
    """Takes what would be shown."""

    def __init__(self, record: Callable[[Bundle], None]) -> None:
        self._record = record

    def data(
        self, data: Bundle, _metadata: dict[str, Any], _identity: str | None = None, update: bool = False
    ) -> None:
        if not update:
            self._record(data)

    def clear(self, wait: bool = False) -> None:
        """What was recorded stays."""


@contextmanager
def recording(record: Callable[[Bundle], None]) -> Iterator[None]:
    """While it lasts, what LispE would show is recorded."""
    before: Publisher = screen.publisher
    install(_Recorder(record))
    try:
        yield
    finally:
        install(before)


def run_program(session: Session, text: str, name: str) -> Outcome:
    """Run the text of a program, with the magics that stand in it."""
    return run_cell(text, Program(session, name)) if _MARKED.search(text) else session.run(text, name, name)


@function("magic")
def magic(cell: str) -> Any:
    """Run a text as a notebook's cell: magics (`%%python ...`, `%cd folder`), commands (`!ls`), LispE.

    Notebooks that are exported as programs say it in this way.
    Example: (magic "(+ 1 2)") => 3
    """
    session: Any = current()
    cell = text_argument("magic", 1, cell)
    outcome = run_parts(cell, session.library_states.get(HOST) or Program(session))
    return EMPTY if outcome.silent else outcome.value
