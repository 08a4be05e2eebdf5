"""Tensors made from lists, filled, or drawn at random, and turned back into lists and numbers.

Registers the tensor as a kind of value. Random numbers come from torch's own generator, so that
`torch_manual_seed` fixes them.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, register_kind
from lispe_kernel.language.python.border import same_as
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.typed.lists import Integers
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import tensor_function, torch_function
from lispe_kernel.torch_library.tensors import conversions
from lispe_kernel.torch_library.tensors.parts import fitting
from lispe_kernel.torch_library.tensors.text import tensor_text

same_as(torch.Tensor, torch.nn.Parameter)
register_kind(torch.Tensor, "torch_tensor_", lambda tensor, _show: tensor_text(tensor))


@torch_function("torch_tensor", "tensor_create", "torch_tensor_create", prefix="Error: ")
def tensor(thedata: Any) -> torch.Tensor:
    """A tensor with the numbers of a list: integers -> int64, floats -> float32, numbers -> float64.

    shorts give int16, LispE's matrices and tensors keep their shape; a nested generic list gives int64 if
    all its numbers are integers, else float32; a number alone a tensor without dimensions, of int64 or
    float32. A tensor is returned as it is. Lists are always copied.

    Example: (tensor_to_list (tensor_create (list (list 1 2) (list 3 4)))) => ((1 2) (3 4))
    Example: (tensor_item (torch_tensor 5)) => 5
    Errors: `Error: Unsupported type for tensor conversion`
    Source: torch API 3.1
    """
    return conversions.as_tensor(thedata)


@tensor_function("zeros")
def zeros(shape: Any) -> torch.Tensor:
    """A float32 tensor of zeros; the shape is a list of integers.

    Example: (tensor_to_list (tensor_zeros (integers 2 3))) => ((0 0 0) (0 0 0))
    Errors: `Error: shape must be a list of integers`
    Source: torch API 6.1
    """
    return torch.zeros(arguments.shape(shape))


@tensor_function("ones")
def ones(shape: Any) -> torch.Tensor:
    """A float32 tensor of ones; the shape is a list of integers.

    Example: (tensor_sum (tensor_ones (integers 2 3))) => 6
    Errors: `Error: shape must be a list of integers`
    Source: torch API 6.1
    """
    return torch.ones(arguments.shape(shape))


@tensor_function("full", prefix="Error in torch_full: ")
def full(shape: Any, value: Any) -> torch.Tensor:
    """A float32 tensor filled with a number, also when the number is an integer.

    Example: (tensor_to_list (tensor_full (integers 2) 7)) => (7 7)
    Errors: `Error: shape must be a list of integers`
    Source: torch API 6.1
    """
    number = float(arguments.constant("tensor_full", 2, value))
    return torch.full(arguments.shape(shape), number, dtype=torch.float32)


@tensor_function("full_like", prefix="Error creating tensor_full_like: ")
def full_like(tensor: Any, fill_value: Any) -> torch.Tensor:
    """A tensor filled with a number that has the shape, dtype and device of another tensor.

    Example: (tensor_to_list (tensor_full_like (tensor_create (integers 1 2)) 5)) => (5 5)
    Errors: `Error: First argument must be a tensor`; a fraction for integers
    Source: torch API 6.1
    """
    like = arguments.tensor(tensor, arguments.FIRST)
    name = "tensor_full_like"
    return torch.full_like(like, fitting(name, like, arguments.constant(name, 2, fill_value)))


@tensor_function("rand")
def rand(shape: Any) -> torch.Tensor:
    """A float32 tensor of random numbers, uniform in [0, 1).

    Example: (tensor_shape (tensor_rand (integers 2 3))) => (2 3)
    Errors: `Error: shape must be a list of integers`
    Source: torch API 6.1
    """
    return torch.rand(arguments.shape(shape))


@tensor_function("randn")
def randn(shape: Any) -> torch.Tensor:
    """A float32 tensor of random numbers, normal with mean 0 and deviation 1.

    Example: (tensor_shape (tensor_randn (integers 2 3))) => (2 3)
    Errors: `Error: shape must be a list of integers`
    Source: torch API 6.1
    """
    return torch.randn(arguments.shape(shape))


@tensor_function("randint")
def randint(low: Any, high: Any, shape: Any) -> torch.Tensor:
    """An int64 tensor of random integers from `low` up to `high`, which is excluded.

    Example: (tensor_to_list (tensor_randint 3 4 (integers 2))) => (3 3)
    Errors: `Error: shape must be a list of integers`; `low` must be below `high`
    Source: torch API 6.1
    """
    bounds = "Error: tensor_randint: low and high must be integers"
    first, last = arguments.integer(low, bounds), arguments.integer(high, bounds)
    return torch.randint(first, last, arguments.shape(shape))


@torch_function("torch_manual_seed")
def manual_seed(seed: Any) -> Atom:
    """Fix all later random numbers of torch: the same seed gives the same tensors and modules. True.

    `random`, `shuffle` and the other functions of LispE draw from generators of their own: `random_seed`.

    Example: (torch_manual_seed 42) => true
    Errors: the seed must be an integer
    """
    torch.manual_seed(arguments.integer(seed, "Error: torch_manual_seed: the seed must be an integer"))
    return TRUE


@tensor_function("item")
def item(tensor: Any) -> Any:
    """The number in a tensor that has exactly one element, of any shape; a boolean gives true or nil.

    Example: (tensor_item (tensor_create (floats 2.5))) => 2.5
    Errors: `Error: Argument must be a tensor`,
    `Error: tensor must contain exactly one element, but has N elements`
    Source: torch API 3.2
    """
    value = arguments.tensor(tensor)
    if value.numel() != 1:
        raise LispeError(f"Error: tensor must contain exactly one element, but has {value.numel()} elements")
    return conversions.scalar(value)


@tensor_function("to_list", "torch_to_lispe", "torch_tensor_to_lispe")
def to_list(tensor: Any) -> Any:
    """The numbers of a tensor: one number for 0 dimensions, a typed list, a matrix for two, else a tensor.

    float32 and bfloat16 give floats, float64 numbers, int64 and int32 integers, int16 and int8 shorts.

    Example: (tensor_to_list (tensor_create (integers 1 2 3))) => (1 2 3)
    Errors: `Error: Argument must be a tensor`, `Error: Unsupported tensor dtype` for booleans, half, uint8
    Source: torch API 3.2
    """
    return conversions.to_list(arguments.tensor(tensor))


@tensor_function("shape", "tensor_size", "torch_size", "torch_tensor_size")
def shape(tensor: Any) -> Integers:
    """The sizes of the dimensions. The number of elements is `(size t)`.

    Example: (tensor_shape (tensor_zeros (integers 2 3))) => (2 3)
    Errors: `Error: Argument must be a tensor`
    Source: torch API 3.2
    """
    return Integers(list(arguments.tensor(tensor).shape))


DTYPES = {
    "float32": torch.float32,
    "float": torch.float32,
    "float64": torch.float64,
    "double": torch.float64,
    "float16": torch.float16,
    "half": torch.float16,
    "bfloat16": torch.bfloat16,
    "int64": torch.int64,
    "long": torch.int64,
    "int32": torch.int32,
    "int": torch.int32,
    "int16": torch.int16,
    "short": torch.int16,
    "int8": torch.int8,
    "uint8": torch.uint8,
    "bool": torch.bool,
}


@tensor_function("to_dtype")
def to_dtype(tensor: Any, dtype: str) -> torch.Tensor:
    """The tensor with its numbers of another kind: `float32`, `float64`, `int64`, `bool` ...

    Example: (tensor_to_list (tensor_to_dtype (tensor_create (floats 1.9)) "int64")) => (1)
    Errors: `Error: First argument must be a tensor`; an unknown dtype names those there are
    Source: torch API 20 (named in prose)
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    kind = DTYPES.get(dtype) if isinstance(dtype, str) else None
    if kind is None:
        given = f"'{dtype}'" if isinstance(dtype, str) else describe(dtype)
        raise LispeError(
            f"Error: tensor_to_dtype: unknown dtype {given}, expected one of {', '.join(DTYPES)}"
        )
    return value.to(kind)


@tensor_function("dtype", returns="text")
def dtype(tensor: Any) -> str:
    """The kind of number in a tensor, as `float32`.

    Example: (tensor_dtype (tensor_create (integers 1))) => int64
    Errors: `Error: Argument must be a tensor`
    Source: torch API 20 (named in prose)
    """
    return str(arguments.tensor(tensor).dtype).removeprefix("torch.")
