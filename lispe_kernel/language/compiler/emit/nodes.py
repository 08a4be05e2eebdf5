"""Python ast nodes with LispE positions, collected in blocks of statements.

Every node made here carries the span of the form being compiled, so that errors, tracebacks and
debuggers point at LispE text. Knows nothing of what any form means.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from lispe_kernel.language.compiler.emit.fixed import FIXED
from lispe_kernel.language.compiler.versions.held import Held
from lispe_kernel.language.errors import NOWHERE, Span

LOAD, STORE = ast.Load(), ast.Store()

# A node with its fields put in at once: half the time of a call of its class.
_new = ast.AST.__new__

# Names that compiled code uses of the session's builtins. A blank cannot stand in a LispE name.
UNSET = " unset"
TRUE_NAME = " true"

# Values that Python's compiler does not take as constants travel as marked tuples until the code exists.
MARK = "\0lispe-constant"
_PLAIN = frozenset({int, float, str, bool, complex, tuple})


class Kept:
    """A value that cannot be hashed, kept for a code object, which must be."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Nested:
    """While it is entered, statements go into a block of their own."""

    __slots__ = ("_nodes", "_outer")

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def __enter__(self) -> list[ast.stmt]:
        nodes = self._nodes
        self._outer, nodes.block = nodes.block, []
        return nodes.block

    def __exit__(self, *_error: object) -> None:
        self._nodes.block = self._outer


