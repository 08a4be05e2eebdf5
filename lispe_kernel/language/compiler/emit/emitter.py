"""Tree to Python's ast: one function a kind of node, each for any destination.

It takes for granted what `analyse` promises. It promises that what Python does is what the tree says, in the
order written: an operand that statements would overtake, or that is written twice, is kept in a temporary
unless `effects.stays` says that it cannot change in between.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from lispe_kernel.language.compiler.effects import stays
from lispe_kernel.language.compiler.emit.destinations import EFFECT, TAIL, VALUE, Destination, into
from lispe_kernel.language.compiler.emit.nodes import LOAD, UNSET, Nested, Nodes
from lispe_kernel.language.compiler.kinds import PLAIN_TRUTH
from lispe_kernel.language.compiler.statements import Target, ToField, ToFound, ToGlobal, ToVariable
from lispe_kernel.language.compiler.tree import Constant, Field, Name, Node, Read
from lispe_kernel.language.compiler.variables import Function, Variable, python_name
from lispe_kernel.language.compiler.versions.held import Held
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import List

# Whether every value is checked against its kind when it runs (a debug switch, slow).
CHECKED = "LISPE_CHECK_KINDS" in os.environ

# The parameter by which a second body that is a function of its own has itself.
SECOND = " second"

# Three comparisons of identity cost less than looking a class up in a set.
_SCALAR_CLASSES = (" str", " float", " int")

Emit = Callable[["Emitter", Any, Destination], ast.expr | None]
Test = Callable[["Emitter", Any], ast.expr | None]

# How each kind of node is written, and those that have a form of their own as a condition.
_EMITS: dict[type[Node], Emit] = {}
_TESTS: dict[type[Node], Test] = {}


def emits(*kinds: type[Node]) -> Callable[[Emit], Emit]:
    """Register how a kind of node is written."""

    def register(emit: Emit) -> Emit:
        for kind in kinds:
            _EMITS[kind] = emit
        return emit

    return register


def tests(*kinds: type[Node]) -> Callable[[Test], Test]:
    """Register how a kind of node is written as a condition; None leaves it to its value."""

    def register(test: Test) -> Test:
        for kind in kinds:
            _TESTS[kind] = test
        return test

    return register


class RunningLoop(NamedTuple):
    """A loop that is being written, as names of Python variables."""

    # Its value; None where that is not wanted.
    value: str | None = None
    # What it goes through, where that may want to know how the loop is left.
    items: str | None = None


class Emitter(Nodes):
    """Writes the functions of one compiled unit."""

    def __init__(self) -> None:
        super().__init__()
        self.function: Function = None  # type: ignore[assignment]
        # The loops around this place in the function.
        self.loops: list[RunningLoop] = []
        # In how many comprehensions this place stands, which statements would make loops of.
        self.collecting = 0
        # In a loop or a protected body a call is never a tail call.
        self.tail_blocked = 0
        # Set when a tail call of the function was written; `turning` when each turn is a call of its own.
        self.has_turns = self.turning = False
        # Variables that are another name of one that stays what it is while they are read.
        self.renamed: dict[Variable, Variable] = {}
        # The function whose second body is being written, if its name must be asked for.
        self.own: Held | None = None
        # The second body that is a function of its own, once it is written, and what its function holds.
        self.second: tuple[ast.FunctionDef, Held, Held] | None = None

    # -- nodes -----------------------------------------------------------------------------------

    def emit(self, node: Node, destination: Destination) -> ast.expr | None:
        """Write a node; its value goes where the destination says."""
        outer = self._span
        if node.span is outer:
            return _EMITS[type(node)](self, node, destination)
        place = self._place
        self.place = node.span
        found = _EMITS[type(node)](self, node, destination)
        self._span, self._place = outer, place
        return found

    def value(self, node: Node) -> ast.expr:
        """The node as an expression; statements it needs go into the current block."""
        found = self.emit(node, VALUE)
        assert found is not None
        return found

    def effect(self, node: Node) -> None:
        self.emit(node, EFFECT)

    def deliver(self, expression: ast.expr, destination: Destination) -> ast.expr | None:
        """Send an expression where the value is wanted."""
        if destination is VALUE:
            return expression
        if destination is EFFECT:
            self.evaluate(expression)
        elif destination is TAIL:
            self.return_(expression)
        else:
            self.assign(destination.name, expression)
        return None

    def through(self, destination: Destination) -> tuple[Destination, str | None]:
        """A destination for statements: VALUE becomes a fresh variable, named second."""
        if destination is VALUE:
            name = self.function.temporary()
            return into(name), name
        return destination, None

    def result(self, name: str | None) -> ast.expr | None:
        """The value of a node written `through` a destination."""
        return None if name is None else self.name(name)

    def nested_block(self) -> Nested:
        """Collects the statements written inside it in a block of their own."""
        return Nested(self)

    def block_of(self, node: Node, destination: Destination) -> list[ast.stmt]:
        """A node as a block of statements."""
        outer, self.block = self.block, []
        try:
            self.emit(node, destination)
            return self.block
        finally:
            self.block = outer

    # -- operands in order -----------------------------------------------------------------------

    def operands(self, nodes: Sequence[Node], *, twice: bool = False) -> list[ast.expr]:
        """The nodes as expressions, evaluated from left to right; with `twice` each can be written twice."""
        found: list[ast.expr] = []
        for index, node in enumerate(nodes):
            outer, self.block = self.block, []
            expression = self.value(node)
            emitted, self.block = self.block, outer
            if emitted:
                self._keep(nodes, found, node)
                outer.extend(emitted)
            found.append(expression)
            if twice and not isinstance(expression, ast.Constant) and not self._is_temporary(expression):
                later = nodes[index + 1 :]
                if not _is_variable(expression) or not all(stays(node, other) for other in later):
                    # What stands before is evaluated now at the latest.
                    self._keep(nodes, found[:-1], node, found)
                    found[-1] = self.saved(expression)
        return found

    def _keep(
        self, nodes: Sequence[Node], found: list[ast.expr], later: Node, into: list[ast.expr] | None = None
    ) -> None:
        """Keep the values of operands that the statements of a later one would overtake and could change."""
        into = found if into is None else into
        # What is evaluated before the operands that are left where they stand.
        moved, kept = [later], []
        for index in range(len(found) - 1, -1, -1):
            expression = found[index]
            if isinstance(expression, ast.Constant) or self._is_temporary(expression):
                continue
            if _is_variable(expression) and all(stays(nodes[index], other) for other in moved):
                continue
            moved.append(nodes[index])
            kept.append(index)
        for index in reversed(kept):
            into[index] = self.saved(found[index])

    @staticmethod
    def _is_temporary(expression: ast.expr) -> bool:
        """A variable or helper of the compiler's own, which nothing assigns a second time."""
        return isinstance(expression, ast.Name) and expression.id[0] == " "

    def saved(self, expression: ast.expr) -> ast.Name:
        """The expression's value in a fresh variable."""
        name = self.function.temporary()
        self.assign(name, expression)
        return self._variable(name, LOAD)

    def simple(self, expression: ast.expr) -> ast.expr:
        """An expression that can be written again at once: nothing is evaluated in between."""
        return expression if isinstance(expression, (ast.Name, ast.Constant)) else self.saved(expression)

    # -- conditions ------------------------------------------------------------------------------

    def test(self, node: Node) -> ast.expr:
        """The node as a Python condition that is true exactly when LispE takes the value for true."""
        test = _TESTS.get(type(node))
        if test is not None:
            outer, place = self._span, self._place
            self.place = node.span
            found = test(self, node)
            self._span, self._place = outer, place
            if found is not None:
                return found
        return self.condition(self.value(node), node.kind)

    def condition(self, expression: ast.expr, kind: str) -> ast.expr:
        """A value as a Python condition."""
        if kind in PLAIN_TRUTH:
            return expression
        value = self.simple(expression)
        is_plain = self.compare(self.call(" type", value), [ast.In()], [self.name(" plain")])
        decided = self.choose(is_plain, value, self.call(" truth", value))
        # Most conditions are nil or true: two comparisons decide those.
        is_true = self.compare(value, [ast.Is()], [self.true()])
        is_something = self.compare(value, [ast.IsNot()], [self.nil()])
        return self.boolean(ast.And(), [is_something, self.boolean(ast.Or(), [is_true, decided])])

    def of_one_kind(self, *values: ast.expr, atoms: bool = False) -> ast.expr:
        """A test that all are integers, all doubles, all texts, or `atoms`; the values are written again."""
        name = self.function.temporary()
        kinds = [self.call(" type", value) for value in values]
        alike = self.compare(self.noted(name, kinds[0]), [ast.Is() for _ in kinds[1:]], kinds[1:])
        classes = (*_SCALAR_CLASSES, " Atom") if atoms else _SCALAR_CLASSES
        is_scalar = [self.compare(self.name(name), [ast.Is()], [self.name(each)]) for each in classes]
        return self.boolean(ast.And(), [alike, self.boolean(ast.Or(), is_scalar)])

    def question(self, test: ast.expr) -> ast.expr:
        """A Python condition as LispE's answer, true or nil."""
        return self.choose(test, self.true(), self.nil())

    # -- variables -------------------------------------------------------------------------------

    def read(self, variable: Variable) -> ast.expr:
        variable = self.renamed.get(variable, variable)
        if variable.boxed:
            return self.subscript(self.name(variable.python), self.constant(0))
        return self.name(variable.python)

    def target(self, target: Target) -> ast.expr:
        """Where to store, as Python writes it; the variable of a binding that begins is not in a box yet."""
        if isinstance(target, ToVariable):
            variable = target.variable
            if variable.boxed and not target.binds:
                return self.subscript(self.name(variable.python), self.constant(0), ast.Store())
            return self.stored(variable.python)
        if isinstance(target, ToGlobal):
            if target.direct:
                return self.stored(target.python)
            return self.subscript(self.name(" globals"), self.constant(target.python), ast.Store())
        assert isinstance(target, ToField)
        return self.attribute(self.read(target.instance), python_name(target.name), ast.Store())

    def store(self, target: Target, value: ast.expr) -> None:
        """Store the value of an expression that may be written twice."""
        if isinstance(target, ToFound):
            self._store_found(target, value)
            return
        if isinstance(target, ToVariable) and target.binds and target.variable.boxed:
            value = self.list_([value])
        self.assign(self.target(target), value)

    def _store_found(self, target: ToFound, value: ast.expr) -> None:
        variable = target.name.variable
        if variable is None:
            self.store(target.base, value)
        elif target.name.certain:
            self.store(ToVariable(variable), value)
        else:
            value = self.simple(value)
            with self.nested_block() as elsewhere:
                self.store(target.base, value)
            with self.nested_block() as here:
                self.store(ToVariable(variable), value)
            self.if_(self.is_unset(self.read(variable)), elsewhere, here)


