"""`defmacro`: the definition of macros. What a call of one becomes is in `macro_calls.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.forms.definitions import DECLARATION, check_free
from lispe_kernel.language.compiler.macro_calls import Clause, Macro
from lispe_kernel.language.forms import Form, as_data
from lispe_kernel.language.special_forms import special

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.compiler.tree import Node


@special("defmacro", "name ([pattern...]) body...", defines="macro", errors=DECLARATION)
def resolve_defmacro(r: Resolver, form: Form) -> Node:
    """Define a macro: a call whose argument forms match the pattern is replaced by the body.

    Parameters are replaced at every depth. `$ rest` in the pattern takes the remaining forms, `$ rest` in the
    body puts them there one by one (`rest` alone is the list of them). Another clause with another pattern
    adds to the macro; the same pattern again replaces its clause.

    Example: (defmacro twice ($ forms) (block $ forms $ forms)) (setq n 1) (twice (*= n 2) (+= n 1)) n => 7
    Example: (defmacro unless (test form) (if test nil form)) (unless (< 2 1) "done") => done
    """
    name = check_free(r, form[1], form.spans[1])
    known = r.macros.get(name) or r.context.macros.get(name)
    clause = Clause(form[2], form.rest(3))
    kept = [old for old in (known.clauses if known else []) if not _same(old.pattern, clause.pattern)]
    r.macros[name] = Macro(name, [*kept, clause])
    return r.true()


def _same(a: Any, b: Any) -> bool:
    return bool(as_data(a) == as_data(b))
