"""Functions with a body for the classes that they mostly meet and one for all others: both mean the same."""

from __future__ import annotations

import re
import sys
from types import FrameType
from typing import Any

import pytest

from lispe_kernel import Session, to_text
from lispe_kernel.language.compiler.analyse import Flow
from lispe_kernel.language.compiler.stages import explain_program
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source

from .support import outcome

FUNCTIONS = {
    "integers in a loop": """(defun f (a b) (setq n a) (setq turns 0)
      (while (and (!= n 1) (< turns 9))
        (if (= (% n 2) 0) (setq n (>> n 1)) (setq n (+ (* 3 n) 1))) (+= turns 1))
      (list n turns b))""",
    "remainders": """(defun f (a b) (setq t 0)
      (loop (i -3 4) (check (= (% (+ a i) b) 0) (+= t 1)) (check (!= (% a i) 0) (+= t 10)))
      (list t (% a b)))""",
    "a list and its elements": """(defun f (a b) (setq t 0)
      (loop (i 0 3) (push a (@ a i)) (set@ a i b) (+= t (* (@ a i) b))) (list a t (size a)))""",
    "what a loop goes through": """(defun f (a b) (setq t 0)
      (loop x a (setq t (+ x t)) (setq a b)) (list t a))""",
    "texts": '(defun f (a b) (setq t a) (loopcount 3 i (setq t (+ t "-" b)) (check (in t "x-") (+= t i))) t)',
    "keys": """(defun f (a b) (setq t 0)
      (loop (i 0 2) (set@ a "k" i) (setq t (list t (@ a "k") (key@ a b)))) t)""",
    "keys that are integers": """(defun f (a b) (setq t 0)
      (loop (i 0 2) (check (nullp (keyi@ a i)) (set@ a i b)) (setq t (list t (@ a i) (keyi@ a b)))) t)""",
    "two elements exchanged": """(defun often (l) (loop i l (f (list i 1) 0)))
      (defun f (a b) (setq t (@ a b)) (set@ a b (@ a 0)) (set@ a 0 t) a)""",
    "whole quotients": """(defun f (a b) (setq t 0)
      (loop (i -3 4) (setq t (list t (integer (/ (+ a i) 3)) (integer (/ i 2)))))
      (list t (integer (/ b 7))))""",
    "another class in the loop": """(defun f (a b) (setq t 0)
      (loopcount 3 i (setq t (+ (& a 6) t)) (if (= i 1) (setq a b)))
      (list a t))""",
    "calls in tail position": """(defun f (a b)
      (if (or (< a 1) (block (setg turn (+ turn 1)) (> turn 5))) (list a b)
      (f (- a 2) (+ (* a 3) (% b 7)))))""",
    "tail calls of another class": """(defun f (a b)
      (if (or (= a 3) (block (setg turn (+ turn 1)) (> turn 5))) b
      (f (+ a 1) (if (= (% a 2) 0) "t" (* a b)))))""",
    "calls elsewhere": """(defun f (a b)
      (if (or (zerop (& a 7)) (block (setg turn (+ turn 1)) (> turn 5))) b (+ (* a 2) (f (+ a 1) b))))""",
    "a way out": """(defun f (a b)
      (loop (i 0 9) (check (= (* i i) a) (return (* i b))) (check (> i (% a 5)) (break))) a)""",
    "errors caught": """(defun f (a b) (setq t 0)
      (loop (i 0 3) (maybe (setq t (+ t (/ (% a 4) i) (@ b i))) (+= t 100))) t)""",
    "a negative count": """(defun f (a b) (setq found (list))
      (loopcount a i (check (> i 9) (break)) (push found (* i (% b 3)))) found)""",
    "typed lists made before": """(defun f (a b) (setq l (iota0 4)) (setq r a)
      (while (< r 3) (set@ l r b) (push l (% r 2)) (+= r 1)) (list l r))""",
}
VALUES = [
    *("7", "-4", "0", "2.5", "true", "nil", "'q", '""', '"x"', '"-12"'),
    *(
        "(list)",
        "'(3 1 2 5)",
        '\'(4.5 (1) "z")',
        "(integers 5 6 7)",
        "(numbers 0.5 2)",
        '(strings "a" "b" "c")',
    ),
    *(
        "(llist 3 2 1)",
        "(set 1 2)",
        '(dictionary "k" 1 "x" 2)',
        "(dictionaryi 0 4 1 5)",
        "12345678901234567890",
    ),
]


