"""The compiler: forms to Python's ast to code objects.

`program.py` compiles a text in stages: `expand.py` (forms to forms), `resolve.py` (forms to the tree of
`tree.py`), `versions/` (second bodies of functions), `analyse.py` (what is known of its values), `emit/`
(tree to ast). `forms/` holds the special forms, `inline/` the calls that are written as plain Python,
`patterns/` what patterns become. They register themselves: `load()` imports them.
"""

from lispe_kernel.language.compiler.program import Program, compile_program
from lispe_kernel.language.discovery import import_all
from lispe_kernel.language.special_forms import special_forms

__all__ = ["Program", "compile_program", "load", "special_forms"]


def load() -> None:
    """Import every family of special forms and of inline functions."""
    import_all(__name__)
