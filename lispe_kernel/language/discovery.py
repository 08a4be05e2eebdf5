"""Folders as lists: importing a package's files, so that what they declare under a decorator is registered.

A new file with a decorated function is all that a new function, form or view needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module


def import_all(package: str, *, rooms: bool = True) -> None:
    """Import every module of a package, in the order of their names, and of the packages in it.

    rooms: whether to go into the packages in it. Harmless when repeated.
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
