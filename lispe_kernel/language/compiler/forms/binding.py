"""Assignment: `setq` and its kin, `let`, in-place operators."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination, into
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.forms import AT, Form, head, is_list
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


def _assign(c: Compiler, form: Form, destination: Destination, *, gives_value: bool) -> ast.expr | None:
    """`(setq v e)` and `(setq (a b) list)`."""
    if is_list(form[1]):
        return _assign_several(c, form, destination, gives_value=gives_value)
    name = c.check_variable(form[1], form.spans[1])
    if head(form[2]) in _DIRECT and not gives_value and name not in c.shared:
        return _assign_direct(c, name, form, destination)
    value = c.value(form[2], form.spans[2])
    if gives_value and destination is not EFFECT:
        value = c.simple(value)
    kind, target = c.kind(value), c.target(name)
    c.assign(target, value)
    c.learn(c.name(target), kind)
    return c.deliver(value if gives_value else c.true(), destination)


def _assign_direct(c: Compiler, name: str, form: Form, destination: Destination) -> ast.expr | None:
    """The result of an operator, straight into the variable; what is known of it is noted."""
    with c.nested_block() as before:
        value = c.compile(form[2], into(c.target_name(name)), form.spans[2])
    assert value is None
    c.block.extend(before)
    kind, target = c.assigned_kind(before), c.target(name)
    c.learn(c.name(target), kind)
    return c.deliver(c.true(), destination)


# Operators whose result can go straight into the variable: it is assigned once, after the operands were read.
_DIRECT = frozenset({Atom("+"), Atom("-"), Atom("*"), Atom("/"), Atom("%")})


def _assign_several(
    c: Compiler, form: Form, destination: Destination, *, gives_value: bool
) -> ast.expr | None:
    names = [c.check_variable(item, form.spans[1]) for item in form[1]]
    value = c.simple(c.value(form[2], form.spans[2]))
    taken = c.call(" several", value, c.constant(len(names)))
    targets: list[ast.expr] = [ast.copy_location(ast.Name(c.target(n), ast.Store()), taken) for n in names]
    c.assign(ast.copy_location(ast.Tuple(targets, ast.Store()), taken), taken)
    return c.deliver(value if gives_value else c.true(), destination)


@special("setq", "variable value | (variable...) value", value=2, silent=True)
def compile_setq(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Assign a variable: a local one inside a function, else a global one. Gives true.

    A list of names takes the elements of a list of the same size.

    Example: (setq a 3) (setq (b c) '(1 2)) (list a b c) => (3 1 2)
    """
    return _assign(c, form, destination, gives_value=False)


