"""Arithmetic on tensors: element by element, products of matrices, softmax and the like.

Every function returns a new tensor that keeps its part in the gradient; none changes its argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import tensor_function

Operation = Callable[..., torch.Tensor]

# Name, operation, meaning, and an argument with its answer.
ELEMENTWISE: tuple[tuple[str, Operation, str, str, str], ...] = (
    ("neg", torch.neg, "Minus each element", "2", "-2"),
    ("reciprocal", torch.reciprocal, "One divided by each element", "4", "0.25"),
    ("abs", torch.abs, "Each element without its sign", "-2", "2"),
    ("sqrt", torch.sqrt, "The square root of each element", "9", "3"),
    ("rsqrt", torch.rsqrt, "One divided by the square root of each element", "4", "0.5"),
    ("exp", torch.exp, "e raised to each element", "0", "1"),
    ("log", torch.log, "The natural logarithm of each element", "1", "0"),
    ("log10", torch.log10, "The decimal logarithm of each element", "1000", "3"),
    ("log2", torch.log2, "The binary logarithm of each element", "8", "3"),
    ("sin", torch.sin, "The sine of each element, in radians", "1", "0.841471"),
    ("cos", torch.cos, "The cosine of each element, in radians", "1", "0.540302"),
    ("tan", torch.tan, "The tangent of each element, in radians", "1", "1.55741"),
    ("asin", torch.asin, "The arc sine of each element, in radians", "1", "1.5708"),
    ("acos", torch.acos, "The arc cosine of each element, in radians", "1", "0"),
    ("atan", torch.atan, "The arc tangent of each element, in radians", "1", "0.785398"),
    ("sinh", torch.sinh, "The hyperbolic sine of each element", "1", "1.1752"),
    ("cosh", torch.cosh, "The hyperbolic cosine of each element", "0", "1"),
    ("tanh", torch.tanh, "The hyperbolic tangent of each element", "1", "0.761594"),
    ("floor", torch.floor, "The largest integer not above each element", "-1.5", "-2"),
    ("ceil", torch.ceil, "The smallest integer not below each element", "-1.5", "-1"),
    ("relu", torch.relu, "Each element, or 0 where it is negative", "-3", "0"),
    ("sigmoid", torch.sigmoid, "1/(1 + exp(-x)) of each element", "2", "0.880797"),
    ("gelu", torch.nn.functional.gelu, "The exact GELU (with erf) of each element", "1", "0.841345"),
    ("silu", torch.nn.functional.silu, "x·sigmoid(x) of each element", "1", "0.731059"),
)

# Name, operation, sign, an example's answer for 6 and 2.
BINARY: tuple[tuple[str, Operation, str, str], ...] = (
    ("add", torch.add, "Sums", "8"),
    ("sub", torch.sub, "Differences", "4"),
    ("mul", torch.mul, "Products", "12"),
    ("div", torch.div, "Quotients (never truncated)", "3"),
)

COMPARED: tuple[tuple[str, Operation, str, str], ...] = (
    ("ge", torch.ge, "at least", "true"),
    ("gt", torch.gt, "more than", "true"),
    ("le", torch.le, "at most", "nil"),
    ("lt", torch.lt, "less than", "nil"),
    ("eq", torch.eq, "equal to", "nil"),
    ("ne", torch.ne, "different from", "true"),
)


def _elementwise(name: str, operation: Operation, meaning: str, sample: str, answer: str) -> None:
    def apply(tensor: Any) -> torch.Tensor:
        return operation(arguments.tensor(tensor))

    apply.__doc__ = f"""{meaning}, as a new tensor; integers become float32 where fractions arise.

    Example: (tensor_item (tensor_{name} (tensor_create (floats {sample})))) => {answer}
    Errors: `Error: Argument must be a tensor`; outside the function's domain the answer is nan or inf
    Source: torch API 6.3
    """
    tensor_function(name, prefix=f"Error computing tensor {name}: ")(apply)


@tensor_function("round", prefix="Error computing tensor round: ")
def tensor_round(tensor: Any, decimals: Any = 0) -> torch.Tensor:
    """The nearest number with so many decimals to each element, halves to even; without them an integer.

    Fewer than 0 decimals round to tens, hundreds ... Integers are what they are; decimals they do not take.

    Example: (tensor_item (tensor_round (tensor_create (floats 2.5)))) => 2
    Example: (tensor_item (tensor_round (tensor_create (floats 2.347)) 2)) => 2.35
    Errors: `Error: Argument must be a tensor`, and anything but an integer for the decimals
    Source: torch API 6.3
    """
    value = arguments.tensor(tensor)
    places = 0 if decimals is None else arguments.integer(decimals, "Error: decimals must be an integer")
    return torch.round(value) if places == 0 else torch.round(value, decimals=places)


def _binary(name: str, operation: Operation, meaning: str, answer: str) -> None:
    def apply(tensor1: Any, tensor2: Any) -> torch.Tensor:
        first = arguments.tensor(tensor1, arguments.BOTH)
        return operation(first, arguments.tensor(tensor2, arguments.BOTH))

    apply.__doc__ = f"""{meaning} of two tensors, element by element with broadcasting.

    Example: (tensor_item (tensor_{name} (tensor_create (floats 6)) (tensor_create (floats 2)))) => {answer}
    Errors: `Error: Both arguments must be tensors`; shapes that do not fit are both named
    Source: torch API 6.2
    """
    tensor_function(name, prefix="Error: ")(apply)


def _compared(name: str, operation: Operation, meaning: str, answer: str) -> None:
    def apply(tensor: Any, other: Any) -> torch.Tensor:
        first = arguments.tensor(tensor, arguments.FIRST)
        return operation(first, other if isinstance(other, torch.Tensor) else _plain_number(other))

    apply.__doc__ = f"""A boolean tensor: where the elements are {meaning} the other tensor's, or a number.

    Example: (tensor_item (tensor_{name} (tensor_create (floats 6)) 2)) => {answer}
    Errors: `Error: First argument must be a tensor`
    Source: torch API 20 (torch_ge is named in prose, the others are ours)
    """
    tensor_function(name)(apply)


def _plain_number(value: Any) -> int | float:
    if isinstance(value, int | float):
        return value
    raise LispeError(f"Error: expected a number or a tensor, not {describe(value)}")


for _row in ELEMENTWISE:
    _elementwise(*_row)
for _line in BINARY:
    _binary(*_line)
for _line in COMPARED:
    _compared(*_line)


def _fraction(function: str, value: Any) -> float | torch.Tensor:
    """A number as one with fractions; the tensor of one that has a gradient."""
    found = arguments.term(function, 2, value)
    return found if isinstance(found, torch.Tensor) else float(found)


@tensor_function("mul_scalar")
def mul_scalar(tensor: Any, scalar: Any) -> torch.Tensor:
    """The tensor times a number; integers become float32.

    Example: (tensor_to_list (tensor_mul_scalar (tensor_create (floats 1 2)) 3)) => (3 6)
    Errors: `Error: First argument must be a tensor`
    Source: torch API 6.2
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    return value * _fraction("tensor_mul_scalar", scalar)


