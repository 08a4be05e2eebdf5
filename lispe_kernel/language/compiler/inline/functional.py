"""The functional family with the function written in place: Python loops instead of calls of a lambda.

`(maplist (λ (x) (* x 2)) l)` becomes a comprehension, or a loop when the body needs statements; the
parameter is a fresh variable, as in `let`. A body that could keep the variable (another lambda), leave the
lambda (`return`) or call it (`self`) is compiled as a real lambda, through the ordinary call.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import Destination
from lispe_kernel.language.compiler.kinds import may_assign
from lispe_kernel.language.compiler.registry import NOT_INLINE, inline, special, special_forms
from lispe_kernel.language.forms import LAMBDA, QUOTE, Form, head, is_list
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

MAP = Atom("map")


@dataclass(frozen=True)
class InPlace:
    """A lambda that can be written as a loop: its parameters and its form."""

    names: tuple[str, ...]
    form: Form


def lambda_in_place(c: Compiler, form: Any, count: int) -> InPlace | None:
    """The lambda of `count` plain parameters that a form writes, if its body can stand in a loop."""
    if not isinstance(form, Form) or head(form) is not LAMBDA or len(form) < 3 or not is_list(form[1]):
        return None
    names = form[1]
    if len(names) != count or not all(isinstance(n, Atom) and n is not TRUE for n in names):
        return None
    texts = tuple(n.name for n in names)
    if len(set(texts)) != count or any(c.is_keyword(text) for text in texts) or not _is_safe(c, form[2:]):
        return None
    return InPlace(texts, form)


def _is_safe(c: Compiler, body: list[Any]) -> bool:
    pending: list[Any] = list(body)
    while pending:
        item = pending.pop()
        if not is_list(item) or not item or item[0] is QUOTE:
            continue
        name = head(item)
        found = special_forms.get(name.name) if name is not None else None
        if found is not None and (found.needs_function or found.defines):
            return False
        if name is not None and (name.name in c.macros or name.name in c.context.macros):
            return False
        pending.extend(item)
    return True


def _element_lambda(c: Compiler, form: Any, *, kept: bool) -> InPlace | None:
    """A lambda of one element; one that assigns its parameter cannot stand where the element is kept."""
    found = lambda_in_place(c, form, 1)
    if found is not None and kept and may_assign(form[2:], found.names[0], (c.macros, c.context.macros)):
        return None
    return found


def _variables(c: Compiler, function: InPlace) -> dict[str, str]:
    return {name: c.function.rename(name) for name in function.names}


def _target(c: Compiler, name: str) -> ast.expr:
    return ast.copy_location(ast.Name(name, ast.Store()), c.nil())


def _body(c: Compiler, function: InPlace, *, as_test: bool) -> ast.expr:
    """The lambda's body as an expression; with `as_test` as a Python condition."""
    form = function.form
    for index in range(2, len(form) - 1):
        c.effect(form[index], form.spans[index])
    if as_test:
        return c.test(form[-1], form.spans[-1])
    return c.value(form[-1], form.spans[-1])


def _collected(
    c: Compiler, function: InPlace, source: ast.expr, part: Callable[[ast.expr, ast.expr], Any], *, test: bool
) -> tuple[ast.expr, str]:
    """The elements of a loop over a source as a Python list, and what is known of their kind.

    `part(body, element)` gives the value to collect and the condition for it, or None.
    """
    names = _variables(c, function)
    (variable,) = names.values()
    c.forget_assigned(function.form)
    c.function.tail_blocked += 1
    with c.bound(names), c.branch(), c.nested_block() as statements:
        if c.kind(source) == "numbers":
            c.assume(variable, "number")
        body = _body(c, function, as_test=test)
        value, condition = part(body, c.name(variable))
    c.function.tail_blocked -= 1
    kind = c.kind(value)
    if not statements:
        loop = ast.comprehension(_target(c, variable), source, [condition] if condition else [], 0)
        return ast.copy_location(ast.ListComp(value, [loop]), c.nil()), kind
    found = c.function.temporary()
    c.assign(found, ast.copy_location(ast.List([], ast.Load()), c.nil()))
    append = ast.copy_location(ast.Attribute(c.name(found), "append", ast.Load()), c.nil())
    with c.nested_block() as adding:
        c.evaluate(c.call(append, value))
    if condition is not None:
        with c.nested_block() as conditional:
            c.if_(condition, adding, [])
        adding = conditional
    c.for_(_target(c, variable), source, [*statements, *adding])
    return c.name(found), kind


