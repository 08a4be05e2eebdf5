"""32-bit floats and 16-bit integers keep their kind, and refuse what they cannot hold."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.language.values.scalars import Single
from tests.library.library_calls import each_gives, each_is_refused

RESULTS = (
    ("(type (float 1.5))", "float_"),
    ("(type (int16_t 3))", "short_"),
    ("(type (short 3))", "short_"),
    ("(type (+ (float 1.5) 1))", "float_"),
    ("(type (* 2 (float 1.5)))", "float_"),
    ("(type (+ (float 1.5) 0.5))", "number_"),
    ("(type (- (int16_t 3) (int16_t 5)))", "short_"),
    ("(type (+ (int16_t 3) 1))", "integer_"),
    ("(/ (int16_t 7) 2)", "3.5"),
    ("(% (int16_t -7) (int16_t 3))", "-1"),
    ("(^^ (int16_t 2) 20)", "1048576"),
    ("(& (int16_t 6) 3)", "2"),
    ("(+ (float 1.5) '(1 2))", "(2.5 3.5)"),
    ("(+ (floats 1 2) (float 0.5))", "(1.5 2.5)"),
    ("(= 1 (float 1))", "true"),
    ("(= (int16_t 2) 2.0)", "true"),
    ("(eq (float 1) 1)", "true"),
    ("(< (float 0.1) 0.2)", "true"),
    ("(= (float 0.1) 0.1)", "nil"),
    ("(if (float 0) 1 2)", "2"),
    ('(float "2.5x")', "2.5"),
    ('(float "none")', "0"),
    ("(float 1e300)", "inf"),
    ("(integer (float 3.9))", "3"),
    ("(list (float 2.5) (int16_t 3))", "(2.5 3)"),
    ('(+ "a" (int16_t 3))', "a3"),
    ("(sqrt (float 4))", "2"),
    ("(json (list (float 2.5) (int16_t 3)))", "[2.5,3]"),
    ("(@ '(a b c) (int16_t 1))", "b"),
    ("(takenb (int16_t 2) '(1 2 3))", "(1 2)"),
)

ERRORS = (
    ("(int16_t 40000)", "Error: int16_t: 40000 does not fit in 16 bits"),
    ("(* (int16_t 300) (int16_t 300))", "Error: int16_t: 90000 does not fit in 16 bits"),
    ("(/ (float 1) (float 0))", "Error: division by zero"),
    ("(float '(1))", "Error: "),
)


test_result = each_gives(RESULTS)


test_error = each_is_refused(ERRORS)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(width=32, allow_nan=False))
def test_sums_are_those_of_32_bits(a, b):
    found = Single(a) + Single(b)
    assert type(found) is Single
    if math.isfinite(found):
        assert found == struct.unpack("<f", struct.pack("<f", a + b))[0]
