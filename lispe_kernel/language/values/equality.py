"""Equality of values: `=` compares what they hold, `eq` asks whether they are one.

What each kind of container makes of it stands among its answers; here are numbers, texts, nil and lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.stack import DEEP, Walk
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.scalars import NUMERIC


class _Comparison(Walk):
    """A comparison that a thread is in, with the pairs of deep lists found equal or being compared.

    They are kept alive, since a pair is known by the places of both in memory.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[tuple[int, int], tuple[Any, Any]] = {}


_walk = _Comparison()


def equal(a: Any, b: Any) -> bool:
    """`(= a b)`: ordinary equality of numbers, content of containers, names of atoms.

    A number on the left takes nil for 0 and `true` for 1.
    """
    kind = type(a)
    if kind is int or kind is float:
        if b is None:
            return bool(a == 0)
        if b is TRUE:
            return bool(a == 1)
        return _is_number(b) and bool(a == b)
    if kind is str:
        return isinstance(b, str) and a == b
    if a is None:
        return b is None or (_like_nil(b) and answers_of(b).items is not None)
    compare = answers_of(a).equal
    return bool(a == b) if compare is None else compare(a, b)


def equal_lists(a: Any, b: Any) -> bool:
    """`=` on lists: the same elements in the same order; an empty one equals nil and what else is empty."""
    size = len(a)
    if not size:
        return equals_empty(b)
    if type(a) is type(b) and size == len(b) and isinstance(a, list):
        mine, theirs = [*a], [*b]
        kinds = [*map(type, mine)]
        if kinds[0] in _EXACT and kinds.count(kinds[0]) == size and [*map(type, theirs)] == kinds:
            return mine == theirs
    if answers_of(b).items is None or size != len(b):
        return False
    return equal_inside(a, b, _equal_elements)


def equal_dictionaries(a: Any, b: Any) -> bool:
    """`=` on dictionaries: the same keys with equal values."""
    if a is b:
        return True
    if not isinstance(b, dict) or len(a) != len(b) or not all(key in b for key in a):
        return False
    return equal_inside(a, b, _equal_values)


# Python's == on these is `=` on them, also between an integer and a text.
_EXACT = frozenset({int, str})


def _equal_elements(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        mine, theirs = [*a], [*b]
        if _EXACT.issuperset(map(type, mine)) and _EXACT.issuperset(map(type, theirs)):
            return mine == theirs
    return all(equal(x, y) for x, y in zip(a, b, strict=True))


def _equal_values(a: Any, b: Any) -> bool:
    return all(equal(value, b[key]) for key, value in a.items())


def equal_inside(a: Any, b: Any, same: Callable[[Any, Any], bool]) -> bool:
    """Whether two containers, which may hold themselves, hold the same: what `same` finds in both."""
    _walk.depth += 1
    try:
        # Who was deep once remembers on the whole way back: each level may lead down several times.
        if _walk.depth > DEEP or _walk.found:
            return _equal_deep(a, b, same)
        return same(a, b)
    finally:
        _walk.depth -= 1
        if not _walk.depth:
            _walk.found.clear()


def _equal_deep(a: Any, b: Any, same: Callable[[Any, Any], bool]) -> bool:
    """Of containers that may contain themselves: two being compared differ nowhere new."""
    found, pair, before = _walk.found, (id(a), id(b)), len(_walk.found)
    if pair in found:
        return True
    found[pair] = (a, b)
    if same(a, b):
        return True
    # What was found equal since may have relied on these two.
    while len(found) > before:
        found.popitem()
    return False


def equals_empty(value: Any) -> bool:
    """Whether an empty list equals a value: nil, or any container without elements."""
    return value is None or (hasattr(value, "__len__") and not isinstance(value, str) and len(value) == 0)


def identical(a: Any, b: Any) -> bool:
    """`(eq a b)`: equal scalars, or the same container; nil and the empty list are alike.

    A number is no object with an identity: what is no number (NaN) equals nothing.
    """
    if a is b:
        return type(a) is not float or a == a
    if _is_number(a):
        return _is_number(b) and bool(a == b)
    if isinstance(a, str):
        return isinstance(b, str) and a == b
    if a is None:
        return _like_nil(b)
    same = answers_of(a).same
    return same is not None and same(a, b)


def _is_number(value: Any) -> bool:
    # A float with more to it, as one that remembers its tensor, is a number as well.
    return type(value) in NUMERIC or isinstance(value, float)


def both_empty(a: Any, b: Any) -> bool:
    """`eq` on two containers that are not one: without elements they are alike, and like nil."""
    return len(a) == 0 and (b is None or _like_nil(b))


def _like_nil(value: Any) -> bool:
    return answers_of(value).same is both_empty and len(value) == 0
