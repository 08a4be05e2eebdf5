"""ECMAScript's regular expressions (`prgx`), rewritten where Python reads the same text differently.

Nothing is registered here, and nothing is matched.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from lispe_kernel.language.library.text.regex_language import unrecognized

# One piece of an expression: an escape, a class, an opening, a repetition, a mark, any other character.
_PIECE = re.compile(
    r"(?P<escape>\\(?:c[A-Za-z]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.))"
    r"|(?P<nothing>\[\]|\[\^\])"
    r"|(?P<set>\[\^?(?:\[[:.=][^\]]*[:.=]\]|\\.|[^\]\\])*\])"
    r"|(?P<open>\(\?.?.?)"
    r"|(?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\})\??\+?)"
    r"|(?P<mark>[$.])"
    r"|(?P<other>.)",
    re.S,
)
_DOT = "[^\n\r\u2028\u2029]"
_CONTROLS = {"0": r"\x00", "v": r"\x0b"}
# POSIX names inside a class, as C++ lets them stand in its ECMAScript.
_POSIX = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": " \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "cntrl": r"\x00-\x1f\x7f",
    "print": " -~",
    "graph": "!-~",
    "w": r"\w",
    "d": "0-9",
    "s": r"\s",
}
_POSIX_NAME = re.compile(r"\[:(\w+):\]")
_REFERENCE = re.compile(r"\$(\$|&|`|'|\d{1,2})")


def translate(expression: str) -> str:
    """The Python pattern of an ECMAScript regular expression."""
    return "".join(_piece(expression, found) for found in _PIECE.finditer(expression))


def _piece(expression: str, found: re.Match[str]) -> str:
    text, kind = found[0], found.lastgroup
    if kind == "escape":
        return _escape(expression, text)
    if kind == "nothing":
        return r"[^\s\S]" if text == "[]" else r"[\s\S]"
    if kind == "set":
        return _set(expression, text)
    if kind == "open" and text[:3] not in ("(?:", "(?=", "(?!"):
        raise unrecognized(expression, f"'{text}' is no group of ECMAScript")
    if kind == "repeat" and text.endswith("+") and len(text) > 1:
        raise unrecognized(expression, f"'{text}' repeats a repetition")
    if kind == "mark":
        return r"\Z" if text == "$" else _DOT
    return text


def _escape(expression: str, text: str) -> str:
    letter = text[1]
    if letter == "c" and len(text) == 3:
        return f"\\x{ord(text[2]) % 32:02x}"
    if letter in _CONTROLS:
        return _CONTROLS[letter]
    if letter.isalpha() and letter.isascii() and letter not in "dDwWsSbBtnrfxu":
        raise unrecognized(expression, f"unknown escape '{text}'")
    return text


def _set(expression: str, text: str) -> str:
    def named(found: re.Match[str]) -> str:
        if found[1] not in _POSIX:
            raise unrecognized(expression, f"unknown class '{found[0]}'")
        return _POSIX[found[1]]

    inside = _POSIX_NAME.sub(named, text[1:-1])
    return "[" + re.sub(r"(?<!\\)\[", r"\\[", inside) + "]"


@lru_cache(maxsize=512)
def compiled(expression: str) -> re.Pattern[str]:
    """The expression as a Python pattern object.

    Errors: `Error: Unrecognized regular expression: "..."` with the reason.
    """
    pattern = translate(expression)
    try:
        with warnings.catch_warnings():
            # Python foresees set operations inside classes; ECMAScript has none.
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(pattern, re.A)
    except (re.error, OverflowError, RecursionError) as error:
        raise unrecognized(expression, str(error)) from None


def expanded(template: str, found: re.Match[str]) -> str:
    """A replacement with its references to the match filled in; a group that took no part is empty."""

    def refer(reference: re.Match[str]) -> str:
        name = reference[1]
        if name == "$":
            return "$"
        if name in "&0":
            return found[0]
        if name == "`":
            return found.string[: found.start()]
        if name == "'":
            return found.string[found.end() :]
        groups = found.re.groups
        if len(name) == 2 and int(name) > groups:
            return (group(name[0]) if int(name[0]) <= groups else reference[0][:2]) + name[1]
        return group(name) if int(name) <= groups else reference[0]

    def group(name: str) -> str:
        return found[int(name)] or ""

    return _REFERENCE.sub(refer, template)
