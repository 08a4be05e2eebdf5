"""JSON that may come from anybody, looked over before it is parsed: it takes no unbounded memory or time.

What is written by us keeps the same limits.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from lispe_kernel.torch_library.support.collector import at_rest

# Bytes of a text, values in it (each bracket and each comma counts as one), brackets inside of each other.
LONGEST, MOST_VALUES, DEEPEST = 1 << 28, 1 << 24, 500
# Digits of the longest integer; reading a long one takes the square of its length.
DIGITS = 5000
_PART = 1 << 20
_OPENING, _CLOSING, _COMMA = b"[{", b"]}", b","
_OTHERS = bytes(set(range(256)) - set(b'"' + _OPENING + _CLOSING + _COMMA))
# What each of these means for the depth, and whether it counts as a value.
_STEPS, _COUNTS = np.zeros(256, np.int8), np.zeros(256, np.bool_)
_STEPS[list(_OPENING)], _STEPS[list(_CLOSING)] = 1, -1
_COUNTS[list(_OPENING + _COMMA)] = True


class Beyond(ValueError):
    """A text of JSON that passes a limit; says which."""


# Maybe a million lists, and no cycle: the collector would go through all that there is again and again.
@at_rest()
def parsed(
    data: bytes, once: Callable[[list[tuple[str, Any]]], Any] | None = None, constant: Any = None
) -> Any:
    """What a text of JSON says. Errors: ValueError; Beyond, in words, where it passes a limit.

    once: makes an object of its pairs. constant: is asked for `NaN` and its like.
    """
    problem = beyond(data)
    if problem:
        raise Beyond(problem)
    text = data.decode("utf-8", "surrogatepass")
    try:
        count = _integer if _has_long_row_of_digits(data) else None
        return json.loads(text, parse_int=count, object_pairs_hook=once, parse_constant=constant)
    except RecursionError:
        raise Beyond("it is nested too deeply") from None


def beyond(data: bytes) -> str:
    """Which limit a text of JSON passes; empty where it keeps all."""
    if len(data) > LONGEST:
        return f"it has {len(data)} bytes, {LONGEST} are the most"
    deepest, values = depth_and_values(data, MOST_VALUES)
    if values > MOST_VALUES:
        return f"it has more than {MOST_VALUES} values"
    return "it is nested too deeply" if deepest > DEEPEST else ""


def depth_and_values(data: bytes, enough: int = LONGEST) -> tuple[int, int]:
    """How deep the brackets of a text of JSON stand in each other, and how many values it has.

    Where these are more than enough, the rest is not looked at.
    """
    bare = data.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in data else data
    bare = bare.translate(None, _OTHERS)
    deepest = level = values = quotes = 0
    for start in range(0, len(bare), _PART):
        part = np.frombuffer(bare, np.uint8, min(_PART, len(bare) - start), start)
        ends = np.cumsum(part == ord('"'), dtype=np.int32) + quotes
        outside = part[ends % 2 == 0]
        levels = np.cumsum(_STEPS[outside], dtype=np.int32)
        if len(levels):
            deepest, level = max(deepest, level + int(levels.max())), level + int(levels[-1])
        values += int(np.count_nonzero(_COUNTS[outside]))
        quotes = int(ends[-1]) % 2
        if values > enough:
            break
    return deepest, values


def _has_long_row_of_digits(data: bytes) -> bool:
    """Whether more than so many digits may stand together: such a row covers one of these parts whole."""
    part = DIGITS // 2
    return any(data[start : start + part].isdigit() for start in range(0, len(data), part))


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise Beyond(f"it has an integer of {len(digits)} digits, {DIGITS} are the most")
    return int(digits)
