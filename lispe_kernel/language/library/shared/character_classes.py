"""Classes of characters as the insides of Python's bracket expressions, for `rgx` and the tokenizers.

Those that Python's regular expressions lack are computed from Unicode's tables when first asked for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

# Planes beyond hold no letter with case and no punctuation; beyond 0x34000 there is no letter.
_PLANES = 0x20000

GENERAL_CLASSES = {
    "d": "0-9",
    "x": "0-9A-Fa-f",
    "s": " \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000",
    "r": "\n\r",
    "S": " \t\n\r\x0b\x0c\xa0\u1680\u2000-\u200a\u202f\u205f\u3000",
    "n": "\xa0",
    "h": "\u0370-\u0373\u0376-\u037d\u037f\u0386\u0388-\u03ff\u1f00-\u1fff",
    "H": "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3040-\u318f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
    "\U00020000-\U0003ffff",
}


def is_punctuation(character: str) -> bool:
    """Whether a character is punctuation or, in ASCII, any printed sign that is no letter or digit."""
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character).startswith("P")


def _is_of_name(character: str) -> bool:
    # `%a` takes the underscore too, in expressions and in token rules: programs read names with it.
    return character.isalpha() or character == "_"


_TESTS: dict[str, Callable[[str], bool]] = {
    "a": _is_of_name,
    "c": str.islower,
    "C": str.isupper,
    "p": lambda character: character != "_" and is_punctuation(character),
}


@cache
def computed_class(letter: str) -> str | None:
    """The class of a letter, lower-case letter, upper-case letter or punctuation; None for other metas."""
    test = _TESTS.get(letter)
    if test is None:
        return None
    last = 0x34000 if letter == "a" else _PLANES
    return _as_ranges(code for code in range(last) if test(chr(code)))


def _as_ranges(codes: object) -> str:
    runs: list[list[int]] = []
    for code in codes:  # type: ignore[attr-defined]
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(_run(first, last) for first, last in runs)


def _run(first: int, last: int) -> str:
    return f"\\U{first:08x}" + (f"-\\U{last:08x}" if last > first else "")
