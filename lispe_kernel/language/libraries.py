"""The libraries of a session: packages whose functions are registered when a program first needs them.

A package declares itself by its content: `load()` registers its functions; `BEGINNINGS`, where it is there,
says how all their names begin, so that the package waits until such a name is met; `USE_NAMES` says what
`(use ...)` may call it. A package without BEGINNINGS is loaded with the first name that nothing else knows,
so that making a session costs nothing of it. Which packages there are, the package root says.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from types import ModuleType


class Libraries:
    """The packages that one session still has to load."""

    def __init__(self, packages: Iterable[str]) -> None:
        self._packages = tuple(packages)
        self._waiting = list(packages)

    def meet(self, name: str) -> bool:
        """Load what may hold a name that nobody knows; says whether anything was loaded."""
        if not self._waiting:
            return False
        own = next((p for p in self._waiting if name.startswith(_beginnings(p) or "\0")), None)
        if own is None:
            return self.load_nameless()
        self._load(own)
        return True

    def load_nameless(self) -> bool:
        """Load the packages whose names begin in no way of their own; says whether there were any."""
        found = [package for package in self._waiting if not _beginnings(package)]
        for package in found:
            self._load(package)
        return bool(found)

    def use_names(self) -> frozenset[str]:
        """What `(use ...)` may call the packages: they are at hand without it."""
        return frozenset(name for p in self._packages for name in getattr(_module(p), "USE_NAMES", ()))

    def _load(self, package: str) -> None:
        _module(package).load()
        self._waiting.remove(package)


def _module(package: str) -> ModuleType:
    return import_module(package)


def _beginnings(package: str) -> tuple[str, ...]:
    return getattr(_module(package), "BEGINNINGS", ())
