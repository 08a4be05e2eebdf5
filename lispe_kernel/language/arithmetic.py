"""LispE's arithmetic and comparison on every kind of value.

Compiled code uses Python's operators; what Python does not do the LispE way ends here: text appended to
a string, element-by-element work on lists, the sign of a remainder, the meaning of `=`. The operators of
the list classes are bound at the end of this file.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from functools import reduce
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, to_text
from lispe_kernel.language.protocols import all_among, answers_of
from lispe_kernel.language.stack import Walk
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.bytestrings import StringBytes
from lispe_kernel.language.values.lists import NUMBERS, OF_PYTHON, List, Strings, of_numbers
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.scalars import (
    NUMERIC,
    Short,
    Single,
    bind,
    on_bits_of_doubles,
    plain,
    raised,
)
from lispe_kernel.language.values.typed.lists import TypedList, total
from lispe_kernel.language.values.typed.operators import PLAIN, of_wide, vectorised, whole

Binary = Callable[[Any, Any], Any]

_MOST_BITS = 1 << 26  # beyond them a power is an error rather than a machine that stops answering


def cannot(name: str, a: Any, b: Any) -> LispeError:
    """The error for operands that an operator does not take."""
    for value, other in ((a, b), (b, a)):
        text = answers_of(value).operands
        if text:
            return LispeError(f"{text}, not {describe(other)}")
    for value in (a, b):
        if value is None or isinstance(value, Atom):
            where = f"'{to_text(value)}' (in '{name}')"
            return LispeError(f"Error: cannot use this element in an arithmetic expression: {where}")
    return LispeError(f"Error: cannot evaluate '{name}' with these operands: {describe(a)} and {describe(b)}")


def _apply(name: str, op: Binary, a: Any, b: Any) -> Any:
    try:
        return op(a, b)
    except TypeError:
        raise cannot(name, a, b) from None


def add(a: Any, b: Any) -> Any:
    """`(+ a b)`: a sum; text of `b` appended when `a` is a string; element by element on lists."""
    if isinstance(a, str):
        if _is_list(b):
            return elementwise(add, a, b)
        return a + to_text(b)
    return _apply("+", operator.add, a, b)


def subtract(a: Any, b: Any) -> Any:
    return _apply("-", operator.sub, a, b)


def multiply(a: Any, b: Any) -> Any:
    """`(* a b)`. Python's repetition of strings is no product."""
    text, other = (a, b) if isinstance(a, str) else (b, a)
    if isinstance(text, str) and hasattr(other, "__index__"):
        raise cannot("*", a, b)
    return _apply("*", operator.mul, a, b)


def divide(a: Any, b: Any) -> Any:
    return _apply("/", operator.truediv, a, b)


def remainder(a: Any, b: Any) -> Any:
    """`(% a b)`: C's remainder, with the sign of `a`; on numbers both are truncated to integers first."""
    kind = type(a)
    if kind is int and type(b) is int:
        result = abs(a) % abs(b)
        return -result if a < 0 else result
    if kind in (int, float) and type(b) in (int, float):
        if not (math.isfinite(a) and math.isfinite(b)):
            raise cannot("%", a, b)
        return float(remainder(int(a), int(b)))
    if isinstance(a, str):
        raise cannot("%", a, b)
    return _apply("%", operator.mod, a, b)


def power(a: Any, b: Any) -> Any:
    """`(^^ a b)`: exact for an integer and a non-negative integer."""
    if isinstance(a, int) and isinstance(b, int):
        if b >= 0:
            if a.bit_length() * b > _MOST_BITS and abs(a) > 1:
                text = f"{describe(a)} to the power {describe(b)}"
                raise LispeError(f"Error: ^^: the result of {text} is too large")
            return a**b
        if a == 0:
            raise LispeError("Error: division by zero")
        return float(a) ** b
    found = _apply("^^", raised, a, b)
    if type(found) is complex and not (isinstance(a, complex) or isinstance(b, complex)):
        # A root of a negative number: Python leaves the reals, `sqrt` and typed lists do not.
        return math.nan
    return found


_AND_NOT: Binary = lambda a, b: a & ~b  # noqa: E731 - one operator among a table of operators


