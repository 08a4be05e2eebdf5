"""Questions made of questions: `and`, `or`, `xor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.tree import Logic, Node
from lispe_kernel.language.special_forms import special

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.forms import Form


@special("and", "test test...", returns="boolean")
def resolve_and(r: Resolver, form: Form) -> Node:
    """True when every test is; stops at the first that is not. Gives true or nil, never an operand.

    Example: (and 1 "a" (< 1 2)) => true
    """
    return Logic(r.place, "and", r.arguments(form))


@special("or", "test test...", returns="boolean")
def resolve_or(r: Resolver, form: Form) -> Node:
    """True when one of the tests is; stops at the first. The answer is true or nil, never an operand.

    Example: (or nil 0 "a") => true
    """
    return Logic(r.place, "or", r.arguments(form))


@special("xor", "test test...", returns="boolean")
def resolve_xor(r: Resolver, form: Form) -> Node:
    """True when every two neighbours differ in truth. All tests are evaluated.

    Example: (xor true nil) => true
    """
    return Logic(r.place, "xor", r.arguments(form))
