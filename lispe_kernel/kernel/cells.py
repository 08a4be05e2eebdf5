"""One cell from its text to its reply: magics, the session, results, errors.

It speaks no protocol: the kernel gives it a request and sends what it answers. Cells have a name for people
(`cell 3`) and a file name for the debugger, the one that ipykernel would give.
"""

from __future__ import annotations

import asyncio
import builtins
import getpass
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lispe_kernel.assist.inspection import Inspector
from lispe_kernel.assist.magics import MAGICS
from lispe_kernel.display.page.publish import PASSING, finish
from lispe_kernel.display.page.registry import Bundle
from lispe_kernel.kernel import magics as _magics  # noqa: F401 - says how the magics of notebooks run
from lispe_kernel.kernel.cellfiles import cell_file
from lispe_kernel.kernel.publisher import bundle
from lispe_kernel.language.errors import LispeError
from lispe_kernel.ranks import magics as _ranks  # noqa: F401 - and this one
from lispe_kernel.running.background import needs_torch
from lispe_kernel.running.bridges import Evaluated, PythonCell
from lispe_kernel.running.magics import run_cell, run_lispe
from lispe_kernel.running.report import Report, report
from lispe_kernel.running.sessions import cell_begins, cell_ended, ended_quickly, offer
from lispe_kernel.session import Outcome, Session
from lispe_kernel.sittings import KEEPER
from lispe_kernel.torch_library.support.behind import behind

if TYPE_CHECKING:
    from lispe_kernel.kernel.kernel import LispeKernel

WAITING = "importing PyTorch ..."


@dataclass
class Request:
    """What a front end asks: the text and how it wants it run."""

    code: str
    count: int
    silent: bool = False
    expressions: dict[str, str] = field(default_factory=dict)
    allow_stdin: bool = False


