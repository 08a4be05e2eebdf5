"""What people of other languages type: each gets an error that says how LispE writes it."""

from __future__ import annotations

import pytest

from lispe_kernel import LispeError, Session
from lispe_kernel.assist.names import known
from lispe_kernel.language.explain import ELSEWHERE
from lispe_kernel.running.report import report

HABITS = [
    ("#| a comment |#", "begins with ;"),
    ("-- a comment", "begins with ;"),
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
    ('print "a"', '(print "a")'),
    ("console.log(3)", "(println 3)"),
    ("return 3", "(return 3)"),
    ("del known", "(setq known nil)"),
    ("[i*2 for i in range(3)]", "(maplist (lambda (i) ...) LIST)"),
    ("[1, 2]", "(list 1 2)"),
    ("[1 2]", "(list 1 2)"),
    ("x = [1, 2]", "(setq x (list 1 2))"),
    ("known++", "(+= known 1)"),
    ("known--", "(-= known 1)"),
    ('f"a {known}"', '(format "a %1" known)'),
    ("print(f'{known:.2f}')", '(format "... %1'),
    ("known[0]", "(@ known 0)"),
    ("known[1:3]", "(@@ known 1 3)"),
    ("known[0] = 3", "(set@ known 0 3)"),
    ("known <- 3", "(setq known 3)"),
    ("f = (x) => x", "(defun f (x) ...)"),
    ("x -> 2", "(lambda (x) ...)"),
    ("f(x) = x + 1", "(defun f (x) ...)"),
    ("known is None", "(nullp known)"),
    ("3 in known", "(in known 3)"),
    ("known |> sqrt", "(sqrt known)"),
    ("torch.nn.Linear(3, 4)", "(->Linear (@ torch 'nn) 3 4)"),
    ("len(known)", "(size known)"),
    ("range(3)", "(range 0 3 1)"),
    ("dir(known)", "%%python"),
    ("library(torch)", '(import "NAME")'),
    ("pip install torch", "%pip install torch"),
    ("// comment", "begins with ;"),
    ("if (known > 3) { print(3) }", "(if CONDITION ...)"),
    ('raise ValueError("no")', '(throw "no")'),
    ("(define x 3)", "(setq x 3)"),
    ("(define (f x y) x)", "(defun f (x y) ...)"),
    ("(defn f [x] x)", "(defun f (x) ...)"),
    ("(def f (x) x)", "(defun f (x) ...)"),
    ("(defvar y 3)", "(setq y 3)"),
    ("(let [a 1] a)", "(let ((NAME VALUE)"),
    ("(let* ((a 1)) a)", "(let ((NAME VALUE)"),
    ("(dotimes (i 3) i)", "(loopcount 3 i ...)"),
    ("(dolist (i known) i)", "(loop i LIST ...)"),
    ("(incf known)", "(+= known 1)"),
    ('(format t "~a" 3)', "(println (format"),
    ("(mapcar #'car '(1))", "'car"),
    ("(if t 1 2)", "true"),
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
    assert said in next(line for line in report(failed.value, colours=False).lines if "Hint:" in line)
    assert session.run("known").value == 3


@pytest.mark.parametrize(
    "typed",
    [
        "(setq a b)",
        "(car 5)",
        "(nothing 5)",
        '(throw "x = 5")',
        "nothing",
        "(-> 1 nothing)",
        "--nothing",
        "(t 3)",
    ],
)
def test_other_errors_get_none(session: Session, typed: str) -> None:
    with pytest.raises(LispeError) as failed:
        session.run(typed)
    assert "Hint:" not in report(failed.value, colours=False).text()


@pytest.mark.parametrize(("text", "value"), [("(setq a 1)\n+\n4", 4), ("'(x = 5)", None), ("3 'x", None)])
def test_an_operator_alone_on_its_line_is_no_habit(session: Session, text: str, value: object) -> None:
    found = session.run(text).value
    assert value is None or found == value


def test_every_name_that_another_language_has_is_told_by_one_that_is_there(session: Session) -> None:
    session.run("(setq n 4)")
    for other, name in ELSEWHERE.items():
        if name.startswith("("):
            session.run(name)
        else:
            for word in name.split(" or "):
                assert word in ("true", "nil") or known(session, word), (other, word)
        assert not known(session, other), other
