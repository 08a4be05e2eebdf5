"""Questions about the class of a variable, asked once where it is assigned instead of each time it is used.

`type(rows) is List` costs more than the subscript that it allows, and a value never changes its class. A
question that is asked in loops, or more often than its variable is assigned, becomes a truth value beside the
variable, which is set wherever the variable is. This is a matter of Python's ast alone: nothing here knows
what any form means.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

# What a turn of a loop counts more than what stands around it, and what of a question is saved by its answer.
_TURNS, _DEEPEST, _SAVED = 8.0, 3, 0.6

# The fields of expressions in which others stand; those of other classes Python's own walk finds.
_INNER: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Attribute: ("value",),
    ast.BinOp: ("left", "right"),
    ast.BoolOp: ("values",),
    ast.Call: ("func", "args", "keywords"),
    ast.Compare: ("left", "comparators"),
    ast.List: ("elts",),
    ast.Subscript: ("value", "slice"),
    ast.Tuple: ("elts",),
    ast.UnaryOp: ("operand",),
}


def _inner(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions that stand in one, in the order of their evaluation."""
    fields = _INNER.get(type(node))
    if fields is None:
        yield from ast.iter_child_nodes(node)
        return
    for field in fields:
        found = getattr(node, field)
        if type(found) is list:
            yield from found
        else:
            yield found


class Asks(NamedTuple):
    """Python's `type` and `isinstance` as they stand in the code: the values of constants."""

    type: Any
    isinstance: Any

    @classmethod
    def written(cls, name: Callable[[str], ast.expr]) -> Asks:
        """As the helpers of these names are written."""
        found = [name(f" {function}") for function in cls._fields]
        return cls(*(each.value for each in found if isinstance(each, ast.Constant)))


class Either(ast.If):
    """What ends a function in two versions, each of which has answers of its own."""


def keep_tests(arguments: ast.arguments, body: list[ast.stmt], asks: Asks) -> list[ast.stmt]:
    """The body of a function with the questions that are worth it asked once for each assignment."""
    names = [each.arg for each in (*arguments.args, *([arguments.vararg] if arguments.vararg else []))]
    last = body[-1]
    turns = isinstance(last, ast.While) and isinstance(last.body[-1], Either)
    opening, either = body[:-1], last
    if isinstance(last, ast.While) and turns:
        opening, either = last.body[:-1], last.body[-1]
    if isinstance(either, Either):
        bound, refused = _bound(opening)
        either.body = _kept([*names, *bound], refused - {*names}, either.body, asks)
        either.orelse = _kept([*names, *bound], refused - {*names}, either.orelse, asks)
        if turns:
            # What a version stores is asked again by the next turn.
            return body
    return _kept(names, set(), body, asks)


def _bound(opening: list[ast.stmt]) -> tuple[list[str], set[str]]:
    """The variables that some statements surely store, and the others that they may store or take away."""
    sure: dict[str, None] = {}
    others: set[str] = set()
    for statement in opening:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            sure[targets[0].id] = None
        for part in ast.walk(statement):
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
                others.add(part.id)
            elif isinstance(part, (ast.Global, ast.Nonlocal)):
                others.update(part.names)
            elif isinstance(part, ast.ExceptHandler) and part.name:
                others.add(part.name)
        if isinstance(statement, (ast.Global, ast.Nonlocal)):
            sure = {name: None for name in sure if name not in statement.names}
    return list(sure), others - sure.keys()


def _kept(names: list[str], refused: set[str], body: list[ast.stmt], asks: Asks) -> list[ast.stmt]:
    found = _Survey(names, asks)
    found.block(body, 1.0)
    found.refused |= refused
    chosen = [use for use in found.uses.values() if found.pays(use)]
    if not chosen:
        return body
    flags = {use.text: f" is{count}" for count, use in enumerate(chosen, 1)}
    writer = _Writer(flags, chosen, found.question)
    start = next(
        at for at, statement in enumerate(body) if not isinstance(statement, (ast.Global, ast.Nonlocal))
    )
    opening = [each for name in found.parameters for each in writer.answers(name, body[start])]
    return [*body[:start], *opening, *writer.block(body[start:])]


