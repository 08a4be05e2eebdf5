"""Searching, ordering and transforming lists and strings (library 1.6, 4.4 to 4.7)."""

from itertools import pairwise

from tests.oracle.comparison import ordered, same_element
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.lists import a_list
from tests.oracle.places import fit
from tests.oracle.printer import to_text
from tests.oracle.registry import function
from tests.oracle.values import (
    NIL,
    TRUE,
    Dictionary,
    Heap,
    List,
    SetValue,
    TypedList,
    answer,
    is_number,
    is_true,
)


def positions(values, name):
    """The places of an element in a list or of a text in a string."""
    container, sought = values[:2]
    first = values[2] if len(values) > 2 else 0
    if type(first) is not int or first < 0:
        raise Undetermined("a search from an unusual place")
    if isinstance(container, str):
        if not isinstance(sought, str) or not sought:
            raise Undetermined("a search for nothing, or for no string")
        found, at = [], container.find(sought, first)
        while at >= 0:
            found.append(at)
            at = container.find(sought, at + len(sought))
        return found
    return [
        i for i, one in enumerate(a_list(container, name).items) if i >= first and same_element(one, sought)
    ]


def keys_of_value(dictionary, sought):
    return [key for key, value in dictionary.items() if same_element(value, sought)]


@function("find", least=2, most=3)
def find(interpreter, values):
    if isinstance(values[0], Dictionary):
        found = keys_of_value(*values[:2])
        if len(found) > 1:
            raise Undetermined("which key find gives")
    else:
        found = positions(values, "find")
    return found[0] if found else NIL


@function("rfind", least=2, most=3)
def rfind(interpreter, values):
    container, sought = values[:2]
    if isinstance(container, str) and len(values) == 3:
        raise Undetermined("rfind in a text from a place on")
    if isinstance(container, str) and isinstance(sought, str) and sought:
        at = container.rfind(sought)
        return at if at >= 0 else NIL
    found = positions(values, "rfind")
    return found[-1] if found else NIL


@function("findall", least=2, most=3)
def findall(interpreter, values):
    if isinstance(values[0], Dictionary):
        raise Undetermined("findall in a dictionary")
    return TypedList("integers", positions(values, "findall"))


@function("count", least=2, most=3)
def count(interpreter, values):
    if isinstance(values[0], Dictionary):
        return len(keys_of_value(*values[:2]))
    return len(positions(values, "count"))


@function("in", least=2, most=2)
def in_(interpreter, values):
    container, sought = values
    if isinstance(container, str):
        if not isinstance(sought, str) or not sought:
            raise Undetermined("in for nothing, or for no string")
        return answer(sought in container)
    if isinstance(container, Dictionary):
        return answer(bool(keys_of_value(container, sought)))
    if isinstance(container, Heap):
        try:
            for one in container.elements:
                interpreter.call(container.compare, [one, sought])
        except OracleError:
            raise Undetermined("a search in a heap for what its comparator refuses") from None
        return answer(any(same_element(one, sought) for one in container.elements))
    if isinstance(container, SetValue):
        return answer(any(same_element(one, sought) for one in container.items()))
    return answer(bool(positions(values, "in")))


@function("replaceall", least=3, most=3)
def replaceall(interpreter, values):
    container, _, new = values
    if isinstance(container, str):
        raise Undetermined("replaceall on a text")
    places = positions(values[:2], "replaceall")
    for at in places:
        container.put(at, fit(container, new))
    return len(places)


@function("sort", least=2, most=2)
def sort(interpreter, values):
    function_, container = values
    items = list(a_list(container, "sort").items)
    compare = interpreter.as_function(function_, interpreter.place)

    def before(a, b):
        return is_true(interpreter.call(compare, [a, b]))

    if len(items) > 1 and before(items[0], items[0]):
        if container.kind not in ("list", "llist"):
            raise Undetermined("a sort that is not strict")
        raise OracleError("value", "Error: the comparison is not strict")
    made: list = []
    for item in items:
        at = len(made)
        while at and before(item, made[at - 1]):
            at -= 1
        if at and not before(made[at - 1], item) and not same_element(made[at - 1], item):
            raise Undetermined("the order of equivalent elements")
        if at < len(made) and type(made[at]) is not type(item) and same_element(made[at], item):
            raise Undetermined("the order of equal numbers")
        made.insert(at, item)
    if any(type(a) is not type(b) and is_number(a) and a == b for a, b in pairwise(made)):
        raise Undetermined("the order of equal numbers")
    for at, item in enumerate(made):
        container.put(at, item)
    return container


@function("reverse", least=1, most=2)
def reverse(interpreter, values):
    value = values[0]
    if isinstance(value, str):
        return value[::-1]
    if is_number(value):
        return -value
    items = a_list(value, "reverse").items[::-1]
    if len(values) > 1 and is_true(values[1]):
        return value.same_kind(items)
    for at, item in enumerate(items):
        value.put(at, item)
    return value


@function("unique", least=1, most=1)
def unique(interpreter, values):
    """The first of each, comparing printed forms."""
    seen: dict = {}
    for item in a_list(values[0], "unique").items:
        seen.setdefault(to_text(item), item)
    return values[0].same_kind(seen.values())


@function("flatten", least=1, most=1)
def flatten(interpreter, values):
    if isinstance(values[0], TypedList):
        return values[0]
    return List(leaves(a_list(values[0], "flatten")))


def leaves(value):
    for item in value.items:
        if isinstance(item, List):
            yield from leaves(item)
        elif isinstance(item, (Dictionary, SetValue)):
            raise Undetermined("flatten of a dictionary in a list")
        else:
            yield item


