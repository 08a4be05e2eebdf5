"""Generic lists and lists of strings: Python lists under LispE's operators.

The operators themselves (element by element) are bound to these classes by `arithmetic.py`; this file
is only the containers. A list called as a function is code: the session gives it its meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lispe_kernel.language.protocols import access_of
from lispe_kernel.language.values.atoms import Atom

# How a list in head position of a call runs as code; the session sets it.
_apply_code: Callable[..., Any] | None = None


class List(list[Any]):
    """LispE's `list`: an array of anything, shared by reference, false when empty."""

    __slots__ = ()
    # A list is no key of a dictionary; LispE compares containers by content with `=`.
    __hash__ = None

    def __call__(self, *arguments: Any) -> Any:
        if _apply_code is None:
            raise TypeError("a list is not a function")
        return _apply_code(self, arguments)

    def copy(self) -> List:
        return type(self)(self)


class Strings(List):
    """LispE's `strings`: every element is text."""

    __slots__ = ()

    @staticmethod
    def convert(value: Any) -> str:
        from lispe_kernel.language.printer import to_text

        return to_text(value)


def sub(items: List, start: int, end: int | None = None) -> List:
    """The elements from `start` to `end` (excluded) as a list of the same kind.

    Subscripts are inherited from `list`, so that an access costs what it costs in Python.
    """
    return type(items)(items[start:end])


_SCALARS = frozenset({int, float, str, complex, Atom, type(None)})


def deep_copy(value: Any) -> Any:
    """A copy of a container and of the containers in it. Anything else is returned as it is."""
    if isinstance(value, list):
        return type(value)(item if type(item) in _SCALARS else deep_copy(item) for item in value)
    if isinstance(value, dict):
        copied = value.copy()
        for key, item in copied.items():
            if type(item) not in _SCALARS:
                copied[key] = deep_copy(item)
        return copied
    copier = getattr(value, "lispe_copy", None)
    if copier is not None:
        return copier()
    access = access_of(value)
    return access.copy(value) if access is not None and access.copy is not None else value


def set_code_runner(run: Callable[..., Any]) -> None:
    """Install the function through which a list in head position is run as code."""
    global _apply_code
    _apply_code = run