def cost(names: list[str], body: list[ast.stmt], asks: Asks) -> float:
    """What the questions of a body cost, in questions that are asked once."""
    found = _Survey(names, asks)
    found.block(body, 1.0)
    kept = (
        found.stored[use.name] + use.weight * (1 - _SAVED) for use in found.uses.values() if found.pays(use)
    )
    asked = (use.weight for use in found.uses.values() if not found.pays(use))
    return sum(kept) + sum(asked) + found.other


class _Use:
    """One question, and how often it is asked, by the turns of the loops around its places."""

    __slots__ = ("asked", "name", "text", "weight")

    def __init__(self, name: str, text: str, asked: ast.expr) -> None:
        self.name = name
        self.text = text
        self.asked = asked
        self.weight = 0.0


class _Survey:
    """What is asked, where variables are stored, and which of them are stored in ways that nobody follows."""

    def __init__(self, names: list[str], asks: Asks) -> None:
        self.asks = asks
        self.parameters = list(dict.fromkeys(names))
        # How often a class is asked for otherwise.
        self.other = 0.0
        self.stored = dict.fromkeys(self.parameters, 1.0)
        self.uses: dict[str, _Use] = {}
        self.refused: set[str] = set()

    def question(self, node: ast.AST) -> tuple[str, str]:
        """The variable whose class an expression asks for, and for nothing else, and the question as text."""
        if type(node) is ast.Compare:
            called, right = node.left, node.comparators[0]
            if type(called) is ast.Call and getattr(called.func, "value", None) == self.asks.type:
                of = called.args[0]
                if type(of) is ast.Name and type(right) is ast.Constant and len(node.comparators) == 1:
                    return of.id, f"{of.id} {type(node.ops[0]).__name__}{right.value!r}"
        elif type(node) is ast.Call and getattr(node.func, "value", None) == self.asks.isinstance:
            of, right = node.args
            if type(of) is ast.Name and type(right) is ast.Constant:
                return of.id, f"{of.id} one of {right.value!r}"
        elif type(node) is ast.BoolOp and type(node.op) is ast.Or:
            parts = [self.question(value) for value in node.values]
            if len({name for name, _ in parts}) == 1:
                return parts[0][0], "".join(text for _, text in parts)
        return "", ""

    def pays(self, use: _Use) -> bool:
        if use.name not in self.stored or use.name in self.refused:
            return False
        return use.weight * _SAVED > self.stored[use.name]

    def block(self, statements: list[ast.stmt], weight: float) -> None:
        for statement in statements:
            self.statement(statement, weight)

    def statement(self, node: ast.stmt, weight: float) -> None:
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            self.refused.update(node.names)
        elif isinstance(node, ast.FunctionDef):
            self.refused.add(node.name)
            self.within(node)
        elif isinstance(node, ast.For):
            self.expression(node.iter, weight)
            inner = min(weight * _TURNS, _TURNS**_DEEPEST)
            self.expression(node.target, inner)
            self.block(node.body, inner)
            self.block(node.orelse, weight)
        elif isinstance(node, ast.While):
            inner = min(weight * _TURNS, _TURNS**_DEEPEST)
            self.expression(node.test, inner)
            self.block(node.body, inner)
        elif isinstance(node, Either):
            self.expression(node.test, weight)
        elif isinstance(node, ast.If):
            self.expression(node.test, weight)
            self.block(node.body, weight / 2)
            self.block(node.orelse, weight / 2)
        elif isinstance(node, ast.Try):
            self.block(node.body, weight)
            for handler in node.handlers:
                self.refused.update([handler.name] if handler.name else [])
                self.block(handler.body, 0.0)
        elif isinstance(node, ast.With):
            self.expression(node.items[0].context_expr, weight)
            self.block(node.body, weight)
        elif isinstance(node, ast.Delete):
            self.within(node)
        else:
            for part in ast.iter_child_nodes(node):
                self.expression(part, weight)

    def within(self, node: ast.AST) -> None:
        """A function inside, or what is taken away: the variables that it may store."""
        for part in ast.walk(node):
            if isinstance(part, (ast.Global, ast.Nonlocal)):
                self.refused.update(part.names)
            elif isinstance(part, ast.NamedExpr):
                self.refused.add(part.target.id)
            elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Del):
                self.refused.add(part.id)

    def expression(self, node: ast.AST, weight: float) -> None:
        kind = type(node)
        if kind is ast.Constant:
            return
        if kind is ast.ListComp:
            self.within(node)
            return
        if isinstance(node, ast.Name):
            if type(node.ctx) is ast.Store:
                self.stored[node.id] = self.stored.get(node.id, 0.0) + weight
            return
        if isinstance(node, (ast.Compare, ast.BoolOp, ast.Call)):
            name, text = self.question(node)
            if name:
                self.uses.setdefault(text, _Use(name, text, node)).weight += weight
                return
        if isinstance(node, ast.NamedExpr):
            self.refused.add(node.target.id)
        elif isinstance(node, ast.Call) and getattr(node.func, "value", None) == self.asks.type:
            self.other += weight
        elif isinstance(node, ast.IfExp):
            # What is asked only where the first answer was no is seldom asked.
            self.expression(node.test, weight)
            self.expression(node.body, weight)
            self.expression(node.orelse, weight / 2)
            return
        for part in _inner(node):
            self.expression(part, weight)


