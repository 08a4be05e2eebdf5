"""A session after a cell is written the same with what is known from the cell before and without."""

import json
import random
from contextlib import suppress
from typing import Any
from weakref import ref

import pytest

from lispe_kernel import LispeError, Session
from lispe_kernel.sittings import load
from lispe_kernel.sittings.cells.look import Look
from lispe_kernel.sittings.saving import _STATES, Gathered, gathered
from lispe_kernel.sittings.writing import Graph

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
    "(setq l (link 'plus '+)) (setfast 1 x) (setfast 2 3)",
    "(defmacro twice (x) (* 2 x)) (defmacro twice (x y) (+ x y))",
    "(setq f 3)",
    "(defun a (x) x)",
    "(python \"globals().pop('x', None) and 1\") (setq x 2)",
    "(python \"globals().pop('d', None) and 1\")",
    "(setq m2 (list f f)) (defun f (x) (list x))",
    '(python "globals().pop(chr(122), None) and 1") (setq z 1)',
    "(setq v (list (torch_ones '(2)) y)) (setq k (lambda () (push y 1)))",
    "(k)",
    "(setqv c 5)",
    '(setq t (python "(1, [2, 3])"))',
    '(python "t[1].append(4)")',
    "(data@ tree (leaf _) (node _ _))",
    "(setq b (leaf 1)) (setq c b)",
    "(setq u (list p f h)) (setq p nil)",
    "(defun deeper () (push (@ x 2) 9))",
    "(deeper)",
    "(setq nested (list 1 (list 2 (list 3)))) (setq fill (lambda (n) (push (@ nested 1 1) n)))",
    "(fill 4)",
    "(setq r (python \"__import__('numpy').arange(4.0)\")) (setq rs (list r))",
    '(python "r.__setitem__(0, r[0] + 1) or 1")',
    '(python "w.data.fill_(w.data[0, 0] + 1).numel()")',
    "(setq a 1000000) (setq b (+ 999999 1))",
    '(import "math")',
    "(setq f2 f) (setq old (list f2))",
    "(setq f f2)",
    "(python \"globals().__setitem__('pf', __import__('os').path.join)\")",
    "(setq k 3)",
    "(setq o 1)",
)


def as_text(found: Gathered) -> str:
    memory = [bytes(block.bytes()).hex() for block in found.blocks]
    return json.dumps({**found.manifest(), "saved": "", "memory": memory})


def written_anew(session: Session) -> str:
    states = session.library_states.pop(_STATES)
    found = as_text(session.call(gathered, session))
    session.library_states[_STATES] = states
    return found


@pytest.mark.parametrize("seed", range(8))
def test_it_is_written_as_if_nothing_were_known_before(seed: int) -> None:
    choose = random.Random(seed)
    session = Session()
    look = Look(session)
    for number in range(40):
        text = choose.choice(CELLS)
        # A cell may use what is not there.
        with suppress(LispeError):
            session.evaluate(text, f"cell {number}")
        assert as_text(look.quickly() or session.call(look.gathered)) == written_anew(session), text


def test_values_that_are_as_they_were_are_not_gone_through_again(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    session.evaluate('(setq x (list 1 (list 2))) (setq d (dictionary "k" x)) (setq y (list 3))')
    look = Look(session)
    session.call(look.gathered)
    gone_through: list[Any] = []
    value = Graph.value
    monkeypatch.setattr(Graph, "value", lambda self, each: gone_through.append(each) or value(self, each))
    session.call(look.gathered)
    assert gone_through == []
    session.evaluate("(push y 4) (setq z 5)")
    session.call(look.gathered)
    assert gone_through == [[3, 4], 3, 4]


def test_values_that_nothing_reaches_are_let_go() -> None:
    session = Session()
    look = Look(session)
    session.evaluate("(setq x (list 1 (list 2))) (setq v (list (torch_ones '(2)) (list 3)))")
    session.call(look.gathered)
    look.let_go()
    standing = look._standing
    assert [len(held) for held in (standing.items, standing._values, standing._heavy)] == [4, 3, 1]
    session.evaluate("(pop x 1) (setq v nil)")
    session.call(look.gathered)
    assert [len(held) for held in (standing.items, standing._values, standing._heavy)] == [1, 1, 0]


def test_the_memory_of_a_tensor_is_let_go_with_its_name() -> None:
    session = Session()
    look = Look(session)
    session.evaluate('(setq m (torch_linear 4 4)) (setq w (@ m "weight")) (setq t (torch_ones \'(2)))')
    for _ in range(2):
        session.call(look.gathered)
        look.let_go()
    gone = [ref(session.namespace[name]) for name in ("m", "w", "t")]
    session.evaluate("(setq m nil) (setq w nil) (setq t nil)")
    assert [each() for each in gone] == [None, None, None]


CHANGES = (
    "w.detach().add_(1)",
    "w.data.fill_(7)",
    "w.detach().numpy().fill(3)",
    "w.untyped_storage().fill_(1)",
    "setattr(w, 'data', w.data[:1])",
    "w.requires_grad_(False)",
    "setattr(w, 'data', torch.ones(2, dtype=torch.int32))",
    "setattr(model, 'bias', torch.nn.Parameter(torch.ones(2)))",
    "setattr(model.bias, 'grad', torch.ones(2))",
    "model.bias.grad.mul_(5)",
    "setattr(model.bias, 'grad', None)",
    "model.eval()",
    "model.register_forward_hook(print)",
    "model._forward_hooks.clear()",
    "setattr(model, 'in_features', 2.0)",
    "setattr(model, 'sizes', [1, [2]])",
    "model.sizes[1].append(3)",
    "model._parameters.update(other=model._parameters.pop('bias'))",
    "o.param_groups[0].update(lr=9)",
    "o.param_groups[0].update(lr=9.0)",
    "o.state[w]['exp_avg'].zero_()",
    "o.param_groups[0]['params'].reverse()",
    "o.state.clear()",
    "lo.lora_A.weight.data.add_(1)",
    "setattr(lo, 'alpha', 3.0)",
    "lo.merge()",
    "model.other.register_hook(print)",
)


def test_a_value_that_has_become_another_kind_is_seen() -> None:
    session = Session()
    session.evaluate("(setq o (torch_adam_optimizer 0.1)) (setq s (set 1 2))")
    look = Look(session)
    session.call(look.gathered)
    look.let_go()
    session.evaluate("(torch_optimizer_add_params o (torch_linear 2 2))")
    assert "torch Adam" in as_text(session.call(look.gathered))


def test_each_change_of_tensors_modules_and_optimizers_is_seen() -> None:
    session = Session()
    session.evaluate(
        '(setq model (torch_linear 2 2)) (setq w (@ model "weight")) (setq l (list w model))'
        '(setq o (torch_optimizer model 0.1 "adam")) (setq d (dictionary "w" w "o" o))'
        "(setq lo (torch_lora_linear 2 2 1 2)) (python \"globals().update(torch=__import__('torch'))\")"
        "(torch_backward (->sum (torch_forward model (torch_ones '(1 2))))) (torch_optimizer_step o)"
    )
    look = Look(session)
    before = ""
    for change in CHANGES:
        assert as_text(session.call(look.gathered)) == written_anew(session)
        look.let_go()
        session.evaluate(f'(python "[{change}] and 1")')
        found = session.call(look.gathered)
        assert as_text(found) == written_anew(session), change
        assert as_text(found) != before, change
        before = as_text(found)
        look.let_go()
