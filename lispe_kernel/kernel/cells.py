"""One cell from its text to its reply: magics, the session, results, errors.

It speaks no protocol: the kernel gives it a request and sends what it answers. Cells have a name for people
(`cell 3`) and a file name for the debugger, the one that ipykernel would give.
"""

from __future__ import annotations

import builtins
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lispe_kernel.display.publish import finish
from lispe_kernel.kernel import bridges
from lispe_kernel.kernel.background import needs_torch
from lispe_kernel.kernel.cellfiles import cell_file
from lispe_kernel.kernel.magics import parts_of, run_magic
from lispe_kernel.kernel.publisher import bundle
from lispe_kernel.kernel.report import report

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


@dataclass
class Shown:
    """The value of a part of a cell; `silent` when a notebook shows nothing for it."""

    value: Any = None
    silent: bool = True


class Cells:
    """Runs the cells of one kernel."""

    def __init__(self, kernel: LispeKernel) -> None:
        self.kernel = kernel
        # Text for the front end's pager (`?name`) and other requests to it, gathered while a cell runs.
        self.payload: list[dict[str, Any]] = []
        # The running cell, for magics that evaluate text themselves.
        self.name = "cell"
        self.file = "<cell>"

    def run(self, request: Request) -> dict[str, Any]:
        """Run a cell and return the content of its execute_reply."""
        self.payload = []
        kernel = self.kernel
        try:
            with self._input(request.allow_stdin):
                shown = kernel.interrupts.during(lambda: self._evaluate(request))
                if not (shown.silent or request.silent):
                    kernel.interrupts.during(lambda: kernel.publisher.result(shown.value, request.count))
            reply: dict[str, Any] = {
                "status": "ok",
                "user_expressions": self.expressions(request.expressions),
            }
        except SystemExit:
            self.payload.append({"source": "ask_exit", "keepkernel": False})
            reply = {"status": "ok", "user_expressions": {}}
        except (Exception, KeyboardInterrupt, GeneratorExit) as error:
            told = report(error) if request.silent else kernel.publisher.error(error)
            reply = {"status": "error", "ename": told.name, "evalue": told.message, "traceback": told.lines}
            reply["user_expressions"] = {}
        return {**reply, "execution_count": request.count, "payload": self.payload}

    def _evaluate(self, request: Request) -> Shown:
        self._wait_for_torch(request)
        self.name, self.file = f"cell {request.count}", cell_file(request.code)
        shown = Shown()
        try:
            for part in parts_of(request.code):
                shown = self.lispe(part.text) if part.magic is None else run_magic(part, self)
        finally:
            # Curves and progress that were updated a moment ago show their last state.
            finish()
        return shown

    def lispe(self, text: str) -> Shown:
        """Evaluate LispE text as (a part of) the running cell."""
        outcome = self.kernel.lispe.run(text, self.name, self.file)
        # A Python function that a cell called may have assigned a global variable.
        bridges.variables_of(self.kernel.lispe.namespace).settle()
        return Shown(outcome.value, outcome.silent)

    def _wait_for_torch(self, request: Request) -> None:
        preload = self.kernel.preload
        if preload.done or not needs_torch(request.code):
            return
        publisher = self.kernel.publisher
        tell = None if request.silent else lambda: publisher.data({"text/plain": WAITING}, {})
        try:
            told = preload.wait(tell=tell)
        except KeyboardInterrupt:
            publisher.clear()
            raise
        if told:
            publisher.clear()

    def expressions(self, expressions: dict[str, str]) -> dict[str, Any]:
        """The values of `user_expressions`: a bundle each, or an error each."""
        return {name: self._expression(code) for name, code in expressions.items()}

    def _expression(self, code: str) -> dict[str, Any]:
        try:
            data, metadata = self.kernel.interrupts.during(
                lambda: bundle(self.kernel.lispe.run(code, "user expression").value)
            )
        except (Exception, KeyboardInterrupt) as error:
            told = report(error)
            return {"status": "error", "ename": told.name, "evalue": told.message, "traceback": told.lines}
        return {"status": "ok", "data": data, "metadata": metadata}

    @contextmanager
    def _input(self, allowed: bool) -> Iterator[None]:
        """Let `input` and `getpass` ask the front end while a cell runs."""
        kernel = self.kernel
        kernel._allow_stdin = allowed
        kept = builtins.input, getpass.getpass
        builtins.input, getpass.getpass = kernel.ask, kernel.getpass
        try:
            yield
        finally:
            builtins.input, getpass.getpass = kept
