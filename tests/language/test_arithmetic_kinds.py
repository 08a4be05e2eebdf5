"""Operators whose operands the compiler knows give what they give where it knows nothing."""

from __future__ import annotations

import itertools

import pytest

from .support import text_of

NUMBERS = ["4", "-3", "1.5"]
TRIPLES = list(itertools.product(NUMBERS, repeat=3))


def joined(form: str) -> str:
    """One list with the form for every three numbers in the places of a, b and c."""
    return "(list " + " ".join(form.format(a=a, b=b, c=c) for a, b, c in TRIPLES) + ")"


@pytest.mark.parametrize("outer", ["+", "-", "*", "/", "%", "<", "list"])
@pytest.mark.parametrize("inner", ["+", "-", "*", "/", "%"])
def test_two_operators_give_the_same_for_known_and_unknown_numbers(inner: str, outer: str) -> None:
    unknown = f"(defun f (a b c) ({outer} ({inner} a b) c))" + joined("(f {a} {b} {c})")
    for place in (
        f"({outer} ({inner} {{a}} {{b}}) {{c}})",
        f"((λ () (setq x {{a}}) (setq y {{b}}) ({outer} ({inner} x y) {{c}})))",
        f"((λ () (setq x {{a}}) (loopcount 1 i (setq x ({inner} x {{b}}))) ({outer} x {{c}})))",
    ):
        assert text_of(joined(place)) == text_of(unknown)


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "%"])
def test_an_operator_of_three_goes_from_left_to_right(operator: str) -> None:
    apart = joined(f"({operator} ({operator} {{a}} {{b}}) {{c}})")
    assert text_of(joined(f"({operator} {{a}} {{b}} {{c}})")) == text_of(apart)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        # a remainder has the sign of the first operand, as in C
        ("(% (- 2 4) 3)", "-2"),
        ("(% -7 3)", "-1"),
        ("(% 7 -3)", "1"),
        ("(defun f () (setq l ()) (loopcount 5 i (push l (% (- i 2) 3))) l) (f)", "(-2 -1 0 1 2)"),
        ("(defun f () (setq l ()) (loop (i -2 3) (push l (% i 3))) l) (f)", "(-2 -1 0 1 2)"),
        (
            "(defun f () (setq l ()) (setq n 2) (loopcount 3 i (push l (% n 3)) (setq n (- n 2))) l) (f)",
            "(2 0 -2)",
        ),
        ("(defun f () (setq l ()) (setq n 1) (loopcount 3 i (push l (% n 3)) (-= n 2)) l) (f)", "(1 -1 0)"),
        ("(defun f () (setq l ()) (setq n 1) (loopcount 3 i (push l (% n 3)) (*= n -2)) l) (f)", "(1 -2 1)"),
        (
            "(defun f () (setq l ()) (setq n 5) (loopcount 2 i (push l (% n 3)) (setq n (% n -3))) l) (f)",
            "(2 2)",
        ),
        ("(defun f () (loopcount -3 i (setq r (% (- i 5) 4))) r) (f)", "-1"),
        # products of what Python does not know as numbers: masks, small numbers, lists, another library's
        (
            "(defun f (a b) (* a b)) (setq m (> (tensor_create '(1 2 3)) 1)) (tensor_to_list (+ 0 (f m m)))",
            "(0 1 1)",
        ),
        ("(defun f (a b) (* a b)) (type (f (int16_t 2) (int16_t 3)))", "short_"),
        # a number of 32 or 16 bits widens no list, no matrix of its own kind
        ("(list (type (+ (floats 1) (float 2))) (type (* (int16_t 2) (shorts 1))))", "(floats_ shorts_)"),
        ("(type (- (rho 2 2 (floats 1)) (float 2)))", "matrix_float_"),
        ("(defun f (a b) (* a b)) (list (f '(1 2) 3) (f (integers 1 2) (integers 3 4)))", "((3 6) (3 8))"),
        # text
        ('(+ "a" 1 2)', "a12"),
        ('(+ "a" 1.5)', "a1.5"),
        ('(+ "a" "b" 2)', "ab2"),
        ('(setq n 3) (+ "n=" n)', "n=3"),
        ('(defun f (x) (+ x 1)) (list (f 2) (f "a") (f 1.5))', '(3 "a1" 2.5)'),
        ('(defun f () (setq s "") (loopcount 3 i (+= s (+ i 1))) s) (f)', "123"),
        (
            """(defun f (n) (setq s 1) (loopcount n i (setq s (if (= i 1) "x" (+ s 1)))) s)
            (list (f 1) (f 2) (f 3))""",
            '(2 "x" "x1")',
        ),
        ("(defun f (x) (- x 1) (+ x 1)) (f 4)", "5"),
        # what an operand assigns is not what was computed with
        ('(defun f (x) (- x (block (setq x "s") 1)) (+ x 1)) (f 4)', "s1"),
        ('(defun f (x) (% x (block (setq x "s") 2)) (+ x 1)) (f 4)', "s1"),
    ],
)
def test_an_operator_gives_this_value(source: str, value: str) -> None:
    assert text_of(source) == value


GROW = "(setq l '(1 2)) (defun grow (l r) (push l 9) r)"


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("(+ l 2 (grow l 1))", "(4 5)"),
        ("(- l (if (size l) 2) (if (grow l 1) 1))", "(-2 -1)"),
        ("(& l 3 (grow l 1))", "(1 0)"),
        ("(^^ l 3 (grow l 1) 2)", "(1 64)"),
        ('((λ (s) (+ s ":" (car (list l)) (grow l "x"))) "a")', '("a:1x" "a:2x")'),
        ('((λ (s) (+ s l (grow l "x"))) "a")', '("a1x" "a2x")'),
        ("(+= (@ {0:l} 0) 2 (grow l 1))", "(4 5)"),
        # the first operand is combined with the second, so it is what it is then
        ("(+ l (grow l 1))", "(2 3 10)"),
        ("(+ (size l) (grow l 1) (size l))", "6"),
    ],
)
def test_each_operand_is_combined_before_the_next_is_evaluated(form: str, value: str) -> None:
    assert text_of(f"{GROW} {form}") == value


# A branch that may be taken or not: what is known of x before it is not known after it.
BRANCHES = [
    '(if a (setq x "s"))',
    '(if a (setq x "s") (setq x 1))',
    '(ife (not a) 3 (setq x "s"))',
    '(check a (setq x "s"))',
    '(ncheck (not a) (setq x "s") 3)',
    '(cond (a (setq x "s")) ((eq 1 2) 3))',
    '(cond ((not a) 3) (true (setq x "s")))',
    '(switch a (nil 3) (true (setq x "s")))',
    '(and a (block (setq x "s") true))',
    '(or (not a) (block (setq x "s") true))',
    '(select (not a) (block (setq x "s") true))',
    '(while a (setq x "s") (break))',
    '(loopcount (if a 1 0) i (setq x "s"))',
    "(loop i (if a '(s) '()) (setq x (string i)))",
    '(maybe (block (check a (throw "e")) 1) (setq x "s"))',
]


@pytest.mark.parametrize("branch", BRANCHES)
def test_what_is_known_before_a_branch_is_forgotten_after_it(branch: str) -> None:
    source = f"(defun f (a) (setq x 1) {branch} (+ x 1)) (list (f true) (f nil))"
    assert text_of(source) == '("s1" 2)'
