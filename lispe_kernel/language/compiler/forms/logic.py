"""Questions: `and`, `or`, `xor`, `not`, comparisons: as values, and as the conditions of other forms."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import Destination
from lispe_kernel.language.compiler.kinds import NUMBERS
from lispe_kernel.language.compiler.registry import inline, special, test, tests
from lispe_kernel.language.forms import Form

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


def _answer(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """A question as a value."""
    return c.deliver(c.question(tests[form[0].name](c, form)), destination)


# -- and, or, xor, not --------------------------------------------------------------------------------


def _short_circuit(c: Compiler, form: Form, op: ast.boolop) -> ast.expr:
    """The tests joined; a later one that needs statements of its own is reached only when it must be."""
    tests: list[ast.expr] = []
    for index in range(1, len(form)):
        with c.nested_block() as emitted:
            if index == 1:
                test = c.test(form[index], form.spans[index])
            else:
                with c.branch():
                    test = c.test(form[index], form.spans[index])
        if not emitted or index == 1:
            c.block.extend(emitted)
            tests.append(test)
            continue
        known = c.function.temporary()
        c.assign(known, c.boolean(op, tests))
        emitted.append(c.assign_statement(known, test))
        go_on = c.name(known) if isinstance(op, ast.And) else c.negate(c.name(known))
        c.if_(go_on, emitted, [])
        tests = [c.name(known)]
    return c.boolean(op, tests)


@test("and")
def _and(c: Compiler, form: Form) -> ast.expr:
    return _short_circuit(c, form, ast.And())


@test("or")
def _or(c: Compiler, form: Form) -> ast.expr:
    return _short_circuit(c, form, ast.Or())


@test("¬")
def _not(c: Compiler, form: Form) -> ast.expr:
    return c.negate(c.test(form[1], form.spans[1]))


@test("xor")
def _xor(c: Compiler, form: Form) -> ast.expr:
    values = [c.simple(c.call(" bool", c.test(form[i], form.spans[i]))) for i in range(1, len(form))]
    pairs = [c.compare(a, [ast.IsNot()], [b]) for a, b in pairwise(values)]
    return c.boolean(ast.And(), pairs)


@special("and", "test test...", returns="boolean")
def compile_and(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """True when every test is; stops at the first that is not. Gives true or nil, never an operand.

    Example: (and 1 "a" (< 1 2)) => true
    """
    return _answer(c, form, destination)


@special("or", "test test...", returns="boolean")
def compile_or(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """True when one of the tests is; stops at the first. The answer is true or nil, never an operand.

    Example: (or nil 0 "a") => true
    """
    return _answer(c, form, destination)


@special("xor", "test test...", returns="boolean")
def compile_xor(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """True when every two neighbours differ in truth. All tests are evaluated.

    Example: (xor true nil) => true
    """
    return _answer(c, form, destination)


@inline("¬")
def compile_not(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    return _answer(c, form, destination)


# -- comparisons --------------------------------------------------------------------------------------

_ORDER: dict[str, type[ast.cmpop]] = {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}


def _ordered(c: Compiler, form: Form) -> ast.expr:
    first, *others = c.arguments(form)
    for one, other in ((first, others[0]), (others[0], first)):
        if c.kind(other) in NUMBERS:
            # Python orders no text beside a number.
            c.learn(one, "solid")
    return c.compare(first, [_ORDER[form[0].name]() for _ in others], others)


@test(*_ORDER)
def _order_test(c: Compiler, form: Form) -> ast.expr:
    if len(form) < 3:
        return c.condition(c.value(form))
    return _ordered(c, form)


@inline(*_ORDER)
def compile_order(c: Compiler, form: Form, destination: Destination) -> Any:
    """A comparison as a value: true or nil, or what the operands' own comparison gives (a tensor's mask)."""
    compared = _ordered(c, form)
    name = c.function.temporary()
    noted = ast.copy_location(
        ast.NamedExpr(ast.copy_location(ast.Name(name, ast.Store()), compared), compared), compared
    )
    is_true = c.compare(noted, [ast.Is()], [c.constant(True)])
    is_false = c.compare(c.name(name), [ast.Is()], [c.constant(False)])
    answer = c.choose(is_true, c.true(), c.choose(is_false, c.nil(), c.name(name)))
    return c.deliver(answer, destination)


def _is_plain_literal(expression: ast.expr, *, right: bool) -> bool:
    """A literal that Python's == compares as LispE's = does: any text but "", any number but a left 0."""
    if not isinstance(expression, ast.Constant):
        return False
    value = expression.value
    if type(value) is str:
        return value != ""
    return type(value) in (int, float) and (right or value not in (0, 1))


def _equal(c: Compiler, a: ast.expr, b: ast.expr) -> ast.expr:
    if _is_plain_literal(b, right=True) or _is_plain_literal(a, right=False):
        return c.compare(a, [ast.Eq()], [b])
    return c.call(" equal", a, b)


def _identical(c: Compiler, a: ast.expr, b: ast.expr) -> ast.expr:
    if _is_plain_literal(b, right=True) or _is_plain_literal(a, right=True):
        return c.compare(a, [ast.Eq()], [b])
    return c.call(" identical", a, b)


def _neighbours(c: Compiler, form: Form) -> list[tuple[ast.expr, ast.expr]]:
    values = c.arguments(form)
    if len(values) > 2:
        values = [c.simple(v) for v in values]
    return list(pairwise(values))


@test("=")
def _equal_test(c: Compiler, form: Form) -> ast.expr:
    return c.boolean(ast.And(), [_equal(c, a, b) for a, b in _neighbours(c, form)])


@test("!=")
def _different_test(c: Compiler, form: Form) -> ast.expr:
    return c.boolean(ast.And(), [_different(c, _equal(c, a, b)) for a, b in _neighbours(c, form)])


def _different(c: Compiler, test: ast.expr) -> ast.expr:
    """The opposite of a test for equality."""
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq):
        return c.compare(test.left, [ast.NotEq()], test.comparators)
    return c.negate(test)


def _against_first(c: Compiler, form: Form) -> list[ast.expr]:
    first, *others = c.arguments(form)
    if len(others) > 1:
        first = c.simple(first)
    return [_identical(c, first, other) for other in others]


@test("eq")
def _eq_test(c: Compiler, form: Form) -> ast.expr:
    return c.boolean(ast.And(), _against_first(c, form))


@test("neq")
def _neq_test(c: Compiler, form: Form) -> ast.expr:
    return c.boolean(ast.And(), [_different(c, test) for test in _against_first(c, form)])


@inline("=", "!=", "eq", "neq")
def compile_equality(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    return _answer(c, form, destination)


# -- membership ---------------------------------------------------------------------------------------


@test("in")
def _in_test(c: Compiler, form: Form) -> ast.expr:
    """Whether a text holds a part that is written out; everything else is the library's."""
    if len(form) != 3 or not isinstance(form[2], str) or not form[2]:
        return c.condition(c.call("in", *c.arguments(form)))
    container, part = c.arguments(form)
    container = c.simple(container)
    is_text = c.compare(c.call(" type", container), [ast.Is()], [c.name(" str")])
    held = c.compare(part, [ast.In()], [container])
    return c.choose(is_text, held, c.call("in", container, part))


@inline("in")
def compile_in(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    return _answer(c, form, destination)
