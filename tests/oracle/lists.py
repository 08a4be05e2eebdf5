"""Lists: building, parts, adding, removing (library 4.1 to 4.3)."""

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.places import fit, float32, int16
from tests.oracle.printer import to_text
from tests.oracle.registry import function
from tests.oracle.strings import integer_of, number_of, text_or_error
from tests.oracle.values import NIL, Array, Atom, Bytes, Dictionary, Heap, List, Record, SetValue, TypedList


def a_list(value, what) -> List:
    """The value, which must be a list; what happens with anything else is not fixed."""
    if not isinstance(value, List):
        raise Undetermined(f"{what} of something that is no list")
    return value


def a_list_or_heap(value, what):
    return value if isinstance(value, Heap) else a_list(value, what)


def put_in(container, value):
    """Add to a set or a heap."""
    return (
        SETS.add(container, value) if isinstance(container, SetValue) else SETS.add_to_heap(container, value)
    )


@function("list")
def list_(interpreter, values):
    return List(values)


def _typed(kind, convert):
    @function(kind)
    def run(interpreter, values):
        spread = []
        for value in values:
            spread.extend(value.items if isinstance(value, List) else [value])
        return TypedList(kind, [convert(v) for v in spread])


_typed("integers", integer_of)
_typed("numbers", number_of)
_typed("floats", lambda value: float32(number_of(value)))
_typed("shorts", lambda value: int16(integer_of(value)))
_typed("strings", to_text)


@function("to_list", least=1, most=2)
def to_list(interpreter, values):
    if len(values) == 2:
        if type(values[1]) is not int or values[1] < 0:
            raise Undetermined("a number of copies")
        return List([values[0]] * values[1])
    if isinstance(values[0], SetValue):
        return List(values[0].items())
    if isinstance(values[0], Heap):
        return List(values[0].elements)
    return List(a_list(values[0], "to_list").items)


@function("car", least=1, most=1)
def car(interpreter, values):
    value = values[0]
    if isinstance(value, str):
        text_or_error(value)
        if not value:
            raise OracleError("index", "Error: empty string")
        return type(value)(value[0])
    items = value.elements if isinstance(value, Heap) else a_list(value, "car").items
    if not items:
        raise Undetermined("car of an empty list")
    return items[0]


@function("cdr", least=1, most=1)
def cdr(interpreter, values):
    value = values[0]
    if isinstance(value, str):
        if not value:
            raise OracleError("index", "Error: empty string")
        return type(value)(value[1:])
    if not a_list(value, "cdr").items:
        raise Undetermined("cdr of an empty list")
    if value.kind in ("strings", "llist", "data"):
        return List(value.items[1:]) if isinstance(value, Record) else value.same_kind(value.items[1:])
    return value.view(1)


def _cadr(name):
    @function(name, least=1, most=1)
    def run(interpreter, values):
        value = values[0]
        for letter in reversed(name[1:-1]):
            if not isinstance(value, List):
                raise Undetermined("c[ad]+r of something that is no list")
            if not value.items:
                raise OracleError("index", f"Error: {name}")
            value = value.items[0] if letter == "a" else value.view(1)
        return value


for _letters in ("aa", "ad", "da", "dd", "add", "ddd", "dad", "ada", "aad", "daa", "dda", "aaa"):
    _cadr(f"c{_letters}r")


@function("last", least=1, most=1)
def last(interpreter, values):
    if isinstance(values[0], Bytes) and values[0]:
        return Bytes(values[0][-1])
    items = values[0] if isinstance(values[0], str) else a_list(values[0], "last").items
    return items[-1] if len(items) else NIL


@function("size", least=1, most=1)
def size(interpreter, values):
    value = values[0]
    if isinstance(value, (List, Dictionary, SetValue)):
        return len(value.items() if not isinstance(value, List) else value.items)
    if isinstance(value, Bytes):
        return len(value.encode())
    if isinstance(value, Array):
        return value.shape[0]
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Heap):
        return len(value.elements)
    raise Undetermined("size of a scalar")


@function("cons", least=2, most=2)
def cons(interpreter, values):
    return List([values[0], *a_list(values[1], "cons").items])


@function("consb", least=2, most=2)
def consb(interpreter, values):
    return List([*a_list(values[0], "consb").items, values[1]])


@function("push", least=2)
def push(interpreter, values):
    container, *added = values
    if isinstance(container, List) and container.kind == "llist":
        container.become([*added[::-1], *container.items])
        return container
    return pushlast(interpreter, values)


@function("pushlast", least=2)
def pushlast(interpreter, values):
    container, *added = values
    if isinstance(container, str):
        return container + "".join(map(to_text, added))
    if isinstance(container, (SetValue, Heap)):
        if len(added) > 1:
            raise Undetermined("push of several elements on a set")
        return put_in(container, added[0])
    a_list(container, "push")
    if container.kind == "data":
        raise Undetermined("push on a record")
    for value in added:
        container.append(fit(container, value))
    return container


@function("pushfirst", least=2)
def pushfirst(interpreter, values):
    container, *added = values
    if len(added) > 1:
        raise Undetermined("pushfirst of several values")
    if isinstance(container, str):
        return to_text(added[0]) + container
    a_list(container, "pushfirst").become([fit(container, added[0]), *container.items])
    return container


