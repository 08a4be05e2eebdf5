"""Python's values stay Python's: what LispE sees of them, and what Python gets back."""

from __future__ import annotations

import copy
import pickle

import pytest

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.running import bridges


@pytest.fixture
def session() -> Session:
    return Session()


def python(session: Session, text: str) -> object:
    return bridges.run_python(text, session, "<test>")


@pytest.mark.parametrize(
    ("made", "lispe", "asked"),
    [
        ("l = [1, 2]", "l", "[0] + l == [0, 1, 2] and l * 2 == [1, 2, 1, 2] and type(l) is list"),
        ("l = [1]; m = l", "(push l 2)", "m == [1, 2] and l is m"),
        ("l = [1]; m = l; m.append(3)", "l", "l == [1, 3]"),
        ("f = False", "f", "f == False and f is False"),
        ("t = (1, 2)", "(car t)", "hash(t) == hash((1, 2)) and {t: 1}[1, 2] == 1"),
        ("l = [1]; l.append(l)", "(println l)", "l[1] is l"),
        ("d = {1: 2, (1, 2): 3}", '(set@ d "a" true)', "d == {1: 2, (1, 2): 3, 'a': True}"),
        ("def same(x): return x is l\nl = [1]", "(setq found (same l))", "found is True"),
        ("", "(setq q '(1 2))", "q + [3] == [1, 2, 3] and [0] + q == [0, 1, 2] and q * 2 == [1, 2, 1, 2]"),
        ("", "(setq b true)", "b is True"),
        ("", "(defun inc (x) (+ x 1))", "list(map(inc, [1, 2])) == [2, 3] and inc([1, 2]) == [2, 3]"),
        ("", "(defun same (x) x)", "same(l := [1]) is l"),
        (
            "import numpy; x = numpy.float64(3)",
            "(setq n (if (= 3 x) 1 2))",
            "n == 1 and type(x) is numpy.float64",
        ),
    ],
)
def test_python_gets_its_own_object_back(session: Session, made: str, lispe: str, asked: str) -> None:
    python(session, made)
    session.evaluate(lispe)
    assert python(session, f"bool({asked})") is not None


@pytest.mark.parametrize(
    ("made", "lispe", "shown"),
    [
        ("l = [1, 2]", "(+ l l)", "(2 4)"),
        ("l = [1, [2, True]]", "(list (size l) (@ l 1) (cdr l))", "(2 (2 true) ((2 true)))"),
        ("l = [1]; l.append(l)", "l", "(1 ...)"),
        ("d = {'a': [1], 2: False}", "(list (@ d 'a) (@ d 2) (size d))", "((1) nil 2)"),
        ("t = (1, 2)", "(list (< t '(1 3)) (= t '(1 2)) (clone t))", "(true true (1 2))"),
        (
            "def double(x): return x * 2",
            "(list (double '(1)) (double (cdr '(0 1))) (double 4))",
            "((1 1) (1 1) 8)",
        ),
        ("def put(x): x.append(9)", "(setq l '(1)) (put l) l", "(1 9)"),
        ("def f():\n    global made\n    made = 7", "(f) made", "7"),
    ],
)
def test_lispe_sees_through_to_it(session: Session, made: str, lispe: str, shown: str) -> None:
    python(session, made)
    assert to_text(session.evaluate(lispe)) == shown


SEES = """
class Sees:
    def __call__(self, value, wanted=True): return (value, type(value).__name__, wanted is False, (True,))
s = Sees()
"""


@pytest.mark.parametrize(
    "call",
    [
        "(s {})",
        "(apply s (list {}))",
        "(apply 's (list {}))",
        "(car (map 's (list {})))",
        "(car (maplist (λ (x) (s x)) (list {})))",
        "((λ (f) (f {})) s)",
        "((car (list s)) {})",
        "(eval '(s {}))",
        "((Around s) (ask {}))",
        "(through {})",
        "(setq a 's) (a {})",
    ],
)
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("true", '(true "bool" nil (true))'),
        ("(cdr '(1 2))", '((2) "list" nil (true))'),
        ("(@ (s 1) 3)", '((true) "tuple" nil (true))'),
    ],
)
def test_an_object_is_called_across_the_border_however_it_is_called(
    session: Session, call: str, given: str, shown: str
) -> None:
    python(session, SEES)
    session.evaluate("(class@ Around (held) (defun ask (x) (held x))) (defun through (x) (s x))")
    assert to_text(session.evaluate(call.format(given))) == shown


def test_an_object_that_is_called_with_nil_gets_false_where_it_wants_an_answer(session: Session) -> None:
    python(session, SEES)
    assert to_text(session.evaluate("(list (s nil nil) (s nil (? wanted nil)))")) == (
        '((nil "NoneType" true (true)) (nil "NoneType" true (true)))'
    )


def test_what_is_wrong_with_the_call_of_an_object_is_said_with_its_name(session: Session) -> None:
    python(session, SEES)
    with pytest.raises(LispeError, match=r"in call to: 's' \(it takes 1 to 2, 3 are given\)"):
        session.evaluate("(s 1 2 3)")


def test_a_tuple_cannot_be_changed(session: Session) -> None:
    python(session, "t = (1, 2)")
    with pytest.raises(LispeError, match=r"\(1 2\) is a tuple of Python's, which cannot be changed"):
        session.evaluate("(push t 3)")


def test_comparing_what_cdr_gives_looks_at_its_elements() -> None:
    assert (
        to_text(Session().evaluate("(list (< (cdr '(1 2)) (cdr '(1 3))) (> '(5) (cdr '(1 2))))"))
        == "(true true)"
    )


def test_a_class_and_a_function_find_variables_that_lispe_assigned(session: Session) -> None:
    session.evaluate("(setq base 2)")
    python(
        session,
        "class A:\n    start = base\n    def now(self): return base\na = A()\ndef f(): return a.now()",
    )
    assert python(session, "A.start + f()") == 4
    session.evaluate("(setq base 5)")
    assert session.evaluate("(f)") == 5
    assert session.evaluate("(setq base 6) (f)") == 6


def test_a_cell_is_compiled_without_our_own_future(session: Session) -> None:
    assert python(session, "x: int = 3\n__annotations__['x'] is int") is not None


@pytest.mark.parametrize("made", ["'(1 2 3)", "(cdr '(0 1 2 3))", "(llist 1 2 3)", "(integers 1 2 3)"])
def test_pythons_copies_hold_the_same_and_take_nothing_from_the_value(session: Session, made: str) -> None:
    value = session.evaluate(made)
    for copied in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301
        copied.append(4)
        assert (list(copied), list(value)) == ([1, 2, 3, 4], [1, 2, 3])