def outcomes(function: str) -> list[str]:
    """A function called in turn with arguments of every class, beside two others each."""
    session = Session()
    session.evaluate(function)
    pairs = [(a, VALUES[(at * step) % len(VALUES)]) for at, a in enumerate(VALUES) for step in (1, 5)]
    return [outcome(session, f"(setq turn 0) (f {a} {b})") for a, b in pairs]


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_both_bodies_give_what_the_program_gives_with_nothing_known(function: str) -> None:
    known = outcomes(function)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flow, "infers", False)
        assert known == outcomes(function)


def bodies(text: str) -> int:
    """How many bodies the compiler writes for a function."""
    source = Source(text, "test")
    written = explain_program(Session(), source, read(source)).split(";; emitted")[-1]
    asked = r"(?m)^    if [( ]*(type\(|is\d and|is\d:)|^        if [( ]*type\(.*:$"
    return 2 if re.search(asked, written) else 1


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        ("", "type(s) is  List"),
        ('(found "banana" 3)', "type(s) is  str"),
        ("(found (iota 9) 3)", "type(s) is  Integers"),
        ("(defun first (l) (found l 1)) (first (dictionaryi 0 1))", "type(s) is  IntegerDictionary"),
        ('(setq all "banana") (defun first (n) (found all n))', "type(s) is  str"),
        ('(loop word "banana" (found word 1))', "type(s) is  str"),
    ],
)
def test_what_a_text_gives_its_functions_is_asked_for(call: str, asked: str) -> None:
    function = '(defun found (s n) (setq t 0) (loop (i 0 n) (if (= (@ s i) "a") (+= t 1))) t)'
    source = Source(f"{function}\n{call}", "test")
    written = explain_program(Session(), source, read(source)).split(";; form")[1]
    assert f"if  {asked}" in written or f"if ( {asked}" in written


def test_a_question_is_asked_before_both() -> None:
    once = {"what a loop goes through", "another class in the loop"}
    once |= {"calls in tail position", "tail calls of another class"}
    # Where it would cost more than it saves there is one body.
    assert {name for name, function in FUNCTIONS.items() if bodies(function) == 1} == once


@pytest.mark.parametrize(
    "function",
    [
        # A lambda may change what it captures.
        '(defun f (a b) (setq g (λ () (setq a "t"))) (loop (i 0 3) (g) (setq b (* (% a 3) b))) b)',
        # Nothing runs often.
        "(defun f (a b) (* (% a 3) b))",
        # Nothing would be saved.
        "(defun f (a b) (loop (i 0 9) (println i)) (list a b))",
    ],
)
def test_one_body_is_written_where_a_second_is_unsafe_or_no_use(function: str) -> None:
    assert bodies(function) == 1


def lines_of(session: Session, call: str) -> set[int]:
    """The lines of the function `f` that a debugger may stop at."""
    found: set[int] = set()
    code = session.namespace["f"].__code__

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code is not code:
            return None
        if event == "line":
            found.add(frame.f_lineno)
        return trace

    outer = sys.gettrace()
    sys.settrace(trace)
    try:
        session.evaluate(call)
    finally:
        sys.settrace(outer)
    return found


def test_a_debugger_stops_at_the_same_lines_in_both() -> None:
    session = Session()
    session.evaluate("(defun f (a)\n (setq t 0)\n (loop (i 0 2)\n  (setq t\n   (+ t (% a 5))))\n t)")
    assert lines_of(session, "(f 7)") == lines_of(session, "(f 7.0)") >= {2, 3, 5}


@pytest.mark.parametrize("call", ["(f 300000 0)", "(f 300000.0 0)"])
def test_tail_calls_are_turns_in_both(call: str) -> None:
    function = "(defun f (n t) (if (= n 0) t (f (- n 1) (+ t 1))))"
    assert to_text(Session().evaluate(f"{function} {call}")) == "300000"
