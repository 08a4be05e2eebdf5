"""Name spaces: `defspace`, `space`, and functions loaded into one.

A function of a space is a global whose name is the space's, a blank and its own, so that no program can
write it; where a space is current, names of functions are looked for in it first. Spaces hold functions,
never variables.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.forms.threads import compile_threadspace
from lispe_kernel.language.compiler.registry import NOT_INLINE, inline, is_definition, special
from lispe_kernel.language.compiler.scopes import THREAD, qualified
from lispe_kernel.language.forms import QUOTE, Form, is_list
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

MAIN = "mainspace_"


@special(
    "defspace", "name [definition...]", defines="space", errors={"name": "Error: a name space needs a name"}
)
def compile_defspace(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Define functions in a name space; a second defspace of the same name adds to it.

    Example: (defspace metric (defun unit () "metre")) (space metric (unit)) => metre
    """
    name = form[1].name
    if name == THREAD:
        raise c.error("Error: 'thread' is a reserved space name", form.spans[1])
    c.declare(_mark(name), TRUE)
    with in_space(c, "" if name == MAIN else name):
        for item in form[2:]:
            _announce(c, item)
        c.sequence(form, 2, EFFECT)
    return None if destination is EFFECT else c.deliver(c.true(), destination)


@special("space", "name [form...]", result=(-1,))
def compile_space(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate the forms with the functions of a name space; `mainspace_` is the main one.

    Example: (defspace old (defun unit () "foot")) (defun unit () "metre") (space old (unit)) => foot
    """
    name = form[1].name
    if name == THREAD:
        return compile_threadspace(c, form.rest(1), destination)
    if name != MAIN and not (_mark(name) in c.declarations or c.context.defined(_mark(name))):
        raise c.error(f"Error: Unknown space: '{name}'", form.spans[1])
    with in_space(c, "" if name == MAIN else name):
        for item in form[2:]:
            _announce(c, item)
        return c.sequence(form, 2, destination)


def _mark(name: str) -> str:
    """The global that says that a space exists."""
    return f" space {name}"


@contextmanager
def in_space(c: Compiler, name: str) -> Iterator[None]:
    """Compile with another space current."""
    outer, c.space = c.space, name
    try:
        yield
    finally:
        c.space = outer


def _announce(c: Compiler, form: Any) -> None:
    """A function of the space may be called before its definition."""
    if is_definition(form, "function") and len(form) > 1 and isinstance(form[1], Atom):
        c.announced.add(qualified(c.space, form[1].name))


@inline("load", "loadcode")
def compile_load(c: Compiler, form: Form, destination: Destination) -> Any:
    """The space to load into is an atom that is not evaluated."""
    if len(form) != 3 or not isinstance(form[2], Atom):
        return NOT_INLINE
    space = Form([QUOTE, form[2]], form.spans[2])
    return c.compile(Form([form[0], form[1], space], form.span, form.spans), destination)


def within(space: str, forms: Form) -> Form:
    """The forms of a text to be run inside a space, which is made if it is new."""
    name = Atom(space)
    made = Form([Atom("defspace"), name], forms.span)
    spans = [forms.span, forms.span, *forms.spans]
    return Form([made, Form([Atom("space"), name, *forms], forms.span, spans)], forms.span)


def space_name(form: Any) -> str:
    """The name of a space as `use` takes it, quoted or not; empty when there is none."""
    if is_list(form) and len(form) == 2 and form[0] is QUOTE:
        form = form[1]
    return form.name if isinstance(form, Atom) else ""
