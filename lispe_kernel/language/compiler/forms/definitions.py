"""Functions: `defun`, lambdas, `self`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.calls import tail_call
from lispe_kernel.language.compiler.destinations import EFFECT, TAIL, VALUE, Destination
from lispe_kernel.language.compiler.function_bodies import Definition, build_function
from lispe_kernel.language.compiler.parameters import DECLARATION, parse_parameters
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.scopes import PythonFunction, python_name
from lispe_kernel.language.forms import LAMBDA, Form, as_data
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


@special("defun", "name ([parameter...]) [body...]", defines="function", errors=DECLARATION)
def compile_defun(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Define a global function. A leading string in a longer body is its documentation.

    Parameters: x, optional (x) or (x default), and (() rest) for all remaining arguments. The definition
    is made before anything of the text runs, wherever it stands; defining a name again replaces it.

    Example: (defun area (w (h 2)) "The area of a rectangle." (* w h)) (list (area 3) (area 3 4)) => (6 12)
    """
    name = c.new_name(form[1], form.spans[1])
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


@special(
    "λ",
    "([parameter...]) body...",
    aliases=("lambda", "\\"),
    binds=1,
    needs_function=True,
    errors={"([parameter...])": "Error: Missing parameter list in a lambda declaration"},
)
def compile_lambda(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """An anonymous function. It shares the variables of the function in which it is written.

    Example: ((λ (x) (* x x)) 5) => 25
    Example: (maplist (\\ (x) (+ x 1)) '(1 2 3)) => (2 3 4)
    """
    parameters = parse_parameters(c, form[1], form.spans[1])
    name = LAMBDA.name if not _uses_self(form) else c.function.rename(LAMBDA.name)
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


@special("self", "[argument...]", needs_function=True)
def compile_self(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Calls the running function or lambda again. In tail position this is a loop.

    Example: ((λ (n) (if (< n 2) 1 (* n (self (- n 1))))) 5) => 120
    """
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
