"""Numbers from what is written or meant as one: literals, texts, nil and atoms.

The reader takes its literals from here, conversions and typed lists their scalars.
"""

from __future__ import annotations

import math
import re
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import number_text, wrong_argument
from lispe_kernel.language.values.atoms import Atom

_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:0[xX][0-9A-Fa-f]+|0[bB][01]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))")
# What Python reads as LispE does.
_PLAIN_DECIMAL = re.compile(r"-?\d+\.\d+")

# Python refuses decimal texts beyond 4,300 digits; a literal of that size is legal here.
_MOST_DIGITS_AT_ONCE = 4000


def read_number(text: str) -> int | float:
    """The number a literal stands for; the text decides between integer and number."""
    if text.isdecimal() and len(text) <= _MOST_DIGITS_AT_ONCE:
        return int(text)
    lowered = text.lower().lstrip("+-")
    value: int | float
    if lowered.startswith("0x"):
        if "p" in lowered or "." in lowered:
            value = float.fromhex(lowered)
        else:
            # A hexadecimal literal with a digit E counts as a float form in LispE.
            value = float(int(lowered, 16)) if "e" in lowered else int(lowered, 16)
    elif lowered.startswith("0b"):
        value = int(lowered, 2)
    elif "." in lowered or "e" in lowered:
        value = float(lowered)
    else:
        value = _decimal(lowered)
    return -value if text.startswith("-") else value


def _decimal(digits: str) -> int:
    if len(digits) <= _MOST_DIGITS_AT_ONCE:
        return int(digits)
    middle = len(digits) // 2
    high: int = 10 ** (len(digits) - middle)
    return _decimal(digits[:middle]) * high + _decimal(digits[middle:])


def as_number(value: Any, function: str = "number") -> int | float:
    """A scalar as a number: text by the number at its beginning, 0 if there is none; nil 0, other atoms 1.

    Errors: names the function that converts.
    """
    kind = type(value)
    if kind is not str and isinstance(value, (int, float)):
        return value
    if kind is str and value.isascii():
        if value.isdecimal() and len(value) < _MOST_DIGITS_AT_ONCE:
            return int(value)
        if _PLAIN_DECIMAL.fullmatch(value):
            return float(value)
    if isinstance(value, str):
        found = _LEADING_NUMBER.match(value)
        return read_number(found[1]) if found else 0
    if value is None:
        return 0
    if isinstance(value, Atom):
        return 1
    item = getattr(value, "item", None)
    if item is not None:
        return item()  # type: ignore[no-any-return]
    raise wrong_argument(function, 1, "a number or a text", value)


def scalar(value: Any, name: str) -> int | float:
    """A scalar as a Python number, as `as_number` reads it.

    Errors: names the function `name` when the value is a container.
    """
    if type(value) is str:
        return as_number(value, name)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple, dict)) or (hasattr(value, "__len__") and not isinstance(value, str)):
        several = name.endswith("s") or name.startswith("set")
        raise wrong_argument(name, 1, "numbers or texts" if several else "a number or a text", value)
    return as_number(value, name)


def whole(value: Any, name: str) -> int:
    """A scalar truncated toward zero. Errors name the function that converts."""
    found = scalar(value, name)
    if isinstance(found, float) and not math.isfinite(found):
        raise LispeError(f"Error: {name}: {number_text(found)} is no integer")
    return int(found)
