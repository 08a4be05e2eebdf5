"""Sequences: `iota`, `range`, the lazy sources, copies (library 4.1)."""

from tests.oracle.errors import Undetermined
from tests.oracle.lists import a_list
from tests.oracle.registry import function
from tests.oracle.values import Dictionary, Lazy, List, SetValue, TypedList, is_number


def _iota(name, first):
    @function(name, least=1)
    def run(interpreter, values):
        lists = [iota_of(value, first) for value in values]
        return lists[0] if len(lists) == 1 else List(lists)


def iota_of(value, first):
    if not is_number(value) or value < 0 or value > 1e5:
        raise Undetermined("iota of this value")
    if isinstance(value, float):
        part = value - int(value)
        return TypedList("numbers", [i + part for i in range(first, int(value) + first)])
    return TypedList("integers", range(first, value + first))


_iota("iota", 1)
_iota("iota0", 0)


@function("range", least=3, most=3)
def range_(interpreter, values):
    a, b, step = values
    if not all(is_number(v) for v in values):
        raise Undetermined("range of something else than numbers")
    if step == 0:
        return List()
    if a > b and step > 0:
        step = -step
    if abs(b - a) > 1e5 * abs(step):
        raise Undetermined("a very long range")
    if all(type(v) is int for v in values):
        return TypedList("integers", range(a, b, step))
    made, value = [], float(a)
    while (value < b) if step > 0 else (value > b):
        made.append(value)
        value += step
    return TypedList("numbers", made)


@function("rangein", least=3, most=3)
def rangein(interpreter, values):
    a, b, step = values
    if not all(type(v) is int for v in values) or a > b or step <= 0:
        raise Undetermined("rangein that does not climb by integers")
    return range_(interpreter, [a, b + step, step])


@function("irange", least=2, most=3)
def irange(interpreter, values):
    if not all(type(v) is int for v in values) or values[-1] == 0:
        raise Undetermined("irange of something else than integers")
    if len(values) == 3:
        a, b, step = values
        if a > b and step > 0:
            raise Undetermined("irange that goes down")
        return Lazy(lambda: iter(range(a, b, step)), f"(irange {a} {step})", False)
    start, step = values

    def make():
        value = start
        while True:
            yield value
            value += step

    return Lazy(make, f"(irange {start} {step})", True)


@function("repeat", least=1, most=1)
def repeat(interpreter, values):
    def make():
        while True:
            yield values[0]

    return Lazy(make, "", True)


@function("cycle", least=1, most=1)
def cycle(interpreter, values):
    items = list(a_list(values[0], "cycle").items)
    if not items:
        raise Undetermined("cycle of an empty list")

    def make():
        while True:
            yield from items

    return Lazy(make, "", True)


@function("replicate", least=2, most=2)
def replicate(interpreter, values):
    if type(values[0]) is not int or values[0] < 0 or isinstance(values[1], (Dictionary, SetValue)):
        raise Undetermined("replicate")
    if isinstance(values[1], List):
        raise Undetermined("whether the copies of replicate share one list")
    return List([values[1]] * values[0])
