"""A sort by a comparator that is written out, or named, gives what it gives by the same one in a variable."""

import pytest

from lispe_kernel import Session

from .support import outcome, text_of, worded

COMPARATORS = (
    "(< (@ a 0) (@ b 0))",
    "(> (@ b 1) (@ a 1))",
    "(if (= (@ a 0) (@ b 0)) (< (@ a 1) (@ b 1)) (> (@ a 0) (@ b 0)))",
    "(if (= (@ b 0) (@ a 0)) (or (> (@ b 2) (@ a 2)) (and (= (@ a 2) (@ b 2)) (< 0 0))) (> (@ b 0) (@ a 0)))",
    "(or (< (size (@ a 1)) (size (@ b 1))) (and (= (size (@ a 1)) (size (@ b 1))) (> (@ a 2) (@ b 2))))",
    # What is no chain of keys.
    "(or (< (@ a 0) (@ b 0)) (< (@ a 2) (@ b 2)))",
    "(if (= (@ a 0) (@ b 1)) (< (@ a 1) (@ b 1)) (< (@ a 0) (@ b 0)))",
    "(and (< (@ a 2) (@ b 2)) 'yes)",
    "(+= asked 1) (< (@ a 2) (@ b 2))",
    "(< (+= asked 1) 2)",
    "(< (@ a 0) (@ b 0) 9)",
    # What is refused.
    "(<= (@ a 0) (@ b 0))",
    "(< (@ a 7) (@ b 7))",
    "(not (< (@ a 1) (@ b 1)))",
)
ROWS = (
    '\'((3 "b" 1) (1 "aa" 2) (3 "a" 5) (1 "aa" 1) (2 "c" 5))',
    "'((3 2.5 1) (1 2 2) (3 2 5) (1 2.0 1))",
    '\'((3 "b" 1) ("1" 2 2) (3 "a" 5))',
    "'((1 2 3))",
    "'()",
    "(llist '(3 1 2) '(1 2 1) '(3 0 9))",
    "5",
)


def told(session: Session, text: str) -> str:
    """What a form gives, as text, and how often it asked; or the words of its error."""
    return outcome(session, f"(setq asked 0) (string (list {text} asked))", worded)


@pytest.mark.parametrize("body", COMPARATORS)
def test_a_comparator_in_place_sorts_as_one_in_a_variable_does(body: str) -> None:
    session = Session()
    session.evaluate(f"(defun called (l) (let ((before (λ (a b) {body}))) (sort before l)))")
    session.evaluate(f"(defun go (l) (sort (λ (a b) {body}) l))")
    session.evaluate(f"(defun first_of (a b) {body}) (defun named (l) (sort 'first_of l))")
    session.evaluate("(defun plain (l) (sort first_of l))")
    for rows in ROWS:
        right = told(session, f"(called {rows})")
        assert told(session, f"(go {rows})") == right, rows
        for way in ("named", "plain"):
            # An error names the comparator as it was given.
            found = told(session, f"({way} {rows})")
            assert found == right or (found[:11] == right[:11] and right.startswith("Error: ")), (way, rows)


@pytest.mark.parametrize(
    ("program", "value"),
    [
        # What the name means when the call runs decides.
        ("(defun go (l) (sort 'up l)) (defun up (a b) (> (car a) (car b))) (go '((1) (3)))", "((3) (1))"),
        ("(defun go (up l) (sort up l)) (go '> '(1 3 2))", "(3 2 1)"),
        ("(let ((up (λ (a b) (> a b)))) (sort up '(1 3 2)))", "(3 2 1)"),
        (
            "(setq h (heap 'two '(1 9) '(2 3))) (push h '(0 5)) (list h (car h))",
            "(((2 3) (0 5) (1 9)) (2 3))",
        ),
        (
            "(setq make (λ () (heap two '(1) '(2)))) (defun two (a b) (>=< (car b) (car a))) (make)",
            "((2) (1))",
        ),
        ("(setq h (heap 'two '(1 1))) (catch (push h 7)) (push h '(0 0)) h", "((0 0) (1 1))"),
    ],
)
def test_a_name_means_what_it_means_when_the_call_runs(program: str, value: str) -> None:
    known = "(defun up (a b) (< (car a) (car b))) (defun two (a b) (>=< (cadr a) (cadr b)))"
    assert text_of(f"{known} {program}") == value


SETS = (
    "(seti 1 2)",
    '(sets "a" "b")',
    '(set 1 "a" 2.5 \'(1))',
    "(setn 1 2.5)",
    "(heap 1 2)",
    "(list 1 2)",
    "nil",
)
ELEMENTS = ("1", '"a"', "2.0", "nil", "true", "'(1)", "3", '"new"')


@pytest.mark.parametrize("kind", SETS)
def test_elements_of_sets_in_place_are_what_the_functions_say(kind: str) -> None:
    session = Session()
    session.evaluate("(defun ask (c x) (list (in c x) (if (in c x) 1 0)))")
    session.evaluate("(defun put (c x) (insert c x) (list (insert c x) c))")
    session.evaluate("(defun ask_called (c x) (list (apply 'in (list c x)) (if (apply 'in (list c x)) 1 0)))")
    session.evaluate(
        "(defun put_called (c x) (apply 'insert (list c x)) (list (apply 'insert (list c x)) c))"
    )
    session.evaluate(f"(defun counted () (let ((s {kind})) (loopcount 3 i (insert s i)) (list s (in s 2))))")
    for element in ELEMENTS:
        for one, other in (("ask", "ask_called"), ("put", "put_called")):
            found = told(session, f"({one} {kind} {element})")
            assert found == told(session, f"({other} {kind} {element})"), element
    assert told(session, "(counted)") == told(
        session,
        f"(let ((s {kind})) (loopcount 3 i (apply 'insert (list s i))) (list s (apply 'in (list s 2))))",
    )


ROWS_OF = ("'((1 2) (3 4.5) ())", "'((1 2) (3 a))", "'((1 (2)) (3))", "(list (list 1 nil) 2)", '\'((1) "a")')


@pytest.mark.parametrize("rows", ROWS_OF)
def test_a_clone_shares_no_list_with_what_it_is_of(rows: str) -> None:
    session = Session()
    session.evaluate(f"(setq l (list (list 1 2) {rows} (list 1 (integers 2)))) (setq was (string l))")
    session.evaluate(
        "(setq c (clone l)) (push (@ c 0) 9) (push (@ c 1) 9) (push (@ c 1 0) 9) (push (@ c 2 1) 9)"
    )
    session.evaluate(f"(setq m {rows}) (setq d (clone m)) (push (@ d 0) 9)")
    assert session.evaluate(f"(and (= (string l) was) (= (string m) (string {rows})))")
