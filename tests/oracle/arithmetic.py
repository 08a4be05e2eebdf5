"""Arithmetic (core 3.4 with dialect 1 and 2): ordinary mathematics, integers without bound, lists element
by element.

This module never evaluates forms: operands come as values, a stepwise function takes them one by one.
"""

import math

from tests.oracle import concepts
from tests.oracle.concepts import Concept
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.places import in_bits
from tests.oracle.printer import to_text
from tests.oracle.registry import ARITHMETIC, function
from tests.oracle.values import (
    Array,
    Bytes,
    Complex,
    Dictionary,
    List,
    SetValue,
    Short,
    Single,
    TypedList,
    is_number,
)

MISSING = object()
LARGEST = 4000  # bits
WIDER = {"shorts": 0, "integers": 1, "floats": 2, "numbers": 3}


def not_arithmetic(value):
    text = to_text(value)
    return OracleError("type", f"Error: cannot use this element in an arithmetic expression: '{text}'")


def combine(name, first, rest):
    """`(op first rest...)`: each operand is taken and combined before the next one is."""
    for operand in rest:
        first = apply_to(name, first, operand)
    return first


def apply_to(name, a, b):
    """One step of an operator."""
    if isinstance(a, Concept):
        return concepts.combine(name, a, b)
    if isinstance(a, Array) or (isinstance(b, Array) and is_number(a)):
        from tests.oracle.matrices import cell_by_cell

        return cell_by_cell(name, a, b)
    if isinstance(a, Complex) or (isinstance(b, Complex) and is_number(a)):
        return complexes(name, a, b)
    if isinstance(a, str):
        return appended(name, a, b)
    if isinstance(a, List) or (isinstance(b, List) and is_number(a)):
        return over_lists(name, a, b)
    if isinstance(a, (Dictionary, SetValue)) or (isinstance(b, (Dictionary, SetValue)) and is_number(a)):
        raise Undetermined("arithmetic on dictionaries and sets")
    if not is_number(a):
        raise OracleError("type", f"Error: cannot evaluate '{name}' with these operands")
    if not is_number(b):
        raise not_arithmetic(b)
    return scalar(name, a, b)


def appended(name, a, b):
    """A text with the text of anything after it."""
    if isinstance(a, Bytes) and (name != "+" or isinstance(b, List)):
        raise Undetermined("what else is done to byte strings")
    if name != "+":
        raise OracleError("type", f"Error: cannot evaluate '{name}' with these operands")
    if len(a) > 10_000:
        raise Undetermined("a very long text")
    if isinstance(b, List) and b.kind != "llist":
        return over_lists(name, a, b)
    return type(a)(a + to_text(b))


def complexes(name, a, b):
    """Two numbers of which one is complex."""
    if isinstance(b, List):
        return over_lists(name, a, b)
    if not isinstance(b, Complex) and not is_number(b):
        raise not_arithmetic(b)
    x, y = (v.value if isinstance(v, Complex) else complex(v) for v in (a, b))
    if name not in COMPLEX or (name == "/" and not y):
        raise Undetermined(f"{name} of complex numbers")
    return Complex(COMPLEX[name](x, y))


COMPLEX = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y,
}  # fmt: skip


def width(value) -> int:
    """Which of two numbers says what the result is: the wider one (dialect, typed lists)."""
    if isinstance(value, int):
        return int(not isinstance(value, Short))
    return 2 if isinstance(value, Single) else 3


def plain(value):
    """A `float` or `short` as the number or integer that it is."""
    return {Single: float, Short: int}.get(type(value), lambda v: v)(value)


def narrow(name, a, b):
    """Two numbers of which one has 32 or 16 bits."""
    if name in ("^^", "%") or not {width(a), width(b)} & {0, 2} or name in ("&", "|", "^", "&~", "<<", ">>"):
        raise Undetermined(f"the kind of {name} of narrow numbers")
    if any(type(v) is int and abs(v) > 2**24 for v in (a, b)):
        raise Undetermined("an integer that no float holds")
    value, wide = scalar(name, plain(a), plain(b)), max(width(a), width(b))
    if wide == 2:
        return Single(in_bits("floats", value))
    return value if wide or name == "/" else Short(in_bits("shorts", value))


def scalar(name, a, b):
    """Two numbers."""
    if isinstance(a, (Single, Short)) or isinstance(b, (Single, Short)):
        return narrow(name, a, b)
    try:
        value = SCALARS[name](a, b)
    except OverflowError:
        raise Undetermined("a number beyond the doubles") from None
    if isinstance(value, int) and value.bit_length() > LARGEST:
        raise Undetermined("a very large integer")
    return value


def divide(a, b):
    """Always a number, even when exact."""
    if b == 0:
        raise OracleError("division", "Error: division by zero")
    return float(a / b)


def remainder(a, b):
    """C's remainder of the truncated values: the sign of the dividend; a number when the dividend is one."""
    if isinstance(a, int) and isinstance(b, float):
        raise Undetermined("the remainder of an integer by a number")
    if not (math.isfinite(a) and math.isfinite(b)):
        raise Undetermined("remainder of an infinity")
    x, y = int(a), int(b)
    if y == 0:
        raise OracleError("division", "Error: division by zero")
    value = abs(x) % abs(y)
    value = -value if x < 0 else value
    return float(value) if isinstance(a, float) else value


