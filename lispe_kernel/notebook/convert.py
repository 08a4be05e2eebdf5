"""Between programs and notebooks: `.lisp` to `.ipynb` and back, cells kept.

In a program a cell begins with a line `; %%`, a text cell with `; %% [markdown]`, its text being comments; a
cell of a magic or a question, which is no LispE, is kept as comments under `; %% [magic]`. A program without
such lines is cut into its paragraphs. Nothing is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source

MARK = re.compile(r"; %%(?: \[(markdown|magic)\])?[ \t]*$")
# A line of a cell that looks like a mark gets one more space, and loses it again.
_LIKE_MARK = re.compile(r"^; ( *)%%", re.MULTILINE)
_ESCAPED = re.compile(r"^;  ( *)%%", re.MULTILINE)
_MAGIC = re.compile(r"\s*[%!?]|[^\s()]+\?\??\s*\Z")
_KERNEL = {"display_name": "LispE", "language": "lispe", "name": "lispe"}
_LANGUAGE = {"name": "lispe", "file_extension": ".lisp", "mimetype": "text/x-lispe"}

Cell = tuple[str, str]  # (`code`, `markdown` or `magic`; text)


def notebook_of(program: str) -> Any:
    """A notebook, not yet run, with the cells of a program."""
    import nbformat.v4 as v4  # noqa: PLC0415 - heavy: each command imports only what it runs

    made = v4.new_notebook(metadata={"kernelspec": dict(_KERNEL), "language_info": dict(_LANGUAGE)})
    for number, (kind, text) in enumerate(cells_of(program)):
        cell = v4.new_markdown_cell(text) if kind == "markdown" else v4.new_code_cell(text)
        cell["id"] = f"cell-{number:02d}"
        made.cells.append(cell)
    return made


def program_of(notebook: Any) -> str:
    """The program with the cells of a notebook; outputs are left behind. It runs as it is."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            parts.append(_written("magic" if _MAGIC.match(cell.source) else "code", cell.source))
        else:
            parts.append(_written("markdown", cell.source))
    return "\n\n".join(parts) + "\n"


def _written(kind: str, text: str) -> str:
    if kind == "code":
        return "; %%\n" + _LIKE_MARK.sub(r";  \1%%", text)
    return f"; %% [{kind}]\n" + _commented(text)


def _commented(text: str) -> str:
    return "\n".join(f"; {line}" if line else ";" for line in text.split("\n"))


def _uncommented(text: str) -> str:
    return "\n".join(re.sub(r"^; ?", "", line) for line in text.split("\n"))


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
        cells.append((kind, _ESCAPED.sub(r"; \1%%", text) if kind == "code" else _uncommented(text)))
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
