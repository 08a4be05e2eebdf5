"""What a cell wishes of whoever runs it: to be left out, not to be compared, to fail.

The words are nbval's: tags in the cell's metadata, or comments, which in LispE begin with a semicolon. A
comment comes before a tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# What a mark says: one of the wishes, and whether it holds.
_MARKS = {
    "NBVAL_SKIP": ("skipped", True),
    "NBVAL_IGNORE_OUTPUT": ("compared", False),
    "PYTEST_VALIDATE_IGNORE_OUTPUT": ("compared", False),
    "NBVAL_CHECK_OUTPUT": ("compared", True),
    "NBVAL_RAISES_EXCEPTION": ("may_fail", True),
}
RAISES = "raises-exception"
_TAGS = {
    **{mark.lower().replace("_", "-"): wish for mark, wish in _MARKS.items()},
    RAISES: ("may_fail", True),
    "skip-execution": ("skipped", True),
}


@dataclass(frozen=True)
class Wishes:
    """What one cell wishes; `compared` is None where it says nothing."""

    skipped: bool = False
    compared: bool | None = None
    may_fail: bool = False


def wishes_of(cell: Any) -> Wishes:
    """The wishes of a cell of a notebook."""
    return Wishes(**{**in_tags(cell.metadata), **in_comments(cell.source)})


def in_tags(metadata: Any) -> dict[str, bool]:
    """The wishes among the tags of a cell."""
    tags = metadata.get("tags")
    return dict(_TAGS[tag] for tag in tags if tag in _TAGS) if isinstance(tags, list) else {}


def in_comments(source: str) -> dict[str, bool]:
    """The wishes in comments that stand alone in their lines, of LispE or, in cells of magics, of Python."""
    comments = (line.strip() for line in source.splitlines())
    marks = (line.lstrip(";#").strip() for line in comments if line[:1] in (";", "#"))
    return dict(_MARKS[mark] for mark in marks if mark in _MARKS)
