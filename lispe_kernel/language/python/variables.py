"""The globals of Python code in a session: Python's own builtins, and the session's variables behind.

What Python assigns LispE has at once, as it sees it; what Python reads is Python's own object again as
long as LispE has not assigned the variable.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

from lispe_kernel.language.python import containers as _containers  # noqa: F401 - what crosses is registered there
from lispe_kernel.language.python import functions as _functions  # noqa: F401 - and there
from lispe_kernel.language.python.border import to_lispe, to_python

# A LispE name holds no blank: nobody's variable is called so.
_KEPT = "__python variables__"


def _own(name: object) -> bool:
    """Whether a name is Python's alone: `__name__`, `__file__` and their like."""
    return isinstance(name, str) and name.startswith("__") and name.endswith("__")


class Variables(dict[str, Any]):
    """One for each session: a table in which Python looks, with the session's namespace behind it."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        super().__init__(__name__="__main__", __builtins__=builtins, __doc__=None)
        self.namespace = namespace
        # What LispE sees of a variable, with Python's object, where the one does not lead to the other.
        self._objects: dict[str, tuple[Any, Any]] = {}
        self._size = 0

    def __missing__(self, name: str) -> Any:
        found = self.namespace[name]
        kept = self._objects.get(name)
        if kept is not None:
            if kept[0] is found:
                return kept[1]
            del self._objects[name]
        return to_python(found)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (name in self.namespace and not _own(name))

    def __setitem__(self, name: str, value: Any) -> None:
        if _own(name):
            super().__setitem__(name, value)
            return
        found = self.namespace[name] = to_lispe(value)
        self._objects.pop(name, None)
        if found is not value and to_python(found) is not value:
            self._objects[name] = (found, value)

    def __delitem__(self, name: str) -> None:
        if super().__contains__(name):
            super().__delitem__(name)
        else:
            del self.namespace[name]

    def __iter__(self) -> Iterator[str]:
        yield from super().__iter__()
        for name in list(self.namespace):
            if not _own(name) and not name.startswith(" "):
                yield name

    def keys(self) -> Any:
        return list(self)

    def values(self) -> Any:
        return [self[name] for name in self]

    def items(self) -> Any:
        return [(name, self[name]) for name in self]

    def get(self, name: str, default: Any = None) -> Any:
        found: Any = self[name] if name in self else default  # noqa: SIM401 - this is `get`
        return found

    def settle(self) -> None:
        """Give the session what `global x` inside a function stored here, past `__setitem__`."""
        if super().__len__() == self._size:
            return
        for name in list(super().__iter__()):
            if not _own(name):
                self[name] = dict.pop(self, name)
        self._size = super().__len__()


def variables_of(namespace: dict[str, Any]) -> Variables:
    """The one `Variables` of a session's namespace, kept in it under a name no program can write."""
    found = namespace.get(_KEPT)
    if not isinstance(found, Variables):
        found = namespace[_KEPT] = Variables(namespace)
    return found
