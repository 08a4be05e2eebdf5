"""Macros: what their patterns match among the argument forms, what they splice."""

from __future__ import annotations

import pytest

from .support import error_of, text_of


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (
            """(defmacro m ([integer_ n]) (list 'int n)) (defmacro m ([string_ n]) (list 'str n))
            (list (m 3) (m "a"))""",
            '((int 3) (str "a"))',
        ),
        ("(defmacro all (op $ r) (op $ r)) (all + 1 2 3)", "6"),
        ("(defmacro un ((a b $ c) d) (list a b (+ $ c) d)) (un (1 2 3 4) 5)", "(1 2 7 5)"),
        ("(defmacro same (x x) (list x x)) (same 1 1)", "(1 1)"),
        # The rest may be empty, at every depth.
        ("(defmacro all (a $ r) (list a $ r)) (list (all 1) (all 1 2))", "((1) (1 2))"),
        ("(defmacro un ((a $ c) d) (list a (list $ c) d)) (un (1) 5)", "(1 () 5)"),
    ],
)
def test_a_macro_matches_forms(source, value):
    assert text_of(source) == value


def test_a_call_that_no_clause_matches_is_an_error():
    assert error_of("(defmacro one (x) (list x)) (one 1 2)").text.startswith(
        "Error: cannot apply this macro: one"
    )