def bit_operation(name: str, op: Binary, a: Any, b: Any) -> Any:
    """A bit operator on integers; on a double it works on the bits of the double, as in LispE."""
    if isinstance(a, float) or isinstance(b, float):
        if _is_list(a) or _is_list(b):
            return elementwise(lambda x, y: bit_operation(name, op, x, y), a, b)
        if type(a) not in NUMERIC or type(b) not in NUMERIC:
            raise cannot(name, a, b)
        return on_bits_of_doubles(op, a, int(b) if name in ("<<", ">>") else b)
    if name in ("<<", ">>") and isinstance(b, int) and (b < 0 or b > _MOST_BITS):
        raise LispeError(f"Error: cannot shift by {b}")
    return _apply(name, op, a, b)


BIT_OPERATORS: dict[str, Binary] = {
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "&~": _AND_NOT,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


def _bit(name: str) -> Binary:
    op = BIT_OPERATORS[name]
    return lambda a, b: bit_operation(name, op, a, b)


OPERATORS: dict[str, Binary] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "^^": power,
    **{name: _bit(name) for name in BIT_OPERATORS},
}


# LispE's operator -> Python's, which does the same on plain numbers.
ON_NUMBERS = {OPERATORS["+"]: operator.add, OPERATORS["-"]: operator.sub, OPERATORS["*"]: operator.mul}


def on_numbers(op: Binary, *several: Any) -> Binary:
    """Python's own operator in place of LispE's, where all elements are plain numbers."""
    quick = ON_NUMBERS.get(op)
    if quick is None or not all(all_among(NUMBERS, items) for items in several):
        return op
    return quick


def fold(name: str, values: tuple[Any, ...]) -> Any:
    """An operator over any number of operands, from the left; one list is folded over its elements."""
    if len(values) == 1:
        return fold_one(name, values[0])
    return reduce(on_numbers(OPERATORS[name], values), values)


def fold_one(name: str, value: Any) -> Any:
    """`(+ '(1 2 3))`: the operator between the elements; 0 for an empty list.

    Errors: `Error: cannot apply '-' to one element` for a scalar, `... to a string` for a lone string.
    """
    if answers_of(value).items is None:
        raise LispeError(f"Error: cannot apply '{name}' to one element")
    if name == "+" and isinstance(value, TypedList):
        return total(value)
    items = list(value)
    if not items:
        return 0
    if name != "+" and isinstance(items[0], str):
        raise LispeError(f"Error: cannot apply '{name}' to a string")
    return reduce(on_numbers(OPERATORS[name], items), items)


def three_way(a: Any, b: Any) -> int:
    """`(>=< a b)`: -1, 0 or 1."""
    return int(a > b) - int(a < b)


def truth_of(value: Any) -> bool:
    """Whether LispE takes a value for true: false are nil, 0, "" and empty containers."""
    return answers_of(value).truth(value)


# -- element by element ------------------------------------------------------------------------------


def elementwise(op: Binary, a: Any, b: Any) -> Any:
    """The operator on the elements of one or two lists; what is left of a longer first list stays."""
    a_many, b_many = _is_list(a), _is_list(b)
    # What is made of texts is text.
    kind = type(a) if isinstance(a, (Strings, StringBytes)) else List
    if not (a_many and b_many) and (taken := _taken_over(op, a, b)) is not NotImplemented:
        return taken
    with _walk:
        if _walk.depth > _MOST_NESTED:
            raise LispeError("Error: lists nested so deep, or in themselves, cannot be combined")
        if not a_many:
            if not len(b) and (a is None or isinstance(a, Atom)):
                op(a, 0)  # refuses it, as with an element
            made = Strings if isinstance(a, str) and isinstance(b, Strings) else List
            return made([op(a, y) for y in b])
        if not b_many:
            return kind(op(x, b) for x in a)
        result = [op(x, y) for x, y in zip(a, b, strict=False)]
    return kind(result + list(a)[len(result) :])


# More levels than this are no array but a list that contains itself.
_MOST_NESTED, _walk = 1000, Walk()


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, TypedList))


def _taken_over(op: Binary, a: Any, b: Any) -> Any:
    """A library's own answer for one of its values and a list, or NotImplemented."""
    for value in (a, b):
        operate = answers_of(value).operate
        if operate is not None:
            return operate(op, a, b)
    return NotImplemented


# What makes a list of anything beside a typed list: the results are no numbers of one type.
_NO_TYPED = (list, complex)


