"""The functional family with the function written in place: Python loops instead of calls of a lambda.

`(maplist (λ (x) (* x 2)) l)` becomes a comprehension, or a loop when the body needs statements; the
parameter is a fresh variable, as in `let`. A body that could keep the variable (another lambda), leave the
lambda (`return`) or call it (`self`) is resolved as a real lambda, through the ordinary call.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from lispe_kernel.language.compiler.emit.emitter import Destination, Emitter, RunningLoop, Written, emits
from lispe_kernel.language.compiler.inline.changing import PUT_PART
from lispe_kernel.language.compiler.inlines import Inline, inline, syntax
from lispe_kernel.language.compiler.kinds import INTEGERS, TYPED
from lispe_kernel.language.compiler.statements import Assign, Collect, Each, ToVariable
from lispe_kernel.language.compiler.tree import Block, Call, Global, If, Node, Primitive, Python
from lispe_kernel.language.compiler.variables import Variable, python_name
from lispe_kernel.language.forms import LAMBDA, QUOTE, Form, head, is_list
from lispe_kernel.language.special_forms import SpecialForm, special_forms
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

# Library functions that run other code: what it assigns must find the lambda's variables as they are.
_LOADING = frozenset({"load", "loadcode"})


class InPlace(NamedTuple):
    """A lambda that can be written as a loop: the names of its parameters and its form."""

    names: tuple[str, ...]
    form: Form


def lambda_in_place(r: Resolver, form: Any, count: int) -> InPlace | None:
    """The lambda of `count` plain parameters that a form writes, if its body can stand in a loop."""
    if not isinstance(form, Form) or head(form) is not LAMBDA or len(form) < 3 or not is_list(form[1]):
        return None
    names = form[1]
    if len(names) != count or not all(isinstance(n, Atom) and n is not TRUE for n in names):
        return None
    texts = tuple(n.name for n in names)
    if len(set(texts)) != count or any(r.is_keyword(text) for text in texts) or not _is_safe(r, form[2:]):
        return None
    return InPlace(texts, form)


def _is_safe(r: Resolver, body: list[Any]) -> bool:
    pending: list[Any] = list(body)
    while pending:
        item = pending.pop()
        if not is_list(item) or not item or item[0] is QUOTE:
            continue
        name = head(item)
        if name is not None:
            special = special_forms.get(name.name)
            if name.name in _LOADING or (special is not None and not _stands_in_loop(special)):
                return False
            if name.name in r.macros or name.name in r.context.macros:
                return False
        pending.extend(item)
    return True


def _stands_in_loop(special: SpecialForm) -> bool:
    """Whether a form means the same in a loop as in the lambda; `break` ends the map in both."""
    return special.name == "break" or not (special.needs_function or special.defines)


def _body(r: Resolver, function: InPlace, variables: list[Variable]) -> Node:
    with r.scoped(dict(zip(function.names, variables, strict=True))), r.in_loop():
        return r.sequence(function.form, 2)


# -- what is gone through -----------------------------------------------------------------------------


def _source_kind(kinds: list[str], _node: Primitive) -> str:
    return kinds[0] if kinds[0] in TYPED | {"list"} else ""


def _write_source(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """What a loop over any container goes through: a list as it is. Known numbers have number elements."""
    container = e.simple(e.value(node.arguments[0]))
    name, position = (e.value(part) for part in node.arguments[1:])
    if node.arguments[0].kind == "list":
        return e.deliver(container, destination)
    elements = e.call(" elements", container, name, position)
    if node.arguments[0].kind in TYPED:
        return e.deliver(elements, destination)
    return e.deliver(e.choose(e.is_of(container, " List"), container, elements), destination)


_SOURCE = Inline(" source", emit=_write_source, kind=_source_kind)


def _source(r: Resolver, container: Node, name: str, position: int = 2) -> Node:
    return Primitive(r.place, _SOURCE, [container, r.constant(name), r.constant(position)])


# -- the family ---------------------------------------------------------------------------------------


def _collected(r: Resolver, function: InPlace, source: Node, *, keeps: bool) -> Collect | None:
    variable = r.binding(function.names[0])
    body = _body(r, function, [variable])
    if keeps and variable.writes:
        # One that assigns its parameter cannot stand where the element is kept.
        return None
    return Collect(r.place, variable, source, body, keeps=keeps)


def _numbered_kind(node: Node) -> bool:
    return isinstance(node, Collect) and node.value_kind in ("natural", "integer", "number", "text", "solid")


@syntax("↑↑", "mapcar")
def read_maplist(r: Resolver, form: Form) -> Node | None:
    """A map over a container, typed after its values or generic."""
    function = lambda_in_place(r, form[1], 1) if len(form) == 3 else None
    if function is None:
        return None
    name = "maplist" if form[0].name != "mapcar" else "mapcar"
    container = r.node(form[2], form.spans[2])
    values = _collected(r, function, _source(r, container, name), keeps=False)
    assert values is not None
    written = r.constant(Written(function.form))
    if name == "maplist":
        return r.helper(" typed", values, written)
    return Primitive(r.place, _NUMBERED, [values, written])


def _write_numbered(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The list of answers as 1 and 0 where it can hold answers at all."""
    values, written = node.arguments
    made = e.value(values)
    if not _numbered_kind(values):
        made = e.call(" bits", made, e.value(written))
    return e.deliver(e.call(" list", made), destination)


