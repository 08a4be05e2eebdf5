"""The registry of explorers: a kind of value -> the function that makes its explorer. Knows no ipywidgets.

A file of this folder registers with `@explorer(...)`; all are imported when the first value is explored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from lispe_kernel.display.page.by_class import Kinds
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe

if TYPE_CHECKING:
    from lispe_kernel.display.explorers.base import Explorer

# Of a value, and of another one beside it (None when there is none).
Make = Callable[[Any, Any], "Explorer"]
MakeT = TypeVar("MakeT", bound=Make)

explorers: Kinds[Make] = Kinds("lispe_kernel.display.explorers")


def explorer(*kinds: type | str) -> Callable[[MakeT], MakeT]:
    """Register the decorated function `(value, other) -> Explorer` for classes, as `renderer` does a view."""
    return explorers.enter(*kinds)  # type: ignore[return-value]  # a decorator gives back what it was given


def explorer_of(value: Any, other: Any = None) -> Explorer:
    """An explorer of the value, with another value beside it where that makes sense.

    Raises LispeError for a kind that nobody registered, ImportError where ipywidgets is not installed.
    """
    make = explorers.find(value)
    if make is None:
        raise LispeError(f"Error: explore: there is no explorer for {describe(value)}; show it as it is")
    return make(value, other)