@tensor_function("add_scalar")
def add_scalar(tensor: Any, scalar: Any) -> torch.Tensor:
    """The tensor plus a number; integers become float32.

    Example: (tensor_to_list (tensor_add_scalar (tensor_create (floats 1 2)) 3)) => (4 5)
    Errors: `Error: First argument must be a tensor`
    Source: torch API 6.2
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    return value + _fraction("tensor_add_scalar", scalar)


@tensor_function("div_scalar")
def div_scalar(tensor: Any, scalar: Any) -> torch.Tensor:
    """The tensor divided by a number; integers become float32.

    Example: (tensor_to_list (tensor_div_scalar (tensor_create (floats 1 2)) 2)) => (0.5 1)
    Errors: `Error: First argument must be a tensor`, `Error: Division by zero`
    Source: torch API 6.2
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    divisor = _fraction("tensor_div_scalar", scalar)
    if divisor == 0:
        raise LispeError("Error: Division by zero")
    return value / divisor


@tensor_function("pow", prefix="Error computing tensor power: ")
def power(tensor: Any, exponent: Any) -> torch.Tensor:
    """Each element raised to an exponent: a number, or a tensor of exponents.

    Example: (tensor_to_list (tensor_pow (tensor_create (floats 2 3)) 2)) => (4 9)
    Errors: `Error: First argument must be a tensor`, `Error: Exponent must be a scalar or tensor`
    Source: torch API 6.2
    """
    base = arguments.tensor(tensor, arguments.FIRST)
    if not isinstance(exponent, int | float | torch.Tensor):
        raise arguments.instead("Error: Exponent must be a scalar or tensor", exponent)
    return base.pow(exponent)


@tensor_function("matmul")
def matmul(tensor1: Any, tensor2: Any) -> torch.Tensor:
    """The product of two matrices, of a matrix and a vector, of two vectors, or of batches of them.

    Example: (tensor_to_list (tensor_matmul (tensor_create '((1 2) (3 4))) (tensor_create '(1 1)))) => (3 7)
    Errors: `Error: Both arguments must be tensors`; shapes that do not fit are both named
    Source: torch API 6.2
    """
    return torch.matmul(*(arguments.tensor(value, arguments.BOTH) for value in (tensor1, tensor2)))


