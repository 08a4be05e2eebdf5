"""What a cell may hold besides LispE: `%%python`, `%time`, `!command`, `?name` ... and how a cell is cut.

A magic is one small function in a table. LispE text between magics keeps its line numbers, so errors and
breakpoints stay right. `%` and `!` inside LispE forms stay LispE.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.reader import depth, tokens
from lispe_kernel.language.source import Source
from lispe_kernel.running import bridges

if TYPE_CHECKING:
    from lispe_kernel.kernel.cells import Cell, Shown

_CELL = re.compile(r"\s*%%(?P<name>[A-Za-z_]\w*)[ \t]*(?P<argument>[^\n]*)(?:\n|\Z)(?P<body>.*)", re.S)
_LINE = re.compile(
    r"[ \t]*(?:%(?P<name>[A-Za-z_]\w*)[ \t]*(?P<argument>.*)|!(?P<shell>[^=].*)"
    r"|\?(?P<before>[^\s()]+)[ \t]*|(?P<after>[^\s()'\"`;?]+)\?)[ \t]*$"
)


@dataclass(frozen=True)
class Part:
    """A stretch of a cell: LispE when `magic` is None, otherwise a call of that magic."""

    text: str
    magic: str | None = None
    argument: str = ""
    # How many lines of the cell stand before the text.
    line: int = 0


@dataclass(frozen=True)
class Magic:
    """One magic: the function, and whether it takes the rest of a line, of a cell, or both."""

    call: Callable[[Part, Cell], Shown]
    line: bool
    cell: bool
    help: str


MAGICS: dict[str, Magic] = {}


def magic(name: str, *, line: bool = True, cell: bool = False) -> Callable[[Any], Any]:
    """Enter the decorated function `(part, cell) -> Shown` into the table of magics."""

    def register(call: Callable[[Part, Cell], Shown]) -> Callable[[Part, Cell], Shown]:
        MAGICS[name] = Magic(call, line, cell, (call.__doc__ or "").strip())
        return call

    return register


def parts_of(code: str) -> Iterator[Part]:
    """The parts of a cell in their order."""
    whole = _CELL.match(code)
    if whole is not None:
        name = whole["name"]
        if name not in MAGICS or not MAGICS[name].cell:
            raise LispeError(f"Error: unknown cell magic: '%%{name}'. Known: {names(cell=True)}")
        yield Part(whole["body"], name, whole["argument"].strip(), code[: whole.start("body")].count("\n"))
        return
    yield from _cut(code)


def _cut(code: str) -> Iterator[Part]:
    lines = code.split("\n")
    candidates = [number for number, line in enumerate(lines) if line.lstrip()[:1] in ("%", "!", "?")]
    candidates += [number for number, line in enumerate(lines) if line.rstrip()[-1:] == "?"]
    start = 0
    for number in sorted(set(candidates)):
        found = _LINE.match(lines[number])
        if found is None or not _known(found) or not _at_top("\n".join(lines[start:number])):
            continue
        yield from _lispe(lines, start, number)
        yield _magic_part(found, number)
        start = number + 1
    yield from _lispe(lines, start, len(lines))


def _known(found: re.Match[str]) -> bool:
    if found["name"] is not None:
        return found["name"] in MAGICS and MAGICS[found["name"]].line
    return True


def _magic_part(found: re.Match[str], line: int) -> Part:
    if found["name"] is not None:
        return Part("", found["name"], found["argument"].strip(), line)
    if found["shell"] is not None:
        return Part("", "!", found["shell"], line)
    return Part("", "?", found["before"] or found["after"], line)


def _at_top(text: str) -> bool:
    """Whether what follows this text stands outside every bracket, string and comment."""
    source = Source(text)
    return not depth(source) and not any(kind in ("broken", "unclosed") for kind, _, _ in tokens(source))


def _lispe(lines: list[str], start: int, end: int) -> Iterator[Part]:
    text = "\n".join(lines[start:end])
    if text.strip() or (start == 0 and end == len(lines)):
        yield Part("\n" * start + text, line=start)


def names(cell: bool = False) -> str:
    """The known magics, for messages and completion."""
    mark = "%%" if cell else "%"
    known = [name for name, entry in MAGICS.items() if (entry.cell if cell else entry.line)]
    return ", ".join(mark + name for name in sorted(known) if name[0].isalpha())


def run_magic(part: Part, cell: Cell) -> Shown:
    assert part.magic is not None
    return MAGICS[part.magic].call(part, cell)


def _shown(value: Any = None, silent: bool = True) -> Shown:
    from lispe_kernel.kernel.cells import Shown

    return Shown(value, silent)


@magic("python", line=True, cell=True)
def _python(part: Part, cell: Cell) -> Shown:
    """%%python: the cell is Python; it shares the session's variables both ways."""
    text = "\n" * part.line + part.text if part.text else part.argument
    value = bridges.run_python(text, cell.kernel.lispe.namespace, cell.file)
    cell.kernel.facade.events.trigger("post_execute")
    return _shown(value, silent=value is None)


