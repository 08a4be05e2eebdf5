"""Functions of numbers: C's mathematics on doubles, integers, angles, and the constants.

What C answers with NaN or an infinity is that here too, never a Python exception.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.arithmetic import OPERATORS
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument, number_argument
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.typed.lists import Numbers, TypedList

CONSTANTS = {
    "_pi": math.pi,
    "π": math.pi,
    "_tau": math.tau,
    "τ": math.tau,
    "_e": math.e,
    "ℯ": math.e,
    "_phi": (1 + math.sqrt(5)) / 2,
    "ϕ": (1 + math.sqrt(5)) / 2,
}
# Integers beyond the doubles count as infinite; a factorial beyond this is an error.
_LARGEST_FACTORIAL = 200_000


def _half_away(x: float) -> float:
    """C's `round`: halves go away from zero."""
    if not math.isfinite(x):
        return x
    whole = math.trunc(x)
    return math.copysign(float(abs(whole) + (abs(x - whole) >= 0.5)), x)


def _half_even(x: float) -> float:
    return math.copysign(float(round(x)), x) if math.isfinite(x) else x


def _towards(direction: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: math.copysign(float(direction(x)), x) if math.isfinite(x) else x


def _exponent(x: float) -> float:
    """C's `logb`: the exponent of the binary form."""
    if x == 0:
        return -math.inf
    return float(math.frexp(x)[1] - 1) if math.isfinite(x) else abs(x)


def _cube_root(x: float) -> float:
    return float(np.cbrt(x))


def _logarithm(log: Callable[[float], float], pole: float) -> Callable[[float], float]:
    return lambda x: -math.inf if x == pole else log(x)


def _arc_tangent(x: float) -> float:
    return math.copysign(math.inf, x) if abs(x) == 1 else math.atanh(x)


def _gamma(x: float) -> float:
    return math.copysign(math.inf, x) if x == 0 else math.gamma(x)


def _log_gamma(x: float) -> float:
    return math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)


# What a function tends to where Python says that its result is too large.
_ODD = frozenset({"sinh"})

# name, aliases, meaning, example, function of a double
_FUNCTIONS: tuple[tuple[str, tuple[str, ...], str, str, Callable[[float], float]], ...] = (
    ("fabs", (), "The absolute value", "(fabs -2.5) => 2.5", math.fabs),
    ("acos", (), "The arc cosine, in radians", "(acos 1) => 0", math.acos),
    ("acosh", (), "The hyperbolic arc cosine", "(acosh 1) => 0", math.acosh),
    ("asin", (), "The arc sine, in radians", "(asin 0) => 0", math.asin),
    ("asinh", (), "The hyperbolic arc sine", "(asinh 0) => 0", math.asinh),
    ("atan", (), "The arc tangent, in radians", "(atan 1) => 0.785398", math.atan),
    ("atanh", (), "The hyperbolic arc tangent", "(atanh 0) => 0", _arc_tangent),
    ("cbrt", ("∛",), "The cube root", "(cbrt 27) => 3", _cube_root),
    ("cos", (), "The cosine of an angle in radians", "(cos 0) => 1", math.cos),
    ("cosh", (), "The hyperbolic cosine", "(cosh 0) => 1", math.cosh),
    ("erf", (), "The error function", "(erf 0) => 0", math.erf),
    ("erfc", (), "One minus the error function", "(erfc 0) => 1", math.erfc),
    ("exp", (), "e to the power", "(exp 1) => 2.71828", math.exp),
    ("exp2", (), "2 to the power", "(exp2 10) => 1024", lambda x: math.pow(2.0, x)),
    ("expm1", (), "e to the power, minus one, exact near zero", "(expm1 0) => 0", math.expm1),
    ("floor", (), "The integer at or below", "(floor -3.2) => -4", _towards(math.floor)),
    ("lgamma", (), "The logarithm of the gamma function", "(lgamma 1) => 0", _log_gamma),
    ("log", (), "The natural logarithm", "(log 1) => 0", _logarithm(math.log, 0.0)),
    ("log10", (), "The decimal logarithm", "(log10 1000) => 3", _logarithm(math.log10, 0.0)),
    (
        "log1p",
        (),
        "The logarithm of one plus, exact near zero",
        "(log1p 0) => 0",
        _logarithm(math.log1p, -1.0),
    ),
    ("log2", (), "The binary logarithm", "(log2 8) => 3", _logarithm(math.log2, 0.0)),
    ("logb", (), "The exponent of the binary form", "(logb 10) => 3", _exponent),
    ("nearbyint", (), "The nearest integer, halves to the even one", "(nearbyint 2.5) => 2", _half_even),
    ("rint", (), "The nearest integer, halves to the even one", "(rint 3.5) => 4", _half_even),
    ("sin", (), "The sine of an angle in radians", "(sin 0) => 0", math.sin),
    ("sinh", (), "The hyperbolic sine", "(sinh 0) => 0", math.sinh),
    ("sqrt", ("√",), "The square root", "(sqrt 16) => 4", math.sqrt),
    ("tan", (), "The tangent of an angle in radians", "(tan 0) => 0", math.tan),
    ("tanh", (), "The hyperbolic tangent", "(tanh 0) => 0", math.tanh),
    ("tgamma", (), "The gamma function", "(tgamma 5) => 24", _gamma),
    ("trunc", (), "The integer toward zero", "(trunc -3.7) => -3", _towards(math.trunc)),
    ("radian", (), "An angle in degrees as radians", "(radian 180) => 3.14159", math.radians),
    ("degree", (), "An angle in radians as degrees", "(degree _pi) => 180", math.degrees),
)


# Integers that are doubles as they are.
_EXACT = 1 << 53


