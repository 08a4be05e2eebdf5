"""Arithmetic as plain Python expressions.

`(- a b)` is a binary operation that CPython specialises. Where Python's operator means something else for
some type (text appended by +, repetition by *, the sign of %), the exception goes to `arithmetic.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from lispe_kernel.language.compiler.emit.emitter import VALUE, Destination, Emitter
from lispe_kernel.language.compiler.inline.operands import stepwise
from lispe_kernel.language.compiler.inlines import inline
from lispe_kernel.language.compiler.kinds import INTEGERS, NOT_TEXT, arithmetic_kind, join
from lispe_kernel.language.compiler.tree import Constant, Node, Primitive


def _all(arguments: Sequence[Node]) -> Sequence[Node]:
    return arguments


def _first(arguments: Sequence[Node]) -> Sequence[Node]:
    return arguments[:1]


def _folded(operator: str) -> object:
    """The rule for the kind of a result, operand by operand from the left."""

    def kind(kinds: list[str], _node: Primitive) -> str:
        found = kinds[0]
        for other in kinds[1:]:
            found = arithmetic_kind(operator, found, other)
        return found

    return kind


# -- differences, quotients, products -----------------------------------------------------------------


def _fold(e: Emitter, node: Primitive, destination: Destination, op: ast.operator) -> ast.expr | None:
    total, *others = e.operands(stepwise(node).arguments)
    for operand in others:
        total = e.binary(total, op, operand)
    return e.deliver(total, destination)


@inline("-", kind=_folded("-"), least=2, learns=_all)
def subtract(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A difference: Python's operator as it is."""
    return _fold(e, node, destination, ast.Sub())


