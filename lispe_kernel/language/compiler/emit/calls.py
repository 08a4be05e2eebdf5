"""Calls: of values, of helpers, of the running function; operations written as plain Python."""

from __future__ import annotations

import ast
from typing import Any

from lispe_kernel.language.compiler.emit.emitter import (
    SCALARS,
    SECOND,
    TAIL,
    Destination,
    Emitter,
    Written,
    emits,
    plain_items,
    tests,
)
from lispe_kernel.language.compiler.kinds import OF_CLASS
from lispe_kernel.language.compiler.tree import (
    Call,
    Constant,
    Global,
    Helper,
    Node,
    Primitive,
    Python,
    Quoted,
    Read,
    SelfCall,
    is_plain,
)
from lispe_kernel.language.compiler.variables import python_name
from lispe_kernel.language.values.lists import List


@emits(Global)
def _global(e: Emitter, node: Global, destination: Destination) -> ast.expr | None:
    return e.deliver(e.name(node.python), destination)


@emits(Quoted)
def _quoted(e: Emitter, node: Quoted, destination: Destination) -> ast.expr | None:
    items = plain_items(node.data)
    made: ast.expr
    if items is not None:
        made = e.call(" list", held(e, items)) if items else e.call(" list")
    else:
        made = _small(e, node.data, [0]) or e.call(" fresh", e.constant(Written(node.data)))
    return e.deliver(made, destination)


# Nested lists of up to so many elements are built where they stand.
_FEW = 40


def _small(e: Emitter, data: Any, count: list[int]) -> ast.expr | None:
    """A list of lists of constants, built anew; None for one that is large or holds anything else."""
    items = plain_items(data)
    count[0] += len(data) if type(data) is List else _FEW + 1
    if count[0] > _FEW:
        return None
    if items is not None:
        return e.call(" list", held(e, items)) if items else e.call(" list")
    parts: list[ast.expr] = []
    for item in data:
        if type(item) is List:
            part = _small(e, item, count)
            if part is None:
                return None
            parts.append(part)
        elif type(item) in SCALARS:
            parts.append(e.constant(item))
        else:
            return None
    return e.call(" list", e.tuple_(parts))


def held(e: Emitter, items: tuple[object, ...]) -> ast.expr:
    """A tuple of constants; atoms in it are put in with the other constants."""
    constants = [e.constant(item) for item in items]
    return e.constant(tuple(c.value for c in constants if isinstance(c, ast.Constant)))


@emits(Call)
def _call(e: Emitter, node: Call, destination: Destination) -> ast.expr | None:
    nodes = [*node.arguments, *(value for _, value in node.named)]
    if isinstance(node.function, Global):
        function, arguments = e.value(node.function), e.operands(nodes)
    else:
        function, *arguments = e.operands([node.function, *nodes])
    given, named = arguments[: len(node.arguments)], arguments[len(node.arguments) :]
    keywords = {name: value for (name, _), value in zip(node.named, named, strict=True)}
    if node.foreign:
        function = _across(e, function)
    return e.deliver(e.call(function, *given, named=keywords), destination)


def _across(e: Emitter, function: ast.expr) -> ast.expr:
    """What is called: a function itself, an object of Python's through the border."""
    if not isinstance(function, ast.Name):
        function = e.saved(function)
    return e.choose(e.is_of(function, " function"), function, e.call(" across", function))


@emits(Helper)
def _helper(e: Emitter, node: Helper, destination: Destination) -> ast.expr | None:
    return e.deliver(e.call(node.name, *e.operands(node.arguments)), destination)


