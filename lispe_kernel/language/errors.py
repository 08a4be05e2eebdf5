"""LispE's errors: a text, a place, the chain of calls that led there.

Nothing here prints. `explain.py` makes one of these from any Python exception; the session and the
kernel show them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of source text. Lines count from 1, columns from 0 in characters, the end is excluded."""

    line: int
    column: int
    end_line: int
    end_column: int


# What a terminal obeys instead of showing, and what turns the direction of a text. Line ends and tabs stay.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """A text for a screen: characters that steer terminals or turn the direction of letters as codes."""
    return _UNSEEN.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def masked(line: str) -> str:
    """A line for a screen under which marks stand: each such character as one mark."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", line)


def said_by(error: BaseException) -> str:
    """The message of any exception; of one that fails while it tells it, its name and that."""
    try:
        return str(error)
    except BaseException:
        return f"{type(error).__name__} (its message could not be read)"


# What a message of a library's engine means to people; empty for one that the library does not know.
Meaning = Callable[[str], str]
_meanings: list[Meaning] = []


def register_meaning(meaning: Meaning) -> None:
    """Let a library say what stands instead of a message."""
    _meanings.append(meaning)


def meaning_of(text: str) -> str:
    """What a library says instead of a message; the message where none does."""
    return next(filter(None, (meaning(text) for meaning in _meanings)), text)


NOWHERE = Span(1, 0, 1, 0)


class Frame(NamedTuple):
    """One LispE call on the way to an error: the function, the source it stands in, the place reached."""

    function: str
    source: str
    span: Span | None
    text: str = ""


class LispeError(Exception):
    """An error of LispE.

    `text` is what went wrong without the place; `str(error)` adds `, line: N in: NAME` when the place
    is known. `frames` is the chain of LispE calls, outermost first; of a very long one `omitted` calls are
    missing in its middle.
    """

    def __init__(
        self,
        text: str,
        *,
        span: Span | None = None,
        source: str | None = None,
        line_text: str = "",
        frames: tuple[Frame, ...] = (),
        incomplete: bool = False,
    ) -> None:
        text = self.wording(text)
        super().__init__(text)
        self.text = text
        self.span = span
        self.source = source
        self.line_text = line_text
        self.frames = frames
        self.omitted = 0
        # Only for reader errors: more text could still make the program well-formed.
        self.incomplete = incomplete

    @staticmethod
    def wording(text: str) -> str:
        """The text as errors show it: nothing in it steers the screen."""
        return visible(text)

    def __str__(self) -> str:
        if self.span is None or self.source is None:
            return self.text
        return f"{self.text}, line: {self.span.line} in: {self.source}"

    def placed(self, span: Span | None, source: str | None, line_text: str = "") -> LispeError:
        """This error with a place, unless it already has one."""
        if self.span is None and span is not None:
            self.span, self.source, self.line_text = span, source, line_text
        return self

    def excerpt(self) -> str:
        """The source line with a caret under the form, or an empty text when the place is unknown."""
        if self.span is None or not self.line_text:
            return ""
        span, line = self.span, self.line_text
        end = span.end_column if span.end_line == span.line else len(line)
        width = max(1, min(end, len(line)) - span.column)
        number = str(span.line)
        # Tabs are kept in the margin so that the caret stands where the reader's editor shows the form.
        margin = "".join("\t" if character == "\t" else " " for character in line[: span.column])
        return f"{number} | {line}\n{' ' * len(number)} | {margin}{'^' * width}"


class CallError(LispeError):
    """An error of a call, noticed in what was called: its place is the call."""


class CompileError(LispeError):
    """An error found before anything ran: balance, arity, keywords, malformed forms."""


class UnknownNameError(CompileError):
    """A form needs a class or a space that is not known: what the text loads before it may bring that."""


class ReaderError(CompileError):
    """The text is no sequence of forms."""


class ThrownError(LispeError):
    """What `(throw text)` raises: the text exactly as given."""

    @staticmethod
    def wording(text: str) -> str:
        """The text as it was given."""
        return text


class MissingKeyError(LispeError, KeyError):
    """A dictionary has no such key. Also a KeyError, as Python's own dictionaries raise."""


class ReturnFromTop(BaseException):
    """`(return v)` outside any function: ends the form of the text in which it stands, with a value."""

    def __init__(self, value: object) -> None:
        self.value = value


class MapEnded(LispeError):
    """`(break)` in a lambda that no loop is written round: ends the map that calls it."""

    def __init__(self) -> None:
        super().__init__("Error: 'break' can only be used inside a loop")


class Caught:
    """An error turned into a value by `catch`: false as a condition, prints the error's text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Caught)

    __hash__ = None  # type: ignore[assignment]
