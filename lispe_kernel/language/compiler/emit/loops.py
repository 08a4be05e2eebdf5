"""Loops, and what leaves them and functions.

A loop that is left by `break` or `return` says so to what it goes through (`lispe_left`, see `protocols.py`):
an error in its body does not.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from lispe_kernel.language.compiler.emit.control import direct
from lispe_kernel.language.compiler.emit.emitter import (
    EFFECT,
    TAIL,
    VALUE,
    Destination,
    Emitter,
    RunningLoop,
    emits,
    into,
)
from lispe_kernel.language.compiler.emit.only_read import only_read
from lispe_kernel.language.compiler.kinds import CONTAINERS
from lispe_kernel.language.compiler.statements import Assign, Break, Each, Raise, Return, Target, While
from lispe_kernel.language.compiler.tree import Block, Helper, Node, Primitive

# -- loops --------------------------------------------------------------------------------------------


def _loop(
    e: Emitter, destination: Destination, write: Callable[[Destination], None], items: str | None = None
) -> ast.expr | None:
    """A loop: `write(destination)` writes it, its body for that destination; `items` are told its end."""
    value = None if destination is EFFECT else e.function.temporary()
    if value is not None:
        e.assign(value, e.nil())
    e.loops.append(RunningLoop(value, items))
    # A call in a loop is no tail call, and a return from it leaves the function as everywhere.
    e.tail_blocked += 1
    write(EFFECT if value is None else into(value))
    e.tail_blocked -= 1
    e.loops.pop()
    return None if value is None else e.deliver(e.name(value), destination)


def _released(e: Emitter, node: While | Each, to: Destination) -> list[ast.stmt]:
    """What opens a turn whose value is a variable that grows: what the turn before gave is let go.

    Python lengthens a text where it is when nobody else holds it.
    """
    last: Node = node.body
    while isinstance(last, Block):
        last = last.nodes[-1]
    if to is EFFECT or not isinstance(last, Assign) or not last.gives:
        return []
    return [e.assign_statement(to.name, e.nil())]


@emits(While)
def _while(e: Emitter, node: While, destination: Destination) -> ast.expr | None:
    def write(to: Destination) -> None:
        with e.nested_block() as before:
            test = e.test(node.test)
        body = [*_released(e, node, to), *e.block_of(node.body, to)]
        if not before:
            e.while_(test, body)
            return
        with e.nested_block() as leave:
            e.break_()
        with e.nested_block() as whole:
            e.block.extend(before)
            e.if_(e.negate(test), leave, [])
            e.block.extend(body)
        e.while_(e.constant(True), whole)

    return _loop(e, destination, write)


@emits(Each)
def _each(e: Emitter, node: Each, destination: Destination) -> ast.expr | None:
    shared = only_read(e.function, node)
    items = e.value(node.items) if shared is None else e.constant(shared)
    told = _may_be_told(node.items)
    if (node.first or told) and not isinstance(items, ast.Constant):
        items = e.saved(items)

    def write(to: Destination) -> None:
        if node.first:
            for target in node.targets:
                e.store(target, e.nil())
        with e.nested_block() as opening:
            names = [_turn_name(e, target) for target in node.targets]
        body = [*opening, *_released(e, node, to), *e.block_of(node.body, to)]
        after = e.block_of(node.last, EFFECT) if node.last is not None else []
        stored = [e.stored(name) for name in names]
        assigned: ast.expr = e.tuple_(stored, ast.Store()) if node.several else stored[0]
        e.for_(assigned, items, body, after)

    return _loop(e, destination, write, items.id if told and isinstance(items, ast.Name) else None)


# What gives a loop that which it goes through, where that is not known to be a list, a range ...
_ASKED = frozenset({" items", " zip"})
_KNOWN = CONTAINERS | {"text"}


def _may_be_told(items: Node) -> bool:
    """Whether what a loop goes through may be of a kind that is told how the loop is left."""
    if isinstance(items, Primitive):
        return items.inline.name in _ASKED and items.arguments[0].kind not in _KNOWN
    return isinstance(items, Helper) and items.name in _ASKED


def _leave(e: Emitter, loops: Iterable[RunningLoop]) -> None:
    """Tell what loops go through that they are left by will."""
    for loop in loops:
        if loop.items is not None:
            e.evaluate(e.call(" leave", e.name(loop.items)))


def _turn_name(e: Emitter, target: Target) -> str:
    """The Python variable that a `for` assigns for a target; what else is needed opens the turn."""
    found = direct(target)
    if found is not None:
        return found
    name = e.function.temporary()
    e.store(target, e.name(name))
    return name


@emits(Break)
def _break(e: Emitter, node: Break, destination: Destination) -> ast.expr | None:
    loop = e.loops[-1]
    if loop.value is not None and not node.keeps:
        e.assign(loop.value, e.nil())
    _leave(e, [loop])
    e.break_()
    return e.nil() if destination is VALUE else None


# -- what ends a function -----------------------------------------------------------------------------


@emits(Return)
def _return(e: Emitter, node: Return, destination: Destination) -> ast.expr | None:
    if e.tail_blocked:
        value = e.value(node.value)
        if any(loop.items for loop in e.loops):
            value = e.simple(value)  # an error in it is one in the loop
            _leave(e, reversed(e.loops))
        e.return_(value)
    else:
        e.emit(node.value, TAIL)
    return e.nil() if destination is VALUE else None


@emits(Raise)
def _raise(e: Emitter, node: Raise, destination: Destination) -> ast.expr | None:
    error = e.value(node.error)
    if node.leaves and any(loop.items for loop in e.loops):
        error = e.simple(error)
        _leave(e, reversed(e.loops))
    e.raise_(error)
    return e.nil() if destination is VALUE else None
