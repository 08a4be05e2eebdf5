"""The small numbers: 32-bit floats and 16-bit integers, as subclasses of Python's.

Arithmetic among them and with integers keeps the kind; a double makes a double. A short that does not fit
is an error, never another number.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import number_text, plainly, register_kind

SMALLEST_SHORT, LARGEST_SHORT = -(1 << 15), (1 << 15) - 1


class Single(float):
    """LispE's `float`: the nearest 32-bit float, an infinity beyond them."""

    __slots__ = ()

    def __new__(cls, value: float) -> Single:
        try:
            (rounded,) = struct.unpack("<f", struct.pack("<f", value))
        except OverflowError:
            rounded = math.copysign(math.inf, value)
        return float.__new__(cls, rounded)

    def __pos__(self) -> Single:
        return self

    def __neg__(self) -> Single:
        return Single(-float(self))

    def __abs__(self) -> Single:
        return Single(abs(float(self)))


class Short(int):
    """LispE's `int16_t`: an integer from -32768 to 32767.

    Errors: for an integer outside.
    """

    __slots__ = ()

    def __new__(cls, value: int) -> Short:
        if not SMALLEST_SHORT <= value <= LARGEST_SHORT:
            raise LispeError(f"Error: int16_t: {int(value)} does not fit in 16 bits")
        return int.__new__(cls, value)

    def __pos__(self) -> Short:
        return self

    def __neg__(self) -> Short:
        return Short(-int(self))

    def __abs__(self) -> Short:
        return Short(abs(int(self)))


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
}  # the remainder is bound by `arithmetic.py`, which says what it is
_BIT_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
}


NUMERIC = frozenset({int, float, complex, Single, Short})


def plain(value: Any) -> Any:
    """The value as Python's own number."""
    return float(value) if type(value) is Single else int(value) if type(value) is Short else value


def _kept(result: Any, a: Any, b: Any) -> Any:
    """The result in the kind that its operands ask for."""
    kinds = {type(a), type(b)}
    if float in kinds or type(result) not in (int, float):
        return result
    if Single in kinds:
        return Single(result)
    return Short(result) if kinds == {Short} and type(result) is int else result


def _method(op: Callable[[Any, Any], Any], reflected: bool) -> Callable[[Any, Any], Any]:
    def apply(self: Any, other: Any) -> Any:
        if type(other) not in (int, float, Single, Short):
            if isinstance(other, complex):
                return op(other, plain(self)) if reflected else op(plain(self), other)
            return NotImplemented
        a, b = (other, self) if reflected else (self, other)
        return _kept(op(plain(a), plain(b)), a, b)

    return apply


def bind(cls: type, table: dict[str, Callable[[Any, Any], Any]]) -> None:
    """Give a class of small numbers operators, by the names of Python's methods, plain and reflected."""
    for name, op in table.items():
        setattr(cls, f"__{name}__", _method(op, reflected=False))
        setattr(cls, f"__r{name}__", _method(op, reflected=True))


bind(Single, _OPERATORS)
bind(Short, _OPERATORS | _BIT_OPERATORS)

register_kind(Single, "float_", plainly(lambda value: number_text(float(value))))
register_kind(Short, "short_", plainly(lambda value: str(int(value))))


def raised(a: Any, b: Any) -> Any:
    """Python's power, but infinite where a double ends, as the results of other operators are."""
    try:
        return a**b
    except OverflowError:
        if isinstance(a, complex) or isinstance(b, complex) or abs(a) <= 1 or b < 0:
            raise
        return -math.inf if a < 0 and b % 2 == 1 else math.inf


def on_bits_of_doubles(op: Callable[[int, int], int], a: float, b: float) -> float:
    """A bit operator on two numbers, of which a double is its 64 bits; a double first gives a double."""
    bits = [struct.unpack("<q", struct.pack("<d", v))[0] if isinstance(v, float) else v for v in (a, b)]
    result = op(*bits) & (2**64 - 1)
    if isinstance(a, float):
        return float(struct.unpack("<d", struct.pack("<Q", result))[0])
    return result - 2**64 if result >= 2**63 else result
