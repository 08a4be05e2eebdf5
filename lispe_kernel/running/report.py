"""An error as the lines a person reads: what went wrong, the source line with a caret, the chain of calls.

Used by the kernel and by the command line; knows neither. Python's own frames appear only when the user
asked for them with `(traceback_mode "python")`.
"""

from __future__ import annotations

import ast
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from lispe_kernel.language.errors import CompileError, Frame, LispeError, masked, said_by, visible
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.machine.threads import Threads
from lispe_kernel.running import places

RED, BOLD, DIM, RESET = "\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[0m"
# A deep recursion shows its outermost and innermost calls.
SHOWN_FRAMES = 12
SHOWN_WIDTH = 70

_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep

ERROR_NAME = "LispE error"
INTERRUPTED = "Interrupted"


class Modes:
    """What tracebacks show, "lispe" or "python". One process has one screen, hence one mode."""

    traceback = "lispe"


@function("traceback_mode", silent=True)
def traceback_mode(mode: str = "lispe") -> str:
    """Choose what an error shows: "lispe" (LispE frames only) or "python" (Python's frames as well).

    Example: (traceback_mode "lispe") => lispe
    Errors: any other mode.
    """
    if mode not in ("lispe", "python"):
        raise LispeError(f'Error: traceback_mode: the mode is "lispe" or "python", not {mode!r}')
    Modes.traceback = mode
    return mode


class Report(NamedTuple):
    """An error ready to be shown: its kind, its message, and all lines of its traceback."""

    name: str
    message: str
    lines: list[str]

    def text(self) -> str:
        return "\n".join(self.lines)


def report(error: BaseException, colours: bool = True) -> Report:
    """The report of any exception that left the user's program."""
    message = message_of(error)
    lines = list(_lines(error, message))
    if not colours:
        lines = [_plain(line) for line in lines]
    return Report(name_of(error), message, lines)


@contextmanager
def threads_reported(threads: Threads) -> Iterator[None]:
    """Report errors of threads that nobody waits for: at the end of what runs here, from then on at once."""
    threads.hears = None
    try:
        yield
    finally:
        threads.hears = _report_thread
        threads.tell()


def _report_thread(name: str, error: Exception) -> None:
    said = report(error, colours=sys.stderr.isatty()).text()
    print(f"In the thread {name}: {said}", file=sys.stderr, flush=True)


def name_of(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return ERROR_NAME if isinstance(error, LispeError) else type(error).__name__


def message_of(error: BaseException) -> str:
    """One line that says what went wrong."""
    if isinstance(error, SyntaxError) and error.filename and places.is_cell(error.filename):
        error.filename = places.shown(error.filename)
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted"
    if isinstance(error, LispeError):
        return visible(str(error))
    return visible(f"Error: {type(error).__name__}: {said_by(error)}".removesuffix(": "))


def _lines(error: BaseException, message: str) -> Iterator[str]:
    # Bold alone: front ends put errors in a red box, where red letters are hard to read.
    yield f"{BOLD}{message}{RESET}"
    if isinstance(error, LispeError):
        yield from _excerpt(error)
        yield from _hint(error)
        yield from _chain(error.frames, error.omitted)
    elif not isinstance(error, KeyboardInterrupt):
        yield from _python_frames(error)
    if Modes.traceback == "python":
        yield ""
        for part in traceback.format_exception(error):
            yield from part.rstrip("\n").split("\n")


def _excerpt(error: LispeError) -> Iterator[str]:
    text = error.excerpt()
    if text:
        line, _, caret = text.rpartition("\n")
        yield ""
        yield f"  {masked(line)}"
        margin, bar, mark = caret.partition("|")
        yield f"  {margin}{bar}{RED}{mark}{RESET}"


# Errors behind which a habit from another language may stand.
_STRANGE = ("Error: Unbound atom", "Unknown function call", "Error: cannot evaluate this instruction")


def _hint(error: LispeError) -> Iterator[str]:
    if not (isinstance(error, CompileError) or error.text.startswith(_STRANGE)):
        return
    from lispe_kernel.assist.habits import hint  # noqa: PLC0415 - start-up: only errors need it

    said = hint(error.line_text)
    if said:
        yield ""
        yield f"  Hint: {masked(said)}"


def _chain(frames: tuple[Frame, ...], omitted: int) -> Iterator[str]:
    """The calls that led to the error, innermost last; nothing for an error at top level."""
    if len(frames) < 2:
        return
    yield ""
    yield "Calls, the innermost last:"
    shown = list(frames)
    hidden = len(shown) + omitted - SHOWN_FRAMES
    if hidden > 0:
        half = SHOWN_FRAMES // 2
        for frame in shown[:half]:
            yield _call(frame)
        yield f"{DIM}  ... {hidden} more calls ...{RESET}"
        shown = shown[-half:]
    for frame in shown:
        yield _call(frame)


def _call(frame: Frame) -> str:
    place = f"{frame.source}, line {frame.span.line}" if frame.span is not None else frame.source
    # A frame of the top level is called as its source, one that the compiler made is in angle brackets.
    top = frame.function == frame.source or frame.function.startswith("<")
    function = "" if top else f" in {frame.function}"
    text = visible(_shortened(frame.text.strip()))
    return f"  {place}{function}" + (f"  {DIM}{text}{RESET}" if text else "")


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_WIDTH else text[: SHOWN_WIDTH - 4] + " ..."


def _python_frames(error: BaseException) -> Iterator[str]:
    """Where a Python cell went wrong: its frames without ours below them."""
    frames = traceback.extract_tb(error.__traceback__)
    shown = [
        traceback.FrameSummary(
            places.shown(frame.filename), frame.lineno, frame.name, lookup_line=False, line=frame.line
        )
        for frame in frames
        if not frame.filename.startswith((_OURS, ast.__file__))
    ]
    if isinstance(error, SyntaxError) or shown:
        yield ""
    for part in traceback.format_list(shown):
        yield from part.rstrip("\n").split("\n")
    if isinstance(error, SyntaxError):
        for part in traceback.format_exception_only(error):
            yield from part.rstrip("\n").split("\n")


def _plain(line: str) -> str:
    for mark in (RED, BOLD, DIM, RESET):
        line = line.replace(mark, "")
    return line
