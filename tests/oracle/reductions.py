"""`//`, `\\\\` and their mirrors on plain and typed lists (advanced 9.3), sums and the mathematical
functions.
"""

import math
from itertools import pairwise

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.family import is_lambda_list, operator_name
from tests.oracle.matrices import filled, rows
from tests.oracle.registry import COMPARATORS, function
from tests.oracle.strings import number_of
from tests.oracle.values import NIL, Array, List, SetValue, TypedList, is_number, is_true

COUNTED = "Error: List size mismatch"


def parts_of(values, name):
    if len(values) != 2:
        raise Undetermined(f"{name} of one list, or in slices")
    given, container = values
    if not isinstance(container, List):
        raise OracleError("type", f"Error: {name} needs a list")
    if any(isinstance(item, List) for item in container.items) or (
        isinstance(given, List) and not is_lambda_list(given)
    ):
        raise Undetermined(f"{name} of rows, or by counts")
    return given, list(container.items)


def reduce(interpreter, given, items):
    if not items:
        return NIL
    step = interpreter.as_function(given, interpreter.place)
    if operator_name(given) in COMPARATORS:
        if len(items) < 2:
            raise Undetermined("a comparator on one element")
        pairs = pairwise(items)
        return int(all(is_true(interpreter.call(step, [a, b])) for a, b in pairs))
    if len(items) == 1:
        raise Undetermined("a reduction of one element")
    value = items[0]
    for x in items[1:]:
        value = interpreter.call(step, [value, x])
    return value


def _reduction(name, backwards):
    @function(name, least=1, most=3)
    def run(interpreter, values):
        if isinstance(values[-1], Array):
            return by_lines(interpreter, values, backwards)
        given, items = parts_of(values, name)
        return reduce(interpreter, given, items[::-1] if backwards else items)


def by_lines(interpreter, values, backwards):
    """The lines of a matrix reduced, or its columns; these from the top (dialect)."""
    made = values[-1]
    asks = operator_name(values[0]) in COMPARATORS
    if len(values) != 2 or asks or isinstance(values[0], List) or min(made.shape) < 2 or len(made.shape) != 2:
        raise Undetermined("a reduction of this matrix")
    lines = [row.items for row in rows(made)]
    lines = list(zip(*lines, strict=True)) if backwards else lines
    return List([reduce(interpreter, values[0], list(line)) for line in lines])


_reduction("//", False)
_reduction("-//", True)


def _scan(name, backwards):
    @function(name, least=2, most=3)
    def run(interpreter, values):
        given, items = parts_of(values, name)
        if backwards and not items:
            return NIL
        return scanned(interpreter, given, items[::-1] if backwards else items)


_scan("\\\\", False)
_scan("-\\\\", True)


def scanned(interpreter, given, items):
    """The running fold, first element first; of a comparator the answers for neighbours."""
    step = interpreter.as_function(given, interpreter.place)
    if operator_name(given) in COMPARATORS:
        pairs = pairwise(items)
        return List([int(is_true(interpreter.call(step, [a, b]))) for a, b in pairs])
    made = items[:1]
    for x in items[1:]:
        made.append(interpreter.call(step, [made[-1], x]))
    return List(made)


def numbers_in(value, name):
    items = value.items() if isinstance(value, SetValue) else value.items if isinstance(value, List) else None
    if items is None:
        raise OracleError("type", f"Error: {name} needs a list")
    if not all(is_number(item) for item in items):
        raise Undetermined(f"{name} of something else than numbers")
    return items


@function("sum", least=1, most=1)
def sum_(interpreter, values):
    if isinstance(values[0], TypedList) and values[0].kind == "strings":
        return "".join(values[0].items)
    return sum(numbers_in(values[0], "sum"))


@function("product", least=1, most=1)
def product(interpreter, values):
    items = numbers_in(values[0], "product")
    if not items:
        raise Undetermined("the product of nothing")
    return math.prod(items)


def floored(value):
    """The whole number below; of -0.0 it is itself."""
    return math.floor(value) or value * 0.0


def towards(rounding):
    """A rounding of C's: what becomes zero keeps its sign."""
    return lambda value: math.copysign(rounding(value), value)


def rounded(value):
    """Halves away from zero."""
    return math.copysign(math.floor(abs(value) + 0.5), value)


MATHS = {
    "fabs": abs, "sqrt": math.sqrt, "cbrt": math.cbrt, "exp": math.exp, "exp2": lambda x: 2.0**x,
    "log": math.log, "log2": math.log2, "log10": math.log10,
    "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "asin": math.asin, "acos": math.acos, "atan": math.atan, "sinh": math.sinh, "cosh": math.cosh,
    "tanh": math.tanh, "asinh": math.asinh, "acosh": math.acosh, "atanh": math.atanh, "expm1": math.expm1,
    "log1p": math.log1p, "erf": math.erf, "erfc": math.erfc, "lgamma": math.lgamma, "tgamma": math.gamma,
    "logb": lambda x: math.frexp(x)[1] - 1 if x else 1 / 0,
    "floor": floored, "trunc": towards(math.trunc), "round": rounded,
    "rint": towards(round), "nearbyint": towards(round), "radian": math.radians, "degree": math.degrees,
}  # fmt: skip


def _maths(name, run_one):
    @function(name, least=1, most=2 if name == "round" else 1)
    def run(interpreter, values):
        if len(values) > 1 or not is_number(values[0]):
            raise Undetermined(f"{name} of something else than a number")
        try:
            return float(run_one(number_of(values[0])))
        except (ValueError, OverflowError, ZeroDivisionError):
            raise Undetermined(f"{name} outside its domain") from None


for _name, _run in MATHS.items():
    _maths(_name, _run)


@function("gcd", "hcf", least=2, most=2)
def gcd(interpreter, values):
    if not all(type(v) is int for v in values):
        raise Undetermined("gcd of something else than integers")
    return math.gcd(*values)


@function("iabs", least=1, most=1)
def iabs(interpreter, values):
    if type(values[0]) is not int:
        raise Undetermined("iabs of something else than an integer")
    return abs(values[0])


@function("sign", least=1, most=1)
def sign(interpreter, values):
    if not is_number(values[0]):
        raise Undetermined("sign of something else than a number")
    return -values[0]


@function("signp", least=1, most=1)
def signp(interpreter, values):
    if not is_number(values[0]):
        raise Undetermined("signp of something else than a number")
    return (values[0] > 0) - (values[0] < 0)


@function("rho", least=1)
def rho(interpreter, values):
    if (
        len(values) == 1
        and isinstance(values[0], List)
        and not any(isinstance(i, List) for i in values[0].items)
    ):
        return len(values[0].items)
    if len(values) == 2 and type(values[0]) is int and isinstance(values[1], List) and values[1].items:
        items = values[1].items
        return values[1].same_kind([items[i % len(items)] for i in range(values[0])])
    if len(values) == 1 and isinstance(values[0], Array):
        return List(values[0].shape)
    if len(values) > 2 and isinstance(values[-1], List):
        return filled(values[:-1], values[-1])
    raise Undetermined("rho of this shape")


@function("tally", least=1, most=1)
def tally(interpreter, values):
    if isinstance(values[0], Array):
        return len(values[0].cells)
    if not isinstance(values[0], List) or any(isinstance(i, List) for i in values[0].items):
        raise Undetermined("tally of this value")
    return len(values[0].items)


@function("member", least=2, most=2)
def member(interpreter, values):
    raise Undetermined("member")
