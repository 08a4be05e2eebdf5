"""Reaching into containers: `last`, the `cadr` family, `takenb`, keys and values, virtual shapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.core.containers import car, cdr
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import any_list, converted, elements, is_list, like
from lispe_kernel.language.printer import describe, wrong_argument
from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.values.dictionaries import (
    IntegerDictionary,
    IntegerTree,
    NumberDictionary,
    NumberTree,
)
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.positions import OUT_OF_BOUNDS, element_by_index
from lispe_kernel.language.values.sets import IntegerSet, NumberSet, Set, StringSet
from lispe_kernel.language.values.typed.lists import Integers, Numbers, TypedList
from lispe_kernel.language.values.views import View


@function("last", "last@")
def last(container: Any) -> Any:
    """The last element of a container or character of a string, nil when it is empty.

    Example: (last '(1 2 3)) => 3
    Example: (last ()) => nil
    """
    kind = type(container)
    if kind is List or kind is Integers or kind is str:
        return container[-1] if container else None
    if isinstance(container, (list, TypedList, str)):
        return container[-1] if len(container) else None
    found = elements(container, "last", 1)
    return found[-1] if found else None


# -- cadr and its family ------------------------------------------------------------------------------


def _walk(name: str) -> Callable[[Any], Any]:
    steps = [car if letter == "a" else cdr for letter in reversed(name[1:-1])]

    def walk(container: Any) -> Any:
        for step in steps:
            kind = type(container)
            if (kind is List or kind is View) and container:
                container = step(container)
                continue
            empty = hasattr(container, "__len__") and not isinstance(container, str) and not len(container)
            if empty:
                raise LispeError(f"{OUT_OF_BOUNDS}: '{name}' runs out of elements")
            container = step(container)
        return container

    return walk


def _example(name: str) -> str:
    """A list on which the walk arrives at `(a)`, as text."""
    text, items = "(a)", "a"
    for letter in name[1:-1]:
        items = f"{text} z" if letter == "a" else f"z {items}"
        text = f"({items})"
    return text


def _register_walk(name: str) -> None:
    letters = ", then ".join("car" if letter == "a" else "cdr" for letter in reversed(name[1:-1]))
    walk = _walk(name)
    walk.__name__ = name
    walk.__doc__ = (
        f"From a list: {letters}.\n\nExample: ({name} '{_example(name)}) => (a)\n"
        "Errors: `Error: index out of bounds` when there are no elements left on the way."
    )
    function(name, keyword=True, parameters=(Parameter("list"),))(walk)


LONG_WALK = re.compile(r"c[ad]{5,}r")


def long_walk(name: str) -> None:
    """Register a name of the family that is longer than those that exist from the start."""
    _register_walk(name)


for _length in (2, 3, 4):
    for _letters in product("ad", repeat=_length):
        _register_walk("c" + "".join(_letters) + "r")


# -- parts --------------------------------------------------------------------------------------------


@function("takenb", keyword=True)
def takenb(n: Any, container: Any, *from_end: Any) -> Any:
    """The first n elements; the last n when n is negative or when a third argument is given, whatever it is.

    Example: (takenb 2 '(a b c)) => (a b)
    Example: (takenb -1 '(a b c)) => (c)
    Example: (takenb 2 '(a b c) false) => (b c)
    Errors: a negative n together with a third argument.
    """
    if type(container) is List and type(n) is int and n >= 0 and not from_end:
        return List(container[:n])
    count = integer_argument("takenb", 1, n)
    if len(from_end) > 1:
        raise LispeError(wrong_number("takenb"))
    if count < 0 and from_end:
        raise wrong_argument("takenb", 1, "positive when a third argument is given", n)
    found = elements(container, "takenb", 2)
    backwards = bool(from_end) or count < 0
    count = abs(count)
    if not backwards:
        return like(container, found[:count])
    return like(container, found[max(0, len(found) - count) :])


_SET_KEYS: dict[type, Callable[[Any], Any]] = {StringSet: Strings, IntegerSet: Integers, NumberSet: Numbers}


@function("keys@", "containerkeys", keyword=True)
def keys_at(container: Any) -> Any:
    """The keys of a dictionary, or elements of a set, as strings, integers or numbers; the indices of a list.

    Example: (keys@ (dictionary "k" 5)) => ("k")
    Example: (keys@ (seti 7 5)) => (5 7)
    Example: (keys@ '(a b)) => (0 1)
    """
    if isinstance(container, (IntegerDictionary, IntegerTree)):
        keys = list(container)
        try:
            return Integers.exactly(keys)
        except OverflowError:
            return List(keys)
    if isinstance(container, (NumberDictionary, NumberTree)):
        return Numbers(list(container))
    if isinstance(container, dict):
        return Strings(container)
    if isinstance(container, Set):
        return _SET_KEYS.get(type(container), List)(container)
    keys_of = answers_of(container).keys
    if keys_of is not None:
        return List(keys_of(container))
    if isinstance(container, str) or not hasattr(container, "__len__"):
        raise wrong_argument("keys@", 1, "a dictionary or a list", container)
    return Integers(range(len(container)))


@function("values@", "containervalues", keyword=True, returns="list")
def values_at(container: Any) -> List:
    """The values of a dictionary, the elements of any other container, as a list.

    Example: (values@ (dictionary "k" 5)) => (5)
    """
    if isinstance(container, dict):
        return List(container.values())
    return List(elements(container, "values@", 1))


# -- virtual shapes -----------------------------------------------------------------------------------


def _shape(value: Any, name: str) -> list[int]:
    sizes = [integer_argument(name, 2, size) for size in elements(value, name, 2)]
    if not sizes or any(size <= 0 for size in sizes):
        raise wrong_argument(name, 2, "a list of sizes above 0", value)
    return sizes


def _positions(name: str, size: int, shape: list[int], keys: tuple[Any, ...]) -> Any:
    """The flat positions that keys designate: a number, or nested lists for what the keys leave open.

    A negative key stands for all values of its dimension, and makes one list of all positions.
    """
    if len(keys) > len(shape):
        raise LispeError(f"Error: index mismatch with shape ({name})")
    total = 1
    for extent in shape:
        total *= extent
    if total > size:
        raise LispeError(f"Error: index mismatch with shape ({name}): {total} elements needed, {size} there")
    found = [integer_argument(name, axis + 3, key) for axis, key in enumerate(keys)]
    for key, extent in zip(found, shape, strict=False):
        if key >= extent:
            raise LispeError(f"Error: Index out of bound ({name}): {key} in {extent}")
    runs = [range(extent) for extent in shape]
    for axis, key in enumerate(found):
        runs[axis] = runs[axis] if key < 0 else range(key, key + 1)
    negative = [axis for axis, key in enumerate(found) if key < 0]
    if negative:
        return _one_list(shape, runs, negative, by_columns=found[negative[-1]] == -2)

    def below(axis: int, position: int) -> Any:
        if axis == len(shape):
            return position
        inside = [below(axis + 1, position * shape[axis] + each) for each in runs[axis]]
        return inside[0] if axis < len(found) else inside

    return below(0, 0)


def _one_list(shape: list[int], runs: list[range], negative: list[int], by_columns: bool) -> list[int]:
    """The positions in one list: by lines, or by columns, where the first dimension runs fastest."""
    axes = range(len(shape))
    order = [*reversed(negative), *(axis for axis in axes if axis not in negative)] if by_columns else axes
    strides = [prod(shape[axis + 1 :]) for axis in axes]
    return [
        sum(strides[axis] * each for axis, each in zip(order, places, strict=True))
        for places in product(*(runs[axis] for axis in order))
    ]


@function("atshape", "@@@", keyword=True)
def atshape(container: Any, shape: Any, key: Any, *keys: Any) -> Any:
    """An element of a flat list seen with a shape; fewer keys than dimensions give the part under them.

    A negative key takes the whole of its dimension, and the result is one list: by lines when the last
    negative key is -1, by columns when it is -2. So (@@@ l '(2 3) -1 0) is the first column.

    Example: (@@@ '(1 2 3 4 5 6) '(2 3) 1 2) => 6
    Example: (@@@ '(1 2 3 4 5 6) '(2 3) 1) => (4 5 6)
    Example: (@@@ '(1 2 3 4 5 6) '(2 3) -1 0) => (1 4)
    Example: (@@@ '(1 2 3 4 5 6) '(2 3) -1 -2) => (1 4 2 5 3 6)
    Errors: `Error: Index out of bound`, `Error: index mismatch with shape`.
    """
    flat = any_list(container, "atshape", 1)
    found = _positions("atshape", len(flat), _shape(shape, "atshape"), (key, *keys))

    def read(position: Any) -> Any:
        if type(position) is int:
            return element_by_index(flat, position)
        if position and type(position[0]) is int:
            return like(flat, [read(each) for each in position])
        return List(read(each) for each in position)

    return read(found)


@function("setshape", "set@@@", keyword=True)
def setshape(container: Any, shape: Any, key: Any, *keys_and_value: Any) -> Any:
    """Store through a shape: one element, or a row or plane from a list; gives the container.

    Example: (set@@@ (list 1 2 3 4 5 6) '(2 3) 1 2 9) => (1 2 3 4 5 9)
    Example: (set@@@ (list 1 2 3 4) '(2 2) 0 '(8 9)) => (8 9 3 4)
    Errors: for negative keys, and for a list of another size than the part.
    """
    if not keys_and_value:
        raise LispeError(wrong_number("setshape"))
    *middle, value = keys_and_value
    flat = any_list(container, "setshape", 1)
    keys = (key, *middle)
    for position, each in enumerate(keys):
        if integer_argument("setshape", position + 3, each) < 0:
            raise wrong_argument("setshape", position + 3, "0 or more", each)
    targets = _flat(_positions("setshape", len(flat), _shape(shape, "setshape"), keys))
    values = _flat_values(value) if len(targets) > 1 else [value]
    if len(values) != len(targets):
        raise LispeError(
            f"Error: setshape: {len(targets)} values are needed here, not {len(values)} ({describe(value)})"
        )
    for target, each in zip(targets, values, strict=True):
        flat[target] = converted(flat, each)
    return container


def _flat(positions: Any) -> list[int]:
    if type(positions) is int:
        return [positions]
    return [position for part in positions for position in _flat(part)]


def _flat_values(value: Any) -> list[Any]:
    if not is_list(value):
        return [value]
    return [leaf for item in value for leaf in _flat_values(item)]
