"""Assignment: `setq` and its kin, `let`, in-place operators."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.effects import NONE, effects, stays
from lispe_kernel.language.compiler.emit.emitter import Destination, Emitter
from lispe_kernel.language.compiler.inline.access import declares, field_name, integer_of_list
from lispe_kernel.language.compiler.inlines import Inline
from lispe_kernel.language.compiler.kinds import INTEGERS, NUMBERS, TYPED
from lispe_kernel.language.compiler.statements import Target, ToGlobal, Unpack
from lispe_kernel.language.compiler.tree import Block, Node, Primitive
from lispe_kernel.language.compiler.variables import python_name
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import AT, Form, head, is_list
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


def assignment(r: Resolver, form: Form, *, gives: bool) -> Node:
    """`(setq v e)` and `(setq (a b) list)`."""
    names = form[1] if is_list(form[1]) else [form[1]]
    checked = [r.check_variable(item, form.spans[1]) for item in names]
    value = r.node(form[2], form.spans[2])
    targets = [r.target(name) for name in checked]
    if is_list(form[1]):
        return Unpack(r.place, targets, value, gives=gives)
    return r.assign(targets[0], value, gives=gives)


@special("setq", "variable value | (variable...) value", silent=True)
def resolve_setq(r: Resolver, form: Form) -> Node:
    """Assign a variable: a local one inside a function, else a global one. Gives true.

    A list of names takes the elements of a list of the same size.

    Example: (setq a 3) (setq (b c) '(1 2)) (list a b c) => (3 1 2)
    """
    return assignment(r, form, gives=False)


@special("setqv", "variable value | (variable...) value")
def resolve_setqv(r: Resolver, form: Form) -> Node:
    """As setq, but gives the value.

    Example: (+ 1 (setqv a 3)) => 4
    """
    return assignment(r, form, gives=True)


@special("setg", "variable value | (variable...) value", silent=True)
def resolve_setg(r: Resolver, form: Form) -> Node:
    """Assign a global variable, also inside a function. Gives true.

    Example: (defun keep (v) (setg kept v)) (keep 7) kept => 7
    """
    names = form[1] if is_list(form[1]) else [form[1]]
    checked = [r.check_variable(item, form.spans[1]) for item in names]
    if r.function.frame.kind == "top":
        r.perhaps.difference_update(checked)
    else:
        r.perhaps.update(set(checked) - r.globals_here)
    r.globals_here.update(checked)
    targets = [global_target(name) for name in checked]
    value = r.node(form[2], form.spans[2])
    return Unpack(r.place, targets, value) if is_list(form[1]) else r.assign(targets[0], value)


def global_target(name: str) -> Target:
    """A global variable, whatever locals there are."""
    return ToGlobal(python_name(name), direct=False)


@special("setconst", "NAME value", silent=True)
def resolve_setconst(r: Resolver, form: Form) -> Node:
    """Assign a global variable once and for all: assigning it again is an error.

    Example: (setconst LIMIT 10) (* LIMIT 2) => 20
    """
    name = r.check_variable(form[1], form.spans[1])
    value = r.node(form[2], form.spans[2])
    r.fixed.add(name)
    return r.assign(global_target(name), value)


@special(
    "let",
    "([binding...]) body...",
    result=(-1,),
    errors={"([binding...])": "Error: unbalanced list of variables in 'let'"},
)
def resolve_let(r: Resolver, form: Form) -> Node:
    """Bind variables in order, each seeing the ones before, for the body; the value is the body's last.

    The bindings are lexical: the body sees them, and lambdas written in it keep them.

    Example: (let ((a 1) (b (+ a 1))) (list a b)) => (1 2)
    """
    outer = r.scope
    try:
        nodes = [_bind(r, *pair) for pair in zip(form[1], form[1].spans, strict=True)]
        return Block(r.place, [*nodes, r.sequence(form, 2)])
    finally:
        r.scope = outer


def _bind(r: Resolver, binding: Any, span: Span) -> Node:
    pair = binding if is_list(binding) else Form([binding], span)
    name = r.check_variable(pair[0], pair.spans[0] if isinstance(pair, Form) else span)
    value = r.node(pair[1], pair.spans[1]) if len(pair) == 2 else r.nil()
    variable = r.binding(name)
    r.scope = {**r.scope, name: variable}
    return r.bind(variable, value)


# -- in place -----------------------------------------------------------------------------------------

# What each operator stores back.
IN_PLACE = {"+=": "+", "-=": "-", "*=": "*", "/=": "/", "%=": "%", "^^=": "^^", "<<=": "<<", ">>=": ">>"}
IN_PLACE |= {"&=": "&", "&~=": "&~", "|=": "|", "^=": "^"}

# What each makes of 6 and 2.
_SAMPLES = {"+=": 8, "-=": 4, "*=": 12, "/=": 3, "%=": 0, "^^=": 36, "<<=": 24, ">>=": 1}
_SAMPLES |= {"&=": 2, "&~=": 4, "|=": 6, "^=": 4}

_GRAMMAR = "variable value... | (@ container key...) value... | (container @ key...) value..."
_ELEMENT = dict.fromkeys(
    ("(@ container key...)", "(container @ key...)"), "Error: Expecting an index access with 'at'"
)


def _in_place(r: Resolver, form: Form) -> Node:
    operator = Atom(IN_PLACE[form[0].name])
    if is_list(form[1]):
        return _in_place_element(r, form, operator)
    name = r.check_variable(form[1], form.spans[1])
    value = r.node(Form([operator, form[1], *form[2:]], form.span, form.spans))
    if r.scope.get(name) in r.function.frame.parameters:
        value = Primitive(r.place, _SETTLED, [r.node(form[1], form.spans[1]), value])
    return r.assign(r.found_target(name), value, gives=True)


def _write_settled(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The new value; of a list that a parameter holds the list itself, so that the caller sees the change."""
    old, new = node.arguments
    if not {new.kind, old.kind} <= TYPED | {"", "solid", "list"}:
        return e.deliver(e.value(new), destination)
    before, value = e.operands(node.arguments, twice=True)
    inner, name = e.through(destination)
    with e.nested_block() as plain:
        e.deliver(value, inner)
    with e.nested_block() as other:
        e.deliver(e.call(" settled", before, value), inner)
    e.if_(e.compare(e.call(" type", value), [ast.In()], [e.name(" scalar")]), plain, other)
    return e.result(name)


_SETTLED = Inline(" settled", emit=_write_settled, kind=lambda kinds, _node: kinds[1], quiet=False)


def _in_place_element(r: Resolver, form: Form, operator: Atom) -> Node:
    """`(+= (@ c k) v w)`: one operand after the other, as the operator takes them."""
    access = form[1]
    if head(access) is not AT:
        access = Form(
            [AT, access[0], *access[2:]], access.span, [access.spans[1], access.spans[0], *access.spans[2:]]
        )
    place = r.arguments(access)
    operands = r.tuple(r.arguments(form, 2))
    return Primitive(r.place, _CHANGES[operator.name], [*place, operands])


# Operators that mean in Python what they mean in LispE for whatever a container may hold, or raise.
_OPERATORS: dict[str, ast.operator] = {"+": ast.Add(), "-": ast.Sub(), "/": ast.Div()}


def _write_change(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The element is read, then operand after operand evaluated and combined, then it is stored."""
    operator = node.inline.name.strip()
    *place, operands = node.arguments
    if len(place) <= 3 and len(operands.parts()) == 1 and operator in _OPERATORS:
        operand = operands.parts()[0]
        if effects(operand) is NONE:
            write = _write_subscript if len(place) == 2 else _write_inner
            return write(e, operator, [*place, operand], destination)
    found = e.operands(place, twice=True)
    # What the operands may assign to the variables of the place comes too late for it.
    container, *keys = [
        part if stays(node, operands) else e.saved(part) for node, part in zip(place, found, strict=True)
    ]
    old = e.saved(e.call(" element", container, *keys))
    *others, last = operands.parts()
    for operand in others:
        old = e.saved(e.call(" combined", e.constant(operator), old, e.value(operand)))
    changed = e.call(" change", e.constant(operator), old, e.value(last), container, *keys)
    return e.deliver(changed, destination)


def _write_subscript(
    e: Emitter, operator: str, nodes: list[Node], destination: Destination
) -> ast.expr | None:
    """The element through Python's subscripts; a missing key and text take the way of the library."""
    name = e.function.temporary()
    field, operands = field_name(nodes[1]), e.operands(nodes, twice=True)
    if field is not None and nodes[0].kind in ("", "instance"):
        _change_field(e, operator, field, operands, name)
    else:
        _change_under(e, operator, operands, [node.kind for node in nodes], name)
    return e.deliver(e.name(name), destination)


def _change_field(e: Emitter, operator: str, field: str, operands: list[ast.expr], name: str) -> None:
    """Statements that store a changed field of an instance, and its value in a variable."""
    container, key, operand = operands
    slow = _by_library(e, operator, operand, [container, key], name)
    with e.nested_block() as fast:
        e.assign(name, e.binary(e.attribute(container, field), _OPERATORS[operator], operand))
        e.assign(e.attribute(container, field, ast.Store()), e.name(name))
    with e.nested_block() as guarded:
        e.try_(fast, e.name(" Absent"), None, slow)
    e.if_(declares(e, container, field), guarded, slow)


def _by_library(
    e: Emitter, operator: str, operand: ast.expr, place: list[ast.expr], name: str
) -> list[ast.stmt]:
    """The statement that has the library change an element, and keeps its value in a variable."""
    with e.nested_block() as slow:
        old = e.call(" element", *place)
        e.assign(name, e.call(" change", e.constant(operator), old, operand, *place))
    return slow


def _write_inner(e: Emitter, operator: str, nodes: list[Node], destination: Destination) -> ast.expr | None:
    """The element of a container in a list, or under a text in a dictionary."""
    container, outer, key, operand = e.operands(nodes, twice=True)
    kind, outer_kind, *others = (node.kind for node in nodes)
    name, row = e.function.temporary(), e.function.temporary()
    by_text = outer_kind == "text"
    if by_text:
        test = None if kind == "dictionary" else e.is_of(container, " Dictionary")
    else:
        test = integer_of_list(e, kind, outer_kind, container, outer)
    with e.nested_block() as there:
        e.assign(row, e.subscript(container, outer))
    with e.nested_block() as refused:
        e.assign(row, e.call(" at", container, outer))
    with e.nested_block() as fast:
        e.try_(there, e.name(" Lookup"), None, refused)
        _change_under(e, operator, [e.name(row), key, operand], ["", *others], name)
    slow = _by_library(e, operator, operand, [container, outer, key], name)
    e.block.extend(_branch(e, test, fast, slow))
    return e.deliver(e.name(name), destination)


def _change_under(e: Emitter, operator: str, operands: list[ast.expr], kinds: list[str], name: str) -> None:
    """Statements that store the changed element of a container under a key, and its value in a variable."""
    container, key, operand = operands
    kind, key_kind, operand_kind = kinds
    element = e.subscript(container, key)
    counted: ast.expr = element
    if operand_kind in NUMBERS:
        # A missing key counts as 0.
        counted = e.call(e.attribute(container, "get"), key, e.constant(0))
    slow = _by_library(e, operator, operand, [container, key], name)

    def changed(old: ast.expr) -> list[ast.stmt]:
        with e.nested_block() as fast:
            e.assign(name, e.binary(old, _OPERATORS[operator], operand))
            e.assign(e.subscript(container, key, ast.Store()), e.name(name))
        with e.nested_block() as guarded:
            e.try_(fast, e.name(" Lookup"), None, slow)
        return guarded

    text = None if key_kind == "text" else e.is_of(key, " str")
    if kind != "dictionary":
        is_dictionary = e.is_of(container, " Dictionary")
        text = is_dictionary if text is None else e.boolean(ast.And(), [text, is_dictionary])
    whole = None if key_kind in INTEGERS else e.is_of(key, " int")
    if kind not in ("list", "keyed"):
        has_integers = e.is_among(container, " List", " by integer")
        whole = has_integers if whole is None else e.boolean(ast.And(), [whole, has_integers])
    with e.nested_block() as by_integer:
        e.block.extend(_branch(e, whole, changed(counted if kind == "keyed" else element), slow))
    if kind in ("list", "keyed") or key_kind in INTEGERS:
        e.block.extend(by_integer)
    else:
        other = slow if kind == "dictionary" or key_kind == "text" else by_integer
        e.block.extend(_branch(e, text, changed(counted), other))


def _branch(
    e: Emitter, test: ast.expr | None, then: list[ast.stmt], otherwise: list[ast.stmt]
) -> list[ast.stmt]:
    if test is None:
        return then
    with e.nested_block() as whole:
        e.if_(test, then, otherwise)
    return whole


_CHANGES = {
    name: Inline(f" {name}", emit=_write_change, quiet=False, stores_last=False) for name in IN_PLACE.values()
}


for _name in IN_PLACE:
    _aliases = ("**=",) if _name == "^^=" else ()
    _register = special(_name, _GRAMMAR, aliases=_aliases, errors=_ELEMENT)

    def _resolve(r: Resolver, form: Form) -> Node:
        return _in_place(r, form)

    _resolve.__doc__ = (
        f"Store `({IN_PLACE[_name]} variable value...)` back where the variable is found, local or global; "
        "`(@ container key)` names an element. Gives the new value.\n\n"
        f"Example: (setq v 6) ({_name} v 2) v => {_SAMPLES[_name]}"
    )
    _register(_resolve)
