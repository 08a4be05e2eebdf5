"""Kinds of values: `type`, predicates, conversions of scalars, typed lists."""

from __future__ import annotations

import math
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.core.containers import at
from lispe_kernel.language.printer import to_text, type_atom
from lispe_kernel.language.protocols import all_among, answers_of
from lispe_kernel.language.values.atoms import TRUE, Atom, truth
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import INTEGERS, NUMBERS, TEXTS, List, Strings
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.numerals import scalar, whole
from lispe_kernel.language.values.typed.lists import Floats, Integers, Numbers, Shorts, TypedList
from lispe_kernel.language.values.typed.views import Rest
from lispe_kernel.language.values.views import View


@function("type", keyword=True)
def type_(value: Any) -> Atom:
    """The type atom of a value.

    Example: (type 1) => integer_
    """
    return type_atom(value)


# Digits of which Python makes an integer at once.
_SHORT = 1000


@function("integer", keyword=True, returns="number")
def integer(value: Any) -> int:
    """The value as an integer: numbers are truncated toward zero, text is read.

    Example: (integer -3.9) => -3
    """
    if type(value) is int:
        return value
    if type(value) is float and math.isfinite(value):
        return int(value)
    if type(value) is str and len(value) < _SHORT and value.isdecimal() and value.isascii():
        return int(value)
    return whole(value, "integer")


@function("number", keyword=True, returns="number")
def number(value: Any) -> float:
    """The value as a number (a double).

    Example: (number "2.5") => 2.5
    """
    if type(value) is float:
        return value
    if type(value) is str and value.replace(".", "", 1).isdecimal() and value[0] != ".":
        return float(value)
    return float(scalar(value, "number"))


def spread(values: tuple[Any, ...]) -> list[Any]:
    """The arguments of a typed list's constructor: containers among them are spread one level."""
    if len(values) == 1 and isinstance(values[0], TypedList):
        return values[0]  # type: ignore[return-value]
    found: list[Any] = []
    for value in values:
        flatten = answers_of(value).flatten
        found.extend([value] if flatten is None else flatten(value))
    return found


def _converted(values: tuple[Any, ...], convert: Any, function_: str) -> Any:
    items = spread(values)
    return items if isinstance(items, TypedList) else [convert(item, function_) for item in items]


def _wide(cls: type[Integers | Numbers], plain: frozenset[type], values: Any, convert: Any) -> TypedList:
    """Integers or doubles from the arguments, or from the one list that they are; plain ones at once."""
    items = values[0] if len(values) == 1 and type(values[0]) is List else values
    if all_among(plain, items):
        try:
            return cls.exactly(items)
        except OverflowError:
            pass
    return cls(values if all_among(plain, values) else _converted(values, convert, cls.name))


# Containers that are false in Python when they are empty.
_OFTEN_ASKED = frozenset({List, str, Dictionary})


@function("integers", keyword=True, returns="integers")
def integers(*values: Any) -> TypedList:
    """A typed list of 64-bit integers; lists among the arguments are spread.

    Example: (integers 1 "2" 3.7) => (1 2 3)
    """
    return _wide(Integers, INTEGERS, values, whole)


@function("numbers", keyword=True, returns="numbers")
def numbers(*values: Any) -> TypedList:
    """A typed list of doubles; lists among the arguments are spread.

    Example: (numbers 1 '(2 3.5)) => (1 2 3.5)
    """
    return _wide(Numbers, NUMBERS, values, scalar)


@function("floats", keyword=True, returns="numbers")
def floats(*values: Any) -> TypedList:
    """A typed list of 32-bit floats; lists among the arguments are spread.

    Example: (floats 1 2.5) => (1 2.5)
    """
    return Floats(values if all_among(NUMBERS, values) else _converted(values, scalar, "floats"))


@function("shorts", keyword=True, returns="numbers")
def shorts(*values: Any) -> TypedList:
    """A typed list of 16-bit integers; lists among the arguments are spread.

    Example: (shorts 1 2) => (1 2)
    """
    return Shorts(values if all_among(INTEGERS, values) else _converted(values, whole, "shorts"))


@function("strings", keyword=True, returns="other")
def strings(*values: Any) -> Strings:
    """A typed list of strings; lists among the arguments are spread.

    Example: (strings "a" 1) => ("a" "1")
    """
    if all_among(TEXTS, values):
        return Strings(values)
    return Strings(map(to_text, spread(values)))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, complex))


