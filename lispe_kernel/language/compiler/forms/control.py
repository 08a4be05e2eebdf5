"""Branches, sequences and loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.emit.calls import held
from lispe_kernel.language.compiler.emit.emitter import plain_items
from lispe_kernel.language.compiler.inlines import Inline
from lispe_kernel.language.compiler.statements import Break, Each, Raise, Return, Target, ToVariable, While
from lispe_kernel.language.compiler.tree import Block, Helper, If, Node, Primitive, Quoted
from lispe_kernel.language.forms import Form, head, is_list
from lispe_kernel.language.special_forms import special, special_forms
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    import ast

    from lispe_kernel.language.compiler.emit.destinations import Destination
    from lispe_kernel.language.compiler.emit.emitter import Emitter
    from lispe_kernel.language.compiler.resolve import Resolver


def _element(r: Resolver, form: Form, index: int) -> Node:
    return r.node(form[index], form.spans[index]) if index < len(form) else r.nil()


@special("if", "test then [else]", result=(2, 3))
def resolve_if(r: Resolver, form: Form) -> Node:
    """Evaluate `then` when the test is true, else `else` (nil without one).

    Example: (if (< 1 2) "less" "more") => less
    """
    return If(r.place, _element(r, form, 1), _element(r, form, 2), _element(r, form, 3))


@special("ife", "test then else...", result=(2, -1))
def resolve_ife(r: Resolver, form: Form) -> Node:
    """As if, with any number of else forms; the last gives the value.

    Example: (ife (> 1 2) "more" (setq seen true) "less") => less
    """
    return If(r.place, _element(r, form, 1), _element(r, form, 2), r.sequence(form, 3))


@special("check", "test [body...]", result=(-1,))
def resolve_check(r: Resolver, form: Form) -> Node:
    """Evaluate the body when the test is true; nil otherwise.

    Example: (check (< 1 2) (setq seen true) "less") => less
    """
    return If(r.place, _element(r, form, 1), r.sequence(form, 2), r.nil())


@special("ncheck", "test else [body...]", result=(2, -1))
def resolve_ncheck(r: Resolver, form: Form) -> Node:
    """Evaluate `else` when the test is false; the body otherwise.

    Example: (ncheck (< 1 2) "no" (setq seen true) "yes") => yes
    """
    test, otherwise = _element(r, form, 1), _element(r, form, 2)
    return If(r.place, test, r.sequence(form, 3), otherwise)


@special(
    "cond",
    "(test body...)...",
    when_reached=True,
    errors={"(test body...)...": "Error: in a 'cond' the first element must be a list"},
)
def resolve_cond(r: Resolver, form: Form) -> Node:
    """The body of the first clause whose test is true; nil when there is none. `(true ...)` is a default.

    Example: (cond ((> 1 2) "more") ((= 1 2) "same") (true "less")) => less
    """
    resolved: list[tuple[Node | None, Node]] = []
    for clause, span in zip(form[1:], form.spans[1:], strict=True):
        wrong, _ = special_forms["cond"].wrong_part([form[0], clause])
        if wrong:
            resolved.append((None, Raise(span, r.helper(" error", r.constant(wrong)))))
            break
        if clause[0] is TRUE:
            resolved.append((None, clause_body(r, clause)))
            break
        test = r.node(clause[0], clause.spans[0])
        resolved.append((test, clause_body(r, clause)))
    return chain(r, resolved, r.nil())


def chain(r: Resolver, clauses: list[tuple[Node | None, Node]], otherwise: Node) -> Node:
    """Clauses of a test and a node, the first that holds; one without a test always does."""
    found = otherwise
    for test, node in reversed(clauses):
        found = node if test is None else If(r.place, test, node, found)
    return found


def clause_body(r: Resolver, clause: Form) -> Node:
    """The body of a clause. In LispE a `return` that is not its last form does not leave the function."""
    nodes: list[Node] = []
    for index in range(1, len(clause) - 1):
        form = clause[index]
        lost = head(form) is RETURN and len(form) > 1
        nodes.append(r.node(form[1] if lost else form, clause.spans[index]))
    nodes.append(r.node(clause[-1], clause.spans[-1]))
    return nodes[0] if len(nodes) == 1 else Block(r.place, nodes)


RETURN = Atom("return")


@special("block", "[form...]", result=(-1,))
def resolve_block(r: Resolver, form: Form) -> Node:
    """Evaluate forms in order; the last gives the value, nil when there is none.

    Example: (block (setq a 2) (* a a)) => 4
    """
    return r.sequence(form, 1)


@special("quote", "form")
def resolve_quote(r: Resolver, form: Form) -> Node:
    """The form itself, not evaluated. Written 'form.

    Example: (quote (+ 1 2)) => (+ 1 2)
    """
    return r.quoted(form[1])


# -- loops --------------------------------------------------------------------------------------------


@special("while", "test body...", result=(-1,))
def resolve_while(r: Resolver, form: Form) -> Node:
    """Evaluate the body as long as the test is true.

    Example: (setq n 1) (while (< n 100) (*= n 2)) n => 128
    """
    with r.in_loop():
        return While(r.place, _element(r, form, 1), r.sequence(form, 2))


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
    value = e.simple(e.value(source))
    if source.kind == "list":
        return e.deliver(value, destination)
    found: ast.expr = e.call(" items", value)
    if source.kind not in ("dictionary", "integers", "numbers"):
        found = e.choose(e.is_of(value, " List"), value, found)
    return e.deliver(found, destination)


def _items_kind(kinds: list[str], _node: Primitive) -> str:
    return kinds[0] if kinds[0] == "list" else ""


_ITEMS = Inline(" items", emit=_write_items, kind=_items_kind)


def items_of(r: Resolver, container: Node) -> Node:
    """What a loop over a container goes through."""
    return Primitive(r.place, _ITEMS, [container])


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
    is_whole = bound.kind in ("natural", "integer")
    return e.deliver(value if is_whole else e.call(" whole", value), destination)


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
    return e.deliver(e.call(" range" if count.kind == "natural" else " turns", e.value(count)), destination)


def _write_after(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """What the variable of a loopcount holds after the loop."""
    count = node.arguments[0]
    value = e.value(count)
    return e.deliver(value if count.kind == "natural" else e.call(" after", value), destination)


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


@special("return", "[value]", needs_function=True)
def resolve_return(r: Resolver, form: Form) -> Node:
    """Leave the function or lambda with a value, nil without one. At top level it ends the form.

    Example: (defun first_even (l) (loop x l (check (= 0 (% x 2)) (return x)))) (first_even '(3 4 5)) => 4
    """
    value = _element(r, form, 1)
    if r.function.kind == "top":
        return Raise(r.place, Helper(r.place, " return", [value]))
    return Return(r.place, value)
