"""Functions on functions of clauses: `bodies`."""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.forms import as_data
from lispe_kernel.language.functions import function
from lispe_kernel.language.made import signature_of
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.runtime import function_of_atom
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.lists import List


@function("bodies", keyword=True)
def bodies(name: Any) -> List:
    """The list of the clauses of a pattern function or predicate, as they were written.

    Example: (block (defpat same (x x) true) (bodies same)) => ((defpat same (x x) true))
    Errors: a value that is no function of clauses.
    """
    found = function_of_atom(name) if isinstance(name, Atom) else name
    clauses = getattr(signature_of(found), "clauses", None)
    if clauses is None:
        raise wrong_argument("bodies", 1, "a function made by defpat, defpred or defprol", name)
    return List(as_data(clause.form) for clause in clauses)
