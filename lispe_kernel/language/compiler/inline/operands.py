"""The operands of an arithmetic operator, each combined before the next one is evaluated."""

from __future__ import annotations

import ast

from lispe_kernel.language.compiler.effects import CALLS, CONTENTS, effects
from lispe_kernel.language.compiler.emit.emitter import Emitter
from lispe_kernel.language.compiler.kinds import NUMBERS
from lispe_kernel.language.compiler.tree import Primitive

# An operand as an expression with what is known of it.
Operand = tuple[ast.expr, str]
# What is no list, and was made of none.
_SCALAR = NUMBERS | {"text"}


def operands(e: Emitter, node: Primitive, *, twice: bool = False) -> list[Operand]:
    """The operands as expressions, evaluated from left to right, with their kinds."""
    expressions = e.operands(node.arguments, twice=twice)
    return [(x, part.kind) for x, part in zip(expressions, node.arguments, strict=True)]


def last_running(node: Primitive) -> int:
    """The place of the last operand that may change a list among those that were combined before; 0: none."""
    parts = list(enumerate(node.arguments))
    return max((at for at, part in parts if at > 1 and effects(part).flags & (CALLS | CONTENTS)), default=0)


def stepwise(node: Primitive) -> Primitive:
    """The operation on what its first operands give where a later operand may change a list among them."""
    last = last_running(node)
    if not last:
        return node
    first = Primitive(node.span, node.inline, node.arguments[:last])
    first.kind = node.inline.result([part.kind for part in first.arguments], first)
    if first.kind in _SCALAR:
        return node
    return Primitive(node.span, node.inline, [first, *node.arguments[last:]], node.kind)
