"""Sums as plain Python expressions: of numbers, of texts, of what is not known.

A first operand that may be text is added under a `try`; a text that grows is no copy of itself each time.
"""

from __future__ import annotations

import ast

from lispe_kernel.language.compiler.emit.emitter import VALUE, Destination, Emitter
from lispe_kernel.language.compiler.inline.operands import Operand, last_running, operands, stepwise
from lispe_kernel.language.compiler.inlines import Inline, inline
from lispe_kernel.language.compiler.kinds import INTEGERS, NOT_TEXT, NUMBERS, arithmetic_kind
from lispe_kernel.language.compiler.tree import Primitive


def _sum_kind(kinds: list[str], _node: Primitive) -> str:
    found = kinds[0]
    for other in kinds[1:]:
        found = _kind_of_sum(found, other)
    return found


def _kind_of_sum(a: str, b: str) -> str:
    if a == "text":
        # A list takes a text to each of its elements.
        return "text" if b == "text" or b in NUMBERS or b == "boolean" else ""
    return arithmetic_kind("+", a, b) if a in NOT_TEXT else ""


@inline("+", kind=_sum_kind, least=2)
def add(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A sum. A first operand that may be text is added under a `try`, which costs nothing when it is not."""
    kinds = [part.kind for part in node.arguments]
    if kinds[0] == "text" and set(kinds) <= _IN_TEXT:
        node = _taken(node)
    else:
        node = stepwise(node)
        kinds = [part.kind for part in node.arguments]
    guarded = not _is_plain_sum(kinds)
    found = operands(e, node, twice=guarded)
    if len(found) > 2 and "text" in kinds[guarded:] and set(kinds) <= _IN_TEXT:
        return _sum_of_texts(e, found, destination)
    return _chain(e, found, destination)


def _chain(e: Emitter, found: list[Operand], destination: Destination) -> ast.expr | None:
    total, *others = found
    for other in others[:-1]:
        summed = _sum(e, total, other, VALUE)
        assert summed is not None
        total = (summed, _kind_of_sum(total[1], other[1]))
    return _sum(e, total, others[-1], destination)


# What may stand in a sum that one text among the operands makes a sum of texts, if the others are texts too.
_IN_TEXT = INTEGERS | {"text", ""}


def _sum_of_texts(e: Emitter, found: list[Operand], destination: Destination) -> ast.expr | None:
    """What is added to a text is joined before: a text that grows is then no copy of itself each time."""
    tests = [e.is_of(value, " str") for value, kind in found if not kind]
    if found[0][1] in INTEGERS:
        return _chain(e, found, destination)
    parts = [e.call(" str", value) if kind in INTEGERS else value for value, kind in found]
    tail = parts[1]
    for part in parts[2:]:
        tail = e.binary(tail, ast.Add(), part)
    whole = e.binary(parts[0], ast.Add(), tail)
    if not tests:
        return e.deliver(whole, destination)
    inner, name = e.through(destination)
    with e.nested_block() as fast:
        e.deliver(whole, inner)
    with e.nested_block() as slow:
        _chain(e, found, inner)
    e.if_(e.boolean(ast.And(), tests), fast, slow)
    return e.result(name)


def _taken(node: Primitive) -> Primitive:
    """A sum of what are likely texts; lists among them are taken before a later operand may change them."""
    last = last_running(node)
    parts = [
        Primitive(part.span, _TAKEN, [part]) if 0 < at < last and not part.kind else part
        for at, part in enumerate(node.arguments)
    ]
    return Primitive(node.span, node.inline, parts, node.kind)


def _write_taken(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A text as it is, of a list a copy."""
    name = e.function.temporary()
    is_text = e.is_of(e.noted(name, e.value(node.arguments[0])), " str")
    return e.deliver(e.choose(is_text, e.name(name), e.call(" copy", e.name(name))), destination)


_TAKEN = Inline(" taken", emit=_write_taken)


def _is_plain_sum(kinds: list[str]) -> bool:
    """Whether every partial sum is Python's own."""
    total = kinds[0]
    for other in kinds[1:]:
        if total not in NOT_TEXT and not (total == "text" and (other == "text" or other in INTEGERS)):
            return False
        total = _kind_of_sum(total, other)
    return True


def _sum(e: Emitter, a: Operand, b: Operand, destination: Destination) -> ast.expr | None:
    (left, left_kind), (right, right_kind) = a, b
    if left_kind in NOT_TEXT:
        return e.deliver(e.binary(left, ast.Add(), right), destination)
    if left_kind == "text" and right_kind in INTEGERS:
        right, right_kind = e.call(" str", right), "text"
    if left_kind == right_kind == "text":
        return e.deliver(e.binary(left, ast.Add(), right), destination)
    # Python's sum, and the library's where Python refuses: when text is added to.
    left, right = e.simple(left), e.simple(right)
    inner, name = e.through(destination)
    with e.nested_block() as fast:
        e.deliver(e.binary(left, ast.Add(), right), inner)
    with e.nested_block() as slow:
        e.deliver(e.call(" add", left, right), inner)
    e.try_(fast, e.name(" TypeError"), None, slow)
    return e.result(name)
