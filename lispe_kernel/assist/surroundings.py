"""Whose words stand at the cursor: LispE's, Python's, a shell's, or those of a magic.

Completion and help ask here first, so that neither offers LispE's names in a script of bash. Runs nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lispe_kernel.assist.magics import MAGICS, Magics, at_top

# The magics whose code is LispE, those whose words are paths, and the cells that are scripts.
_OF_LISPE = frozenset({"time", "timeit", "capture", "ranks"})
_OF_PATHS = frozenset({"cd", "session", "writefile", "pip"})
_SCRIPTS = frozenset({"bash", "sh"})

_CELL = re.compile(r"\s*%%(?P<name>[A-Za-z_]\w*)[^\n]*(?:\n|\Z)")
_LINE = re.compile(r"[ \t]*(?:%(?P<name>[A-Za-z_]\w*)|!(?!=)|\?{1,2}[ \t]*%{1,2}(?P<asked>[A-Za-z_]\w*))")

LISPE, PYTHON, PATHS, OTHER, MAGIC = "lispe", "python", "paths", "other", "magic"


class Surroundings(NamedTuple):
    """`kind`: lispe, python, paths (words of a shell, files), other (nobody's), magic (its name)."""

    kind: str
    magic: str = ""


def surroundings(code: str, cursor: int, magics: Magics = MAGICS) -> Surroundings:
    """Whose words stand at a place of a cell."""
    start = 0
    while (head := _CELL.match(code, start)) is not None and head["name"] in magics:
        name = head["name"]
        if cursor <= head.end("name"):
            return Surroundings(MAGIC, name)
        if cursor < head.end() or "\n" not in head[0][head.end("name") - head.start() :]:
            return _words(name)
        if name not in _OF_LISPE:
            return Surroundings(PYTHON if name == "python" else PATHS if name in _SCRIPTS else OTHER, name)
        start = head.end()
    return _in_line(code, start, cursor, magics)


def _in_line(code: str, start: int, cursor: int, magics: Magics) -> Surroundings:
    begin = max(start, code.rfind("\n", 0, cursor) + 1)
    found = _LINE.match(code, begin)
    if found is None or not at_top(code[start:begin]):
        return Surroundings(LISPE)
    name = found["name"] or found["asked"]
    if name is None:
        return Surroundings(PATHS if cursor >= found.end() else LISPE)
    if name not in magics:
        return Surroundings(LISPE)
    return Surroundings(MAGIC, name) if cursor <= found.end() else _words(name)


def _words(name: str) -> Surroundings:
    """What stands behind the name of a magic, on its line."""
    if name in ("time", "timeit"):
        return Surroundings(LISPE, name)
    return Surroundings(PYTHON if name == "python" else PATHS if name in _OF_PATHS else OTHER, name)


__all__ = ["LISPE", "MAGIC", "OTHER", "PATHS", "PYTHON", "Surroundings", "surroundings"]
