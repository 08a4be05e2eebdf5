"""`defpat`: a function of clauses, each chosen by the patterns of its parameters.

The clauses of a name become one Python function, built when the text that gave them has been read. What
a session knows of the clauses lies in the function's signature, so that another text can add to them; a
clause whose pattern an earlier text gave already takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.forms.definitions import DECLARATION, Definition, defined_name
from lispe_kernel.language.compiler.patterns.clauses import Matcher, literal_type, type_test
from lispe_kernel.language.compiler.patterns.guards import is_guard
from lispe_kernel.language.compiler.statements import Raise, Return, ToVariable
from lispe_kernel.language.compiler.tree import Block, Global, If, Logic, Node, Python
from lispe_kernel.language.compiler.variables import Function, Signature, Variable, python_name
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import QUOTE, Form, as_data, is_list
from lispe_kernel.language.made import record_of
from lispe_kernel.language.printer import is_type_atom
from lispe_kernel.language.source import Source
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.records import RecordGroup

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


@dataclass(frozen=True, eq=False)
class Clause:
    """One `defpat`: its form and the text it stands in."""

    form: Form
    source: Source

    @property
    def patterns(self) -> Form:
        found: Form = self.form[2]
        return found


@dataclass(frozen=True)
class PatternSignature(Signature):
    """The signature of a function of clauses: any number of arguments, and the clauses in order."""

    kind: str = "defpat"
    clauses: tuple[Clause, ...] = ()


@special("defpat", "name ([pattern...]) body...", defines="function", errors=DECLARATION)
def resolve_defpat(r: Resolver, form: Form) -> Node:
    """Add a clause to a function whose clauses are chosen by their patterns.

    A pattern is a variable, `_` (nil and true too) for anything, a constant, 'atom (also 'nil),
    [type_ pattern], a guard such as (< x 0), a list (a b $ rest), a dictionary {key:value}, a set, a record
    [Name x...] or an instance [Class x...]. Clauses whose first parameter tells the type are tried first.
    Giving the same patterns again in a later text replaces the clause.

    Example: (defpat size_of ([]) 0) (defpat size_of ((a $ b)) (+ 1 (size_of b))) (size_of '(1 2 3)) => 3
    """
    return add_clause(r, form, _alternatives)


# The body of the function, given its clauses in order and its parameters.
Body = Callable[["Resolver", list[Clause], list[Variable], str], Node]


def add_clause(r: Resolver, form: Form, body: Body) -> Node:
    """Note a clause; the function is built at the end of the text."""
    name, kind = defined_name(r, form), form[0].name
    known = r.signature(name)
    old = known.clauses if isinstance(known, PatternSignature) and known.kind == kind else ()
    signature = PatternSignature(
        name,
        ("argument...",),
        rest=True,
        mismatch=f"Error: Could not find a match for function: '{name}'",
        kind=kind,
        clauses=_with_clause(old, Clause(form, r.source)),
    )
    r.signatures[name] = signature
    span, space = r.place, r.space

    def finish() -> Definition | None:
        last = r.signatures[name]
        if not isinstance(last, PatternSignature):
            # The text gave the name another meaning later.
            return None
        r.space = space
        try:
            return _definition(r, last, span, body)
        finally:
            r.space = ""

    r.finishers[name] = finish
    return Global(r.place, python_name(name))


def _with_clause(clauses: tuple[Clause, ...], new: Clause) -> tuple[Clause, ...]:
    """The clauses with one more, or with the one that it replaces: the same patterns in an earlier text."""
    for index, old in enumerate(clauses):
        if old.source is not new.source and as_data(old.patterns) == as_data(new.patterns):
            return (*clauses[:index], new, *clauses[index + 1 :])
    return (*clauses, new)


# -- the order of the clauses -------------------------------------------------------------------------

# Types that no other pattern than a variable or a guard can match: their clauses share one test.
_SCALARS = ("integer_", "number_", "string_")


def first_type(clause: Clause) -> str | None:
    """The scalar type that the first parameter requires, if it does."""
    first = clause.patterns[0] if clause.patterns else None
    if is_list(first) and first and isinstance(first[0], Atom):
        return first[0].name if first[0].name in _SCALARS else None
    kind = literal_type(first)
    # A text written in a pattern matches byte strings too: it requires no type.
    return kind if kind in _SCALARS and kind != "string_" else None


def is_keyed(r: Resolver, clause: Clause) -> bool:
    """Whether the first parameter gives a key: such clauses are tried before all others."""
    at = clause.patterns[0] if clause.patterns else None
    while is_list(at) and at:
        head = at[0]
        if head is QUOTE:
            return isinstance(at[1], Atom)
        if isinstance(head, Atom):
            found = r.declared(head.name)
            known = record_of(found) is not None or hasattr(found, "lispe_fields")
            return (
                known or isinstance(found, RecordGroup) or (is_type_atom(head.name) and not is_guard(r, at))
            )
        at = head
    return at is not None and at is not TRUE and not isinstance(at, (Atom, list))


def in_order(r: Resolver, clauses: tuple[Clause, ...]) -> list[Clause]:
    """Clauses with a key first, then the others, each in the order of definition."""
    keyed = [clause for clause in clauses if is_keyed(r, clause)]
    return keyed + [clause for clause in clauses if clause not in keyed]


# -- the function -------------------------------------------------------------------------------------


def placed(clause: Clause, source: Source, span: Span) -> Clause:
    """The clause with its own places, or, when it stands in another text, all at the place given."""
    if clause.source is source:
        return clause
    return replace(clause, form=_at(clause.form, span))


def _at(form: Any, span: Span) -> Any:
    return Form((_at(item, span) for item in form), span) if is_list(form) else form


def sizes(clauses: list[Clause]) -> tuple[int, int]:
    """The smallest and the largest number of parameters."""
    found = [len(clause.patterns) for clause in clauses]
    return min(found), max(found)


def _hint(clauses: list[Clause], index: int) -> str:
    for clause in clauses:
        item: Any = clause.patterns[index] if index < len(clause.patterns) else None
        if is_list(item) and len(item) == 2 and item[0] is not QUOTE:
            item = item[1]
        if isinstance(item, Atom) and item is not TRUE:
            return item.name
    return "argument"


def _definition(r: Resolver, signature: PatternSignature, span: Span, body: Body) -> Definition:
    """The function of some clauses."""
    clauses = [placed(clause, r.source, span) for clause in in_order(r, signature.clauses)]
    function = Function("defun", signature.name, span)
    least, most = sizes(clauses)
    r.place = span
    with r.inside(function):
        for index in range(most):
            variable = r.binding(_hint(clauses, index))
            variable.parameter = True
            function.parameters.append(variable)
            if index >= least:
                function.defaults[variable] = Global(span, " unset")
        function.body = body(r, clauses, function.parameters, signature.name)
    forms = [as_data(clause.form) for clause in signature.clauses]
    source = forms[0] if len(forms) == 1 else List(forms)
    return Definition(signature.name, function, signature, source, "")


def require_count(m: Matcher, clause: Clause, parameters: list[Variable], least: int) -> None:
    """Where clauses differ in size, test how many arguments there are."""
    r, count = m.r, len(clause.patterns)

    def is_unset(parameter: Variable) -> Node:
        return Python(r.place, "is", m.read(parameter), Global(r.place, " unset"))

    if count > least:
        m.test(Logic(r.place, "not", [is_unset(parameters[count - 1])]))
    if count < len(parameters):
        m.test(is_unset(parameters[count]))


def _alternatives(r: Resolver, clauses: list[Clause], parameters: list[Variable], name: str) -> Node:
    """Every clause is tried in turn, the first that matches runs."""
    least, _ = sizes(clauses)
    nodes: list[Node] = []
    # A text that is written out requires no type: clauses for texts keep their places around it.
    written = any(isinstance(clause.patterns[0], str) for clause in clauses if clause.patterns)
    kinds = [None if written and kind == "string_" else kind for kind in map(first_type, clauses)]
    for kind in dict.fromkeys(filter(None, kinds)):
        # The clauses whose first argument must have one scalar type, under one test of it.
        group = [clause for clause, its in zip(clauses, kinds, strict=True) if its == kind]
        tried = [_clause(r, clause, parameters, least, kind) for clause in group]
        test = type_test(r, kind, r.read(parameters[0]))
        nodes.append(If(r.place, test, Block(r.place, tried), r.nil()))
    others = [clause for clause, kind in zip(clauses, kinds, strict=True) if kind is None]
    nodes += [_clause(r, clause, parameters, least) for clause in others]
    nodes.append(Raise(r.place, r.helper(" no match", r.constant(name))))
    return Block(r.place, nodes)


def _clause(
    r: Resolver, clause: Clause, parameters: list[Variable], least: int, kind: str | None = None
) -> Node:
    """One clause: its tests, then its body, which returns."""
    outer, m = r.scope, Matcher(r)
    if kind is not None:
        m.types[parameters[0]] = kind
    try:
        require_count(m, clause, parameters, least)
        for pattern, span, parameter in zip(clause.patterns, clause.patterns.spans, parameters, strict=False):
            m.match(pattern, r.read(parameter), span)
        return m.around(Return(r.place, r.sequence(clause.form, 3)))
    finally:
        r.scope = outer


# -- beside functions ---------------------------------------------------------------------------------


@special("pattern@", "pattern value")
def resolve_pattern(r: Resolver, form: Form) -> Node:
    """Match one pattern against a value: true, with its variables assigned as by setq, or nil.

    Example: (pattern@ (a $ b) '(1 2 3)) (list a b) => (1 (2 3))
    """
    value, answer, outer = r.temporary(), r.binding("answer"), r.scope
    opening = [r.bind(value, r.node(form[2], form.spans[2])), r.bind(answer, r.nil())]
    m = Matcher(r)
    m.match(form[1], r.read(value), form.spans[1])
    r.scope = outer
    stored = [r.assign(r.target(name), r.read(variable)) for name, variable in m.names.items()]
    r.function.uses(answer, writes=True)
    matched = m.around(Block(r.place, [*stored, r.assign(ToVariable(answer), r.true())]))
    return Block(r.place, [*opening, matched, r.read(answer)])
