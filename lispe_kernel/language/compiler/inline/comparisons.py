"""Comparisons and membership: conditions where conditions are wanted, true or nil elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import pairwise

from lispe_kernel.language.compiler.emit.emitter import Destination, Emitter
from lispe_kernel.language.compiler.inline.access import of_own_keys
from lispe_kernel.language.compiler.inlines import inline, question
from lispe_kernel.language.compiler.kinds import INTEGERS, NOT_TEXT, NUMBERS, SIZED
from lispe_kernel.language.compiler.tree import Constant, Node, Primitive, Quoted
from lispe_kernel.language.values.atoms import TRUE, Atom

_ORDER: dict[str, type[ast.cmpop]] = {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}


@question("¬", least=1, most=1)
def negation(e: Emitter, node: Primitive) -> ast.expr:
    """Not."""
    return e.negate(e.test(node.arguments[0]))


# -- order --------------------------------------------------------------------------------------------


def _no_text(arguments: Sequence[Node]) -> Sequence[Node]:
    """The operands that are surely no text: Python orders no text beside a number."""
    first, second = arguments[0], arguments[1]
    return [a for a, b in ((first, second), (second, first)) if b.kind in NUMBERS]


def _order_kind(kinds: list[str], _node: Primitive) -> str:
    return "boolean" if all(kind in NUMBERS or kind == "text" for kind in kinds) else ""


def _ordered(e: Emitter, node: Primitive) -> ast.expr:
    # Python would not evaluate what follows a comparison that fails.
    first, *others = e.operands(node.arguments, twice=len(node.arguments) > 2)
    return e.compare(first, [_ORDER[node.inline.name]() for _ in others], others)


@question(*_ORDER, kind=_order_kind, least=2, learns=_no_text)
def ordered(e: Emitter, node: Primitive) -> ast.expr | None:
    """A chain of comparisons; what is no true or false (a tensor's mask) is a condition as any value is."""
    return _ordered(e, node)


@inline(*_ORDER)
def order(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A comparison as a value: true or nil, or what the operands' own comparison gives (a tensor's mask)."""
    compared = _ordered(e, node)
    if node.kind == "boolean":
        return e.deliver(e.question(compared), destination)
    name = e.function.temporary()
    is_true = e.compare(e.noted(name, compared), [ast.Is()], [e.constant(True)])
    is_false = e.compare(e.name(name), [ast.Is()], [e.constant(False)])
    return e.deliver(e.choose(is_true, e.true(), e.choose(is_false, e.nil(), e.name(name))), destination)


# -- equality -----------------------------------------------------------------------------------------


def _is_plain_literal(node: Node, *, right: bool) -> bool:
    """A literal that Python's == compares as LispE's = does: any text but "", any number but a left 0."""
    if type(node) is not Constant:
        return False
    value = node.value
    if type(value) is str:
        return value != ""
    return type(value) in (int, float) and (right or value not in (0, 1))


Pair = tuple[tuple[ast.expr, Node], tuple[ast.expr, Node]]
# Kinds whose values Python compares with a literal by true and false: no tensor is among them.
_ANSWERING = NUMBERS | SIZED | {"boolean"}


def _equal(e: Emitter, pair: Pair) -> ast.expr:
    (a, left), (b, right) = pair
    if {left.kind, right.kind} <= NUMBERS or left.kind == right.kind == "text":
        return e.compare(a, [ast.Eq()], [b])
    if _is_plain_literal(right, right=True):
        return _settled(e, a, b, left.kind, " equal")
    if _is_plain_literal(left, right=False):
        return _settled(e, a, b, right.kind, " equal")
    if _is_name(right):
        return _of_atom(e, a, b, " equal")
    for literal, other, node in ((right, a, left), (left, b, right)):
        if type(literal) is Constant and literal.value == "" and node.kind in ("", "solid"):
            same = e.compare(a, [ast.Eq()], [b])
            return e.choose(e.is_of(other, " str"), same, e.call(" equal", a, b))
    return _of_one_kind(e, pair, " equal")


def _identical(e: Emitter, pair: Pair) -> ast.expr:
    (a, left), (b, right) = pair
    for (literal, node), (other, other_node) in (((b, right), (a, left)), ((a, left), (b, right))):
        if not _is_plain_literal(node, right=True):
            continue
        if node.kind != "text" or other_node.kind == "text":
            return _settled(e, a, b, other_node.kind, " identical")
        if isinstance(other, (ast.Name, ast.Constant)):
            # Only texts are asked: what a tensor makes of == is no answer.
            same = e.compare(other, [ast.Eq()], [literal])
            return e.choose(e.is_of(other, " str"), same, e.call(" identical", other, literal))
    if _is_name(right):
        return _of_atom(e, a, b, " identical")
    return _of_one_kind(e, pair, " identical")


def _is_name(node: Node) -> bool:
    return type(node) is Constant and type(node.value) is Atom and node.value is not TRUE


def _of_atom(e: Emitter, a: ast.expr, atom: ast.expr, helper: str) -> ast.expr:
    """Whether a value is an atom that is written out: there is one object a name, and no text is one."""
    if not isinstance(a, ast.Name):
        return e.call(helper, a, atom)
    other = e.boolean(ast.Or(), [e.is_of(a, " Atom"), e.is_of(a, " str")])
    differs = e.boolean(ast.And(), [e.negate(other), e.call(helper, a, atom)])
    return e.boolean(ast.Or(), [e.compare(a, [ast.Is()], [atom]), differs])


# Kinds of which Python's == is not LispE's.
_COMPARED = NUMBERS | {"", "text", "solid"}


def _of_one_kind(e: Emitter, pair: Pair, helper: str) -> ast.expr:
    """Two integers, doubles, texts or atoms are compared by Python, everything else by the library."""
    (a, left), (b, right) = pair
    slow = e.call(helper, a, b)
    if not {left.kind, right.kind} <= _COMPARED:
        return slow
    if Constant in (type(left), type(right)) and not {left.kind, right.kind} & INTEGERS:
        return slow
    same = e.compare(a, [ast.Eq()], [b])
    tests = [e.is_of(x, " int") for x, node in ((a, left), (b, right)) if node.kind not in INTEGERS]
    if not tests:
        return same
    if len(tests) == 1:
        return e.choose(tests[0], same, slow)
    either = e.boolean(ast.Or(), [e.boolean(ast.And(), tests), e.of_one_kind(a, b, atoms=True)])
    return e.choose(either, same, slow)


def _settled(e: Emitter, a: ast.expr, b: ast.expr, kind: str, helper: str) -> ast.expr:
    """Python's == where it answers true or false; what answers otherwise (a tensor) is for the library."""
    same = e.compare(a, [ast.Eq()], [b])
    if kind in _ANSWERING:
        return same
    name = e.function.temporary()
    is_true = e.compare(e.noted(name, e.compare(a, [ast.Eq()], [b])), [ast.Is()], [e.constant(True)])
    is_other = e.compare(e.name(name), [ast.IsNot()], [e.constant(False)])
    answered = e.boolean(ast.Or(), [is_true, e.boolean(ast.And(), [is_other, e.call(helper, a, b)])])
    literal, other = (b, a) if isinstance(b, ast.Constant) else (a, b)
    likely = _CLASSES.get(type(literal.value)) if isinstance(literal, ast.Constant) else None
    # A value of the literal's class is compared where the branch is taken, at half the cost of an answer.
    return e.choose(e.is_of(other, likely), same, answered) if likely is not None else answered


_CLASSES: dict[type, str] = {int: " int", float: " float", str: " str"}


def _different(e: Emitter, test: ast.expr) -> ast.expr:
    """The opposite of a test for equality."""
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq):
        return e.compare(test.left, [ast.NotEq()], test.comparators)
    return e.negate(test)


