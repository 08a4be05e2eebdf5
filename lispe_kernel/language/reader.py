"""Text to forms: tokens by one regular expression, then one loop with a stack of open brackets.

The whole reader of the language reference, section 1. It never evaluates, never compiles, and does
not recurse: nesting depth is limited by memory only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from lispe_kernel.language.errors import ReaderError, Span
from lispe_kernel.language.forms import QUOTE, Form
from lispe_kernel.language.source import Source
from lispe_kernel.language.stack import at_rest
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.numerals import read_number

_NUMBER = r"""(?:0[xX][0-9A-Fa-f]+(?:\.[0-9A-Fa-f]+)?(?:[pP][+-]?\d+)?
              |0[bB][01]+
              |\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"""
# Long strings, in which no escape is read: what opens one and what closes it.
LONG_QUOTES = {"`": "`", "«": "»", "“": "”", "‘": "’", "„": "”", "❝": "❞"}
_OPENING = "".join(LONG_QUOTES)
_LONG = "|".join(f"{opening}[^{closing}]*{closing}" for opening, closing in LONG_QUOTES.items())
# Characters that can never stand inside an atom.
_STOP = rf"""\s()\[\]{{}}"{_OPENING}';:.,"""
_OPERATOR = r"+\-*/%<>=!&|^~?@\\"
# `!map` and its kin: a composing function that is not merged with the one inside.
_UNFUSED = rf"!(?:map|filter|for|(?:take|drop)(?:while)?|(?:fold|scan)[lr]1?)(?![^{_STOP}])"

# Most tokens are names that begin with a letter: they come first, and are the one alternative without a name.
_TOKEN = re.compile(
    rf"""
    (?!b["`])[a-zA-Z][^{_STOP}]*
  | (?P<open>[(\[{{])
  | (?P<close>[)\]}}])
  | (?P<blank>\s+ | \#![^\n]*)
  | (?P<block>;;)
  | (?P<comment>;[^\n]*)
  | (?P<string>"(?:\\[^\n]|[^"\\\n])*")
  | (?P<long>{_LONG})
  | (?P<bytes>b(?:"(?:\\[^\n]|[^"\\\n])*"|`[^`]*`))
  | (?P<broken>b?["`]|[{_OPENING}])
  | (?P<complex>[+-]?{_NUMBER},[+-]?(?:{_NUMBER})?i(?![^{_STOP}]))
  | (?P<number>[+-]?(?:{_NUMBER} | \.\d+))
  | (?P<quote>')
  | (?P<mark>[:.,])
  | (?P<sigil>%[.,:{{}}](?=[\s)\]]|\Z) | [$\#%][^{_STOP}{_OPERATOR}][^{_STOP}]*)
  | (?P<operator>{_UNFUSED} | [{_OPERATOR}]+)
  | (?P<atom>[^{_STOP}{_OPERATOR}][^{_STOP}]*)
    """,
    re.X,
)

_QUASI = " (a ` opens a long string that the next ` closes; for code with parts filled in: list, defmacro)"
_ESCAPE = re.compile(r"\\(.)", re.S)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
# The kinds of token that are names.
_NAMED = frozenset({"atom", "operator", "sigil", "mark"})
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_NAMES = {"(": "parentheses", "[": "brackets", "{": "braces"}

NIL_NAMES = frozenset({"nil", "_", "false", "fail_"})


def _no_alias(name: str) -> str:
    return name


_empty_form: Callable[[], Form] = partial(Form.__new__, Form)


class _Open:
    """A bracket not yet closed, with what was read since."""

    __slots__ = ("bracket", "colons", "items", "quotes", "spans", "start")

    def __init__(self, bracket: str, start: int) -> None:
        self.bracket = bracket
        self.start = start
        # What becomes the form, in most brackets; its span is known when they close.
        self.items = _empty_form()
        self.spans: list[Span] = []
        self.items.spans = self.spans
        # Offsets of quotes that wait for the expression they apply to, and of a dictionary's colons.
        self.quotes: list[int] | None = None
        self.colons: list[int] | None = None


def read(source: Source, canonical: Callable[[str], str] = _no_alias) -> Form:
    """All the forms of a text.

    `canonical` maps the name of an alias to the name it stands for. Returns a Form whose elements are the
    top-level forms. Raises ReaderError; `error.incomplete` says that more text could still complete it.
    """
    return at_rest(lambda _look_at_new: _Reader(source, canonical).read())


def depth(source: Source) -> list[int]:
    """Columns of the lines' open brackets: the offsets of the brackets that are still open at the end."""
    stack: list[int] = []
    for kind, start, end in tokens(source):
        if kind == "open":
            stack.append(start)
        elif kind == "close" and stack:
            if source.text[start:end] == "]" and not any(source.text[at] == "[" for at in stack):
                stack.clear()
            else:
                stack.pop()
    return stack


def tokens(source: Source) -> Iterator[tuple[str, int, int]]:
    """The tokens of a text as (kind, start, end); comments included, blanks left out."""
    text, at, length = source.text, 0, len(source.text)
    match = _TOKEN.match
    quoted, opened, braces = False, 0, 0
    while at < length:
        first = text[at]
        if first == " ":
            at, quoted = at + 1, False
            continue
        found = match(text, at)
        if found is None:  # every character belongs to some token; this guards the table
            raise ReaderError(f"Error: unexpected character '{first}'", span=source.span(at, at + 1))
        kind, end = found.lastgroup or "atom", found.end()
        if quoted and first in "{}" and _is_brace_alone(text, at, braces):
            kind = "atom"
        elif kind == "open" or kind == "close":
            step = 1 if kind == "open" else -1
            opened += step
            braces += step if first in "{}" else 0
        elif first in ";#%":
            kind, end = _marked(text, at, end, kind, quoted, opened, braces)
        if kind != "blank":
            yield kind, at, end
        quoted = kind == "quote"
        at = end


def _marked(
    text: str, at: int, end: int, kind: str, quoted: bool, opened: int, braces: int
) -> tuple[str, int]:
    """The kind and the end of a token whose first character means more than one thing."""
    if quoted and text[at] == ";":
        return "atom", at + 1
    if text[at] == "#" and not opened and _is_old_comment(text, at):
        line_end = text.find("\n", at)
        return "comment", line_end if line_end >= 0 else len(text)
    if kind == "block":
        closing = text.find(";;", end)
        return ("comment", closing + 2) if closing >= 0 else ("unclosed", len(text))
    if kind == "sigil" and braces and text[at:end] == "%}":
        # No sign of a grammar, but the operator as the last value of a dictionary.
        return "operator", at + 1
    return kind, end


def _is_brace_alone(text: str, at: int, braces: int) -> bool:
    """Whether a quoted brace is the atom of that name, `(push l '{)`, as in programs that write patterns."""
    return not braces if text[at] == "}" else text[at + 1 : at + 2] == ")"


def _is_old_comment(text: str, at: int) -> bool:
    """Whether a `#` begins a comment as in older revisions: first on its line, a blank behind it."""
    line = text.rfind("\n", 0, at) + 1
    return text[at + 1 : at + 2].isspace() and not text[line:at].strip()


class _Reader:
    def __init__(self, source: Source, canonical: Callable[[str], str]) -> None:
        self.source = source
        self.text = source.text
        self.canonical = canonical
        self.stack = [_Open("", 0)]
        # What a name is read as, of those met so far.
        self.names: dict[str, Any] = {}

    def error(self, text: str, start: int, end: int, incomplete: bool = False) -> ReaderError:
        span = self.source.span(start, end)
        return ReaderError(
            text,
            span=span,
            source=self.source.name,
            line_text=self.source.line(span.line),
            incomplete=incomplete,
        )

    def read(self) -> Form:
        text, stack, names, span = self.text, self.stack, self.names, self.source.span
        for kind, start, end in tokens(self.source):
            level = stack[-1]
            if kind == "open":
                stack.append(_Open(text[start], start))
                continue
            if kind == "close":
                self._close(text[start], start)
                continue
            if kind == "comment":
                continue
            if kind == "quote":
                if level.quotes is None:
                    level.quotes = []
                level.quotes.append(start)
                continue
            if kind == "mark" and text[start] == ":" and level.bracket == "{":
                self._colon(start)
                continue
            word = text[start:end]
            if word in names and kind in _NAMED and text[start - 1] != ">":
                item = names[word]
            else:
                item = self._constant(kind, start, end)
            if level.quotes:
                self._add(item, start, end)
            else:
                level.items.append(item)
                level.spans.append(span(start, end))
        self._finish()
        top = stack[0].items
        top.span = span(0, len(text))
        return top

    # -- constants -------------------------------------------------------------------------------

    def _constant(self, kind: str, start: int, end: int) -> Any:
        text = self.text[start:end]
        if kind in _NAMED:
            return self._name(text, start)
        if kind == "number":
            self._check_number_end(start, end)
            return read_number(text)
        if kind == "string":
            return unescape(text[1:-1])
        if kind == "long":
            return text[1:-1]
        if kind == "bytes":
            inner = text[2:-1]
            return ByteString((unescape(inner) if text[1] == '"' else inner).encode())
        if kind == "complex":
            real, _, imaginary = text.partition(",")
            imaginary = imaginary[:-1]
            if imaginary in ("", "-", "+"):
                imaginary += "1"
            return complex(read_number(real), read_number(imaginary))
        if kind == "unclosed":
            raise self.error(
                "Error: the comment that this ';;' opens is never closed (a single ';' comments to the end "
                "of the line)",
                start,
                start + 2,
                incomplete=True,
            )
        # A long string may still be closed by more text, one between double quotes ends with its line.
        incomplete, hint = self.text[end - 1] in LONG_QUOTES, _QUASI if self.text[start:end] == "`" else ""
        raise self.error(f"Error: missing end of string{hint}", start, start + 1, incomplete=incomplete)

    def _name(self, text: str, start: int) -> Any:
        if start > 1 and self.text[start - 2 : start] == "->":
            # A name of Python's, not an alias of an instruction: `(->sum t)`.
            return Atom(text)
        if text not in self.names:
            name = self.canonical(text)
            self.names[text] = None if name in NIL_NAMES else Atom(name)
        return self.names[text]

    def _check_number_end(self, start: int, end: int) -> None:
        """Errors: for `3x`, `0b12`; for `.5`, `5.`, whose points would compose: digits stand around one."""
        text, following = self.text[start:end], self.text[end : end + 1]
        sign, _, digits = text.rpartition(".")
        if sign in ("", "+", "-") and digits != text:
            raise self.error(f"Error: malformed number: '{text}' (write {sign}0.{digits})", start, end)
        if following == ".":
            way_out = f" (write {text}.0)" if text.lstrip("+-").isdigit() else ""
            raise self.error(f"Error: malformed number: '{text}.'{way_out}", start, end + 1)
        if following.isalnum() or following == "_":
            stop = end
            while self.text[stop : stop + 1].isalnum() or self.text[stop : stop + 1] == "_":
                stop += 1
            raise self.error(f"Error: malformed number: '{self.text[start:stop]}'", start, stop)

    # -- structure -------------------------------------------------------------------------------

    def _add(self, item: Any, start: int, end: int) -> None:
        level = self.stack[-1]
        while level.quotes:
            at = level.quotes.pop()
            inner = self.source.span(start, end)
            start = at
            item = Form([QUOTE, item], self.source.span(at, end), [self.source.span(at, at + 1), inner])
        level.items.append(item)
        level.spans.append(item.span if isinstance(item, Form) else self.source.span(start, end))

    def _colon(self, start: int) -> None:
        level = self.stack[-1]
        if level.colons and level.colons[-1] == len(level.items):
            raise self.error("Error: wrong key/value separator in a dictionary", start, start + 1)
        if level.colons is None:
            level.colons = []
        level.colons.append(len(level.items))

    def _close(self, bracket: str, start: int) -> None:
        level = self.stack[-1]
        if level.quotes:
            self._no_dangling_quote(level)
        if bracket == "]" and not any(open_.bracket == "[" for open_ in self.stack):
            if len(self.stack) == 1 or any(open_.bracket == "{" for open_ in self.stack):
                raise self.error("Error: brackets do not balance: nothing is open here", start, start + 1)
            while len(self.stack) > 1:
                self._pop(start + 1)
            return
        if not level.bracket or _BRACKETS[level.bracket] != bracket:
            raise self.error(self._imbalance(bracket, level), start, start + 1)
        self._pop(start + 1)

    def _imbalance(self, bracket: str, level: _Open) -> str:
        opening = next(o for o, c in _BRACKETS.items() if c == bracket)
        if not level.bracket:
            return f"Error: {_NAMES[opening]} do not balance: nothing is open here"
        line, column = self.source.position(level.start)
        return (
            f"Error: {_NAMES[opening]} do not balance: '{bracket}' cannot close the '{level.bracket}' "
            f"of line {line}, column {column + 1}"
        )

    def _pop(self, end: int) -> None:
        level = self.stack.pop()
        if level.quotes:
            self._no_dangling_quote(level)
        span = self.source.span(level.start, end)
        if level.bracket == "{":
            form = self._braces(level, span, end)
        else:
            form = level.items
            form.span = span
        outer = self.stack[-1]
        if outer.quotes:
            self._add(form, level.start, end)
        else:
            outer.items.append(form)
            outer.spans.append(span)

    def _braces(self, level: _Open, span: Span, end: int) -> Form:
        self._drop_literal_mark(level.start)
        head_span = self.source.span(level.start, level.start + 1)
        if not level.items or level.colons:
            if (level.colons or []) != list(range(1, len(level.items), 2)) or len(level.items) % 2:
                raise self.error("Error: dictionary has a different number of key/value", level.start, end)
            name = "dictionary" + _suffix(level.items[::2])
        else:
            name = "set" + (_suffix(level.items) or "s")
        return Form([Atom(name), *level.items], span, [head_span, *level.spans])

    def _drop_literal_mark(self, start: int) -> None:
        """`@{...}` is the same literal as `{...}`."""
        outer = self.stack[-1]
        if (
            start
            and self.text[start - 1] == "@"
            and outer.items
            and outer.items[-1] is Atom(self.canonical("@"))
        ):
            outer.items.pop()
            outer.spans.pop()

    def _no_dangling_quote(self, level: _Open) -> None:
        if level.quotes:
            at = level.quotes[-1]
            raise self.error("Error: Wrong number of arguments for 'quote': nothing follows", at, at + 1)

    def _finish(self) -> None:
        still_open = self.stack[1:]
        if still_open:
            # The reference checks brackets, then parentheses, then braces.
            bracket = next(b for b in "[({" if any(open_.bracket == b for open_ in still_open))
            level = next(open_ for open_ in reversed(still_open) if open_.bracket == bracket)
            text = f"Error: {_NAMES[bracket]} do not balance: this '{bracket}' is never closed"
            raise self.error(text, level.start, level.start + 1, incomplete=True)
        if self.stack[0].quotes:
            at = self.stack[0].quotes[-1]
            text = "Error: Wrong number of arguments for 'quote': nothing follows"
            raise self.error(text, at, at + 1, incomplete=True)


def _suffix(items: list[Any]) -> str:
    kinds = {type(item) for item in items}
    if kinds == {int}:
        return "i"
    return "n" if kinds and kinds <= {int, float} else ""


def unescape(text: str) -> str:
    """The characters of a string literal: `\\n`, `\\r`, `\\t`; any other `\\c` is the character c."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: _ESCAPES.get(m[1], m[1]), text)
