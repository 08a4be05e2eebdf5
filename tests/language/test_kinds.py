"""What the compiler knows of values never changes what a program gives: with and without, the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.language.compiler.analyse import Flow

from .support import times

NAMES = ["a", "b", "c"]
LITERALS = ["0", "3", "-2", "1.5", '"x"', '""', "nil", "'(1 2)", "(list)", '{"k":1}', "(numbers 1 2)"]

names = st.sampled_from(NAMES)
expressions = st.recursive(
    st.one_of(names, names, st.sampled_from(LITERALS)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "%", "<", "=", "list", "@"]), inner, inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(st.sampled_from(["size", "string", "car", "not"]), inner).map(lambda t: f"({t[0]} {t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"(if {t[0]} {t[1]} {t[2]})"),
    ),
    max_leaves=5,
)
simple = st.one_of(
    st.tuples(names, expressions).map(lambda t: f"(setq {t[0]} {t[1]})"),
    st.tuples(names, expressions).map(lambda t: f"(+= {t[0]} {t[1]})"),
    st.tuples(names, expressions, expressions).map(lambda t: f"(set@ {t[0]} {t[1]} {t[2]})"),
    st.tuples(names, expressions).map(lambda t: f"(push {t[0]} {t[1]})"),
    st.tuples(names, expressions).map(lambda t: f"((λ () (setq {t[0]} {t[1]})))"),
)
statements = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.tuples(names, inner, inner).map(lambda t: f"(loop ({t[0]} 0 3) {t[1]} {t[2]})"),
        st.tuples(names, inner, inner).map(lambda t: f"(loopcount 2 {t[0]} {t[1]} {t[2]})"),
        st.tuples(names, names, inner).map(lambda t: f'(loop {t[0]} (list 1 {t[1]} "s") {t[2]})'),
        st.tuples(expressions, inner, inner).map(lambda t: f"(ife {t[0]} {t[1]} {t[2]})"),
        st.tuples(names, expressions, inner).map(lambda t: f"(let (({t[0]} {t[1]})) {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"(maybe {t[0]} {t[1]})"),
    ),
    max_leaves=6,
)
programs = st.lists(statements, min_size=2, max_size=6)


def outcome(source: str) -> str:
    """What the program gives, or that it fails; which error is said first may differ."""
    try:
        return to_text(Session().evaluate(source))
    except LispeError:
        return "error"


@times(2)
@given(programs)
def test_a_program_gives_the_same_with_nothing_known(program: list[str]) -> None:
    body = " ".join(program)
    source = f'(defun f (a b) (setq c 1) {body} (list a b c)) (f 2 "t")'
    known = outcome(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flow, "infers", False)
        plain = outcome(source)
    assert known == plain


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('(defun f (n) (setq j 1) (loopcount 3 i (setq j (+ j 1)) (if (= i 1) (setq j "x"))) j) (f 0)', "x1"),
        ('(defun f () (setq s "") (loop (i 0 3) (setq s (+ s i))) s) (f)', "012"),
        ("(defun f (l) (setq t 0) (loop x l (setq t (+ t x))) t) (f '(1 2.5))", "3.5"),
        (
            '(defun f () (setq j 1) (loopcount 2 i (let ((j "a")) (setq k (+ j i)))) (list j k)) (f)',
            '(1 "a1")',
        ),
        ("(defun f (n) (- n 1) (* n 2)) (f 3)", "6"),
        ("(defun f () (setq l (list 1)) (loopcount 2 i (setq l 5)) l) (f)", "5"),
        # A difference of naturals may be negative, where C's remainder is not Python's.
        ("(% (- 2 4) 3)", "-2"),
        ("(defun f (l) (setq a (- (size l) 4)) (% a 3)) (f '(1 2))", "-2"),
        ("(defun f () (loopcount 1 i (setq a (- i 2))) (% a 3)) (f)", "-2"),
        # What a turn ends with decides, whatever stands between; where it may be left is not its end.
        ("(defun f (a b) (while (> b 0) (setq t b) (setq b (% a b)) (setq a t)) a) (f 12 18)", "6"),
        (
            "(defun f () (setq a 0) (setq b 1) (loopcount 5 i (setq t (+ a b)) (setq a b) (setq b t)) b) (f)",
            "8",
        ),
        (
            '(defun f (a) (loopcount 3 i (setq a "x") (if (= i 2) (break)) (setq a 2)) (+ a 1)) (f 1)',
            "x1",
        ),
        (
            '(defun f (a n) (while (block (setq a "x") (< n 2)) (+= n 1) (setq a 2)) (+ a 1)) (f 1 0)',
            "x1",
        ),
        (
            '(defun f () (setq a 1) (loopcount 3 i (setq b (+ a 1)) (setq a (if b "x" 2))) (list a b)) (f)',
            '("x" "x1")',
        ),
        # What one branch assigns is not known after both.
        ('(defun f (c) (setq a 1) (if c (setq a "x")) (+ a 2)) (list (f true) (f nil))', '("x2" 3)'),
        ('(defun f (c) (setq a 1) (ife c nil (setq a "x")) (+ a 2)) (list (f true) (f nil))', '(3 "x2")'),
        ("(defun f (c) (setq a 1) (check c (setq a -4)) (% a 3)) (list (f true) (f nil))", "(-1 1)"),
        ('(defun f (c) (setq a 1) (and c (setq a "x")) (+ a 2)) (list (f true) (f nil))', '("x2" 3)'),
        (
            '(defun f (c) (setq a 1) (switch c (1 (setq a "x")) (2 0)) (+ a 2)) (list (f 1) (f 2))',
            '("x2" 3)',
        ),
    ],
)
def test_a_kind_ends_where_it_must(source: str, value: str) -> None:
    assert outcome(source) == value
