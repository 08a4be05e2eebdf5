"""What people of other languages type: each gets an error that says how LispE writes it."""

from __future__ import annotations

import pytest

from lispe_kernel import LispeError, Session
from lispe_kernel.running.report import report

HABITS = [
    ("import torch", '(import "torch")'),
    ("import numpy as np", '(import "numpy" np)'),
    ("from torch import nn", '(import "torch")'),
    ("x = 5", "(setq x 5)"),
    ("greeting = 'hi there'", '(setq greeting "hi there")'),
    ("let x = 5;", "(setq x 5)"),
    ("known = 5", "(setq known 5)"),
    ("known += 1", "(+= known 1)"),
    ("1 + 2", "(+ 1 2)"),
    ("known == 3", "(== known 3)"),
    ("print(3)", "(print 3)"),
    ('print("a", 3)', '(print "a" 3)'),
    ("torch.randn(2, 3)", "(->randn torch 2 3)"),
    ("model.fit(x, y=3)", "(->fit model ...)"),
    ("def f(x, y): return x", "(defun f (x y) ...)"),
    ("for i in range(3): print(i)", "(loop i LIST ...)"),
    ("if known:", "(if CONDITION ...)"),
    ("if known: 3", "(if CONDITION ...)"),
    ("lambda x, y: x", "(lambda (x y) ...)"),
    ("lambda: 3", "(lambda () ...)"),
    ("(import torch)", '(import "torch")'),
    ("(import numpy np)", '(import "numpy" np)'),
    ("class Point:", "(class@ Point"),
    ("help(known)", "?NAME"),
    ("(help 'known)", "?NAME"),
    ("help", "?NAME"),
    ("exit", "Ctrl-D"),
    ("(quit)", "Ctrl-D"),
]


@pytest.fixture(scope="module")
def session() -> Session:
    session = Session()
    session.run("(setq known 3)")
    return session


@pytest.mark.parametrize(("typed", "said"), HABITS)
def test_a_habit_from_elsewhere_gets_a_hint(session: Session, typed: str, said: str) -> None:
    with pytest.raises(LispeError) as failed:
        session.run(typed)
    assert said in report(failed.value, colours=False).lines[-1]
    assert session.run("known").value == 3


@pytest.mark.parametrize("typed", ["(setq a b)", "(car 5)", "(nothing 5)", '(throw "x = 5")', "nothing"])
def test_other_errors_get_none(session: Session, typed: str) -> None:
    with pytest.raises(LispeError) as failed:
        session.run(typed)
    assert "Hint:" not in report(failed.value, colours=False).text()


@pytest.mark.parametrize(("text", "value"), [("(setq a 1)\n+\n4", 4), ("'(x = 5)", None), ("3 'x", None)])
def test_an_operator_alone_on_its_line_is_no_habit(session: Session, text: str, value: object) -> None:
    found = session.run(text).value
    assert value is None or found == value
