"""Sums and means in a loss: numbers that keep their gradient."""

import copy
from typing import Any

import pytest
import torch

from lispe_kernel import LispeError, Session
from lispe_kernel.language.printer import to_text
from tests.torch_library.torch_calls import call


def evaluated(source: str, w: torch.Tensor) -> Any:
    """What LispE makes of a text in which w is the tensor."""
    session = Session()
    session.evaluate(f"(defun given (w) {source})")
    return session.call(session.function_named("given"), w)


@pytest.fixture
def weight() -> torch.Tensor:
    return torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def test_a_mean_is_a_number_and_a_loss(weight):
    mean = call("tensor_mean", weight)
    assert (mean, to_text(mean), isinstance(mean, float)) == (2.0, "2", True)
    call("torch_backward", mean)
    assert weight.grad.tolist() == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(+ (torch_mse_loss w w) (* 0.5 (tensor_sum (tensor_pow w 2))))", [1, 2, 3]),
        ("(* 0.5 (tensor_sum (tensor_pow w 2)))", [1, 2, 3]),
        ("(/ (tensor_sum w) 2)", [0.5] * 3),
        ("(- 3 (tensor_sum w))", [-1] * 3),
        ("(^^ (tensor_sum w) 2)", [12] * 3),
        ("(+ (tensor_max w) (tensor_min w))", [1, 0, 1]),
        ("(* (tensor_mean w) w)", [4, 4, 4]),
        ("(exp (- (tensor_sum w) 6))", [1, 1, 1]),
        ("(log (tensor_sum w))", [1 / 6] * 3),
        ("(sqrt (* 6 (tensor_sum w)))", [0.5] * 3),
        ("(tensor_create (list (tensor_sum w) 1 (tensor_max w)))", [1, 1, 2]),
        ("(sum (* (tensor_sum w) (floats 1 2)))", [3] * 3),
        ("(sum (/ '(6 12) (tensor_sum w)))", [-0.5] * 3),
        ("(sum (maplist 'sum (+ (matrix_float 2 2 1) (tensor_sum w))))", [4] * 3),
        ("(+ (tensor_sum w) (round (tensor_sum w) 10))", [1] * 3),
        ("(* (@ w 0) (@ w 2))", [3, 0, 1]),
        ("(+ (^^ (@ w -1) 2) (@ (tensor_reshape w (integers 3 1)) 0 0))", [1, 0, 6]),
        ("(block (setq s 0) (loop x w (+= s (* x x))) s)", [2, 4, 6]),
        ("(foldl '+ 0 (maplist (λ (x) (* 2 x)) w))", [2, 2, 2]),
        ("(tensor_create (maplist (λ (x) (^^ x 2)) w))", [2, 4, 6]),
        ("(tensor_create (list (@ w 1) 5))", [0, 1, 0]),
    ],
)
def test_a_loss_of_numbers_has_the_gradient_of_pytorch(source, expected, weight):
    evaluated(f"(torch_backward (tensor_sum {source}))", weight)
    assert weight.grad.tolist() == pytest.approx(expected)


def test_a_number_without_a_gradient_is_taken_by_tensor_functions_too(weight):
    """A preference loss subtracts the mean of a model without gradients from that of one with them."""
    mean = call("tensor_mean", weight.detach())
    assert mean == 2.0
    assert not mean.tensor.requires_grad
    with torch.no_grad():
        assert not call("tensor_mean", weight).tensor.requires_grad
    assert call("tensor_sub", call("tensor_mean", weight), mean).item() == 0.0
    assert type(copy.deepcopy(mean)) is float


def test_a_tracked_number_compares_and_scales_lists_as_a_number(weight):
    assert evaluated("(= 2 (tensor_mean w))", weight)
    # With the number on either side, and inside a list, where `=` looks at what is there when it runs.
    found = "(setq m (tensor_mean w)) (list (= 2.0 m) (= m 2.0) (= 3 m) (eq 2 m) (= (list 2) (list m)))"
    assert to_text(evaluated(found, weight)) == "(true true nil true true)"
    assert to_text(evaluated("(* (floats 1 2) (tensor_mean w))", weight)) == "(2 4)"
    assert to_text(evaluated("(numbers (tensor_mean w) (fabs (tensor_min w)))", weight)) == "(2 1)"


def test_what_is_computed_from_a_number_without_a_gradient_is_plain(weight):
    """Arithmetic with such numbers is Python's own, and no tensor is made for it."""
    plain = weight.detach()
    found = evaluated("(setq m (tensor_mean w)) (list (* m 2) (- 3 m) (+ m m) (fabs m))", plain)
    assert [type(each) for each in found] == [float] * 4
    assert list(found) == [4.0, 1.0, 4.0, 2.0]


@pytest.mark.parametrize("source", ["(+ m (tensor_sum w))", "(- (tensor_sum w) m)", "(* m w)"])
def test_beside_a_number_with_a_gradient_it_does_not_lose_it(source, weight):
    session = Session()
    session.evaluate(f"(defun given (m w) {source})")
    given = session.call(session.function_named("given"), call("tensor_mean", weight.detach()), weight)
    assert call("tensor_sum", given).tensor.requires_grad


@pytest.mark.parametrize("source", ["(cbrt m)", "(tgamma m)", "(tensor_create (list (list m 1) (list 2 3)))"])
def test_what_would_lose_a_gradient_is_refused(source, weight):
    with pytest.raises(LispeError, match=r"gradient(, which)? would be lost"):
        evaluated(f"(setq m (tensor_mean w)) {source}", weight)


def test_elements_are_plain_where_no_gradient_is_followed(weight):
    found = "(list (@ w 0) (@ (tensor_sum w) 0) (@ (torch_mse_loss w w) 0))"
    with torch.no_grad():
        assert type(evaluated(found, weight)[0]) is float
    # A tensor of no dimensions, and the number of one, are read for the number alone.
    assert [type(each) for each in evaluated(found, weight)[1:]] == [float, float]
    assert [type(each) for each in evaluated(found, weight.detach())] == [float] * 3
    assert to_text(evaluated("(list (@ w 0) (loop x w x))", weight)) == "(1 3)"


def test_the_item_of_a_loss_keeps_no_graph(weight):
    found = evaluated("(setq losses ()) (push losses (tensor_item (tensor_mean w))) losses", weight)
    assert [type(each) for each in found] == [float]
