"""Between programs and notebooks: `.lisp` to `.ipynb` and back, cells kept.

In a program a cell begins with a line `; %%`, a text cell with `; %% [markdown]`, its text being comments.
What is no LispE is called by LispE's function `magic`, so that the program does what the notebook does: a
whole cell under `; %% [magic]`, a line among others with `; magic` behind it. A program without such lines
is cut into its paragraphs. Nothing is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lispe_kernel.assist.language import LANGUAGE
from lispe_kernel.assist.magics import parts_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import quoted
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source

MARK = re.compile(r"; %%(?: \[(markdown|magic)\])?[ \t]*$")
# A line of a cell that looks like a mark gets one more space, and loses it again.
_LIKE_MARK = re.compile(r"^; ( *)%%", re.MULTILINE)
_ESCAPED = re.compile(r"^;  ( *)%%", re.MULTILINE)
_MAGIC_LINE = re.compile(r"(\(magic \"(?:[^\"\\]|\\.)*\"\)) ; magic[ \t]*\Z")
KERNEL = {"display_name": "LispE", "language": "lispe", "name": "lispe"}

Cell = tuple[str, str]  # (`code`, `markdown` or `magic`; text)


def notebook_of(program: str) -> Any:
    """A notebook, not yet run, with the cells of a program."""
    import nbformat.v4 as v4  # noqa: PLC0415 - heavy: each command imports only what it runs

    made = v4.new_notebook(metadata={"kernelspec": dict(KERNEL), "language_info": dict(LANGUAGE)})
    for number, (kind, text) in enumerate(cells_of(program)):
        cell = v4.new_markdown_cell(text) if kind == "markdown" else v4.new_code_cell(text)
        cell["id"] = f"cell-{number:02d}"
        made.cells.append(cell)
    return made


def program_of(notebook: Any) -> str:
    """The program with the cells of a notebook; outputs are left behind. It runs as it is."""
    parts = []
    for cell in notebook.cells:
        parts.append(_written("markdown", cell.source) if cell.cell_type != "code" else _code(cell.source))
    return "\n\n".join(parts) + "\n"


def _code(text: str) -> str:
    try:
        parts = list(parts_of(text))
    except LispeError:
        # A magic that is not there: the program says so when it comes to it, as the notebook does.
        return _written("magic", text)
    if len(parts) == 1 and parts[0].magic is not None:
        return _written("magic", text)
    lines = text.split("\n")
    for part in parts:
        if part.magic is not None:
            lines[part.line] = f"(magic {_quoted(lines[part.line])}) ; magic"
    return _written("code", "\n".join(lines))


def _quoted(text: str) -> str:
    return quoted(text).replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _called(text: str) -> str:
    """The cell that a call of `magic` runs."""
    return str(read(Source(text, "program"))[0][1])


def _magic_cell(text: str) -> str:
    return _called(text) if text.lstrip().startswith("(magic") else _uncommented(text)


def _code_cell(text: str) -> str:
    lines = (_MAGIC_LINE.match(line) for line in text.split("\n"))
    back = [_called(found[1]) if found else line for found, line in zip(lines, text.split("\n"), strict=True)]
    return _ESCAPED.sub(r"; \1%%", "\n".join(back))


def _written(kind: str, text: str) -> str:
    if kind == "magic":
        long = "\n" in text and "`" not in text
        return f"; %% [magic]\n(magic {f'`{text}`' if long else _quoted(text)})"
    if kind == "code":
        return "; %%\n" + _LIKE_MARK.sub(r";  \1%%", text)
    return f"; %% [{kind}]\n" + _commented(text)


def _commented(text: str) -> str:
    return "\n".join(f"; {line}" if line else ";" for line in text.split("\n"))


def _uncommented(text: str) -> str:
    return "\n".join(re.sub(r"^; ?", "", line) for line in text.split("\n"))


_READ = {"code": _code_cell, "magic": _magic_cell, "markdown": _uncommented}


def cells_of(program: str) -> list[Cell]:
    """The cells of a program by its marks, or by its paragraphs where it has none."""
    lines = program.rstrip("\n").split("\n")
    starts = [n for n, line in enumerate(lines) if MARK.match(line)]
    if not starts:
        return list(_paragraphs(lines))
    before = "\n".join(lines[: starts[0]]).strip("\n")
    cells: list[Cell] = [("code", before)] if before.strip() else []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        found = MARK.match(lines[start])
        kind = (found and found[1]) or "code"
        # One blank line stands between cells.
        last = end - 1 if end < len(lines) and end - 1 > start and not lines[end - 1].strip() else end
        text = "\n".join(lines[start + 1 : last])
        cells.append((kind, _READ[kind](text)))
    return cells


def _paragraphs(lines: list[str]) -> Iterator[Cell]:
    """Cells cut at blank lines outside of forms; a paragraph of comments alone is text."""
    inside = _lines_inside_forms("\n".join(lines))
    gathered: list[str] = []
    for number, line in [*enumerate(lines), (len(lines), "")]:
        if line.strip() or number in inside:
            gathered.append(line)
        elif gathered:
            text = "\n".join(gathered)
            if all(line.startswith(";") and not line.startswith(";;") for line in gathered):
                yield "markdown", _uncommented(text)
            else:
                yield "code", text
            gathered = []


def _lines_inside_forms(program: str) -> set[int]:
    """The numbers of the lines (from 0) over which a form, a long string included, goes on."""
    source = Source(program, "program")
    try:
        forms = read(source)
    except LispeError:
        # An unfinished program has no paragraphs: it becomes one cell.
        return set(range(program.count("\n") + 1))
    return {line for span in forms.spans for line in range(span.line - 1, span.end_line)}
