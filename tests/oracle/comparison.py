"""Equality and order (core 3.7 with dialect 1), truth-valued functions, predicates."""

from itertools import pairwise

from tests.oracle.concepts import Concept, same
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.registry import function
from tests.oracle.values import (
    NIL,
    TRUE,
    Array,
    Atom,
    Complex,
    Dictionary,
    Heap,
    Instance,
    List,
    SetValue,
    answer,
    is_number,
    is_true,
)

ABSENT = object()


def eq(a, b) -> bool:
    """The same object, or equal scalars; nil and the empty list are one."""
    if isinstance(a, Concept):
        return same(a, b)
    if isinstance(a, Complex):
        raise Undetermined("eq of complex numbers")
    if is_empty(a) and is_empty(b):
        if isinstance(a, Dictionary) != isinstance(b, Dictionary):
            raise Undetermined("eq of an empty dictionary and another empty value")
        return True
    if is_number(a) and is_number(b):
        return a == b
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    if isinstance(a, (List, Dictionary, SetValue)) and a is not b and type(a) is type(b):
        same_store = isinstance(a, List) and a.store is b.store and a.start == b.start
        if same_store:
            raise Undetermined("eq of two views of one list")
    return a is b


def is_empty(value) -> bool:
    return (
        value is NIL
        or (isinstance(value, List) and not value.items)
        or (isinstance(value, Dictionary) and not value.pairs)
    )


def equal(a, b) -> bool:
    """`=` of two values, by the type of the left one."""
    if isinstance(a, Complex) and isinstance(b, Complex):
        return a.value == b.value
    if isinstance(a, Complex) or isinstance(b, Complex):
        raise Undetermined("= of a complex number and something else")
    if is_number(a):
        return number_equal(a, b)
    if isinstance(a, str):
        if not isinstance(b, str):
            raise Undetermined("= of a string and something else")
        return a == b
    if isinstance(a, List):
        return list_equal(a, b)
    if isinstance(a, Atom):
        if a is NIL and isinstance(b, (List, Dictionary)):
            if isinstance(b, Dictionary) and not b.pairs:
                raise Undetermined("= of nil and an empty dictionary")
            return is_empty(b)
        return a is b
    return containers_equal(a, b)


def containers_equal(a, b) -> bool:
    """`=` of two containers of one kind that are no lists."""
    if isinstance(a, Dictionary) and isinstance(b, Dictionary):
        return set(a.pairs) == set(b.pairs) and all(equal(v, b.pairs[k]) for k, v in a.pairs.items())
    if isinstance(a, SetValue) and isinstance(b, SetValue):
        return set(a.elements) == set(b.elements)
    if isinstance(a, Array) and isinstance(b, Array):
        return a.shape == b.shape and all(map(equal, a.cells, b.cells))
    if isinstance(a, Heap) and isinstance(b, Heap):
        return len(a.elements) == len(b.elements) and all(map(equal, a.elements, b.elements))
    if isinstance(a, Instance) and isinstance(b, Instance):
        return a is b or instances_equal(a, b)
    raise Undetermined("= of these values")


def instances_equal(a: Instance, b: Instance) -> bool:
    """Instances of one class are equal when nothing differs (dialect)."""
    if a.of is not b.of:
        raise Undetermined("= of instances of two classes")
    if list(a.in_order()) != list(b.in_order()):
        raise Undetermined("= of instances with other fields")
    return all(equal(value, b.fields[name]) for name, value in a.fields.items())


def number_equal(a, b) -> bool:
    """The right side is taken as a number: nil 0, true 1."""
    if is_number(b):
        return a == b
    if b is NIL or b is TRUE:
        return a == (1 if b is TRUE else 0)
    raise Undetermined("= of a number and something else")


def list_equal(a: List, b) -> bool:
    if b is NIL and not a.items:
        return True
    if not isinstance(b, List):
        if not a.items and (b == "" or isinstance(b, (Dictionary, SetValue))):
            raise Undetermined("= of an empty list and another empty value")
        return False
    if (a.kind == "llist") != (b.kind == "llist"):
        raise Undetermined("= of a linked list and another list")
    return len(a.items) == len(b.items) and all(equal(x, y) for x, y in zip(a.items, b.items, strict=True))


