"""Kinds that survive a loop: a variable keeps its kind when everything assigned to it in the loop has it.

`(setq total (+ total i))` keeps a natural total natural, `(setq line (+ line word))` keeps a text. The forms
are looked at as they stand, without compiling them; whatever is not understood loses the kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.language.compiler.kinds import NUMBERS, arithmetic_kind
from lispe_kernel.language.compiler.registry import SpecialForm, special_forms
from lispe_kernel.language.values.atoms import Atom

_WIDTH = ("natural", "integer", "number")
# The kind of every result of a function or form, by its name; empty where that depends.
Returns = Callable[[str], str]


@dataclass
class _Assignments:
    """What some forms assign: expressions by name, names of counters, names that anything may happen to."""

    expressions: dict[str, list[Any]] = field(default_factory=dict)
    counters: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)


def surviving(
    kinds: dict[str, str], forms: list[Any], macros: tuple[dict[str, Any], ...], returns: Returns
) -> dict[str, str]:
    """The kinds, by LispE name, that still hold whenever the forms have run any number of times."""
    found = _Assignments()
    _collect(list(forms), macros, set(kinds), found)
    assigned = {name for name in kinds if name in found.expressions or name in found.counters}
    known = {name: kind for name, kind in kinds.items() if name not in found.lost}
    for name, kind in found.counters.items():
        if name not in found.lost and name not in found.expressions:
            known[name] = _join(known.get(name, kind), kind)
    changed = True
    while changed:
        changed = False
        for name in [n for n in assigned if known.get(n)]:
            joined = known[name]
            for expression in found.expressions.get(name, ()):
                joined = _join(joined, _kind(expression, known, returns))
            if joined != known[name]:
                known[name], changed = joined, True
    return {name: kind for name, kind in known.items() if kind and name in kinds}


def _collect(
    pending: list[Any], macros: tuple[dict[str, Any], ...], names: set[str], found: _Assignments
) -> None:
    while pending:
        item = pending.pop()
        if not isinstance(item, list) or not item:
            continue
        pending.extend(item)
        head = item[0]
        if not isinstance(head, Atom):
            continue
        if any(head.name in known for known in macros):
            found.lost |= names
            continue
        form = special_forms.get(head.name)
        if form is not None:
            _note(item, form, names, found)


def _note(item: list[Any], form: SpecialForm, names: set[str], found: _Assignments) -> None:
    head, target = form.name, item[1] if len(item) > 1 else None
    if form.value and isinstance(target, Atom) and form.value < len(item):
        found.expressions.setdefault(target.name, []).append(item[form.value])
    elif form.operator and isinstance(target, Atom):
        found.expressions.setdefault(target.name, []).append([Atom(form.operator), *item[1:]])
    elif head == "loop" and isinstance(target, list) and len(target) == 3 and isinstance(target[0], Atom):
        start = target[1]
        found.counters[target[0].name] = "natural" if type(start) is int and start >= 0 else "integer"
    elif head == "loopcount" and len(item) > 3 and isinstance(item[2], Atom) and item[2].name != "into":
        found.counters[item[2].name] = "integer"
    elif form.binds:
        # A variable of the form's own with the same name has any value.
        own = item[form.binds] if form.binds < len(item) else None
        found.lost |= {n for n in names if _binds(own, Atom(n))}
    else:
        found.lost |= {n for n in names if form.may_set(item, Atom(n))}


def _binds(own: Any, variable: Atom) -> bool:
    """Whether `x`, `(x y)` or `((x 1) (y 2))` names a variable."""
    parts = own if isinstance(own, list) else [own]
    return any(part is variable or (isinstance(part, list) and variable in part[:2]) for part in parts)


def _join(a: str, b: str) -> str:
    """The narrowest kind of values of either kind; empty when nothing is known."""
    if a == b:
        return a
    if a in _WIDTH and b in _WIDTH:
        return max(a, b, key=_WIDTH.index)
    return ""


def _kind(expression: Any, known: dict[str, str], returns: Returns) -> str:
    """The kind of a form's value as far as it can be seen."""
    if isinstance(expression, Atom):
        return known.get(expression.name, "")
    if isinstance(expression, str):
        return "text"
    if isinstance(expression, int | float):
        return "number" if isinstance(expression, float) else "natural" if expression >= 0 else "integer"
    if not isinstance(expression, list) or len(expression) < 2 or not isinstance(expression[0], Atom):
        return ""
    return _call_kind(expression[0].name, expression[1:], known, returns)


def _call_kind(head: str, operands: list[Any], known: dict[str, str], returns: Returns) -> str:
    if returns(head):
        return returns(head)
    kinds = [_kind(operand, known, returns) for operand in operands]
    if head == "+" and kinds[0] == "text" and len(kinds) > 1:
        return "text"
    if head not in ("+", "-", "*", "/", "%") or len(kinds) < 2 or not all(k in NUMBERS for k in kinds):
        return ""
    if head == "%":
        literal = len(operands) == 2 and type(operands[1]) is int and operands[1] > 0
        return "natural" if literal and kinds[0] == "natural" else "number"
    result = kinds[0]
    for kind in kinds[1:]:
        result = arithmetic_kind(head, result, kind)
    return result
