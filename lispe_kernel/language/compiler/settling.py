"""Reads and writes that could not know, when they were compiled, whether a name is local or global.

`setq` makes a name local to its function wherever it stands, so only the end of a function tells. A read
that may come before the assignment becomes `local if it is set, else global`; `(+= v e)` is stored where
the variable is found.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.emit import UNSET
from lispe_kernel.language.compiler.scopes import PythonFunction, python_name

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


def settle(c: Compiler, frame: PythonFunction, body: list[ast.stmt]) -> list[ast.stmt]:
    """The body of a finished function with its open reads and writes decided."""
    local = frame.assigned
    reads = {i: n for i, n in frame.uncertain_reads.items() if n in local}
    writes = {i: n for i, n in frame.uncertain_writes.items() if n in local}
    fields = {i: n for i, n in frame.uncertain_fields.items() if n in local}
    if reads or writes or fields:
        names = (*reads.values(), *writes.values(), *fields.values())
        frame.initialise.update(map(python_name, names))
        settler = _Settler(c, reads, writes, fields)
        body = [settler.visit(statement) for statement in body]
    opening = [c.assign_statement(name, c.name(UNSET)) for name in sorted(frame.initialise)]
    return [*opening, *body]


class _Settler(ast.NodeTransformer):
    """Replaces uncertain reads of a local by `local if set else global`, and writes likewise."""

    def __init__(
        self, compiler: Compiler, reads: dict[int, str], writes: dict[int, str], fields: dict[int, str]
    ) -> None:
        self.compiler = compiler
        self.reads = reads
        self.writes = writes
        self.fields = fields

    def visit_Name(self, node: ast.Name) -> ast.expr:
        name = self.reads.get(id(node))
        if name is None:
            return node
        made = self.compiler
        lookup = made.call(" global", made.constant(name))
        replaced = made.choose(made.is_unset(made.name(node.id)), lookup, made.name(node.id))
        for part in ast.walk(replaced):
            ast.copy_location(part, node)
        return replaced

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = self.fields.get(id(node))
        self.generic_visit(node)
        if name is None:
            return node
        made, python = self.compiler, python_name(name)
        replaced = made.choose(made.is_unset(made.name(python)), node, made.name(python))
        return ast.copy_location(replaced, node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        name = self.writes.get(id(node))
        self.generic_visit(node)
        if name is None:
            return node
        made, python = self.compiler, python_name(name)
        local = made.assign_statement(python, node.value)
        return ast.copy_location(ast.If(made.is_unset(made.name(python)), [node], [local]), node)