def same_element(a, b) -> bool:
    """Whether a search finds b where a stands: as `=`, with nothing converted."""
    if is_number(a) != is_number(b):
        if (a in (NIL, TRUE) and is_number(b)) or (b in (NIL, TRUE) and is_number(a)):
            raise Undetermined("a search for a number among answers")
        return False
    if is_number(a):
        return a == b
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    return equal(a, b)


def ordered(name, a, b) -> bool:
    """One comparison of neighbours."""
    if isinstance(a, str) or isinstance(b, str):
        if not (isinstance(a, str) and isinstance(b, str)):
            if isinstance(a, (Atom, Dictionary, SetValue)):
                raise Undetermined("the order of an atom and a string")
            raise OracleError("type", "Error: a string compared with something else")
    elif NIL in (a, b) or isinstance(a, (Dictionary, Heap)) or isinstance(b, (Dictionary, Heap)):
        # docs/dialect.md: a value that is missing should not look like a no.
        raise OracleError("type", "Error: nil or a dictionary in an order")
    elif isinstance(a, SetValue):
        raise Undetermined("the order of sets")
    elif isinstance(a, Atom):
        return False
    elif not (is_number(a) and is_number(b)):
        raise Undetermined("the order of these values")
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[name]


def _order(name):
    @function(name, least=2)
    def run(interpreter, values):
        return answer(all(ordered(name, a, b) for a, b in pairwise(values)))


for _name in ("<", "<=", ">", ">="):
    _order(_name)


@function("eq", least=2)
def eq_(interpreter, values):
    return answer(all(eq(values[0], other) for other in values[1:]))


@function("neq", least=2)
def neq(interpreter, values):
    return answer(not any(eq(values[0], other) for other in values[1:]))


@function("=", least=2)
def equal_(interpreter, values):
    return answer(all(equal(a, b) for a, b in pairwise(values)))


@function("!=", least=2)
def different(interpreter, values):
    if len(values) > 2:
        raise Undetermined("!= of more than two values")
    return answer(not equal(*values))


@function("==", least=2, most=2)
def equal_number(interpreter, values):
    a, b = values
    if isinstance(a, List) and isinstance(b, List):
        return List([int(equal(x, y)) for x, y in zip(a.items, b.items, strict=False)])
    if isinstance(a, (List, Dictionary, SetValue)) or isinstance(b, (List, Dictionary, SetValue)):
        raise Undetermined("== of a container and something else")
    return int(equal(a, b))


@function(">=<", least=2, most=2)
def three_way(interpreter, values):
    return (ordered(">", *values)) - (ordered("<", *values))


@function("not", least=1, most=1)
def not_(interpreter, values):
    if isinstance(values[0], (List, Dictionary, SetValue)):
        raise Undetermined("not of a container")
    return answer(not is_true(values[0]))


@function("xor", least=2)
def xor(interpreter, values):
    return answer(all(is_true(a) != is_true(b) for a, b in pairwise(values)))


@function("nullp", least=1, most=1)
def nullp(interpreter, values):
    value = values[0]
    if isinstance(value, (Dictionary, SetValue, Heap)) or (isinstance(value, List) and value.kind != "list"):
        raise Undetermined("nullp of another container")
    return answer(value is NIL or (isinstance(value, List) and not value.items))


@function("atomp", least=1, most=1)
def atomp(interpreter, values):
    return answer(isinstance(values[0], Atom) or (isinstance(values[0], List) and not values[0].items))


@function("consp", least=1, most=1)
def consp(interpreter, values):
    value = values[0]
    if isinstance(value, List) and (not value.items or value.kind not in ("list", "llist")):
        raise Undetermined("consp of an empty or typed list")
    return answer(isinstance(value, List))


@function("emptyp", least=1, most=1)
def emptyp(interpreter, values):
    value = values[0]
    if isinstance(value, Atom) and value is not NIL:
        raise Undetermined("emptyp of an atom")
    return answer(not is_true(value))


@function("numberp", least=1, most=1)
def numberp(interpreter, values):
    return answer(is_number(values[0]))


@function("stringp", least=1, most=1)
def stringp(interpreter, values):
    return answer(isinstance(values[0], str))


@function("zerop", least=1, most=1)
def zerop(interpreter, values):
    """Is it zero once converted to an integer."""
    if not is_number(values[0]):
        raise Undetermined("zerop of something else than a number")
    return answer(int(values[0]) == 0)
