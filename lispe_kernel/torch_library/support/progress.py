"""Progress of work that takes longer than a second: a label, a total and how much is done.

`progress(label, total)` gives a function to call with each finished amount. Nothing is shown during the
first second. The default shows one line on a terminal's stderr and nothing anywhere else; a display puts
its own reporter in with `set_reporter`. Knows no Jupyter.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from lispe_kernel.torch_library.support.sizes import amount

PATIENCE = 1.0
_PAUSE = 0.1


class Reporter(Protocol):
    """Shows one running piece of work. `show` comes at most ten times a second, `close` once, at the end."""

    def show(self, label: str, done: int, total: int) -> None: ...

    def close(self) -> None: ...


class TerminalReporter:
    """One line on stderr that is rewritten, and wiped at the end; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._width = 0

    def show(self, label: str, done: int, total: int) -> None:
        if not self._stream.isatty():
            return
        share = min(1.0, done / total) if total else 1.0
        bar = "#" * round(20 * share)
        line = f"{label}  [{bar:<20}] {share:4.0%}  {amount(done)} of {amount(total)}"
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def close(self) -> None:
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()


# A process has one screen.
_reporter: Callable[[], Reporter] = TerminalReporter


def set_reporter(make: Callable[[], Reporter]) -> Callable[[], Reporter]:
    """Let `make` give the reporter of each piece of work; gives back the one used before."""
    global _reporter
    before, _reporter = _reporter, make
    return before


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A function that is told each finished amount (bytes); shown after one second."""
    work = _Work(label, total)
    try:
        yield work.advance
    finally:
        work.close()


class _Work:
    def __init__(self, label: str, total: int) -> None:
        self._label, self._total, self._done = label, total, 0
        self._next = time.monotonic() + PATIENCE
        self._shown: Reporter | None = None

    def advance(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _PAUSE
        if self._shown is None:
            self._shown = _reporter()
        self._shown.show(self._label, self._done, self._total)

    def close(self) -> None:
        if self._shown is not None:
            self._shown.close()
