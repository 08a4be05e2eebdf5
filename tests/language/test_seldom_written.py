"""Forms and ways to write them that programs seldom use."""

from __future__ import annotations

import pytest

from .support import text_of


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(setg (a b) '(1 2)) (list a b)", "(1 2)"),
        ("(defun f () (setg (a b) '(1 2)) 0) (f) (list a b)", "(1 2)"),
        ("(defun f () (+= (@ l 0) 1) l) (setq l '(1 2)) (f)", "(2 2)"),
        ('(setq d {"a":1}) (+= (@ d "a") 4) d', '{"a":5}'),
        ('(setq d {"a":"x"}) (+= (@ d "a") "y") d', '{"a":"xy"}'),
        ("(defun f () (setq l (list 1 2)) (*= (@ l 1) 5) l) (f)", "(1 10)"),
        ("(defun f () (setq l (list 1 2)) (setq v (-= (@ l 1) 5)) (list l v)) (f)", "((1 -3) -3)"),
        ('(defun f () (setq l (list "a")) (+= (@ l 0) "b") l) (f)', '("ab")'),
        ("(setq m (list (list 1 2) (list 3 4))) (+= (@ m 1 0) 10) m", "((1 2) (13 4))"),
        ("(defun f (a (b 2)) (list a b)) (f 1 (? b 5))", "(1 5)"),
        ("(defun f (n (step 2)) (if (< n 0) (list n step) (f (- n step)))) (f 5 1)", "(-2 2)"),
        ("(defun f (n (() r)) (if (= n 0) r (f (- n 1)))) (f 2 7)", "()"),
        ("(defun f (n (() r)) (if (= n 0) r (f (- n 1) n 9))) (f 2 7)", "(1 9)"),
        ("(switch 1 (1 'one) (2 'two))", "one"),
        ("(switch 3 (1 'one) (true 'other))", "other"),
        ("(return 5) 6", "5"),
        ('(defun f (x) "says" (+ x 1)) (f 2)', "3"),
        ("(< -1 (elapse (+ 1 2)) 1000)", "true"),
        ("(setq a 0) (elapse (setq a 5) (+= a 1)) a", "6"),
        ("""(link "first" 'car) (first '(4 5))""", "4"),
        ("""(link "pour" 'loop) (setq s 0) (pour i '(1 2) (+= s i)) s""", "3"),
        ("(use 'lispe_torch)", "true"),
        ("(defmacro m (true) 7) (m true)", "7"),
        ("(defmacro m (nil) 7) (m nil)", "7"),
        ('(defmacro m ("x") 7) (m "x")', "7"),
        ("(defmacro m ([integer_ n]) (list n)) (m '3)", "(3)"),
        ("(defmacro m (a b $ r) (list a b $ r)) (m 1 2)", "(1 2)"),
        ("(§ 1 - 2 - 3)", "-4"),
        ("(§ 1 + 2 + 3 * 4 * 5)", "63"),
        ("(§ 2 * 3 + 4 * 5 - 6)", "20"),
        ('(f_ "{+ 1 2}{3}")', "33"),
        ("(for i '(1 2 3) (* i i))", "(1 4 9)"),
        ("(setq l (for i (list 1 2) (+ i 1))) l", "(2 3)"),
        ("(defun g (a b c) (list a b c)) (flip (g 1 2 3))", "(2 1 3)"),
        ("(flip (- 1 5))", "4"),
        ('(flip {"a":1})', '{"1":"a"}'),
        ('(setq s "abcabc") (list (replaceall s "b" "x") s)', '(2 "axcaxc")'),
        ("(setq l (list 1 2 1)) (list (replaceall l 1 9) l)", "(2 (9 2 9))"),
        ('(replaceall "abcabc" "b" "x")', "2"),
        ('(setq s "abcdef") (setrange s 1 3 "XY") s', "aXYdef"),
        ("(setq l (list 1 2 3 4)) (setrange l 1 3 '(9)) l", "(1 9 4)"),
        ('(defun f () (setq s "abcabc") (setq n (replaceall s "b" "x")) (list s n)) (f)', '("axcaxc" 2)'),
        ("(setq x 3) (^^ x 2)", "9"),
        ("(setq x '(1 2 3)) (^^ x 2)", "(1 4 9)"),
        ("(^^ 2 2)", "4"),
        ("(& 6 3)", "2"),
        ("(defun f (a b) (list (& a b) (| a b) (^ a b) (<< a 2) (>> a 1))) (f 6 3)", "(2 7 5 24 3)"),
        ("(<< 1 70)", "1180591620717411303424"),
    ],
)
def test_a_form_gives_this(source: str, value: str) -> None:
    assert text_of(source) == value