def _typed_operation(name: str, ufunc: str) -> Binary:
    op, quick = OPERATORS[name], PLAIN.get(name)

    def operate(a: Any, b: Any) -> Any:
        if quick is not None:
            made = of_wide(quick, a, b)
            if made is not None:
                return made
        if isinstance(a, str) or isinstance(b, str):
            raise cannot(name, a, b)
        if isinstance(a, _NO_TYPED) or isinstance(b, _NO_TYPED):
            return elementwise(op, a, b)
        if not (isinstance(a, TypedList) and isinstance(b, TypedList)):
            taken = _taken_over(op, a, b)
            if taken is not NotImplemented:
                return taken
        left, right = _operand(a, name, b), _operand(b, name, a)
        if name in ("/", "%") and np.size(left) and not np.all(right):
            raise LispeError("Error: division by zero")
        return vectorised(name, ufunc, left, right)

    return operate


def _operand(value: Any, name: str, other: Any) -> Any:
    if not isinstance(value, TypedList) and type(value) not in NUMERIC:
        raise cannot(name, value, other)
    # numpy takes a number of ours for one of 64 bits, and Python's for one of the list's kind.
    found = value.array if isinstance(value, TypedList) else plain(value)
    return whole(found) if name == "%" else found


# Python's method of an operator -> its LispE name and numpy's function for it.
METHODS = {
    "add": ("+", "add"),
    "sub": ("-", "subtract"),
    "mul": ("*", "multiply"),
    "truediv": ("/", "true_divide"),
    "mod": ("%", "fmod"),
    "pow": ("^^", "power"),
    "and": ("&", "bitwise_and"),
    "or": ("|", "bitwise_or"),
    "xor": ("^", "bitwise_xor"),
    "lshift": ("<<", "left_shift"),
    "rshift": (">>", "right_shift"),
}


def _bind_operators() -> None:
    """Give the list classes LispE's operators, both plain and reflected, and small numbers the remainder."""
    bind(Single, {"mod": remainder})
    bind(Short, {"mod": remainder})
    for method, (name, ufunc) in METHODS.items():
        for cls, operate in (
            (List, _list_operation(name)),
            (TypedList, _typed_operation(name, ufunc)),
        ):
            setattr(cls, f"__{method}__", operate)
            setattr(cls, f"__r{method}__", reflected_of(name, operate))
        setattr(List, f"__r{method}__", _reflected_list_operation(name))
    for cls in (List, TypedList):
        setattr(cls, "__pos__", itself)  # noqa: B010


def itself(value: Any) -> Any:
    """`+value`, by which compiled code sees that a product is no text; Python code knows none of a list."""
    if not asked_by_lispe(2):
        raise TypeError(f"bad operand type for unary +: '{type(value).__name__}'")
    return value


def _list_operation(name: str) -> Binary:
    """An operator on lists, as the language means it that uses it: in Python code `+` joins, `*` repeats."""
    op, in_python, quick = OPERATORS[name], OF_PYTHON.get(name, _no_operator), PLAIN.get(name)

    def operate(a: Any, b: Any) -> Any:
        if not asked_by_lispe(2):
            return in_python(a, b)
        made = of_numbers(quick, a, b) if quick else None
        return elementwise(op, a, b) if made is None else made

    return operate


def _reflected_list_operation(name: str) -> Binary:
    lispe, in_python = reflected_of(name, _elementwise(name)), OF_PYTHON.get(name, _no_operator)

    def operate(self: Any, other: Any) -> Any:
        return lispe(self, other) if asked_by_lispe(2) else in_python(other, self)

    return operate


def _elementwise(name: str) -> Binary:
    op = OPERATORS[name]
    return lambda a, b: elementwise(op, a, b)


def asked_by_lispe(depth: int) -> bool:
    """Whether the function so many calls up is compiled from LispE or part of this package."""
    found = sys._getframe(depth).f_globals
    # A session's variables have no module; LispE's own package has.
    return " globals" in found or str(found.get("__name__")).startswith("lispe")


def _no_operator(_a: Any, _b: Any) -> Any:
    return NotImplemented


def reflected_of(name: str, operate: Binary) -> Binary:
    def reflected(self: Any, other: Any) -> Any:
        if isinstance(other, str):
            if name == "+":
                return add(other, self)
            raise cannot(name, other, self)
        return operate(other, self)

    return reflected


_bind_operators()
