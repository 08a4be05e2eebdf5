"""`__main__` as Python code of a session knows it, for pickling, multiprocessing and type hints.

In a process of ours (the kernel, the command line) it is a module whose contents are the session's
variables. In a program of somebody else, who has a `__main__`, that module only learns where to look last.
"""

from __future__ import annotations

import os
import sys
import weakref
from types import ModuleType
from typing import Any

from lispe_kernel.language.python.variables import Variables

# The sessions that have run Python code, the last one first.
_sessions: list[weakref.ref[Variables]] = []


class Main(ModuleType):
    """The module `__main__` of a process in which all Python code is that of sessions."""

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        return _latest().table()

    def __getattr__(self, name: str) -> Any:
        return _found(name)

    def __dir__(self) -> list[str]:
        return sorted(_latest().table())


def know(variables: Variables) -> None:
    """Python code of a session is about to run."""
    if not _sessions or _sessions[0]() is not variables:
        _sessions[:] = [ref for ref in _sessions if ref() not in (None, variables)]
        _sessions.insert(0, weakref.ref(variables))
    main = sys.modules.get("__main__")
    if type(main) is Main:
        return
    if main is None or _is_ours(main):
        sys.modules["__main__"] = Main("__main__")
    elif "__getattr__" not in vars(main):
        main.__getattr__ = _found  # type: ignore[method-assign]  # a module may have one of its own


def _is_ours(main: ModuleType) -> bool:
    program = os.path.basename(getattr(main, "__file__", None) or "")
    return getattr(main, "__package__", None) == "lispe_kernel" or program in ("lispe", "lispe.exe")


def _latest() -> Variables:
    for ref in _sessions:
        found = ref()
        if found is not None:
            return found
    return Variables({})


def _found(name: str) -> Any:
    for ref in _sessions:
        variables = ref()
        if variables is None:
            continue
        if name in variables.globals:
            return variables.globals[name]
        if not name.startswith("__") and name in variables.namespace:
            return variables.python(name)
    raise AttributeError(f"module '__main__' has no attribute '{name}'")
