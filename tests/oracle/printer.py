"""The text of a value: what `print` writes and what `(string v)` gives (library 0.3, core 4).

This module never evaluates a program.
"""

from tests.oracle.concepts import Concept
from tests.oracle.errors import Undetermined
from tests.oracle.names import PRINTED
from tests.oracle.values import Array, Atom, Complex, Dictionary, Heap, Instance, Lazy, List, SetValue

# From here on a text is no evidence: lists that lie in one another many times have texts of any size.
MOST_CHARACTERS = 10_000_000


def number_text(value: float) -> str:
    """C's %g."""
    if value != value:
        raise Undetermined("the sign of a nan")
    return f"{value:g}"


def to_text(value) -> str:
    """The text of a value at top level: strings raw."""
    return str(value) if isinstance(value, str) else inner_text(value)


def inner_text(value, known=None) -> str:
    """The text of a value inside a container: strings between quotes. `known`: lists' texts, by identity."""
    known = {} if known is None else known
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Atom):
        return PRINTED.get(value.name, value.name)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, List):
        if id(value) not in known:
            known[id(value)] = list_text(value, known)
        return known[id(value)]
    return container_text(value, known)


def container_text(value, known) -> str:
    """The text of what is no list and no scalar."""
    if isinstance(value, Dictionary):
        return "{" + joined(inner_text(k) + ":" + inner_text(v, known) for k, v in value.items()) + "}"
    if isinstance(value, SetValue):
        return "{" + joined(inner_text(item, known) for item in value.items()) + "}"
    if isinstance(value, Array):
        return array_text(value.shape, value.cells)
    if isinstance(value, Heap):
        return "(" + joined(inner_text(item, known) for item in value.elements) + ")"
    if isinstance(value, Instance):
        fields = "".join(f' "{name}":{inner_text(v, known)}' for name, v in value.in_order().items())
        return f"({value.of.name}{fields})"
    if isinstance(value, Lazy):
        return value.text
    if isinstance(value, Concept) and value.name:
        return value.name
    if isinstance(value, Complex):
        return complex_text(value.value)
    raise Undetermined(f"text of {type(value).__name__}")


def complex_text(value: complex) -> str:
    """`R,Ii`; an imaginary part of 1 or -1 is the sign alone."""
    if "-0.0" in (str(value.real), str(value.imag)):
        raise Undetermined("the sign of a zero")
    imaginary = {1.0: "", -1.0: "-"}.get(value.imag, number_text(value.imag))
    return f"{number_text(value.real)},{imaginary}i"


def array_text(shape, cells) -> str:
    """The rows in parentheses."""
    if not shape:
        return inner_text(cells[0])
    size = len(cells) // shape[0]
    return f"({' '.join(array_text(shape[1:], cells[i * size : (i + 1) * size]) for i in range(shape[0]))})"


def joined(texts) -> str:
    """The texts with blanks between; given up, when they are too long, before that is made."""
    texts = list(texts)
    if sum(map(len, texts)) > MOST_CHARACTERS:
        raise Undetermined("a text of this size")
    return " ".join(texts)


def list_text(value: List, known) -> str:
    """`(a b c)`; a quoted form prints as 'x."""
    items = value.items
    if value.kind == "list" and len(items) == 2 and items[0] is Atom("quote"):
        return "'" + inner_text(items[1], known)
    try:
        return "(" + joined(inner_text(item, known) for item in items) + ")"
    except RecursionError:
        raise Undetermined("a list that contains itself") from None
