"""What is found instead of listed: the files of a package, and the libraries that a session loads.

Importing a file registers what it declares under a decorator, so a new file with a decorated function is all
that a new function, form or view needs.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def import_all(package: str, *, rooms: bool = True) -> None:
    """Import every module of a package, in the order of their names, and of the packages in it.

    rooms: whether to go into the packages in it. Folders are looked into once in a process: every session
    asks for them when it is made.
    """
    folders = import_module(package).__path__
    for name in sorted(name for folder in folders for name in _modules(package, folder, rooms)):
        import_module(name)


def _modules(package: str, folder: str, rooms: bool) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            stem, ending = os.path.splitext(entry.name)
            if ending == ".py" and stem not in ("__init__", "__main__"):
                yield f"{package}.{stem}"
            elif (
                rooms and not ending and stem.isidentifier() and not stem.startswith("__") and entry.is_dir()
            ):
                yield from _modules(f"{package}.{stem}", entry.path, rooms)


class Libraries:
    """The libraries that one session still has to load: packages that declare themselves by their content.

    `load()` registers the functions of one; `BEGINNINGS`, where it is there, says how all their names begin,
    so that the package waits until such a name is met; `USE_NAMES` says what `(use ...)` may call it. A
    package without BEGINNINGS is loaded with the first name that nothing else knows, so that making a session
    costs nothing of it. Which packages there are, and with which modules of Python each comes, too, the
    package root says.
    """

    def __init__(self, packages: Mapping[str, tuple[str, ...]]) -> None:
        self._packages = tuple(packages)
        self._waiting = list(packages)
        # A session asks for these before each program and each call from Python.
        self._beside_python = {package: modules for package, modules in packages.items() if modules}

    def meet(self, name: str) -> bool:
        """Load what may hold a name that nobody knows; says whether anything was loaded."""
        if not self._waiting:
            return False
        own = next((p for p in self._waiting if name.startswith(_beginnings(p) or "\0")), None)
        if own is None:
            return self.load_nameless()
        self._load(own)
        return True

    def meet_python(self, imported: Container[str]) -> None:
        """Load the packages that stand on a module of Python which is imported."""
        for package, modules in tuple(self._beside_python.items()):
            if any(module in imported for module in modules):
                self._load(package)

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
        self._beside_python.pop(package, None)


def _module(package: str) -> ModuleType:
    return import_module(package)


@cache
def _beginnings(package: str) -> tuple[str, ...]:
    return getattr(_module(package), "BEGINNINGS", ())