def _pairs(e: Emitter, node: Primitive, *, against_first: bool) -> list[Pair]:
    nodes = node.arguments
    values = list(zip(e.operands(nodes, twice=True), nodes, strict=True))
    return [(values[0], other) for other in values[1:]] if against_first else list(pairwise(values))


def _divided(e: Emitter, node: Primitive) -> ast.expr | None:
    """`(= (% a b) 0)` of integers: whatever the signs, Python's remainder is 0 where C's is."""
    rest, zero = node.arguments[:2]
    if type(rest) is Constant:
        rest, zero = zero, rest
    if len(node.arguments) > 2 or type(zero) is not Constant or type(zero.value) is not int or zero.value:
        return None
    if type(rest) is not Primitive or rest.inline.name != "%":
        return None
    divisor = rest.arguments[1]
    if not {part.kind for part in rest.arguments} <= INTEGERS:
        return None
    a, b = e.operands(rest.arguments, twice=True)
    test = e.compare(e.binary(a, ast.Mod(), b), [ast.Eq()], [e.constant(0)])
    if type(divisor) is Constant and divisor.value:
        return test
    return e.choose(b, test, e.call(" remainder", a, b))


@question("=", least=2)
def equal(e: Emitter, node: Primitive) -> ast.expr:
    """Every two neighbours are equal."""
    divided = _divided(e, node)
    if divided is not None:
        return divided
    return e.boolean(ast.And(), [_equal(e, pair) for pair in _pairs(e, node, against_first=False)])


@question("!=", least=2)
def unequal(e: Emitter, node: Primitive) -> ast.expr:
    """Every two neighbours differ."""
    divided = _divided(e, node)
    if divided is not None:
        return e.negate(divided)
    pairs = _pairs(e, node, against_first=False)
    return e.boolean(ast.And(), [_different(e, _equal(e, pair)) for pair in pairs])


@question("eq", least=2)
def identical(e: Emitter, node: Primitive) -> ast.expr:
    """All are the first, or equal scalars."""
    divided = _divided(e, node)
    if divided is not None:
        return divided
    return e.boolean(ast.And(), [_identical(e, pair) for pair in _pairs(e, node, against_first=True)])


@question("neq", least=2)
def unidentical(e: Emitter, node: Primitive) -> ast.expr:
    """None is the first."""
    pairs = _pairs(e, node, against_first=True)
    return e.boolean(ast.And(), [_different(e, _identical(e, pair)) for pair in pairs])


