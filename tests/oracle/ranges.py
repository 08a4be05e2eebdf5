"""`set@@`: a part of a list or a text replaced, by the bounds of `@@` (library 1.6; dialect, Containers).

Whether the list itself changes is not said: who else holds it, or a view of it, is no evidence any more.
"""

from tests.oracle.errors import Undetermined
from tests.oracle.places import fit
from tests.oracle.registry import form
from tests.oracle.scope import assign, read
from tests.oracle.values import Atom, List


@form("set@@", least=3, most=4)
def set_range(interpreter, arguments, scope, tail):
    container, *bounds, value = [interpreter.eval(one, scope) for one in arguments]
    made = replaced(container, bounds, value)
    if isinstance(arguments[0], Atom):
        name = arguments[0].name
        if read(scope, name) is not container:
            raise Undetermined("set@@ of a variable that its operands assign")
        if scope.find(name) is not scope.holder(name):
            raise Undetermined("set@@ of a variable of another scope")
        if isinstance(container, List):
            container.forget()
        assign(scope, name, made)
    elif isinstance(container, List):
        container.forget()
    return made


def replaced(container, bounds, value):
    """The container with the part between the bounds replaced."""
    if not isinstance(container, (List, str)):
        raise Undetermined("set@@ of this value")
    if not all(type(bound) is int for bound in bounds):
        raise Undetermined("set@@ with anchors")
    text = isinstance(container, str)
    items = container if text else container.items
    if not text and container.kind in ("llist", "data"):
        raise Undetermined("set@@ of a linked list or a record")
    start = bounds[0] + len(items) if bounds[0] < 0 else bounds[0]
    if not 0 <= start < len(items):
        return container if text else container.same_kind(items)
    end = start + 1
    if len(bounds) == 2:
        end = bounds[1] if bounds[1] > 0 else len(items) + bounds[1]
    if end <= start and not text:
        raise Undetermined("set@@ of an empty part of a list")
    if text:
        if end <= start:
            return ""
        if not isinstance(value, str):
            raise Undetermined("set@@ of a text with something else")
        return items[:start] + value + items[end:]
    if isinstance(value, List) and value.kind in ("llist", "data"):
        raise Undetermined("set@@ of a part with a linked list or a record")
    new = value.items if isinstance(value, List) and len(bounds) == 2 else [value]
    return container.same_kind([*items[:start], *(fit(container, one) for one in new), *items[end:]])
