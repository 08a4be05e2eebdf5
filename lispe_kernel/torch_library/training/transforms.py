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
from lispe_kernel.torch_library.support.wording import kind_of


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
        given = _given(name, values)
        try:
            return made(*given)
        except (RuntimeError, ValueError, LispeError) as error:
            raise _in_words(name, error) from error

    return guarded(call, name, f"Error in {name}: ")


def _given(name: str, values: tuple[Any, ...]) -> list[Any]:
    """The arguments of a transformed function: tensors where torch.func takes nothing else."""
    if not values:
        raise LispeError(f"Error: {name}: the function needs an argument, a tensor")
    found = [value.tensor if isinstance(value, TensorNumber) else value for value in values]
    checked = found if name == "torch_vmap" else found[:1]
    for place, value in enumerate(checked, 1):
        if not isinstance(value, torch.Tensor):
            raise wrong_argument(name, place, "a tensor", value)
    if name != "torch_vmap" and not (found[0].is_floating_point() or found[0].is_complex()):
        raise LispeError(
            f"Error: {name}: {kind_of(found[0])} has no derivatives; tensor_to_dtype makes fractions of it"
        )
    return found


# What torch.func says (a part of it), and what is said here.
_WORDS = (
    ("to return a scalar", "the function must give one number; torch_jacobian takes one that gives several"),
    (
        "data-dependent control flow",
        "a condition cannot ask the numbers of a batch; tensor_where chooses by each",
    ),
    ("in the mapped dimension", "the arguments have first axes of different lengths"),
    ("at least one dimension", "a tensor without axes has nothing to go through"),
    ("called random operation", "random numbers cannot be drawn inside; draw them before and pass them"),
)


def _in_words(name: str, error: Exception) -> Exception:
    text = str(error)
    found = next((said for part, said in _WORDS if part in text), "")
    return LispeError(f"Error in {name}: {found}") if found else error


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
    """The second derivatives of what `function` gives, by each two numbers of its tensor.

    For a function that gives several numbers, those of each: its axes come first, as in `torch.func.hessian`.

    Example: (tensor_to_list (torch_hessian (λ (x) (tensor_matmul x x)) (tensor_ones '(2)))) => ((2 0) (0 2))
    Errors: the first argument must be a function; the function must give a tensor
    """
    found: torch.Tensor = transformed("torch_hessian", torch.func.hessian, function)(at)
    return found
