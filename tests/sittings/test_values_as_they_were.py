"""A session after a cell is written the same with what is known from the cell before and without."""

import json
import random
from contextlib import suppress
from typing import Any

import pytest

from lispe_kernel import LispeError, Session
from lispe_kernel.sittings import load
from lispe_kernel.sittings.saving import _STATES, gathered
from lispe_kernel.sittings.writing import Item

load()
CELLS = (
    "(setq a 1) (setq b 1.0) (setq c true)",
    "(setq a 1.0) (setq b nil)",
    "(setq x (list 1 2 (list 3 4))) (setq y (@ x 2)) (setq z (list y y))",
    "(push y 5)",
    "(set@ x 0 (list 7))",
    "(set@ x 0 1.0)",
    "(set@ x 0 1)",
    "(set@ x 0 x)",
    '(setq d (dictionary "k" x "n" 1)) (setq e d)',
    '(key d "m" (list 8)) (key d "n" 1.0)',
    '(pop d "k")',
    "(setq i (integers 1 2 3)) (setq n (numbers 0.0 1.0))",
    "(push i 4) (set@ n 0 -0.0)",
    "(defun f (x) (+ x 1))",
    "(defun f (x) (+ x 2))",
    "(setq g f) (setq h (list f (lambda (x) (* x 2))))",
    "(setq count (lambda (k) (lambda () (setq k (+ k 1))))) (setq next (count 1))",
    "(next)",
    "(class@ point (px py) (defun norm () (+ px py)))",
    "(setq p (point 1 x))",
    "(set@ p 'px 3) (setq q (list p p))",
    "(setq w (torch_ones '(2 2))) (setq v (list w 1))",
    '(if w (python "w.add_(1).numel()"))',
    "(setq v (list 1)) (setq u (list v v))",
    "(random 10)",
    "(python \"__import__('numpy').random.standard_normal()\")",
    "(torch_rand '(2))",
    "(setq s (set 1 2)) (setq t (heap))",
    '(import "math") (setq o (list math 1))',
    "(setq o 1)",
)


def written(session: Session, before: dict[int, Item] | None) -> tuple[Any, dict[int, Item]]:
    found = session.call(gathered, session, None, before)
    memory = [bytes(block.bytes()).hex() for block in found.blocks]
    manifest = {**found.manifest(), "saved": "", "memory": memory}
    return json.dumps(manifest), found.graph.lasting()


def written_anew(session: Session) -> str:
    states = session.library_states.pop(_STATES)
    found: str = written(session, None)[0]
    session.library_states[_STATES] = states
    return found


@pytest.mark.parametrize("seed", range(8))
def test_it_is_written_as_if_nothing_were_known_before(seed: int) -> None:
    choose = random.Random(seed)
    session = Session()
    lasting: dict[int, Item] = {}
    for number in range(40):
        text = choose.choice(CELLS)
        # A cell may use what is not there.
        with suppress(LispeError):
            session.evaluate(text, f"cell {number}")
        now, lasting = written(session, lasting)
        assert now == written_anew(session), text


def test_values_that_are_as_they_were_are_not_written_again() -> None:
    session = Session()
    session.evaluate('(setq x (list 1 (list 2))) (setq d (dictionary "k" x)) (setq y (list 3))')
    before = written(session, None)[1]
    session.evaluate("(push y 4)")
    now = written(session, before)[1]
    again = {item.kind for key, item in now.items() if before.get(key) is item}
    assert (again, len(now) - sum(before.get(key) is item for key, item in now.items())) == (
        {"list", "dictionary"},
        1,
    )
