"""Functions: `defun`, lambdas, parameters."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.language.compiler.core import Compiler
from lispe_kernel.language.compiler.destinations import EFFECT, TAIL, VALUE, Destination
from lispe_kernel.language.compiler.emit import UNSET
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.scopes import PythonFunction, Signature, python_name
from lispe_kernel.language.compiler.settling import settle
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import Form, as_data, is_list
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import Atom


@dataclass
class ParameterList:
    """A parsed parameter list; `optional` maps a name to its default form."""

    names: list[str] = field(default_factory=list)
    optional: dict[str, Any] = field(default_factory=dict)
    rest: str | None = None
    spans: dict[str, Span] = field(default_factory=dict)

    def signature(self, name: str) -> Signature:
        shown = [n for n in self.names if n not in self.optional and n != self.rest]
        shown += [f"({n})" if d is None else f"({n} {to_text(d)})" for n, d in self.optional.items()]
        if self.rest is not None:
            shown.append(f"(() {self.rest})")
        return Signature(name, tuple(shown), len(self.optional), self.rest is not None)


def parse_parameters(c: Compiler, form: Any, span: Span) -> ParameterList:
    """Read `(x (y) (z 10) (() rest))`."""
    if not is_list(form):
        raise c.error("Error: List of missing parameters in a function declaration", span)
    found = ParameterList()
    placed = form if isinstance(form, Form) else Form(form, span)
    for item, place in zip(placed, placed.spans, strict=True):
        if found.rest is not None:
            raise c.error("Error: Wrong parameter description: the rest parameter must be the last", place)
        if is_list(item):
            _optional_parameter(c, found, item, place)
        else:
            name = c.check_variable(item, place)
            if found.optional:
                raise c.error(
                    "Error: default values should always be at the end of the parameter list", place
                )
            _add_name(c, found, name, place)
    return found


def _optional_parameter(c: Compiler, found: ParameterList, item: list[Any], place: Span) -> None:
    if len(item) == 2 and (item[0] is None or item[0] == []):
        name = c.check_variable(item[1], place)
        found.rest = name
    elif len(item) in (1, 2):
        name = c.check_variable(item[0], place)
        found.optional[name] = item[1] if len(item) == 2 else None
    else:
        raise c.error("Error: Wrong parameter description", place)
    _add_name(c, found, name, place)


def _add_name(c: Compiler, found: ParameterList, name: str, place: Span) -> None:
    if name in found.names:
        raise c.error(f"Error: Wrong parameter description: '{name}' appears twice", place)
    found.names.append(name)
    found.spans[name] = place


# -- building a Python function -----------------------------------------------------------------------


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


# -- the forms ----------------------------------------------------------------------------------------


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


@special("defun", "name (parameters) body...", least=2, silent=True)
def compile_defun(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Define a global function. A leading string in a longer body is its documentation.

    Parameters: x, optional (x) or (x default), and (() rest) for all remaining arguments. The definition
    is made before anything of the text runs, wherever it stands; defining a name again replaces it.
    """
    if not isinstance(form[1], Atom):
        raise c.error("Error: Missing name in the declaration of a function", form.spans[1])
    name = form[1].name
    if c.is_keyword(name):
        raise c.error(f"Error: '{name}' is a reserved keyword.", form.spans[1])
    parameters = parse_parameters(c, form[2], form.spans[2])
    name = f"{c.space} {name}" if c.space else name
    signature = parameters.signature(name)
    c.signatures[name] = signature
    start, doc = 3, ""
    if len(form) > 4 and isinstance(form[3], str):
        start, doc = 4, form[3]
    tree = build_function(c, PythonFunction("defun", name), parameters, form, start, "")
    c.definitions.append(Definition(name, tree, signature, as_data(form), doc))
    if destination is VALUE:
        return c.name(python_name(name))
    return None if destination is EFFECT else c.deliver(c.name(python_name(name)), destination)


@special("λ", "(parameters) body...", aliases=("lambda", "\\"), least=2)
def compile_lambda(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """An anonymous function. It shares the variables of the function in which it is written."""
    if not is_list(form[1]):
        raise c.error("Error: Missing parameter list in a lambda declaration", form.spans[1])
    parameters = parse_parameters(c, form[1], form.spans[1])
    name = "λ" if not _uses_self(form) else c.function.rename("λ")
    function = PythonFunction("lambda", name, c.function)
    c.emit(build_function(c, function, parameters, form, 2, to_text(as_data(form))))
    return c.deliver(c.saved(c.name(name)), destination)


def _uses_self(form: Form) -> bool:
    pending: list[Any] = list(form)
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, Atom) and item.name == "self":
            return True
    return False
