"""`defmacro`: the definition of macros. What a call of one becomes is in `expand.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.expand import Macro, MacroClause
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.forms import Form, as_data, is_list
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.compiler.tree import Node


@special("defmacro", "name (pattern) body...", least=3, silent=True)
def resolve_defmacro(r: Resolver, form: Form) -> Node:
    """Define a macro: a call whose argument forms match the pattern is replaced by the body.

    Parameters are replaced at every depth; `$ rest` takes the remaining forms and splices them. Another
    clause with another pattern adds to the macro; the same pattern again replaces its clause.
    """
    if not isinstance(form[1], Atom):
        raise r.error("Error: Missing name in the declaration of a function", form.spans[1])
    name = form[1].name
    if r.is_keyword(name):
        raise r.error(f"Error: '{name}' is a reserved keyword.", form.spans[1])
    if not is_list(form[2]):
        raise r.error("Error: List of missing parameters in a function declaration", form.spans[2])
    known = r.macros.get(name) or r.context.macros.get(name)
    clause = MacroClause(list(form[2]), list(form[3:]))
    kept = [old for old in (known.clauses if known else []) if not _same(old.pattern, clause.pattern)]
    r.macros[name] = Macro(name, [*kept, clause])
    return r.true()


def _same(a: Any, b: Any) -> bool:
    return bool(as_data(a) == as_data(b))
