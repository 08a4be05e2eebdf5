"""Regular expressions: LispE's own (`rgx`) and ECMAScript's (`prgx`), with the same functions on both.

A compiled expression is a value. Matching is Python's; what the two families write differs, and what they
answer when nothing matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument, text_argument
from lispe_kernel.language.library.text import ecmascript_regex, regex_language
from lispe_kernel.language.printer import plainly, quoted, register_kind, wrong_argument
from lispe_kernel.language.values.atoms import Atom, truth
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.typed.lists import Integers, TypedList


@dataclass(frozen=True)
class Regex:
    """A compiled regular expression of one family, with the text it was made from."""

    family: str
    text: str
    pattern: re.Pattern[str]


register_kind(Regex, "regex_", plainly(lambda value: f"({value.family} {quoted(value.text)})"))

_COMPILERS: dict[str, Callable[[str], re.Pattern[str]]] = {
    "rgx": regex_language.compiled,
    "prgx": ecmascript_regex.compiled,
}


def _make(family: str, expression: Any, text: Any) -> Any:
    source = text_argument(family, 1, expression)
    made = Regex(family, source, _COMPILERS[family](source))
    if text is None:
        return made
    return truth(made.pattern.fullmatch(text_argument(family, 2, text)))


def _arguments(name: str, regex: Any, text: Any) -> tuple[re.Pattern[str], str]:
    family = name.partition("_")[0]
    if not isinstance(regex, Regex) or regex.family != family:
        raise wrong_argument(name, 1, f"an expression made by {family}", regex)
    return regex.pattern, text_argument(name, 2, text)


def _matches(name: str, regex: Any, text: Any, position: Any) -> list[re.Match[str]]:
    pattern, subject = _arguments(name, regex, text)
    start = max(0, integer_argument(name, 3, position))
    return [found for found in pattern.finditer(subject, start) if found[0]]


def _first(name: str, regex: Any, text: Any, position: Any) -> re.Match[str] | None:
    pattern, subject = _arguments(name, regex, text)
    start = max(0, integer_argument(name, 3, position))
    return pattern.search(subject, start) if start <= len(subject) else None


def _bounds(matches: list[re.Match[str]]) -> TypedList:
    return Integers([edge for found in matches for edge in found.span()])


def _split(name: str, regex: Any, text: Any) -> List:
    pieces, last = [], 0
    subject = _arguments(name, regex, text)[1]
    for found in _matches(name, regex, text, 0):
        pieces.append(subject[last : found.start()])
        last = found.end()
    if not pieces:
        return List()
    if last < len(subject):
        pieces.append(subject[last:])
    return Strings(pieces)


@function("rgx")
def rgx(exp: Any, str_: Any = None) -> Any:
    """A compiled regular expression of LispE; with a string, whether the expression matches all of it.

    `%a %c %C %d %x %p %s %r %n %e %h %H` letters, digits, punctuation ...; `?` any character; `{...}` one of
    these; `[...]` a sequence; `(...)` an optional one; `~` not; `+ *` repetitions; `^ $` the ends.

    Example: (rgx "%d%d" "42") => true
    Errors: `Unrecognized regular expression`, with the reason.
    """
    return _make("rgx", exp, str_)


@function("rgx_match", returns="boolean")
def rgx_match(r: Any, str_: Any) -> Atom | None:
    """Whether the expression matches the whole string.

    Example: (rgx_match (rgx "%c+%d") "abc1") => true
    """
    pattern, text = _arguments("rgx_match", r, str_)
    return truth(pattern.fullmatch(text))


@function("rgx_find", returns="text")
def rgx_find(r: Any, str_: Any, pos: Any = 0) -> str:
    """The first stretch at or after a position that the expression matches, "" without one.

    Example: (rgx_find (rgx "?+b") "aXbXb") => aXb
    """
    found = _first("rgx_find", r, str_, pos)
    return found[0] if found is not None else ""


@function("rgx_findall")
def rgx_findall(r: Any, str_: Any, pos: Any = 0) -> List:
    """All matches that do not overlap, as `strings`.

    Example: (rgx_findall (rgx "%d+") "a1 b22") => ("1" "22")
    """
    return Strings(found[0] for found in _matches("rgx_findall", r, str_, pos))


@function("rgx_find_i")
def rgx_find_i(r: Any, str_: Any, pos: Any = 0) -> TypedList:
    """Where the first match begins and ends (excluded), an empty list without one.

    Example: (rgx_find_i (rgx "%d+") "ab12") => (2 4)
    """
    found = _first("rgx_find_i", r, str_, pos)
    return _bounds([found] if found is not None else [])


@function("rgx_findall_i")
def rgx_findall_i(r: Any, str_: Any, pos: Any = 0) -> TypedList:
    """Where all matches begin and end, one after the other.

    Example: (rgx_findall_i (rgx "%d+") "1-22") => (0 1 2 4)
    """
    return _bounds(_matches("rgx_findall_i", r, str_, pos))


@function("rgx_replace", returns="text")
def rgx_replace(r: Any, str_: Any, rep: Any) -> str:
    """The string with all matches replaced by a text; "" when nothing matches, as in LispE.

    Example: (rgx_replace (rgx "%d+") "a1b22" "#") => a#b#
    """
    put, text = text_argument("rgx_replace", 3, rep), text_argument("rgx_replace", 2, str_)
    pieces, last = [], 0
    for found in _matches("rgx_replace", r, str_, 0):
        pieces += [text[last : found.start()], put]
        last = found.end()
    return "".join(pieces) + text[last:] if pieces else ""


@function("rgx_split")
def rgx_split(r: Any, str_: Any) -> List:
    """What lies between the matches, without an empty end; () when nothing matches.

    Example: (rgx_split (rgx ",") "a,b,c") => ("a" "b" "c")
    """
    return _split("rgx_split", r, str_)


@function("prgx")
def prgx(exp: Any, str_: Any = None) -> Any:
    """A compiled ECMAScript regular expression; with a string, whether the expression matches all of it.

    Example: (prgx `[a-z]+\\d` "abc1") => true
    Errors: `Unrecognized regular expression`, with the reason.
    """
    return _make("prgx", exp, str_)


@function("prgx_match", returns="boolean")
def prgx_match(r: Any, str_: Any) -> Atom | None:
    """Whether the expression matches the whole string.

    Example: (prgx_match (prgx "a|b") "b") => true
    """
    pattern, text = _arguments("prgx_match", r, str_)
    return truth(pattern.fullmatch(text))


@function("prgx_find", returns="text")
def prgx_find(r: Any, str_: Any, pos: Any = 0) -> str:
    """The first stretch at or after a position that the expression matches, "" without one.

    Example: (prgx_find (prgx "[0-9]+") "ab12") => 12
    """
    found = _first("prgx_find", r, str_, pos)
    return found[0] if found is not None else ""


@function("prgx_findall")
def prgx_findall(r: Any, str_: Any, pos: Any = 0) -> List:  # noqa: ARG001 - ignored, as in LispE
    """All matches that do not overlap, as `strings`; the position is ignored, as in LispE.

    Example: (prgx_findall (prgx "[0-9]+") "a1b22") => ("1" "22")
    """
    return Strings(found[0] for found in _matches("prgx_findall", r, str_, 0))


@function("prgx_find_i")
def prgx_find_i(r: Any, str_: Any, pos: Any = 0) -> TypedList:
    """Where the first match begins and ends (excluded), an empty list without one.

    Example: (prgx_find_i (prgx "[0-9]+") "ab12") => (2 4)
    """
    found = _first("prgx_find_i", r, str_, pos)
    return _bounds([found] if found is not None else [])


@function("prgx_findall_i")
def prgx_findall_i(r: Any, str_: Any, pos: Any = 0) -> TypedList:  # noqa: ARG001 - ignored, as in LispE
    """Where all matches begin and end, one after the other; the position is ignored, as in LispE.

    Example: (prgx_findall_i (prgx "[0-9]+") "1-22") => (0 1 2 4)
    """
    return _bounds(_matches("prgx_findall_i", r, str_, 0))


@function("prgx_replace", returns="text")
def prgx_replace(r: Any, str_: Any, rep: Any) -> str:
    """The string with all matches replaced: `$1` stands for a group, `$&` for the match, `$$` for `$`.

    Example: (prgx_replace (prgx "(a)(b)") "abc" "$2$1") => bac
    """
    pattern, text = _arguments("prgx_replace", r, str_)
    put = text_argument("prgx_replace", 3, rep)
    return pattern.sub(lambda found: ecmascript_regex.expanded(put, found), text)


@function("prgx_split")
def prgx_split(r: Any, str_: Any) -> List:
    """What lies between the matches, without an empty end; () when nothing matches.

    Example: (prgx_split (prgx ",") "a,b") => ("a" "b")
    """
    return _split("prgx_split", r, str_)
