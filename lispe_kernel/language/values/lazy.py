"""Lazy sequences: `(repeat v)`, `(cycle l)`, `(irange a step)` and what is mapped over them.

A sequence makes a new walk each time it is gone through. `endless` ones can be taken from, mapped and
filtered, but never counted or folded; nothing here computes an element before somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import Show, describe, register_kind, write_elements
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.positions import MOST_ELEMENTS, OUT_OF_BOUNDS


class Lazy:
    """A sequence that is computed while it is gone through.

    form: what it prints as, a list of values. walk: makes a fresh iterator.
    """

    __slots__ = ("endless", "form", "walk")

    def __init__(self, form: list[Any], walk: Callable[[], Iterable[Any]], endless: bool = True) -> None:
        self.form = form
        self.walk = walk
        self.endless = endless

    def __iter__(self) -> Iterator[Any]:
        return iter(self.walk())


def finite(items: Any, function: str) -> Any:
    """The items, unless they have no end.

    Errors: `Error: NAME: an endless sequence has to be cut by take or takewhile first`.
    """
    if isinstance(items, Lazy) and items.endless:
        raise LispeError(f"Error: {function}: an endless sequence has to be cut by take or takewhile first")
    return items


def _write(value: Lazy, show: Show) -> str:
    return write_elements(value.form, show)


def _size(value: Lazy) -> int:
    if value.endless:
        raise LispeError(f"Error: size: {describe(value)} has no end")
    return sum(1 for _ in value)


def _element(value: Lazy, key: Any) -> Any:
    if isinstance(key, int) and 0 <= key < MOST_ELEMENTS:
        for found in islice(value, key, None):
            return found
    raise LispeError(f"{OUT_OF_BOUNDS}: {describe(key)} in a lazy sequence")


def _rest(value: Lazy) -> Lazy:
    return Lazy([Atom("cdr"), value], lambda: islice(value, 1, None), value.endless)


register_kind(Lazy, "lazy_", _write)
register_answers(
    Lazy,
    Answers(
        element=_element,
        size=_size,
        car=lambda value: next(iter(value), None),
        cdr=_rest,
        iterate=iter,
        flatten=lambda value: list(value) if not value.endless else [value],
        equal=lambda a, b: a is b,
    ),
)
