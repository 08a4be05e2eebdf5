"""Makes the mutants of a file: the file again with one small fault each.

The faults are mutmut's (another operator, another number, another string, `None` for an argument, an argument
less, a name bound to `None` ...) and one of ours: a call whose value nobody takes is left out. mutmut's own
runner is not used: it passes over every decorated function, and in this package nearly all forms and
functions are decorated.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

# A call of these with other arguments fails at once, whatever the tests are.
PLAIN_CALLS = {"len", "isinstance", "cast", "TypeVar"}


@dataclass(frozen=True)
class Mutant:
    """A file with one fault."""

    path: str
    line: int
    lines: range  # of the statement that holds the fault
    inside: bool  # a function, so that the fault shows only when a test calls it
    source: str
    diff: str


@dataclass(frozen=True)
class Place:
    """Where one fault can be put: these bytes of the file become that text."""

    path: str
    start: int
    end: int
    text: str
    line: int
    lines: range
    inside: bool

    def mutant(self, source: str) -> Mutant | None:
        """The file with the fault; None where that is the same program or none at all."""
        whole = source.encode()
        made = (whole[: self.start] + self.text.encode() + whole[self.end :]).decode()
        try:
            if ast.dump(ast.parse(made)) == ast.dump(ast.parse(source)):
                return None
        except SyntaxError:
            return None
        diff = "\n".join(
            difflib.unified_diff(
                source.splitlines(), made.splitlines(), self.path, self.path, lineterm="", n=1
            )
        )
        return Mutant(self.path, self.line, self.lines, self.inside, made, diff)


def places(path: str, source: str) -> list[Place]:
    """Every place for a fault in one file, in the order of the file."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    finder = _Finder(path)
    wrapper.visit(finder)
    return finder.found


def _left_out(node: cst.Expr) -> Iterable[cst.CSTNode]:
    """A call whose value nobody takes, left out."""
    if isinstance(node.value, cst.Call):
        yield cst.Pass()


def _other_string(node: cst.BaseString) -> Iterator[cst.CSTNode]:
    """One other text: whether its letters are small or large is the same question once more."""
    yield from list(operator_string(node))[:1]


OPERATORS: list[tuple[type, Any]] = [
    *((kind, _other_string if make is operator_string else make) for kind, make in mutation_operators),
    (cst.Expr, _left_out),
]


class _Finder(cst.CSTVisitor):
    """Goes through a module and collects a node, what to put in its place, and where it stands."""

    METADATA_DEPENDENCIES = (ByteSpanPositionProvider, PositionProvider, ParentNodeProvider)

    def __init__(self, path: str) -> None:
        super().__init__()
        self.found: list[Place] = []
        self._path = path

    def on_visit(self, node: cst.CSTNode) -> bool:
        if self._tells_nothing(node):
            return False
        for kind, make in OPERATORS:
            if isinstance(node, kind):
                self.found += [self._place(node, other) for other in make(node)]
        return True

    def _tells_nothing(self, node: cst.CSTNode) -> bool:
        """Types, imports, decorators, docstrings and what only a type checker reads do nothing."""
        if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom | cst.Decorator):
            return True
        if isinstance(node, cst.If):
            return cst.Module([]).code_for_node(node.test).endswith("TYPE_CHECKING")
        if isinstance(node, cst.Expr):
            return isinstance(node.value, cst.BaseString)
        if isinstance(node, cst.Assign):
            return getattr(node.targets[0].target, "value", None) in ("__all__", "__slots__")
        return isinstance(node, cst.Call) and getattr(node.func, "value", None) in PLAIN_CALLS

    def _place(self, node: cst.CSTNode, other: cst.CSTNode) -> Place:
        span = self.get_metadata(ByteSpanPositionProvider, node)
        text = cst.Module([]).code_for_node(other)
        line = self.get_metadata(PositionProvider, node).start.line
        return Place(self._path, span.start, span.start + span.length, text, line, *self._statement(node))

    def _statement(self, node: cst.CSTNode) -> tuple[range, bool]:
        """The lines of the statement with the node (of a compound one, its head); whether in a function."""
        statement = node
        while not isinstance(statement, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            statement = self.get_metadata(ParentNodeProvider, statement)
        place = self.get_metadata(PositionProvider, statement)
        end = place.end.line
        body = getattr(statement, "body", None)
        if isinstance(body, cst.BaseSuite):
            end = max(place.start.line, self.get_metadata(PositionProvider, body).start.line - 1)
        inside = False
        while not isinstance(statement, cst.Module):
            statement = self.get_metadata(ParentNodeProvider, statement)
            inside = inside or isinstance(statement, cst.FunctionDef)
        return range(place.start.line, end + 1), inside
