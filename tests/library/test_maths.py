"""Functions of numbers: values, edges of their domains, refusals."""

import math

from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel import Session
from lispe_kernel.language.functions import registry
from tests.library.library_calls import each_gives, each_is_refused, text_of

RESULTS = (
    ("(round 2.5)", "3"),
    ("(round -2.5)", "-3"),
    ("(round 0.49999999999999994)", "0"),
    ("(rint -3.5)", "-4"),
    ("(trunc -3.7)", "-3"),
    ("(type (floor 3.2))", "number_"),
    ("(sqrt -1)", "nan"),
    ("(log 0)", "-inf"),
    ("(log1p -1)", "-inf"),
    ("(atanh 1)", "inf"),
    ("(acos 2)", "nan"),
    ("(exp 1000)", "inf"),
    ("(sinh -1000)", "-inf"),
    ("(cosh -1000)", "inf"),
    ("(lgamma -1)", "inf"),
    ("(tgamma 0)", "inf"),
    ("(logb 0.1)", "-4"),
    ("(cbrt -27)", "-3"),
    ("(∛ 8)", "2"),
    ("(√ 9)", "3"),
    ("(exp2 -1)", "0.5"),
    ("(gcd 0 5)", "5"),
    ("(! 0)", "1"),
    ("(! 25)", "15511210043330985984000000"),
    ("(! '(3 4))", "(6 24)"),
    ("(sign '(1 -2))", "(-1 2)"),
    ("(signp -0.5)", "-1"),
    ("(cosine '(1 2) '(2 4))", "1"),
    ("(cosine '(0 0) '(2 4))", "nan"),
    ("(+ (complex 1 2) 1)", "2,2i"),
    # A complex number makes a list of any values of a typed list: its imaginary part is kept.
    ("(+ (integers 3 1) 1,2i)", "(4,2i 2,2i)"),
    ("(* 1,2i (floats 1 2))", "(1,2i 2,4i)"),
    ("(- 1,2i (iota0 40)) (size (- 1,2i (iota0 40)))", "40"),
    # No number is a thing of its own, nor is what is no number.
    (
        "(setq n (- (/ 1 1e-320) (/ 1 1e-320))) (list (eq n n) (neq n n) (apply 'eq (list n n)))",
        "(nil true nil)",
    ),
    # What comes after two that are not in order is not compared.
    ("(list (< 3 1 nil) (apply '< '(3 1 nil)))", "(nil nil)"),
    ('(list (* (set) "a") (apply \'* (list (set) "a")))', "({} {})"),
    ("(imaginary 3)", "0"),
    ("(* 2 π)", "6.28319"),
    ("(- τ (* 2 _pi))", "0"),
    ("(defun area (r) (* _pi r r)) (area 2)", "12.5664"),
    ("ϕ", "1.61803"),
    ("ℯ", "2.71828"),
)

ERRORS = (
    ("(+ (matrix_number '((1 2) (3 4))) 1,2i)", "Error: cannot evaluate '+' with these operands"),
    ("(sqrt '(4))", "Error: sqrt: the first argument must be a number, not the list (4)"),
    ("(cos nil)", "Error: cos: the first argument must be a number, not nil"),
    ("(! -1)", "Error: !: the first argument must be an integer from 0 to 200000"),
    ('(gcd "a" 1)', "Error: gcd: the first argument must be an integer"),
    ("(cosine '(1) '(1 2))", "Error: cosine: lists of the same size are expected, not 1 and 2"),
    ("(sign 'a)", "Error: sign: the first argument must be a number"),
)


test_result = each_gives(RESULTS)


test_error_says_what_was_expected = each_is_refused(ERRORS)


# LispE's name of a function and Python's, where both are defined for every finite double.
SAME = ("sin", "cos", "tanh", "atan", "erf", "fabs", "asinh")


@given(st.sampled_from(SAME), st.floats(allow_nan=False, allow_infinity=False))
def test_value_is_that_of_c(name, x):
    Session()
    assert registry.get(name).call(x) == getattr(math, name)(x)


@given(st.floats(-1e15, 1e15))
def test_rounding_goes_to_the_nearest_and_away_from_zero(x):
    Session()
    rounded = registry.get("round").call(x)
    assert abs(rounded - x) <= 0.5
    assert abs(rounded - x) < 0.5 or abs(rounded) > abs(x)


def test_names_of_functions_can_be_variables():
    assert text_of("(setq cos 3) (+ cos 1)") == "4"
