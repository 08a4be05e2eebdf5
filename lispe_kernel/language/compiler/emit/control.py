"""Branches, sequences, assignments, protected bodies."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import pairwise

from lispe_kernel.language.compiler.effects import stays
from lispe_kernel.language.compiler.emit.emitter import (
    EFFECT,
    UNSET,
    VALUE,
    Destination,
    Emitter,
    emits,
    into,
    tests,
)
from lispe_kernel.language.compiler.kinds import NUMBERS
from lispe_kernel.language.compiler.statements import (
    Assign,
    Forget,
    Loop,
    Protect,
    Seen,
    Target,
    ToFound,
    ToGlobal,
    ToVariable,
    Unpack,
    Within,
)
from lispe_kernel.language.compiler.tree import Block, Constant, If, Logic, Name, Node, Primitive, Read
from lispe_kernel.language.values.atoms import TRUE

# -- questions ----------------------------------------------------------------------------------------


@tests(Logic)
def _logic_test(e: Emitter, node: Logic) -> ast.expr:
    if node.operation == "not":
        return e.negate(e.test(node.arguments[0]))
    if node.operation == "xor":
        return _differing(e, node)
    return _short_circuit(e, node, ast.And() if node.operation == "and" else ast.Or())


def _short_circuit(e: Emitter, node: Logic, op: ast.boolop) -> ast.expr:
    """The tests joined; a later one that needs statements of its own is reached only when it must be."""
    found: list[ast.expr] = []
    for index, part in enumerate(node.arguments):
        with e.nested_block() as emitted:
            test = e.test(part)
        if not emitted or index == 0:
            e.block.extend(emitted)
            found.append(test)
            continue
        folded = _folded(e, emitted, test)
        if folded is not None:
            found.append(folded)
            continue
        known = e.function.temporary()
        e.assign(known, e.boolean(op, found))
        emitted.append(e.assign_statement(known, test))
        go_on = e.name(known) if isinstance(op, ast.And) else e.negate(e.name(known))
        e.if_(go_on, emitted, [])
        found = [e.name(known)]
    return e.boolean(op, found)


def _folded(e: Emitter, emitted: list[ast.stmt], test: ast.expr) -> ast.expr | None:
    """A test that needs nothing before it but temporaries, which are stored on the way; None for others."""
    parts: list[ast.expr] = []
    for statement in emitted:
        stored = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if not (isinstance(statement, ast.Assign) and isinstance(stored, ast.Name) and stored.id[0] == " "):
            return None
        # No value is the mark of a variable without one.
        parts.append(e.compare(e.noted(stored.id, statement.value), [ast.IsNot()], [e.name(UNSET)]))
    return e.boolean(ast.And(), [*parts, test])


def _differing(e: Emitter, node: Logic) -> ast.expr:
    """Whether every two neighbours differ; all are evaluated."""
    values = [e.saved(e.call(" bool", e.test(part))) for part in node.arguments]
    pairs = [e.compare(a, [ast.IsNot()], [b]) for a, b in pairwise(values)]
    return e.boolean(ast.And(), pairs)


@emits(Logic)
def _logic(e: Emitter, node: Logic, destination: Destination) -> ast.expr | None:
    return e.deliver(e.question(e.test(node)), destination)


# -- branches -----------------------------------------------------------------------------------------


@emits(If)
def _if(e: Emitter, node: If, destination: Destination) -> ast.expr | None:
    test = e.test(node.test)
    if destination is VALUE:
        return _either(e, test, node)
    e.if_(test, e.block_of(node.then, destination), e.block_of(node.otherwise, destination))
    return None


def _either(e: Emitter, test: ast.expr, node: If) -> ast.expr:
    with e.nested_block() as then:
        a = e.value(node.then)
    with e.nested_block() as otherwise:
        b = e.value(node.otherwise)
    if not then and not otherwise:
        return e.choose(test, a, b)
    name = e.function.temporary()
    then.append(e.assign_statement(name, a))
    otherwise.append(e.assign_statement(name, b))
    e.if_(test, then, otherwise)
    return e.name(name)


@emits(Block)
def _block(e: Emitter, node: Block, destination: Destination) -> ast.expr | None:
    for index, part in enumerate(node.nodes[:-1], 1):
        if not (type(part) is Assign and _is_another_name(e, part, node.nodes[index:])):
            e.emit(part, EFFECT)
    return e.emit(node.nodes[-1], destination)


def _is_another_name(e: Emitter, node: Assign, later: Sequence[Node]) -> bool:
    """Whether a binding is but another name of a variable, by which it is read then in what comes later."""
    target, value = node.target, node.value
    if not (isinstance(target, ToVariable) and target.names) or target.variable.captured:
        return False
    # In another version of the same code it may have been.
    e.renamed.pop(target.variable, None)
    variable = value.variable if type(value) is Read or (type(value) is Name and value.certain) else None
    if variable is None or variable.boxed or not all(stays(value, other) for other in later):
        return False
    e.renamed[target.variable] = variable
    return True


# -- assignments --------------------------------------------------------------------------------------


@emits(Assign)
def _assign(e: Emitter, node: Assign, destination: Destination) -> ast.expr | None:
    wanted = node.gives and destination is not EFFECT
    name = direct(node.target) if not wanted or destination is not VALUE else None
    if name is not None and _ends_in_one_store(node.value):
        e.emit(node.value, into(name))
        if wanted:
            # Read from the variable at once: a text is in one place only while it grows.
            return e.deliver(e.name(name), destination)
    else:
        value = e.value(node.value)
        if wanted:
            value = e.saved(value) if not isinstance(value, ast.Constant) else value
        e.store(node.target, value)
        if wanted:
            return e.deliver(value, destination)
    return e.deliver(e.true(), destination)


def direct(target: Target) -> str | None:
    """The Python variable of a target that is nothing but one."""
    if isinstance(target, ToFound):
        variable = target.name.variable
        return (
            variable.python if variable is not None and target.name.certain and not variable.boxed else None
        )
    if isinstance(target, ToVariable):
        return None if target.variable.boxed else target.variable.python
    return target.python if isinstance(target, ToGlobal) and target.direct else None


def _ends_in_one_store(node: Node) -> bool:
    """Whether a node written into a variable stores it once, after everything was evaluated."""
    if isinstance(node, Primitive):
        return bool(node.inline.stores_last)
    if isinstance(node, If):
        return _ends_in_one_store(node.then) and _ends_in_one_store(node.otherwise)
    return not isinstance(node, (Block, Loop, Protect, Within))


@emits(Unpack)
def _unpack(e: Emitter, node: Unpack, destination: Destination) -> ast.expr | None:
    wanted = node.gives and destination is not EFFECT
    value = node.value
    if not wanted and isinstance(value, Primitive) and value.inline.name == "list":
        parts = value.arguments
        names = [direct(target) for target in node.targets]
        if len(parts) == len(names) and None not in names and len(set(names)) == len(names):
            # The list is taken apart as soon as it is made.
            stored: list[ast.expr] = [e.stored(name) for name in names if name is not None]
            e.assign(e.tuple_(stored, ast.Store()), e.tuple_(e.operands(parts)))
            return e.deliver(e.true(), destination)
    return _unpacked(e, node, destination)


# So many elements are taken out of a list one by one.
_FEW = 4


def _unpacked(e: Emitter, node: Unpack, destination: Destination) -> ast.expr | None:
    value = e.value(node.value)
    wanted = node.gives and destination is not EFFECT
    if wanted:
        value = e.saved(value)
    names = [direct(target) for target in node.targets]
    if None not in names and len(set(names)) == len(names) > 1:
        value = e.simple(value)
        count = e.compare(e.call(" len", value), [ast.Eq()], [e.constant(len(names))])
        test = e.boolean(ast.And(), [e.is_of(value, " List"), count])
        stored: list[ast.expr] = [e.stored(name) for name in names if name is not None]
        several = e.call(" several", value, e.constant(len(names)))
        if len(names) > _FEW:
            e.assign(e.tuple_(stored, ast.Store()), e.choose(test, value, several))
        else:
            # Python takes only its own lists apart at once; of others it asks for an iterator.
            with e.nested_block() as one_by_one:
                parts = [e.subscript(value, e.constant(index)) for index in range(len(names))]
                e.assign(e.tuple_(stored, ast.Store()), e.tuple_(parts))
            with e.nested_block() as asked:
                e.assign(e.tuple_(stored, ast.Store()), several)
            e.if_(test, one_by_one, asked)
        return e.deliver(value if node.gives else e.true(), destination)
    taken = e.saved(e.call(" several", value, e.constant(len(node.targets))))
    for index, target in enumerate(node.targets):
        e.store(target, e.subscript(taken, e.constant(index)))
    return e.deliver(value if node.gives else e.true(), destination)


# -- protection ---------------------------------------------------------------------------------------


@tests(Protect)
def _guard(e: Emitter, node: Protect) -> ast.expr | None:
    """A question in which an error means no, as guards of patterns are."""
    body = node.body
    if not (
        isinstance(body, If) and node.error is None and _is(body.then, TRUE) and _is(body.otherwise, None)
    ):
        return None
    if _cannot_fail(body.test):
        return e.test(body.test)
    name = e.function.temporary()
    e.tail_blocked += 1
    with e.nested_block() as asked:
        e.assign(name, e.test(body.test))
    e.tail_blocked -= 1
    with e.nested_block() as failed:
        e.assign(name, e.constant(False))
    e.try_(asked, e.name(" Exception"), None, failed)
    return e.name(name)


def _is(node: Node, value: object) -> bool:
    return isinstance(node, Constant) and node.value is value


def _cannot_fail(node: Node) -> bool:
    """Whether a question is one about numbers."""
    if isinstance(node, Primitive):
        return node.inline.name in _SAFE and all(
            part.kind in NUMBERS and _is_safe(part) for part in node.arguments
        )
    return isinstance(node, Logic) and all(map(_cannot_fail, node.arguments))


_SAFE = frozenset({"=", "!=", "eq", "neq", "<", "<=", ">", ">="})
_COMPUTED = frozenset({"+", "-", "*"})


def _is_safe(node: Node) -> bool:
    """Whether a number comes without a call or a division."""
    if isinstance(node, Primitive):
        if node.inline.name == "%":
            return (
                node.kind in ("natural", "integer")
                and type(node.arguments[1]) is Constant
                and _is_safe(node.arguments[0])
            )
        return node.inline.name in _COMPUTED and all(map(_is_safe, node.arguments))
    return isinstance(node, (Constant, Read)) or (isinstance(node, Name) and node.certain)


@tests(Block)
def _block_test(e: Emitter, node: Block) -> ast.expr | None:
    for part in node.nodes[:-1]:
        e.effect(part)
    return e.test(node.nodes[-1])


@emits(Protect)
def _protect(e: Emitter, node: Protect, destination: Destination) -> ast.expr | None:
    inner, name = e.through(destination)
    e.tail_blocked += 1
    body = e.block_of(node.body, inner)
    e.tail_blocked -= 1
    rescue = e.block_of(node.rescue, inner)
    e.try_(body, e.name(" Exception"), node.error.python if node.error is not None else None, rescue)
    return e.result(name)


@emits(Within)
def _within(e: Emitter, node: Within, destination: Destination) -> ast.expr | None:
    manager = e.value(node.manager)
    inner, name = e.through(destination)
    e.tail_blocked += 1
    body = e.block_of(node.body, inner)
    e.tail_blocked -= 1
    e.with_(manager, body)
    return e.result(name)


@emits(Forget)
def _forget(e: Emitter, node: Forget, destination: Destination) -> ast.expr | None:
    for variable in node.variables:
        e.assign(variable.python, e.name(" unset"))
    return e.nil() if destination is VALUE else None


@emits(Seen)
def _seen(e: Emitter, node: Seen, destination: Destination) -> ast.expr | None:
    found = {variable.name: e.read(variable) for variable in node.names}
    found |= {name: e.read(variable) for name, variable in node.lexical}
    keys: list[ast.expr | None] = [e.constant(name) for name in sorted(found)]
    seen: ast.expr = e.dict_(keys, [found[name] for name in sorted(found)])
    if len(node.visible) < len(node.names):
        seen = e.call(" set variables", seen)
    return e.deliver(seen, destination)
