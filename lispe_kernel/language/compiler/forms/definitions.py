"""Functions: `defun`, lambdas, `self`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.calls import tail_call
from lispe_kernel.language.compiler.destinations import EFFECT, TAIL, VALUE, Destination
from lispe_kernel.language.compiler.function_bodies import Definition, build_function
from lispe_kernel.language.compiler.parameters import parse_parameters
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.scopes import PythonFunction, python_name
from lispe_kernel.language.forms import Form, as_data, is_list
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


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


@special("self", "argument...")
def compile_self(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Calls the running function or lambda again. In tail position this is a loop."""
    function = c.function
    if function.kind == "top":
        raise c.error("Error: 'self' can only be used inside a function")
    expected = len(function.parameters)
    given = len(form) - 1
    if (given > expected and function.rest is None) or given < expected - len(function.optional):
        raise c.error(f"Error: Wrong number of arguments for: 'self' in '{function.name}'")
    if destination is TAIL:
        tail_call(c, function, form)
        return None
    return c.deliver(c.call(python_name(function.name), *c.arguments(form)), destination)