class _Writer(ast.NodeTransformer):
    """Puts answers in the place of questions, and sets them where a variable is stored."""

    def __init__(
        self,
        flags: dict[str, str],
        chosen: list[_Use],
        question: Callable[[ast.AST], tuple[str, str]],
    ) -> None:
        self.flags = flags
        self.question = question
        self.chosen: dict[str, list[_Use]] = {}
        for use in chosen:
            self.chosen.setdefault(use.name, []).append(use)

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.Constant, ast.Name, ast.FunctionDef, ast.ListComp)) or not node._fields:
            return node
        flag = self.flags.get(self.question(node)[1])
        if flag is not None:
            return ast.copy_location(ast.Name(flag, ast.Load()), node)
        found: ast.AST = self.generic_visit(node)
        return found

    def answers(self, name: str, place: ast.AST) -> Iterator[ast.stmt]:
        for use in self.chosen.get(name, ()):
            stored = ast.copy_location(ast.Name(self.flags[use.text], ast.Store()), place)
            yield ast.copy_location(ast.Assign([stored], use.asked), place)

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        return [each for statement in statements for each in self.written(statement)]

    def written(self, node: ast.stmt) -> Iterator[ast.stmt]:
        if isinstance(node, ast.FunctionDef):
            yield node
            return
        if isinstance(node, Either):
            asked = self.visit(node.test)
            assert isinstance(asked, ast.expr)
            node.test = asked
            yield node
            return
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                setattr(node, field, self.visit(value))
            elif isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                setattr(node, field, self.block(value))
            elif field == "handlers":
                for handler in value:
                    handler.body = self.block(handler.body)
            elif isinstance(value, list):
                setattr(
                    node, field, [self.visit(part) if isinstance(part, ast.AST) else part for part in value]
                )
        if isinstance(node, ast.For):
            node.body = [*self._after(node.target, node), *node.body]
        yield node
        if isinstance(node, ast.Assign):
            yield from self._after(node.targets[0], node)

    def _after(self, target: ast.expr, place: ast.AST) -> Iterator[ast.stmt]:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        for name in names:
            if isinstance(name, ast.Name):
                yield from self.answers(name.id, place)
