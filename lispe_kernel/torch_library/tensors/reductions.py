"""Reductions: one number, or one tensor with a dimension less, from a tensor.

The sums, means and extremes of a whole tensor are LispE numbers, which in a loss keep their gradient; the
losses of `training` and the reductions along a dimension stay tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import tensor_function, torch_function
from lispe_kernel.torch_library.support.tracked import number_of


def _deviation(tensor: torch.Tensor) -> torch.Tensor:
    # PyTorch gives nan here too, with a warning for the program's author that would reach LispE's user.
    alone = tensor.numel() < 2 and tensor.is_floating_point()
    return tensor.new_tensor(float("nan")) if alone else torch.std(tensor)


# Name, operation, meaning, the answer for 1 2 3.
NUMBERS: tuple[tuple[str, Callable[[torch.Tensor], torch.Tensor], str, str], ...] = (
    ("sum", torch.sum, "The sum of all elements", "6"),
    ("mean", torch.mean, "The mean of all elements (of a tensor of fractions, not of integers)", "2"),
    ("std", _deviation, "The standard deviation, divided by n-1; nan for one element", "1"),
    ("max", torch.max, "The largest element", "3"),
    ("min", torch.min, "The smallest element", "1"),
    ("norm", torch.linalg.vector_norm, "The square root of the sum of squares", "3.74166"),
)


def _number(name: str, operation: Callable[[torch.Tensor], torch.Tensor], meaning: str, answer: str) -> None:
    def reduce(tensor: Any) -> complex | torch.Tensor:
        return number_of(operation(arguments.tensor(tensor)))

    reduce.__doc__ = f"""{meaning}, as a LispE number; an integer beyond 2^53 as an integer.

    Of a tensor that leads back to parameters it carries the gradient on, so that it may be part of a loss;
    `(tensor_item ...)` of it is the plain number, to be kept in a list of losses.

    Example: (tensor_{name} (tensor_create (floats 1 2 3))) => {answer}
    Errors: `Error: Argument must be a tensor`, `Error computing tensor {name}: ...`
    Source: torch API 6.4
    """
    # No `returns`: the compiler would compute with what remembers its tensor as with a plain number.
    tensor_function(name, prefix=f"Error computing tensor {name}: ")(reduce)


for _row in NUMBERS:
    _number(*_row)


@tensor_function("numel", returns="number")
def numel(tensor: Any) -> int:
    """The number of elements, as `(size t)`.

    Example: (tensor_numel (tensor_zeros (integers 2 3))) => 6
    Errors: `Error: Argument must be a tensor`
    Source: torch API 20 (named in prose)
    """
    return arguments.tensor(tensor).numel()


@tensor_function("mean_dim", prefix="Error computing tensor mean along dimension: ")
def mean_dim(tensor: Any, dim: Any) -> torch.Tensor:
    """The means along a dimension, which disappears from the shape.

    Example: (tensor_to_list (tensor_mean_dim (tensor_create '((1.0 2) (3 4))) 0)) => (2 3)
    Errors: `Error: First argument must be a tensor`, `Error: dim must be an integer`
    Source: torch API 6.4
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    return value.mean(arguments.integer(dim, arguments.DIM))


@tensor_function("argmax")
def argmax(tensor: Any, dim: Any, keepdim: Any = TRUE) -> torch.Tensor:
    """Where the largest element is along a dimension, which stays with size 1 unless `keepdim` is nil.

    Classes to compare with labels [N] are `(tensor_argmax logits -1 nil)`: without nil they are [N,1].
    With dim nil: the place of the largest element of the flattened tensor, 0-dimensional.

    Example: (tensor_to_list (tensor_argmax (tensor_create (floats 3 9 2)) -1)) => (1)
    Errors: `Error: First argument must be a tensor`, `Error: dim must be an integer`
    Source: torch API 6.4
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    if dim is None:
        return value.argmax()
    return value.argmax(arguments.integer(dim, arguments.DIM), keepdim=bool(keepdim))


@tensor_function("cumsum")
def cumsum(tensor: Any, dim: Any) -> torch.Tensor:
    """The running sums along a dimension.

    Example: (tensor_to_list (tensor_cumsum (tensor_create (integers 1 2 3)) 0)) => (1 3 6)
    Errors: `Error: First argument must be a tensor`, `Error: dim must be an integer`
    Source: torch API 6.2
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    return torch.cumsum(value, arguments.integer(dim, arguments.DIM))


NO_TENSOR = "First argument must be a torch tensor"


@torch_function("torch_topk", "tensor_topk", "torch_tensor_topk")
def topk(tensor: Any, k: Any, dim: Any = -1, largest: Any = TRUE) -> List:
    """The k largest elements along a dimension and where they are: a list (values indices), sorted.

    `largest` 0 asks for the smallest. A nil argument stands for its default.

    Example: (tensor_to_list (car (torch_topk (tensor_create (floats 1 9 5)) 2))) => (9 5)
    Errors: `First argument must be a torch tensor`
    Source: torch API 13.3
    """
    value = arguments.tensor(tensor, NO_TENSOR)
    count = arguments.integer(k, "Error: torch_topk: k must be an integer")
    axis = -1 if dim is None else arguments.integer(dim, arguments.DIM)
    return List(torch.topk(value, count, axis, largest is None or bool(largest)))


@torch_function("torch_sort", "tensor_sort", "torch_tensor_sort")
def sort(tensor: Any, dim: Any = -1, descending: Any = None) -> List:
    """The elements in order along a dimension and where they were: a list (values indices).

    `true` in the place of the dimension means descending, along the last one, as programs write it.

    Example: (tensor_to_list (car (torch_sort (tensor_create (floats 3 1 2)) true))) => (3 2 1)
    Example: (tensor_to_list (car (torch_sort (tensor_create (floats 3 1 2))))) => (1 2 3)
    Errors: `First argument must be a torch tensor`
    Source: torch API 13.3
    """
    value = arguments.tensor(tensor, NO_TENSOR)
    if dim is TRUE and descending is None:
        dim, descending = None, TRUE
    axis = -1 if dim is None else arguments.integer(dim, arguments.DIM)
    return List(torch.sort(value, dim=axis, descending=bool(descending), stable=True))


@torch_function("torch_multinomial", "tensor_multinomial", "torch_tensor_multinomial")
def multinomial(probs: Any, num_samples: Any, replacement: Any = None) -> torch.Tensor:
    """Indices drawn at random in proportion to the numbers, which need not add up to 1.

    Example: (tensor_item (torch_multinomial (tensor_create (floats 0 0 1)) 1)) => 2
    Errors: `First argument must be a torch tensor`; without replacement at most as many samples as
    there are numbers above 0
    Source: torch API 13.3
    """
    value = arguments.tensor(probs, NO_TENSOR)
    count = arguments.integer(num_samples, "Error: torch_multinomial: num_samples must be an integer")
    return torch.multinomial(value, count, bool(replacement))
