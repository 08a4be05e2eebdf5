"""The compiler: forms to Python's ast to code objects.

`program.py` compiles a text, `core.py` a form; each other file holds one family of special forms or of
inline functions, which register themselves when imported here.
"""

from lispe_kernel.language.compiler import (  # noqa: F401 - imported to register their forms
    access,
    binding,
    calls,
    choices,
    classes,
    control,
    creation,
    definitions,
    defpat,
    evaluation,
    functional,
    iteration,
    logic,
    macros,
    operators,
    predicates,
    protection,
    records,
    rewriting,
    spaces,
    threads,
)
from lispe_kernel.language.compiler.program import Program, compile_program
from lispe_kernel.language.compiler.registry import special_forms

__all__ = ["Program", "compile_program", "special_forms"]
