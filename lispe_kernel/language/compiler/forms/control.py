"""Branches, sequences and loops."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, TAIL, VALUE, Destination, into
from lispe_kernel.language.compiler.kinds import INTEGERS, may_assign
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import QUOTE, Form, as_data, head, is_list
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

# -- branches -----------------------------------------------------------------------------------------


def branches(
    c: Compiler, test: ast.expr, then: Any, otherwise: Any, destination: Destination
) -> ast.expr | None:
    """`then` and `otherwise` are functions of a destination; exactly one of them is evaluated."""
    if destination is VALUE:
        return _expression_branches(c, test, then, otherwise)
    with c.branch() as first, c.nested_block() as then_block:
        then(destination)
    with c.branch() as second, c.nested_block() as else_block:
        otherwise(destination)
    c.definite |= first & second
    c.if_(test, then_block, else_block)
    return None


def _expression_branches(c: Compiler, test: ast.expr, then: Any, otherwise: Any) -> ast.expr:
    with c.branch() as first, c.nested_block() as then_block:
        a = then(VALUE)
    with c.branch() as second, c.nested_block() as else_block:
        b = otherwise(VALUE)
    c.definite |= first & second
    if not then_block and not else_block:
        kind = c.kind(a)
        return c.known(c.choose(test, a, b), kind if kind == c.kind(b) else "")
    name = c.function.temporary()
    then_block.append(c.assign_statement(name, a))
    else_block.append(c.assign_statement(name, b))
    c.if_(test, then_block, else_block)
    return c.name(name)


def _element(c: Compiler, form: Form, index: int) -> Any:
    if index >= len(form):
        return lambda destination: c.deliver(c.nil(), destination)
    return lambda destination: c.compile(form[index], destination, form.spans[index])


def _sequence(c: Compiler, form: Form, start: int) -> Any:
    return lambda destination: c.sequence(form, start, destination)


def _nothing(c: Compiler) -> Any:
    return lambda destination: c.deliver(c.nil(), destination)


@special("if", "test then [else]", result=(2, 3))
def compile_if(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate `then` when the test is true, else `else` (nil without one).

    Example: (if (< 1 2) "less" "more") => less
    """
    test = c.test(form[1], form.spans[1])
    return branches(c, test, _element(c, form, 2), _element(c, form, 3), destination)


