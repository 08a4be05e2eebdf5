"""Operators as functions: what `'+` names, and calls the compiler does not write as plain Python."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from lispe_kernel.language import array_arithmetic  # noqa: F401 - gives arrays and linked lists operators
from lispe_kernel.language.arithmetic import OPERATORS, fold, three_way, truth_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.printer import describe
from lispe_kernel.language.values.atoms import TRUE, Atom, truth
from lispe_kernel.language.values.equality import equal, identical

_OPERANDS = (Parameter("value"), Parameter("values", rest=True))

# name, aliases, meaning, examples
_ARITHMETIC: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    (
        "+",
        (),
        (
            "The sum of numbers, element by element on lists and tensors. One list is summed. "
            "With a string first, the text of the others is appended."
        ),
        '(+ 1 2.5) => 3.5\nExample: (+ "a" 1 2.5) => a12.5\nExample: (+ \'(1 2 3)) => 6',
    ),
    ("-", (), "The difference, from left to right. One list is folded.", "(- 10 2 3) => 5"),
    ("*", (), "The product. One list is folded.", "(* 2 1.5) => 3"),
    ("/", (), "The quotient, always a number. One list is folded.", "(/ 7 2) => 3.5"),
    ("%", (), "The remainder of a division, with the sign of the first operand.", "(% -7 3) => -1"),
    ("^^", ("**",), "The power; exact for integers.", "(^^ 2 10) => 1024"),
    ("&", (), "Bits that are in all operands.", "(& 12 10) => 8"),
    ("|", (), "Bits that are in any operand.", "(| 12 10) => 14"),
    ("^", (), "Bits that are in exactly one of two operands.", "(^ 12 10) => 6"),
    ("&~", (), "Bits of the first that are not in the others.", "(&~ 12 10) => 4"),
    ("<<", (), "Bits shifted to the left.", "(<< 1 4) => 16"),
    (">>", (), "Bits shifted to the right; the sign is kept.", "(>> 16 2) => 4"),
)


def _folding(name: str) -> Callable[..., Any]:
    of_two = OPERATORS[name]

    def operate(*values: Any) -> Any:
        return of_two(*values) if len(values) == 2 else fold(name, values)

    return operate


for _name, _aliases, _meaning, _examples in _ARITHMETIC:
    _operate = _folding(_name)
    _operate.__doc__ = f"{_meaning}\n\nExample: {_examples}"
    function(_name, *_aliases, keyword=True, parameters=_OPERANDS)(_operate)


@function("~", keyword=True)
def complement(value: Any) -> Any:
    """The bit complement of an integer, the complement of a concept.

    Example: (~ 5) => -6
    """
    try:
        return ~value
    except TypeError:
        raise LispeError(f"Error: cannot evaluate '~' with these operands: {describe(value)}") from None


def _chain(test: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def compare(value: Any, other: Any, *others: Any) -> Any:
        if not others:
            answer = test(value, other)
            if answer is True or answer is False:
                return TRUE if answer else None
            # A tensor's own comparison is the value, as of the operator.
            return answer
        # As in a program: what comes after two that are not in order is not compared.
        return truth(all(truth_of(test(a, b)) for a, b in pairwise((value, other, *others))))

    return compare


_COMPARISONS: tuple[tuple[str, Callable[[Any, Any], Any], str, str], ...] = (
    ("<", lambda a, b: a < b, "Whether each value is less than the next.", "(< 1 2 3) => true"),
    ("<=", lambda a, b: a <= b, "Whether no value is greater than the next.", "(<= 1 1 2) => true"),
    (">", lambda a, b: a > b, "Whether each value is greater than the next.", "(> 3 2.5) => true"),
    (">=", lambda a, b: a >= b, "Whether no value is less than the next.", "(>= 1 2) => nil"),
    (
        "=",
        equal,
        "Whether neighbours are equal: numbers by value, containers by content.",
        "(= '(1 (2)) '(1 (2))) => true",
    ),
    ("!=", lambda a, b: not equal(a, b), "Whether neighbours differ.", "(!= 1 2) => true"),
)

for _name, _test, _meaning, _examples in _COMPARISONS:
    _compare = _chain(_test)
    _compare.__doc__ = f"{_meaning}\n\nExample: {_examples}"
    # What the order of tensors gives is a mask.
    function(_name, keyword=True, returns="boolean" if _name in ("=", "!=") else "answer")(_compare)


@function("eq", keyword=True, returns="boolean")
def eq(value: Any, other: Any, *others: Any) -> Atom | None:
    """Whether the first value is each of the others: equal scalars, or the very same container.

    Example: (eq "a" "a") => true
    Example: (eq '(1) '(1)) => nil
    """
    if not others:
        return TRUE if identical(value, other) else None
    return truth(all(identical(value, o) for o in (other, *others)))


@function("neq", keyword=True, returns="boolean")
def neq(value: Any, other: Any, *others: Any) -> Atom | None:
    """Whether the first value is none of the others.

    Example: (neq 'a 'b) => true
    """
    return truth(not any(identical(value, o) for o in (other, *others)))


@function(">=<", keyword=True, returns="number")
def compare(a: Any, b: Any) -> int:
    """-1, 0 or 1 as the first value is less than, equal to or greater than the second.

    Example: (>=< 1 2) => -1
    """
    return three_way(a, b)


@function("¬", "not", keyword=True, returns="boolean")
def negation(value: Any) -> Atom | None:
    """True for what counts as false: nil, 0, "", empty containers.

    A list is asked as a whole; `(maplist 'not l)` goes by elements.

    Example: (not nil) => true
    Example: (not ()) => true
    """
    return truth(not truth_of(value))