# `torch_linear` is the layer, so this one has a single alias.
@tensor_function("linear", torch_alias=False)
def linear(tensor1: Any, tensor2: Any) -> torch.Tensor:
    """x·Wᵀ without bias: x [..., in] and W [out, in] -> [..., out].

    Example: (tensor_to_list (tensor_linear (tensor_create '(1 2)) (tensor_create '((1 2) (3 4))))) => (5 11)
    Errors: `Error: Both arguments must be tensors`
    Source: torch API 6.2
    """
    x, weight = (arguments.tensor(value, arguments.BOTH) for value in (tensor1, tensor2))
    return torch.nn.functional.linear(x, weight)


@tensor_function("einsum")
def einsum(indices: str, tensors: Any) -> torch.Tensor:
    """Einstein's sum: a string of subscripts and a list of tensors.

    Example: (tensor_item (tensor_einsum "i,i->" (list (tensor_create '(1 2)) (tensor_create '(3 4))))) => 11
    Errors: `Error: second argument must be a list of tensors`, `Error: tensor list cannot be empty`,
    `Error: all elements in the list must be tensors`
    Source: torch API 6.2
    """
    if not isinstance(indices, str):
        raise arguments.instead("Error: first argument must be a string of subscripts", indices)
    found = arguments.tensors(
        tensors,
        "Error: second argument must be a list of tensors",
        "Error: all elements in the list must be tensors",
    )
    if not found:
        raise LispeError("Error: tensor list cannot be empty")
    return torch.einsum(indices, *found)


@tensor_function("clamp")
def clamp(tensor: Any, min_val: Any = None, max_val: Any = None) -> torch.Tensor:
    """Each element moved into [min_val, max_val]; nil leaves a side open.

    Example: (tensor_to_list (tensor_clamp (tensor_create (floats -2 0 5)) nil 1)) => (-2 0 1)
    Errors: `Error: First argument must be a tensor`,
    `Error: At least one of min_val or max_val must be provided`
    Source: torch API 6.2
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    if min_val is None and max_val is None:
        raise LispeError("Error: At least one of min_val or max_val must be provided")
    bounds: list[Any] = [
        None if bound is None else arguments.term("tensor_clamp", place, bound)
        for place, bound in enumerate((min_val, max_val), 2)
    ]
    if any(isinstance(bound, torch.Tensor) for bound in bounds):
        # PyTorch takes two numbers or two tensors.
        bounds = [None if bound is None else torch.as_tensor(bound, device=value.device) for bound in bounds]
    return torch.clamp(value, *bounds)


@tensor_function("softmax")
def softmax(tensor: Any, dim: Any) -> torch.Tensor:
    """Positive numbers that add up to 1 along a dimension, in proportion to exp of the elements.

    Example: (tensor_to_list (tensor_softmax (tensor_create (floats 1 1)) 0)) => (0.5 0.5)
    Errors: `Error: First argument must be a tensor`, `Error: dim must be an integer`
    Source: torch API 6.3
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    return torch.softmax(value, arguments.integer(dim, arguments.DIM))


@tensor_function("log_softmax")
def log_softmax(tensor: Any, dim: Any) -> torch.Tensor:
    """The logarithm of the softmax along a dimension, computed without overflow.

    Example: (tensor_to_list (tensor_log_softmax (tensor_create (floats 7)) 0)) => (0)
    Errors: `Error: First argument must be a tensor`, `Error: dim must be an integer`
    Source: torch API 6.3
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    return torch.log_softmax(value, arguments.integer(dim, arguments.DIM))


@tensor_function("rms_norm")
def rms_norm(input_: Any, weight: Any, eps: Any = 1e-6) -> torch.Tensor:
    """x / sqrt(mean(x²) + eps) · weight over the last dimension, as PyTorch's `rms_norm` computes it.

    Halves are computed in float32, whose squares do not overflow. The weight has the last dimension's size.

    Example: (tensor_to_list (tensor_rms_norm (torch_tensor '(3.0)) (torch_tensor '(5.0)))) => (5)
    Errors: `Error: Input and weight must be tensors`
    Source: torch API 6.2
    """
    x, scale = (arguments.tensor(v, "Error: Input and weight must be tensors") for v in (input_, weight))
    small = 1e-6 if eps is None else arguments.number("tensor_rms_norm", 3, eps)
    return torch.nn.functional.rms_norm(x, x.shape[-1:], scale, small)
