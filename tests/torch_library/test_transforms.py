"""Functions made of LispE functions, against torch.func on the same functions in Python."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import func

from lispe_kernel.language.errors import LispeError
from lispe_kernel.session import Session


def cubes(x: torch.Tensor) -> torch.Tensor:
    """The sum of the cubes of the positive numbers."""
    return torch.matmul(x * x, torch.relu(x))


def summed(x: torch.Tensor) -> torch.Tensor:
    return x.sum() * torch.exp(x.sum())


X = torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -3.0]])
CASES: list[tuple[str, Any]] = [
    ("((torch_grad f) x)", func.grad(cubes)(X[0])),
    ("((torch_vmap f) rows)", func.vmap(cubes)(X)),
    ("((torch_vmap (torch_grad f)) rows)", func.vmap(func.grad(cubes))(X)),
    ("(torch_hessian f x)", func.hessian(cubes)(X[0])),
    ("(torch_jacobian (torch_grad f) x)", func.jacrev(func.grad(cubes))(X[0])),
    (
        "((torch_grad (λ (y) (tensor_matmul ((torch_grad f) y) y))) x)",
        func.grad(lambda y: func.grad(cubes)(y) @ y)(X[0]),
    ),
    # What is one number elsewhere stays a tensor here, or its terms would be constants.
    ("((torch_grad (λ (y) (* (tensor_sum y) (torch_exp (tensor_sum y))))) x)", func.grad(summed)(X[0])),
    ("((torch_grad (λ (y) (* (@ y 0) (tensor_sum y)))) x)", func.grad(lambda y: y[0] * y.sum())(X[0])),
    ("(torch_jacobian (λ (y) (* y (@ y 0))) x)", func.jacrev(lambda y: y * y[0])(X[0])),
    (
        "(torch_hessian (λ (y) (* (@ y 0) (tensor_sum (* y y)))) x)",
        func.hessian(lambda y: y[0] * (y * y).sum())(X[0]),
    ),
    (
        "((torch_grad (λ (y) (setq s 0) (loop e y (+= s (* e e))) (+ s (tensor_sum y)))) x)",
        func.grad(lambda y: (y * y).sum() + y.sum())(X[0]),
    ),
    ("((torch_vmap (λ (y) (tensor_mean y))) rows)", func.vmap(torch.mean)(X)),
    ("((torch_vmap (torch_grad (λ (y) (tensor_sum (* y y))))) rows)", 2 * X),
]


def session() -> Session:
    made = Session()
    made.namespace.update(x=X[0], rows=X)
    made.evaluate("(defun f (x) (tensor_matmul (* x x) (torch_relu x)))")
    return made


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_transforms_nest_as_in_python(source: str, expected: torch.Tensor) -> None:
    assert torch.equal(session().evaluate(source), expected)


TRACED = "Error: a tensor of a function that is transformed has no numbers of its own"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("(torch_vmap 3)", "Error: torch_vmap: the first argument must be a function, not the integer 3"),
        ("((torch_grad (λ (y) 3)) x)", "Error: torch_grad: the function must give a tensor"),
        ("((torch_grad (λ (y) y)) x)", "Error in torch_grad: "),
        ("((torch_grad (λ (y) (* (tensor_sum y) (exp (tensor_sum y))))) x)", "Error: exp: "),
        ("((torch_grad (λ (y) (* (tensor_sum y) (sum (floats (tensor_sum y)))))) x)", TRACED),
        ("((torch_grad (λ (y) (tensor_sum (tensor_create (list (tensor_sum y) 2))))) x)", TRACED),
        ("((torch_vmap (λ (y) (tensor_item (tensor_sum y)))) rows)", TRACED),
    ],
)
def test_what_has_no_derivative_is_refused(source: str, text: str) -> None:
    with pytest.raises(LispeError) as caught:
        session().evaluate(source)
    assert caught.value.text.startswith(text)
