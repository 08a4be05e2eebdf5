"""Numbers compared as numbers: rewrites a new output so that what agrees with the stored one reads the same.

In text every number may differ by the tolerance; in HTML every number that is text or label may, also in an
SVG picture. What is drawn (coordinates, colours, pixels) follows the numbers beside it. Everything else must
be the same, character by character; what differs is left as it is for whoever compares.
"""

from __future__ import annotations

import html
import math
import re
from urllib.parse import unquote

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w])")
_TINY = 1e-12  # two numbers as near as this are equal, whatever their ratio

_TOKEN = re.compile(r"<svg\b.*?</svg>|<style\b.*?</style>|<script\b.*?</script>|<[^>]*>|[^<]+", re.DOTALL)
_SAID_IN_DRAWING = re.compile(r"<(?:text|title)\b[^>]*>([^<]*)|aria-label=\"([^\"]*)\"")
_ADDRESS = re.compile(r"data:image/svg\+xml,([^\"]*)")
_DRAWN = re.compile(r"#[0-9a-fA-F]{3,8}\b|data:image/[^\"')]*|(?<=style=\")[^\"]*|(?<=data-scale=\")[^\"]*")


def agree(first: float, second: float, tolerance: float) -> bool:
    """Whether two numbers are the same within a relative tolerance.

    Example: agree(1.0, 1.00005, 1e-4) is True
    """
    return math.isclose(first, second, rel_tol=tolerance, abs_tol=_TINY)


def aligned_text(new: str, stored: str, tolerance: float) -> str:
    """`new` with each number that agrees with its counterpart in `stored` written as there, line by line.

    Example: aligned_text("loss 0.50001", "loss 0.5", 1e-4) is "loss 0.5"
    """
    new_lines, stored_lines = new.split("\n"), stored.split("\n")
    if len(new_lines) != len(stored_lines):
        return new
    return "\n".join(_line(a, b, tolerance) for a, b in zip(new_lines, stored_lines, strict=True))


def _line(new: str, stored: str, tolerance: float) -> str:
    """The stored line when the new one says the same, else the new one with the numbers that agree."""
    if new == stored:
        return stored
    between, stored_between = _NUMBER.split(new), _NUMBER.split(stored)
    if [_blanks(part) for part in between] != [_blanks(part) for part in stored_between]:
        return new
    pairs = list(zip(_NUMBER.findall(new), _NUMBER.findall(stored), strict=True))
    kept = [b if agree(float(a), float(b), tolerance) else a for a, b in pairs]
    if kept == [b for _, b in pairs]:
        return stored
    parts = [text + number for text, number in zip(between, [*kept, ""], strict=True)]
    return "".join(parts)


def _blanks(text: str) -> str:
    """The text with every run of spaces as one: a column widens when a number gets a digit more."""
    return re.sub(" +", " ", text)


def aligned_html(new: str, stored: str, tolerance: float) -> str:
    """`new` with what agrees with `stored` written as there: texts, labels, and the drawings beside them."""
    new_parts, stored_parts = _TOKEN.findall(new), _TOKEN.findall(stored)
    if len(new_parts) != len(stored_parts):
        return new
    return "".join(_part(a, b, tolerance) for a, b in zip(new_parts, stored_parts, strict=True))


def _part(new: str, stored: str, tolerance: float) -> str:
    if new == stored:
        return stored
    if new.startswith("<svg") and stored.startswith("<svg"):
        return stored if _agree(_said(new), _said(stored), tolerance) else new
    if new.startswith("<") and stored.startswith("<"):
        drawings, stored_drawings = _drawings(new), _drawings(stored)
        same = len(drawings) == len(stored_drawings) and all(
            _agree(_said(a), _said(b), tolerance) for a, b in zip(drawings, stored_drawings, strict=True)
        )
        return stored if same and _agree(_DRAWN.sub("", new), _DRAWN.sub("", stored), tolerance) else new
    return aligned_text(new, stored, tolerance)


def _agree(new: str, stored: str, tolerance: float) -> bool:
    return aligned_text(new, stored, tolerance) == stored


def _drawings(tag: str) -> list[str]:
    """The drawings that a tag carries in its address, as SVG."""
    return [unquote(html.unescape(found)) for found in _ADDRESS.findall(tag)]


def _said(drawing: str) -> str:
    """The words of a drawing, one a line: its title, its labels, the texts on its axes."""
    return "\n".join(text or label for text, label in _SAID_IN_DRAWING.findall(drawing))
