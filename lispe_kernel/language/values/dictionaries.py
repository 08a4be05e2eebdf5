"""Dictionaries: Python dicts whose keys are texts, integers or numbers.

A key of another type is converted when it is looked up or stored, as in LispE; the fast path (a key of
the right type) is Python's own subscript. Insertion order is kept.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.errors import MissingKeyError


class Dictionary(dict[Any, Any]):
    """LispE's `dictionary`: text keys."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

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
        return value if type(value) is int else int(value)


class NumberDictionary(Dictionary):
    """LispE's `dictionaryn`: number keys."""

    __slots__ = ()

    @staticmethod
    def key(value: Any) -> Any:
        return value if type(value) is float else float(value)
