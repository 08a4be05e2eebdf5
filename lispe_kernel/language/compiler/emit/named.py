"""Helpers by their names instead of as constants: for functions that call what another library brings.

Such a library may read the code of a function to make something of it, as torch.compile does, and knows what
stands under a name of the builtins, not a class among the constants.
"""

from __future__ import annotations

import ast
from typing import Any

from lispe_kernel.language.compiler.emit.fixed import FIXED
from lispe_kernel.language.compiler.emit.nodes import MARK

_NAMES = {id(value): name for name, value in reversed(FIXED.items())}


class _Named(ast.NodeTransformer):
    def __init__(self, constants: list[Any]) -> None:
        self.constants = constants

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        marked = node.value
        if isinstance(marked, tuple) and len(marked) == 2 and marked[0] == MARK:
            name = _NAMES.get(id(self.constants[marked[1]]))
            if name is not None:
                return ast.copy_location(ast.Name(name, ast.Load()), node)
        return node


def name_helpers(tree: ast.FunctionDef, constants: list[Any]) -> None:
    """Let the code of a function read each helper that it holds under the helper's name."""
    _Named(constants).visit(tree)
