"""Errors as the program sees them: `maybe`, `catch`, `throw`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.forms import LAMBDA, Form, head

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


def _protected(c: Compiler, form: Form, destination: Destination, handler: Any) -> ast.expr | None:
    """The elements of the form in order; `handler(caught, destination)` writes what an error does instead."""
    inner, name = c.through(destination)
    c.function.tail_blocked += 1
    with c.branch(), c.nested_block() as body:
        c.sequence(form, 1, inner)
    c.function.tail_blocked -= 1
    c.forget_assigned(Form([form]))
    error = c.function.temporary()
    with c.branch(), c.nested_block() as rescue:
        handler(c.call(" caught", c.name(error)), inner)
    c.try_(body, c.name(" Exception"), error, rescue)
    return c.result(name)


@special("maybe", "form... handler | value")
def compile_maybe(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate the forms; when one raises an error the handler gives the value instead.

    A lambda as handler is called with the error's text. With one argument: is the value an error that
    `catch` caught?

    Example: (maybe (/ 1 0) "no") => no
    Example: (maybe (throw "lost") (λ (text) (find text "lost"))) => 0
    """
    if len(form) == 2:
        return c.deliver(c.question(c.call(" is_caught", c.value(form[1], form.spans[1]))), destination)
    handler, span = form[-1], form.spans[-1]

    def rescue(caught: ast.expr, to: Destination) -> None:
        if head(handler) is LAMBDA:
            c.deliver(c.call(c.value(handler, span), caught), to)
        else:
            c.compile(handler, to, span)

    return _protected(c, Form(form[:-1], form.span, form.spans[:-1]), destination, rescue)


@special("catch", "form...")
def compile_catch(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate the forms; an error becomes a value that prints its text and that `(maybe v)` recognises.

    Example: (maybe (catch (throw "lost"))) => true
    """
    return _protected(c, form, destination, lambda caught, to: c.deliver(c.call(" Caught", caught), to))


@special("throw", "value")
def compile_throw(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Raise an error whose text is exactly the text of the value.

    Example: (maybe (throw "lost") "caught") => caught
    """
    c.raise_(c.call(" thrown", c.value(form[1], form.spans[1])))
    return None if destination is EFFECT or destination.kind != "value" else c.nil()