def power(a, b):
    """Exact for integers."""
    if isinstance(a, int) and isinstance(b, int) and b >= 0:
        if a.bit_length() * b > LARGEST:
            raise Undetermined("a very large power")
        return a**b
    if a == 0 and b < 0:
        raise Undetermined("zero to a negative power")
    value = float(a) ** float(b) if not (isinstance(a, int) and abs(a) > 2**53) else a**b
    if isinstance(value, complex):
        raise Undetermined("a root of a negative number")
    return value


def bits(operation):
    """Bit operators work on integers; on doubles they work on the pattern, which is not played."""

    def run(a, b):
        if isinstance(a, float) or isinstance(b, float):
            raise Undetermined("bits of a number")
        return operation(a, b)

    return run


def shift(operation):
    def run(a, b):
        if b < 0 or b > LARGEST or a.bit_length() + b > 63:
            raise Undetermined("a shift beyond 64 bits")
        return operation(a, b)

    return bits(run)


SCALARS = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": divide, "%": remainder,
    "^^": power, "&": bits(lambda a, b: a & b), "|": bits(lambda a, b: a | b), "^": bits(lambda a, b: a ^ b),
    "&~": bits(lambda a, b: a & ~b), "<<": shift(lambda a, b: a << b), ">>": shift(lambda a, b: a >> b),
}  # fmt: skip


def over_lists(name, a, b):
    """Element by element; typed lists keep the wider type (dialect, Containers)."""
    if isinstance(a, TypedList) or isinstance(b, TypedList):
        a, b = plain(a), plain(b)
    if isinstance(a, List) and isinstance(b, List):
        typed = isinstance(a, TypedList) and isinstance(b, TypedList)
        if len(a.items) != len(b.items):
            if not typed:
                raise Undetermined("plain lists of different sizes")
            common = [apply_to(name, x, y) for x, y in zip(a.items, b.items, strict=False)]
            values = common + a.items[len(common) :]
        else:
            values = [apply_to(name, x, y) for x, y in zip(a.items, b.items, strict=True)]
        kind = max((a.kind, b.kind), key=lambda k: WIDER.get(k, -1)) if typed else "list"
        if {a.kind, b.kind} == {"floats", "integers"}:
            kind = "numbers"  # floats hold no integer of 64 bits
    elif isinstance(a, List):
        values, kind = [apply_to(name, x, b) for x in a.items], a.kind
    else:
        values, kind = [apply_to(name, a, x) for x in b.items], b.kind
        if isinstance(a, str) and kind != "strings":
            kind = "list"
    if any(isinstance(v, Complex) for v in values):
        kind = "list"  # no typed list holds complex numbers (dialect)
    if any(isinstance(v, List) for v in values):
        raise Undetermined("arithmetic on nested lists")
    return in_kind(kind, values)


def in_kind(kind, values):
    """The list of a result: of its kind, or numbers when decimals came out of integers."""
    if kind not in WIDER and kind != "strings":
        return List(values)
    if kind == "strings":
        return TypedList("strings", values)
    if any(isinstance(v, float) for v in values) and kind in ("integers", "shorts"):
        kind = "numbers"
    return TypedList(kind, [in_bits(kind, v) for v in values])


def _operator(name):
    @function(name, least=1, stepwise=True)
    def run(interpreter, values):
        first = next(values)
        second = next(values, MISSING)
        if second is MISSING:
            return fold_one(name, first)
        return combine(name, apply_to(name, first, second), values)


def fold_one(name, value):
    """One argument: a list is folded; there is no unary minus."""
    if isinstance(value, List):
        if not value.items:
            if value.kind == "strings":
                raise Undetermined("the fold of empty strings")
            return 0
        if len(value.items) == 1 or any(isinstance(item, List) for item in value.items):
            raise Undetermined("the fold of one element, or of lists")
        if isinstance(value.items[0], str) and name != "+":
            raise OracleError("type", f"Error: cannot apply '{name}' to a string")
        return combine(name, value.items[0], iter(value.items[1:]))
    if isinstance(value, (str, Dictionary, SetValue, Array)):
        raise Undetermined(f"{name} of one value that is no list")
    raise OracleError("type", f"Error: cannot apply '{name}' to one element")


for _name in sorted(ARITHMETIC):
    _operator(_name)


@function("~", least=1, most=1)
def complement(interpreter, values):
    if isinstance(values[0], Concept):
        return concepts.complement(values[0])
    if type(values[0]) is not int:
        raise Undetermined("the complement of something else than an integer")
    return ~values[0]


@function("!", least=1, most=1)
def factorial(interpreter, values):
    value = values[0]
    if type(value) is not int or value > 200:
        raise Undetermined("the factorial of something else than a small integer")
    if value < 0:
        raise OracleError("value", "Error: factorial of a negative number does not exists")
    return math.factorial(value)
