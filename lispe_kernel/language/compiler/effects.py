"""What evaluating a node may change: the reason why operands must sometimes be kept in the order written.

An operand that is read where it stands can be read later as well unless something in between changes it.
Kinds and emission ask only here; nothing else in the compiler knows what a call may do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lispe_kernel.language.compiler.statements import (
    Assign,
    Each,
    Forget,
    Target,
    ToField,
    ToFound,
    ToGlobal,
    Unpack,
)
from lispe_kernel.language.compiler.tree import (
    Call,
    Constant,
    Field,
    Global,
    Helper,
    Name,
    Node,
    Primitive,
    Quoted,
    Read,
)
from lispe_kernel.language.compiler.variables import Variable

# Runs code of the program, which may change globals, fields and shared variables; assigns a global, a field;
# changes what a container holds.
CALLS, GLOBALS, FIELDS, CONTENTS = 1, 2, 4, 8


class Effects(NamedTuple):
    """The local variables that are certainly meant and assigned, and flags for the rest."""

    variables: frozenset[Variable]
    flags: int


NONE = Effects(frozenset(), 0)


def effects(node: Node) -> Effects:
    """What evaluating a node may change. Kept at the node: the tree does not change after `resolve`."""
    found: Effects | None = getattr(node, "effects", None)
    if found is None:
        node.effects = found = _effects(node)
    return found


def _effects(node: Any) -> Effects:
    variables: set[Variable] = set()
    flags = 0
    for part in node.parts():
        inner = getattr(part, "effects", None) or effects(part)
        if inner is not NONE:
            variables |= inner.variables
            flags |= inner.flags
    kind = type(node)
    if kind is Primitive and node.inline.changes:
        flags |= CONTENTS
    if kind is Call or (kind is Helper and not node.quiet) or (kind is Primitive and not node.inline.quiet):
        flags |= CALLS
    elif kind is Assign:
        flags |= _stored(node.target, variables)
    elif kind is Forget:
        variables.update(node.variables)
    elif kind is Unpack or kind is Each:
        for target in node.targets:
            flags |= _stored(target, variables)
    return Effects(frozenset(variables), flags) if variables or flags else NONE


def _stored(target: Target, variables: set[Variable]) -> int:
    if target.variable is not None:
        variables.add(target.variable)
    if isinstance(target, ToFound):
        return _stored(target.base, variables)
    return FIELDS if isinstance(target, ToField) else GLOBALS if isinstance(target, ToGlobal) else 0


def stays(node: Any, later: Node) -> bool:
    """Whether a node gives the same value when it is read after `later` instead of before it."""
    kind = type(node)
    if kind is Constant or kind is Quoted:
        return True
    if kind is Read:
        return _variable_stays(node.variable, effects(later))
    if kind is Name:
        changed = effects(later)
        if node.variable is not None and not _variable_stays(node.variable, changed):
            return False
        if node.variable is not None and node.certain:
            return True
        return not changed.flags & (CALLS | GLOBALS | FIELDS)
    if kind is Global:
        return not effects(later).flags & (CALLS | GLOBALS)
    if kind is Field:
        return node.certain and not effects(later).flags & (CALLS | FIELDS)
    return False


def _variable_stays(variable: Variable, changed: Effects) -> bool:
    return variable not in changed.variables and not (variable.shared and changed.flags & CALLS)
