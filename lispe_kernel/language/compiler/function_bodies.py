"""A Python function from parameters and a body: for `defun`, lambdas, methods, clauses and threads."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import TAIL
from lispe_kernel.language.compiler.emit import UNSET
from lispe_kernel.language.compiler.scopes import PythonFunction, Signature, python_name
from lispe_kernel.language.compiler.settling import settle
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler
    from lispe_kernel.language.compiler.parameters import ParameterList
    from lispe_kernel.language.errors import Span
    from lispe_kernel.language.forms import Form


@dataclass
class Definition:
    """A compiled `defun`: its function as ast, to be made when the text is run."""

    name: str
    tree: ast.FunctionDef
    signature: Signature
    source: Any
    doc: str
    # The class or space whose function it is; None for a global one.
    owner: Any = None


@contextmanager
def new_function(c: Compiler, function: PythonFunction) -> Iterator[None]:
    """Compile inside another Python function for a while."""
    outer = (c.function, c.loop_values, c.bindings, c.definite, c._kinds, c.instance)
    c.function, c.loop_values, c._kinds = function, [], {}
    if function.kind == "defun":
        c.bindings, c.definite, c.instance = {}, set(), function.instance
    else:
        c.definite = set(c.definite)
    try:
        yield
    finally:
        c.function, c.loop_values, c.bindings, c.definite, c._kinds, c.instance = outer


def build_function(
    c: Compiler, function: PythonFunction, parameters: ParameterList, body: Form, start: int, doc: str
) -> ast.FunctionDef:
    """The Python function for parameters and a body (the elements of a form from `start` on)."""
    place = place_of(c)
    names = {name: python_name(name) for name in parameters.names}
    with new_function(c, function):
        function.parameters = list(names.values())
        function.rest = names[parameters.rest] if parameters.rest is not None else None
        with c.bound(names):
            arguments, prologue = _arguments(c, function, parameters, names)
            with c.nested_block() as statements:
                c.sequence(body, start, TAIL)
        if function.loops:
            with c.nested_block() as looped:
                c.while_(c.constant(True), statements)
            statements = looped
        statements = [*prologue, *statements]
        if function.kind == "defun":
            statements = settle(c, function, statements)
        return c.function_definition(
            function.name, arguments, [*function.declarations(place), *statements], doc
        )


def place_of(c: Compiler) -> dict[str, int]:
    span = c.place
    return {
        "lineno": span.line,
        "col_offset": span.column,
        "end_lineno": span.end_line,
        "end_col_offset": span.end_column,
    }


def _arguments(
    c: Compiler, function: PythonFunction, parameters: ParameterList, names: dict[str, str]
) -> tuple[ast.arguments, list[ast.stmt]]:
    defaults: list[ast.expr] = []
    with c.nested_block() as prologue:
        for name, default in parameters.optional.items():
            python = names[name]
            if isinstance(default, Atom | list) and default != []:
                defaults.append(c.name(UNSET))
                _late_default(c, python, default, parameters.spans[name])
                function.optional[python] = _default_of(c, default, parameters.spans[name])
            else:
                constant = c.nil() if default is None or default == [] else c.constant(default)
                defaults.append(constant)
                function.optional[python] = lambda constant=constant: constant
        if function.rest is not None:
            c.assign(function.rest, c.call(" list", c.name(function.rest)))
    positional = [c.argument(names[n]) for n in parameters.names if n != parameters.rest]
    rest = c.argument(function.rest) if function.rest is not None else None
    return ast.arguments([], positional, rest, [], [], None, defaults), prologue


def _late_default(c: Compiler, name: str, default: Any, span: Span) -> None:
    """A default that is no constant is evaluated at the call; it sees the parameters before it."""
    with c.nested_block() as then:
        c.assign(name, c.value(default, span))
    c.if_(c.is_unset(c.name(name)), then, [])


def _default_of(c: Compiler, default: Any, span: Span) -> Callable[[], ast.expr]:
    return lambda: c.value(default, span)
