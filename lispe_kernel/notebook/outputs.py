"""Two lists of a cell's outputs side by side: which parts differ, and how to say so.

Pictures and widget models are not compared: the first are drawings of what the text says, the second carry
random names. Numbers are compared by `tolerance`.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lispe_kernel.notebook.lasting import lasting
from lispe_kernel.notebook.tolerance import aligned_html, aligned_text

NOT_COMPARED = frozenset({"image/png", "image/jpeg", "application/vnd.jupyter.widget-view+json"})
_MOST_LINES = 40
_WIDEST = 200
_CELL_NUMBER = re.compile(r"\bin: cell \d+\b")
# What a view says by the clock, as `page.html.clock` marks it.
_CLOCK = re.compile(r'<(?:span|td)\b[^<>]*\bclass="?clock\b"?[^<>]*>[^<>]*')
# What the rest of a line of a stream is written over.
_WRITTEN_OVER = re.compile(r"^.*\r(?=[^\n])", re.MULTILINE)
_BETWEEN_TAGS = re.compile(r"(?=<)|(?<=>)")

Replacements = Sequence[tuple[re.Pattern[str], str]]


@dataclass(frozen=True)
class Part:
    """One comparable piece of an output: where it belongs and its text."""

    kind: str  # a MIME type, a stream's name, or `error`
    text: str


@dataclass(frozen=True)
class Difference:
    """What a cell said before and what it says now, in one part of its outputs."""

    kind: str
    stored: str
    new: str

    def lines(self) -> list[str]:
        """The difference as lines that begin with `-` (stored) or `+` (now), long ones cut."""
        before, after = (_readable(text, self.kind) for text in (self.stored, self.new))
        changed = [
            line
            for line in difflib.unified_diff(before, after, "stored", "now", n=0, lineterm="")
            if line[:1] in "-+" and line[:3] not in ("---", "+++")
        ]
        shown = [
            line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…" for line in changed[:_MOST_LINES]
        ]
        more = len(changed) - len(shown)
        return [
            f"{self.kind}:",
            *(f"  {line}" for line in shown),
            *([f"  ... {more} more lines"] if more else []),
        ]


def _readable(text: str, kind: str) -> list[str]:
    """The lines of a text; of HTML, one tag or text a line."""
    if kind != "text/html":
        return text.splitlines()
    return [piece for part in _BETWEEN_TAGS.split(text) if (piece := part.strip())]


def parts_of(outputs: Iterable[Any]) -> list[Part]:
    """The comparable parts of a cell's outputs, with the pieces of a stream joined and read as a screen does.

    Those of a kind stand together, in their order, and streams last: as for nbval, the order of different
    kinds among each other does not count.
    """
    parts: list[Part] = []
    streams: dict[str, list[str]] = {}
    for output in lasting(outputs):
        match output["output_type"]:
            case "stream":
                streams.setdefault(output["name"], []).append(_joined(output["text"]))
            case "error":
                parts.append(Part("error", f"{output['ename']}: {output['evalue']}"))
            case _:
                data = output["data"]
                parts += [
                    Part(kind, _joined(data[kind])) for kind in sorted(data) if kind not in NOT_COMPARED
                ]
    parts.sort(key=lambda part: part.kind)
    return parts + [
        Part(name, _WRITTEN_OVER.sub("", "".join(pieces))) for name, pieces in sorted(streams.items())
    ]


def _joined(text: Any) -> str:
    """A part as text: one that JSON holds in lines, or another value of JSON whatever its keys' order."""
    if isinstance(text, str):
        return text
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return json.dumps(text, sort_keys=True, ensure_ascii=False)


def aligned(kind: str, new: str, stored: str, tolerance: float) -> str:
    """The new text with cell numbers, the clock and numbers within tolerance as in the stored one."""
    new = with_cell_numbers(new, stored)
    if kind == "text/html":
        new = _taken_over(_CLOCK, new, stored)
    if not tolerance:
        return new
    return (aligned_html if kind == "text/html" else aligned_text)(new, stored, tolerance)


def with_cell_numbers(new: str, stored: str) -> str:
    """The new text with the stored text's numbers of cells: they count what a session has run so far.

    Example: with_cell_numbers("in: cell 1", "in: cell 7") is "in: cell 7"
    """
    return _taken_over(_CELL_NUMBER, new, stored)


def _taken_over(pattern: re.Pattern[str], new: str, stored: str) -> str:
    """The new text with what a pattern finds replaced by what it finds in the stored text, one by one."""
    known = pattern.findall(stored)
    if len(known) != len(pattern.findall(new)):
        return new
    each = iter(known)
    return pattern.sub(lambda _: next(each), new)


def differences(
    stored: Iterable[Any], new: Iterable[Any], tolerance: float = 0.0, replacements: Replacements = ()
) -> list[Difference]:
    """Where the new outputs of a cell differ from the stored ones; an empty list when they agree."""
    before, after = parts_of(stored), parts_of(new)
    if [p.kind for p in before] != [p.kind for p in after]:
        return [Difference("outputs", _listing(before), _listing(after))]
    found = []
    for old, now in zip(before, after, strict=True):
        old_text, new_text = (_cleaned(part.text, replacements) for part in (old, now))
        new_text = aligned(old.kind, new_text, old_text, tolerance)
        if new_text != old_text:
            found.append(Difference(old.kind, old_text, new_text))
    return found


def _cleaned(text: str, replacements: Replacements) -> str:
    for pattern, replacement in replacements:
        text = pattern.sub(replacement, text)
    return text


def _listing(parts: Sequence[Part]) -> str:
    """Each part's kind with its first line, for outputs that came or went."""
    return "\n".join(f"{part.kind}: {part.text.strip().partition(chr(10))[0][:80]}" for part in parts)
