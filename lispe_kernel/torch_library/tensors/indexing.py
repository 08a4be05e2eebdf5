"""Parts of a tensor by one place a dimension, as PyTorch's brackets and libtorch's `index` take them.

What may stand for a place is listed: anything else is refused, PyTorch would read it in its own way.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import tensor_function
from lispe_kernel.torch_library.support.wording import kind_of
from lispe_kernel.torch_library.tensors import conversions

PLACE = 'an integer, a range such as (1 3), (), nil for a new axis, "..." or a tensor'


def _place(value: Any) -> Any:
    """What PyTorch's brackets are given for a place."""
    if value is None or value is ... or isinstance(value, torch.Tensor):
        return value
    if type(value) is slice:
        return _range([value.start, value.stop, value.step])
    if value == "...":
        return ...
    if isinstance(value, list) and len(value) != 1:
        return _range(value)
    return arguments.integer(value, f"Error: the place in a tensor must be {PLACE}")


def _range(value: list[Any]) -> slice:
    """`()` is the whole dimension, `(first last)` stops before `last`, a step leaves some out."""
    if len(value) > 3:
        raise LispeError(f"Error: a range has a first, a last and perhaps a step, not {describe(value)}")
    text = "Error: a range is made of integers and nil"
    ends = [None if end is None else arguments.integer(end, text) for end in value]
    if len(ends) == 3 and ends[2] is not None and ends[2] < 1:
        raise LispeError(f"Error: the step of a range must be positive, not {ends[2]}")
    return slice(*ends) if ends else slice(None)


@tensor_function("index")
def index(tensor: Any, *places: Any) -> torch.Tensor:
    """The part of a tensor at a place a dimension: `(tensor_index t '() '(1 3) nil)` is `t[:, 1:3, None]`.

    A place is an integer (the dimension disappears), a range `'(first last)` or `'(first last step)`, whose
    ends may be nil, also as `(: first last)`, `'()` for all, nil for a new axis, `"..."` for the dimensions
    in between, or a tensor: a mask, or integers that pick. `(@ t (:) (: 1 3) nil)` does the
    same. Without such tensors the answer shares the memory, as in PyTorch.

    Example: (tensor_to_list (tensor_index (tensor_create '((1 2 3) (4 5 6))) '() '(1 3))) => ((2 3) (5 6))
    Example: (tensor_shape (tensor_index (tensor_zeros '(2 4)) '() '(1 3) nil)) => (2 2 1)
    Example: (setq t (tensor_create '(1 -2 3))) (tensor_to_list (tensor_index t (> t 0))) => (1 3)
    Errors: `Error: First argument must be a tensor`, `Error: the place in a tensor must be ...`
    """
    return arguments.tensor(tensor, arguments.FIRST)[tuple(map(_place, places))]


@tensor_function("index_put")
def index_put(tensor: Any, value: Any, *places: Any) -> torch.Tensor:
    """Write a number or a tensor into the part of a tensor at some places; gives the tensor.

    The places are those of `tensor_index`. The tensor itself changes.

    Example: (tensor_to_list (tensor_index_put (tensor_zeros '(2 3)) 7 '() '(1 3))) => ((0 7 7) (0 7 7))
    Errors: `Error: First argument must be a tensor`, `Error: the place in a tensor must be ...`; a value
    of another shape, or with a fraction in a tensor of integers; a trained tensor outside of `torch_no_grad`
    """
    changed = arguments.tensor(tensor, arguments.FIRST)
    given = conversions.as_tensor(value)
    if given.is_floating_point() and not (changed.is_floating_point() or changed.is_complex()):
        raise LispeError(
            f"Error: {describe(value)} would lose its fraction in a tensor of {kind_of(changed)}"
        )
    changed[tuple(map(_place, places))] = given
    return changed
