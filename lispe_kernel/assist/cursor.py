"""Where the cursor stands in a text that need not be well formed: in a word, a string, a comment, which call.

Built on the reader's tokens, so it agrees with the reader; offsets count characters (code points), as
Jupyter's protocol does. It never evaluates.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lispe_kernel.language.reader import LONG_QUOTES, tokens
from lispe_kernel.language.source import Source

WORDS = frozenset({"atom", "operator", "sigil", "number", "complex", "mark"})
# A nested form, where only its presence counts.
NESTED = "()"


@dataclass
class Level:
    """An open bracket and the elements after it; nested forms stand as `()`, literals as they are written."""

    start: int
    bracket: str = "("
    items: list[str] = field(default_factory=list)

    @property
    def head(self) -> str:
        return self.items[0] if self.items else ""


@dataclass
class Place:
    """What surrounds the cursor. `kind`: word, gap, string or comment; `word`: its text up to the cursor."""

    kind: str
    start: int
    word: str
    levels: list[Level]

    @property
    def call(self) -> Level | None:
        """The innermost open parenthesis."""
        return self.levels[-1] if self.levels else None

    @property
    def at_head(self) -> bool:
        """Whether the word stands where a function is named."""
        return bool(self.levels) and not self.levels[-1].items


def place_at(code: str, cursor: int) -> Place:
    """The place of a cursor; a cursor outside the text is moved to its nearest end."""
    cursor = max(0, min(cursor, len(code)))
    before = code[:cursor]
    levels: list[Level] = []
    end = 0
    for kind, start, end in tokens(Source(before)):
        text = before[start:end]
        if kind == "unclosed" or (kind == "comment" and end == cursor and not _closed(text)):
            return Place("comment", start, text, levels)
        if kind == "broken" and (text[-1] in LONG_QUOTES or "\n" not in before[start:]):
            return Place("string", end, before[end:], levels)
        if kind in WORDS and end == cursor:
            return Place("word", start, text, levels)
        _enter(levels, kind, text, start)
    # A script header is no token: it stands in the blanks after the last one.
    header = "#!" in before[end:].rpartition("\n")[2]
    return Place("comment" if header else "gap", cursor, "", levels)


def _closed(comment: str) -> bool:
    return comment.startswith(";;") and comment.endswith(";;") and len(comment) >= 4


def _enter(levels: list[Level], kind: str, text: str, start: int) -> None:
    if kind == "open":
        if levels:
            levels[-1].items.append(NESTED)
        levels.append(Level(start, text))
    elif kind == "close":
        if levels:
            levels.pop()
    elif levels and kind not in ("comment", "quote"):
        levels[-1].items.append(text)


def enclosing(levels: list[Level]) -> tuple[Level, Level] | None:
    """The two innermost levels, outer first, when there are two."""
    return (levels[-2], levels[-1]) if len(levels) > 1 else None


def word_around(code: str, cursor: int) -> str:
    """The whole word that the cursor touches, or an empty text."""
    for kind, start, end in tokens(Source(code)):
        if start <= cursor <= end and kind in WORDS:
            return code[start:end]
        if start > cursor:
            break
    return ""


def words(code: str, without: int) -> set[str]:
    """All atoms of a text but the one that starts at the offset `without`."""
    return {
        code[start:end] for kind, start, end in tokens(Source(code)) if kind == "atom" and start != without
    }
