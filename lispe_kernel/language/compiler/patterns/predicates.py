"""`defpred` and `defprol`: functions of clauses whose instructions are tests, with backtracking.

A clause is protected: a false instruction or an error ends it, and the next clause is tried with the
original arguments. The clauses are noted and ordered as for `defpat`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.forms.definitions import DECLARATION
from lispe_kernel.language.compiler.patterns.clauses import Matcher
from lispe_kernel.language.compiler.patterns.defpat import Clause, add_clause, require_count, sizes
from lispe_kernel.language.compiler.statements import Forget, Protect, Return, ToVariable
from lispe_kernel.language.compiler.tree import Block, If, Node
from lispe_kernel.language.compiler.variables import Variable
from lispe_kernel.language.forms import BLOCK, QUOTE, Form, is_list
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

CUT, FAIL, RETURN = Atom("cut_"), Atom("fail_"), Atom("return")
# The list of results of a `defprol`; a blank cannot stand in a name of LispE.
RESULTS = Atom(" results")


@special("defpred", "name ([pattern...]) test...", defines="function", errors=DECLARATION)
def resolve_defpred(r: Resolver, form: Form) -> Node:
    """Add a clause to a predicate: when an instruction of the body is false or fails, the next is tried.

    The value is that of the last instruction of the clause that succeeds, nil when none does. Arguments
    are copied for each clause, except for a parameter written p@.

    Example: (defpred sized (x) (< x 9) "small") (defpred sized (x) "large") (sized 30) => large
    """
    return add_clause(r, form, _first_that_holds)


@special("defprol", "name ([pattern...]) test...", defines="function", errors=DECLARATION)
def resolve_defprol(r: Resolver, form: Form) -> Node:
    """Add a clause to a predicate all of whose clauses are tried: the list of the values of those that hold.

    `cut_` in a body ends the search with its clause, `fail_` makes the clause fail.

    Example: (defprol by (x) (+ x 1)) (defprol by (x) (> x 9) x) (defprol by (x) (- x 1)) (by 4) => (5 3)
    """
    return add_clause(r, form, _all_that_hold)


def _first_that_holds(r: Resolver, clauses: list[Clause], parameters: list[Variable], _name: str) -> Node:
    """The value of the first clause that holds."""
    least, _ = sizes(clauses)
    nodes = []
    for clause in clauses:
        body = Form(clause.form[3:], r.place, clause.form.spans[3:])
        nodes.append(_attempt(r, clause, parameters, least, body, lambda value: Return(r.place, value)))
    return Block(r.place, [*nodes, r.nil()])


def _all_that_hold(r: Resolver, clauses: list[Clause], parameters: list[Variable], _name: str) -> Node:
    """The values of all clauses that hold, up to a cut."""
    least, _ = sizes(clauses)
    results, cut, met = r.temporary(), r.binding("cut"), r.binding("met")
    nodes = [r.bind(results, r.helper(" list")), r.bind(cut, r.nil()), r.bind(met, r.nil())]
    with r.scoped({RESULTS.name: results}):
        for clause in clauses:
            form = clause.form
            items = [_ending(item) for item in form[3:]]
            body = Form(items, form.span, form.spans[3:])

            def keep(value: Node) -> Node:
                return r.helper(" push", r.read(results), value)

            nodes.append(_attempt(r, clause, parameters, least, body, keep, cut, met))
            if CUT in items and len(items) > 1:
                nodes.append(If(r.place, r.read(cut), Return(r.place, r.read(results)), r.nil()))
    return Block(r.place, [*nodes, If(r.place, r.read(met), r.read(results), r.nil())])


def _ending(form: Any) -> Any:
    """A form of a `defprol` body in which `(return v)` gives what was found so far, and v is not added."""
    if not is_list(form) or not form or form[0] is QUOTE:
        return form
    if form[0] is RETURN:
        return form.made(BLOCK, *form[1:], form.made(RETURN, RESULTS))
    return Form((_ending(item) for item in form), form.span, form.spans)


def _set(r: Resolver, variable: Variable) -> Node:
    r.function.uses(variable, writes=True)
    return r.assign(ToVariable(variable), r.true())


def _attempt(
    r: Resolver,
    clause: Clause,
    parameters: list[Variable],
    least: int,
    body: Form,
    succeed: Callable[[Node], Node],
    cut: Variable | None = None,
    met: Variable | None = None,
) -> Node:
    """One protected clause; `succeed(value)` is what its success does."""
    outer, m = r.scope, Matcher(r)
    m.do(Forget(r.place, r.function))
    try:
        require_count(m, clause, parameters, least)
        for pattern, span, parameter in zip(clause.patterns, clause.patterns.spans, parameters, strict=False):
            m.match(pattern, _argument(m, pattern, parameter), span)
        if met is not None:
            m.do(_set(r, met))
        value = _tests(m, body, cut)
        tried = m.around(succeed(value))
    finally:
        r.scope = outer
    caught = r.temporary()
    return Protect(r.place, tried, caught, r.helper(" give up", r.read(caught)))


def _argument(m: Matcher, pattern: Any, parameter: Variable) -> Node:
    """A copy of the argument, or the original for a parameter that is written `p@`.

    In a variable of the clause: what the clause assigns is not what the next one starts from.
    """
    argument = m.read(parameter)
    if not isinstance(pattern, (Atom, list)):
        return argument
    kept = isinstance(pattern, Atom) and pattern.name.endswith("@")
    return m.read(m.assign(argument if kept else m.r.helper(" copy", argument)))


def _tests(m: Matcher, body: Form, cut: Variable | None) -> Node:
    """The instructions one after the other while they are true; what the last one gives."""
    r = m.r
    value: Node = r.true()
    for index, (item, span) in enumerate(zip(body, body.spans, strict=True)):
        r.place = span
        if item is CUT and cut is not None:
            if len(body) > 1:
                m.do(_set(r, cut))
            value = r.true()
        elif item is FAIL:
            value = r.nil()
            m.test(value)
        elif index < len(body) - 1:
            m.test(r.node(item, span))
        else:
            kept = m.assign(r.node(item, span))
            value = m.read(kept)
            m.test(m.read(kept))
    return value
