"""`defpred` and `defprol`: functions of clauses whose instructions are tests, with backtracking.

A clause runs inside a `try`: a false instruction or an error ends it, and the next clause is tried with
the original arguments. The clauses are noted and ordered as for `defpat`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import Destination
from lispe_kernel.language.compiler.function_bodies import Definition
from lispe_kernel.language.compiler.parameters import DECLARATION
from lispe_kernel.language.compiler.patterns.clauses import Matcher
from lispe_kernel.language.compiler.patterns.defpat import (
    Clause,
    PatternSignature,
    add_clause,
    function_of,
    require_count,
    sizes,
)
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.scopes import Binding
from lispe_kernel.language.errors import NOWHERE, Span
from lispe_kernel.language.forms import BLOCK, QUOTE, Form, is_list
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

CUT, FAIL, RETURN = Atom("cut_"), Atom("fail_"), Atom("return")
# The list of results of a `defprol`; a blank cannot stand in a name of LispE.
RESULTS = Atom(" results")


@special("defpred", "name ([pattern...]) test...", defines="function", errors=DECLARATION)
def compile_defpred(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Add a clause to a predicate: when an instruction of the body is false or fails, the next is tried.

    The value is that of the last instruction of the clause that succeeds, nil when none does. Arguments
    are copied for each clause, except for a parameter written p@.

    Example: (defpred sized (x) (< x 9) "small") (defpred sized (x) "large") (sized 30) => large
    """
    return add_clause(c, form, destination, build_predicate)


@special("defprol", "name ([pattern...]) test...", defines="function", errors=DECLARATION)
def compile_defprol(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Add a clause to a predicate all of whose clauses are tried: the list of the values of those that hold.

    `cut_` in a body ends the search with its clause, `fail_` makes the clause fail.

    Example: (defprol by (x) (+ x 1)) (defprol by (x) (> x 9) x) (defprol by (x) (- x 1)) (by 4) => (5 3)
    """
    return add_clause(c, form, destination, build_prolog)


def build_predicate(c: Compiler, signature: PatternSignature, span: Span) -> Definition:
    """The function of a `defpred`: the value of the first clause that holds."""

    def body(clauses: list[Clause], names: list[str]) -> None:
        least, _ = sizes(clauses)
        for clause in clauses:
            _attempt(c, clause, names, least, Form(clause.form[3:], span, clause.form.spans[3:]), c.return_)
        c.return_(c.nil())

    return function_of(c, signature, span, body)


def build_prolog(c: Compiler, signature: PatternSignature, span: Span) -> Definition:
    """The function of a `defprol`: the values of all clauses that hold, up to a cut."""

    def body(clauses: list[Clause], names: list[str]) -> None:
        least, _ = sizes(clauses)
        results, cut, met = (c.name(c.function.temporary()) for _ in range(3))
        c.assign(results.id, c.call(" list"))
        c.assign(cut.id, c.constant(False))
        c.assign(met.id, c.constant(False))
        c.bindings = {**c.bindings, RESULTS.name: Binding(results.id, c.function)}
        for clause in clauses:
            _prolog_clause(c, clause, names, least, results, cut, met)
        c.return_(c.choose(met, results, c.nil()))

    return function_of(c, signature, span, body)


def _prolog_clause(
    c: Compiler,
    clause: Clause,
    names: list[str],
    least: int,
    results: ast.Name,
    cut: ast.Name,
    met: ast.Name,
) -> None:
    form = clause.form
    items = [_ending(item) for item in form[3:]]
    body = Form(items, form.span, form.spans[3:])

    def keep(value: ast.expr) -> None:
        c.evaluate(c.call(" push", results, value))

    _attempt(c, clause, names, least, body, keep, cut, met)
    if CUT in items and len(items) > 1:
        with c.nested_block() as stop:
            c.return_(results)
        c.if_(cut, stop, [])


def _ending(form: Any) -> Any:
    """A form of a `defprol` body in which `(return v)` gives what was found so far, and v is not added."""
    if not is_list(form) or not form or form[0] is QUOTE:
        return form
    if form[0] is RETURN:
        span = form.span if isinstance(form, Form) else NOWHERE
        return Form([BLOCK, *form[1:], Form([RETURN, RESULTS], span)], span)
    items = (_ending(item) for item in form)
    return Form(items, form.span, form.spans) if isinstance(form, Form) else Form(items)


def _attempt(
    c: Compiler,
    clause: Clause,
    names: list[str],
    least: int,
    body: Form,
    succeed: Callable[[ast.expr], None],
    cut: ast.Name | None = None,
    met: ast.Name | None = None,
) -> None:
    """One clause inside a `try`; `succeed(value)` writes what its success does."""
    outer = c.bindings
    c.function.tail_blocked += 1
    with c.branch(), c.nested_block() as tried:
        m = Matcher(c)
        require_count(m, clause, names, least)
        for pattern, span, name in zip(clause.patterns, clause.patterns.spans, names, strict=False):
            m.match(pattern, _argument(m, pattern, name), span)
        m.open()
        if met is not None:
            c.assign(met.id, c.constant(True))
        _tests(m, body, succeed, cut)
    c.function.tail_blocked -= 1
    c.bindings = outer
    caught = c.function.temporary()
    with c.nested_block() as failed:
        c.evaluate(c.call(" give up", c.name(caught)))
    c.try_(tried, c.name(" Exception"), caught, failed)


def _argument(m: Matcher, pattern: Any, name: str) -> ast.expr:
    """A copy of the argument, or the original for a parameter that is written `p@`."""
    if pattern is None or (isinstance(pattern, Atom) and pattern.name.endswith("@")):
        return m.c.name(name)
    if not isinstance(pattern, Atom | list):
        return m.c.name(name)
    return m.saved(m.c.call(" copy", m.c.name(name)))


def _tests(m: Matcher, body: Form, succeed: Callable[[ast.expr], None], cut: ast.Name | None) -> None:
    """The instructions one after the other while they are true."""
    c = m.c
    for index, (item, span) in enumerate(zip(body, body.spans, strict=True)):
        m.open()
        c.place = span
        if item is CUT and cut is not None:
            if len(body) > 1:
                c.assign(cut.id, c.constant(True))
            value: ast.expr = c.true()
        elif item is FAIL:
            value = c.nil()
        elif index < len(body) - 1:
            m.test(c.test(item, span))
            continue
        else:
            value = c.simple(c.value(item, span))
        m.test(c.condition(value))
    m.open()
    succeed(value)