def _mapped(body: ast.expr, element: ast.expr) -> tuple[ast.expr, None]:
    return body, None


def _kept(body: ast.expr, element: ast.expr) -> tuple[ast.expr, ast.expr]:
    return element, body


def _source(c: Compiler, container: ast.expr, name: str) -> ast.expr:
    """What a loop over any container goes through: a list as it is. Known numbers have number elements."""
    elements = c.call(" elements", container, c.constant(name), c.constant(2))
    if c.kind(container) == "numbers":
        return c.known(elements, "numbers")
    return container if c.kind(container) == "list" else c.choose(_is_list(c, container), container, elements)


def _is_list(c: Compiler, value: ast.expr) -> ast.expr:
    return c.compare(c.call(" type", value), [ast.Is()], [c.name(" List")])


def _numbered(c: Compiler, values: ast.expr, kind: str, function: InPlace) -> ast.expr:
    """The list of answers as 1 and 0 where it can hold answers at all."""
    return (
        values if kind in ("number", "text", "solid") else c.call(" bits", values, c.constant(function.form))
    )


@inline("⍳", "⍳0")
def compile_iota(c: Compiler, form: Form, destination: Destination) -> Any:
    """One list of numbers, known as such to what goes through it."""
    if len(form) != 2:
        return NOT_INLINE
    made = c.call(form[0].name, c.value(form[1], form.spans[1]))
    return c.deliver(c.known(made, "numbers"), destination)


@inline("↑↑", "mapcar")
def compile_maplist(c: Compiler, form: Form, destination: Destination) -> Any:
    """A map over a container, typed after its values or generic."""
    function = lambda_in_place(c, form[1], 1) if len(form) == 3 else None
    if function is None:
        return NOT_INLINE
    name = "maplist" if form[0].name != "mapcar" else "mapcar"
    container = c.simple(c.value(form[2], form.spans[2]))
    values, kind = _collected(c, function, _source(c, container, name), _mapped, test=False)
    if name == "maplist":
        made: ast.expr = c.call(" typed", values, c.constant(function.form))
    else:
        made = c.known(c.call(" list", _numbered(c, values, kind, function)), "list")
    return c.deliver(made, destination)


@inline("filterlist", "filtercar")
def compile_filterlist(c: Compiler, form: Form, destination: Destination) -> Any:
    """The elements that satisfy a lambda, in a container of the same kind or a generic list."""
    function = _element_lambda(c, form[1], kept=True) if len(form) == 3 else None
    if function is None:
        return NOT_INLINE
    name = form[0].name
    container = c.simple(c.value(form[2], form.spans[2]))
    values, _ = _collected(c, function, _source(c, container, name), _kept, test=True)
    if name == "filtercar":
        return c.deliver(c.known(c.call(" list", values), "list"), destination)
    return c.deliver(c.call(" like", container, values), destination)


@inline("map", "filter")
def compile_map(c: Compiler, form: Form, destination: Destination) -> Any:
    """The composing forms; a lazy sequence is left to the library."""
    function = _element_lambda(c, form[1], kept=form[0].name == "filter")
    if function is None:
        return NOT_INLINE
    name = form[0].name
    container = c.simple(c.value(form[2], form.spans[2]))
    result = c.function.temporary()
    with c.nested_block() as lazy:
        called = c.value(form[1], form.spans[1])
        c.assign(result, c.call(name, called, container))
    with c.nested_block() as plain:
        is_map = name == "map"
        values, _ = _collected(
            c, function, _source(c, container, name), _mapped if is_map else _kept, test=not is_map
        )
        c.assign(result, c.call(" list", values))
    c.if_(c.compare(c.call(" type", container), [ast.Is()], [c.name(" Lazy")]), lazy, plain)
    return c.deliver(c.name(result), destination)


