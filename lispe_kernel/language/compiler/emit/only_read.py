"""Lists of the program's text that a loop goes through and that nobody can change or keep.

`(loop d '((1 0) (0 1)) ...)` means a fresh list each time, for what the loop gives to its variable could be
changed. Where the function does nothing with the variable but look into it, no difference can be seen
between a fresh list and one that is made once.
"""

from __future__ import annotations

from lispe_kernel.language.compiler.emit.emitter import SCALARS
from lispe_kernel.language.compiler.statements import Each, ToVariable, Unpack
from lispe_kernel.language.compiler.tree import Name, Node, Primitive, Quoted, Read
from lispe_kernel.language.compiler.variables import Function, Variable
from lispe_kernel.language.values.lists import List

# What gives an element of its first operand, or a number.
_LOOKS = frozenset({"at", "car", "cadr", "caddr", "size"})


def only_read(function: Function, loop: Each) -> List | None:
    """The list for all runs of a loop over one that is written out; None where each run needs its own."""
    items, target = loop.items, loop.targets[0]
    if not isinstance(items, Primitive) or items.inline.name != " items" or type(target) is not ToVariable:
        return None
    written, variable = items.arguments[0], target.variable
    if type(written) is not Quoted or type(written.data) is not List or not _is_flat(written.data):
        return None
    if variable.owner is not function or variable.captured or variable.parameter or function.seen:
        return None
    if function.body is None or not _is_looked_into(function.body, variable):
        return None
    return List([List(item) if type(item) is List else item for item in written.data])


def _is_flat(data: List) -> bool:
    """Whether a list holds scalars and lists of scalars."""
    rows = (item if type(item) is List else (item,) for item in data)
    return all(type(part) in SCALARS for row in rows for part in row)


def _is_looked_into(body: Node, variable: Variable) -> bool:
    """Whether a variable is read only where an element of its value is taken out."""
    pending = [body]
    while pending:
        node = pending.pop()
        parts = node.parts()
        for index, part in enumerate(parts):
            if not isinstance(part, Read | Name) or part.variable is not variable:
                pending.append(part)
            elif not _looks(node, index):
                return False
    return not (isinstance(body, Read | Name) and body.variable is variable)


def _looks(node: Node, index: int) -> bool:
    if isinstance(node, Unpack):
        return not node.gives
    return isinstance(node, Primitive) and index == 0 and node.inline.name in _LOOKS
