"""A part of a tree once more, for an analysis that knows more of its variables.

Variables, functions and what no analysis writes into are shared with the original.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lispe_kernel.language.compiler.effects import Effects
from lispe_kernel.language.compiler.statements import Target
from lispe_kernel.language.compiler.tree import Constant, Global, Node, Quoted
from lispe_kernel.language.compiler.variables import Variable
from lispe_kernel.language.errors import Span

_SHARED = frozenset({Constant, Quoted, Global})
# Fields of nodes in which no node is.
_PLAIN = frozenset({Span, Variable, Effects, str, bool, type(None)})
_slots: dict[type, tuple[str, ...]] = {}


def copied(node: Node) -> Node:
    """A copy of a node and of all that is evaluated in it; what was one node stays one."""
    found: Node = _copy(node, {})
    return found


def changed(node: Node, change: Callable[[Any], Node]) -> Node:
    """A copy of a node in which every node, its parts done, is what `change` makes of it."""
    found: Node = _changed(node, change, {})
    return found


def _changed(value: Any, change: Callable[[Any], Node], made: dict[int, Any]) -> Any:
    kind = type(value)
    if kind is list or kind is tuple:
        return kind([_changed(each, change, made) for each in value])
    if kind in _SHARED or not isinstance(value, (Node, Target)):
        return value
    known = made.get(id(value))
    if known is not None:
        return known
    new = object.__new__(kind)
    for name in _fields(kind):
        # What it changes is another question when its parts have changed.
        if name != "effects":
            setattr(new, name, _changed(getattr(value, name), change, made))
    made[id(value)] = found = change(new) if isinstance(new, Node) else new
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
        field = getattr(value, name, _copy)
        if type(field) in _PLAIN:
            setattr(new, name, field)
        elif field is not _copy:  # effects that nobody has asked for
            setattr(new, name, _copy(field, made))
    return new


def _fields(kind: type) -> tuple[str, ...]:
    found = _slots.get(kind)
    if found is None:
        classes = reversed(kind.__mro__)
        found = _slots[kind] = tuple(name for each in classes for name in getattr(each, "__slots__", ()))
    return found
