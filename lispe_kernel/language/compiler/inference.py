"""Kinds that survive a loop: a variable keeps its kind when everything assigned to it in the loop has it.

`(setq total (+ total i))` keeps a natural total natural, `(setq line (+ line word))` keeps a text. The forms
are looked at as they stand, without compiling them; whatever is not understood loses the kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.language.compiler.kinds import NOT_ASSIGNING, NUMBERS, arithmetic_kind, mentions
from lispe_kernel.language.compiler.registry import special_forms
from lispe_kernel.language.values.atoms import Atom

_SETTING = frozenset({"setq", "setqv"})
_IN_PLACE = {"+=": Atom("+"), "-=": Atom("-"), "*=": Atom("*")}
_WIDTH = ("natural", "integer", "number")
# Library functions whose result has a kind whatever they are given.
_RESULTS = {"string": "text", "size": "natural", "f_": "text"}


@dataclass
class _Assignments:
    """What some forms assign: expressions by name, names of counters, names that anything may happen to."""

    expressions: dict[str, list[Any]] = field(default_factory=dict)
    counters: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)


def surviving(kinds: dict[str, str], forms: list[Any], macros: tuple[dict[str, Any], ...]) -> dict[str, str]:
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
                joined = _join(joined, _kind(expression, known))
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
        elif head.name in special_forms:
            _note(item, head.name, names, found)


def _note(item: list[Any], head: str, names: set[str], found: _Assignments) -> None:
    target = item[1] if len(item) > 1 else None
    if head in _SETTING and isinstance(target, Atom) and len(item) == 3:
        found.expressions.setdefault(target.name, []).append(item[2])
    elif head in _IN_PLACE and isinstance(target, Atom):
        found.expressions.setdefault(target.name, []).append([_IN_PLACE[head], *item[1:]])
    elif head in _IN_PLACE and isinstance(target, list):
        return  # an element of a container, not a variable
    elif head == "loop" and isinstance(target, list) and len(target) == 3 and isinstance(target[0], Atom):
        start = target[1]
        found.counters[target[0].name] = "natural" if type(start) is int and start >= 0 else "integer"
    elif head == "loopcount" and len(item) > 3 and isinstance(item[2], Atom) and item[2].name != "into":
        found.counters[item[2].name] = "integer"
    elif head == "let" and isinstance(target, list):
        # A binding of the same name is another variable, with any value.
        found.lost |= {n for n in names if mentions(item, Atom(n)) or any(_binds(pair, n) for pair in target)}
    elif head == "λ" and isinstance(target, list):
        found.lost |= {n for n in names if any(_binds(p, n) or p is Atom(n) for p in target)}
    elif head not in NOT_ASSIGNING:
        found.lost |= {n for n in names if mentions(item, Atom(n))}


def _binds(pair: Any, name: str) -> bool:
    return isinstance(pair, list) and any(part is Atom(name) for part in pair[:2])


def _join(a: str, b: str) -> str:
    """The narrowest kind of values of either kind; empty when nothing is known."""
    if a == b:
        return a
    if a in _WIDTH and b in _WIDTH:
        return max(a, b, key=_WIDTH.index)
    return ""


def _kind(expression: Any, known: dict[str, str]) -> str:
    """The kind of a form's value as far as it can be seen."""
    if isinstance(expression, Atom):
        return known.get(expression.name, "")
    if isinstance(expression, str):
        return "text"
    if isinstance(expression, int | float):
        return "number" if isinstance(expression, float) else "natural" if expression >= 0 else "integer"
    if not isinstance(expression, list) or len(expression) < 2 or not isinstance(expression[0], Atom):
        return ""
    return _call_kind(expression[0].name, expression[1:], known)


def _call_kind(head: str, operands: list[Any], known: dict[str, str]) -> str:
    if head in _RESULTS:
        return _RESULTS[head]
    kinds = [_kind(operand, known) for operand in operands]
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