@emits(Primitive)
def _primitive(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    inline = node.inline
    if inline.emit is None:
        return e.deliver(e.question(inline.test(e, node)), destination)
    found: ast.expr | None = inline.emit(e, node, destination)
    return found


@tests(Primitive)
def _primitive_test(e: Emitter, node: Primitive) -> ast.expr | None:
    found: ast.expr | None = node.inline.test(e, node) if node.inline.test is not None else None
    return found


# -- the running function -----------------------------------------------------------------------------


@emits(SelfCall)
def _self_call(e: Emitter, node: SelfCall, destination: Destination) -> ast.expr | None:
    if destination is not TAIL or e.tail_blocked or e.function is not node.function:
        if node.direct:
            return e.deliver(_direct(e, node), destination)
        return e.emit(node.otherwise, destination)
    if node.when is None:
        _turn(e, node)
        return None
    test = e.test(node.when)
    with e.nested_block() as turn:
        _turn(e, node)
    with e.nested_block() as call:
        e.emit(node.otherwise, destination)
    e.if_(test, turn, call)
    return None


def _direct(e: Emitter, node: SelfCall) -> ast.expr:
    """A call of the second body by itself; where other code may run, while the name means its function."""
    values = e.operands(node.arguments, twice=e.own is not None)
    called = e.call(SECOND, *values, e.name(SECOND))
    if e.own is None:
        return called
    name = python_name(node.function.name)
    return e.choose(e.means(name, e.own), called, e.call(name, *values))


def _turn(e: Emitter, node: SelfCall) -> None:
    """The next turn of the function: all arguments first, then the parameters."""
    function = node.function
    e.has_turns = True
    arguments = e.operands(node.arguments)
    parameters = function.parameters
    if function.rest is not None:
        fixed = len(parameters) - 1
        arguments, others = arguments[:fixed], arguments[fixed:]
        if len(arguments) == fixed:
            arguments.append(e.tuple_(others))
    for parameter in parameters[len(arguments) :]:
        default = function.defaults.get(parameter)
        given = default is not None and is_plain(default)
        arguments.append(
            e.tuple_([])
            if parameter is function.rest
            else e.value(default)
            if given and default is not None
            else e.name(" unset")
        )
    if e.turning:
        # Some lambda keeps a variable of this turn: the next one is a call of its own.
        e.return_(e.call(" again", e.tuple_(arguments)))
        return
    moved = [
        (parameter.python, value)
        for parameter, value in zip(parameters, arguments, strict=True)
        if not (isinstance(value, ast.Name) and value.id == parameter.python)
    ]
    if len(moved) == 1:
        e.assign(*moved[0])
    elif moved:
        targets: list[ast.expr] = [e.stored(name) for name, _ in moved]
        e.assign(e.tuple_(targets, ast.Store()), e.tuple_([value for _, value in moved]))
    e.continue_()


# -- operations of Python -----------------------------------------------------------------------------

_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "is": ast.Is,
    "is not": ast.IsNot,
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "in": ast.In,
    "not in": ast.NotIn,
}


@emits(Python)
def _python(e: Emitter, node: Python, destination: Destination) -> ast.expr | None:
    return e.deliver(_operation(e, node), destination)


def _is_known(*parts: Node) -> bool:
    """Whether a question for the class of a variable has an answer already."""
    asked, of = parts[0], parts[-1]
    if type(asked) is not Python or asked.operation != " type" or type(of) is not Global or len(parts) != 2:
        return False
    value = asked.arguments[0]
    return type(value) is Read and value.kind in OF_CLASS.get(of.python, ())


def _operation(e: Emitter, node: Python) -> ast.expr:
    operation = node.operation
    if operation == ".":
        owner, attribute = node.arguments
        assert isinstance(attribute, Constant)
        return e.attribute(e.value(owner), attribute.value)
    if operation == "is" and _is_known(*node.arguments):
        return e.constant(True)
    parts = e.operands(node.arguments)
    if operation in _COMPARISONS:
        return e.compare(parts[0], [_COMPARISONS[operation]() for _ in parts[1:]], parts[1:])
    if operation == "[]":
        return e.subscript(parts[0], parts[1])
    if operation == "[:]":
        return e.subscript(parts[0], e.slice_(parts[1], parts[2] if len(parts) > 2 else None))
    if operation == "+":
        return e.binary(parts[0], ast.Add(), parts[1])
    if operation == "()":
        return e.tuple_(parts)
    if operation == "{}":
        return e.dict_([*parts[::2]], parts[1::2])
    if operation == " is instance":
        return e.is_instance(parts[0])
    return e.call(operation, *parts)


@tests(Python)
def _python_test(e: Emitter, node: Python) -> ast.expr:
    return _operation(e, node)