@magic("time", line=True, cell=True)
def _time(part: Part, cell: Cell) -> Shown:
    """%time FORM, %%time: the result, with the time it took."""
    text = "\n" * part.line + (part.text or part.argument)
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        return cell.lispe(text)
    finally:
        used, passed = time.process_time() - cpu, time.perf_counter() - wall
        print(f"CPU time: {_duration(used)}\nWall time: {_duration(passed)}")


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


@magic("who")
def _who(part: Part, cell: Cell) -> Shown:
    """%who: the names that this session has defined, with their kinds."""
    from lispe_kernel.language.printer import describe

    kernel = cell.kernel
    defined = bridges.user_variables(kernel.lispe.namespace, kernel.predefined)
    rows = [(name, describe(value, 60)) for name, value in defined]
    if not rows:
        print("Nothing is defined yet.")
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        print(f"{name:<{width}}  {text}")
    return _shown()


@magic("reset")
def _reset(part: Part, cell: Cell) -> Shown:
    """%reset: forget every definition of this session."""
    cell.kernel.reset()
    return _shown()


@magic("load_ext")
def _load_ext(part: Part, cell: Cell) -> Shown:
    """%load_ext MODULE: import a Python module and run its load_ipython_extension."""
    import importlib

    try:
        module = importlib.import_module(part.argument)
    except ImportError as error:
        raise LispeError(
            f"Error: %load_ext: no module can be imported as '{part.argument}': {error}"
        ) from error
    load = getattr(module, "load_ipython_extension", None)
    if load is None:
        raise LispeError(f"Error: %load_ext: the module '{part.argument}' has no load_ipython_extension")
    try:
        load(cell.kernel.facade)
    except (AttributeError, TypeError) as error:
        # The shell here is a facade: what an extension wants of IPython's compiler or magics is not there.
        raise LispeError(
            f"Error: %load_ext: '{part.argument}' needs more of IPython than this kernel has: {error}"
        ) from error
    return _shown()


@magic("matplotlib")
def _matplotlib(part: Part, cell: Cell) -> Shown:
    """%matplotlib inline: figures of Python cells appear in the notebook, as they always do here."""
    if part.argument not in ("", "inline"):
        raise LispeError(f"Error: %matplotlib: figures are shown inline; there is no '{part.argument}' here")
    return _shown()


@magic("lsmagic")
def _lsmagic(part: Part, cell: Cell) -> Shown:
    """%lsmagic: the magics this kernel knows."""
    for entry in sorted(MAGICS.values(), key=lambda entry: entry.help):
        print(entry.help)
    return _shown()


@magic("!")
def _shell(part: Part, cell: Cell) -> Shown:
    """!COMMAND: run a shell command; what it prints appears as it comes."""
    cell.kernel.lispe.namespace["_exit_code"] = bridges.run_shell(part.argument)
    return _shown()


@magic("?")
def _help(part: Part, cell: Cell) -> Shown:
    """?NAME: help on a function, a form or a variable, in the pager."""
    found = cell.kernel.inspector.about(part.argument)
    if found is None:
        raise LispeError(f"Error: no help: nothing is named '{part.argument}'")
    cell.payload.append({"source": "page", "data": found, "start": 0})
    return _shown()
