"""A piece of program text: its name for people, its file name for Python, its lines.

Never reads files and never parses; the reader does that.
"""

from __future__ import annotations

import linecache
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from functools import cached_property, partial

from lispe_kernel.language.errors import Span

# As `Span(...)`, in half the time: a text has as many as tokens.
_span: Callable[[tuple[int, int, int, int]], Span] = partial(tuple.__new__, Span)

# Texts of which nothing is left that are still known: debuggers may show them.
RECENT = 100


class Source:
    """Text to be read. `name` stands in error messages, `file` in code objects (and so in debuggers)."""

    def __init__(self, text: str, name: str = "main", file: str | None = None) -> None:
        self.text = text
        self.name = name
        self.file = file if file is not None else f"<{name}>"
        # The line in which the last span ended: its number, its first offset, that of the next line.
        self._near = (0, 0, 0)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        find = self.text.find
        at = find("\n")
        while at != -1:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line (from 1) and column (from 0, in characters) of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1]

    def span(self, start: int, end: int) -> Span:
        """The span between two offsets; quick in the line of the span that was asked for before."""
        line, first, following = self._near
        if first <= start and end < following:
            return _span((line, start - first, line, end - first))
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        following = self._starts[end_line] if end_line < len(self._starts) else len(self.text) + 1
        self._near = (end_line, end - end_column, following)
        return Span(line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """The text of a line, without its end; an empty text when there is no such line."""
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start:] if end == -1 else self.text[start:end]

    def excerpt(self, span: Span) -> str:
        """The text that a span covers."""
        last = len(self._starts)
        if not (1 <= span.line <= last and 1 <= span.end_line <= last):
            return ""
        start = self._starts[span.line - 1] + span.column
        return self.text[start : self._starts[span.end_line - 1] + span.end_column]

    def written(self, name: str, span: Span | None) -> str:
        """The name as the text has it at a span, where an alias stands for it there."""
        word = self.excerpt(span) if span else ""
        return word if word.isidentifier() else name

    def remember(self) -> None:
        """Let Python's tools (traceback, pdb, inspect) show this text for its file name."""
        lines = self.text.splitlines(keepends=True)
        linecache.cache[self.file] = (len(self.text), None, lines, self.file)

    def forget(self) -> None:
        """Undo `remember`."""
        linecache.cache.pop(self.file, None)


class Passing:
    """Texts of which nothing is left, forgotten after some more of their kind: a session may run for days."""

    def __init__(self, known: dict[str, Source]) -> None:
        self._known = known
        self._recent: deque[Source] = deque()

    def add(self, source: Source) -> None:
        """Take a text that has run."""
        self._recent.append(source)
        if len(self._recent) > RECENT:
            old = self._recent.popleft()
            # A cell that was run again has the same file.
            if self._known.get(old.file) is old:
                self._known.pop(old.file, None)
                old.forget()