@inline("foldl")
def compile_foldl(c: Compiler, form: Form, destination: Destination) -> Any:
    """A left fold: one variable that goes through the loop."""
    function = lambda_in_place(c, form[1], 2)
    if function is None:
        return NOT_INLINE
    rest = c.arguments(form, 2)
    initial, container = rest[0], c.simple(rest[1])
    names = _variables(c, function)
    accumulator, variable = names.values()
    c.assign(accumulator, initial)
    c.forget_assigned(function.form)
    c.function.tail_blocked += 1
    with c.bound(names), c.branch(), c.nested_block() as statements:
        c.assign(accumulator, _body(c, function, as_test=False))
    c.function.tail_blocked -= 1
    elements = c.call(" elements", container, c.constant("foldl"), c.constant(3))
    source = c.choose(_is_list(c, container), container, elements)
    c.for_(_target(c, variable), source, statements)
    return c.deliver(c.name(accumulator), destination)


@special("for", "element container form", binds=1, needs_function=True)
def compile_for(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """The list of the values of a form with the variable bound to each element in turn.

    Example: (for x '(1 2 3) (* x 10)) => (10 20 30)
    """
    c.check_variable(form[1], form.spans[1])
    parameters = Form([form[1]], form.spans[1])
    function = Form([LAMBDA, parameters, form[3]], form.span, [form.span, form.spans[1], form.spans[3]])
    mapped = Form([MAP, function, form[2]], form.span, [form.spans[0], form.span, form.spans[2]])
    return c.compile(mapped, destination)


# -- calls that change their arguments ----------------------------------------------------------------


# Containers written out: `(flip {k:v})` is about the container.
_LITERALS = frozenset({"dictionary", "dictionaryi", "dictionaryn", "set", "sets", "seti", "setn"})


@inline("flip")
def compile_flip(c: Compiler, form: Form, destination: Destination) -> Any:
    """`(flip (f a b ...))` is `(f b a ...)`; any other argument is a container."""
    call = form[1]
    name = head(call)
    if not isinstance(call, Form) or name is None or len(call) < 3 or name.name in special_forms:
        return NOT_INLINE
    if name.name in _LITERALS or not (c.user_defined(name.name) or c.context.library(name.name) is not None):
        return NOT_INLINE
    flipped = Form([call[0], call[2], call[1], *call[3:]], call.span)
    flipped.spans = [call.spans[0], call.spans[2], call.spans[1], *call.spans[3:]]
    return c.compile(flipped, destination)


@inline("replaceall")
def compile_replaceall(c: Compiler, form: Form, destination: Destination) -> Any:
    """On a variable that holds a string, the variable receives the new string."""
    if not isinstance(form[1], Atom) or form[1] is TRUE or c.is_keyword(form[1].name):
        return NOT_INLINE
    name = c.check_variable(form[1], form.spans[1])
    both = c.saved(c.call(" replaced", *c.arguments(form)))
    _store_text(c, name, c.subscript(both, c.constant(0)))
    return c.deliver(c.known(c.subscript(both, c.constant(1)), "number"), destination)


@inline("setrange")
def compile_setrange(c: Compiler, form: Form, destination: Destination) -> Any:
    """On a variable that holds a string, the variable receives the new string."""
    if not isinstance(form[1], Atom) or form[1] is TRUE or c.is_keyword(form[1].name):
        return NOT_INLINE
    name = c.check_variable(form[1], form.spans[1])
    made = c.saved(c.call("setrange", *c.arguments(form)))
    _store_text(c, name, made)
    return c.deliver(made, destination)


def _store_text(c: Compiler, name: str, value: ast.expr) -> None:
    """Assign a variable when the value is a string; a list was changed in place."""
    value = c.saved(value)
    with c.branch(), c.nested_block() as storing:
        c.store_back(name, value)
    c.if_(c.compare(c.call(" type", value), [ast.Is()], [c.name(" str")]), storing, [])


@inline("nullp")
def compile_nullp(c: Compiler, form: Form, destination: Destination) -> Any:
    """Whether a list is empty: Python's own test of a generic list, the library's of anything else."""
    value = c.simple(c.value(form[1], form.spans[1]))
    found = c.compare(c.call("nullp", value), [ast.IsNot()], [c.nil()])
    test = c.choose(_is_list(c, value), c.negate(value), found)
    return c.deliver(c.question(test), destination)
