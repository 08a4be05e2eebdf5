"""Loops: the value of each, what `break` and `return` do in them, their variables afterwards."""

from __future__ import annotations

import pytest

from .support import error_of, output_of, text_of

# Each goes three turns, with i = 1, 2, 3 in the body.
LOOPS = {
    "loop": "(loop i '(1 2 3) {})",
    "loop over integers": "(loop i (integers 1 2 3) {})",
    "loop over what is computed": "(loop i (cdr (list 0 1 2 3)) {})",
    "counted": "(loop (i 1 4) {})",
    "counted to a number": "(loop (i 1 (/ 8 2)) {})",
    "loopcount": "(loopcount 3 j (setq i (+ j 1)) {})",
    "dotimes": "(dotimes 3 j (setq i (+ j 1)) {})",
    "loopcount without a variable": "(setq i 0) (loopcount 3 (+= i 1) {})",
    "loopcount into": "(loopcount 3 into j (setq i (+ j 1)) {})",
    "while": "(setq i 0) (while (< i 3) (+= i 1) {})",
    "while with statements in its test": "(setq i 0) (while (block (setq k i) (< k 3)) (+= i 1) {})",
    "whilein": "(whilein i '(1 2 3 4 5) (or (= i 0) (< i 4)) {})",
    "lloop": "(lloop (i k) '(1 2 3) '(a b c) {})",
    "mloop": "(mloop (k i) '(a b c) '(1 2 3) {})",
}


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("(* i 10)", "30"),
        ("(if (= i 2) (break)) (* i 10)", "nil"),
        ("(if (= i 3) (break) (* i 10))", "nil"),
        ("(check (< i 3) (* i 10))", "nil"),
        ("(cond ((= i 3) 'last) (true 'other))", "last"),
    ],
)
def test_a_loop_gives_the_value_of_its_last_turn_and_nil_after_a_break(
    name: str, body: str, value: str
) -> None:
    loop = LOOPS[name].format(body)
    assert text_of(f"(setq r (block {loop})) r") == value
    assert text_of(f"(defun f () {loop}) (f)") == value


@pytest.mark.parametrize("name", LOOPS)
def test_a_break_leaves_the_innermost_loop_alone(name: str) -> None:
    inner = LOOPS[name].format("(if (= i 2) (break)) (push l (+ n i))")
    assert text_of(f"(setq l ()) (loopcount 2 n {inner}) l") == "(1 2)"


@pytest.mark.parametrize("name", LOOPS)
def test_a_return_in_a_loop_leaves_the_function(name: str) -> None:
    loop = LOOPS[name].format("(if (= i 2) (return (* i 100)))")
    assert text_of(f"(defun f () {loop} 5) (list (f) 1)") == "(200 1)"


@pytest.mark.parametrize("name", LOOPS)
def test_a_function_that_returns_its_own_call_from_a_loop_starts_again(name: str) -> None:
    """The loop of the call before does not go on with other parameters."""
    loop = LOOPS[name].format("(setg c (+ c 1)) (if (< n 5) (return (f (+ n 1))))")
    assert text_of(f"(setq c 0) (defun f (n) {loop} (list n c)) (f 0)") == "(5 8)"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(loopcount 0 i 5)", "nil"),
        ("(loop i () 5)", "nil"),
        ("(while nil 5)", "nil"),
        ("(loop (i 3 1) 5)", "nil"),
        ("(setq l ()) (mloop (i k) '(1 2) {'a:3 'b:4} (push l (list i k))) l", "((1 3) (2 4))"),
        ("(setq l ()) (lloop (i k) '(1 2 3) '(a b) (push l (list i k))) l", "((1 a) (2 b))"),
        ("(setq l ()) (loopcount -3 i (push l i)) l", "(2 1 0)"),
        ('(setq l ()) (loop k {"a":1 "b":2} (push l k)) l', '("a" "b")'),
        ('(setq l ()) (loop c "abc" (push l c)) l', '("a" "b" "c")'),
        ("(defun f (n) (setq l ()) (loop i '(1 2) (push l (* i n))) l) (list (f 2) (f 3))", "((2 4) (3 6))"),
        ("(defun f (n) (loopcount n i (+ i 1)) i) (f 3)", "3"),
        ("(defun f () (setq x 5) (loop x '(1 2) x) x) (f)", "2"),
        ("(setq s 0) (loop i '(1 2 3) (loop j '(10 20) (+= s (* i j)))) s", "180"),
        ("(defun f () (loop i '(1 2 3) (setq r i) (break)) r) (f)", "1"),
    ],
)
def test_a_loop_gives_this(source: str, value: str) -> None:
    assert text_of(source) == value


USE = "(use (loop variable container body...) or (loop (variable from to) body...))"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("(break)", "Error: 'break' can only be used inside a loop"),
        ("(defun f () (break)) (loopcount 1 i (f))", "Error: 'break' can only be used inside a loop"),
        ("(loop 3 '(1 2) 4)", f"Error: Missing label for 'loop' {USE}"),
        ("(loop (i 1) 4)", f"Error: Missing label for 'loop' {USE}"),
        ("(loop i '(1 2))", f"Error: Wrong number of arguments for: 'loop' {USE}"),
    ],
)
def test_a_loop_that_cannot_be_is_refused(source: str, text: str) -> None:
    assert error_of(source).text == text


def test_the_test_of_a_while_is_evaluated_before_each_turn() -> None:
    assert output_of('(setq i 0) (while (block (print "t") (< i 2)) (+= i 1) (print i))') == "t1t2t"


# What a loop may go through without making the list that the same form makes elsewhere.
GONE_THROUGH = [
    *(f"(range {bounds})" for bounds in ("0 5 1", "5 0 1", "5 0 -2", "0 5 -1", "2 2 1", "0 6 4", "-3 3 2.0")),
    *(f"({name} {count})" for name in ("iota", "iota0") for count in ("4", "0", "2.5")),
    *(
        f"({name} {pairs})"
        for name in ("keys@", "values@")
        for pairs in ('{"a":1 "b":2}', "(dictionaryi 3 4)")
    ),
    '"abc"',
]


@pytest.mark.parametrize("container", GONE_THROUGH)
def test_a_loop_goes_through_what_the_container_holds(container: str) -> None:
    held = "(setq found ()) (loop x kept (push found x)) found"
    written = f"(defun f () (setq found ()) (loop x {container} (push found x)) found) (f)"
    assert text_of(written) == text_of(f"(setq kept {container}) {held}")


@pytest.mark.parametrize(
    "body",
    [
        "(push kept d) (push d 9)",
        "(push kept ((λ () d))) (set@ d 0 9)",
        "(push kept (cdr d)) (set@ (@ kept -1) 0 9)",
        "(eval '(push d 9)) (push kept (size d))",
        "(setq (x y) d) (push kept (+ x y))",
    ],
)
def test_a_list_that_is_written_out_is_a_new_one_each_time(body: str) -> None:
    """Whatever a loop does with its elements, a second run begins with what is written."""
    program = f"(defun f () (setq kept ()) (loop d '((1 2) (3 4)) {body}) (string kept)) (= (f) (f))"
    assert text_of(program) == "true"
