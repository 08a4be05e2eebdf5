"""The globals of Python code in a session: Python's own builtins, and the session's variables behind.

What Python assigns LispE has, as it sees it, when the cell or the function has ended or calls LispE; what
Python reads is Python's own object again as long as LispE has not assigned the variable. The table of
globals is an ordinary one, for speed and for all who look into it. Between cells it keeps only functions,
classes and modules: a function finds anything else where it looks last, among the builtins, so that it is
never an old value.
"""

from __future__ import annotations

import builtins
import operator
from types import FunctionType, ModuleType
from typing import Any

from lispe_kernel.language.python import containers as _containers  # noqa: F401 - what crosses is registered there
from lispe_kernel.language.python import functions as _functions  # noqa: F401 - and there
from lispe_kernel.language.python.border import KEPT, to_lispe, to_python

_MISSING = object()
_STAY = (FunctionType, type, ModuleType)
# Whoever runs cells puts its own in their place for as long as a cell runs.
_REPLACED = frozenset({"input"})


def _own(name: str) -> bool:
    """Whether a name is Python's alone: `__name__`, `__file__` and their like."""
    return name.startswith("__") and name.endswith("__")


class Builtins(dict[str, Any]):
    """Where Python code looks last: Python's builtins, then the session's variables."""

    def __init__(self, variables: Variables) -> None:
        super().__init__({name: value for name, value in vars(builtins).items() if name not in _REPLACED})
        self.variables = variables

    def __missing__(self, name: str) -> Any:
        try:
            return self.variables.found_last(name)
        except KeyError:
            return vars(builtins)[name]


class Variables:
    """One for each session."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.globals: dict[str, Any] = {
            "__name__": "__main__",
            "__doc__": None,
            "__builtins__": Builtins(self),
        }
        # What LispE sees of a variable, with Python's object, where the one does not lead to the other.
        self._objects: dict[str, tuple[Any, Any]] = {}
        # What both sides held when they were last the same; how many cells are running.
        self._here = dict(self.globals)
        self._there: dict[str, Any] = {}
        self._running = 0

    def python(self, name: str) -> Any:
        """A variable as Python has it. Raises KeyError."""
        found = self.namespace[name]
        kept = self._objects.get(name)
        if kept is not None:
            if kept[0] is found:
                return kept[1]
            del self._objects[name]
        return to_python(found)

    def found_last(self, name: str) -> Any:
        """A variable that is not in the table. Raises KeyError, also for one that the cell has deleted."""
        if self._running and name in self._here:
            raise KeyError(name)
        return self.python(name)

    def table(self) -> dict[str, Any]:
        """All globals as Python sees them now."""
        return {**{name: self.python(name) for name in self._names()}, **self.globals}

    def begin(self) -> None:
        """A cell begins: all variables come into the table."""
        self.refresh()
        self._running += 1
        for name in self._names():
            if name not in self.globals:
                self.globals[name] = self.python(name)
        self._remember()

    def end(self) -> None:
        """A cell ends: LispE has what it assigned."""
        self.settle()
        self._running -= 1
        if not self._running:
            for name, value in list(self.globals.items()):
                if not (_own(name) or isinstance(value, _STAY)):
                    del self.globals[name]
            self._remember()

    def refresh(self) -> None:
        """Python is about to run: what LispE has assigned takes the place of what lay here."""
        if _unchanged(self.namespace, self._there):
            return
        if self._running:
            for name in self._names():
                if self._there.get(name, _MISSING) is not self.namespace[name]:
                    self.globals[name] = self.python(name)
        else:
            for name in self._there.keys() & self.globals.keys():
                if self.namespace.get(name) is not self._there[name]:
                    del self.globals[name]
        for name in self._there.keys() - self.namespace.keys():
            self.globals.pop(name, None)
        self._remember()

    def settle(self) -> None:
        """LispE is about to run: it gets what Python has assigned."""
        if _unchanged(self.globals, self._here):
            return
        for name, value in list(self.globals.items()):
            if self._here.get(name, _MISSING) is not value and not _own(name):
                self._give(name, value)
                if not (self._running or isinstance(value, _STAY)):
                    del self.globals[name]
        for name in self._here.keys() - self.globals.keys():
            self.namespace.pop(name, None)
        self._remember()

    def _give(self, name: str, value: Any) -> None:
        found = self.namespace[name] = to_lispe(value)
        self._objects.pop(name, None)
        if found is not value and to_python(found) is not value:
            self._objects[name] = (found, value)

    def _names(self) -> list[str]:
        return [name for name in self.namespace if not _own(name) and " " not in name]

    def _remember(self) -> None:
        self._here, self._there = dict(self.globals), dict(self.namespace)


def _unchanged(now: dict[str, Any], before: dict[str, Any]) -> bool:
    return len(now) == len(before) and all(map(operator.is_, now.values(), before.values()))


def variables_of(namespace: dict[str, Any]) -> Variables:
    """The one `Variables` of a session's namespace, kept in it under a name no program can write."""
    found = namespace.get(KEPT)
    if not isinstance(found, Variables):
        found = namespace[KEPT] = Variables(namespace)
    return found
