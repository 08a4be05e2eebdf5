"""`defpat`: a function of clauses, each chosen by the patterns of its parameters.

The clauses of a name become one Python function, built when the text that gave them has been read. What
a session knows of the clauses lies in the function's signature, so that another text can add to them; a
clause whose pattern an earlier text gave already takes its place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, TAIL, VALUE, Destination
from lispe_kernel.language.compiler.emit import UNSET
from lispe_kernel.language.compiler.function_bodies import Definition, new_function
from lispe_kernel.language.compiler.parameters import DECLARATION
from lispe_kernel.language.compiler.patterns.clauses import Matcher, literal_type
from lispe_kernel.language.compiler.patterns.guards import is_guard
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.scopes import PythonFunction, Signature, python_name
from lispe_kernel.language.compiler.settling import settle
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import QUOTE, Form, as_data, is_list
from lispe_kernel.language.printer import is_type_atom
from lispe_kernel.language.source import Source
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.records import RecordGroup

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

    Build = Callable[["Compiler", "PatternSignature", Span], Definition]


@dataclass(frozen=True, eq=False)
class Clause:
    """One `defpat`: its form and the text it stands in."""

    form: Form
    source: Source

    @property
    def patterns(self) -> Form:
        found = self.form[2]
        return found if isinstance(found, Form) else Form(found, self.form.span)


@dataclass(frozen=True)
class PatternSignature(Signature):
    """The signature of a function of clauses: any number of arguments, and the clauses in order."""

    kind: str = "defpat"
    clauses: tuple[Clause, ...] = ()


@special("defpat", "name ([pattern...]) body...", defines="function", errors=DECLARATION)
def compile_defpat(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Add a clause to a function whose clauses are chosen by their patterns.

    A pattern is a variable, `_`, a constant, 'atom, [type_ pattern], a guard such as (< x 0), a list
    (a b $ rest), a dictionary {key:value}, a set, a record [Name x...] or an instance [Class x...]. Clauses
    whose first parameter tells the type are tried first. Giving the same patterns again in a later text
    replaces the clause.

    Example: (defpat size_of ([]) 0) (defpat size_of ((a $ b)) (+ 1 (size_of b))) (size_of '(1 2 3)) => 3
    """
    return add_clause(c, form, destination, build)


def add_clause(c: Compiler, form: Form, destination: Destination, build: Build) -> ast.expr | None:
    """Note a clause; the function is built at the end of the text."""
    name, kind = c.new_name(form[1], form.spans[1]), form[0].name
    name = f"{c.space} {name}" if c.space else name
    known = c.signatures.get(name) or c.context.signature(name)
    old = known.clauses if isinstance(known, PatternSignature) and known.kind == kind else ()
    signature = PatternSignature(
        name,
        ("argument...",),
        rest=True,
        mismatch=f"Error: Could not find a match for function: '{name}'",
        kind=kind,
        clauses=_with_clause(old, Clause(form, c.source)),
    )
    c.signatures[name] = signature
    span, space = c.place, c.space

    def finish() -> Definition:
        c.space = space
        try:
            return build(c, c.signatures[name], span)  # type: ignore[arg-type]
        finally:
            c.space = ""

    c.finishers[name] = finish
    if destination is VALUE:
        return c.name(python_name(name))
    return None if destination is EFFECT else c.deliver(c.name(python_name(name)), destination)


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
    return kind if kind in _SCALARS else None


def is_keyed(c: Compiler, clause: Clause) -> bool:
    """Whether the first parameter gives a key: such clauses are tried before all others."""
    at = clause.patterns[0] if clause.patterns else None
    while is_list(at) and at:
        head = at[0]
        if head is QUOTE:
            return isinstance(at[1], Atom)
        if isinstance(head, Atom):
            found = c.declared(head.name)
            known = hasattr(found, "lispe_record") or hasattr(found, "lispe_fields")
            return (
                known or isinstance(found, RecordGroup) or (is_type_atom(head.name) and not is_guard(c, at))
            )
        at = head
    return at is not None and at is not TRUE and not isinstance(at, Atom | list)


def in_order(c: Compiler, clauses: tuple[Clause, ...]) -> list[Clause]:
    """Clauses with a key first, then the others, each in the order of definition."""
    keyed = [clause for clause in clauses if is_keyed(c, clause)]
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


def parameter_names(c: Compiler, clauses: list[Clause]) -> list[str]:
    """Python names for the parameters, after the first variable that a clause gives to each."""
    _, most = sizes(clauses)
    return [c.function.rename(_hint(clauses, index)) for index in range(most)]


