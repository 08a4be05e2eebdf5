"""Loops: `while`, `loop`, `loopcount`, the rarer ones, and `break`, which leaves them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeGuard

from lispe_kernel.language.compiler.emit.calls import held
from lispe_kernel.language.compiler.emit.emitter import plain_items
from lispe_kernel.language.compiler.inlines import Inline
from lispe_kernel.language.compiler.kinds import CONTAINERS, INTEGERS, KEYS
from lispe_kernel.language.compiler.statements import Break, Each, Raise, Target, ToVariable, While
from lispe_kernel.language.compiler.tree import Block, Call, Constant, Global, If, Node, Primitive, Quoted
from lispe_kernel.language.forms import Form, is_list
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.positions import MOST_ELEMENTS

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.emit.destinations import Destination
    from lispe_kernel.language.compiler.emit.emitter import Emitter
    from lispe_kernel.language.compiler.resolve import Resolver


@special("while", "test body...", result=(-1,))
def resolve_while(r: Resolver, form: Form) -> Node:
    """Evaluate the body as long as the test is true.

    Example: (setq n 1) (while (< n 100) (*= n 2)) n => 128
    """
    with r.in_loop():
        return While(r.place, r.node(form[1], form.spans[1]), r.sequence(form, 2))


@special(
    "loop",
    "variable container body... | (variable from to) body...",
    result=(-1,),
    errors={
        "variable": "Error: Missing label for 'loop'",
        "(variable from to)": "Error: Missing label for 'loop'",
    },
)
def resolve_loop(r: Resolver, form: Form) -> Node:
    """Set the variable to each element of a container in turn; a dictionary gives its keys.

    `(loop (i a b) ...)` counts: i is a, a+1, ... b-1.

    Example: (setq total 0) (loop x '(1 2 3) (+= total x)) total => 6
    Example: (setq found '()) (loop (i 2 5) (push found i)) found => (2 3 4)
    """
    if is_list(form[1]):
        return _counted(r, form)
    name = r.check_variable(form[1], form.spans[1])
    items = items_of(r, r.node(form[2], form.spans[2]))
    targets: list[Target] = [r.target(name)]
    with r.in_loop():
        body = r.sequence(form, 3)
    return Each(r.place, targets, items, body, first=True)


def _write_items(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """What a loop goes through: a list as it is, the items of anything else."""
    source = node.arguments[0]
    if isinstance(source, Quoted):
        items = plain_items(source.data)
        if items is not None:
            return e.deliver(held(e, items), destination)
    if isinstance(source, Primitive) and source.inline.name in _OF_DICTIONARIES:
        return e.deliver(_write_pairs(e, source), destination)
    value = e.simple(e.value(source))
    if source.kind in _GONE_THROUGH:
        return e.deliver(value, destination)
    found: ast.expr = e.call(" items", value)
    if source.kind in KEYS:
        found = e.unpacked(value)
    elif source.kind not in CONTAINERS:
        found = e.choose(e.is_among(value, " List", " gone through"), value, found)
    return e.deliver(found, destination)


# What a loop goes through as Python does.
_GONE_THROUGH = frozenset({"list", "text"})
# What gives the keys or the values of a dictionary, in a list that nobody but the loop sees.
_OF_DICTIONARIES = frozenset({"keys@", "values@"})


def _write_pairs(e: Emitter, source: Primitive) -> ast.expr:
    """The keys or the values of a dictionary as they are when the loop begins."""
    (pairs,) = source.arguments
    name = source.inline.name
    value = e.simple(e.value(pairs))
    of_pairs = value if name == "keys@" else e.call(e.attribute(value, "values"))
    found: ast.expr = e.unpacked(of_pairs)
    if pairs.kind not in KEYS:
        found = e.choose(e.is_of(value, " Dictionary"), found, e.call(" items", e.call(name, value)))
    return found


def _items_kind(kinds: list[str], _node: Primitive) -> str:
    return kinds[0] if kinds[0] == "list" else ""


_ITEMS = Inline(" items", emit=_write_items, kind=_items_kind)


def items_of(r: Resolver, container: Node) -> Node:
    """What a loop over a container goes through."""
    if isinstance(container, Primitive) and container.inline.name == "range":
        return Primitive(r.place, _SPAN, container.arguments)
    if isinstance(container, Primitive) and container.inline.name in _COUNTS:
        return Primitive(r.place, _COUNTS[container.inline.name], container.arguments)
    if _is_enum(container):
        return Primitive(r.place, _NUMBERED, [container.function, *container.arguments])
    return Primitive(r.place, _ITEMS, [container])


def _is_enum(node: Node) -> TypeGuard[Call]:
    """Whether a node calls what the name `enum` means, which is mostly the library's."""
    if not isinstance(node, Call) or node.named:
        return False
    called = node.function
    return called.python == "enum" if isinstance(called, Global) else getattr(called, "text", "") == "enum"


def _write_span(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The values of `(range a b c)` that a loop goes through: nobody else sees the list."""
    start, end, step = node.arguments
    if type(step) is not Constant or type(step.value) is not int or not step.value:
        return e.deliver(e.call(" span", *e.operands(node.arguments)), destination)
    values = e.operands(node.arguments, twice=True)
    tests = [
        e.is_of(value, " int")
        for value, part in zip(values, (start, end), strict=False)
        if part.kind not in INTEGERS
    ]
    far = e.constant(FAR)
    if step.value > 0:
        # Downwards it would count by the opposite.
        order = e.compare(e.constant(-FAR), [ast.Lt(), ast.LtE(), ast.Lt()], [*values[:2], far])
    else:
        order = e.compare(far, [ast.Gt(), ast.GtE(), ast.Gt()], [*values[:2], e.constant(-FAR)])
    fast = e.call(" range", *(values if step.value != 1 else values[:2]))
    slow = e.call(" span", *values)
    return e.deliver(e.choose(e.boolean(ast.And(), [*tests, order]), fast, slow), destination)


# Counts as far as this are counted by Python; more are refused by the library.
FAR = MOST_ELEMENTS >> 1


_SPAN = Inline(" span", emit=_write_span)


def _write_count(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The values of `(iota n)` or `(iota0 n)` that a loop goes through: nobody else sees the list."""
    (count,) = node.arguments
    value = e.simple(e.value(count))
    tests = [] if count.kind in INTEGERS else [e.is_of(value, " int")]
    tests.append(e.compare(e.constant(0), [ast.LtE(), ast.Lt()], [value, e.constant(FAR)]))
    one = e.constant(1)
    from_one = node.inline.name == " from one"
    fast = e.call(" range", one, e.binary(value, ast.Add(), one)) if from_one else e.call(" range", value)
    slow = e.call(" items", e.call("⍳" if from_one else "⍳0", value))
    return e.deliver(e.choose(e.boolean(ast.And(), tests), fast, slow), destination)


_COUNTS = {"⍳": Inline(" from one", emit=_write_count), "⍳0": Inline(" from zero", emit=_write_count)}


def _write_numbered(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The pairs of `(enum container start)`, made one by one: what the loop changes is seen in later ones."""
    return e.deliver(e.call(" numbered", *e.operands(node.arguments)), destination)


_NUMBERED = Inline(" numbered", emit=_write_numbered)


def _counted(r: Resolver, form: Form) -> Node:
    label = form[1]
    name = r.check_variable(label[0], label.spans[0])
    bounds = [whole(r, bound) for bound in r.arguments(label, 1)]
    targets: list[Target] = [r.target(name)]
    with r.in_loop():
        body = r.sequence(form, 2)
    turns = Primitive(r.place, _RANGE, bounds)
    return Each(r.place, targets, turns, body, variable_kind="integer")


def _write_range(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    return e.deliver(e.call(" range", *e.operands(node.arguments)), destination)


_RANGE = Inline(" range", emit=_write_range)


def _write_whole(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A bound of a counted loop: integers as they are, numbers through a check."""
    bound = node.arguments[0]
    value = e.value(bound)
    if bound.kind not in INTEGERS:
        value = e.simple(value)
        value = e.choose(e.is_of(value, " int"), value, e.call(" whole", value))
    return e.deliver(value, destination)


_WHOLE = Inline(
    " whole",
    emit=_write_whole,
    kind=lambda kinds, _node: kinds[0] if kinds[0] in ("natural", "integer") else "integer",
)


def whole(r: Resolver, bound: Node) -> Node:
    """A bound as an integer."""
    return Primitive(r.place, _WHOLE, [bound])


def _write_turns(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The values of a loopcount variable: a range, downwards for a negative count."""
    count = node.arguments[0]
    return e.deliver(_by_sign(e, count, lambda value: e.call(" range", value), " turns"), destination)


def _by_sign(e: Emitter, count: Node, upwards: Callable[[ast.expr], ast.expr], otherwise: str) -> ast.expr:
    """What a count of turns gives where it is not negative; what it gives otherwise a helper says."""
    value = e.simple(e.value(count))
    found = upwards(value)
    if count.kind == "natural":
        return found
    not_negative = e.compare(value, [ast.GtE()], [e.constant(0)])
    return e.choose(not_negative, found, e.call(otherwise, value))


def _write_after(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """What the variable of a loopcount holds after the loop."""
    return e.deliver(_by_sign(e, node.arguments[0], lambda value: value, " after"), destination)


_TURNS = Inline(" turns", emit=_write_turns, kind="solid")
_AFTER = Inline(
    " after", emit=_write_after, kind=lambda kinds, _node: kinds[0] if kinds[0] == "natural" else "integer"
)


@special(
    "loopcount", "count [variable] body... | count into variable body...", aliases=("dotimes",), result=(-1,)
)
def resolve_loopcount(r: Resolver, form: Form) -> Node:
    """Evaluate the body `count` times; the variable goes 0, 1 ... count-1.

    With a negative count it goes from abs(count)-1 down to 0.

    Example: (setq found '()) (loopcount 3 i (push found i)) found => (0 1 2)
    """
    start, name = 2, None
    if isinstance(form[2], Atom) and len(form) > 3:
        start = 4 if form[2].name == "into" and len(form) > 4 and isinstance(form[3], Atom) else 3
        name = r.check_variable(form[start - 1], form.spans[start - 1])
    count = r.temporary()
    bound = r.bind(count, whole(r, r.node(form[1], form.spans[1])))
    target = r.target(name) if name is not None else None
    with r.in_loop():
        body = r.sequence(form, start)
    turns = Primitive(r.place, _TURNS, [r.read(count)])
    if target is None:
        return Block(r.place, [bound, Each(r.place, [ToVariable(r.temporary(), binds=True)], turns, body)])
    last = r.assign(target, Primitive(r.place, _AFTER, [r.read(count)]))
    return Block(r.place, [bound, Each(r.place, [target], turns, body, variable_kind="natural", last=last)])


@special("whilein", "variable container test body...", result=(-1,))
def resolve_whilein(r: Resolver, form: Form) -> Node:
    """As loop, but stops as soon as the test, made before each turn, is false.

    Example: (setq found '()) (whilein x '(1 2 9 3) (< x 5) (push found x)) found => (1 2)
    """
    name = r.check_variable(form[1], form.spans[1])
    items = r.helper(" items", r.node(form[2], form.spans[2]))
    targets: list[Target] = [r.target(name)]
    with r.in_loop():
        test = r.node(form[3], form.spans[3])
        body = r.sequence(form, 4)
    ended = If(r.place, test, body, Break(r.place, keeps=True))
    return Each(r.place, targets, items, ended, first=True)


def _together(r: Resolver, form: Form, what: str) -> Node:
    names = form[1]
    if len(form) < len(names) + 3:
        raise r.error(f"Error: '{form[0].name}' needs a list of variables, as many containers, and a body")
    checked = [r.check_variable(name, form.spans[1]) for name in names]
    count = len(names)
    containers = Form(form[: 2 + count], form.span, form.spans[: 2 + count])
    items = [r.helper(what, node) for node in r.arguments(containers, 2)]
    targets = [r.target(name) for name in checked]
    with r.in_loop():
        body = r.sequence(form, 2 + count)
    return Each(r.place, targets, r.helper(" zip", *items), body, several=True)


@special("lloop", "(variable...) container... body...", result=(-1,))
def resolve_lloop(r: Resolver, form: Form) -> Node:
    """Go through several containers in parallel; ends with the shortest.

    Example: (setq pairs '()) (lloop (a b) '(1 2) "xyz" (push pairs (+ b (string a)))) pairs => ("x1" "y2")
    """
    return _together(r, form, " items")


@special("mloop", "(variable...) container... body...", result=(-1,))
def resolve_mloop(r: Resolver, form: Form) -> Node:
    """As lloop, for containers of any kind: of a dictionary it takes the values.

    Example: (setq found ()) (mloop (a b) '(1 2) {"x":10 "y":20} (push found (+ a b))) found => (11 22)
    """
    return _together(r, form, " contents")


@special("break", needs_function=True)
def resolve_break(r: Resolver, _form: Form) -> Node:
    """Leave the innermost loop, whose value is nil then. In a lambda that is mapped it ends the map.

    Example: (loop x '(1 2 3) (check (= x 2) (break)) (setq seen x)) seen => 1
    Example: (maplist (λ (x) (if (> x 2) (break)) (* 10 x)) '(1 2 3)) => (10 20)
    """
    if r.loops:
        return Break(r.place)
    if r.function.kind != "lambda":
        raise r.error("Error: 'break' can only be used inside a loop")
    return Raise(r.place, r.helper(" break"))
