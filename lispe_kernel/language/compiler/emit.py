"""Python ast nodes with LispE positions, collected in blocks of statements.

Every node made here carries the span of the form being compiled, so that errors, tracebacks and
debuggers point at LispE text. Knows nothing of what any form means.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.errors import NOWHERE, CompileError, Span

if TYPE_CHECKING:
    from lispe_kernel.language.source import Source

LOAD, STORE = ast.Load(), ast.Store()

# Names that compiled code uses of the session's builtins. A blank cannot stand in a LispE name.
UNSET = " unset"
TRUE_NAME = " true"

# Values that Python's compiler does not take as constants travel as marked tuples until the code exists.
MARK = "\0lispe-constant"


class Emitter:
    """Makes nodes at the current place and puts statements into the current block."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.block: list[ast.stmt] = []
        self.constants: list[Any] = []
        self._constant_index: dict[int, int] = {}
        self._place: dict[str, Any] = {}
        self.place = NOWHERE

    @property
    def place(self) -> Span:
        """The span that new nodes get."""
        return self._span

    @place.setter
    def place(self, span: Span) -> None:
        self._span = span
        self._place = {
            "lineno": span.line,
            "col_offset": span.column,
            "end_lineno": span.end_line,
            "end_col_offset": span.end_column,
        }

    def error(self, text: str, span: Span | None = None) -> CompileError:
        """The error to raise for what is written at a place, the current one when absent."""
        span = span or self.place
        return CompileError(text, span=span, source=self.source.name, line_text=self.source.line(span.line))

    # -- expressions -----------------------------------------------------------------------------

    def name(self, identifier: str) -> ast.Name:
        return ast.Name(identifier, LOAD, **self._place)

    def constant(self, value: Any) -> ast.expr:
        """A constant; atoms, lists and other objects are put into the finished code object."""
        if value is None or type(value) in (int, float, str, bool, complex) or value is Ellipsis:
            return ast.Constant(value, **self._place)
        index = self._constant_index.get(id(value))
        if index is None:
            index = len(self.constants)
            self.constants.append(value)
            self._constant_index[id(value)] = index
        return ast.Constant((MARK, index), **self._place)  # type: ignore[arg-type]  # a tuple may be a constant

    def true(self) -> ast.expr:
        return self.name(TRUE_NAME)

    def nil(self) -> ast.expr:
        return ast.Constant(None, **self._place)

    def call(
        self, function: ast.expr | str, *arguments: ast.expr, named: dict[str, ast.expr] | None = None
    ) -> ast.Call:
        if isinstance(function, str):
            function = self.name(function)
        keywords = [ast.keyword(k, v, **self._place) for k, v in (named or {}).items()]
        return ast.Call(function, list(arguments), keywords, **self._place)

    def binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> ast.BinOp:
        return ast.BinOp(left, op, right, **self._place)

    def compare(self, left: ast.expr, ops: list[ast.cmpop], others: Sequence[ast.expr]) -> ast.Compare:
        return ast.Compare(left, ops, list(others), **self._place)

    def choose(self, test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.IfExp:
        return ast.IfExp(test, then, otherwise, **self._place)

    def boolean(self, op: ast.boolop, values: Sequence[ast.expr]) -> ast.expr:
        return values[0] if len(values) == 1 else ast.BoolOp(op, list(values), **self._place)

    def negate(self, test: ast.expr) -> ast.expr:
        return ast.UnaryOp(ast.Not(), test, **self._place)

    def subscript(self, value: ast.expr, index: ast.expr, context: ast.expr_context = LOAD) -> ast.Subscript:
        return ast.Subscript(value, index, context, **self._place)

    def is_unset(self, value: ast.expr) -> ast.expr:
        return self.compare(value, [ast.Is()], [self.name(UNSET)])

    # -- statements ------------------------------------------------------------------------------

    def emit(self, statement: ast.stmt) -> None:
        self.block.append(statement)

    def assign_statement(self, target: str | ast.expr, value: ast.expr) -> ast.Assign:
        if isinstance(target, str):
            target = ast.Name(target, STORE, **self._place)
        return ast.Assign([target], value, **self._place)

    def assign(self, target: str | ast.expr, value: ast.expr) -> None:
        self.emit(self.assign_statement(target, value))

    def evaluate(self, value: ast.expr) -> None:
        """A statement for the effect of an expression; nothing for one that has none."""
        is_ours = isinstance(value, ast.Name) and value.id.startswith(" ")
        if not isinstance(value, ast.Constant) and not is_ours:
            self.emit(ast.Expr(value, **self._place))

    def return_(self, value: ast.expr) -> None:
        self.emit(ast.Return(value, **self._place))

    def if_(self, test: ast.expr, then: list[ast.stmt], otherwise: list[ast.stmt]) -> None:
        if not then and not otherwise:
            self.evaluate(test)
            return
        self.emit(ast.If(test, then or [self.pass_()], otherwise, **self._place))

    def while_(self, test: ast.expr, body: list[ast.stmt]) -> None:
        self.emit(ast.While(test, body or [self.pass_()], [], **self._place))

    def for_(
        self, target: ast.expr, items: ast.expr, body: list[ast.stmt], otherwise: list[ast.stmt] | None = None
    ) -> None:
        self.emit(ast.For(target, items, body or [self.pass_()], otherwise or [], **self._place))

    def try_(
        self, body: list[ast.stmt], error: ast.expr, as_name: str | None, handler: list[ast.stmt]
    ) -> None:
        caught = ast.ExceptHandler(error, as_name, handler or [self.pass_()], **self._place)
        self.emit(ast.Try(body or [self.pass_()], [caught], [], [], **self._place))

    def pass_(self) -> ast.stmt:
        return ast.Pass(**self._place)

    def break_(self) -> None:
        self.emit(ast.Break(**self._place))

    def continue_(self) -> None:
        self.emit(ast.Continue(**self._place))

    def raise_(self, error: ast.expr) -> None:
        self.emit(ast.Raise(error, None, **self._place))

    def function_definition(
        self, name: str, arguments: ast.arguments, body: list[ast.stmt], doc: str = ""
    ) -> ast.FunctionDef:
        statements: list[ast.stmt] = (
            [ast.Expr(ast.Constant(doc, **self._place), **self._place)] if doc else []
        )
        statements.extend(body or [self.pass_()])
        made = ast.FunctionDef(name, arguments, statements, [], None, None, **self._place)
        made.type_params = []  # type: ignore[attr-defined]  # a field since Python 3.12
        return made

    def argument(self, name: str) -> ast.arg:
        return ast.arg(name, None, None, **self._place)


def stores_of(statements: list[ast.stmt]) -> set[str]:
    """The names that statements may assign, nested functions left out."""
    found: set[str] = set()
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
            continue
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        pending.extend(ast.iter_child_nodes(node))
    return found


def only_arithmetic(statements: list[ast.stmt]) -> bool:
    """Whether statements only compute: no call that could change a variable that somebody else sees."""
    return not any(isinstance(node, ast.Call) for s in statements for node in ast.walk(s))
