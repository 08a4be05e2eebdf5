"""Calls: order of evaluation, tail calls, composition, infix, redefinition."""

from __future__ import annotations

import pytest

from lispe_kernel import Session

from .support import error_of, output_of, text_of


@pytest.mark.parametrize(
    ("source", "value"),
    [
        # arguments are evaluated from left to right, whatever statements they need
        ("(setq x 1) (list x (block (setq x 2) x) x)", "(1 2 2)"),
        ("(defun f (x) (list x (block (setq x (+ x 1)) x) (+ x (block (setq x 10) x)))) (f 1)", "(1 2 12)"),
        ("(setq x 1) (defun bump () (setg x (+ x 1)) x) (list x (bump) x (+ (bump) x))", "(1 2 2 6)"),
        ("(+ 1 (if true (block (setq a 5) a) 2) a)", "11"),
        ("(defun f (n) (setq r (list n)) (push r (+ n (setqv n 5))) (push r n)) (f 1)", "(1 6 5)"),
        # composition and infix
        ("(defun g (x) (* x 2)) (defun h (x) (+ x 1)) (g . h 4)", "10"),
        ("(list 1 . list 2 . list 3)", "(1 (2 (3)))"),
        ("(§ 2 + 3 * 4)", "14"),
        ("(§ 8 / 4 * 2)", "1"),
        ("(§ (1 + 2) * (3 + 4))", "21"),
        ('(setq x 3) (f_ "a{x}b{+ x 1}c%{d%}")', "a3b4c{d}"),
        # the guide's own forms
        ('(setq t (@ (@ "b" 1) (@ "a" (+ 1 1)))) t', '{"b":1 "a":2}'),
        ('(setq t (@ (@ "k" (@ (@ "n" 7))))) (list (t @ "k" "n") (@ t "k" "n"))', "(7 7)"),
        ("(setq s 0) (loop (i 2 5) (+= s i)) (list s i)", "(9 4)"),
        ("(loop (i 5 5) i)", "nil"),
        # calling what a variable holds
        ("(setq f 'car) (f '(7 8))", "7"),
        ("(setq f '(λ (x) (* x x))) (f 5)", "25"),
        ("(apply '+ '(1 2 3))", "6"),
        ("(apply (λ (a b) (- a b)) '(5 3))", "2"),
        ("(defun f (x) (eval '(+ x 1))) (f 4)", "5"),
        ("(list (eval '(+ 1 2)) (eval \"(+ 1 2)\") (eval 'v) (eval 7))", "(3 3 v 7)"),
        # functions defined later, nested, redefined
        ("(defun p (x) (q x)) (defun q (x) (* x 3)) (p 2)", "6"),
        ("(if nil (defun hidden () 42)) (hidden)", "42"),
        ("(defun f () 1) (setq a (f)) (defun f () 2) (list a (f))", "(1 2)"),
    ],
)
def test_a_call_gives_this_value(source: str, value: str) -> None:
    assert text_of(source) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(defun f (n acc) (if (= n 0) acc (f (- n 1) (+ acc n)))) (f 100000 0)", "5000050000"),
        ("(defun f (n acc) (cond ((= n 0) acc) (true (f (- n 1) (+ acc n))))) (f 100000 0)", "5000050000"),
        ("(defun f (n) (check (> n 0) (return (f (- n 1)))) n) (f 100000)", "0"),
        ("((λ (n) (if (= n 0) 'done (self (- n 1)))) 100000)", "done"),
        # all arguments are computed before any parameter changes
        ("(defun f (a b n) (if (= n 0) (list a b) (f b a (- n 1)))) (f 1 2 3)", "(2 1)"),
        ("(defun f (n (step 1)) (if (< n 0) n (f (- n step) 2))) (f 5)", "-2"),
        ("(defun f (n (() r)) (if (= n 0) r (f (- n 1) n r))) (f 2)", "(1 (2 ()))"),
    ],
)
def test_a_self_tail_call_is_a_loop(source: str, value: str) -> None:
    assert text_of(source) == value


def test_ten_million_tail_calls_need_no_stack() -> None:
    assert text_of("(defun f (n) (if (= n 0) 0 (f (- n 1)))) (f 10000000)") == "0"


def test_recursion_100000_deep_works() -> None:
    assert text_of("(defun deep (n) (if (= n 0) 0 (+ 1 (deep (- n 1))))) (deep 100000)") == "100000"


@pytest.mark.parametrize(
    "source",
    [
        "(defun f (n) (+ 1 (f n))) (f 1)",
        "(defun f (n) (+ 1 (apply 'f (list n)))) (f 1)",
        "(setq l ()) (loopcount 200000 i (setq l (list l))) (string l)",
    ],
)
def test_endless_recursion_is_an_error_and_the_session_lives(source: str) -> None:
    session = Session()
    assert error_of(source, session).text == "Stack overflow"
    assert text_of("(setq l nil) (+ 1 2)", session) == "3"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("(list 1 l l)", "true"),
        ("(list 1 l (list 1 l l))", "true"),
        ("(list 1 l (list 1 l 2))", "nil"),
        ("(list 1 (list 1 l l) (list 2 l l))", "nil"),
    ],
)
def test_a_list_that_contains_itself_twice_is_compared_at_once(other: str, same: str) -> None:
    assert text_of(f"(setq l (list 1)) (push l l) (push l l) (= l {other})") == same


def test_printing_goes_out_while_the_program_runs() -> None:
    assert output_of('(print 1 2) (println "a" 1 \'("a"))') == '12a 1 ("a")\n'


def test_two_sessions_share_nothing() -> None:
    one, two = Session(), Session()
    one.evaluate('(setq x 1) (defun f () x) (defmacro m (a) (+ a 1)) (link "plus" \'+)')
    for source in ("x", "(f)", "(m 1)", "(plus 1 2)"):
        assert text_of(source, one)
        error_of(source, two)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        # The value of a loop that `break` leaves is nil, whatever the turns before gave.
        ("(list (loop x '(1 2 3) (check (= x 2) (break)) x))", "(nil)"),
        ("(list (loop (i 0 3) (check (= i 2) (break)) i))", "(nil)"),
        ("(setq n 0) (list (while true (+= n 1) (check (= n 3) (break)) n))", "(nil)"),
        ("(list (loopcount 3 i (check (= i 1) (break)) i))", "(nil)"),
        ("(list (loop x '(1 2 3) x))", "(3)"),
    ],
)
def test_the_value_of_a_loop_is_its_last_turns_or_nil_after_break(source: str, value: str) -> None:
    assert text_of(source) == value


@pytest.mark.parametrize(
    "loop",
    [
        "loop x (list n 1)",
        "loop (x n (+ n 2))",
        "loopcount 2 x",
        "whilein x (list n 1) true",
        "lloop (x) (list n 1)",
        "while true",
    ],
)
def test_a_call_of_itself_in_a_loop_is_no_next_turn_of_the_function(loop: str) -> None:
    """The call's answer leaves the function; the loop of the caller is not gone through again."""
    body = f"({loop} (if (< n 3) (return (f (+ n 1))) (return n)))"
    assert text_of(f"(setq calls 0) (defun f (n) (+= calls 1) {body}) (list (f 0) calls)") == "(3 4)"
