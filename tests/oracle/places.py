"""Elements of containers by index and key: reading, storing, the places of `+=` (library 4.2, 5.1;
advanced 5.3).
"""

import struct

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.printer import to_text
from tests.oracle.registry import function
from tests.oracle.values import (
    Array,
    Atom,
    Bytes,
    Dictionary,
    Heap,
    Instance,
    List,
    SetValue,
    TypedList,
    is_number,
)

OUT = "Error: index out of bounds"


def key_of(dictionary: Dictionary, key):
    """A key in the type of the dictionary's keys."""
    if dictionary.keys == "s":
        if not isinstance(key, (str, int, float, Atom)):
            raise Undetermined("a key that is no scalar")
        return to_text(key)
    if not is_number(key):
        raise Undetermined("a key that is no number")
    return int(key) if dictionary.keys == "i" else float(key)


def element(container, key):
    """One step of `@`."""
    if isinstance(container, Dictionary):
        found = key_of(container, key)
        if found not in container.pairs:
            raise OracleError("index", OUT)
        return container.pairs[found]
    if isinstance(container, (List, str)):
        items = container if isinstance(container, str) else container.items
        found = items[index_in(items, key)]
        return Bytes(found) if isinstance(container, Bytes) else found
    if isinstance(container, Array):
        from tests.oracle import matrices

        return matrices.element(container, key)
    if isinstance(container, Heap):
        if type(key) is int and key < 0:
            raise Undetermined("a negative place in a heap")
        return container.elements[index_in(container.elements, key)]
    if isinstance(container, Instance):
        return container.fields[field_of(container, key)]
    if isinstance(container, SetValue):
        raise Undetermined("@ of a set")
    if is_number(container):
        raise OracleError("index", "Error: value cannot be access through index")
    raise Undetermined("@ of something that is no container")


def index_in(items, key) -> int:
    """A 0-based index; a negative one counts from the end."""
    if type(key) is not int:
        raise Undetermined("an index that is no integer")
    if not -len(items) <= key < len(items):
        raise OracleError("index", OUT)
    return key % len(items)


def field_of(instance: Instance, key) -> str:
    names = list(instance.in_order()) if type(key) is int else []
    if type(key) is int and key < 0:
        raise Undetermined("a negative position of a field")
    if type(key) is int and key < len(names):
        return names[key]
    if isinstance(key, Atom) and key.name in instance.fields:
        return key.name
    if isinstance(key, str):
        raise Undetermined("a field by a string")
    raise OracleError("index", OUT)


@function("@", least=2)
def at(interpreter, values):
    value = values[0]
    for key in values[1:]:
        value = element(value, key)
    return value


def store(container, keys, value) -> None:
    """What `set@` does."""
    if isinstance(container, Array):
        from tests.oracle import grids

        grids.store_cell(container, keys, value)
        return
    for key in keys[:-1]:
        container = element(container, key)
    key = keys[-1]
    if isinstance(container, Dictionary):
        container.pairs[key_of(container, key)] = value
    elif isinstance(container, List):
        store_in_list(container, key, value)
    elif isinstance(container, Instance):
        container.fields[field_of(container, key)] = value
    elif isinstance(container, str):
        raise Undetermined("set@ of a string")
    elif is_number(container):
        raise OracleError("index", "Error: cannot modify this element")
    else:
        raise Undetermined("set@ of something that is no container")


def store_in_list(container: List, key, value) -> None:
    """An index at or after the end appends to a plain list."""
    if container.kind == "data":
        raise Undetermined("set@ of a record")
    if type(key) is int and key >= len(container.items):
        if container.kind != "list":
            raise Undetermined("set@ after the end of a typed list")
        container.append(value)
        return
    at = index_in(container.items, key)
    container.put(at, fit(container, value))


def fit(container: List, value):
    """A value in the type of a typed list."""
    if not isinstance(container, TypedList):
        return value
    if container.kind == "strings":
        if not isinstance(value, str):
            raise Undetermined("another kind of value in strings")
        return value
    if not is_number(value) or (container.kind in ("integers", "shorts") and isinstance(value, float)):
        raise Undetermined("another kind of value in a typed list")
    return in_bits(container.kind, value)


def in_bits(kind, value):
    """A number as an element of a typed list. What it is when it is taken out is not asked here."""
    if kind == "shorts":
        return int16(value)
    if kind == "integers" and abs(value) >= 2**63:
        raise OracleError("overflow", "Error: an integer that does not fit")
    return {"numbers": float, "floats": float32}.get(kind, int)(value)


def int16(value) -> int:
    if not -(2**15) <= value < 2**15:
        raise OracleError("overflow", "Error: a short that does not fit")
    return value


def float32(value) -> float:
    if abs(value) > 1e30:
        raise Undetermined("a float of this size")
    return struct.unpack("f", struct.pack("f", value))[0]


@function("set@", least=3)
def set_at(interpreter, values):
    store(values[0], values[1:-1], values[-1])
    return values[0]


def value_or_zero(container, keys):
    """What `+=` finds at a place: a missing key of a dictionary counts as 0."""
    for key in keys[:-1]:
        container = element(container, key)
    if isinstance(container, Dictionary) and key_of(container, keys[-1]) not in container.pairs:
        return 0
    return element(container, keys[-1])


def is_missing(container, keys) -> bool:
    """Whether the last key is missing in a dictionary."""
    for key in keys[:-1]:
        container = element(container, key)
    return isinstance(container, Dictionary) and key_of(container, keys[-1]) not in container.pairs
