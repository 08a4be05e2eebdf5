"""Errors as the program sees them: `maybe`, `catch`, `throw`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.statements import Protect, Raise
from lispe_kernel.language.compiler.tree import Call, Node
from lispe_kernel.language.forms import LAMBDA, Form, head
from lispe_kernel.language.special_forms import special

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


@special("maybe", "form... handler | value")
def resolve_maybe(r: Resolver, form: Form) -> Node:
    """Evaluate the forms; when one raises an error the handler gives the value instead.

    A lambda as handler is called with the error's text. With one argument: is the value an error that
    `catch` caught?

    Example: (maybe (/ 1 0) "no") => no
    Example: (maybe (throw "lost") (λ (text) (find text "lost"))) => 0
    """
    if len(form) == 2:
        return r.helper(" is_caught", r.node(form[1], form.spans[1]))
    body = r.sequence(Form(form[:-1], form.span, form.spans[:-1]), 1)
    error = r.temporary()
    handler = r.node(form[-1], form.spans[-1])
    if head(form[-1]) is LAMBDA:
        handler = Call(r.place, handler, [r.helper(" caught", r.read(error))])
    return Protect(r.place, body, error, handler)


@special("catch", "form...")
def resolve_catch(r: Resolver, form: Form) -> Node:
    """Evaluate the forms; an error becomes a value that prints its text and that `(maybe v)` recognises.

    Example: (maybe (catch (throw "lost"))) => true
    """
    body, error = r.sequence(form, 1), r.temporary()
    return Protect(r.place, body, error, r.helper(" Caught", r.helper(" caught", r.read(error))))


@special("throw", "value")
def resolve_throw(r: Resolver, form: Form) -> Node:
    """Raise an error whose text is exactly the text of the value.

    Example: (maybe (throw "lost") "caught") => caught
    """
    return Raise(r.place, r.helper(" thrown", r.node(form[1], form.spans[1])))
