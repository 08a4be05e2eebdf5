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


COUNTER = """(class@ Counter (n) (defun step (k) (setqi n (+ n k)) n) (defun read () n))
(setq c (Counter 1)) (setq d (Counter 100))
"""


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        # The instance is read where it is.
        ("(defun f (o) (o (step 1)) (o (step 2)) (o (read)))", "4"),
        # What is called stays the one before its arguments, whatever they store.
        ("(defun f (o) (o (step (block (setq o d) 5))) (list (o (read)) (c (read))))", "(100 6)"),
        ("(defun f (o) (setq swap (λ () (setq o d) 5)) (o (step (swap))) (list (o (read)) (c (read))))",
         "(100 6)"),
        ("(defun f (o) (setq r (list)) (loop o (list o d) (push r (o (step 1)))) r)", "(2 101)"),
        ("(defun f (o) (setq late (λ () (o (read)))) (setq o d) (late))", "100"),
        ("(defun f (o) (loopcount 2 i (o (step (block (setq o d) 1)))) (list (c (read)) (d (read))))",
         "(2 101)"),
    ],
)  # fmt: skip
def test_a_call_of_an_instance_is_of_the_one_before_its_arguments(function: str, expected: str) -> None:
    assert outcome(Session(), COUNTER + function + "(f c)") == expected