class Nodes:
    """Makes nodes at the current place and puts statements into the current block."""

    def __init__(self) -> None:
        self.block: list[ast.stmt] = []
        self.constants: list[Any] = []
        self._constant_index: dict[int, int] = {}
        self._place: dict[str, Any] = {}
        self.place = NOWHERE
        # How many tests of classes were written.
        self.questions = 0

    @property
    def place(self) -> Span:
        """The span that new nodes get."""
        return self._span

    @place.setter
    def place(self, span: Span) -> None:
        self._span = span
        line, column, end_line, end_column = span
        self._place = {
            "lineno": line,
            "col_offset": column,
            "end_lineno": end_line,
            "end_col_offset": end_column,
        }

    # -- expressions -----------------------------------------------------------------------------

    def name(self, identifier: str) -> ast.expr:
        """A variable or a helper by its name."""
        if identifier in FIXED:
            return self._held(FIXED[identifier])
        return self._variable(identifier, LOAD)

    def _variable(self, identifier: str, context: ast.expr_context) -> ast.Name:
        made = _new(ast.Name)
        made.__dict__ = fields = self._place.copy()
        fields["id"] = identifier
        fields["ctx"] = context
        return made

    def constant(self, value: Any) -> ast.expr:
        """A constant; atoms, lists and other objects are put into the finished code object."""
        if value is None or type(value) in _PLAIN:
            return self._constant(value)
        if type(value).__hash__ is None:  # a container that `eval` was given; code objects must be hashable
            return ast.Attribute(self.constant(Kept(value)), "value", LOAD, **self._place)
        return self._held(value)

    def _held(self, value: Any) -> ast.Constant:
        """A value that is put into the finished code object."""
        index = self._constant_index.get(id(value))
        if index is None:
            index = len(self.constants)
            self.constants.append(value)
            self._constant_index[id(value)] = index
        return self._constant((MARK, index))

    def _constant(self, value: Any) -> ast.Constant:
        made = _new(ast.Constant)
        made.__dict__ = fields = self._place.copy()
        fields["value"] = value
        return made

    def true(self) -> ast.expr:
        return self.name(TRUE_NAME)

    def nil(self) -> ast.expr:
        return self._constant(None)

    def call(
        self, function: ast.expr | str, *arguments: ast.expr, named: dict[str, ast.expr] | None = None
    ) -> ast.Call:
        if isinstance(function, str):
            function = self.name(function)
        made = _new(ast.Call)
        made.__dict__ = fields = self._place.copy()
        fields["func"] = function
        fields["args"] = list(arguments)
        fields["keywords"] = [ast.keyword(k, v, **self._place) for k, v in named.items()] if named else []
        return made

    def binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> ast.BinOp:
        return ast.BinOp(self._whole(left), op, self._whole(right), **self._place)

    def _whole(self, value: ast.expr) -> ast.expr:
        """A marked constant in a form of which Python's compiler computes nothing before it is put in."""
        held: Any = value.value if type(value) is ast.Constant else None
        return self.noted(" k", value) if type(held) is tuple else value

    def compare(self, left: ast.expr, ops: Sequence[ast.cmpop], others: Sequence[ast.expr]) -> ast.Compare:
        made = _new(ast.Compare)
        made.__dict__ = fields = self._place.copy()
        fields["left"] = left
        fields["ops"] = list(ops)
        fields["comparators"] = list(others)
        return made

    def choose(self, test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.IfExp:
        return ast.IfExp(test, then, otherwise, **self._place)

    def boolean(self, op: ast.boolop, values: Sequence[ast.expr]) -> ast.expr:
        return values[0] if len(values) == 1 else ast.BoolOp(op, list(values), **self._place)

    def negate(self, test: ast.expr) -> ast.expr:
        return ast.UnaryOp(ast.Not(), test, **self._place)

    def plus(self, number: ast.expr) -> ast.expr:
        """A number as it is; for anything that Python knows not to be one a TypeError."""
        return ast.UnaryOp(ast.UAdd(), number, **self._place)

    def subscript(self, value: ast.expr, index: ast.expr, context: ast.expr_context = LOAD) -> ast.Subscript:
        return ast.Subscript(self._whole(value), index, context, **self._place)

    def attribute(self, value: ast.expr, name: str, context: ast.expr_context = LOAD) -> ast.Attribute:
        return ast.Attribute(value, name, context, **self._place)

    def tuple_(self, elements: Sequence[ast.expr], context: ast.expr_context = LOAD) -> ast.Tuple:
        return ast.Tuple(list(elements), context, **self._place)

    def list_(self, elements: list[ast.expr]) -> ast.List:
        return ast.List(elements, LOAD, **self._place)

    def unpacked(self, values: ast.expr) -> ast.List:
        """A list of Python's own of what a value gives when it is gone through."""
        return self.list_([ast.Starred(values, LOAD, **self._place)])

    def dict_(self, keys: list[ast.expr | None], values: list[ast.expr]) -> ast.Dict:
        return ast.Dict(keys, values, **self._place)

    def slice_(self, start: ast.expr | None, end: ast.expr | None) -> ast.Slice:
        return ast.Slice(start, end, None, **self._place)

    def noted(self, name: str, value: ast.expr) -> ast.NamedExpr:
        """The value, kept in a variable on the way."""
        made = _new(ast.NamedExpr)
        made.__dict__ = fields = self._place.copy()
        fields["target"] = self.stored(name)
        fields["value"] = value
        return made

    def stored(self, identifier: str) -> ast.Name:
        """A variable as the target of an assignment."""
        return self._variable(identifier, STORE)

    def is_of(self, value: ast.expr, class_name: str) -> ast.expr:
        """A test that a value is exactly of a class of the builtins."""
        self.questions += 1
        return self.compare(self.call(" type", value), [ast.Is()], [self.name(class_name)])

    def is_among(self, value: ast.expr, class_name: str, classes: str) -> ast.expr:
        """A test that a value is exactly of one of the classes, the first of which is the most frequent."""
        again = self.name(value.target.id) if isinstance(value, ast.NamedExpr) else value
        among = self.compare(self.call(" type", again), [ast.In()], [self.name(classes)])
        return ast.BoolOp(ast.Or(), [self.is_of(value, class_name), among], **self._place)

    def is_instance(self, value: ast.expr) -> ast.expr:
        """A test for an instance of any class of LispE's."""
        self.questions += 1
        return self.call(" isinstance", value, self.name(" Instance"))

    def is_unset(self, value: ast.expr) -> ast.expr:
        return self.compare(value, [ast.Is()], [self.name(UNSET)])

    def means(self, name: str, held: Held) -> ast.expr:
        """A test that a name means the function that is held."""
        return self.compare(self.name(name), [ast.Is()], [self.value_of(held)])

    def value_of(self, held: Held) -> ast.expr:
        return self.attribute(self._held(held), "value")

    # -- statements ------------------------------------------------------------------------------

    def emit_statement(self, statement: ast.stmt) -> None:
        self.block.append(statement)

    @property
    def where(self) -> dict[str, Any]:
        """The current place as the arguments of a node."""
        return self._place

    def assign_statement(self, target: str | ast.expr, value: ast.expr) -> ast.Assign:
        made = _new(ast.Assign)
        made.__dict__ = fields = self._place.copy()
        fields["targets"] = [self.stored(target) if isinstance(target, str) else target]
        fields["value"] = value
        return made

    def assign(self, target: str | ast.expr, value: ast.expr) -> None:
        self.block.append(self.assign_statement(target, value))

    def evaluate(self, value: ast.expr) -> None:
        """A statement for the effect of an expression; nothing for one that has none."""
        is_ours = isinstance(value, ast.Name) and value.id.startswith(" ")
        if not isinstance(value, ast.Constant) and not is_ours:
            self.emit_statement(ast.Expr(value, **self._place))

    def return_(self, value: ast.expr) -> None:
        self.block.append(ast.Return(value, **self._place))

    def if_(self, test: ast.expr, then: list[ast.stmt], otherwise: list[ast.stmt]) -> None:
        if not then and not otherwise:
            self.evaluate(test)
            return
        self.emit_statement(ast.If(test, then or [self.pass_()], otherwise, **self._place))

    def while_(self, test: ast.expr, body: list[ast.stmt]) -> None:
        self.emit_statement(ast.While(test, body or [self.pass_()], [], **self._place))

    def for_(
        self, target: ast.expr, items: ast.expr, body: list[ast.stmt], otherwise: list[ast.stmt] | None = None
    ) -> None:
        self.emit_statement(ast.For(target, items, body or [self.pass_()], otherwise or [], **self._place))

    def try_(
        self,
        body: list[ast.stmt],
        error: ast.expr,
        as_name: str | None,
        handler: list[ast.stmt],
        *others: tuple[ast.expr, list[ast.stmt]],
    ) -> None:
        """A body, and what is done for an error that it raises. others: the same for other errors."""
        caught = [ast.ExceptHandler(error, as_name, handler or [self.pass_()], **self._place)]
        caught += [ast.ExceptHandler(other, None, written, **self._place) for other, written in others]
        self.emit_statement(ast.Try(body or [self.pass_()], caught, [], [], **self._place))

    def pass_(self) -> ast.stmt:
        return ast.Pass(**self._place)

    def break_(self) -> None:
        self.emit_statement(ast.Break(**self._place))

    def continue_(self) -> None:
        self.emit_statement(ast.Continue(**self._place))

    def with_(self, manager: ast.expr, body: list[ast.stmt]) -> None:
        item = ast.withitem(manager, None)
        self.emit_statement(ast.With([item], body or [self.pass_()], **self._place))

    def delete(self, name: str) -> None:
        self.emit_statement(ast.Delete([ast.Name(name, ast.Del(), **self._place)], **self._place))

    def raise_(self, error: ast.expr) -> None:
        self.emit_statement(ast.Raise(error, None, **self._place))

    def function_definition(
        self, name: str, arguments: ast.arguments, body: list[ast.stmt], doc: str = ""
    ) -> ast.FunctionDef:
        statements: list[ast.stmt] = (
            [ast.Expr(ast.Constant(doc, **self._place), **self._place)] if doc else []
        )
        statements.extend(body or [self.pass_()])
        return ast.FunctionDef(name, arguments, statements, [], None, None, **self._place)

    def argument(self, name: str) -> ast.arg:
        return ast.arg(name, None, None, **self._place)
