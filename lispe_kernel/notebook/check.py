"""Runs a notebook anew and says what its cells answer differently from what the file holds."""

from __future__ import annotations

import configparser
import copy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lispe_kernel.notebook.outputs import Difference, Replacements, differences
from lispe_kernel.notebook.run import Announce, NotebookError, Settings, code_cells, execute, headline, read
from lispe_kernel.notebook.tags import wishes_of

_DEFAULT = Settings()
# As nbval has it: outputs without a number are those of another text, or of nobody.
_NOT_ITS_OWN = Difference("outputs", "stored, but the cell has no number: it was not run as it stands", "")


@dataclass(frozen=True)
class Changed:
    """A cell whose outputs are no longer those of the file."""

    number: int
    source: str
    differences: tuple[Difference, ...]

    def lines(self) -> list[str]:
        """The cell's first line, then what differs."""
        told = [f"cell {self.number}: {headline(self.source)}"]
        return told + [f"  {line}" for difference in self.differences for line in difference.lines()]


class CheckStoppedError(NotebookError):
    """A run that stopped; `changed` are the cells before it that answer differently."""

    def __init__(self, text: str, changed: list[Changed]) -> None:
        super().__init__(text)
        self.changed = changed


def check_file(
    path: Path,
    tolerance: float = 0.0,
    sanitize: Path | None = None,
    announce: Announce | None = None,
    settings: Settings = _DEFAULT,
) -> list[Changed]:
    """The cells of a notebook whose new outputs differ from the stored ones. The file is left as it is.

    tolerance: the relative difference that two numbers may have. sanitize: a file of replacements in nbval's
    format, applied to both sides first. Cells that wish not to be run or not to be compared are left out, and
    so are those that had never been run: what they have no number for they promise nothing about.
    Raises CheckStoppedError where a cell fails that may not, and NotebookError for what cannot be read.
    """
    stored = read(path)
    replacements = replacements_in(sanitize) if sanitize else ()
    new = copy.deepcopy(stored)
    begun = 0

    def tell(number: int, count: int, line: str) -> None:
        nonlocal begun
        begun = number
        if announce is not None:
            announce(number, count, line)

    try:
        execute(new, path.parent, tell, settings)
    except NotebookError as problem:
        ended = code_cells(stored)[: max(begun - 1, 0)]
        changed = _changed(ended, code_cells(new), tolerance, replacements)
        raise CheckStoppedError(str(problem), changed) from problem
    return _changed(code_cells(stored), code_cells(new), tolerance, replacements)


def _changed(
    stored: list[Any], new: list[Any], tolerance: float, replacements: Replacements
) -> list[Changed]:
    """Those of the stored cells that answer differently now; the new ones are these and perhaps more."""
    changed = []
    for number, (before, after) in enumerate(zip(stored, new, strict=False), start=1):
        wishes = wishes_of(after)
        if wishes.skipped:
            continue
        if never_ran(before):
            found = [_NOT_ITS_OWN] if before.outputs else []
        elif wishes.compared is False:
            continue
        else:
            found = differences(before.outputs, after.outputs, tolerance, replacements)
        if found:
            changed.append(Changed(number, after.source, tuple(found)))
    return changed


def never_ran(cell: Any) -> bool:
    """Whether a stored cell has no number, as one has that was written and not run."""
    return cell.get("execution_count") is None


def replacements_in(path: Path) -> Replacements:
    """The patterns of a sanitize file: sections with `regex:` and `replace:`.

    Raises NotebookError when the file cannot be read or a pattern is none.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
        return [
            (re.compile(parser.get(section, "regex")), parser.get(section, "replace"))
            for section in parser.sections()
        ]
    except (OSError, configparser.Error, re.error) as problem:
        raise NotebookError(f"{path} is not a file of replacements: {problem}") from problem
