"""An error stands where the operand stands that is to blame, in every form."""

from __future__ import annotations

import linecache

import pytest

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.source import RECENT
from lispe_kernel.session import Session

from .support import error_of

# Each names `zz`, which has no value.
PROGRAMS = [
    "(string zz)",
    "(+ 1 zz)",
    "(+ zz 1)",
    "(- 1 zz)",
    "(* zz 2)",
    "(/ 2 zz)",
    "(% 7 zz)",
    "(^^ zz 2)",
    "(& 1 zz)",
    "(<< zz 2)",
    "(< 1 zz)",
    "(< zz 1)",
    "(= 1 zz)",
    "(eq zz 1)",
    "(!= zz 1)",
    "(not zz)",
    "(and 1 zz)",
    "(or nil zz)",
    "(xor zz 1)",
    "(size zz)",
    "(car zz)",
    "(cdr zz)",
    "(@ zz 1)",
    "(@ '(1 2) zz)",
    "(set@ zz 1 2)",
    '(key@ zz "a")',
    "(list 1 zz)",
    '(dictionary "a" zz)',
    "(nullp zz)",
    "(consp zz)",
    "(numberp zz)",
    "(if zz 1 2)",
    "(if 1 zz 2)",
    "(if nil 1 zz)",
    "(ife zz 1 2)",
    "(check zz 1)",
    "(check 1 zz)",
    "(ncheck zz 1 2)",
    "(ncheck nil zz 2)",
    "(let ((a zz)) a)",
    "(+= (@ zz 0) 1)",
    "(+= (zz @ 0) 1)",
    "(setq l '(1 2)) (+= (l @ zz) 1)",
    "(class@ C (x) (defun m () x)) (zz (m))",
    "(cond (zz 1))",
    "(cond (1 zz))",
    "(switch zz (1 2))",
    "(block 1 zz)",
    "(while zz 1)",
    "(loop i zz 1)",
    "(loop (i 0 zz) 1)",
    "(loop (i zz 3) 1)",
    "(loop i '(1) zz)",
    "(loopcount zz i 1)",
    "(loopcount 2 i zz)",
    "(lloop (i j) zz '(1) i)",
    "(mloop (i j) '(1) zz i)",
    "(whilein i zz true 1)",
    "(setq a zz)",
    "(setg a zz)",
    "(setqv a zz)",
    "(setconst A zz)",
    "(let ((a 1)) zz)",
    "(-= (@ '(1 2) 0) zz)",
    "(push zz 1)",
    "(pop zz)",
    "(quote a) zz",
    "((λ (x) x) zz)",
    "((λ (x) zz) 1)",
    "(defun f (x) zz) (f 1)",
    "(defun f (x) x) (f zz)",
    "(map (λ (x) x) zz)",
    "(map (λ (x) zz) '(1))",
    "(filter (λ (x) zz) '(1))",
    "(foldl (λ (a x) zz) 0 '(1))",
    "(foldl (λ (a x) a) zz '(1))",
    "(for i zz i)",
    "(throw zz)",
    "(catch 1) zz",
    "(maybe zz)",
    "(return zz)",
    "(elapse zz)",
    "(eval zz)",
    "(apply '+ zz)",
    "(flip (- zz 1))",
    '(replaceall zz "a" "b")',
    "(select nil zz)",
    "(andvalue 1 zz)",
    "(cons 1 zz)",
    "(zerop zz)",
    "(lock zz 1)",
    "(setq a 1) (+= a zz)",
    "(let ((a 1) (b 2))\n  zz)",
    "(defun f (x)\n  (if x\n    (+ 1 zz)))\n(f 1)",
]


@pytest.mark.parametrize("source", PROGRAMS)
def test_an_unbound_variable_is_shown_where_it_stands(source: str) -> None:
    error = error_of(source)
    before = source[: source.index("zz")].split("\n")
    assert tuple(error.span) == (len(before), len(before[-1]), len(before), len(before[-1]) + 2)
    assert "'zz'" in error.text


def test_the_operands_of_an_infix_expression_stand_in_the_expression() -> None:
    assert tuple(error_of("(+ 1 (§ 1 + zz))").span) == (1, 5, 1, 15)
    assert tuple(error_of('(string (f_ "a{zz}b"))').span) == (1, 12, 1, 20)


def test_a_value_of_an_instance_stands_where_it_is_given() -> None:
    assert tuple(error_of("(class@ C (x) (defun m () x))\n(C zz)").span) == (2, 3, 2, 5)


def test_a_macro_stands_where_it_is_called() -> None:
    assert tuple(error_of("(defmacro m (x) (+ 1 x zz))\n(list (m 2))").span)[:2] == (2, 6)


REFUSED = [
    ("(defun f (x (y 1 2)) x)", "(y 1 2)"),
    ("(defun f (y x x) 1)", "x"),
    ("(defmacro car (x) x)", "car"),
    ("(class@ C (y x x))", "x"),
    ("(class@ C (x) (defun if () 1))", "if"),
    ("(class@ C (x) (defun m () 1) (m))", "m"),
    ("(data@ (A _) (car _))", "(car _)"),
    ("(data@ (A _) (B 5))", "5"),
    ("(let ((a 1) 3) a)", "3"),
    ("(switch 1 (2 3) 4)", "4"),
    ("(cond (nil 1) 3)", "3"),
    ("(loop (i 1) 2)", "(i 1)"),
    ("(setq (a 3) '(1 2))", "3"),
]


@pytest.mark.parametrize(("source", "part"), REFUSED)
def test_a_part_that_does_not_fit_is_shown_where_it_stands(source: str, part: str) -> None:
    at = source.rindex(part)
    assert tuple(error_of(source).span) == (1, at, 1, at + len(part))


def test_a_session_forgets_texts_of_which_nothing_is_left() -> None:
    session = Session()
    kept = ["(defun called (x) (car x))", "(setq held (lambda (x) (car x)))"]
    for number, text in enumerate(kept, 1):
        session.run(text, f"cell {number}", f"/kept/{number}")
    with pytest.raises(LispeError):
        session.run("(car 5)", "cell 3", "/kept/3")
    files = [f"/passed/{number}" for number in range(RECENT + 10)]
    for file in files:
        session.run("(setq counted (+ 1 2))", "cell 4", file)
        session.run("(+ 1 2)", "cell 5", "/again")
    left = {file for file in files if file in session.sources}
    assert left == {file for file in files if file in linecache.cache} == set(files[-RECENT // 2 :])
    assert "/again" in session.sources
    for number, text in enumerate(kept, 1):
        assert session.sources[f"/kept/{number}"].text == text
    for call in ("(called 5)", "(held 5)"):
        with pytest.raises(LispeError) as raised:
            session.run(call, "cell 7", "/call")
        assert raised.value.source == ("cell 1" if call == "(called 5)" else "cell 2")


@pytest.mark.parametrize(
    ("definition", "call"),
    [
        ("(class@ Box (x) (defun get () x))", "(Box)"),
        ("(class@ Box (x) (defun get () x))", "(Box 1 2)"),
        ("(class@ Box (x (y 2)) (defun get () x))", "(Box (? y 3))"),
        ("(defpat kind (1) 'one)", "(kind 2)"),
    ],
)
def test_a_call_that_does_not_fit_is_the_place_not_what_it_calls(definition: str, call: str) -> None:
    error = error_of(f"{definition}\n(list\n  {call})")
    assert (error.span.line, error.span.column, error.span.end_column) == (3, 2, 2 + len(call))
    assert error.frames[-1].function != "Box.__init__"
