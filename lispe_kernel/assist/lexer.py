"""Colours: a Pygments lexer for LispE, for nbconvert, consoles and the interactive prompt.

It colours text that need not be well formed and takes the names of forms and functions from the registries.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)

from lispe_kernel.language.functions import registry
from lispe_kernel.language.reader import LONG_QUOTES
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.session import Session

# As in the reader: characters that end an atom.
_ATOM = rf"[^\s()\[\]{{}}\"{''.join(LONG_QUOTES)}';:.,]+"
_HEXADECIMAL = r"0[xX][0-9A-Fa-f]+(?:\.[0-9A-Fa-f]+)?(?:[pP][+-]?\d+)?"
_NUMBER = rf"[+-]?(?:{_HEXADECIMAL}|0[bB][01]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_END = r"(?=[\s()\[\]{}\"`';:,]|$)"
_CONSTANTS = frozenset({"nil", "true", "_", "false", "fail_"})


@cache
def _kinds() -> dict[str, _TokenType]:
    """What the names of functions and special forms are, as the registries have them now."""
    Session()  # fills both registries
    found = {name: Name.Builtin if name[0].isalpha() else Operator for name, _ in registry.names()}
    for name, form in special_forms.names():
        found[name] = Keyword.Declaration if form.defines else Keyword
    return found


def _kind_of(atom: str) -> _TokenType:
    if atom in _CONSTANTS:
        return Keyword.Constant
    known = _kinds().get(atom)
    if known is not None:
        return known
    is_sign = not any(character.isalnum() or character == "_" for character in atom)
    return Operator if is_sign else Name.Variable


def _atom(_lexer: RegexLexer, match: Any) -> Iterator[tuple[int, _TokenType, str]]:
    yield match.start(), _kind_of(match[0]), match[0]


def _head(_lexer: RegexLexer, match: Any) -> Iterator[tuple[int, _TokenType, str]]:
    """An opening parenthesis and the name after it: what is called stands out."""
    yield match.start(1), Punctuation, match[1]
    yield match.start(2), Whitespace, match[2]
    kind = _kind_of(match[3])
    yield match.start(3), Name.Function if kind is Name.Variable else kind, match[3]


class LispeLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """Pygments lexer `lispe`."""

    name = "LispE"
    aliases: ClassVar = ["lispe"]
    filenames: ClassVar = ["*.lisp", "*.lispe"]
    mimetypes: ClassVar = ["text/x-lispe"]
    url = "https://github.com/naver/lispe"

    tokens: ClassVar = {
        "root": [
            (r"\s+", Whitespace),
            (r"#![^\n]*", Comment.Hashbang),
            (r"';", Name.Constant),
            (r";;[\s\S]*?(?:;;|\Z)", Comment.Multiline),
            (r";[^\n]*", Comment.Single),
            (r'b?"(?:\\[^\n]|[^"\\\n])*"?', String.Double),
            (r"b?`[^`]*`?", String.Backtick),
            *((f"{opens}[^{closes}]*{closes}?", String.Backtick) for opens, closes in LONG_QUOTES.items()),
            (rf"{_NUMBER},[+-]?(?:{_NUMBER})?i{_END}", Number),
            (rf"[+-]?{_HEXADECIMAL}{_END}", Number.Hex),
            (rf"[+-]?0[bB][01]+{_END}", Number.Bin),
            (rf"[+-]?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+){_END}", Number.Float),
            (rf"[+-]?\d+{_END}", Number.Integer),
            (rf"(')({_ATOM})", bygroups(Operator, String.Symbol)),
            (r"'", Operator),
            (rf"(\()(\s*)({_ATOM})", _head),
            (r"[()\[\]{}]", Punctuation),
            (r"[:.,]", Punctuation),
            (_ATOM, _atom),
            (r".", Text),
        ],
    }
