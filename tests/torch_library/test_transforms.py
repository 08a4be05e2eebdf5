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
]


def session() -> Session:
    made = Session()
    made.namespace.update(x=X[0], rows=X)
    made.evaluate("(defun f (x) (tensor_matmul (* x x) (torch_relu x)))")
    return made


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_transforms_nest_as_in_python(source: str, expected: torch.Tensor) -> None:
    assert torch.equal(session().evaluate(source), expected)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("(torch_vmap 3)", "Error: torch_vmap: the first argument must be a function, not the integer 3"),
        ("((torch_grad (λ (y) 3)) x)", "Error: torch_grad: the function must give a tensor"),
        ("((torch_grad (λ (y) y)) x)", "Error in torch_grad: "),
    ],
)
def test_what_has_no_derivative_is_refused(source: str, text: str) -> None:
    with pytest.raises(LispeError) as caught:
        session().evaluate(source)
    assert caught.value.text.startswith(text)