def _hint(clauses: list[Clause], index: int) -> str:
    for clause in clauses:
        item: Any = clause.patterns[index] if index < len(clause.patterns) else None
        if is_list(item) and len(item) == 2 and item[0] is not QUOTE:
            item = item[1]
        if isinstance(item, Atom) and item is not TRUE:
            return item.name
    return "argument"


def function_of(
    c: Compiler, signature: PatternSignature, span: Span, body: Callable[[list[Clause], list[str]], None]
) -> Definition:
    """The Python function whose statements `body(clauses, parameters)` compiles."""
    clauses = [placed(clause, c.source, span) for clause in in_order(c, signature.clauses)]
    function = PythonFunction("defun", signature.name)
    least, _ = sizes(clauses)
    c.place = span
    with new_function(c, function), c.nested_block() as statements:
        names = parameter_names(c, clauses)
        function.parameters = names
        function.optional = {name: lambda: c.name(UNSET) for name in names[least:]}
        body(clauses, names)
        if function.loops:
            with c.nested_block() as looped:
                c.while_(c.constant(True), statements)
            statements = looped
        statements = settle(c, function, statements)
    defaults: list[ast.expr] = [c.name(UNSET) for _ in names[least:]]
    arguments = ast.arguments([], [c.argument(n) for n in names], None, [], [], None, defaults)
    place = {"lineno": span.line, "col_offset": span.column}
    place |= {"end_lineno": span.end_line, "end_col_offset": span.end_column}
    tree = c.function_definition(signature.name, arguments, [*function.declarations(place), *statements])
    forms = [as_data(clause.form) for clause in signature.clauses]
    source = forms[0] if len(forms) == 1 else List(forms)
    return Definition(signature.name, tree, signature, source, "")


def require_count(m: Matcher, clause: Clause, names: list[str], least: int) -> None:
    """Where clauses differ in size, test how many arguments there are."""
    c, count = m.c, len(clause.patterns)
    if count > least:
        m.test(c.negate(c.is_unset(c.name(names[count - 1]))))
    if count < len(names):
        m.test(c.is_unset(c.name(names[count])))


def build(c: Compiler, signature: PatternSignature, span: Span) -> Definition:
    """The function of a `defpat`: every clause is tried in turn, the first that matches runs."""

    def body(clauses: list[Clause], names: list[str]) -> None:
        least, _ = sizes(clauses)
        for kind in dict.fromkeys(filter(None, map(first_type, clauses))):
            group = [clause for clause in clauses if first_type(clause) == kind]
            _group(c, kind, group, names, least)
        for clause in clauses:
            if first_type(clause) is None:
                compile_clause(c, clause, Matcher(c), names, least)
        c.raise_(c.call(" no match", c.constant(signature.name)))

    return function_of(c, signature, span, body)


def _group(c: Compiler, kind: str, clauses: list[Clause], names: list[str], least: int) -> None:
    """The clauses whose first argument must have one scalar type, under one test of it."""
    with c.branch(), c.nested_block() as tested:
        m = Matcher(c)
        m.require(kind, c.name(names[0]))
        m.open()
        for clause in clauses:
            inner = Matcher(c)
            inner.types[names[0]] = kind
            compile_clause(c, clause, inner, names, least)
    c.block.extend(tested)


def compile_clause(c: Compiler, clause: Clause, m: Matcher, names: list[str], least: int) -> None:
    """One clause: its tests, then its body, which returns."""
    outer = c.bindings
    with c.branch(), c.nested_block() as statements:
        require_count(m, clause, names, least)
        for pattern, span, name in zip(clause.patterns, clause.patterns.spans, names, strict=False):
            m.match(pattern, c.name(name), span)
        m.open()
        c.sequence(clause.form, 3, TAIL)
    c.bindings = outer
    c.block.extend(statements)


# -- beside functions ---------------------------------------------------------------------------------


@special("pattern@", "pattern value", sets_anywhere=True)
def compile_pattern(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Match one pattern against a value: true, with its variables assigned as by setq, or nil.

    Example: (pattern@ (a $ b) '(1 2 3)) (list a b) => (1 (2 3))
    """
    value = c.saved(c.value(form[2], form.spans[2]))
    assert isinstance(value, ast.Name)
    answer, outer = c.function.temporary(), c.bindings
    c.assign(answer, c.nil())
    with c.branch(), c.nested_block() as statements:
        m = Matcher(c)
        m.match(form[1], value, form.spans[1])
        m.open()
        c.bindings = outer
        for name, python in m.names.items():
            c.assign(c.target(name), c.name(python))
        c.assign(answer, c.true())
    c.block.extend(statements)
    c.forget_assigned(Form([form]))
    return c.deliver(c.name(answer), destination)
