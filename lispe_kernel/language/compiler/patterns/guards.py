"""Guards: calls inside patterns. Which form is one, which variable it tests, how it becomes a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.statements import Protect
from lispe_kernel.language.compiler.tree import If, Node
from lispe_kernel.language.forms import QUOTE, Form, is_list
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

KLEENE = frozenset("*+%")


def is_guard(r: Resolver, form: Any) -> bool:
    """Whether a list in a pattern is a call: its head is an instruction, an operator or a known function."""
    if not is_list(form) or not form or not isinstance(form[0], Atom) or form[0] is QUOTE:
        return False
    name = form[0].name
    if name in r.scope:
        return False
    if name in special_forms or name in r.macros or name in r.context.macros:
        return True
    return r.signature(name) is not None or r.context.library(name) is not None


def argument_of(r: Resolver, form: Any) -> str:
    """The variable that a guard tests: the last plain atom of the form, inside a nested call if that is last.

    Errors: `Error: Missing argument in defpat function`.
    """
    found = _argument(form)
    if found is None:
        raise r.error("Error: Missing argument in defpat function")
    return r.check_variable(found)


def _argument(form: Any) -> Atom | None:
    for item in reversed(form[1:]):
        if isinstance(item, Atom) and item is not TRUE:
            return item
        if is_list(item) and item and item[0] is not QUOTE:
            found = _argument(item)
            if found is not None:
                return found
    return None


def guard_test(r: Resolver, form: Form) -> Node:
    """The guard as a condition; an error in it is no match."""
    return Protect(r.place, If(r.place, r.node(form), r.true(), r.nil()), None, r.nil())