_NUMBERED = Inline(" numbered", emit=_write_numbered, kind="list")


@syntax("filterlist", "filtercar")
def read_filterlist(r: Resolver, form: Form) -> Node | None:
    """The elements that satisfy a lambda, in a container of the same kind or a generic list."""
    function = lambda_in_place(r, form[1], 1) if len(form) == 3 else None
    if function is None:
        return None
    name = form[0].name
    container = r.node(form[2], form.spans[2])
    if name == "filtercar":
        values = _collected(r, function, _source(r, container, name), keeps=True)
        return None if values is None else r.helper(" list", values, kind="list")
    kept = r.temporary()
    values = _collected(r, function, _source(r, r.read(kept), name), keeps=True)
    if values is None:
        return None
    return Block(r.place, [r.bind(kept, container), r.helper(" like", r.read(kept), values)])


@syntax("map", "filter")
def read_map(r: Resolver, form: Form) -> Node | None:
    """The composing forms; a lazy sequence is left to the library."""
    return composed(r, form, form[0].name)


def composed(r: Resolver, form: Form, name: str) -> Node | None:
    """A form `(map lambda container)` or one like it, by the name that is called for what is not in place."""
    function = lambda_in_place(r, form[1], 1) if len(form) == 3 else None
    if function is None:
        return None
    keeps = name == "filter"
    kept = r.temporary()
    container = r.node(form[2], form.spans[2])
    values = _collected(r, function, _source(r, r.read(kept), name.strip()), keeps=keeps)
    if values is None:
        return None
    is_lazy = Python(r.place, "is", Python(r.place, " type", r.read(kept)), Global(r.place, " Lazy"))
    lazily = Call(r.place, Global(r.place, python_name(name)), [r.node(form[1], form.spans[1]), r.read(kept)])
    chosen = If(r.place, is_lazy, lazily, r.helper(" list", values, kind="list"))
    return Block(r.place, [r.bind(kept, container), chosen])


@syntax("foldl")
def read_foldl(r: Resolver, form: Form) -> Node | None:
    """A left fold: one variable that goes through the loop."""
    function = lambda_in_place(r, form[1], 2) if len(form) == 4 else None
    if function is None:
        return None
    total, element = r.binding(function.names[0]), r.binding(function.names[1])
    initial, kept = r.node(form[2], form.spans[2]), r.temporary()
    container = r.node(form[3], form.spans[3])
    body = _body(r, function, [total, element])
    total.writes += 1
    step = Assign(r.place, ToVariable(total), body)
    turns = Each(r.place, [ToVariable(element, binds=True)], _source(r, r.read(kept), "foldl", 3), step)
    opening = [r.bind(total, initial), r.bind(kept, container)]
    return Block(r.place, [*opening, turns, r.read(total)])


def _counted_kind(kinds: list[str], _node: Primitive) -> str:
    return "integers" if kinds[0] in INTEGERS else "numbers"


