"""What is asked once for each assignment of a variable: the answer ends where it is stored again."""

import pytest

from lispe_kernel import Session
from lispe_kernel.language.compiler.stages import explain_program
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source
from tests.language.support import outcome

POINTS = """(class@ Point (x y))
(setq p (Point 3 4))
(setq table {"x":5 "y":6})
"""
LENGTH = "(defun f (a) (+ (* (@ a 'x) (@ a 'x)) (* (@ a 'y) (@ a 'y))))"


def emitted(function: str) -> str:
    source = Source(function)
    return explain_program(Session(), source, read(source)).partition(";; emitted")[2]


def test_whether_a_value_is_an_instance_is_asked_once() -> None:
    assert emitted(LENGTH).count("isinstance") == 1


@pytest.mark.parametrize(
    ("function", "call", "expected"),
    [
        (LENGTH, "(f p)", "25"),
        ("(defun f (a) (setq before (+ (@ a 'x) (@ a 'y))) (setq a table) (list before (@ a 'x) (@ a 'y)))",
         "(f p)", "(7 5 6)"),
        ("(defun f (a) (setq before (+ (@ a 'x) (@ a 'y))) (setq a 7) (list before (@ a 'x) (@ a 'y)))",
         "(f p)", "error"),
        ("(defun f (a) (setq r (list)) (loop a (list a (Point 1 2)) (push r (@ a 'x) (@ a 'y))) r)",
         "(f p)", "(3 4 1 2)"),
    ],
)  # fmt: skip
def test_it_is_asked_again_where_the_variable_is_stored(function: str, call: str, expected: str) -> None:
    assert outcome(Session(), POINTS + function + call).startswith(expected)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("(square 7)", "49"),
        ("(square 1.5)", "2.25"),
        ("(square (list 1 2 3))", "(1 4 9)"),
        ("(square (integers 2 3))", "(4 9)"),
        ('(square "ab")', "error"),
        ("(square 'ab)", "error"),
        ("(square nil)", "error"),
        ('(square b"ab")', "error"),
    ],
)
def test_a_square_asks_nothing_and_repeats_no_text(call: str, expected: str) -> None:
    assert "repeated" not in emitted("(defun square (x) (* x x))")
    assert outcome(Session(), f"(defun square (x) (* x x)) {call}").startswith(expected)
