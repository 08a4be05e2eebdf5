"""Errors: their texts, their place, the chain of calls, what is lost (nothing)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel import LispeError, Session
from lispe_kernel.language import printer
from lispe_kernel.language.compiler import special_forms
from lispe_kernel.language.functions import registry
from lispe_kernel.language.printer import show
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.lists import List

from .support import error_of, text_of, times


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("unknown_name", "Error: Unbound atom: 'unknown_name'"),
        ("(unknown_name 1)", "Unknown function call: 'unknown_name'"),
        ("(prinln 1)", "Unknown function call: 'prinln' (did you mean"),
        ("(length '(1))", "Unknown function call: 'length' (LispE says size)"),
        ("(setq least nan)", "Error: Unbound atom: 'nan' (LispE says (sqrt -1))"),
        ("(setq least inf)", "Error: Unbound atom: 'inf' (LispE says (exp 1000))"),
        ("(mlx_matmul 1 2)", "Unknown function call: 'mlx_matmul' (of lispe_mlx, which is not here)"),
        ("(car)", "Error: Wrong number of arguments for: 'car'"),
        ("(if (not) 1)", "Error: Wrong number of arguments for: '¬'"),
        ("(if)", "Error: Wrong number of arguments for: 'if'"),
        ("car", "Error: cannot evaluate this instruction: 'car'"),
        ("(/ 1 0)", "Error: division by zero"),
        ("(% 1 0)", "Error: division by zero"),
        ('(+ 1 "2")', "Error: cannot evaluate '+' with these operands"),
        ("(§ 1 * nil)", "Error: cannot evaluate '*' with these operands"),
        ("(+ 'a 1)", "Error: cannot use this element in an arithmetic expression: 'a'"),
        ("(eval '(- (dictionary) 1))", "Error: cannot evaluate '-' with these operands"),
        ("(eval '(^^ (dictionary) 2.5))", "Error: cannot evaluate '^^' with these operands"),
        ("(eval '(< (dictionary) 1))", "Error: cannot evaluate '<' with these operands"),
        ('(* "ab" 3)', "Error: cannot evaluate '*' with these operands"),
        ('(setq s "ab") (* s 3)', "Error: cannot"),
        ('(setq s "a%d") (% s 3)', "Error: cannot evaluate '%'"),
        (
            '((λ (a b) (* a b)) "ab" 2.5)',
            "Error: cannot evaluate '*' with these operands: the string \"ab\" and the number 2.5",
        ),
        ("(- 5)", "Error: cannot apply '-' to one element"),
        ("(@ '(1 2) 5)", "Error: index out of bounds"),
        ("(@ (integers 1 2) 5)", "Error: index out of bounds"),
        ('(@ {"a":1} "b")', "Error: index out of bounds"),
        ("(1 2)", "Error: wrong function call"),
        ("((+ 1 2) 3)", "Error: wrong function call"),
        ("(setq f 'g) (setq g 'f) (f 1)", "Error: wrong function call: 'g' names itself"),
        ("(setq s {1 2}) (s 3)", "Error: wrong function call: a set of integers is not a function"),
        (
            "(setq size 3) (size '(1))",
            "Error: wrong function call: an integer is not a function: (size '(1)) (the variable size hides",
        ),
        ("(setq f 3) (defun g (count) (count 1)) (g 2)", "Error: wrong function call: an integer is not"),
        ("(defun f (x y) x) (f 1)", "Error: Wrong number of arguments in call to: '(f (x y)...)'"),
        ("(setq g (λ (x) x)) (g)", "Error: Wrong number of arguments"),
        ("(defun f (x) x) (apply 'f '(1 2))", "Error: Wrong number of arguments in call to: '(f (x)...)'"),
        ('(throw "mine")', "mine"),
        ("(break)", "Error: 'break' can only be used inside a loop"),
        ("(cond (true))", "Error: in a 'cond' the first element must be a list"),
        ("(switch 3 (1 2))", "Error: Unknown 'switch' key: '3'"),
        ("(^^ 10 (^^ 10 10))", "Error: ^^: the result"),
        ("(integers 9223372036854775808)", "Error: integers: 9223372036854775808 does not fit"),
        ("(+ (integers 9223372036854775807) 1)", "Error: '+': a result does not fit"),
        ("(use 'nothing_such)", "Error: use: there is no library 'nothing_such'"),
        ("(load (chr 55296))", "Error: load: the first argument must be a path that the system can write"),
        ('(load "no_such_file.lisp")', "Unknown file: no_such_file.lisp"),
    ],
)
def test_what_went_wrong_is_said(source: str, error: str) -> None:
    assert error_of(source).text.startswith(error)


def test_the_place_is_named_and_shown() -> None:
    error = error_of('(println 1)\n\n(defun f (x)\n    (+ 1 (- x "a")))\n(f 2)')
    assert str(error).endswith(", line: 4 in: main")
    assert error.excerpt() == '4 |     (+ 1 (- x "a")))\n  |          ^^^^^^^^^'


def test_the_chain_of_calls_is_told_from_the_outside_in() -> None:
    error = error_of("(defun g (x) (car x))\n(defun f (x) (+ 1 (g x)))\n(f 2)")
    assert [(frame.function, frame.source, frame.span.line, frame.text) for frame in error.frames] == [
        ("main", "main", 3, "(f 2)"),
        ("f", "main", 2, "(defun f (x) (+ 1 (g x)))"),
        ("g", "main", 1, "(defun g (x) (car x))"),
    ]


def test_of_a_runaway_recursion_a_part_of_the_calls_is_kept() -> None:
    error = error_of("(defun f (n) (+ 1 (f n)))\n(f 1)")
    assert len(error.frames) <= 200


def test_nothing_runs_when_the_text_does_not_compile() -> None:
    session = Session()
    error_of("(setq x 1) (car) (defun f () 1) (defmacro m (a) a)", session)
    for source in ("x", "(f)", "(m 1)"):
        error_of(source, session)


def test_definitions_above_a_form_that_does_not_compile_stay() -> None:
    session = Session()
    error_of("(setq x 1) (defun f (n) (* n 2)) (defmacro m (a) (+ a 1)) (class@ c (k)) (f 1 2)", session)
    error_of("x", session)
    assert text_of("(list (f 4) (m 6) (@ (c 8) 'k))", session) == "(8 7 8)"
    error_of("(defun f (n) 'new) (defun g () (car))", session)
    assert text_of("(f 1)", session) == "new"


def test_what_ran_before_an_error_stays() -> None:
    session = Session()
    error_of("(setq x 1) (car 5) (setq x 2)", session)
    assert text_of("x", session) == "1"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('(maybe (throw "x") "caught")', "caught"),
        ('(maybe (+ 1 2) "c")', "3"),
        ('(maybe (throw "x") (λ (e) (+ "<" e)))', "<x, line: 1 in: main"),
        ('(maybe (catch (throw "x")))', "true"),
        ("(maybe (catch 1))", "nil"),
        ('(if (catch (throw "x")) 1 2)', "2"),
        ('(maybe (eval "(car)") "arity")', "arity"),
        ("(defun f (x) (maybe (return x) 0) 5) (f 1)", "1"),
        ('(setq a 0) (maybe (block (setq a 1) (throw "e")) nil) a', "1"),
    ],
)
def test_errors_can_be_caught(source: str, value: str) -> None:
    assert text_of(source) == value


def test_the_text_that_a_handler_sees_is_the_printed_form() -> None:
    assert text_of("(catch (/ 1 0))") == "Error: division by zero, line: 1 in: main"


# -- nothing but LispE errors ever comes out ------------------------------------------------------------

OPERATORS = ["+", "-", "*", "/", "%", "^^", "<", "=", "eq", "list", "at", "push", "car", "cdr", "size"]
HEADS = sorted({*OPERATORS, *(name for name, _ in special_forms.names())})
atoms = st.sampled_from([Atom(n) for n in (*HEADS, "x", "y", "f", "nil", "true", "$", "_", "?")])
scalars = st.one_of(st.integers(-5, 5), st.floats(-2, 2), st.sampled_from(["", "a", "ab"]), atoms, st.none())
forms = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4).map(List), max_leaves=15)
# Forms that would stop the test rather than fail: endless or sleeping ones.
SLOW = ("while", "sleep", "use", "load", "input@", "wait", "waiton", "cycle", "repeat", "self")


def text_or_error(source: str) -> str:
    """The text of the value or of the LispE error; any other exception leaves."""
    try:
        return text_of(source)
    except LispeError as error:
        return str(error)


@times(5)
@given(st.lists(forms, min_size=1, max_size=3))
def test_any_forms_give_a_value_or_a_lispe_error(program: list[object]) -> None:
    text = " ".join(show(form) for form in program)
    if any(word in text for word in SLOW):
        return
    outcome = text_or_error(f"(setq x 1) (setq y '(1 2)) (defun f (a) a) {text}")
    assert "Traceback" not in outcome


@times(3)
@given(st.text(alphabet="()[]{}'\"`;:., λxyf12-+*/%<=@$?!~^|&\\\n", max_size=30))
def test_any_text_gives_a_value_or_a_lispe_error(text: str) -> None:
    assert "Traceback" not in text_or_error(text)


def test_every_form_and_function_says_what_it_is_for() -> None:
    undocumented = [f.name for f in special_forms if not f.doc] + [f.name for f in registry if not f.meaning]
    assert undocumented == []


def test_a_text_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printer, "MOST_CHARACTERS", 1 << 16)
    error = error_of("(setq a (list 1)) (loopcount 60 (setq a (list a a))) (string a)")
    assert error.text.startswith("Error: the text of this value has more than 65536 characters")
