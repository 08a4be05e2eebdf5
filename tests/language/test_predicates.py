"""Predicates: backtracking, copies of the arguments, cut, what ends a search."""

from __future__ import annotations

import pytest

from .support import error_of, text_of


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(defpred p (x) (> x 10) 'big) (p 3)", "nil"),
        ("(defpred p (x) (/ x 0)) (defpred p (x) 'saved) (p 3)", "saved"),
        ("(defpred p (x) (return 'at_once) nil) (defpred p (x) 2) (p 0)", "at_once"),
        ("(defpred p (0) true) (defpred p (n) (p (- n 1))) (p 10000)", "true"),
        ("(defprol p (x) (= x 1) 'a) (defprol p (x) (if (= x 1) (return 5)) 'b) (p 1)", "(a)"),
        ("(defprol p (x) cut_ nil) (defprol p (x) 2) (p 0)", "()"),
        ("(defprol p (x) cut_) (defprol p (x) 2) (p 0)", "(true 2)"),
        ("(defprol p ([string_ x]) 1) (p 3)", "nil"),
        ("(defpred p (x) (setq y x) nil) (defpred p (x) (maybe y 'unbound)) (p 1)", "unbound"),
        ("(setq y 3) (defprol p (x) (setq y x) y) (defprol p (x) y) (p 1)", "(1 3)"),
        ("(defpred p (x@) (setq x 5) nil) (defpred p (x) x) (p 1)", "1"),
    ],
)
def test_a_predicate_tries_its_clauses(source, value):
    assert text_of(source) == value


def test_endless_recursion_in_a_predicate_is_an_error_and_no_failure():
    assert error_of("(defpred p (n) (p (+ n 1))) (p 1)").text == "Stack overflow"
