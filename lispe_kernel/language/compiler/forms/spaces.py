"""Name spaces: `defspace`, `space`, and functions loaded into one.

A function of a space is a global whose name is the space's, a blank and its own, so that no program can
write it; where a space is current, names of functions are looked for in it first. Spaces hold functions,
never variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.forms.threads import threadspace
from lispe_kernel.language.compiler.inlines import syntax
from lispe_kernel.language.compiler.tree import Block, Call, Global, Node
from lispe_kernel.language.forms import QUOTE, Form, is_list
from lispe_kernel.language.special_forms import is_definition, special
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

MAIN, THREAD = "mainspace_", "thread"


@special(
    "defspace", "name [definition...]", defines="space", errors={"name": "Error: a name space needs a name"}
)
def resolve_defspace(r: Resolver, form: Form) -> Node:
    """Define functions in a name space; a second defspace of the same name adds to it.

    Example: (defspace metric (defun unit () "metre")) (space metric (unit)) => metre
    """
    name = form[1].name
    if name == THREAD:
        raise r.error("Error: 'thread' is a reserved space name", form.spans[1])
    r.declare(_mark(name), TRUE)
    with in_space(r, "" if name == MAIN else name):
        for item in form[2:]:
            _announce(r, item)
        return Block(r.place, [r.sequence(form, 2), r.true()])


@special("space", "name [form...]", result=(-1,))
def resolve_space(r: Resolver, form: Form) -> Node:
    """Evaluate the forms with the functions of a name space; `mainspace_` is the main one.

    Example: (defspace old (defun unit () "foot")) (defun unit () "metre") (space old (unit)) => foot
    """
    name = form[1].name
    if name == THREAD:
        return threadspace(r, form, 2)
    if name != MAIN and not (_mark(name) in r.declarations or r.context.defined(_mark(name))):
        raise r.unknown(f"Error: Unknown space: '{name}'", form.spans[1])
    with in_space(r, "" if name == MAIN else name):
        for item in form[2:]:
            _announce(r, item)
        return r.sequence(form, 2)


def _mark(name: str) -> str:
    """The global that says that a space exists."""
    return f" space {name}"


@contextmanager
def in_space(r: Resolver, name: str) -> Iterator[None]:
    """Compile with another space current."""
    outer, r.space = r.space, name
    try:
        yield
    finally:
        r.space = outer


def _announce(r: Resolver, form: Any) -> None:
    """A function of the space may be called before its definition."""
    if is_definition(form, "function") and len(form) > 1 and isinstance(form[1], Atom):
        r.announced.add(qualified(r.space, form[1].name))


def qualified(space: str, name: str) -> str:
    """The global name of a function of a space."""
    return f"{space} {name}" if space else name


@syntax("load", "loadcode")
def read_load(r: Resolver, form: Form) -> Node | None:
    """The space to load into is an atom that is not evaluated."""
    if len(form) != 3 or not isinstance(form[2], Atom):
        return None
    path = r.node(form[1], form.spans[1])
    return Call(r.place, Global(r.place, form[0].name), [path, r.constant(form[2])])


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
