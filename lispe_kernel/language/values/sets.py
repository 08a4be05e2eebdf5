"""Sets: objects (`set`), strings (`sets`), integers (`seti`), numbers (`setn`).

A set of objects keeps the order of insertion and knows two containers for the same when they print the
same; the other three convert what they are given and are kept sorted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.atoms import Atom

_OWN_KEY = (str, int, float, complex, Atom, type(None))


class Set:
    """LispE's `set`: any values, in the order in which they came."""

    __slots__ = ("_members",)
    __hash__ = None  # type: ignore[assignment]
    name: ClassVar[str] = "set"

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._members: dict[Any, Any] = {}
        for item in items:
            self.add(item)

    @staticmethod
    def convert(value: Any) -> Any:
        """The value as an element of this kind of set."""
        return value

    @staticmethod
    def _key(value: Any) -> Any:
        if isinstance(value, _OWN_KEY):
            return value
        from lispe_kernel.language.printer import show

        return (type(value), show(value))

    def add(self, value: Any) -> None:
        value = self.convert(value)
        self._members.setdefault(self._key(value), value)

    lispe_push = add

    def remove(self, value: Any) -> bool:
        """Take an element out; whether it was there."""
        key = self._key(self.convert(value))
        if key not in self._members:
            return False
        del self._members[key]
        return True

    def find(self, value: Any) -> Any:
        """The element that is equal to a value. Raises KeyError when there is none."""
        return self._members[self._key(self.convert(value))]

    def clear(self) -> None:
        self._members.clear()

    def __contains__(self, value: Any) -> bool:
        return self._key(self.convert(value)) in self._members

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._members.values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Set) and self._members.keys() == other._members.keys()

    def copy(self) -> Set:
        return type(self)(self)

    lispe_copy = copy

    @property
    def lispe_items(self) -> list[Any]:
        """The elements in order, for the functions that fold a container."""
        return list(self)


class _SortedSet(Set):
    __slots__ = ()

    @staticmethod
    def _key(value: Any) -> Any:
        return value

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(self._members))


class StringSet(_SortedSet):
    """LispE's `sets`: texts, sorted by code points."""

    __slots__ = ()
    name = "sets"

    @staticmethod
    def convert(value: Any) -> str:
        if type(value) is str:
            return value
        from lispe_kernel.language.printer import to_text

        return to_text(value)


class IntegerSet(_SortedSet):
    """LispE's `seti`: integers, sorted."""

    __slots__ = ()
    name = "seti"

    @staticmethod
    def convert(value: Any) -> int:
        if type(value) is int:
            return value
        number = _number(value, "seti")
        if isinstance(number, float) and not math.isfinite(number):
            raise LispeError(f"Error: seti: {number} is no integer")
        return int(number)


class NumberSet(_SortedSet):
    """LispE's `setn`: numbers, sorted."""

    __slots__ = ()
    name = "setn"

    @staticmethod
    def convert(value: Any) -> float:
        return value if type(value) is float else float(_number(value, "setn"))


def _number(value: Any, name: str) -> Any:
    from lispe_kernel.language.values.typed import scalar

    return scalar(value, name)


def combined(op: Callable[[Any, Any], Any], a: Any, b: Any) -> Set:
    """An arithmetic operator between a set and a scalar or another set: pairwise in order, into a set."""
    if isinstance(a, Set) and isinstance(b, Set):
        return type(a)(op(x, y) for x, y in zip(a, b, strict=False))
    kind: type[Set] = type(a) if isinstance(a, Set) else type(b)
    return kind(op(x, b) for x in a) if isinstance(a, Set) else kind(op(a, y) for y in b)
