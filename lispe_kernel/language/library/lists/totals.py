"""What a whole container comes to: `sum`, `product`, `max`, `min`, `minmax`, `join`."""

from __future__ import annotations

import functools
import math
import operator
import sys
from itertools import islice
from typing import Any

from lispe_kernel.language.arithmetic import add, cannot, multiply
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.elements import elements, exact_sum, folded, is_list, typed_results
from lispe_kernel.language.library.shared.strings_core import join_texts
from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.language.protocols import all_among
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.heaps import Heap
from lispe_kernel.language.values.lists import DOUBLES, INTEGERS, NUMBERS, TEXTS, List, Strings
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.sets import Set, StringSet
from lispe_kernel.language.values.typed.lists import FEW, Integers, Numbers, TypedList

# Two of these are compared as they are, which is by far the most frequent call.
_OF_TEXTS = frozenset({List, Strings})


def _kinds_of_numbers(items: list[Any]) -> frozenset[type] | None:
    """Which numbers a list consists of: integers, doubles or both; None where there is anything else."""
    first = type(items[0])
    kinds = INTEGERS if first is int else DOUBLES if first is float else None
    if kinds is None or all_among(kinds, items):
        return kinds
    return NUMBERS if all_among(NUMBERS, items) else None


# Python's own sum adds doubles in their order up to 3.11, and more exactly from then on.
_IN_ORDER = sys.version_info < (3, 12)


def _quick_sum(items: list[Any]) -> int | float | None:
    """Python's own sum, where it says by its class that it added in order; None where it does not.

    To a first element that is an integer or a double it adds as `+` does, whatever the others are.
    """
    first = type(items[0])
    try:
        if first is int:
            total = sum(items)
        elif first is float and _IN_ORDER:
            total = sum(islice(items, 1, None), items[0])
        else:
            return None
    except Exception:  # `+` has its own words for it
        return None
    return total if type(total) is int or (type(total) is float and _IN_ORDER) else None


def _addends(container: Any, name: str) -> list[Any]:
    if isinstance(container, Matrix):
        return container.array.ravel().tolist()  # type: ignore[no-any-return]
    if container is None or not (is_list(container) or isinstance(container, (Set, Heap))):
        raise wrong_argument(name, 1, "a list, a matrix or a set of numbers", container)
    return list(container)


def _array(container: Any) -> Any:
    """The numpy array of a container of doubles, for which numpy's own sums are exact enough."""
    array = container.array if isinstance(container, (TypedList, Matrix)) else None
    return array if array is not None and array.dtype.kind == "f" else None


@function("∑", "sum", keyword=True)
def sum_(container: Any) -> Any:
    """The sum of the elements of a list, matrix or set; the text of all strings one after the other.

    Example: (sum '(1 2 3.5)) => 6.5
    Example: (sum (strings "a" "b")) => ab
    Example: (sum (integers)) => 0
    """
    if type(container) is List and container:
        total = _quick_sum(container)
        if total is not None:
            return total
        if _kinds_of_numbers(container):
            return functools.reduce(operator.add, container)
    if isinstance(container, TypedList):
        return exact_sum(container)
    if isinstance(container, Matrix) and container.array.dtype != object:
        return exact_sum(container)
    found = _addends(container, "sum")
    if isinstance(container, (Strings, StringSet)):
        return "".join(found)
    return folded(add, found) if found else 0


@function("∏", "product")
def product(container: Any) -> Any:
    """The product of the elements of a list, matrix or set of numbers; 1 for an empty one.

    Example: (product '(2 3 4)) => 24
    Example: (product ()) => 1
    """
    if type(container) is List and container and _kinds_of_numbers(container):
        return math.prod(container)
    array = _array(container)
    if array is not None and array.size:
        return float(np.prod(array, dtype="float64"))
    found = _addends(container, "product")
    if found and isinstance(found[0], str):
        raise LispeError("Error: product: strings cannot be multiplied")
    return folded(multiply, found) if found else 1


