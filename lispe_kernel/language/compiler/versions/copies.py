"""A part of a tree once more, for an analysis that knows more of its variables.

Variables, functions and what no analysis writes into are shared with the original.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.compiler.effects import Effects
from lispe_kernel.language.compiler.statements import Target
from lispe_kernel.language.compiler.tree import Constant, Global, Node, Quoted
from lispe_kernel.language.compiler.variables import Variable
from lispe_kernel.language.errors import Span

_SHARED = frozenset({Constant, Quoted, Global})
# Fields of nodes in which no node is.
_PLAIN = frozenset({Span, Variable, Effects, str, bool, type(None)})
_MISSING = object()
_slots: dict[type, tuple[str, ...]] = {}


def copied(node: Node) -> Node:
    """A copy of a node and of all that is evaluated in it; what was one node stays one."""
    found: Node = _copy(node, {})
    return found


def _copy(value: Any, made: dict[int, Any]) -> Any:
    kind = type(value)
    if kind is list or kind is tuple:
        return kind([_copy(each, made) for each in value])
    if kind in _SHARED or not isinstance(value, (Node, Target)):
        return value
    known = made.get(id(value))
    if known is not None:
        return known
    made[id(value)] = new = object.__new__(kind)
    for name in _fields(kind):
        field = getattr(value, name, _MISSING)
        if type(field) in _PLAIN:
            setattr(new, name, field)
        elif field is not _MISSING:  # effects that nobody has asked for
            setattr(new, name, _copy(field, made))
    return new


def _fields(kind: type) -> tuple[str, ...]:
    found = _slots.get(kind)
    if found is None:
        classes = reversed(kind.__mro__)
        found = _slots[kind] = tuple(name for each in classes for name in getattr(each, "__slots__", ()))
    return found