@function("numberp", "number?", keyword=True, returns="boolean")
def numberp(value: Any) -> Atom | None:
    """Whether a value is a number.

    Example: (number? 2.5) => true
    """
    return truth(_is_number(value))


@function("stringp", "string?", keyword=True, returns="boolean")
def stringp(value: Any) -> Atom | None:
    """Whether a value is a string.

    Example: (string? "a") => true
    """
    return truth(isinstance(value, str))


@function("consp", "cons?", keyword=True, returns="boolean")
def consp(value: Any) -> Atom | None:
    """Whether a value is a list of any kind.

    What `cdr` leaves of a list of one element is none: there it is as nil.

    Example: (consp '(1)) => true
    Example: (consp (cdr '(1))) => nil
    """
    if isinstance(value, View | Rest) and value.start >= len(value.base):
        return None
    return truth(isinstance(value, (list, TypedList, LinkedList, Matrix)))


@function("atomp", "atom?", keyword=True, returns="boolean")
def atomp(value: Any) -> Atom | None:
    """Whether a value is an atom or the empty list.

    Example: (atomp 'a) => true
    """
    return truth(value is None or isinstance(value, Atom) or (isinstance(value, list) and not value))


_ANY_LIST = (list, TypedList, LinkedList, Matrix)


@function("nullp", "null?", keyword=True, returns="boolean")
def nullp(value: Any) -> Atom | None:
    """Whether a value is nil or an empty list.

    Example: (nullp ()) => true
    """
    kind = type(value)
    if kind is List:
        return None if value else TRUE
    if kind is View:
        return None if value.start < len(value.base) else TRUE
    return truth(value is None or (isinstance(value, _ANY_LIST) and len(value) == 0))


@function("emptyp", "empty?", keyword=True, returns="boolean")
def emptyp(value: Any) -> Atom | None:
    """Whether a value is an empty container, an empty string, nil or zero.

    Example: (empty? "") => true
    """
    if type(value) in _OFTEN_ASKED:
        return None if value else TRUE
    if isinstance(value, (int, float, complex)):
        return truth(value == 0)
    return truth(value is None or (hasattr(value, "__len__") and len(value) == 0))


@function("zerop", "zero?", keyword=True, returns="boolean")
def zerop(value: Any) -> Atom | None:
    """Whether a value is zero once it is an integer.

    Example: (zerop 0.5) => true
    """
    return truth(integer(value) == 0)


@function("list", keyword=True)
def list_(*values: Any) -> List:
    """A list of the values.

    Example: (list 1 "a" 'b nil) => (1 "a" b nil)
    """
    return List(values)


@function("dictionary", keyword=True, returns="dictionary")
def dictionary(*pairs: Any) -> Dictionary:
    """A dictionary from keys and values in turn, or from a list of each; keys become texts.

    One dictionary is copied.

    Example: (dictionary "a" 1 "b" 2) => {"a":1 "b":2}
    Example: (dictionary '("a" "b") '(1 2)) => {"a":1 "b":2}
    Errors: for two lists of different sizes.
    """
    return fill(Dictionary(), pairs)


def fill(made: Dictionary, pairs: tuple[Any, ...]) -> Dictionary:
    """Store keys and values in turn, or those of two lists, into a new dictionary."""
    if len(pairs) == 1 and isinstance(pairs[0], dict):
        pairs = tuple(part for pair in pairs[0].items() for part in pair)
    elif len(pairs) == 1 and (keys_of := answers_of(pairs[0]).keys) is not None:
        whole = pairs[0]
        pairs = tuple(part for key in keys_of(whole) for part in (key, at(whole, key)))
    if len(pairs) == 2 and all(isinstance(part, (list, TypedList, LinkedList)) for part in pairs):
        keys, values = pairs
        if len(keys) != len(values):
            raise LispeError(
                "Error: dictionary: the two lists should have the same size, "
                f"not {len(keys)} and {len(values)}"
            )
        pairs = tuple(part for pair in zip(keys, values, strict=True) for part in pair)
    if len(pairs) % 2:
        raise LispeError("Error: dictionary has a different number of key/value")
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        made.store(key, value)
    return made
