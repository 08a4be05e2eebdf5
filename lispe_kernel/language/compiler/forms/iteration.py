"""The rarer loops: `whilein`, `lloop`, `mloop`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.statements import Break, Each, Target
from lispe_kernel.language.compiler.tree import If, Node
from lispe_kernel.language.forms import Form
from lispe_kernel.language.special_forms import special

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


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
