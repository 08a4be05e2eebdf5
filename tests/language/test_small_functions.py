"""Calls of small functions: a call means what its name means then, and an error is placed where it arose."""

from __future__ import annotations

import gc
import weakref

import pytest

from lispe_kernel import Session
from lispe_kernel.language.compiler.analyse import Flow

from .support import outcome

WRAP = "(λ (x) (list x))"
SQUARE = "(defun square (x) (* x x)) "
# Texts of a session one after the other, and what the last gives.
TEXTS = {
    "a sum": ([SQUARE + "(defun run (n) (setq t 0) (loopcount n i (+= t (square i))) t)", "(run 4)"], "14"),
    "defined again": ([SQUARE + "(defun run (n) (square n))", "(defun square (x) 1)", "(run 4)"], "1"),
    "assigned": ([SQUARE + "(defun run (n) (square n))", f"(setq square {WRAP})", "(run 4)"], "(4)"),
    "assigned by an argument": (
        [SQUARE + "(defun run () (square (block (setg square (λ (x) 'other)) 3)))", "(list (run) (run))"],
        "(9 other)",
    ),
    "a parameter of that name": ([SQUARE + "(defun run (square) (square 3))", f"(run {WRAP})"], "(3)"),
    "a variable of that name": (
        [f"{SQUARE} (defun run () (setq square {WRAP}) (square 3))", "(run)"],
        "(3)",
    ),
    "a global beside a parameter": (
        ["(setq g 3) (defun add (x) (+ x g)) (defun run (g) (list g (add g)))", "(run 10)"],
        "(10 13)",
    ),
    "a global beside a variable": (
        ["(setq g 3) (defun add (x) (+ x g)) (defun run (n) (setq g n) (add g))", "(run 10)"],
        "13",
    ),
    "a parameter twice": (["(defun two (x) (list x x)) (defun run (x) (two (+= x 1)))", "(run 3)"], "(4 4)"),
    "a parameter that a later argument assigns": (
        ["(defun two (x y) (list x y)) (defun run (x) (two x (+= x 1)))", "(run 4)"],
        "(4 5)",
    ),
    "a parameter that is not read": (
        ["(defun first (x y) x) (defun run (l) (first 1 (push l 5)) l)", "(run (list))"],
        "(5)",
    ),
    "a written list": (["(defun pair () '(1 2)) (defun run () (push (pair) 3))", "(list (run) (run))"],
                       "((1 2 3) (1 2 3))"),
    "each other": (
        ["(defun even (n) (if (= n 0) true (odd (- n 1)))) (defun odd (n) (if (= n 0) nil (even (- n 1))))",
         "(list (even 100) (odd 7) (even 3))"],
        "(true true nil)",
    ),
    "in a lambda": ([SQUARE + "(defun run (l) (map (λ (y) (square y)) l))", "(run '(1 2))"], "(1 4)"),
    "in a guard": (
        ["(defun even (n) (= 0 (% n 2))) (defpat run ((even n)) 'even) (defpat run (n) 'odd)",
         '(list (run 4) (run 5) (run "a"))'],
        "(even odd odd)",
    ),
    "in a method": (
        [f"{SQUARE} (class@ Box (square) (defun area () (square 3)))", f"((Box {WRAP}) (area))"],
        "(3)",
    ),
    "a place": ([SQUARE + '(defun run (x)\n (square x))', '(run "a")'], None),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), TEXTS.values(), ids=TEXTS)
def test_calls_give_what_they_give_with_nothing_known(texts: list[str], expected: str | None) -> None:
    def last() -> str:
        session = Session()
        for text in texts[:-1]:
            session.evaluate(text)
        return outcome(session, texts[-1])

    found = last()
    assert expected is None or found == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flow, "infers", False)
        assert last() == found


def test_an_error_is_placed_where_the_small_function_makes_it() -> None:
    session = Session()
    session.evaluate("(defun part (x)\n   (/ 6 x))\n(defun run (x)\n   (part x))", "file")
    assert outcome(session, "(run 0)") == "error in line 2"


def test_nothing_keeps_a_small_function_that_lost_its_name() -> None:
    session = Session()
    session.evaluate(SQUARE + "(defun run (n) (square n))")
    old = weakref.ref(session.namespace["square"])
    session.evaluate("(defun square (x) x)")
    gc.collect()
    assert old() is None
