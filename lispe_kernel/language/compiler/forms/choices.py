"""Choices by value: `select`, `andvalue`, `switch`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.forms.control import chain, clause_body
from lispe_kernel.language.compiler.statements import Raise
from lispe_kernel.language.compiler.tree import Block, Global, If, Logic, Node, Python
from lispe_kernel.language.forms import Form
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import TRUE

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


def _first_that(r: Resolver, form: Form, test: Callable[[Node], Node]) -> Node:
    """Evaluate the elements until one passes a test; its value, or the last one's."""
    *others, last = r.arguments(form)
    found = last
    for node in reversed(others):
        kept = r.temporary()
        bound, read = r.bind(kept, node), r.read(kept)
        found = Block(r.place, [bound, If(r.place, test(r.read(kept)), read, found)])
    return found


@special("select", "form...")
def resolve_select(r: Resolver, form: Form) -> Node:
    """The first value that is not nil, else the last one.

    Example: (select (find "abc" "z") nil "found" "later") => found
    Example: (select nil 0 5) => 0
    """
    return _first_that(r, form, lambda value: Python(r.place, "is not", value, r.nil()))


@special("andvalue", "form form...")
def resolve_andvalue(r: Resolver, form: Form) -> Node:
    """The first value that is false, else the last one.

    Example: (andvalue 1 nil 3) => nil
    """
    return _first_that(r, form, lambda value: Logic(r.place, "not", [value]))


@special(
    "switch",
    "value (constant body...)...",
    errors={"(constant body...)...": "Error: wrong 'switch statement'"},
)
def resolve_switch(r: Resolver, form: Form) -> Node:
    """The clause whose key has the text of the value; `true` is the default.

    Keys are constants: 1, "1" and 1.0 are the same key. Without a match and a default it is an error.

    Example: (switch (+ 1 1) (1 "one") (2 "two") (true "many")) => two
    """
    value, text = r.temporary(), r.temporary()
    opening = [r.bind(value, r.node(form[1], form.spans[1]))]
    is_text = Python(r.place, "is", Python(r.place, " type", r.read(value)), Global(r.place, " str"))
    as_text = r.helper(" text", r.read(value), kind="text")
    opening.append(r.bind(text, If(r.place, is_text, r.read(value), as_text)))
    clauses: list[tuple[Node | None, Node]] = []
    for index in range(2, len(form)):
        clause: Form = form[index]
        if clause[0] is TRUE:
            clauses.append((None, clause_body(r, clause)))
            break
        test = Python(r.place, "==", r.read(text), r.constant(to_text(clause[0])))
        clauses.append((test, clause_body(r, clause)))
    unknown = Raise(r.place, r.helper(" unknown switch key", r.read(text)))
    return Block(r.place, [*opening, chain(r, clauses, unknown)])
