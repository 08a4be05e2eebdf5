"""Kinds that a loop gives its variable, and kinds that survive a loop.

A variable keeps its kind when everything assigned to it in the loop has it.

`(setq total (+ total i))` keeps a natural total natural, `(setq line (+ line "."))` keeps a text. Whatever is
not understood loses the kind.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from lispe_kernel.language.compiler.kinds import ELEMENTS, INTEGERS, KEYS, join
from lispe_kernel.language.compiler.statements import (
    Assign,
    Each,
    Unpack,
)
from lispe_kernel.language.compiler.tree import (
    Call,
    Constant,
    Helper,
    Name,
    Node,
    Primitive,
    Quoted,
    Read,
    walk,
)
from lispe_kernel.language.compiler.variables import Variable
from lispe_kernel.language.values.lists import List

Kinds = dict[Variable, str]


def surviving(node: Node, entry: Kinds, around: Kinds) -> Kinds:
    """The kinds of variables that still hold whenever the node has run any number of times."""
    known = {variable: kind for variable, kind in entry.items() if kind}
    if not known:
        return known
    assigned: list[tuple[Variable, Node | None, str]] = []

    def collect(at: Any) -> None:
        kind = type(at)
        if kind is Assign:
            variable = at.target.variable
            if variable in known:
                assigned.append((variable, at.value, ""))
        elif kind is Unpack:
            known_targets = [t.variable for t in at.targets if t.variable in known]
            assigned.extend((v, None, "") for v in known_targets)
        elif kind is Each:
            found = [t.variable for t in at.targets if t.variable in known]
            assigned.extend((v, None, "" if at.first or at.several else at.variable_kind) for v in found)

    walk(node, collect)
    changed = True
    while changed:
        changed = False
        for variable, value, kind in assigned:
            now = known[variable]
            if not now:
                continue
            given = _expected(value, known, around) if value is not None else kind
            joined = join(now, given)
            if joined != now:
                known[variable], changed = joined, True
    return known


def _expected(node: Any, known: Kinds, around: Kinds) -> str:
    """The kind of a node's value, given kinds of variables that change and of those that do not."""
    kind = type(node)
    if kind is Constant:
        return str(node.kind)
    if kind is Read or kind is Name:
        variable = node.variable
        if variable is None or variable.shared:
            return ""
        return known[variable] if variable in known else around.get(variable, "")
    if kind is Primitive:
        return str(node.inline.result([_expected(part, known, around) for part in node.arguments], node))
    if kind is Helper or kind is Call:
        return str(node.kind)
    return ""


# -- what a loop goes through ----------------------------------------------------------------------------


def _written_kind(node: Quoted) -> str:
    """The kind of all elements of a list that is written out."""
    if type(node.data) is not List or not node.data:
        return ""
    return reduce(
        join, ("list" if type(item) is List else Constant(node.span, item).kind for item in node.data)
    )


def _element_kind(items: Node) -> str:
    """The kind of all elements that a loop goes through."""
    if type(items) is Quoted:
        return _written_kind(items)
    if type(items) is Primitive and items.inline.name == "keys@":
        return KEYS.get(items.arguments[0].kind, "")
    return KEYS.get(items.kind) or ELEMENTS.get(items.kind, "")


def turning_kind(node: Each) -> str:
    """The kind of the variable of a loop when a turn begins."""
    if isinstance(node.items, Primitive) and not node.several:
        first = node.items.arguments[0]
        if node.items.inline.name == " range":
            return first.kind  # upwards from where it begins
        if node.items.inline.name == " span":
            kinds = [part.kind for part in node.items.arguments]
            # Upwards or downwards, it stays between its bounds.
            bounded = join(kinds[0], kinds[1])
            return bounded if {*kinds} <= INTEGERS else ""
        if node.items.inline.name in (" from zero", " from one"):
            return "natural" if first.kind in INTEGERS else ""
        if node.items.inline.name == " items":
            return _element_kind(first)
    return node.variable_kind
