"""Calls of named functions: arity where it is known, named arguments, self tail calls as loops."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import TAIL, Destination
from lispe_kernel.language.compiler.scopes import PythonFunction, Signature, python_name
from lispe_kernel.language.forms import Form, head
from lispe_kernel.language.functions import Function
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


def compile_call(
    c: Compiler, name: str, form: Form, destination: Destination, entry: Function | None = None
) -> ast.expr | None:
    """A call of the function `name` with the rest of the form as arguments."""
    positional, named = split_named(c, form)
    signature = _signature(c, name)
    if signature is not None and not named and not signature.accepts(len(positional) - 1):
        raise c.error(arity_error(signature))
    if destination is TAIL and not named and _is_self(c, name, len(positional) - 1):
        tail_call(c, c.function, positional)
        return None
    arguments = c.arguments(positional)
    keywords = {n: c.value(v) for n, v in named.items()}
    called = c.call(_function(c, name, form), *arguments, named=keywords)
    return c.deliver(c.known(called, entry.returns if entry is not None else ""), destination)


def _function(c: Compiler, name: str, form: Form) -> ast.expr:
    """The function of a call as an expression that stands where the name is written."""
    outer, c.place = c.place, form.spans[0]
    frame = c.function.frame
    if frame.kind == "defun" and name in frame.assigned and name != frame.name:
        node = c.variable(Atom(name))
    else:
        node = c.name(python_name(name))
    c.place = outer
    return node


def _signature(c: Compiler, name: str) -> Signature | None:
    return c.signatures.get(name) or c.context.signature(name)


def arity_error(signature: Signature) -> str:
    if signature.mismatch:
        return signature.mismatch
    shown = " ".join(signature.parameters)
    return f"Error: Wrong number of arguments in call to: '({signature.name} ({shown})...)'"


def split_named(c: Compiler, form: Form) -> tuple[Form, dict[str, Any]]:
    """The positional part of a call and its `(? name value)` arguments."""
    at = next((i for i in range(1, len(form)) if head(form[i]) is NAMED), None)
    if at is None:
        return form, {}
    named: dict[str, Any] = {}
    for argument in form[at:]:
        if head(argument) is not NAMED or len(argument) != 3 or not isinstance(argument[1], Atom):
            raise c.error("Error: illegal argument.")
        named[python_name(argument[1].name)] = argument[2]
    return Form(form[:at], form.span, form.spans[:at]), named


NAMED = Atom("?")


def _is_self(c: Compiler, name: str, count: int) -> bool:
    function = c.function
    if function.kind != "defun" or name != function.name or name in function.assigned:
        return False
    most, least = len(function.parameters), len(function.parameters) - len(function.optional)
    return function.rest is not None or least <= count <= most


def tail_call(c: Compiler, function: PythonFunction, form: Form) -> None:
    """Turn a call of the running function into its next turn: all arguments first, then the parameters."""
    arguments = c.arguments(form)
    targets = function.parameters
    if function.rest is not None:
        fixed = len(targets) - 1
        arguments, others = arguments[:fixed], arguments[fixed:]
        if len(arguments) == fixed:
            c_rest = c.call(" list", ast.copy_location(ast.List(others, ast.Load()), c.nil()))
            arguments.append(c_rest)
    for name in targets[len(arguments) :]:
        default: Any = function.optional.get(name)
        arguments.append(c.call(" list") if name == function.rest else default())
    moved = [
        (t, a) for t, a in zip(targets, arguments, strict=True) if not (isinstance(a, ast.Name) and a.id == t)
    ]
    if len(moved) == 1:
        c.assign(*moved[0])
    elif moved:
        names: list[ast.expr] = [ast.copy_location(ast.Name(t, ast.Store()), c.nil()) for t, _ in moved]
        values = [a for _, a in moved]
        c.assign(
            ast.copy_location(ast.Tuple(names, ast.Store()), c.nil()),
            ast.copy_location(ast.Tuple(values, ast.Load()), c.nil()),
        )
    function.loops = True
    c.continue_()
