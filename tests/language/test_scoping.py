"""Variables: local or global, closures, let, in-place operators, parameters."""

from __future__ import annotations

import pytest

from lispe_kernel import Session

from .support import error_of, text_of


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(setq y 1) (defun f () (setq y 2) y) (list (f) y)", "(2 1)"),
        ("(setq y 1) (defun f () (setg y 2) y) (list (f) y)", "(2 2)"),
        ("(setq y 1) (defun f () (+= y 5)) (list (f) y)", "(6 6)"),
        ("(setq y 1) (defun f () (setq y 10) (+= y 5)) (list (f) y)", "(15 1)"),
        # a name read before its local assignment is the global one
        ("(setq y 1) (defun f () (setq x y) (setq y 2) (list x y)) (list (f) y)", "((1 2) 1)"),
        ("(setq y 1) (defun f (c) (if c (setq y 2)) y) (list (f true) (f nil) y)", "(2 1 1)"),
        ("(setq y 1) (defun f (c) (if c (setq y 2)) (+= y 1) y) (list (f true) (f nil) y)", "(3 2 2)"),
        ("(setq n 0) (defun f () (setq n 0) ((λ () (+= n 1))) n) (list (f) n)", "(1 0)"),
        # closures keep the variables of the function that made them
        ("(defun mk (n) (λ (x) (+ x n))) (setq a (mk 5)) (setq b (mk 7)) (list (a 1) (b 1))", "(6 8)"),
        ("(defun counter () (setq n 0) (λ () (+= n 1))) (setq c (counter)) (c) (c) (c)", "3"),
        ("(setq counter (let ((n 0)) (λ () (setq n (+ n 1)) n))) (counter) (counter)", "2"),
        # a binding of one turn that is changed after a closure took it
        (
            "(setq l (list)) (loopcount 2 i (let ((j i)) (push l (λ () j)) (+= j 5))) (map (λ (g) (g)) l)",
            "(5 6)",
        ),
        ("(defun f () ((λ (x) (setq w x)) 3) w) (f)", "3"),
        ("((λ (x) (setq w x)) 3) w", "3"),
        ("(setq x 9) ((λ (x) (setq x 1)) 5) x", "9"),
        ("(defun f (x) ((λ (y) (setq x y)) 7) x) (f 1)", "7"),
        # let binds in order, lexically
        ("(let ((a 1) (b (+ a 1))) (+ a b))", "3"),
        ("(setq a 10) (list (let ((a 1)) (setq a 2) a) a)", "(2 10)"),
        ("(defun f (a) (let ((a (+ a 1))) (let ((a (* a 10))) a))) (f 1)", "20"),
        ("(setq a 1) (defun g () a) (let ((a 2)) (g))", "1"),
        # several at once
        ("(setq (a b c) '(1 2 3)) (list c b a)", "(3 2 1)"),
        ("(defun f () (setq (a b) (list 1 2)) (+ a b)) (f)", "3"),
        ("(setqv a 5)", "5"),
        ('(setq d {"k":1}) (+= (@ d "k") 5) (+= (@ d "new") 2) d', '{"k":6 "new":2}'),
        ("(setq l (list 1 2)) (+= (@ l 1) 10) l", "(1 12)"),
        ('(setq s "a") (+= s 1 "b") s', "a1b"),
        ("(setq a (list 1 2)) (setq b a) (+= a 1) (list a b)", "((2 3) (1 2))"),
    ],
)
def test_a_variable_is_found_where_lispe_finds_it(source: str, value: str) -> None:
    assert text_of(source) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(defun f (x (y 10)) (+ x y)) (list (f 1) (f 1 2))", "(11 3)"),
        ("(defun f (x (y)) (list x y)) (f 1)", "(1 nil)"),
        ("(defun f (x (() r)) r) (list (f 1) (f 1 2 3))", "(() (2 3))"),
        ("(setq y 5) (defun f (x (z y)) z) (setq y 6) (f 1)", "6"),
        ("(defun f (x (y (* x 2))) y) (f 4)", "8"),
        ("(defun f ((l '(1))) (push l 2)) (f) (f)", "(1 2)"),
        ("(defun area (w (h 2)) (* w h)) (area 3 (? h 5))", "15"),
        ("((λ (x (y 2)) (+ x y)) 1)", "3"),
    ],
)
def test_parameters_take_defaults_and_rests(source: str, value: str) -> None:
    assert text_of(source) == value


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("(defun f ((x 1) y) x)", "Error: default values should always be at the end of the parameter list"),
        ("(defun f (x x) x)", "Error: Wrong parameter description"),
        ("(defun f (list) list)", "Error: Invalid variable name: 'list' (keyword)"),
        ("(defun car (x) x)", "Error: 'car' is a reserved keyword."),
        ("(setconst K 1) (setq K 2)", "Error: 'K' is a constant value"),
        ("(setq (a b) '(1))", "Error: a list of variable should have the same size as its value."),
        ("(let (a 1) a)", "Error: unbalanced list of variables in 'let'"),
        ("(+= zzz 1)", "Error: Unbound atom: 'zzz'"),
        ("(defun f () (setq q 1)) (f) q", "Error: Unbound atom: 'q'"),
    ],
)
def test_a_wrong_variable_is_an_error(source: str, error: str) -> None:
    assert error_of(source).text.startswith(error)


def test_loop_variables_survive_the_loop() -> None:
    assert text_of("(loop x '(1 2 3) x) (loopcount 4 i i) (loop (k 2 5) k) (list x i k)") == "(3 4 4)"


def test_a_constant_stays_one_when_a_form_cannot_be_compiled_with_what_the_text_brought() -> None:
    session = Session()
    error_of('(setconst k 5) (eval "(defmacro both (a b) (+ a b))") (both 1)', session)
    assert error_of("(setq k 6)", session).text == "Error: 'k' is a constant value"