@inline("⍳", "⍳0", kind=_counted_kind, least=1, most=1)
def iota(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """One list of numbers, known as such to what goes through it."""
    return e.deliver(e.call(node.inline.name, e.value(node.arguments[0])), destination)


@inline("range", least=3, most=3)
def counted(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A list of numbers, known as such to a loop that goes through it."""
    return e.deliver(e.call("range", *e.operands(node.arguments)), destination)


# -- collecting ---------------------------------------------------------------------------------------


@emits(Collect)
def _collect(e: Emitter, node: Collect, destination: Destination) -> ast.expr | None:
    source = e.value(node.items)
    variable = node.variable.python
    e.tail_blocked += 1
    e.collecting += 1
    e.loops.append(RunningLoop())
    with e.nested_block() as statements:
        if node.keeps:
            condition: ast.expr | None = e.test(node.body)
            value: ast.expr = e.read(node.variable)
        else:
            condition, value = None, e.value(node.body)
    e.loops.pop()
    e.collecting -= 1
    e.tail_blocked -= 1
    if not statements:
        loop = ast.comprehension(e.stored(variable), source, [condition] if condition else [], 0)
        return e.deliver(ast.ListComp(value, [loop], **e.where), destination)
    found = e.function.temporary()
    e.assign(found, e.list_([]))
    with e.nested_block() as adding:
        e.evaluate(e.call(e.attribute(e.name(found), "append"), value))
    if condition is not None:
        with e.nested_block() as conditional:
            e.if_(condition, adding, [])
        adding = conditional
    e.for_(e.stored(variable), source, [*statements, *adding])
    return e.deliver(e.name(found), destination)


# -- calls that change their arguments ----------------------------------------------------------------

# Containers written out: `(flip {k:v})` is about the container.
_LITERALS = frozenset({"dictionary", "dictionaryi", "dictionaryn", "set", "sets", "seti", "setn"})


@syntax("flip")
def read_flip(r: Resolver, form: Form) -> Node | None:
    """`(flip (f a b ...))` is `(f b a ...)`; any other argument is a container."""
    call = form[1] if len(form) == 2 else None
    name = head(call)
    if not isinstance(call, Form) or name is None or len(call) < 3 or name.name in special_forms:
        return None
    if name.name in _LITERALS or not (r.user_defined(name.name) or r.context.library(name.name) is not None):
        return None
    flipped = Form([call[0], call[2], call[1], *call[3:]], call.span)
    flipped.spans = [call.spans[0], call.spans[2], call.spans[1], *call.spans[3:]]
    return r.node(flipped)


def _is_variable(r: Resolver, form: Any) -> bool:
    if not isinstance(form, Atom) or form is TRUE:
        return False
    return r.is_own(form.name) or not r.is_keyword(form.name)


@syntax("replaceall")
def read_replaceall(r: Resolver, form: Form) -> Node | None:
    """On a variable that holds a string, the variable receives the new string."""
    if len(form) != 4 or not _is_variable(r, form[1]):
        return None
    name = r.check_variable(form[1], form.spans[1])
    both = r.temporary()
    made = r.bind(both, r.helper(" replaced", *r.arguments(form)))
    text = Python(r.place, "[]", r.read(both), r.constant(0))
    stored = _store_text(r, name, text)
    return Block(r.place, [made, *stored, Python(r.place, "[]", r.read(both), r.constant(1))])


@syntax("setrange")
def read_setrange(r: Resolver, form: Form) -> Node | None:
    """On a variable that holds a string, the variable receives the new string."""
    if len(form) < 2 or not _is_variable(r, form[1]):
        return None
    name = r.check_variable(form[1], form.spans[1])
    made = r.temporary()
    arguments = r.arguments(form)
    called: Node = Call(r.place, Global(r.place, "setrange"), arguments)
    if len(form) == 5:
        called = Primitive(r.place, PUT_PART, arguments)
    return Block(r.place, [r.bind(made, called), *_store_text(r, name, r.read(made)), r.read(made)])


def _store_text(r: Resolver, name: str, value: Node) -> list[Node]:
    """Assign a variable when the value is a string; a list was changed in place."""
    kept = r.temporary()
    is_text = r.helper(" isinstance", r.read(kept), Global(r.place, " str"), kind="test")
    store = r.assign(r.found_target(name), r.read(kept))
    return [r.bind(kept, value), If(r.place, is_text, store, r.nil())]
