"""Branches and sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.statements import Raise, Return
from lispe_kernel.language.compiler.tree import Block, Helper, If, Node
from lispe_kernel.language.forms import Form, head
from lispe_kernel.language.special_forms import special, special_forms
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
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


@special("block", "[form...]", aliases=("__root__",), result=(-1,), hidden=True)
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


@special("return", "[value]", needs_function=True)
def resolve_return(r: Resolver, form: Form) -> Node:
    """Leave the function or lambda with a value, nil without one. At top level it ends the form.

    Example: (defun first_even (l) (loop x l (check (= 0 (% x 2)) (return x)))) (first_even '(3 4 5)) => 4
    """
    value = _element(r, form, 1)
    if r.function.kind == "top":
        return Raise(r.place, Helper(r.place, " return", [value]), leaves=True)
    return Return(r.place, value)