@special("setqv", "variable value | (variable...) value", value=2)
def compile_setqv(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """As setq, but gives the value.

    Example: (+ 1 (setqv a 3)) => 4
    """
    return _assign(c, form, destination, gives_value=True)


@special("setg", "variable value | (variable...) value", silent=True)
def compile_setg(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Assign a global variable, also inside a function. Gives true.

    Example: (defun keep (v) (setg kept v)) (keep 7) kept => 7
    """
    names = form[1] if is_list(form[1]) else [form[1]]
    checked = [c.check_variable(item, form.spans[1]) for item in names]
    value = c.value(form[2], form.spans[2])
    if is_list(form[1]):
        taken = c.saved(c.call(" several", c.simple(value), c.constant(len(checked))))
        for index, name in enumerate(checked):
            c.assign(c.global_target(name), c.subscript(taken, c.constant(index)))
    else:
        c.assign(c.global_target(checked[0]), value)
    return c.deliver(c.true(), destination)


@special("setconst", "NAME value", silent=True)
def compile_setconst(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Assign a global variable once and for all: assigning it again is an error.

    Example: (setconst LIMIT 10) (* LIMIT 2) => 20
    """
    name = c.check_variable(form[1], form.spans[1])
    c.assign(c.global_target(name), c.value(form[2], form.spans[2]))
    c.fixed.add(name)
    return c.deliver(c.true(), destination)


@special(
    "let",
    "([binding...]) body...",
    binds=1,
    result=(-1,),
    errors={"([binding...])": "Error: unbalanced list of variables in 'let'"},
)
def compile_let(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Bind variables in order, each seeing the ones before, for the body; the value is the body's last.

    The bindings are lexical: the body sees them, and lambdas written in it keep them.

    Example: (let ((a 1) (b (+ a 1))) (list a b)) => (1 2)
    """
    outer = c.bindings
    inner, name = c.through(destination)
    try:
        for pair in form[1]:
            _bind_pair(c, pair, form)
        c.sequence(form, 2, inner)
    finally:
        c.bindings = outer
    return c.result(name)


def _bind_pair(c: Compiler, pair: Any, form: Form) -> None:
    if isinstance(pair, Atom):
        pair = Form([pair, None], form.spans[1])
    span = pair.span if isinstance(pair, Form) else form.spans[1]
    name = c.check_variable(pair[0], span)
    value = c.value(pair[1] if len(pair) == 2 else None, span)
    fresh = c.function.rename(name)
    c.assign(fresh, value)
    binding = {name: fresh}
    c.bindings = {**c.bindings, **_bindings(c, binding)}


def _bindings(c: Compiler, names: dict[str, str]) -> dict[str, Any]:
    with c.bound(names):
        return {name: c.bindings[name] for name in names}


# -- in place -----------------------------------------------------------------------------------------

_IN_PLACE = {"+=": "+", "-=": "-", "*=": "*", "/=": "/", "%=": "%", "^^=": "^^", "<<=": "<<", ">>=": ">>"}
_IN_PLACE |= {"&=": "&", "&~=": "&~", "|=": "|", "^=": "^"}

# What 6 becomes with 2, for the examples.
_SAMPLES = {"+=": 8, "-=": 4, "*=": 12, "/=": 3, "%=": 0, "^^=": 36, "<<=": 24, ">>=": 1}
_SAMPLES |= {"&=": 2, "&~=": 4, "|=": 6, "^=": 4}

IN_PLACE = "variable value... | (@ container key...) value... | (container @ key...) value..."
_ELEMENT = dict.fromkeys(
    ("(@ container key...)", "(container @ key...)"), "Error: Expecting an index access with 'at'"
)


def _in_place(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    operator = Atom(_IN_PLACE[form[0].name])
    if is_list(form[1]):
        return _in_place_element(c, form, operator, destination)
    name = c.check_variable(form[1], form.spans[1])
    combined = Form([operator, form[1], *form[2:]], form.span, form.spans)
    if destination is EFFECT and operator in _DIRECT and c.is_certainly_local(name):
        c.compile(combined, into(c.target_name(name)))
        c.target(name)
        return None
    value = c.value(combined)
    if destination is not EFFECT:
        value = c.simple(value)
    c.store_back(name, value)
    return c.deliver(value, destination)


def _in_place_element(c: Compiler, form: Form, operator: Atom, destination: Destination) -> ast.expr | None:
    access = form[1]
    parts = list(access[1:]) if head(access) is AT else [access[0], *access[2:]]
    container, *keys = (c.simple(c.value(part, form.spans[1])) for part in parts)
    operands = [c.simple(operand) for operand in c.arguments(form, 2)]
    given = ast.copy_location(ast.Tuple([*operands], ast.Load()), c.nil())
    stored = c.call(" change", c.constant(operator.name), given, container, *keys)
    if len(keys) != 1 or operator not in _FAST_IN_PLACE:
        return c.deliver(stored, destination)
    return _in_place_subscript(c, operator, operands, container, keys[0], stored, destination)


# Operators that mean in Python what they mean in LispE for whatever a container may hold, or raise.
_FAST_IN_PLACE: dict[Atom, type[ast.operator]] = {Atom("+"): ast.Add, Atom("-"): ast.Sub, Atom("/"): ast.Div}


def _in_place_subscript(
    c: Compiler,
    operator: Atom,
    operands: list[ast.expr],
    container: ast.expr,
    key: ast.expr,
    stored: ast.expr,
    destination: Destination,
) -> ast.expr | None:
    """The element through Python's subscripts; a missing key and text take the way of the library."""
    name = c.function.temporary()
    value: ast.expr = c.subscript(container, key)
    for operand in operands:
        value = c.binary(value, _FAST_IN_PLACE[operator](), operand)
    with c.nested_block() as fast:
        c.assign(name, value)
        c.assign(c.subscript(container, key, ast.Store()), c.name(name))
    with c.nested_block() as slow:
        c.assign(name, stored)
    with c.nested_block() as guarded:
        c.try_(fast, c.name(" Lookup"), None, slow)
    if c.kind(container) in ("list", "dictionary"):
        c.block.extend(guarded)
        return c.deliver(c.name(name), destination)
    served = c.compare(c.call(" type", container), [ast.In()], [c.name(" assignable")])
    c.if_(served, guarded, slow)
    return c.deliver(c.name(name), destination)


for _name, _operator in _IN_PLACE.items():
    _aliases = ("**=",) if _name == "^^=" else ()
    _register = special(_name, IN_PLACE, aliases=_aliases, operator=_operator, errors=_ELEMENT)

    def _compile(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
        return _in_place(c, form, destination)

    _compile.__doc__ = (
        f"Store `({_IN_PLACE[_name]} variable value...)` back where the variable is found, local or global; "
        "`(@ container key)` names an element. Gives the new value.\n\n"
        f"Example: (setq v 6) ({_name} v 2) v => {_SAMPLES[_name]}"
    )
    _register(_compile)
