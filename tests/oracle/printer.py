"""The text of a value: what `print` writes and what `(string v)` gives (library 0.3, core 4).

This module never evaluates a program.
"""

from tests.oracle.errors import Undetermined
from tests.oracle.names import PRINTED
from tests.oracle.values import Atom, Dictionary, Instance, Lazy, List, SetValue


def number_text(value: float) -> str:
    """C's %g."""
    if value != value:
        raise Undetermined("the sign of a nan")
    return f"{value:g}"


def to_text(value) -> str:
    """The text of a value at top level: strings raw."""
    return value if isinstance(value, str) else inner_text(value)


def inner_text(value) -> str:
    """The text of a value inside a container: strings between quotes."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Atom):
        return PRINTED.get(value.name, value.name)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, List):
        return list_text(value)
    if isinstance(value, Dictionary):
        return "{" + " ".join(f"{inner_text(k)}:{inner_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, SetValue):
        return "{" + " ".join(map(inner_text, value.items())) + "}"
    if isinstance(value, Instance):
        fields = "".join(f' "{name}":{inner_text(v)}' for name, v in value.fields.items())
        return f"({value.of.name}{fields})"
    if isinstance(value, Lazy):
        return value.text
    raise Undetermined(f"text of {type(value).__name__}")


def list_text(value: List) -> str:
    """`(a b c)`; a quoted form prints as 'x."""
    items = value.items
    if value.kind == "list" and len(items) == 2 and items[0] is Atom("quote"):
        return "'" + inner_text(items[1])
    try:
        return "(" + " ".join(map(inner_text, items)) + ")"
    except RecursionError:
        raise Undetermined("a list that contains itself") from None
