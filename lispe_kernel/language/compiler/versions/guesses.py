"""What a variable probably holds, by what is done with it: the reason to write a body for it.

A wrong guess costs a question; nothing here is ever taken for true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lispe_kernel.language.compiler.kinds import INTEGERS, NUMBERS
from lispe_kernel.language.compiler.statements import Collect, Each, Lambda, Seen, While
from lispe_kernel.language.compiler.tree import Constant, If, Name, Node, Primitive, Read
from lispe_kernel.language.compiler.variables import Variable

# What a turn of a loop counts more than what stands around it.
TURNS, DEEPEST = 8.0, 3
# What a question in a loop still costs whose answer is kept beside its variable.
_KEPT = 0.4

# The kinds that are guessed, and for each of the signs of one, what it speaks for.
_SPEAKS = {
    "natural": "number",
    "integer": "number",
    "float": "number",
    "number": "number",
    "text": "text",
    "list": "list",
    "dictionary": "dictionary",
    "keyed": "keyed",
}

_ORDERS = frozenset({"<", "<=", ">", ">="})
_EQUALITIES = frozenset({"=", "!=", "eq", "neq"})
_SUMS = frozenset({"+", "-", "*", "/"})
_BITS = frozenset({"&", "|", "^", "<<", ">>"})
_OF_LISTS = frozenset(
    {"push", "car", "cadr", "caddr", "poplast", "pop", "popfirst", "last", "insert", "extend", "cdr"}
)
_OF_TEXTS = frozenset({"upper", "lower", "split", "trim", "replace", "in"})
_OF_FLOATS = frozenset({"sqrt", "sin", "cos", "exp", "log", "tan"})
# What serves lists and texts alike.
_OF_ANY = frozenset({"size", " items", " source", "extract", "nullp"})


class Guesses:
    """What the uses of variables in a part of a tree speak for, and what questions they cost there."""

    def __init__(self) -> None:
        # For each variable the signs met, and what the questions cost that each would save.
        self._votes: dict[Variable, dict[str, float]] = {}
        self.nodes = 0
        # What is divided only to ask whether the rest is 0: its sign does not matter.
        self._dividends: set[Node] = set()

    def read(self, node: Node, most: int) -> bool:
        """Take in all uses in a part of a tree; whether it is small enough."""
        pending = [(node, 1.0)]
        while pending:
            at, weight = pending.pop()
            self.nodes += 1
            kind = type(at)
            if self.nodes > most or kind is Seen:
                return False
            if kind is Lambda:
                continue
            if kind is Primitive:
                self._use(at, weight)
            elif kind is While or kind is Each or kind is Collect:
                weight = min(weight * TURNS, TURNS**DEEPEST)
            elif kind is If:
                pending.append((at.test, weight))  # type: ignore[attr-defined]
                pending.append((at.then, weight / 2))  # type: ignore[attr-defined]
                pending.append((at.otherwise, weight / 2))  # type: ignore[attr-defined]
                continue
            pending.extend((part, weight) for part in at.parts())
        return True

    def kinds(self, *, all_of_them: bool = False) -> dict[Variable, str]:
        """The variables of which something is guessed, if that saves questions, with its kind."""
        found: dict[Variable, str] = {}
        for variable, votes in self._votes.items():
            kind = _preferred(variable.hint, _decided(votes))
            if kind and (all_of_them or any(votes.values())):
                found[variable] = kind
        return found

    def saves(self, variable: Variable) -> float:
        """What the questions on a variable cost."""
        return sum(cost * _KEPT if cost > 1.0 else cost for cost in self._votes[variable].values())

    # -- uses ------------------------------------------------------------------------------------

    def _vote(self, node: Node, sign: str, cost: float) -> None:
        if type(node) is not Read and type(node) is not Name:
            return
        variable: Variable | None = node.variable
        if variable is not None and not variable.shared and not variable.boxed:
            votes = self._votes.setdefault(variable, {})
            votes[sign] = votes.get(sign, 0.0) + cost

    def _number(self, node: Node, sign: str, cost: float) -> None:
        """An operand that is computed with: what it is computed of is of its kind."""
        self._vote(node, sign, cost)
        if type(node) is Primitive and node.inline.name in _SUMS:
            inner = "integer" if sign == "natural" else sign
            for part in node.arguments:
                self._number(part, inner, cost / 2)

    def _use(self, node: Any, weight: float) -> None:
        name, parts = node.inline.name, node.arguments
        rule = _RULES.get(name)
        if node.inline.guarded:
            parts = parts[1:]
        if rule is not None and parts:
            rule(self, name, parts, weight)

    def sums(self, name: str, parts: Sequence[Any], weight: float) -> None:
        if name == "+" and any(part.kind == "text" for part in parts):
            return
        signs = {_sign(part) for part in parts}
        sign = "float" if "float" in signs else "integer" if "integer" in signs else "number"
        for part in parts:
            self._number(part, sign, weight / 2 if name == "*" else 0.0)

    def remainders(self, _name: str, parts: Sequence[Any], weight: float) -> None:
        self._number(parts[0], "integer" if parts[0] in self._dividends else "natural", weight)
        self._number(parts[1], "integer", weight)

    def bits(self, _name: str, parts: Sequence[Any], weight: float) -> None:
        for part in parts:
            self._number(part, "integer", weight)

    def orders(self, _name: str, parts: Sequence[Any], _weight: float) -> None:
        signs = {_sign(part) for part in parts}
        for part in parts:
            if "float" in signs or "integer" in signs:
                self._number(part, "float" if "float" in signs else "number", 0.0)

    def equalities(self, _name: str, parts: Sequence[Any], weight: float) -> None:
        for part in parts:
            if type(part) is Primitive and part.inline.name == "%" and any(map(_is_zero, parts)):
                self._dividends.add(part.arguments[0])
        for sign in {_sign(part) for part in parts} - {""}:
            for part in parts:
                self._number(part, sign, weight)

    def subscripts(self, name: str, parts: Sequence[Any], weight: float) -> None:
        container, *keys = parts[: 2 if name == "set@" and len(parts) == 3 else 3]
        if _sign(keys[0]) == "text":
            self._vote(container, "dictionary", weight)
            return
        self._vote(container, "list", weight)
        for key in keys:
            self._number(key, "integer", weight)

    def first_of(self, name: str, parts: Sequence[Any], weight: float) -> None:
        """Functions whose name says what their first argument is."""
        sign = (
            "list"
            if name in _OF_LISTS
            else "text"
            if name in _OF_TEXTS
            else "float"
            if name in _OF_FLOATS
            else "sized"
        )
        self._vote(parts[0], sign, weight)

    def keys(self, name: str, parts: Sequence[Any], weight: float) -> None:
        by_integer = name == "keyi@" or _sign(parts[1]) == "integer"
        self._vote(parts[0], "keyed" if by_integer else "dictionary", weight)
        if by_integer:
            self._number(parts[1], "integer", weight)

    def quotients(self, _name: str, parts: Sequence[Any], weight: float) -> None:
        """What is divided and then cut is mostly an integer."""
        if type(parts[0]) is Primitive and parts[0].inline.name == "/":
            self._number(parts[0].arguments[0], "integer", weight)

    def counts(self, _name: str, parts: Sequence[Any], weight: float) -> None:
        self._number(parts[0], "natural", weight)


Rule = Callable[[Guesses, str, Sequence[Any], float], None]
_RULES: dict[str, Rule] = {
    **dict.fromkeys(_SUMS, Guesses.sums),
    **dict.fromkeys(_BITS, Guesses.bits),
    **dict.fromkeys(_ORDERS, Guesses.orders),
    **dict.fromkeys(_EQUALITIES, Guesses.equalities),
    **dict.fromkeys(_OF_LISTS | _OF_TEXTS | _OF_FLOATS | _OF_ANY, Guesses.first_of),
    "%": Guesses.remainders,
    "at": Guesses.subscripts,
    "set@": Guesses.subscripts,
    "key@": Guesses.keys,
    "keyi@": Guesses.keys,
    "integer": Guesses.quotients,
    " whole": Guesses.counts,
}


def _is_zero(node: Node) -> bool:
    return type(node) is Constant and type(node.value) is int and node.value == 0


def _sign(node: Node) -> str:
    """What an operand says of the ones beside it."""
    if type(node) is Constant:
        value = node.value
        return "float" if type(value) is float else "integer" if type(value) is int else node.kind
    return "text" if node.kind == "text" else "integer" if node.kind in NUMBERS - {"number"} else ""


# The hints that one question settles.
_SETTLED = frozenset({"natural", "integer", "number", "text", "list", "dictionary", "keyed", "integers"})


def _preferred(hint: str, guess: str) -> str:
    """What a text gives a variable comes before what its uses speak for."""
    if hint == "other":
        return ""
    if hint == "numbers":
        # Of the typed lists, only this one is asked for.
        return "integers"
    if hint not in _SETTLED:
        return guess
    if hint in INTEGERS and guess in NUMBERS:
        return guess if guess in INTEGERS else "integer"
    return "integer" if hint == "natural" else hint


def _decided(votes: dict[str, float]) -> str:
    """The kind that all signs speak for; empty where they do not agree."""
    spoken = {_SPEAKS[sign] for sign in votes if sign in _SPEAKS}
    if not spoken and "sized" in votes:
        return "list"
    if spoken == {"keyed", "list"}:
        # It is read and stored by integers as a list is.
        return "keyed"
    if len(spoken) != 1 or ("sized" in votes and "number" in spoken):
        return ""
    (found,) = spoken
    if found != "number":
        return found
    if "float" in votes:
        return "number"
    if "natural" in votes:
        return "natural"
    return "integer" if "integer" in votes else "number"