@function("slice", least=2, most=2)
def slice_(interpreter, values):
    container, size = values
    items = container if isinstance(container, str) else a_list(container, "slice").items
    if type(size) is not int or size <= 0 or len(items) % size:
        raise Undetermined("pieces that do not fit")
    pieces = [items[i : i + size] for i in range(0, len(items), size)]
    return List(pieces if isinstance(container, str) else [container.same_kind(p) for p in pieces])


@function("zip", least=2)
def zip_(interpreter, values):
    lists = [a_list(value, "zip").items for value in values]
    if len({len(one) for one in lists}) > 1:
        raise OracleError("size", "Error: lists of different sizes")
    if all(isinstance(value, TypedList) for value in values):
        raise Undetermined("the type of the tuples")
    return List([List(row) for row in zip(*lists, strict=True)])


@function("rotate", least=1, most=2)
def rotate(interpreter, values):
    container, by = values[0], values[1] if len(values) > 1 else NIL
    if by not in (NIL, TRUE) and type(by) is not int:
        raise Undetermined("rotate by this value")
    items = container if isinstance(container, str) else a_list(container, "rotate").items
    if not len(items):
        raise Undetermined("rotate of nothing")
    if isinstance(container, str):
        if type(by) is int:
            raise Undetermined("rotate a text by a number")
        by = 1 if by is TRUE else -1
        return items[by:] + items[:by]
    by = {NIL: 1, TRUE: -1}.get(by, by) if not isinstance(by, int) else by
    if abs(by) >= len(items):
        raise Undetermined("rotate beyond the size")
    return container.same_kind(items[by:] + items[:by])


@function("takenb", least=2, most=3)
def takenb(interpreter, values):
    number, container = values[:2]
    items = a_list(container, "takenb").items
    if number < 0 and len(values) == 3:
        raise OracleError("value", "Error: takenb")
    if number < 0 or len(values) == 3:
        number = abs(number)
        return container.same_kind(items[-number:] if number else [])
    return container.same_kind(items[:number])


@function("flip", least=1, most=1)
def flip(interpreter, values):
    if not isinstance(values[0], List) or len(values[0].items) < 2:
        raise Undetermined("flip of a call")
    a, b, *rest = values[0].items
    return values[0].same_kind([b, a, *rest])


def _extreme(name, better):
    @function(name, least=1)
    def run(interpreter, values):
        return extreme(values, better)


def extreme(values, better):
    items = a_list(values[0], "max").items if len(values) == 1 else values
    if not items:
        return NIL
    if not (all(map(is_number, items)) or all(isinstance(item, str) for item in items)):
        raise Undetermined("the extremes of these values")
    best = items[0]
    for item in items[1:]:
        if is_number(item) and is_number(best) and item == best and type(item) is not type(best):
            raise Undetermined("which of two equal numbers")
        if ordered(better, item, best):
            best = item
    return best


_extreme("max", ">")
_extreme("min", "<")


@function("minmax", least=1)
def minmax(interpreter, values):
    if len(values) == 1 and not a_list(values[0], "minmax").items:
        raise Undetermined("minmax of nothing")
    return List([extreme(values, "<"), extreme(values, ">")])


def algebra(name, keep):
    @function(name, least=2)
    def run(interpreter, values):
        made = values[0]
        for other in values[1:]:
            made = combined(made, other, keep)
        return made


def combined(a, b, keep):
    """Intersection, union, difference of strings, lists and sets, in the order of first appearance."""
    if isinstance(a, str) and isinstance(b, str):
        return "".join(keep(list(dict.fromkeys(a)), list(dict.fromkeys(b))))
    if isinstance(a, SetValue) and isinstance(b, SetValue) and a.keys == b.keys:
        kept = keep(list(a.elements), list(b.elements))
        return SetValue(a.keys, {k: a.elements.get(k, b.elements.get(k)) for k in kept})
    if isinstance(a, List) and isinstance(b, List) and a.kind == b.kind:
        if len({(to_text(i), type(i)) for i in [*a.items, *b.items]}) > len(
            {to_text(i) for i in [*a.items, *b.items]}
        ):
            raise Undetermined("whether values with one text are one element")
        first, second = ({to_text(i): i for i in reversed(x.items)} for x in (a, b))
        order = [to_text(i) for i in [*a.items, *b.items]]
        kept = set(keep(list(first), list(second)))
        return a.same_kind([first.get(k, second.get(k)) for k in dict.fromkeys(order) if k in kept])
    if is_number(a) or is_number(b):
        raise OracleError("type", "Error: sets expected")
    raise Undetermined("set algebra of these values")


algebra("&&&", lambda a, b: [x for x in a if x in b])
algebra("|||", lambda a, b: [*a, *(x for x in b if x not in a)])
algebra("^^^", lambda a, b: [*(x for x in a if x not in b), *(x for x in b if x not in a)])


@function("@@", least=2, most=5)
def extract(interpreter, values):
    container, first = values[:2]
    if not all(type(v) is int for v in values[1:]):
        raise Undetermined("extract with anchors")
    text = isinstance(container, str)
    items = container if text else a_list(container, "extract").items
    nothing = "" if text else List()
    start = first + len(items) if first < 0 else first
    if not 0 <= start < len(items):
        return nothing
    if len(values) == 2:
        return items[start]
    end = values[2] if values[2] > 0 else len(items) + values[2]
    if end <= start:
        return nothing
    return items[start:end] if text else container.same_kind(items[start:end])