def _of_a_number(name: str, compute: Callable[[float], float]) -> Callable[..., Any]:
    def apply(val: Any) -> float:
        kind = type(val)
        quick = kind is float or (kind is int and -_EXACT < val < _EXACT)
        x = float(val) if quick else number_argument(name, 1, val)
        try:
            found = compute(x)
        except ValueError:
            found = math.nan
        except OverflowError:
            found = math.copysign(math.inf, x) if name in _ODD else math.inf
        if quick:
            return found
        more = answers_of(val).compute
        return found if more is None else more(name, val, found)

    return apply


for _name, _aliases, _meaning, _example, _compute in _FUNCTIONS:
    _apply = _of_a_number(_name, _compute)
    _apply.__doc__ = f"{_meaning}: a number. NaN or an infinity outside its domain.\n\nExample: {_example}"
    function(_name, *_aliases, returns="number")(_apply)


@function("round", returns="number")
def round_(val: Any, parts: Any = 1) -> float:
    """The nearest integer, halves away from zero: a number. With `parts`, the nearest multiple of 1/parts.

    Example: (round -2.5) => -3
    Example: (round 3.14159 100) => 3.14
    Errors: when `parts` is not above 0.
    """
    if parts == 1 and type(val) is float and -_EXACT < val < _EXACT:
        return _half_away(val)
    x = val if type(val) is float else number_argument("round", 1, val)
    count = 1 if parts == 1 else number_argument("round", 2, parts)
    if not 0 < count < math.inf:
        raise wrong_argument("round", 2, "a number above 0", parts)
    found = _half_away(x * count)
    more = None if type(val) in (int, float) else answers_of(val).compute
    rounded: float = found if more is None else more("round", val * count, found)
    return rounded / count


@function("gcd", returns="number")
def gcd(a: Any, b: Any) -> int:
    """The greatest common divisor of two integers.

    Example: (gcd 12 18) => 6
    """
    return math.gcd(integer_argument("gcd", 1, a), integer_argument("gcd", 2, b))


@function("hcf", returns="number")
def hcf(a: Any, b: Any) -> int:
    """The highest common factor of two integers.

    Example: (hcf 27 36) => 9
    """
    return math.gcd(integer_argument("hcf", 1, a), integer_argument("hcf", 2, b))


@function("iabs", returns="number")
def iabs(val: Any) -> int:
    """The absolute value of an integer.

    Example: (iabs -7) => 7
    """
    return abs(integer_argument("iabs", 1, val))


@function("cosine", returns="number")
def cosine(v1: Any, v2: Any) -> float:
    """The cosine similarity of two lists of numbers of the same size; NaN when one of them is zero.

    Example: (cosine (numbers 1 0) (numbers 1 1)) => 0.707107
    Errors: for lists of different sizes.
    """
    a, b = _vector("cosine", 1, v1), _vector("cosine", 2, v2)
    if len(a) != len(b):
        raise LispeError(f"Error: cosine: lists of the same size are expected, not {len(a)} and {len(b)}")
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else math.nan


def _vector(name: str, position: int, value: Any) -> Any:
    if isinstance(value, TypedList):
        return value.array.astype("float64")
    if not isinstance(value, list) or not all(isinstance(item, (int, float)) for item in value):
        raise wrong_argument(name, position, "a list of numbers", value)
    return np.array([number_argument(name, position, item) for item in value], dtype="float64")


@function("!", keyword=True)
def factorial(n: Any) -> Any:
    """The factorial of an integer; of a list, the `numbers` of the factorials.

    Example: (! 5) => 120
    Example: (! '(3 4)) => (6 24)
    Errors: for a negative integer.
    """
    if isinstance(n, (list, TypedList)):
        return Numbers([number_argument("!", 1, _factorial(item)) for item in n])
    return _factorial(n)


def _factorial(value: Any) -> int:
    number = integer_argument("!", 1, value)
    if not 0 <= number <= _LARGEST_FACTORIAL:
        raise wrong_argument("!", 1, f"an integer from 0 to {_LARGEST_FACTORIAL}", value)
    return math.factorial(number)


@function("sign", keyword=True)
def sign(x: Any) -> Any:
    """The opposite of a number: it changes the sign.

    Example: (sign 7) => -7
    """
    if isinstance(x, (int, float, complex)):
        return -x
    if isinstance(x, (List, TypedList)):
        return OPERATORS["*"](x, -1)
    raise wrong_argument("sign", 1, "a number", x)


@function("signp", "sign?", keyword=True, returns="number")
def signp(x: Any) -> int:
    """-1, 0 or 1 as a number is negative, zero or positive.

    Example: (signp -3.5) => -1
    """
    if not isinstance(x, (int, float)):
        raise wrong_argument("signp", 1, "a number", x)
    return (x > 0) - (x < 0)


@function("complex", keyword=True)
def complex_(r: Any, i: Any) -> complex:
    """The complex number with a real and an imaginary part.

    Example: (complex 2 -3) => 2,-3i
    """
    return complex(number_argument("complex", 1, r), number_argument("complex", 2, i))


@function("real", keyword=True, returns="number")
def real(c: Any) -> Any:
    """The real part of a complex number; a number is its own.

    Example: (real 2,-3i) => 2
    """
    if not isinstance(c, (int, float, complex)):
        raise wrong_argument("real", 1, "a number", c)
    return c.real


@function("imaginary", keyword=True, returns="number")
def imaginary(c: Any) -> Any:
    """The imaginary part of a complex number, 0 for another number.

    Example: (imaginary 2,-3i) => -3
    """
    if not isinstance(c, (int, float, complex)):
        raise wrong_argument("imaginary", 1, "a number", c)
    return c.imag