def _candidates(name: str, first: Any, others: tuple[Any, ...]) -> Any:
    if others:
        return (first, *others)
    if isinstance(first, (int, float, str, complex)):
        return (first,)
    if isinstance(first, dict):
        return list(first.values())
    return _addends(first, name) if isinstance(first, Matrix) else elements(first, name, 1)


def _are_ordered(items: list[Any]) -> bool:
    """Whether Python's `max` and `min` ask the same, and are never refused an answer."""
    return all_among(TEXTS, items) if type(items[0]) is str else all_among(NUMBERS, items)


def _extreme(name: str, better: Any, first: Any, others: tuple[Any, ...]) -> Any:
    if not others and type(first) is List and first and _are_ordered(first):
        return max(first) if name == "max" else min(first)
    if not others and type(first) is Integers and 0 < len(first) <= FEW:
        return max(first) if name == "max" else min(first)
    if not others and type(first) is Numbers and 0 < len(first) <= FEW:
        best = max(first) if name == "max" else min(first)
        # numpy answers where there is more than one such element that is not the same number.
        if best and not any(map(math.isnan, first)):
            return best
    if not others and isinstance(first, (TypedList, Matrix)) and len(first):
        array = first.array
        if array.dtype != object:
            with np.errstate(all="ignore"):
                return (np.max if name == "max" else np.min)(array).item()
    found = _candidates(name, first, others)
    if not len(found):
        return None
    best = found[0]
    for value in found[1:]:
        try:
            if better(value, best):
                best = value
        except TypeError:
            raise cannot(name, value, best) from None
    return best


@function("max", keyword=True)
def max_(value: Any, *values: Any) -> Any:
    """The largest of the arguments, or of the elements of one container; nil for an empty one.

    Example: (max 3 9 4) => 9
    Example: (max '("b" "c" "a")) => c
    """
    if not values:
        if type(value) is List and value and _are_ordered(value):
            return max(value)
    elif len(values) == 1 and type(value) in NUMBERS and type(values[0]) in NUMBERS:
        return value if value >= values[0] else values[0]
    if values and type(value) in NUMBERS and NUMBERS.issuperset(map(type, values)):
        return max(value, *values)
    return _extreme("max", operator.gt, value, values)


@function("min", keyword=True)
def min_(value: Any, *values: Any) -> Any:
    """The smallest of the arguments, or of the elements of one container; nil for an empty one.

    Example: (min 3 9 4) => 3
    """
    if not values:
        if type(value) is List and value and _are_ordered(value):
            return min(value)
    elif len(values) == 1 and type(value) in NUMBERS and type(values[0]) in NUMBERS:
        return value if value <= values[0] else values[0]
    if values and type(value) in NUMBERS and NUMBERS.issuperset(map(type, values)):
        return min(value, *values)
    return _extreme("min", operator.lt, value, values)


@function("minmax", keyword=True)
def minmax(value: Any, *values: Any) -> Any:
    """The smallest and the largest of the arguments, or of one container's elements; nil for an empty one.

    Example: (minmax '(3 9 4)) => (3 9)
    """
    smallest = _extreme("min", operator.lt, value, values)
    if smallest is None:
        return None
    both = [smallest, _extreme("max", operator.gt, value, values)]
    return typed_results(both) if isinstance(value, TypedList) else List(both)


@function("join", keyword=True, returns="text")
def join(container: Any, separator: Any = None) -> str:
    """The texts of the elements with a separator between them: "" for lists, "," for dictionaries and sets.

    Example: (join '(1 2 3) "+") => 1+2+3
    Example: (join (dictionary "k" 5 "l" 6)) => k:5,l:6
    """
    if type(container) in _OF_TEXTS and (separator is None or type(separator) is str):
        if all_among(TEXTS, container):
            return (separator or "").join(container)
        if all_among(INTEGERS, container):
            return (separator or "").join(map(str, container))
    if isinstance(container, dict):
        pairs = (f"{to_text(key)}:{to_text(value)}" for key, value in container.items())
        return join_texts(pairs, "," if separator is None else separator)
    default = "," if isinstance(container, Set) else ""
    found = elements(to_text(container) if isinstance(container, ByteString) else container, "join", 1)
    return join_texts(found, default if separator is None else separator)
