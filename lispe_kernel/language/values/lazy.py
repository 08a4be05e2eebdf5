"""Lazy sequences: `(repeat v)`, `(cycle l)`, `(irange a step)` and what is mapped over them.

A sequence makes a new walk each time it is gone through. `endless` ones can be taken from, mapped and
filtered, but never counted or folded; nothing here computes an element before somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lispe_kernel.language.errors import LispeError


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

    Errors: `Error: NAME: an endless sequence has no end to work from; take from it first`.
    """
    if isinstance(items, Lazy) and items.endless:
        raise LispeError(f"Error: {function}: an endless sequence has to be cut by take or takewhile first")
    return items
