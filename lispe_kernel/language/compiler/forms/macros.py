"""`defmacro`: a macro of clauses, noted while the text is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.macro_calls import Clause, Macro
from lispe_kernel.language.compiler.parameters import DECLARATION
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.forms import Form, as_data

if TYPE_CHECKING:
    import ast

    from lispe_kernel.language.compiler.core import Compiler


@special("defmacro", "name ([pattern...]) body...", defines="macro", errors=DECLARATION)
def compile_defmacro(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Define a macro: a call whose argument forms match the pattern is replaced by the body.

    Parameters are replaced at every depth; `$ rest` takes the remaining forms and splices them. Another
    clause with another pattern adds to the macro; the same pattern again replaces its clause.

    Example: (defmacro unless (test form) (if test nil form)) (unless (< 2 1) "done") => done
    """
    name = c.new_name(form[1], form.spans[1])
    known = c.macros.get(name) or c.context.macros.get(name)
    clause = Clause(list(form[2]), list(form[3:]))
    kept = [old for old in (known.clauses if known else []) if not _same(old.pattern, clause.pattern)]
    c.macros[name] = Macro(name, [*kept, clause])
    return None if destination is EFFECT else c.deliver(c.true(), destination)


def _same(a: Any, b: Any) -> bool:
    return bool(as_data(a) == as_data(b))
