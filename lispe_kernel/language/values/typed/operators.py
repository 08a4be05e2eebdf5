"""Arithmetic on typed lists: on few elements Python's, on many numpy's, never with an integer that wraps.

What meets most often is two lists of 64 bits, or one and a number: of many elements numpy writes the result
where it stays, since memory that is copied costs as much as the sum. The rest goes a general way, which
asks more.
`arithmetic.py` says which values an operator takes and binds it to the classes.
"""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.typed.lists import FEW, WIDE, Integers, Numbers, TypedList, class_of, typed

Binary = Callable[[Any, Any], Any]

# Numbers beside lists of 64 bits: whether they are doubles.
_SCALARS: dict[type, bool] = {int: False, float: True}
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def quotient(x: float, y: float) -> float:
    """As numpy divides: integers as doubles."""
    return float(x) / float(y)


# LispE's operators that give of doubles and of integers of 64 bits what Python's and numpy's give.
PLAIN: dict[str, Binary] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": quotient,
}
_BY_NUMPY = {operator.add: "add", operator.sub: "subtract", operator.mul: "multiply", quotient: "true_divide"}


def of_wide(op: Binary, a: Any, b: Any) -> TypedList | None:
    """A plain operator on two lists of 64 bits and one size, or on one and a number.

    None for anything else, and for what is to be refused or may not fit.
    """
    left, right = type(a), type(b)
    try:
        if left not in WIDE:
            doubles, size = _SCALARS[left] | WIDE[right], len(b)
        elif right not in WIDE:
            doubles, size = WIDE[left] | _SCALARS[right], len(a)
        else:
            doubles, size = WIDE[left] | WIDE[right], len(a)
            if size != len(b):
                return None
        doubles = doubles or op is quotient
        if size > FEW:
            return _of_many(op, a, b, size, doubles)
        if left not in WIDE:
            return _of_few([op(a, y) for y in b], a, doubles)
        if right not in WIDE:
            return _of_few([op(x, b) for x in a], b, doubles)
        return _of_few(list(map(op, a, b)), 0, doubles)
    except (KeyError, OverflowError, ZeroDivisionError):
        return None


def _of_few(results: list[Any], number: Any, doubles: bool) -> TypedList | None:
    if doubles:
        return _new(Numbers, "d", results)
    return _new(Integers, "q", results) if _LEAST <= number <= _MOST else None


# `exactly` without the call of a method: short lists are made in half a microsecond.
_new: Callable[..., TypedList] = array.__new__


def _of_many(op: Binary, a: Any, b: Any, size: int, doubles: bool) -> TypedList | None:
    left = a.array if type(a) in WIDE else a
    right = b.array if type(b) in WIDE else b
    if op is quotient and not (right.all() if right is not b else right):
        return None
    if not doubles:
        low, high = _reach(op, left, right)
        if not _LEAST <= low <= high <= _MOST:
            return None
    made = (Numbers if doubles else Integers).room(size)
    with np.errstate(all="ignore"):
        getattr(np, _BY_NUMPY[op])(left, right, out=made.array)
    return made


def _reach(op: Binary, left: Any, right: Any) -> tuple[int, int]:
    """The least and the greatest integer that an operator can give of such operands."""
    (least, most), (low, high) = _extremes(left), _extremes(right)
    if op is operator.mul:
        corners = (least * low, least * high, most * low, most * high)
        return min(corners), max(corners)
    return (least - high, most - low) if op is operator.sub else (op(least, low), op(most, high))


def _extremes(value: Any) -> tuple[int, int]:
    if not isinstance(value, np.ndarray):
        return int(value), int(value)
    return int(value.min()), int(value.max())


# -- the general way -------------------------------------------------------------------------------------


def whole(values: Any) -> Any:
    """Numbers without their fractions, as `%` takes them."""
    if np.asarray(values).dtype.kind != "f":
        return values
    if not np.all(np.isfinite(values)):
        raise LispeError("Error: '%': what is infinite or no number has no remainder")
    return np.trunc(values)


def vectorised(name: str, ufunc: str, left: Any, right: Any) -> TypedList:
    """An operator on arrays and numbers; what is left of a longer first array stays.

    Errors: an integer that does not fit, before or after.
    """
    sizes = [len(x) for x in (left, right) if hasattr(x, "__len__")]
    rest = None
    if len(sizes) == 2 and sizes[0] != sizes[1]:
        common = min(sizes)
        left, right, rest = left[:common], right[:common], left[common:]
    try:
        with np.errstate(all="ignore"):
            made = _room_for(left, right, max(sizes)) if name in "+-*" and rest is None else None
            result = getattr(np, ufunc)(left, right, out=None if made is None else made.array)
    except OverflowError:
        text = f"Error: '{name}': an integer does not fit in the elements of this typed list"
        raise LispeError(text) from None
    if name == "%":
        result += 0  # no zero has a sign
    if result.dtype.kind == "i":
        refuse_overflow(name, left, right, result)
    if rest is not None and len(rest):
        result = np.concatenate([result, rest])
    return typed(result) if made is None else made


def _room_for(left: Any, right: Any, size: int) -> TypedList | None:
    """A list in which numpy can write a result of two operands; None where there is no such kind."""
    cls = class_of(np.result_type(left, right))
    return None if cls is None else cls.room(size)


def refuse_overflow(name: str, left: Any, right: Any, result: Any) -> None:
    """64-bit integers wrap silently in numpy; LispE's integers do not overflow, so this is an error."""
    if name not in ("+", "-", "*", "^^") or not result.size:
        return None
    limit = 1 << (result.dtype.itemsize * 8 - 1)
    if name == "^^":
        return _refuse_power_overflow(_extremes(left), _extremes(right), limit)
    low, high = _reach(PLAIN[name], left, right)
    if low < -limit or high >= limit:
        exact = getattr(np, _BY_NUMPY[PLAIN[name]])
        wide = exact(np.asarray(left, dtype=object), np.asarray(right, dtype=object))
        if (wide != result).any():
            raise LispeError(f"Error: '{name}': a result does not fit in {result.dtype.name}")
    return None


def _refuse_power_overflow(bases: tuple[int, int], powers: tuple[int, int], limit: int) -> None:
    base = max(map(abs, bases))
    if base > 1 and powers[1] * math.log2(base) >= limit.bit_length() - 1:
        raise LispeError("Error: '^^': a result does not fit in the elements of this typed list")
