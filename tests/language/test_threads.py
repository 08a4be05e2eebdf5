"""Threads: starting and waiting, copies of arguments, shared variables, stored results, errors."""

from __future__ import annotations

import pytest

from lispe_kernel import Session

from .support import error_of, text_of


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (
            """(threadspace (seth total 0))
            (dethread add (n) (loopcount n i (threadspace (+= total 1))))
            (add 2000) (add 2000) (add 2000) (wait) (threadspace total)""",
            "6000",
        ),
        (
            """(threadspace (seth found (list))) (dethread put (v) (threadspace (push found v)))
            (put 5) (wait) (space thread found)""",
            "(5)",
        ),
        ("(threadspace (seth (a b) '(1 2)) (+ a b))", "3"),
        ("(defun f () (threadspace (return 5))) (f)", "5"),
        # a call inside the running body is an ordinary call
        (
            """(dethread down (n) (if (= n 0) (threadstore 'd 'ok) (down (- n 1))))
            (down 100000) (wait) (threadretrieve 'd)""",
            "(ok)",
        ),
        ("(threadstore 'a 1) (threadstore 'b 2) (threadretrieve)", '{"a":(1) "b":(2)}'),
        ("(threadstore 'a 1) (list (threadclear 'a) (threadclear 'a) (threadretrieve 'a))", "(true nil nil)"),
        ("(dethread wake () (sleep 20) (trigger 'k)) (wake) (waiton 'k)", "true"),
        ('(lock "a" (lock "a" (+ 1 2)))', "3"),
    ],
)
def test_threads_work_together(source, value):
    assert text_of(source) == value


def test_an_error_in_a_thread_is_reported_by_wait_once():
    session = Session()
    assert error_of("(dethread bad (x) (/ x 0)) (bad 1) (wait)", session).text == "Error: division by zero"
    assert text_of("(wait)", session) == "true"


def test_shared_variables_are_unknown_outside_a_threadspace():
    session = Session()
    session.evaluate("(threadspace (seth hidden 1))")
    assert error_of("hidden", session).text.startswith("Error: Unbound atom: 'hidden'")
    outside = "Error: this instruction can only be used in a 'threadspace' block"
    assert error_of("(seth hidden 2)", session).text == outside
