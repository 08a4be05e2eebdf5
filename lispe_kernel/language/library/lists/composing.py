"""The composing family: `map`, `filter`, `take`, folds and scans, over lists and lazy sequences.

The element goes first in a partial call: `(filter '(< 3) l)` keeps what is below 3. Results are generic
lists; over a sequence without an end, `map`, `filter`, `drop`, `dropwhile` and scans are lazy themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import accumulate, chain, dropwhile, islice, takewhile
from operator import add, mul
from typing import Any

from lispe_kernel.language.arithmetic import OPERATORS, on_numbers, truth_of
from lispe_kernel.language.calling import callable_of, fixed_argument, is_lambda
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import (
    BINARY,
    binary_function,
    chosen,
    elements,
    folded,
    results,
    with_arity,
)
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.lazy import Lazy, finite
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List

Function = Callable[..., Any]


def _source(value: Any, name: str) -> Iterable[Any]:
    return value if isinstance(value, Lazy) else elements(value, name, 2)


def _built(name: str, call: Any, source: Any, walk: Callable[[], Iterable[Any]]) -> Any:
    """A list of a walk over a source with an end, a lazy sequence over one without."""
    if isinstance(source, Lazy) and source.endless:
        return Lazy([Atom(name), call, source], walk)
    return List(walk())


def _element_function(value: Any, name: str) -> Function:
    """A function of one element, as the composing family reads it."""
    if isinstance(value, list) and len(value) == 2 and not _is_lambda(value):
        return _partial(value)
    if name == "map" and isinstance(value, Atom) and value.name in OPERATORS:
        # `(map 'op l)` applies it to an element and itself.
        operator = binary_function(value, name)
        return lambda element: operator(element, element)
    if isinstance(value, list) and not value:
        raise LispeError(f"Error: empty list not accepted here ({name})")
    return with_arity(value, callable_of(value, element_first=True), 1, name)


def _is_lambda(code: list[Any]) -> bool:
    return is_lambda(code[0])


def _partial(code: list[Any]) -> Function:
    """`'(op v)` is (op element v), `'(v op)` is (op v element)."""
    first, second = code
    if _is_function(first):
        operator, fixed = _operator(first), fixed_argument(second)
        return lambda element: operator(element, fixed)
    if _is_function(second):
        operator, fixed = _operator(second), fixed_argument(first)
        return lambda element: operator(fixed, element)
    raise LispeError("Error: missing operator")


def _is_function(value: Any) -> bool:
    if isinstance(value, Atom):
        return current().function_named(value.name) is not None
    return callable(value) and not isinstance(value, list)


def _operator(value: Any) -> Function:
    if isinstance(value, Atom) and value.name in BINARY:
        return binary_function(value, "map")
    return callable_of(value)


# -- elements -----------------------------------------------------------------------------------------


@function("map", "!map", keyword=True)
def map_(function_: Any, container: Any) -> Any:
    """The results of a function on the elements. An operator alone takes each element twice: '* squares.

    Example: (map '(+ 1) '(1 2 3)) => (2 3 4)
    Example: (map '(1 -) '(5 6)) => (-4 -5)
    Example: (map '* '(1 2 3)) => (1 4 9)
    Example: (take 3 (map '* (irange 1 1))) => (1 4 9)
    """
    return mapped("map", function_, container)


def mapped(name: str, function_: Any, container: Any) -> Any:
    """What `map` and `for` give; errors name the one that was written."""
    call, source = _element_function(function_, name), _source(container, name)
    return _built("map", function_, source, lambda: results(call, source))


@function("filter", "!filter", keyword=True)
def filter_(condition: Any, container: Any) -> Any:
    """The elements for which a condition is true.

    Example: (filter '(< 3) '(1 5 2)) => (1 2)
    Example: (filter (λ (x) (> x 2)) '(1 2 3 4)) => (3 4)
    """
    call, source = _element_function(condition, "filter"), _source(container, "filter")
    return _built("filter", condition, source, lambda: chosen(call, source))


def _amount(n: Any, name: str) -> int:
    return min(max(0, integer_argument(name, 1, n)), sys.maxsize)


@function("take", "!take", keyword=True, returns="list")
def take(n: Any, container: Any) -> List:
    """The first n elements, of a sequence without an end too.

    Example: (take 2 '(5 6 7)) => (5 6)
    Example: (take 3 (irange 10 5)) => (10 15 20)
    """
    if type(container) is List and type(n) is int and n >= 0:
        return List(container[:n])
    return List(islice(iter(_source(container, "take")), _amount(n, "take")))


@function("drop", "!drop", keyword=True)
def drop(n: Any, container: Any) -> Any:
    """All elements but the first n.

    Example: (drop 2 '(5 6 7)) => (7)
    """
    if type(container) is List and type(n) is int and n >= 0:
        return List(container[n:])
    count, source = _amount(n, "drop"), _source(container, "drop")
    return _built("drop", n, source, lambda: islice(iter(source), count, None))


@function("takewhile", "!takewhile", keyword=True)
def takewhile_(condition: Any, container: Any) -> List:
    """The elements before the first one for which a condition is false.

    Example: (takewhile '(< 3) '(1 2 3 1)) => (1 2)
    Example: (takewhile '(< 100) (map '* (irange 1 2))) => (1 9 25 49 81)
    """
    call = _element_function(condition, "takewhile")
    return List(takewhile(lambda x: truth_of(call(x)), _source(container, "takewhile")))


@function("dropwhile", "!dropwhile", keyword=True)
def dropwhile_(condition: Any, container: Any) -> Any:
    """The elements from the first one on for which a condition is false.

    Example: (dropwhile '(< 10) '(1 3 10 3 12)) => (10 3 12)
    """
    call, source = _element_function(condition, "dropwhile"), _source(container, "dropwhile")
    return _built("dropwhile", condition, source, lambda: dropwhile(lambda x: truth_of(call(x)), source))


# -- folds --------------------------------------------------------------------------------------------


def _all(container: Any, name: str, position: int) -> list[Any]:
    return list(elements(finite(container, name), name, position))


def _not_empty(container: Any, name: str) -> list[Any]:
    found = _all(container, name, 2)
    if not found:
        raise LispeError(f"Error: {name}: the container is empty, so there is no element to start with")
    return found


@function("foldl", "!foldl", keyword=True)
def foldl(function_: Any, initial: Any, container: Any) -> Any:
    """Combine from the left: (f accumulator element), starting with a value.

    Example: (foldl '- 10 '(1 2 3)) => 4
    Example: (foldl (λ (a x) (+ (* 10 a) x)) 0 '(1 2 3)) => 123
    """
    return folded(binary_function(function_, "foldl"), _all(container, "foldl", 3), initial)


@function("foldl1", "!foldl1", keyword=True)
def foldl1(function_: Any, container: Any) -> Any:
    """Combine from the left, starting with the first element.

    Example: (foldl1 '- '(1 2 3)) => -4
    Errors: for an empty container.
    """
    return folded(binary_function(function_, "foldl1"), _not_empty(container, "foldl1"))


def _folded_back(call: Function, items: list[Any], *initial: Any) -> Any:
    # What is the same the other way round on numbers needs no turning.
    call = on_numbers(call, items, initial) if call in _SYMMETRIC else call
    return reduce(call if call in _ON_BOTH_SIDES else _turned(call), reversed(items), *initial)


_SYMMETRIC = frozenset({OPERATORS["+"], OPERATORS["*"]})
_ON_BOTH_SIDES = frozenset({add, mul})


def _turned(call: Function) -> Function:
    return lambda accumulator, element: call(element, accumulator)


@function("foldr", "!foldr", keyword=True)
def foldr(function_: Any, initial: Any, container: Any) -> Any:
    """Combine from the right: (f element accumulator), starting with a value.

    Example: (foldr '- 0 '(10 4 1)) => 7
    """
    return _folded_back(binary_function(function_, "foldr"), _all(container, "foldr", 3), initial)


@function("foldr1", "!foldr1", keyword=True)
def foldr1(function_: Any, container: Any) -> Any:
    """Combine from the right, starting with the last element.

    Example: (foldr1 '- '(10 4 1)) => 7
    Errors: for an empty container.
    """
    return _folded_back(binary_function(function_, "foldr1"), _not_empty(container, "foldr1"))


@function("scanl", "!scanl", keyword=True)
def scanl(function_: Any, initial: Any, container: Any) -> Any:
    """All accumulators of foldl, the starting value first.

    Example: (scanl '- 10 '(20 30 40)) => (10 -10 -40 -80)
    """
    call = binary_function(function_, "scanl")
    source = container if isinstance(container, Lazy) else elements(container, "scanl", 3)
    if type(source) is List:
        return List(_accumulated(on_numbers(call, source, (initial,)), source, initial))
    return _built("scanl", function_, source, lambda: _accumulated(call, source, initial))


@function("scanl1", "!scanl1", keyword=True)
def scanl1(function_: Any, container: Any) -> Any:
    """All accumulators of foldl1, the first element first.

    Example: (scanl1 (λ (a x) (+ a x 1)) '(1 2 3)) => (1 4 8)
    """
    call, source = binary_function(function_, "scanl1"), _source(container, "scanl1")
    if type(source) is List:
        return List(accumulate(source, on_numbers(call, source)))
    return _built("scanl1", function_, source, lambda: accumulate(source, call))


def _accumulated(call: Function, source: Iterable[Any], initial: Any) -> Iterator[Any]:
    return accumulate(chain((initial,), source), call)


@function("scanr", "!scanr", keyword=True)
def scanr(function_: Any, initial: Any, container: Any) -> LinkedList:
    """All accumulators of foldr, the starting value last, as a linked list.

    Example: (scanr '+ 0 '(3 5 2 1)) => (11 8 3 1 0)
    """
    call = _turned(binary_function(function_, "scanr"))
    walked = list(_accumulated(call, reversed(_all(container, "scanr", 3)), initial))
    return LinkedList(reversed(walked))


@function("scanr1", "!scanr1", keyword=True)
def scanr1(function_: Any, container: Any) -> LinkedList:
    """All accumulators of foldr1, the last element last, as a linked list.

    Example: (scanr1 '+ '(3 5 2 1)) => (11 8 3 1)
    """
    call = _turned(binary_function(function_, "scanr1"))
    return LinkedList(reversed(list(accumulate(reversed(_all(container, "scanr1", 2)), call))))
