"""Checks of the arguments of library functions: the value itself, or the error that says what was expected.

The same readings for all functions: what counts as a text, an integer, a number. Nothing here computes.
"""

from __future__ import annotations

import math
from typing import Any

from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.bytestrings import ByteString


def text_argument(function: str, position: int, value: Any) -> str:
    """The text of an argument: strings, byte strings, atoms and numbers; an error for anything else."""
    if type(value) is str:
        return value
    if isinstance(value, ByteString):
        return value.text()
    if isinstance(value, (Atom, int, float, complex)):
        return to_text(value)
    raise wrong_argument(function, position, "a string", value)


def integer_argument(function: str, position: int, value: Any) -> int:
    """An argument that is an integer; numbers are truncated toward zero."""
    if type(value) is int:
        return value
    if isinstance(value, (int, float)) and math.isfinite(value):
        return int(value)
    raise wrong_argument(function, position, "an integer", value)


def number_argument(function: str, position: int, value: Any) -> float:
    """An argument that is a number, as a double; an integer beyond the doubles is an infinity."""
    if type(value) is float:
        return value
    if not isinstance(value, (int, float)):
        raise wrong_argument(function, position, "a number", value)
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)
