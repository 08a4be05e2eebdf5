"""The one protocol of values: what a value of each class answers to the language's general functions.

`@`, `set@`, `size`, `car`, `loop`, `push`, `clone`, `=` ... look only here. Every kind of value registers one
`Answers` in the file that defines it; libraries above do the same for theirs. How a value prints, and what
`(type value)` says, it tells the printer (`register_kind`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

# The method of what a loop goes through that is told when the loop is left by will.
LEFT = "lispe_left"


@dataclass(frozen=True)
class Answers:
    """What the general functions call for a value of a class; None means that it takes no part."""

    element: Callable[[Any, Any], Any] | None = None
    """`(@ value key)`: what stands under one key. Further keys go on with what was found."""

    at: Callable[[Any, tuple[Any, ...]], Any] | None = None
    """`(@ value key ...)` instead of `element`, for a kind that takes all its keys at once (axes)."""

    put: Callable[[Any, Any, Any], None] | None = None
    """`(set@ value key stored)`: store under one key, in place."""

    store: Callable[[Any, tuple[Any, ...], Any], Any] | None = None
    """`(set@ value key ... stored)` instead of `put`, for a kind that takes all its keys at once."""

    push: Callable[[Any, tuple[Any, ...]], Any] | None = None
    """`(push value added ...)`: what was pushed to, or a new value where the old one cannot change."""

    size: Callable[[Any], int] | None = None
    """`(size value)`; without it, Python's `len`."""

    car: Callable[[Any], Any] | None = None
    """`(car value)`: the first element, nil when there is none."""

    cdr: Callable[[Any], Any] | None = None
    """`(cdr value)`: all elements but the first."""

    extract: Callable[[Any, Any, Any], Any] | None = None
    """`(extract value start end)`."""

    iterate: Callable[[Any], Iterable[Any]] | None = None
    """What `loop` goes through; it may have no end. A method `lispe_left` of it (`LEFT`) is called when the
    loop is left by `break` or `return`, before it is let go; not after an error or an interrupt."""

    items: Callable[[Any], Sequence[Any]] | None = None
    """The elements once and in order, for what is compared and folded like a list: `(+ value)`, `=`."""

    flatten: Callable[[Any], list[Any]] | None = None
    """The elements as one flat Python list, for `(floats value)`, `(list value)` and the like."""

    keys: Callable[[Any], Iterable[Any]] | None = None
    """`(keys@ value)`, and the keys of a dictionary made from the value."""

    equal: Callable[[Any, Any], bool] | None = None
    """`(= value other)`; without it, Python's `==`."""

    same: Callable[[Any, Any], bool] | None = None
    """`(eq value other)` for two objects that are not one."""

    operate: Callable[[Callable[[Any, Any], Any], Any, Any], Any] | None = None
    """An arithmetic operator (a Python function of two values) when the other operand is a list."""

    compute: Callable[[str, Any, float], Any] | None = None
    """A function of one number by its LispE name (`exp`), where the value is more than a number; the last
    argument is what the number alone gives."""

    operands: str = ""
    """The error text for operands that an operator does not take."""

    copy: Callable[[Any], Any] | None = None
    """`(clone value)`: a copy with copies of the containers in it."""

    truth: Callable[[Any], bool] = bool
    """The value as a condition."""


_by_class: dict[type, Answers] = {}
_NOTHING = Answers()


# What was found for a class before: its own answers or those of its nearest base.
_found: dict[type, Answers] = {}


def register_answers(cls: type, answers: Answers) -> None:
    """Let values of `cls`, and of its subclasses without answers of their own, answer in this way."""
    _by_class[cls] = answers
    _found.clear()


def extend_answers(cls: type, **more: Any) -> None:
    """Add to what a registered class answers: what only a file above the class can define."""
    register_answers(cls, replace(_by_class[cls], **more))


def answers_of(value: Any) -> Answers:
    """What a value answers, found through its class and its bases; nothing at all for an unknown class."""
    try:
        return _found[type(value)]
    except KeyError:
        return _find(type(value))


# Up to so many values are asked one by one.
_FEW = 40


def all_among(classes: frozenset[type], items: Collection[Any]) -> bool:
    """Whether every value is exactly of one of some classes."""
    if len(items) <= _FEW:
        return classes.issuperset(map(type, items))
    kinds = [*map(type, items)]
    # Most long lists hold one kind, and to count it asks least of Python.
    return kinds[0] in classes and (kinds.count(kinds[0]) == len(kinds) or classes >= set(kinds))


def _find(cls: type) -> Answers:
    found = _found[cls] = next((_by_class[base] for base in cls.__mro__ if base in _by_class), _NOTHING)
    return found