_SCALAR = NUMBERS | {"text"}


def _equality_kind(kinds: list[str], _node: Primitive) -> str:
    return "natural" if set(kinds) <= _SCALAR else ""


def _equality(e: Emitter, node: Primitive) -> tuple[ast.expr | None, ast.expr, ast.expr]:
    """When Python's == answers, its answer, and the call for what has elements that are compared."""
    a, b = e.operands(node.arguments, twice=True)
    same, slow = e.compare(a, [ast.Eq()], [b]), e.call("==", a, b)
    kinds = {part.kind for part in node.arguments}
    if kinds <= NUMBERS or kinds == {"text"}:
        return None, same, slow
    return e.of_one_kind(a, b), same, slow


@inline("==")
def equality(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """1 or 0 for two numbers of a kind or two texts; what else there is has the library compare."""
    test, same, slow = _equality(e, node)
    answer = e.choose(same, e.constant(1), e.constant(0))
    return e.deliver(answer if test is None else e.choose(test, answer, slow), destination)


@question("==", kind=_equality_kind, least=2, most=2)
def is_equal(e: Emitter, node: Primitive) -> ast.expr:
    """The same as a condition."""
    test, same, slow = _equality(e, node)
    return same if test is None else e.choose(test, same, e.call(" truth", slow))


@question("zerop", least=1, most=1)
def is_zero(e: Emitter, node: Primitive) -> ast.expr:
    """Whether an integer is 0; what is none is the library's."""
    value = e.simple(e.value(node.arguments[0]))
    is_zero = e.compare(value, [ast.Eq()], [e.constant(0)])
    if node.arguments[0].kind in INTEGERS:
        return is_zero
    of_library = e.compare(e.call("zerop", value), [ast.IsNot()], [e.nil()])
    return e.choose(e.is_of(value, " int"), is_zero, of_library)


@inline(">=<", least=2, most=2)
def three_way(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """-1, 0 or 1 for two integers, doubles or texts; other values are the library's."""
    a, b = e.operands(node.arguments, twice=True)
    greater, less = (e.compare(a, [order()], [b]) for order in (ast.Gt, ast.Lt))
    compared: ast.expr = e.binary(greater, ast.Sub(), less)
    if not all(part.kind in INTEGERS for part in node.arguments):
        compared = e.choose(e.of_one_kind(a, b), compared, e.call(">=<", a, b))
    return e.deliver(compared, destination)


# -- membership ---------------------------------------------------------------------------------------


def _in_list(e: Emitter, items: Node, wanted: Node) -> ast.expr:
    """Whether a list holds a text, or one that is written out a text or an integer: as Python says."""
    data = items.data if type(items) is Quoted else ()
    classes = {*map(type, data)}
    integers = classes == {int}
    if integers or classes == {str}:
        value = e.simple(e.value(wanted))
        held = e.compare(value, [ast.In()], [e.constant(tuple(data))])
        container = e.value(items)
    else:
        container, value = e.operands((items, wanted), twice=True)
        held = e.compare(value, [ast.In()], [container])
    if wanted.kind in INTEGERS if integers else wanted.kind == "text":
        return held
    return e.choose(e.is_of(value, " int" if integers else " str"), held, e.call("in", container, value))


# Kinds of values that are no sets, no texts and no lists.
_NO_SETS = NOT_TEXT - {"solid"}


@question("in", least=2, quiet=False)
def member(e: Emitter, node: Primitive) -> ast.expr:
    """Whether a text holds a part that is not empty, or a list a text, or a set an element of its kind.

    Everything else is the library's.
    """
    kinds = [part.kind for part in node.arguments]
    if len(kinds) == 2 and kinds[0] == "list" and kinds[1] not in NOT_TEXT - INTEGERS - {"solid"}:
        return _in_list(e, *node.arguments)
    if len(kinds) != 2 or kinds[0] in _NO_SETS or kinds[1] in NOT_TEXT - INTEGERS:
        return e.condition(e.call("in", *e.operands(node.arguments)), "boolean")
    container, wanted = e.operands(node.arguments, twice=True)
    text, part = node.arguments
    slow: ast.expr = e.call("in", container, wanted)
    if text.kind != "text":
        is_held = e.compare(wanted, [ast.In()], [e.attribute(container, "_members")])
        slow = e.choose(e.boolean(ast.And(), of_own_keys(e, container, wanted, part.kind)), is_held, slow)
    if part.kind in INTEGERS:
        return slow
    tests = [] if part.kind == "text" else [e.is_of(wanted, " str")]
    of_text = [] if text.kind == "text" else [e.is_of(container, " str")]
    if type(part) is not Constant or not part.value:
        of_text.append(wanted)
    if text.kind != "text":
        holds = e.boolean(ast.And(), of_text)
        tests.append(e.boolean(ast.Or(), [holds, e.is_of(container, " List")]))
    else:
        tests += of_text
    held = e.compare(wanted, [ast.In()], [container])
    if not tests:
        return held
    return e.choose(e.boolean(ast.And(), tests), held, slow)