def _emit_checked(self: Emitter, node: Node, destination: Destination) -> ast.expr | None:
    """A value whose kind is checked when it runs: what `analyse` promises, for the compiler's tests."""
    value = _emit(self, node, destination)
    wanted = destination is VALUE and node.kind not in ("", "test")
    if value is None or not wanted or isinstance(value, ast.Constant):
        return value
    return self.call(" checked", value, self.constant(node.kind))


_emit = Emitter.emit
if CHECKED:
    Emitter.emit = _emit_checked  # type: ignore[method-assign]


def _is_variable(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Name)


# -- leaves -------------------------------------------------------------------------------------------


@emits(Constant)
def _constant(e: Emitter, node: Constant, destination: Destination) -> ast.expr | None:
    return e.deliver(e.true() if node.value is TRUE else e.constant(node.value), destination)


@tests(Constant)
def _constant_test(e: Emitter, node: Constant) -> ast.expr | None:
    value = node.value
    if value is TRUE or value is None or isinstance(value, (int, float, str)):
        return e.constant(value is TRUE or bool(value))
    return None


@emits(Read)
def _read(e: Emitter, node: Read, destination: Destination) -> ast.expr | None:
    return e.deliver(e.read(node.variable), destination)


@emits(Field)
def _field(e: Emitter, node: Field, destination: Destination) -> ast.expr | None:
    python = python_name(node.name)
    found: ast.expr = e.attribute(e.read(node.instance), python)
    if not node.certain and node.otherwise is not None:
        if node.outside and _explains(node.otherwise):
            return e.deliver(e.value(node.otherwise), destination)
        has = e.call(" has field", e.read(node.instance), e.constant(python))
        tests = [*_unbound(e, node.otherwise, python), has] if node.outside else [has]
        found = e.choose(e.boolean(ast.And(), tests), found, e.value(node.otherwise))
    return e.deliver(found, destination)


