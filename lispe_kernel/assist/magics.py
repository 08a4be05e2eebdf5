"""The table of magics (`%%python`, `%time`, `!command`, `?name` ...) and how a cell is cut at them.

Completion, completeness, the prompt and the kernel read this table; what a magic does is in `running.magics`
and `kernel.magics`. LispE text between magics keeps its line numbers, so errors and breakpoints stay right.
`%` and `!` inside LispE forms stay LispE.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.reader import depth, tokens
from lispe_kernel.language.source import Source

# The names of `!command` and `?name`, which no program can write after `%`.
SHELL, HELP = "!", "?"

_CELL = re.compile(r"\s*%%(?P<name>[A-Za-z_]\w*)[ \t]*(?P<argument>[^\n]*)(?:\n|\Z)(?P<body>.*)", re.S)
_LINE = re.compile(
    r"[ \t]*(?:%(?P<name>[A-Za-z_]\w*+)(?!\?{1,2}[ \t]*$)[ \t]*(?P<argument>.*)|!(?P<shell>[^=].*)"
    r"|\?{1,2}[ \t]*(?P<before>[^\s()?]+)[ \t]*|(?P<after>[^\s()'\"`;?]+)\?{1,2})[ \t]*$"
)


class Magic(NamedTuple):
    """One magic: what it takes (the rest of a line, of a cell), its help, and whether it needs a notebook."""

    help: str
    line: bool = True
    cell: bool = False
    notebook: bool = False


Magics = Mapping[str, Magic]

MAGICS: Magics = {
    "python": Magic("%%python: the cell is Python; it shares the session's variables both ways.", cell=True),
    "time": Magic("%time FORM, %%time: the result, with the time it took.", cell=True),
    "timeit": Magic(
        "%timeit [-n LOOPS] [-r RUNS] FORM, %%timeit [SETUP]: how long a form takes, run often.", cell=True
    ),
    "capture": Magic(
        "%%capture [NAME]: what the cell prints and shows goes into a variable.", line=False, cell=True
    ),
    "ranks": Magic(
        "%%ranks [0,2] [--timeout SECONDS]: the cell runs on the ranks that (ranks 2) started, or on some.",
        line=False,
        cell=True,
    ),
    "bash": Magic("%%bash: the cell is a script for bash.", line=False, cell=True),
    "sh": Magic("%%sh: the cell is a script for the shell.", line=False, cell=True),
    "writefile": Magic("%%writefile [-a] PATH: the cell becomes a file.", line=False, cell=True),
    "pip": Magic("%pip ARGUMENTS: pip for the Python that runs this session."),
    "cd": Magic("%cd FOLDER: the current folder; %cd - goes back."),
    "pwd": Magic("%pwd: the current folder."),
    "env": Magic("%env, %env NAME, %env NAME=VALUE: the environment, shown or set."),
    "who": Magic("%who: the names that this session has defined, with their kinds."),
    "session": Magic(
        "%session save FOLDER, restore FOLDER, list FOLDER, diff FOLDER: what the session holds, kept in a "
        "folder and put back. %session keep FOLDER keeps it after each cell (keep off ends that), "
        "%session log lists these cells, %session goto CELL goes back to one."
    ),
    "reset": Magic("%reset: forget every definition of this session."),
    "load_ext": Magic(
        "%load_ext MODULE: import a Python module and run its load_ipython_extension.", notebook=True
    ),
    "matplotlib": Magic(
        "%matplotlib inline: figures of Python cells appear in the notebook, as they always do here.",
        notebook=True,
    ),
    "lsmagic": Magic("%lsmagic: the magics this kernel knows."),
    SHELL: Magic("!COMMAND: run a shell command; what it prints appears as it comes."),
    HELP: Magic("?NAME: help on a function, a form or a variable, in the pager."),
}

# What IPython has and this table has not -> what does the same.
_ELSEWHERE = {
    "ls": "!ls",
    "ll": "!ls -l",
    "cat": "!cat FILE",
    "mkdir": "!mkdir FOLDER",
    "run": '(load "FILE.lisp") or !python FILE.py',
    "load": '(load "FILE.lisp")',
    "history": "%session log, after %session keep FOLDER",
    "hist": "%session log, after %session keep FOLDER",
    "whos": "%who",
    "prun": "%time",
    "magic": "%lsmagic",
    "script": "%%bash",
    "px": "%%ranks on the first line of a cell",
    "autopx": "%%ranks on the first line of each cell",
    "pxresult": "%%ranks, whose outputs come as they are made",
    "pxconfig": "%%ranks 0,2 --timeout SECONDS",
}

# What makes sense where there is a terminal and no notebook.
AT_A_PROMPT: Magics = {name: entry for name, entry in MAGICS.items() if not entry.notebook}


class Part(NamedTuple):
    """A stretch of a cell: LispE when `magic` is None, otherwise a call of that magic."""

    text: str
    magic: str | None = None
    argument: str = ""
    # How many lines of the cell stand before the text.
    line: int = 0

    @property
    def code(self) -> str:
        """The code of a magic that takes code, on the lines where it stands in the cell."""
        return "\n" * self.line + (self.text or self.argument)


def parts_of(code: str, magics: Magics = MAGICS) -> Iterator[Part]:
    """The parts of a cell in their order. Raises LispeError for a cell magic that is not in the table."""
    whole = _CELL.match(code)
    if whole is not None:
        name = whole["name"]
        if name not in magics or not magics[name].cell:
            raise _unknown(f"%%{name}", magics)
        yield Part(whole["body"], name, whole["argument"].strip(), code[: whole.start("body")].count("\n"))
        return
    yield from _cut(code, magics)


def _cut(code: str, magics: Magics) -> Iterator[Part]:
    lines = code.split("\n")
    candidates = [number for number, line in enumerate(lines) if line.lstrip()[:1] in ("%", "!", "?")]
    candidates += [number for number, line in enumerate(lines) if line.rstrip()[-1:] == "?"]
    start = 0
    for number in sorted(set(candidates)):
        found = _LINE.match(lines[number])
        if found is None or not at_top("\n".join(lines[start:number])):
            continue
        if not _known(found, magics):
            raise _unknown(f"%{found['name']}", magics)
        yield from _lispe(lines, start, number)
        yield _magic_part(found, number)
        start = number + 1
    yield from _lispe(lines, start, len(lines))


def _known(found: re.Match[str], magics: Magics) -> bool:
    if found["name"] is not None:
        return found["name"] in magics and magics[found["name"]].line
    return True


def _magic_part(found: re.Match[str], line: int) -> Part:
    if found["name"] is not None:
        return Part("", found["name"], found["argument"].strip(), line)
    if found["shell"] is not None:
        return Part("", SHELL, found["shell"], line)
    return Part("", HELP, found["before"] or found["after"], line)


def at_top(text: str) -> bool:
    """Whether what follows this text stands outside every bracket, string and comment."""
    source = Source(text)
    return not depth(source) and not any(kind in ("broken", "unclosed") for kind, _, _ in tokens(source))


def _lispe(lines: list[str], start: int, end: int) -> Iterator[Part]:
    text = "\n".join(lines[start:end])
    if text.strip() or (start == 0 and end == len(lines)):
        yield Part("\n" * start + text, line=start)


def _unknown(written: str, magics: Magics) -> LispeError:
    """The error for a magic that is not there, with what looks like it."""
    cell, name = written.startswith("%%"), written.lstrip("%")
    if name in magics:
        other = f"%{name}" if cell else f"%%{name}"
        return LispeError(
            f"Error: '{other}' is the magic of a {'line' if cell else 'whole cell, on its first line'}"
        )
    if name in _ELSEWHERE:
        return LispeError(f"Error: unknown magic: '{written}' (here it is {_ELSEWHERE[name]})")
    import difflib  # noqa: PLC0415 - start-up: only an unknown name needs it

    mark = "%%" if cell else "%"
    known = [
        name for name, entry in magics.items() if name.isalpha() and (entry.cell if cell else entry.line)
    ]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    hint = f" (did you mean {' or '.join(repr(mark + n) for n in near)}?)" if near else ""
    kind = "cell magic" if cell else "magic"
    return LispeError(f"Error: unknown {kind}: '{written}'{hint}. %lsmagic lists those that are there")
