"""Atoms: one interned object a name, with `true` and the empty atom among them.

`nil` is Python's None. Atoms never hold a value; variables live in a session's namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_table: dict[str, Atom] = {}
# How an atom in head position of a computed call finds its function; the session sets it.
_resolve: Callable[[Atom], Callable[..., Any]] | None = None
# What has no order, not even beside an atom.
_UNORDERED: tuple[type, ...] = (str, dict)


def never_ordered(cls: type) -> None:
    """Give values of a class no order, not even beside an atom."""
    global _UNORDERED  # noqa: PLW0603 - filled while the package is imported
    _UNORDERED += (cls,)


class Atom:
    """A name as a value. `Atom("x") is Atom("x")` always holds."""

    __slots__ = ("__weakref__", "name")
    name: str

    def __new__(cls, name: str) -> Atom:
        atom = _table.get(name)
        if atom is None:
            atom = object.__new__(cls)
            atom.name = name
            atom = _table.setdefault(name, atom)
        return atom

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[type[Atom], tuple[str]]:
        return (Atom, (self.name,))

    def __copy__(self) -> Atom:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Atom:
        return self

    # LispE orders numbers, strings and lists; for an atom the four order tests are always false. Beside a
    # string, nil, a dictionary or a heap they are an error, on whichever side it stands.
    def _never(self, other: object) -> bool:
        return NotImplemented if other is None or isinstance(other, _UNORDERED) else False

    __lt__ = __le__ = __gt__ = __ge__ = _never

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """An atom held in a variable calls the function that it names."""
        if _resolve is None:
            raise TypeError(f"no session to resolve '{self.name}'")
        return _resolve(self)(*arguments, **named)


def set_resolver(resolve: Callable[[Atom], Callable[..., Any]]) -> None:
    """Install the function through which `Atom.__call__` finds what an atom names."""
    global _resolve  # noqa: PLW0603 - set once, when the session is imported
    _resolve = resolve


TRUE = Atom("true")

# What printing returns: an atom whose text is empty, so that a notebook shows nothing for it.
EMPTY = Atom("")


def atoms_named(names: Iterable[str]) -> list[Atom]:
    """The atoms of names, as `Atom` gives each."""
    return [_table.get(name) or Atom(name) for name in names]


def truth(test: object) -> Atom | None:
    """LispE's answer to a question: `true` or nil."""
    return TRUE if test else None
