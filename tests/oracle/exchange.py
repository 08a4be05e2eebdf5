"""JSON, padding, letters without accents, tables and inner products, linked lists (library 1.1, 1.4, 4.1;
advanced 9.4; dialect).
"""

import json
import unicodedata

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.family import operator_name
from tests.oracle.lists import a_list
from tests.oracle.registry import COMPARATORS, function
from tests.oracle.strings import count_of, text_or_error
from tests.oracle.values import NIL, TRUE, Array, Atom, Dictionary, Heap, LinkedList, List, SetValue, is_true


@function("json", least=1, most=1)
def json_(interpreter, values):
    return json_of(values[0])


def json_of(value) -> str:
    if isinstance(value, Atom):
        return {NIL: "null", TRUE: "true"}.get(value) or json.dumps(value.name)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and value % 1 and 1e-3 < abs(value) < 1e6:
        return repr(value)
    if isinstance(value, (List, SetValue)):
        items = value.items if isinstance(value, List) else value.items()
        return f"[{','.join(map(json_of, items))}]"
    if isinstance(value, Dictionary) and value.keys == "s":
        return "{" + ",".join(f"{json_of(key)}:{json_of(item)}" for key, item in value.items()) + "}"
    raise Undetermined("the JSON of this value")


@function("padding", least=3, most=3)
def padding(interpreter, values):
    text, filling, size = text_or_error(values[0]), text_or_error(values[1]), count_of(values[2])
    if not filling or size < 0:
        raise Undetermined("padding with nothing, or on the left")
    missing = max(size - len(text), 0)
    return text + (filling * missing)[:missing]


@function("deaccentuate", least=1, most=1)
def deaccentuate(interpreter, values):
    text = text_or_error(values[0])
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    if not plain.isascii():
        raise Undetermined("which letters carry an accent")
    return plain


@function("outer", "°", least=3, most=3)
def outer(interpreter, values):
    given, *lists = values
    rows, columns = (flat(value, "outer") for value in lists)
    step = interpreter.as_function(given, interpreter.place)
    asks = operator_name(given) in COMPARATORS
    return List([List([_cell(interpreter.call(step, [a, b]), asks) for b in columns]) for a in rows])


def _cell(value, asks):
    """An answer of a comparator is 1 or 0 in a table (library 0.2)."""
    return int(is_true(value)) if asks else value


@function("inner", least=4, most=4)
def inner(interpreter, values):
    if all(isinstance(value, Array) for value in values[2:]):
        from tests.oracle import grids

        return grids.inner_of(interpreter, values[:2], *values[2:])
    fold, pair = (interpreter.as_function(value, interpreter.place) for value in values[:2])
    a, b = (flat(value, "inner") for value in values[2:])
    if len(a) != len(b):
        raise OracleError("shape", "Error: inner of lists of different sizes")
    if len(a) < 2:
        raise Undetermined("inner of less than two pairs")
    total, *others = [interpreter.call(pair, [x, y]) for x, y in zip(a, b, strict=True)]
    for value in others:
        total = interpreter.call(fold, [total, value])
    return total


def flat(value, name) -> list:
    """The elements of a list without lists in it."""
    if not isinstance(value, List):
        raise OracleError("type", f"Error: {name} needs a list")
    if not value.items or any(isinstance(item, List) for item in value.items):
        raise Undetermined(f"{name} of rows, or of nothing")
    return list(value.items)


@function("llist")
def llist(interpreter, values):
    return LinkedList(values)


@function("to_llist", least=1, most=1)
def to_llist(interpreter, values):
    if isinstance(values[0], Heap):
        return LinkedList(values[0].elements)
    return LinkedList(a_list(values[0], "to_llist").items)
