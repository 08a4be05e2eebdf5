"""Choices by value: `select`, `andvalue`, `switch`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import Destination, into
from lispe_kernel.language.compiler.forms.control import clause_body
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.forms import Form
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import TRUE

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


def _first_that(c: Compiler, form: Form, destination: Destination, *, wanted: bool) -> ast.expr | None:
    """Evaluate the elements until one's truth is as wanted; its value, or the last one's."""
    name = c.function.temporary()

    def from_element(index: int) -> None:
        c.compile(form[index], into(name), form.spans[index])
        if index == len(form) - 1:
            return
        condition = c.condition(c.name(name))
        with c.branch(), c.nested_block() as following:
            from_element(index + 1)
        c.if_(c.negate(condition) if wanted else condition, following, [])

    from_element(1)
    return c.deliver(c.name(name), destination)


@special("select", "form...")
def compile_select(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """The first value that is true, else the last one: 0, "" and () are skipped like nil.

    Example: (select nil 0 "" "found" "later") => found
    """
    return _first_that(c, form, destination, wanted=True)


@special("andvalue", "form form...")
def compile_andvalue(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """The first value that is false, else the last one.

    Example: (andvalue 1 nil 3) => nil
    """
    return _first_that(c, form, destination, wanted=False)


@special(
    "switch",
    "value (constant body...)...",
    errors={"(constant body...)...": "Error: wrong 'switch statement'"},
)
def compile_switch(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """The clause whose key has the text of the value; `true` is the default.

    Keys are constants: 1, "1" and 1.0 are the same key. Without a match and a default it is an error.

    Example: (switch (+ 1 1) (1 "one") (2 "two") (true "many")) => two
    """
    text = c.saved(c.call(" text", c.value(form[1], form.spans[1])))
    inner, name = c.through(destination)
    _cases(c, form, 2, text, inner)
    return c.result(name)


def _cases(c: Compiler, form: Form, index: int, text: ast.expr, destination: Destination) -> None:
    if index >= len(form):
        c.raise_(c.call(" unknown switch key", text))
        return
    clause: Any = form[index]
    placed = clause if isinstance(clause, Form) else Form(clause, form.spans[index])
    if placed[0] is TRUE:
        clause_body(c, placed, destination)
        return
    with c.branch() as first, c.nested_block() as then:
        clause_body(c, placed, destination)
    with c.branch() as second, c.nested_block() as otherwise:
        _cases(c, form, index + 1, text, destination)
    c.definite |= first & second
    c.if_(c.compare(text, [ast.Eq()], [c.constant(to_text(placed[0]))]), then, otherwise)
