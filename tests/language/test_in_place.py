"""In-place operators give and store what the plain operator gives, in variables and in containers."""

from __future__ import annotations

import pytest

from lispe_kernel import Session, to_text
from lispe_kernel.language.compiler.forms.binding import IN_PLACE

from .support import error_of

OPERATORS = sorted(IN_PLACE.items())
# Two operands and three, whole numbers, for operators that take any number of them.
OPERANDS = ["6 2", "6 4 1", "60 2 3", "7 1 1 1"]
PLACES = {
    "a global variable": "(setq v {0}) (list ({1} v {2}) v)",
    "a local variable": "(defun f (v) (list ({1} v {2}) v)) (f {0})",
    "a variable whose value nobody wants": "(defun f (v) ({1} v {2}) (list v v)) (f {0})",
    "an element of a list": "(setq l (list 0 {0})) (list ({1} (@ l 1) {2}) (@ l 1))",
    "an element written infix": "(setq l (list 0 {0})) (list ({1} (l @ 1) {2}) (@ l 1))",
    "a value of a dictionary": '(setq d {{"k":{0}}}) (list ({1} (@ d "k") {2}) (@ d "k"))',
    "an element of an inner list": "(setq l (list (list {0}))) (list ({1} (@ l 0 0) {2}) (@ l 0 0))",
    "an element under two variables": "(defun f (l i j) (list ({1} (@ l i j) {2}) (@ l i j))) "
    "(f (list 0 (list 0 {0})) 1 -1)",
    "an element under a text and an index": '(setq d {{"k":(list {0})}}) (list ({1} (@ d "k" 0) {2}) '
    '(@ d "k" 0))',
    "a field of an instance": "(class@ P (x)) (setq p (P {0})) (list ({1} (@ p 'x) {2}) (@ p 'x))",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("operands", OPERANDS)
@pytest.mark.parametrize(("in_place", "operator"), OPERATORS)
def test_an_in_place_operator_is_the_plain_one(
    in_place: str, operator: str, operands: str, place: str
) -> None:
    first, _, others = operands.partition(" ")
    expected = Session().evaluate(f"({operator} {operands})")
    given = Session().evaluate(PLACES[place].format(first, in_place, others))
    assert to_text(given) == f"({to_text(expected)} {to_text(expected)})"


@pytest.mark.parametrize(("in_place", "operator"), OPERATORS)
def test_an_element_of_typed_numbers_changes_as_it_computes(in_place: str, operator: str) -> None:
    session = Session()
    session.evaluate("(setq l (numbers 0 60))")
    expected = session.evaluate(f"({operator} (@ l 1) 2 3)")
    assert session.evaluate(f"({in_place} (@ l 1) 2 3)") == expected
    assert session.evaluate("(@ l 1)") == expected


def test_the_operands_are_evaluated_once_and_in_order() -> None:
    program = """
    (setq seen '()) (defun note (x) (push seen x) x) (setq l (list 100))
    (-= (@ l 0) (note 4) (note 1)) (list l seen)
    """
    assert to_text(Session().evaluate(program)) == "((95) (4 1))"


@pytest.mark.parametrize(("operand", "value"), [("1 2", "3"), ('"a" "b"', "ab")])
def test_a_missing_key_counts_as_nothing(operand: str, value: str) -> None:
    assert to_text(Session().evaluate(f'(setq d (dictionary)) (+= (@ d "k") {operand}) (@ d "k")')) == value


@pytest.mark.parametrize("place", ["(@ l 5 0)", "(@ l 0 5)", "(@ 5 0 0)", "(@ l 0 0 0)", '(@ {"a":1} "b" 0)'])
def test_a_place_that_is_not_there_has_the_error_of_reading_it(place: str) -> None:
    reading = place.replace("(@", "(apply '@ (list", 1) + ")"
    errors = [error_of(f"(setq l (list (list 1))) {form}") for form in (f"(+= {place} 1)", reading)]
    assert errors[0].text == errors[1].text
