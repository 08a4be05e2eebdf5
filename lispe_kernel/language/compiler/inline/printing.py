"""What is printed: each value as it is when its turn comes, not as a later argument leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.inlines import inline_functions, syntax
from lispe_kernel.language.compiler.tree import Call, Constant, Global, Node
from lispe_kernel.language.compiler.variables import python_name
from lispe_kernel.language.forms import QUOTE, Form, is_list
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


@syntax("print", "println", "printerr", "printerrln")
def read_print(r: Resolver, form: Form) -> Node | None:
    """`(println l (push l 1) l)` shows the list without and with its new element."""
    acting = [index for index in range(2, len(form)) if not _is_quiet(r, form[index])]
    if not acting:
        return None
    last = acting[-1]
    nodes = r.arguments(form)
    texts = [
        r.helper(" text", node) if index < last and not isinstance(node, Constant) else node
        for index, node in enumerate(nodes, 1)
    ]
    return Call(r.place, Global(r.place, python_name(form[0].name)), texts)


def _is_quiet(r: Resolver, form: Any) -> bool:
    """Whether evaluating a form surely changes nothing."""
    if not is_list(form) or not form or form[0] is QUOTE:
        return True
    if not isinstance(form[0], Atom) or r.is_own(form[0].name):
        return False
    name = r.context.canonical(form[0].name)
    if name == "λ":
        return True
    written = inline_functions.get(name)
    quiet = written is not None and written.quiet and not written.changes
    return quiet and all(_is_quiet(r, item) for item in form[1:])
