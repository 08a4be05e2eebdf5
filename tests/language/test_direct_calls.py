"""Functions that call themselves without a question: they mean what they mean with nothing known."""

from __future__ import annotations

import gc
import weakref

import pytest

from lispe_kernel import Session
from lispe_kernel.language.compiler.analyse import Flow
from lispe_kernel.language.compiler.stages import explain_program
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source

from .support import outcome

FUNCTIONS = {
    "sums of results": "(defun f (a b) (if (< a 2) a (+ (f (- a 1) b) (f (- a 2) b))))",
    "a result in a variable": """(defun f (a b) (if (< a 1) 1 (let ((half (f (>> a 1) b)))
      (if (= (% a 2) 0) (* half half) (* b half half)))))""",
    "arguments that grow wide": "(defun f (a b) (if (> b 5) (% a 7) (+ (f (- a 3) (+ b 1)) (% a 10))))",
    "halves": "(defun f (a b) (if (< a 1) b (+ (/ (f (- a 1) b) 2) (f (/ a 3) b))))",
    "results of two kinds": """(defun f (a b) (cond ((< a 1) "end") ((= (% a 3) 0) b)
      (true (+ (f (- a 1) b) (f (- a 2) b)))))""",
    "answers": "(defun f (a b) (cond ((< a 1) true) ((= a b) nil) ((f (- a 1) b) (= (% a 2) 0)) (true nil)))",
    "places in a list": """(defun f (a b) (if (< b 1) 0
      (+ (@ a (% b 3)) (f a (- b 1)) (if (nullp a) 1 (size a)))))""",
    "an argument of any kind": "(defun f (a b) (if (< b 1) a (+ (f (@ a 0) (- b 1)) (f a (- b 2)))))",
    "passed on": "(defun f (a b) (if (or (> a 6) (> b 6)) (- a b) (+ (f b (+ a 3)) (f (+ a 2) (+ b 1)))))",
    "a turn last": "(defun f (a b) (if (< a 1) b (f (- a 1) (+ 1 (f (>> a 1) b)))))",
    "a way out of a loop": """(defun f (a b) (loop (i 0 3) (check (> (+ a i) 5) (return (* b i))))
      (+ 1 (f (+ a 1) b)))""",
    "a result kept from the last turn": """(defun f (a b) (if (> a 3) (setq t b))
      (if (< a 1) b (+ (f (- a 1) b) (if (> a 3) t 1))))""",
}
VALUES = ["6", "-3", "0", "2.5", "5", "nil", '"x"']
LISTS = ["'(1 2 3)", "'((4) 2 1)", "(integers 1 2 3)"]


def outcomes(function: str) -> list[str]:
    """A function called with small values of every class, each beside each."""
    session = Session()
    session.evaluate(function)
    first = [*VALUES, *(LISTS if "(@ a" in function else ())]
    return [outcome(session, f"(f {a} {b})") for a in first for b in VALUES]


def is_apart(function: str) -> bool:
    """Whether the second body is a function of its own."""
    source = Source(function, "test")
    return "second f" in explain_program(Session(), source, read(source))


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_direct_calls_give_what_the_program_gives_with_nothing_known(function: str) -> None:
    known = outcomes(function)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flow, "infers", False)
        assert known == outcomes(function)


def test_a_second_body_is_a_function_where_its_calls_save_questions() -> None:
    once = {"halves", "an argument of any kind", "a result kept from the last turn"}
    assert {name for name, function in FUNCTIONS.items() if not is_apart(function)} == once


COUNT = "(defun f (n) (if (< n 1) 0 (+ 1 (% n 1) (f (- n 1)))))"


@pytest.mark.parametrize(
    ("program", "value"),
    [
        # The name means another function from then on, for the old one too.
        ("(setq old f) (setq f (λ (n) 100)) (old 5)", "101"),
        ("(setq old f) | (defun f (n) 200) (old 5)", "201"),
        ("(setq old f) | (defun f (n) 200) (setq f old) (f 5)", "5"),
        ("(setq other f) (other 5)", "5"),
        # It changes while the function runs.
        (
            """(defun g (n) (if (= n 3) (eval '(defun g (n) 1000)))
            (if (= n 0) 0 (+ 1 (% n 1) (g (- n 1))))) (g 6)""",
            "1004",
        ),
        (
            "(defun g (n) (if (= n 3) (setg g (λ (n) 500))) (if (= n 0) 0 (+ 1 (% n 1) (g (- n 1))))) (g 6)",
            "504",
        ),
        # A variable of its name hides it.
        ("(defun g (n) (setq g (λ (x) 7)) (if (= n 0) 0 (+ 1 (% n 1) (g (- n 1))))) (g 6)", "8"),
        ("(defun g (n g) (if (= n 0) 0 (+ 1 (% n 1) (g (- n 1))))) (g 6 (λ (x) 9))", "10"),
        # Deep calls and those too deep.
        ("(f 3000)", "3000"),
        ("(maybe (f 100000000) 'deep)", "deep"),
        ("(defun g (n) (if (= n 0) 0 (+ 1 (% n 1) (self (- n 1))))) (g 6)", "6"),
    ],
)
def test_the_name_means_what_it_means_at_the_call(program: str, value: str) -> None:
    session = Session()
    assert is_apart(COUNT)
    *before, last = [COUNT, *program.split(" | ")]
    for text in before:
        session.evaluate(text)
    assert outcome(session, last) == value


def test_a_function_that_lost_its_name_is_not_kept() -> None:
    session = Session()
    session.evaluate(COUNT)
    old = weakref.ref(session.namespace["f"])
    session.evaluate(COUNT)
    gc.collect()
    assert old() is None