class Cell:
    """One request on its way through a kernel; the host of its magics. Subshells run several at a time."""

    magics = MAGICS

    def __init__(self, kernel: LispeKernel, request: Request) -> None:
        self.kernel = kernel
        self.request = request
        self.name = f"cell {request.count}"
        # Text for the front end's pager (`?name`) and other requests to it, gathered while the cell runs.
        self.payload: list[dict[str, Any]] = []
        # The session in which it began; `%reset` puts another in its place.
        self._before = kernel.lispe

    async def run(self) -> dict[str, Any]:
        """Run the cell and return the content of its execute_reply."""
        self._before = self.session
        try:
            with self._input():
                answer = await self._answered()
        except SystemExit:
            self.payload.append({"source": "ask_exit", "keepkernel": False})
            answer = {"status": "ok", "user_expressions": {}}
        except BaseException as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                # The kernel itself goes; one that Python code raises is an error of the cell like any other.
                raise
            answer = {**failure(self._told(error)), "user_expressions": {}}
        return {**answer, "execution_count": self.request.count, "payload": self.payload}

    @property
    def is_kept(self) -> bool:
        """Whether somebody keeps what the session is after this cell."""
        return not self.request.silent and KEEPER in self._before.library_states

    def ended(self) -> None:
        """Nobody waits for this cell any more: let who keeps the session take what it is now."""
        before, number, text = self._before, self.request.count, self.request.code
        if self.is_kept and not ended_quickly(before, self.session, number, text):
            # Another request may have to be read, or text to be sent.
            with behind():
                self.kernel.interrupts.during(lambda: cell_ended(before, self.session, number, text))

    def _told(self, error: BaseException) -> Report:
        """Show what went wrong; an error that cannot be shown costs the cell its text, never its reply."""
        publisher = self.kernel.publisher
        tell = report if self.request.silent else publisher.error
        try:
            return tell(error)
        except Exception:
            self.kernel.log.exception("an error of a cell could not be shown")
            return tell(LispeError(f"Error: {type(error).__name__} (it cannot be shown)"))

    async def _answered(self) -> dict[str, Any]:
        kernel, request = self.kernel, self.request
        waiting = kernel.interrupts.during(self._evaluated)
        if waiting is not None:
            shown = self._python_ended(await kernel.interrupts.waiting(waiting.start(self.session)))
            finish(self.session)
            kernel.interrupts.during(lambda: self._show(shown))
        return {"status": "ok", "user_expressions": expressions(kernel, request.expressions)}

    def _evaluated(self) -> PythonCell | None:
        """Evaluate the cell and show its value; Python code that waits is given back, not begun."""
        shown = self._evaluate()
        if isinstance(shown.value, PythonCell):
            return shown.value
        self._show(shown)
        return None

    def _show(self, shown: Outcome) -> None:
        request = self.request
        if not (shown.silent or request.silent):
            self.kernel.publisher.result(shown.value, request.count, last=not request.expressions)

    def _evaluate(self) -> Outcome:
        self._wait_for_torch()
        if not (self.request.silent or self.kernel.offered):
            self.kernel.offered = True
            told = offer(self.request.code)
            if told:
                print(told)
        if not self.request.silent:
            cell_begins(self.session)
        return run_cell(self.request.code, self)

    # -- what magics ask ---------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        return self.kernel.lispe

    @property
    def predefined(self) -> dict[str, Any]:
        return self.kernel.predefined

    @property
    def inspector(self) -> Inspector:
        return self.kernel.inspector

    @cached_property
    def file(self) -> str:
        return cell_file(self.request.code)

    def lispe(self, text: str) -> Outcome:
        """Evaluate LispE text as (a part of) this cell."""
        return run_lispe(self.session, text, self.name, self.file)

    def reset(self) -> None:
        self.kernel.reset()

    def page(self, found: dict[str, str]) -> None:
        self.payload.append({"source": "page", "data": found, "start": 0})

    def python(self, cell: PythonCell) -> Outcome:
        """Run Python code. A whole cell that waits is given back: the kernel's event loop runs it."""
        if cell.waits and self.request.code.lstrip().startswith("%%python"):
            return Outcome(cell, True)
        return self._python_ended(cell.run(self.session))

    def _python_ended(self, found: Evaluated) -> Outcome:
        if self.kernel.has_facade:
            # Figures are shown now.
            self.kernel.facade.events.trigger("post_execute")
        return Outcome(found.value, found.hidden)

    def recording(self, record: Callable[[Bundle], None]) -> AbstractContextManager[Any]:
        return self.kernel.facade.recording(record)

    # -- waiting, asking -----------------------------------------------------------------------------

    def _wait_for_torch(self) -> None:
        preload = self.kernel.preload
        if preload.done or not needs_torch(self.request.code):
            return
        publisher = self.kernel.publisher
        tell = (
            None if self.request.silent else lambda: publisher.data({"text/plain": WAITING}, {PASSING: True})
        )
        try:
            told = preload.wait(tell=tell)
        except KeyboardInterrupt:
            publisher.clear()
            raise
        if told:
            publisher.clear()

    @contextmanager
    def _input(self) -> Iterator[None]:
        """Let `input` and `getpass` ask the front end while the cell runs."""
        kernel = self.kernel
        kernel._allow_stdin = self.request.allow_stdin
        kept = builtins.input, getpass.getpass
        builtins.input, getpass.getpass = kernel.ask, kernel.getpass
        try:
            yield
        finally:
            builtins.input, getpass.getpass = kept


def failure(told: Report) -> dict[str, Any]:
    """A report as the part of a reply that says what went wrong."""
    return {"status": "error", "ename": told.name, "evalue": told.message, "traceback": told.lines}


def expressions(kernel: LispeKernel, asked: dict[str, str]) -> dict[str, Any]:
    """The values of `user_expressions`: a bundle each, or an error each."""
    return {name: _expression(kernel, code) for name, code in asked.items()}


def _expression(kernel: LispeKernel, code: str) -> dict[str, Any]:
    try:
        data, metadata = kernel.interrupts.during(
            lambda: bundle(kernel.lispe.run(code, "user expression").value)
        )
    except (Exception, KeyboardInterrupt) as error:
        return failure(report(error))
    return {"status": "ok", "data": data, "metadata": metadata}