@inline("/", kind=_folded("/"), least=2, learns=_all)
def divide(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A quotient: Python's operator as it is."""
    return _fold(e, node, destination, ast.Div())


@inline("*", kind=_folded("*"), least=2)
def multiply(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A product; a result that is text comes from Python's repetition of strings and is refused."""
    node = stepwise(node)
    solid = _solid(node)
    total, *others = e.operands(node.arguments, twice=not all(solid))
    likely = _likely(node)
    for other, plain in zip(others[:-1], solid, strict=False):
        product = _product(e, total, other, VALUE, plain=plain, likely=likely)
        assert product is not None
        total = product
    return _product(e, total, others[-1], destination, plain=solid[-1], likely=likely)


def _solid(node: Primitive) -> list[bool]:
    """Whether Python repeats no text in each of the products, by what is known of the operands."""
    first, *others = node.arguments
    kind, is_float, found = first.kind, _is_float(first), []
    for other in others:
        found.append(is_float or _is_float(other) or {kind, other.kind} <= NOT_TEXT)
        kind, is_float = arithmetic_kind("*", kind, other.kind), False
    return found


def _is_float(node: Node) -> bool:
    """A literal with which Python repeats no text."""
    return type(node) is Constant and type(node.value) is float


def _are_one(a: ast.expr, b: ast.expr) -> bool:
    """Whether both are one variable or field: Python repeats nothing as often as itself."""
    if isinstance(a, ast.Attribute) and isinstance(b, ast.Attribute) and a.attr == b.attr:
        return _are_one(a.value, b.value)
    return isinstance(a, ast.Name) and isinstance(b, ast.Name) and a.id == b.id


def _product(
    e: Emitter, left: ast.expr, right: ast.expr, destination: Destination, *, plain: bool, likely: str
) -> ast.expr | None:
    """Python's product of two operands that are no texts, by what is known of them, or that may be.

    Its `+` refuses a text, at a quarter of what a question costs. What else it refuses is for the library to
    multiply; PyTorch has no such `+` of a mask, whose product is taken, or fails, where it is written.
    """
    if plain or _are_one(left, right):
        return e.deliver(e.binary(left, ast.Mult(), right), destination)
    left, right = e.simple(left), e.simple(right)
    if e.collecting:
        return e.deliver(_asked(e, e.binary(left, ast.Mult(), right), likely), destination)
    inner, name = e.through(destination)
    with e.nested_block() as fast:
        e.deliver(e.plus(e.binary(left, ast.Mult(), right)), inner)
    with e.nested_block() as slow:
        e.deliver(e.call(" multiply", left, right), inner)
    with e.nested_block() as bare:
        e.deliver(e.binary(left, ast.Mult(), right), inner)
    e.try_(fast, e.name(" TypeError"), None, slow, (e.name(" RuntimeError"), bare))
    return e.result(name)


def _likely(node: Primitive) -> str:
    """The class of a product that is asked for first."""
    return " int" if any(part.kind in INTEGERS for part in node.arguments) else " float"


def _asked(e: Emitter, product: ast.expr, likely: str) -> ast.expr:
    """A product in a comprehension, which holds no statements: its class is asked for."""
    name, kind = e.function.temporary(), e.function.temporary()
    asked = e.noted(kind, e.call(" type", e.noted(name, product)))
    first, second = (" int", " float") if likely == " int" else (" float", " int")
    is_first = e.compare(asked, [ast.Is()], [e.name(first)])
    is_second = e.compare(e.name(kind), [ast.Is()], [e.name(second)])
    is_text = e.compare(e.name(kind), [ast.In()], [e.name(" repeated")])
    other = e.choose(is_text, e.call(" no product", e.name(name)), e.name(name))
    return e.choose(e.boolean(ast.Or(), [is_first, is_second]), e.name(name), other)


# -- remainders, powers -------------------------------------------------------------------------------


def _remainder_kind(kinds: list[str], _node: Primitive) -> str:
    a, b = kinds
    if a == "natural" and b in INTEGERS:
        return "natural"
    return "integer" if a in INTEGERS and b in INTEGERS else "solid"


@inline("%", kind=_remainder_kind, least=2, most=2, learns=_first)
def remainder(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """C's remainder; Python's operator when both operands are positive integers."""
    left, right = node.arguments
    a, b = e.operands(node.arguments, twice=True)
    if left.kind == "natural" and _is_positive(right):
        return e.deliver(e.binary(a, ast.Mod(), b), destination)
    slow = e.call(" remainder", a, b)
    if type(right) is Constant and not _is_positive(right):
        return e.deliver(slow, destination)
    zero = e.constant(0)
    tests = [] if left.kind in INTEGERS else [e.is_of(a, " int")]
    tests.append(e.compare(a, [ast.GtE()], [zero]))
    if left.kind == "natural":
        tests = []
    if type(right) is not Constant:
        tests += [] if right.kind in INTEGERS else [e.is_of(b, " int")]
        tests.append(e.compare(b, [ast.Gt()], [zero]))
    return e.deliver(e.choose(e.boolean(ast.And(), tests), e.binary(a, ast.Mod(), b), slow), destination)


def _is_positive(node: Node) -> bool:
    return type(node) is Constant and type(node.value) is int and node.value > 0


@inline("^^", kind=lambda kinds, _node: "solid" if kinds[0] in NOT_TEXT else "", least=2, most=2)
def power(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A power; a square is a product."""
    base, exponent = node.arguments
    if type(exponent) is not Constant or exponent.value != 2 or type(exponent.value) is not int:
        return e.deliver(_power(e, node), destination)
    if base.kind in NOT_TEXT:
        value = e.simple(e.value(base))
        return e.deliver(e.binary(value, ast.Mult(), value), destination)
    return e.deliver(e.call(" square", e.value(base)), destination)


# Below this an integer to a power that is written out is never too large.
_SMALL = 1 << 63


def _power(e: Emitter, node: Primitive) -> ast.expr:
    """A power: Python's of an integer that is not large and a small one that is written out."""
    base, exponent = node.arguments
    small = type(exponent) is Constant and type(exponent.value) is int and 0 <= exponent.value <= 64
    if not small or base.kind not in INTEGERS | {"", "solid"}:
        return e.call(" power", *e.operands(node.arguments))
    value, times = e.operands(node.arguments, twice=True)
    tests = [] if base.kind in INTEGERS else [e.is_of(value, " int")]
    tests.append(e.compare(e.constant(-_SMALL), [ast.Lt(), ast.Lt()], [value, e.constant(_SMALL)]))
    direct = e.binary(value, ast.Pow(), times)
    return e.choose(e.boolean(ast.And(), tests), direct, e.call(" power", value, times))


# -- bits ---------------------------------------------------------------------------------------------

_BITS: dict[str, type[ast.operator]] = {
    "&": ast.BitAnd,
    "|": ast.BitOr,
    "^": ast.BitXor,
    "<<": ast.LShift,
    ">>": ast.RShift,
}


def _bits_kind(kinds: list[str], node: Primitive) -> str:
    if not set(kinds) <= INTEGERS:
        return ""
    if kinds[0] == "natural" and (kinds[1] == "natural" or node.inline.name in ("<<", ">>", "&")):
        return "natural"
    return "integer"


@inline(
    *_BITS,
    kind=_bits_kind,
    least=2,
    most=2,
    learns=_first,
)
def bits(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A bit operation: Python's on two integers, the library's on everything else."""
    name = node.inline.name
    right = node.arguments[1]
    # A shift by a variable may be negative or huge, which the library refuses.
    if name in ("<<", ">>") and not (
        type(right) is Constant and type(right.value) is int and 0 <= right.value < 64
    ):
        return e.deliver(_shift(e, node), destination)
    a, b = e.operands(node.arguments, twice=True)
    plain = e.binary(a, _BITS[name](), b)
    pairs = zip((a, b), node.arguments, strict=True)
    tests = [e.is_of(x, " int") for x, part in pairs if part.kind not in INTEGERS]
    if not tests:
        return e.deliver(plain, destination)
    return e.deliver(e.choose(e.boolean(ast.And(), tests), plain, e.call(name, a, b)), destination)


def _shift(e: Emitter, node: Primitive) -> ast.expr:
    """A shift by what is known when it runs: Python's for an integer by 0 to 63."""
    a, b = e.operands(node.arguments, twice=True)
    tests = [
        e.is_of(x, " int") for x, p in zip((a, b), node.arguments, strict=True) if p.kind not in INTEGERS
    ]
    tests.append(e.compare(e.constant(0), [ast.LtE(), ast.Lt()], [b, e.constant(64)]))
    plain = e.binary(a, _BITS[node.inline.name](), b)
    return e.choose(e.boolean(ast.And(), tests), plain, e.call(node.inline.name, a, b))


def _extreme_kind(kinds: list[str], _node: Primitive) -> str:
    found = kinds[0]
    for kind in kinds[1:]:
        found = join(found, kind)
    return found if found in INTEGERS else ""


@inline("max", "min", kind=_extreme_kind, least=2, most=4)
def extreme(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The largest or smallest of integers, of doubles or of texts; a mixture is the library's."""
    best, *others = found = e.operands(node.arguments, twice=True)
    first_wins = ast.GtE() if node.inline.name == "max" else ast.LtE()
    whole = [e.is_of(x, " int") for x, p in zip(found, node.arguments, strict=True) if p.kind not in INTEGERS]
    test = e.boolean(ast.And(), whole) if whole else None
    if test is not None and len(whole) == len(found):
        test = e.boolean(ast.Or(), [test, e.of_one_kind(*found)])
    for index, other in enumerate(others):
        name = e.function.temporary()
        kept = best if index == 0 else e.noted(name, best)
        again = best if index == 0 else e.name(name)
        best = e.choose(e.compare(kept, [first_wins], [other]), again, other)
    if test is not None:
        best = e.choose(test, best, e.call(node.inline.name, *found))
    return e.deliver(best, destination)


# Digits of which Python makes an integer at once.
_DIGITS = 300


@inline("integer", kind="integer", least=1, most=1)
def whole(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A double cut toward zero by Python where it is finite, digits read by it; the rest is the library's."""
    quotient = _whole_quotient(e, node.arguments[0])
    if quotient is not None:
        return e.deliver(quotient, destination)
    value = e.value(node.arguments[0])
    if node.arguments[0].kind in INTEGERS:
        return e.deliver(value, destination)
    return e.deliver(_cut(e, node.arguments[0].kind, value), destination)


# Quotients of positive integers below this, as doubles, are never rounded up to the next integer.
_EXACT = 1 << 52


def _whole_quotient(e: Emitter, quotient: Node) -> ast.expr | None:
    """`(integer (/ a b))` where b is written: Python's whole quotient of an integer that is not negative."""
    if type(quotient) is not Primitive or quotient.inline.name != "/" or len(quotient.arguments) != 2:
        return None
    left, right = quotient.arguments
    if not _is_positive(right) or right.value >= _EXACT:  # type: ignore[attr-defined]
        return None
    a, b = e.operands(quotient.arguments, twice=True)
    outer, e.place = e.place, quotient.span
    divided = e.binary(a, ast.Div(), b)
    e.place = outer
    tests = [] if left.kind in INTEGERS else [e.is_of(a, " int")]
    tests.append(e.compare(e.constant(0), [ast.LtE(), ast.Lt()], [a, e.constant(_EXACT)]))
    slow = e.call("integer", divided) if left.kind in INTEGERS else _cut(e, "", divided)
    return e.choose(e.boolean(ast.And(), tests), e.binary(a, ast.FloorDiv(), b), slow)


def _cut(e: Emitter, kind: str, value: ast.expr) -> ast.expr:
    """The integer of a value that is known to be no integer, or of which nothing is known."""
    name = e.function.temporary()
    kept = e.name(name)
    limits = e.compare(e.constant(-1e300), [ast.Lt(), ast.Lt()], [kept, e.constant(1e300)])
    digits = [e.call(e.attribute(kept, "isdecimal")), e.call(e.attribute(kept, "isascii"))]
    short = e.compare(e.call(" len", kept), [ast.Lt()], [e.constant(_DIGITS)])
    if kind == "text":
        return e.choose(
            e.boolean(ast.And(), [e.call(e.attribute(e.noted(name, value), "isdecimal")), digits[1], short]),
            e.call(" int", kept),
            e.call("integer", kept),
        )
    is_number = e.boolean(ast.And(), [e.is_of(e.noted(name, value), " float"), limits])
    is_written = e.boolean(ast.And(), [e.is_of(kept, " str"), *digits, short])
    test = e.boolean(ast.Or(), [is_number, is_written])
    other = e.choose(e.is_of(kept, " int"), kept, e.call("integer", kept))
    return e.choose(test, e.call(" int", kept), other)


@inline("number", kind="number", least=1, most=1)
def number(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A double as it is, a text of digits with one point among them or after them read by Python."""
    value = e.value(node.arguments[0])
    kind = node.arguments[0].kind
    if kind == "number":
        return e.deliver(value, destination)
    if kind in INTEGERS:
        return e.deliver(e.call("number", value), destination)
    kept = e.simple(value)
    digits = e.call(e.attribute(kept, "replace"), e.constant("."), e.constant(""), e.constant(1))
    tests = [] if kind == "text" else [e.is_of(kept, " str")]
    tests.append(e.call(e.attribute(digits, "isdecimal")))
    tests.append(e.compare(e.subscript(kept, e.constant(0)), [ast.NotEq()], [e.constant(".")]))
    read = e.choose(e.boolean(ast.And(), tests), e.call(" float", kept), e.call("number", kept))
    return e.deliver(read if kind == "text" else e.choose(e.is_of(kept, " float"), kept, read), destination)


@inline("string", kind="text", least=1, most=1)
def string(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The text of a value."""
    convert = " str" if node.arguments[0].kind in INTEGERS else " text"
    return e.deliver(e.call(convert, e.value(node.arguments[0])), destination)