@function("pushtrue", least=2)
def pushtrue(interpreter, values):
    container, *added = values
    for value in added:
        if value is not NIL and not (isinstance(value, List) and not value.items):
            a_list(container, "pushtrue").append(fit(container, value))
    return container


@function("pop", least=1, most=2)
def pop(interpreter, values):
    container = values[0]
    if isinstance(container, str):
        if len(values) == 1:
            return container[:-1]
        at = values[1]
        return container[:at] + container[at + 1 :] if 0 <= at < len(container) else ""
    if isinstance(container, Dictionary):
        return SETS.pop_key(container, values)
    if isinstance(container, SetValue):
        return SETS.remove(container, values)
    if isinstance(container, Heap):
        return SETS.remove_from_heap(container, values)
    items = a_list(container, "pop").items
    at = len(items) - 1 if container.kind != "llist" else 0
    if len(values) == 2:
        at = values[1]
        if type(at) is not int:
            raise Undetermined("pop at something else than an integer")
        if not items and at in (-1, 0):
            return NIL
        if at in (-1, len(items)):
            at = len(items) - 1
    if not 0 <= at < len(items):
        return NIL
    container.lose([*items[:at], *items[at + 1 :]])
    return container


@function("popfirst", least=1, most=1)
def popfirst(interpreter, values):
    container = values[0]
    if isinstance(container, str):
        return container[1:]
    return drop_from(a_list_or_heap(container, "popfirst"), slice(1, None))


@function("poplast", least=1, most=1)
def poplast(interpreter, values):
    container = values[0]
    if isinstance(container, str):
        return container[:-1]
    return drop_from(a_list_or_heap(container, "poplast"), slice(None, -1))


def drop_from(container, what):
    if isinstance(container, Heap) and container.elements:
        container.elements = container.elements[what]
        return container
    if isinstance(container, Heap):
        return NIL
    if not container.items:
        return NIL
    container.lose(container.items[what])
    return container


@function("insert", least=2, most=3)
def insert(interpreter, values):
    container, value = values[:2]
    at = values[2] if len(values) > 2 else None
    if isinstance(container, SetValue) or (isinstance(container, Heap) and at is None):
        return put_in(container, value)
    if at is not None and type(at) is not int:
        raise Undetermined("insert with a comparator")
    if isinstance(container, str):
        if at is None or at >= len(container):
            return container + to_text(value)
        return to_text(value).join(container) if at < 0 else container[:at] + to_text(value) + container[at:]
    items = a_list(container, "insert").items
    if at is not None and at < 0:
        raise OracleError("index", OUT)
    at = len(items) if at is None else at
    if at > len(items):
        raise Undetermined("insert after the end")
    container.become([*items[:at], fit(container, value), *items[at:]])
    return container


OUT = "Error: index out of bounds"


@function("extend", least=2, most=2)
def extend(interpreter, values):
    container, added = values
    a_list(container, "extend")
    if isinstance(added, (Dictionary, SetValue)) or added is container:
        raise Undetermined("extend with another container, or with itself")
    for value in list(added.items) if isinstance(added, List) else [added]:
        container.append(fit(container, value))
    return container


@function("nconc")
def nconc(interpreter, values):
    return joined(values, lambda container: container)


@function("nconcn")
def nconcn(interpreter, values):
    return joined(values, lambda container: container.same_kind(container.items))


def joined(values, target):
    if not values:
        return List()
    if not isinstance(values[0], List):
        raise OracleError("type", "Error: first element is not a list")
    container = target(values[0])
    for value in values[1:]:
        if value is container or isinstance(value, (Dictionary, SetValue)):
            raise Undetermined("nconc of itself or of another container")
        for one in list(value.items) if isinstance(value, List) else [value]:
            container.append(fit(container, one))
    return container


@function("swap", least=2, most=3)
def swap(interpreter, values):
    container, first = values[:2]
    second = values[2] if len(values) > 2 else first + 1
    items = list(a_list(container, "swap").items)
    if not (0 <= first < len(items) and 0 <= second < len(items)):
        raise Undetermined("swap outside the list")
    container.put(first, items[second])
    container.put(second, items[first])
    return container


@function("clone", least=1, most=1)
def clone(interpreter, values):
    if isinstance(values[0], Atom):
        raise Undetermined("clone of an atom")
    return copied(values[0])


def copied(value):
    """A deep copy of a container."""
    if isinstance(value, Record):
        return Record(map(copied, value.items))
    if isinstance(value, List):
        return value.same_kind(map(copied, value.items))
    if isinstance(value, Dictionary):
        return Dictionary(value.keys, value.tree, {k: copied(v) for k, v in value.pairs.items()})
    if isinstance(value, SetValue):
        return SetValue(value.keys, value.elements)
    if isinstance(value, Heap):
        return Heap(value.compare, value.interpreter, map(copied, value.elements))
    if isinstance(value, Array):
        return Array(value.shape, list(value.cells), value.kind)
    if isinstance(value, (str, int, float, Atom)):
        return value
    raise Undetermined("clone of something that is no container")


class SETS:
    """What dictionaries.py and heaps.py add here, so that this file need not know it."""

    add = remove = pop_key = add_to_heap = remove_from_heap = None
