"""Questions made of questions: `and`, `or`, `xor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.tree import Logic, Node

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.forms import Form


@special("and", "test...", least=2)
def resolve_and(r: Resolver, form: Form) -> Node:
    """True when every test is; stops at the first that is not. Gives true or nil, never an operand."""
    return Logic(r.place, "and", r.arguments(form))


@special("or", "test...", least=2)
def resolve_or(r: Resolver, form: Form) -> Node:
    """True when one of the tests is; stops at the first. The answer is true or nil, never an operand."""
    return Logic(r.place, "or", r.arguments(form))


@special("xor", "test...", least=2)
def resolve_xor(r: Resolver, form: Form) -> Node:
    """True when every two neighbours differ in truth. All tests are evaluated."""
    return Logic(r.place, "xor", r.arguments(form))
