"""Functions of clauses: what each pattern matches and binds, their order, adding and replacing them."""

from __future__ import annotations

import pytest

from lispe_kernel import Session

from .support import error_of, text_of

NO_MATCH = "Error: Could not find a match for function: 'f'"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        # Kleene marks
        ("(defpat f ((a* 'x b+)) (list a b)) (list (f '(1 2 x 3 4)) (f '(x 3)))", "(((1 2) (3 4)) (() (3)))"),
        ("(defpat f ((a% 'x $ r)) (list a r)) (list (f '(1 x 3)) (f '(x 5 6)))", "((1 (3)) (nil (5 6)))"),
        ("(defpat f ((a b (> c 2)+ $ r)) (list a b c r)) (f '(1 2 3 4 1 5))", "(1 2 (3 4) (1 5))"),
        ("(defpat f (((> c 2)* $ r)) (list c r)) (f '(1 5))", "(() (1 5))"),
        ("(defpat f (((> c 2)* d e)) (list c d e)) (f '(3 4 1 2))", "((3 4) 1 2)"),
        ("(defpat f (((> c 2)% $ r)) (list c r)) (list (f '(5 1)) (f '(1)))", "((5 (1)) (nil (1)))"),
        # sets and dictionaries
        ("(defpat f ((set a 3 $ r)) (list a (size r))) (f (set 1 2 3))", "(1 1)"),
        ('(defpat f ({"a":x $:r}) (list x r)) (f {"a":1 "b":2})', '(1 {"b":2})'),
        # lists
        ("(defpat f ((x $ (y $ z))) (list x y z)) (f '(1 2 3))", "(1 2 (3))"),
        ("(defpat f ((x _)) x) (f '(7))", "7"),
        ("(defpat f ((a $ r)) (type r)) (f (shorts 1 2))", "shorts_"),
        ("(defpat f (()) 'none) (list (f nil) (f (integers)) (f {}))", "(none none none)"),
        # a variable that was bound by a clause that failed is gone
        ("(setq y 100) (defpat f ((x y)) 1) (defpat f (x) (+ x y)) (f 1)", "101"),
        # lambdas keep what their clause bound
        ("(defpat f ((x (_ y))) (map (\\ (v) (+ v y)) x)) (f '((1 2) (5 10)))", "(11 12)"),
        # clauses of several sizes
        ("(defpat f (x) x) (defpat f (x y) (list y x)) (list (f 1) (f 1 2))", "(1 (2 1))"),
        # types are exact, guards swallow errors
        ("(defpat f ([number_ x]) 'n) (defpat f (x) 'other) (list (f 1) (f 1.5))", "(other n)"),
        ("(defpat f ((< x 'a 3)) 'less) (defpat f (x) 'other) (f \"s\")", "other"),
        # outside of functions
        ("(pattern@ (a b $ c) '(1 2 3 4)) (list a b c)", "(1 2 (3 4))"),
        ("(pattern@ (a b) '(1))", "nil"),
        ('(defun g (v) (if (pattern@ [integer_ q] v) (* q 2) \'no)) (list (g 4) (g "s"))', "(8 no)"),
        ("(defpat f (x x) true) (bodies f)", "((defpat f (x x) true))"),
        # depth and turns
        ("(defpat f (0) 0) (defpat f (n) (+ 1 (f (- n 1)))) (f 100000)", "100000"),
        ("(defpat f (0) 'done) (defpat f (n) (f (- n 1))) (f 1000000)", "done"),
    ],
)
def test_a_pattern_matches_and_binds(source, value):
    assert text_of(source) == value


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("(defpat f ([integer_ x]) x) (f 1.5)", NO_MATCH),
        ("(defpat f (x) x) (f 1 2)", NO_MATCH),
        ("(defpat f ((a* 'x b+)) a) (f '(1 x))", NO_MATCH),
        ("(defpat f ((< 3 4)) 1)", "Error: Missing argument in defpat function"),
        ("(defpat f (((a b)+)) 1)", "Error: The Kleene operators (*+%) can only apply to a function call"),
        ("(defpat defun (x) 1)", "Error: 'defun' is a reserved keyword."),
    ],
)
def test_what_does_not_match_says_so(source, error):
    assert error_of(source).text == error


def test_a_later_text_adds_a_clause_and_replaces_one_with_the_same_patterns():
    session = Session()
    session.evaluate("(defpat f (0) 'zero) (defpat f (n) 'number)")
    session.evaluate("(defpat f ([string_ s]) (upper s))")
    assert text_of('(list (f 0) (f 5) (f "a"))', session) == '(zero number "A")'
    session.evaluate("(defpat f (0) 'nought)")
    assert text_of('(list (f 0) (f 5) (f "a") (size (bodies f)))', session) == '(nought number "A" 3)'


def test_running_a_text_twice_changes_nothing():
    session, text = (
        Session(),
        "(defpred how (x) (> x 10) 'big) (defpred how (x) 'small) (list (how 20) (how 3))",
    )
    assert [text_of(text, session) for _ in range(3)] == ["(big small)"] * 3
    assert text_of("(size (bodies how))", session) == "2"


def test_an_error_in_a_clause_is_placed_in_its_text():
    error = error_of("(defpat f (x)\n   (/ x 0))\n(f 1)")
    assert error.text == "Error: division by zero"
    assert error.span.line == 2


@pytest.mark.parametrize(
    ("type_atom", "value"),
    [
        (t, v)
        for t, v in (
            ("atom_", "'x"),
            ("integer_", "1"),
            ("number_", "1.5"),
            ("string_", '"s"'),
            ("list_", "(list 1)"),
            ("dictionary_", '{"a":1}'),
            ("integers_", "(integers 1)"),
            ("numbers_", "(numbers 1)"),
            ("floats_", "(floats 1)"),
            ("shorts_", "(shorts 1)"),
        )
    ],
)
def test_a_typed_variable_may_stand_twice(type_atom: str, value: str) -> None:
    clauses = f"(defpat same ([{type_atom} v] [{type_atom} v]) 'same) (defpat same (a b) 'other)"
    assert text_of(f"{clauses} (list (same {value} {value}) (same {value} nil))") == "(same other)"
