"""Arithmetic as plain Python expressions.

`(- a b)` is a binary operation that CPython specialises. Where Python's operator means something else for
some type (text appended by +, repetition by *, the sign of %), the exception goes to `arithmetic.py`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import VALUE, Destination
from lispe_kernel.language.compiler.kinds import INTEGERS, NOT_TEXT, arithmetic_kind
from lispe_kernel.language.compiler.registry import NOT_INLINE, inline
from lispe_kernel.language.forms import Form

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


def _kind(c: Compiler, operator: str, a: ast.expr, b: ast.expr) -> str:
    return arithmetic_kind(operator, c.kind(a), c.kind(b))


@inline("+")
def compile_add(c: Compiler, form: Form, destination: Destination) -> Any:
    """A sum. A first operand that may be text is added under a `try`, which costs nothing when it is not."""
    if len(form) < 3:
        return NOT_INLINE
    total, *others = c.arguments(form)
    if c.kind(total) not in NOT_TEXT and not _all_text(c, [total, *others]):
        total, *others = [c.simple(e) for e in (total, *others)]
    for operand in others[:-1]:
        total = _sum(c, total, operand, VALUE)
    return _sum(c, total, others[-1], destination)


def _all_text(c: Compiler, expressions: list[ast.expr]) -> bool:
    return all(c.kind(e) == "text" or c.kind(e) in INTEGERS for e in expressions)


def _sum(c: Compiler, a: ast.expr, b: ast.expr, destination: Destination) -> Any:
    if c.kind(a) in NOT_TEXT:
        return c.deliver(c.known(c.binary(a, ast.Add(), b), _kind(c, "+", a, b)), destination)
    if c.kind(a) == "text" and c.kind(b) in INTEGERS:
        b = c.known(c.call(" str", b), "text")
    if c.kind(a) == c.kind(b) == "text":
        return c.deliver(c.known(c.binary(a, ast.Add(), b), "text"), destination)
    return _guarded_sum(c, a, b, destination)


def _guarded_sum(c: Compiler, a: ast.expr, b: ast.expr, destination: Destination) -> Any:
    """Python's sum, and the library's where Python refuses: when text is added to."""
    is_text = c.kind(a) == "text"
    a, b = c.simple(a), c.simple(b)
    inner, name = c.through(destination)
    with c.nested_block() as fast:
        c.deliver(c.binary(a, ast.Add(), b), inner)
    with c.nested_block() as slow:
        c.deliver(c.call(" add", a, b), inner)
    c.try_(fast, c.name(" TypeError"), None, slow)
    if name is not None and is_text:
        c.assume(name, "text")
    return c.result(name)


@inline("-", "/")
def compile_subtract(c: Compiler, form: Form, destination: Destination) -> Any:
    """A difference or quotient: Python's operator as it is."""
    if len(form) < 3:
        return NOT_INLINE
    op = ast.Sub if form[0].name == "-" else ast.Div
    total, *others = operands = c.arguments(form)
    for operand in others:
        total = c.known(c.binary(total, op(), operand), _kind(c, form[0].name, total, operand))
    for operand in operands:
        c.learn(operand, "solid")
    return c.deliver(total, destination)


@inline("*")
def compile_multiply(c: Compiler, form: Form, destination: Destination) -> Any:
    """A product; a result that is text comes from Python's repetition of strings and is refused."""
    if len(form) < 3:
        return NOT_INLINE
    total, *others = c.arguments(form)
    for operand in others:
        kind = _kind(c, "*", total, operand)
        safe = _is_float(total) or _is_float(operand) or {c.kind(total), c.kind(operand)} <= NOT_TEXT
        product: ast.expr = c.binary(total, ast.Mult(), operand)
        if not safe:
            product = _refuse_text(c, product)
        total = c.known(product, kind)
    return c.deliver(total, destination)


def _is_float(expression: ast.expr) -> bool:
    """A literal with which Python repeats no text."""
    return isinstance(expression, ast.Constant) and type(expression.value) is float


def _refuse_text(c: Compiler, product: ast.expr) -> ast.expr:
    name = c.function.temporary()
    target = ast.copy_location(ast.Name(name, ast.Store()), product)
    noted = ast.copy_location(ast.NamedExpr(target, product), product)
    is_text = c.compare(c.call(" type", noted), [ast.Is()], [c.name(" str")])
    return c.choose(is_text, c.call(" no product", c.name(name)), c.name(name))


@inline("%")
def compile_remainder(c: Compiler, form: Form, destination: Destination) -> Any:
    """C's remainder; Python's operator when both operands are positive integers."""
    if len(form) != 3:
        return NOT_INLINE
    a, b = (c.simple(e) for e in c.arguments(form))
    if c.kind(a) == "natural" and isinstance(b, ast.Constant) and type(b.value) is int and b.value > 0:
        return c.deliver(c.known(c.binary(a, ast.Mod(), b), "natural"), destination)
    slow = c.call(" remainder", a, b)
    if isinstance(b, ast.Constant) and not (type(b.value) is int and b.value > 0):
        return c.deliver(slow, destination)
    zero = c.constant(0)
    tests: list[ast.expr] = [_is_int(c, a), c.compare(a, [ast.GtE()], [zero])]
    if not isinstance(b, ast.Constant):
        tests += [_is_int(c, b), c.compare(b, [ast.Gt()], [zero])]
    answer = c.choose(c.boolean(ast.And(), tests), c.binary(a, ast.Mod(), b), slow)
    c.learn(a, "solid")
    return c.deliver(c.known(answer, "solid"), destination)


def _is_int(c: Compiler, value: ast.expr) -> ast.expr:
    return c.compare(c.call(" type", value), [ast.Is()], [c.name(" int")])


@inline("^^")
def compile_power(c: Compiler, form: Form, destination: Destination) -> Any:
    """A power; a square is a product."""
    if len(form) != 3 or form[2] != 2 or type(form[2]) is not int:
        return NOT_INLINE
    base = c.simple(c.value(form[1], form.spans[1]))
    if c.kind(base) in NOT_TEXT:
        return c.deliver(c.known(c.binary(base, ast.Mult(), base), "solid"), destination)
    return c.deliver(c.call(" square", base), destination)


_BITS: dict[str, type[ast.operator]] = {
    "&": ast.BitAnd,
    "|": ast.BitOr,
    "^": ast.BitXor,
    "<<": ast.LShift,
    ">>": ast.RShift,
}


@inline(*_BITS)
def compile_bits(c: Compiler, form: Form, destination: Destination) -> Any:
    """A bit operation: Python's on two integers, the library's on everything else."""
    name = form[0].name
    # A shift by a variable may be negative or huge, which the library refuses.
    if len(form) != 3 or (name in ("<<", ">>") and not (type(form[2]) is int and 0 <= form[2] < 64)):
        return NOT_INLINE
    a, b = (c.simple(e) for e in c.arguments(form))
    plain = c.binary(a, _BITS[name](), b)
    tests = [_is_int(c, e) for e in (a, b) if c.kind(e) not in INTEGERS]
    if not tests:
        return c.deliver(c.known(plain, "integer"), destination)
    slow = c.call(name, a, b)
    c.learn(a, "solid")
    return c.deliver(c.known(c.choose(c.boolean(ast.And(), tests), plain, slow), "solid"), destination)


@inline("string")
def compile_string(c: Compiler, form: Form, destination: Destination) -> Any:
    """The text of a value."""
    value = c.value(form[1], form.spans[1])
    convert = " str" if c.kind(value) in INTEGERS else " text"
    return c.deliver(c.known(c.call(convert, value), "text"), destination)
