"""How kinds of values that the language does not know answer its general functions.

A library above (tensors, say) registers what `@`, `size`, `car`, `loop` ... mean for its class. The
language's own containers are handled directly where each function is defined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Access:
    """What the general functions call for a value of a registered class; None means not supported."""

    at: Callable[[Any, tuple[Any, ...]], Any] | None = None
    store: Callable[[Any, tuple[Any, ...], Any], Any] | None = None
    size: Callable[[Any], int] | None = None
    car: Callable[[Any], Any] | None = None
    cdr: Callable[[Any], Any] | None = None
    extract: Callable[[Any, Any, Any], Any] | None = None
    iterate: Callable[[Any], Iterable[Any]] | None = None
    # The elements as one flat Python list, for `(floats t)`, `(list t)` and the like.
    flatten: Callable[[Any], list[Any]] | None = None
    keys: Callable[[Any], Iterable[Any]] | None = None
    equal: Callable[[Any, Any], bool] | None = None
    # An arithmetic operator (a Python function of two values) when the other operand is a list.
    operate: Callable[[Callable[[Any, Any], Any], Any, Any], Any] | None = None
    # A copy of the value's own, for `clone`.
    copy: Callable[[Any], Any] | None = None
    # The error text for operands that an operator does not take.
    operands: str = ""
    # The value as a condition; most things are simply true.
    truth: Callable[[Any], bool] = lambda value: True


_by_class: dict[type, Access] = {}
# What `access_of` found for a class before.
_found: dict[type, Access | None] = {}


def register_access(cls: type, access: Access) -> None:
    """Let values of `cls` and of its subclasses answer the general functions through `access`."""
    _by_class[cls] = access
    _found.clear()


def access_of(value: Any) -> Access | None:
    """The registered answers for a value, found through its class and its bases."""
    cls = type(value)
    try:
        return _found[cls]
    except KeyError:
        found = next((_by_class[base] for base in cls.__mro__ if base in _by_class), None)
        _found[cls] = found
        return found
