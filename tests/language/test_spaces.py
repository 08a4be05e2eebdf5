"""Name spaces: whose function a name means."""

from __future__ import annotations

import pytest

from lispe_kernel import Session

from .support import error_of, text_of

SPACE = """
(defspace sp
   (defun calc (x y) (+ x y))
   (defun is_even (n) (if (= n 0) 'yes (is_odd (- n 1))))
   (defun is_odd (n) (if (= n 0) 'no (is_even (- n 1))))
   (defpat down (0) 'zero) (defpat down (n) (down (- n 1))))
"""


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(space sp (is_even 11))", "no"),
        ("(space sp (down 100000))", "zero"),
        ("(space sp (setq v 5)) v", "5"),
        ("(defun later () (space sp (calc 1 2))) (later)", "3"),
        ("(defspace sp (defun more (x) (calc x x))) (space sp (more 4))", "8"),
        ('(loadcode "(defun lc (x) (* x 7)) (defun ld (x) (lc x)) (ld 2)" lib)', "14"),
    ],
)
def test_a_space_finds_its_own_functions_first(source, value):
    session = Session()
    session.evaluate(SPACE)
    assert text_of(source, session) == value


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (SPACE + "(calc 1 2)", "Unknown function call: 'calc'"),
        ("(space zork 1)", "Error: Unknown space: 'zork'"),
        ("(defspace thread (defun a () 1))", "Error: 'thread' is a reserved space name"),
    ],
)
def test_outside_of_a_space_its_functions_are_unknown(source, error):
    assert error_of(source).text.startswith(error)


def test_a_file_is_loaded_into_a_space(tmp_path):
    file = tmp_path / "part.lisp"
    file.write_text("(defun part (x) (* x 9))\n(part 2)")
    session = Session()
    assert text_of(f'(load "{file}" parts)', session) == "18"
    assert text_of("(space parts (part 3))", session) == "27"
    assert error_of("(part 3)", session).text.startswith("Unknown function call: 'part'")


OF_ONE_NAME = "(defun one (x) 'main) (defspace sa (defun one (x) (+ x 1)) (defun two (l) (map 'one l)))"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(space sa (map 'one '(1 2)))", "(2 3)"),
        ("(space sa (apply 'one '(1)))", "2"),
        ("(space sa (two '(1 2)))", "(2 3)"),
        ("(space sa (eval '(one 2)))", "3"),
        ("(defun f (l) (space sa (eval \"(map 'one l)\"))) (f '(5 6))", "(6 7)"),
        ("(defun f (l) (space sa (map one l))) (f '(5 6))", "(6 7)"),
        ("(defun f (one) (space sa one)) (f 5)", "5"),
        ("(space sa (space mainspace_ (map 'one '(1))))", "(main)"),
        ("(defspace sa (defun add (x y) (+ x y))) (space sa (maplist (add 1) '(1 2)))", "(2 3)"),
    ],
)
def test_a_name_in_the_place_of_a_function_is_that_of_the_space(source, value):
    assert text_of(OF_ONE_NAME + source) == value
