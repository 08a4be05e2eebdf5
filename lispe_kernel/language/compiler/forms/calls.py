"""Calls that are forms: of the running function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.calls import self_call
from lispe_kernel.language.compiler.registry import special

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.compiler.tree import Node
    from lispe_kernel.language.forms import Form


@special("self", "argument...")
def resolve_self(r: Resolver, form: Form) -> Node:
    """Calls the running function or lambda again. In tail position this is a loop."""
    return self_call(r, form)