@special("ife", "test then else...", result=(2, -1))
def compile_ife(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """As if, with any number of else forms; the last gives the value.

    Example: (ife (> 1 2) "more" (setq seen true) "less") => less
    """
    test = c.test(form[1], form.spans[1])
    return branches(c, test, _element(c, form, 2), _sequence(c, form, 3), destination)


@special("check", "test [body...]", result=(-1,))
def compile_check(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate the body when the test is true; nil otherwise.

    Example: (check (< 1 2) (setq seen true) "less") => less
    """
    test = c.test(form[1], form.spans[1])
    return branches(c, test, _sequence(c, form, 2), _nothing(c), destination)


@special("ncheck", "test else [body...]", result=(2, -1))
def compile_ncheck(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate `else` when the test is false; the body otherwise.

    Example: (ncheck (< 1 2) "no" (setq seen true) "yes") => yes
    """
    test = c.test(form[1], form.spans[1])
    return branches(c, test, _sequence(c, form, 3), _element(c, form, 2), destination)


@special("cond", "(test body...)...", judges_parts=True)
def compile_cond(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """The body of the first clause whose test is true; nil when there is none. `(true ...)` is a default.

    Example: (cond ((> 1 2) "more") ((= 1 2) "same") (true "less")) => less
    """
    inner, name = c.through(destination)
    _clauses(c, form, 1, inner)
    return c.result(name)


def _clauses(c: Compiler, form: Form, index: int, destination: Destination) -> None:
    if index >= len(form):
        c.deliver(c.nil(), destination)
        return
    clause = form[index]
    if not is_list(clause) or len(clause) < 2:
        error = c.call(" error", c.constant("Error: in a 'cond' the first element must be a list"))
        c.raise_(error)
        return
    placed = clause if isinstance(clause, Form) else Form(clause, c.place)
    if placed[0] is TRUE:
        clause_body(c, placed, destination)
        return
    branches(
        c,
        c.test(placed[0], placed.spans[0]),
        lambda to: clause_body(c, placed, to),
        lambda to: _clauses(c, form, index + 1, to),
        destination,
    )


def clause_body(c: Compiler, clause: Form, destination: Destination) -> ast.expr | None:
    """The body of a clause. In LispE a `return` that is not its last form does not leave the function."""
    for index in range(1, len(clause) - 1):
        form = clause[index]
        lost = head(form) is RETURN
        c.effect(form[1] if lost and len(form) > 1 else form, clause.spans[index])
    return c.compile(clause[-1], destination, clause.spans[-1])


RETURN = Atom("return")


@special("block", "[form...]", result=(-1,))
def compile_block(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate forms in order; the last gives the value, nil when there is none.

    Example: (block (setq a 2) (* a a)) => 4
    """
    return c.sequence(form, 1, destination)


@special("quote", "form")
def compile_quote(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """The form itself, not evaluated. Written 'form.

    Example: (quote (+ 1 2)) => (+ 1 2)
    """
    return c.deliver(c.quoted(form[1]), destination)


# -- loops --------------------------------------------------------------------------------------------


def loop(c: Compiler, form: Form, destination: Destination, write: Any) -> ast.expr | None:
    """A loop: `write(body)` emits it, where `body(form, start)` compiles the forms of a turn.

    The value of a loop is that of the last form of its last turn, nil after `break`.
    """
    value = None if destination is EFFECT else c.function.temporary()
    if value is not None:
        c.assign(value, c.nil())
    c.forget_assigned(Form([form]))
    c.loop_values.append(value)
    # A call in a loop is no tail call, and a return from it leaves the function as everywhere.
    c.function.tail_blocked += 1
    with c.branch():
        write(EFFECT if value is None else into(value))
    c.function.tail_blocked -= 1
    c.loop_values.pop()
    return None if value is None else c.deliver(c.name(value), destination)


def turn(c: Compiler, form: Form, start: int, destination: Destination) -> list[ast.stmt]:
    """The body of a loop as a block."""
    with c.nested_block() as body:
        c.sequence(form, start, destination)
    return body


@special("while", "test body...", result=(-1,))
def compile_while(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate the body as long as the test is true.

    Example: (setq n 1) (while (< n 100) (*= n 2)) n => 128
    """

    def write(to: Destination) -> None:
        with c.nested_block() as before:
            test = c.test(form[1], form.spans[1])
        body = turn(c, form, 2, to)
        if not before:
            c.while_(test, body)
            return
        with c.nested_block() as leave:
            c.break_()
        with c.nested_block() as whole:
            c.block.extend(before)
            c.if_(c.negate(test), leave, [])
            c.block.extend(body)
        c.while_(c.constant(True), whole)

    return loop(c, form, destination, write)


@special(
    "loop",
    "variable container body... | (variable from to) body...",
    result=(-1,),
    errors={
        "variable": "Error: Missing label for 'loop'",
        "(variable from to)": "Error: Missing label for 'loop'",
    },
)
def compile_loop(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Set the variable to each element of a container in turn; a dictionary gives its keys.

    `(loop (i a b) ...)` counts: i is a, a+1, ... b-1.

    Example: (setq total 0) (loop x '(1 2 3) (+= total x)) total => 6
    Example: (setq found '()) (loop (i 2 5) (push found i)) found => (2 3 4)
    """
    if is_list(form[1]):
        return _counted(c, form, destination)
    name = c.check_variable(form[1], form.spans[1])
    items, kind = _items(c, form[2], form.spans[2])

    def write(to: Destination) -> None:
        target = c.target(name)
        c.assign(target, c.nil())
        c.for_(_store(c, target), items, _counting(c, name, target, form, 3, to, kind))

    found = loop(c, form, destination, write)
    c.target(name)
    return found


def _items(c: Compiler, form: Any, span: Span) -> tuple[ast.expr, str]:
    """What a loop goes through, and the kind of its elements if that is known."""
    if is_list(form) and len(form) == 2 and form[0] is QUOTE and is_list(form[1]):
        return c.constant(as_data(form[1])), ""
    value = c.simple(c.value(form, span))
    is_list_type = c.compare(c.call(" type", value), [ast.Is()], [c.name(" List")])
    if c.kind(value) == "list":
        return value, ""
    if c.kind(value) in ("dictionary", "numbers"):
        return c.call(" items", value), "text" if c.kind(value) == "dictionary" else "number"
    return c.choose(is_list_type, value, c.call(" items", value)), ""


def _store(c: Compiler, name: str) -> ast.expr:
    return ast.copy_location(ast.Name(name, ast.Store()), c.nil())


def _counted(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    label = form[1] if isinstance(form[1], Form) else Form(form[1], form.spans[1])
    name = c.check_variable(label[0], label.spans[0])
    start, end = c.arguments(label, 1)

    def write(to: Destination) -> None:
        target = c.target(name)
        body = _counting(c, name, target, form, 2, to, _counter_kind(c, start))
        c.for_(_store(c, target), c.call(" range", _whole(c, start), _whole(c, end)), body)

    return loop(c, form, destination, write)


def _counter_kind(c: Compiler, start: ast.expr) -> str:
    return "natural" if c.kind(start) == "natural" else "integer"


def _whole(c: Compiler, bound: ast.expr) -> ast.expr:
    """A bound of a counted loop: integers as they are, numbers through a check."""
    if c.kind(bound) in INTEGERS:
        return bound
    return c.call(" whole", bound)


def _counting(
    c: Compiler, name: str, target: str, form: Form, start: int, to: Destination, kind: str
) -> list[ast.stmt]:
    """The turn of a loop whose variable has a known kind, unless the body assigns it."""
    if kind and not may_assign(form[start:], name, (c.macros, c.context.macros)):
        c.assume(target, kind)
    body = turn(c, form, start, to)
    c.forget(target)
    return body


@special(
    "loopcount", "count [variable] body... | count into variable body...", aliases=("dotimes",), result=(-1,)
)
def compile_loopcount(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate the body `count` times; the variable goes 0, 1 ... count-1.

    With a negative count it goes from abs(count)-1 down to 0.

    Example: (setq found '()) (loopcount 3 i (push found i)) found => (0 1 2)
    """
    start, name = 2, None
    if isinstance(form[2], Atom) and len(form) > 3:
        start = 4 if form[2].name == "into" and len(form) > 4 and isinstance(form[3], Atom) else 3
        name = c.check_variable(form[start - 1], form.spans[start - 1])
    count = c.value(form[1], form.spans[1])

    def write(to: Destination) -> None:
        if name is None:
            c.for_(_store(c, c.function.temporary()), c.call(" turns", count), turn(c, form, start, to))
            return
        number = _whole(c, count)
        if not isinstance(number, ast.Constant):
            number = c.saved(number)
        target = c.target(name)
        positive = isinstance(number, ast.Constant) and isinstance(number.value, int) and number.value >= 0
        turns = c.call(" range" if positive else " turns", number)
        body = _counting(c, name, target, form, start, to, "natural")
        with c.nested_block() as after:
            c.assign(target, number if positive else c.call(" after", number))
        c.for_(_store(c, target), turns, body, after)

    return loop(c, form, destination, write)


@special("break", needs_function=True)
def compile_break(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Leave the innermost loop, whose value is nil then.

    Example: (loop x '(1 2 3) (check (= x 2) (break)) (setq seen x)) seen => 1
    """
    if not c.loop_values:
        raise c.error("Error: 'break' can only be used inside a loop")
    if c.loop_values[-1] is not None:
        c.assign(c.loop_values[-1], c.nil())
    c.break_()
    return c.deliver(c.nil(), destination) if destination is VALUE else None


@special("return", "[value]", needs_function=True)
def compile_return(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Leave the function or lambda with a value, nil without one. At top level it ends the program text.

    Example: (defun first_even (l) (loop x l (check (= 0 (% x 2)) (return x)))) (first_even '(3 4 5)) => 4
    """
    value = form[1] if len(form) > 1 else None
    span = form.spans[1] if len(form) > 1 else None
    if c.function.kind == "top":
        c.raise_(c.call(" return", c.value(value, span)))
    elif c.function.tail_blocked:
        c.return_(c.value(value, span))
    else:
        c.compile(value, TAIL, span)
    return c.nil() if destination is VALUE else None
