"""Guards: calls inside patterns. Which form is one, which variable it tests, how it becomes a test."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.expand import expanded
from lispe_kernel.language.compiler.kinds import NUMBERS
from lispe_kernel.language.compiler.registry import special_forms
from lispe_kernel.language.forms import QUOTE, Form, is_list
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

KLEENE = frozenset("*+%")


def is_guard(c: Compiler, form: Any) -> bool:
    """Whether a list in a pattern is a call: its head is an instruction, an operator or a known function."""
    if not is_list(form) or not form or not isinstance(form[0], Atom) or form[0] is QUOTE:
        return False
    name = form[0].name
    if name in c.bindings:
        return False
    if name in special_forms or name in c.macros or name in c.context.macros:
        return True
    if name in c.signatures or c.context.signature(name) is not None:
        return True
    return c.context.library(name) is not None


def argument_of(c: Compiler, form: Any) -> str:
    """The variable that a guard tests: the last plain atom of the form, inside a nested call if that is last.

    Errors: `Error: Missing argument in defpat function`.
    """
    found = _argument(form)
    if found is None:
        raise c.error("Error: Missing argument in defpat function")
    return c.check_variable(found)


def _argument(form: Any) -> Atom | None:
    for item in reversed(form[1:]):
        if isinstance(item, Atom) and item is not TRUE:
            return item
        if is_list(item) and item and item[0] is not QUOTE:
            found = _argument(item)
            if found is not None:
                return found
    return None


def compile_guard(c: Compiler, form: Form) -> ast.expr:
    """The guard as a Python test; an error in it is no match."""
    with c.branch(), c.nested_block() as emitted:
        test = c.test(expanded(c, form))  # a guard is code inside a pattern
    if not emitted and _is_safe(c, test):
        return test
    name = c.function.temporary()
    with c.nested_block() as body:
        body.extend(emitted)
        c.assign(name, test)
    with c.nested_block() as failed:
        c.assign(name, c.constant(False))
    c.try_(body, c.name(" Exception"), None, failed)
    return c.name(name)


def _is_safe(c: Compiler, test: ast.expr) -> bool:
    """A comparison of numbers, which cannot fail."""
    if not isinstance(test, ast.Compare):
        return False
    parts = [test.left, *test.comparators]
    return all(isinstance(p, ast.Name | ast.Constant) and c.kind(p) in NUMBERS for p in parts)
