"""Functions made of functions: batches, Jacobians, Hessians, over torch.func. Nothing here computes itself.

What is given may be a function of LispE, a lambda or a module; what comes is a function that can be given
again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.torch_library.support.guard import guarded, torch_function
from lispe_kernel.torch_library.support.tracked import TensorNumber


def is_function(value: Any) -> bool:
    """Whether a value is something to transform. A list can be called, too, as code, but is a value here."""
    return callable(value) and not isinstance(value, list)


def of_tensors(name: str, function: Any) -> Callable[..., Any]:
    """A function whose result is a tensor, as torch.func needs it. Errors: for what cannot be called."""
    if not is_function(function):
        raise wrong_argument(name, 1, "a function", function)

    def call(*values: Any) -> Any:
        found = function(*values)
        found = found.tensor if isinstance(found, TensorNumber) else found
        if isinstance(found, torch.Tensor):
            return found
        raise LispeError(f"Error: {name}: the function must give a tensor")

    return call


def transformed(name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]], function: Any) -> Any:
    """What torch.func makes of a function; torch's exceptions become LispE's errors."""
    made = make(of_tensors(name, function))

    def call(*values: Any) -> Any:
        return made(*values)

    return guarded(call, name, f"Error in {name}: ")


@torch_function("torch_vmap")
def vmap(function: Any) -> Any:
    """A function that does for each entry along the first axis of its arguments what `function` does for one.

    Example: (tensor_to_list ((torch_vmap (λ (x) (tensor_matmul x x))) (tensor_ones '(2 3)))) => (3 3)
    Errors: the first argument must be a function; the function must give a tensor
    """
    return transformed("torch_vmap", torch.func.vmap, function)


@torch_function("torch_jacobian")
def jacobian(function: Any, at: Any) -> torch.Tensor:
    """The derivatives of each number that `function` gives by each number of the tensor it is given.

    Example: (tensor_to_list (torch_jacobian (λ (x) (* x x)) (tensor_create (floats 1 2)))) => ((2 0) (0 4))
    Errors: the first argument must be a function; the function must give a tensor
    """
    found: torch.Tensor = transformed("torch_jacobian", torch.func.jacrev, function)(at)
    return found


@torch_function("torch_hessian")
def hessian(function: Any, at: Any) -> torch.Tensor:
    """The second derivatives of the one number that `function` gives, by each two numbers of its tensor.

    Example: (tensor_to_list (torch_hessian (λ (x) (tensor_matmul x x)) (tensor_ones '(2)))) => ((2 0) (0 2))
    Errors: the first argument must be a function; the function must give a tensor
    """
    found: torch.Tensor = transformed("torch_hessian", torch.func.hessian, function)(at)
    return found
