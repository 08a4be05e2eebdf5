"""The rarer loops: `whilein`, `lloop`, `mloop`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import Destination
from lispe_kernel.language.compiler.forms.control import loop, turn
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.forms import Form, is_list

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


def _store(c: Compiler, name: str) -> ast.expr:
    return ast.copy_location(ast.Name(name, ast.Store()), c.nil())


@special("whilein", "variable container test body...", result=(-1,))
def compile_whilein(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """As loop, but stops as soon as the test, made before each turn, is false.

    Example: (setq found '()) (whilein x '(1 2 9 3) (< x 5) (push found x)) found => (1 2)
    """
    name = c.check_variable(form[1], form.spans[1])
    items = c.call(" items", c.value(form[2], form.spans[2]))

    def write(to: Destination) -> None:
        target = c.target(name)
        c.assign(target, c.nil())
        with c.nested_block() as body:
            test = c.test(form[3], form.spans[3])
            with c.nested_block() as leave:
                c.break_()
            c.if_(c.negate(test), leave, [])
            c.sequence(form, 4, to)
        c.for_(_store(c, target), items, body)

    return loop(c, form, destination, write)


def _variables(c: Compiler, form: Form) -> list[str]:
    names = form[1]
    if not is_list(names) or not names or len(form) < len(names) + 3:
        raise c.error(f"Error: '{form[0].name}' needs a list of variables, as many containers, and a body")
    return [c.check_variable(name, form.spans[1]) for name in names]


def _containers(c: Compiler, form: Form, count: int) -> list[ast.expr]:
    containers = Form(form[: 2 + count], form.span, form.spans[: 2 + count])
    return [c.saved(c.call(" items", value)) for value in c.arguments(containers, 2)]


@special("lloop", "(variable...) container... body...", result=(-1,))
def compile_lloop(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Go through several containers in parallel; ends with the shortest.

    Example: (setq pairs '()) (lloop (a b) '(1 2) "xyz" (push pairs (+ b (string a)))) pairs => ("x1" "y2")
    """
    names = _variables(c, form)
    containers = _containers(c, form, len(names))

    def write(to: Destination) -> None:
        targets = [_store(c, c.target(name)) for name in names]
        together = ast.copy_location(ast.Tuple(targets, ast.Store()), c.nil())
        c.for_(together, c.call(" zip", *containers), turn(c, form, 2 + len(names), to))

    return loop(c, form, destination, write)


@special("mloop", "(variable...) container... body...", result=(-1,))
def compile_mloop(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Go through all combinations of the elements of several containers, the last one fastest.

    `break` leaves the whole loop.

    Example: (setq found '()) (mloop (a b) '(1 2) '(10 20) (push found (+ a b))) found => (11 21 12 22)
    """
    names = _variables(c, form)
    containers = _containers(c, form, len(names))

    def write(to: Destination) -> None:
        targets = [_store(c, c.target(name)) for name in names]
        together: Any = ast.copy_location(ast.Tuple(targets, ast.Store()), c.nil())
        c.for_(together, c.call(" product", *containers), turn(c, form, 2 + len(names), to))

    return loop(c, form, destination, write)
