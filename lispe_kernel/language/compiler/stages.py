"""What the stages make of a text, written out for people: forms, tree, Python.

For learners and for ourselves (`lispe --explain`); nothing is run.
"""

from __future__ import annotations

import ast
from typing import Any

from lispe_kernel.language.compiler.analyse import analyse
from lispe_kernel.language.compiler.context import Context
from lispe_kernel.language.compiler.emit.emitter import Emitter
from lispe_kernel.language.compiler.emit.fixed import FIXED
from lispe_kernel.language.compiler.emit.functions import function_ast
from lispe_kernel.language.compiler.emit.nodes import MARK, Kept
from lispe_kernel.language.compiler.expand import expanded
from lispe_kernel.language.compiler.resolve import Resolver
from lispe_kernel.language.compiler.statements import Assign, Lambda, ToField, ToFound, ToGlobal, ToVariable
from lispe_kernel.language.compiler.tree import (
    Constant,
    Field,
    Global,
    Helper,
    Name,
    Node,
    Primitive,
    Python,
    Quoted,
    Read,
)
from lispe_kernel.language.compiler.variables import Function, Variable
from lispe_kernel.language.compiler.versions.held import Held
from lispe_kernel.language.compiler.versions.hints import give_hints
from lispe_kernel.language.compiler.versions.split import split
from lispe_kernel.language.forms import Form, as_data
from lispe_kernel.language.printer import show
from lispe_kernel.language.source import Source


def explain_program(context: Context, source: Source, forms: Form) -> str:
    """Each top-level form with what resolving, analysing and emitting made of it.

    Raises CompileError as compiling does; nothing of the session changes.
    """
    r = Resolver(context, source)
    resolved: list[tuple[str, list[Function]]] = []
    for form, span in zip(forms, forms.spans, strict=True):
        r.place = span
        top = r.function = Function("top", source.name, span)
        top.body = r.node(expanded(r, form), span)
        functions = [definition.function for definition in r.definitions] or [top]
        r.definitions.clear()
        resolved.append((f";; form, line {span.line}\n{show(as_data(form))}", functions))
    finished = [finish() for finish in list(r.finishers.values())]
    last = [definition.function for definition in finished if definition is not None]
    give_hints([*(each for _, functions in resolved for each in functions), *last])
    parts = [part for form, functions in resolved for part in (form, *map(_stages, functions))]
    return "\n\n".join([*parts, *map(_stages, last)]) + "\n"


def _stages(function: Function) -> str:
    split(function)
    analyse(function)
    e = Emitter()
    tree = function_ast(e, function)
    lines = [f";; resolved and analysed: {_signature(function)}"]
    _write(function.body, lines, 1)
    trees = [tree] if e.second is None else [tree, e.second[0]]
    return "\n".join([*lines, "", ";; emitted", *(_python(each, e.constants) for each in trees)])


def _signature(function: Function) -> str:
    names = [_variable(parameter) for parameter in function.parameters]
    return " ".join([function.kind, function.name, *names])


def _variable(variable: Variable) -> str:
    """A variable with what is known of it for all its life."""
    facts = [word for word in ("captured", "shared", "boxed") if getattr(variable, word)]
    return variable.python.strip() + (f"[{' '.join(facts)}]" if facts else "")


def _write(node: Any, lines: list[str], depth: int) -> None:
    if node is None:
        return
    kind = f" : {node.kind}" if node.kind else ""
    lines.append("  " * depth + f"{type(node).__name__} {_facts(node)}".rstrip() + kind)
    for part in node.parts():
        _write(part, lines, depth + 1)
    if isinstance(node, Lambda):
        lines.append("  " * (depth + 1) + _signature(node.function))
        _write(node.function.body, lines, depth + 2)


def _facts(node: Node) -> str:
    """What a node holds besides other nodes."""
    if isinstance(node, Constant):
        return show(node.value)
    if isinstance(node, Quoted):
        return show(node.data)
    if isinstance(node, Read):
        return _variable(node.variable)
    if isinstance(node, Name):
        return (
            node.text if node.variable is None else _variable(node.variable) + ("" if node.certain else "?")
        )
    if isinstance(node, Global):
        return node.python.strip()
    if isinstance(node, Field):
        return node.name
    if isinstance(node, Helper):
        return node.name.strip()
    if isinstance(node, Primitive):
        return str(node.inline.name).strip()
    if isinstance(node, Python):
        return node.operation.strip()
    return _target(node.target) if isinstance(node, Assign) else ""


def _target(target: Any) -> str:
    if isinstance(target, ToVariable):
        return _variable(target.variable)
    if isinstance(target, ToGlobal):
        return f"global {target.python}"
    if isinstance(target, ToField):
        return f"field {target.name}"
    assert isinstance(target, ToFound)
    return f"{target.name.text} where it is found"


# The helpers that code objects hold themselves, by their place in memory.
_HELPERS = {id(value): name for name, value in reversed(FIXED.items())}


class _Shown:
    """A constant of the code as LispE prints it, between marks that no Python text has."""

    def __init__(self, value: Any) -> None:
        kept = value.value if isinstance(value, Kept) else value
        name = kept.name if isinstance(kept, Held) else show(getattr(kept, "data", kept))
        self._text = _HELPERS.get(id(kept)) or f"«{name}»"

    def __repr__(self) -> str:
        return self._text


def _shown(value: Any, constants: list[Any]) -> Any:
    """A constant of the tree with its marks shown as values; other tuples may hold marked ones."""
    if not isinstance(value, tuple):
        return value
    if len(value) == 2 and value[0] == MARK:
        return _Shown(constants[value[1]])
    return tuple(_shown(inner, constants) for inner in value)


def _python(tree: ast.FunctionDef, constants: list[Any]) -> str:
    """Python's text of a function; names with blanks are shown as they are, marked constants as values."""

    class Values(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.expr:
            node.value = _shown(node.value, constants)
            return node

        def visit_Either(self, node: ast.If) -> ast.AST:
            # Python writes what it knows by name.
            return self.generic_visit(ast.If(node.test, node.body, node.orelse))

    return ast.unparse(Values().visit(tree))
