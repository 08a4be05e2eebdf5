"""Tables of kinds: what is registered for a value's class, found through its bases.

A class may be given by its qualified name, so that no library is imported to register for its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from lispe_kernel.language.discovery import import_all

T = TypeVar("T")


class Kinds(Generic[T]):
    """Entries by class. The files of `package` enter theirs when the first value is looked up."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._entries: dict[type | str, T] = {}
        self._is_complete = False

    def enter(self, *kinds: type | str) -> Callable[[T], T]:
        """A decorator that enters what it decorates for classes, given themselves or by qualified name.

        A later entry of a kind replaces the earlier one.
        """

        def register(entry: T) -> T:
            for kind in kinds:
                self._entries[kind] = entry
            return entry

        return register

    def find(self, value: Any) -> T | None:
        """The entry of the nearest class among the value's bases that has one."""
        self.load()
        for cls in type(value).__mro__:
            found = self._entries.get(cls) or self._entries.get(f"{cls.__module__}.{cls.__qualname__}")
            if found is not None:
                return found
        return None

    def load(self) -> None:
        """Import every file of the package, once."""
        if not self._is_complete:
            import_all(self._package)
            self._is_complete = True

    def __iter__(self) -> Iterator[tuple[type | str, T]]:
        """Every kind with its entry."""
        self.load()
        return iter(list(self._entries.items()))