def _explains(node: Node) -> bool:
    """Whether what a name means around a call of an instance is surely there."""
    if isinstance(node, Name):
        return node.base is not None or (node.variable is not None and node.certain)
    return isinstance(node, Read | Field)


def _unbound(e: Emitter, node: Node, python: str) -> list[ast.expr]:
    """Tests that a name means no variable around a call of an instance."""
    own = node.variable if isinstance(node, Name) else None
    tests: list[ast.expr] = [e.is_unset(e.read(own))] if own is not None else []
    return [*tests, e.compare(e.constant(python), [ast.NotIn()], [e.name(" globals")])]


@emits(Name)
def _name(e: Emitter, node: Name, destination: Destination) -> ast.expr | None:
    variable = node.variable
    if variable is None:
        base = e.value(node.base) if node.base is not None else e.name(python_name(node.text))
        return e.deliver(base, destination)
    if node.certain:
        return e.deliver(e.read(variable), destination)
    # The name is a local in Python: the global is looked up at run time.
    otherwise = e.value(node.base) if node.base is not None else e.call(" global", e.constant(node.text))
    return e.deliver(e.choose(e.is_unset(e.read(variable)), otherwise, e.read(variable)), destination)


# -- quoted lists -------------------------------------------------------------------------------------

SCALARS = frozenset({int, float, str, complex, Atom, type(None)})


class Written:
    """A nested list of the program's text, to be copied each time it is evaluated."""

    __slots__ = ("data",)

    def __init__(self, data: Any) -> None:
        self.data = data


def plain_items(data: Any) -> tuple[Any, ...] | None:
    """The elements of a list that holds only scalars, which code objects may hold as a tuple."""
    if type(data) is List and all(type(item) in SCALARS for item in data):
        return tuple(data)
    return None


__all__ = ["EFFECT", "TAIL", "UNSET", "VALUE", "Destination", "Emitter", "Written", "emits", "into", "tests"]
