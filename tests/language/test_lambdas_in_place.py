"""A lambda written in a call of the functional family does what the same lambda held in a variable does."""

import pytest

from lispe_kernel import LispeError, Session

from .support import outcome

BODIES = [
    "(* x 2)",
    "(> x 1)",
    "(if (> x 1) x nil)",
    '(+ "a" x)',
    "(setq y (+ x 1)) (* y y)",
    "(setq x (+ x 1)) x",
    "(let ((z (* x 10))) (+ z x))",
    "(cond ((= x 1) 'one) (true x))",
    "(maybe (/ 10 (- x 2)) 'zero)",
    "(/ 10 (- x 2))",
    "(setq s 0) (loop i (list 1 2 x) (+= s i)) s",
    "(loopcount 3 i (check (> i x) (break))) x",
    "(list x (sum (maplist (λ (y) (* x y)) '(1 2))))",
    "(λ (y) (+ x y))",
    "(return (* 3 x)) 0",
    "nil",
    "k",
]
CALLS = ["maplist", "mapcar", "filterlist", "filtercar", "map", "filter"]
CONTAINERS = [
    "'(1 2 3)",
    "(integers 1 2 3)",
    "()",
    "(llist 1 2 3)",
    "(seti 1 2 3)",
    "(rho 2 2 (iota 4))",
    "nil",
]


def told(program: str, session: Session) -> str:
    return outcome(session, program, lambda _: "error")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", BODIES)
def test_both_ways_agree(call, body):
    apart, together = Session(), Session()
    for container in CONTAINERS:
        for frame in ("{}", "(defun f (k) {}) (f 7)"):
            in_place = frame.format(f"({call} (λ (x) {body}) {container})")
            held = frame.format(f"(setq g (λ (x) {body})) ({call} g {container})")
            found = told(f"(setq k 5) {in_place}", together)
            expected = told(f"(setq k 5) {held}", apart)
            assert found == expected, in_place


@pytest.mark.parametrize("body", ["(+ (* 10 a) x)", "(if (> x a) x a)", "(setq t (+ a x)) t", "(cons x a)"])
def test_folds_agree(body):
    apart, together = Session(), Session()
    for container in ("'(3 1 2)", "(integers 3 1 2)", "()"):
        for initial in ("0", "()"):
            in_place = f"(foldl (λ (a x) {body}) {initial} {container})"
            held = f"(setq g (λ (a x) {body})) (foldl g {initial} {container})"
            assert told(in_place, together) == told(held, apart), in_place


def test_the_parameter_leaves_no_trace():
    session = Session()
    before = set(session.namespace)
    session.evaluate("(maplist (λ (x) (setq y x) x) '(1 2))")
    assert set(session.namespace) - before == {"y"}


def test_an_error_in_a_lambda_in_place_has_its_line():
    with pytest.raises(LispeError) as caught:
        Session().evaluate("(maplist (λ (x)\n  (/ 1 x)) '(1 0))")
    assert caught.value.span.line == 2
