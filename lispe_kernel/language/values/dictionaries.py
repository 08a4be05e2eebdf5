"""Dictionaries: Python dicts whose keys are texts, integers or numbers.

A key of another type is converted when it is looked up or stored, as in LispE; the fast path (a key of
the right type) is Python's own subscript. Insertion order is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lispe_kernel.language.errors import LispeError, MissingKeyError


class Dictionary(dict[Any, Any]):
    """LispE's `dictionary`: text keys."""

    __slots__ = ()
    __hash__ = None

    @staticmethod
    def key(value: Any) -> Any:
        """The value as a key of this kind of dictionary."""
        if type(value) is str:
            return value
        from lispe_kernel.language.printer import to_text

        return to_text(value)

    def __missing__(self, key: Any) -> Any:
        converted = self.key(key)
        if type(converted) is not type(key) and converted in self:
            return self[converted]
        from lispe_kernel.language.printer import show

        raise MissingKeyError(f"Error: index out of bounds: the dictionary has no key {show(key)}")

    def store(self, key: Any, value: Any) -> None:
        """Store under the converted key."""
        self[self.key(key)] = value

    def copy(self) -> Dictionary:
        return type(self)(self)


class IntegerDictionary(Dictionary):
    """LispE's `dictionaryi`: integer keys."""

    __slots__ = ()

    @staticmethod
    def key(value: Any) -> Any:
        if type(value) is int:
            return value
        from lispe_kernel.language.values.typed import scalar

        number = scalar(value, "dictionaryi")
        if isinstance(number, float) and not math.isfinite(number):
            raise LispeError(f"Error: dictionaryi: {number} cannot be a key")
        return int(number)


class NumberDictionary(Dictionary):
    """LispE's `dictionaryn`: number keys."""

    __slots__ = ()

    @staticmethod
    def key(value: Any) -> Any:
        if type(value) is float:
            return value
        from lispe_kernel.language.values.typed import scalar

        return float(scalar(value, "dictionaryn"))


class _Sorted(Dictionary):
    """A dictionary whose keys are gone through in their order."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__()))

    def __reversed__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__(), reverse=True))

    def keys(self) -> Any:
        return list(self)

    def values(self) -> Any:
        return [self[key] for key in self]

    def items(self) -> Any:
        return [(key, self[key]) for key in self]


class TextTree(_Sorted):
    """LispE's `dictionarytree`: text keys, sorted by code points."""

    __slots__ = ()


class IntegerTree(_Sorted):
    """LispE's `dictionarytreei`: integer keys, sorted."""

    __slots__ = ()
    key = staticmethod(IntegerDictionary.key)


class NumberTree(_Sorted):
    """LispE's `dictionarytreen`: number keys, sorted."""

    __slots__ = ()
    key = staticmethod(NumberDictionary.key)
