"""Between LispE's lists and tensors: the one place that knows which list gives which dtype and back.

A tensor never shares memory with a list: both directions copy.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.language.values.atoms import truth
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.scalars import Short
from lispe_kernel.language.values.typed.lists import Floats, Integers, Numbers, Shorts, TypedList
from lispe_kernel.torch_library.support.tracked import TensorNumber, TrackedNumber, is_traced

UNSUPPORTED = "Error: Unsupported type for tensor conversion"
UNSUPPORTED_DTYPE = "Error: Unsupported tensor dtype"
UNSUPPORTED_FLATTEN = "Error: Unsupported tensor dtype for flatten"

# PyTorch takes no more dimensions; a list that holds itself has no end.
MOST_DIMENSIONS = 64

# What a list made from a tensor of each dtype is.
LIST_OF_DTYPE: dict[torch.dtype, type[TypedList]] = {
    torch.float32: Floats,
    torch.bfloat16: Floats,
    torch.float64: Numbers,
    torch.int64: Integers,
    torch.int32: Integers,
    torch.int16: Shorts,
    torch.int8: Shorts,
}

FLATTENED = frozenset({torch.float32, torch.float64, torch.int32, torch.int64, torch.bool})


def as_tensor(value: Any, beside: torch.Tensor | torch.device | None = None) -> torch.Tensor:
    """The value as a tensor: a tensor is returned as it is, anything else is copied.

    What is no tensor yet has no device: it comes to that of the tensor `beside` it, else into main memory.

    integers -> int64, floats -> float32, numbers -> float64, shorts -> int16, LispE matrices and tensors
    by their numbers; a nested generic list -> int64 if all its numbers are integers, else float32.

    Errors: `Error: Unsupported type for tensor conversion`, also for a list whose rows differ in length
    """
    if isinstance(value, torch.Tensor):
        return value
    made = _made(value)
    device = beside.device if isinstance(beside, torch.Tensor) else beside
    return made if device is None or made.device == device else made.to(device)


def as_tensors(*values: Any) -> list[torch.Tensor]:
    """Values as tensors that meet in one operation: what is no tensor yet comes beside the first that is."""
    first = next((value for value in values if isinstance(value, torch.Tensor)), None)
    return [as_tensor(value, first) for value in values]


def _made(value: Any) -> torch.Tensor:
    if _is_list(value):
        return _from_list(value)
    if isinstance(value, TensorNumber):
        return value.tensor
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A fraction is float32, as in a list.
        kind = torch.int16 if isinstance(value, Short) else torch.int64
        try:
            return torch.tensor(value, dtype=kind if isinstance(value, int) else torch.float32)
        except (ValueError, TypeError, RuntimeError, OverflowError) as error:
            raise _unfit(error) from error
    array = _numbers(value)
    if array is None:
        raise _no_number(value)
    return torch.from_numpy(array.copy())


def _numbers(value: Any) -> Any:
    """The numpy array of numbers under a typed list, a matrix or a tensor of LispE, else None."""
    array: Any = getattr(value, "array", None)
    return array if type(array).__name__ == "ndarray" and array.dtype.kind in "iuf" else None


def _is_list(value: Any) -> bool:
    """Whether a value is a list of anything, of texts alone excepted."""
    return isinstance(value, List | LinkedList) and not isinstance(value, Strings)


def _from_list(value: Any) -> torch.Tensor:
    first: Any = value
    for _ in range(MOST_DIMENSIONS):
        # Lists of other classes may keep their elements elsewhere, where PyTorch does not look.
        if type(first) is not List or not first:
            break
        first = first[0]
    try:
        # Nested lists of plain numbers need no look at each element here.
        made = torch.tensor(value) if type(first) in (int, float) else _from_mixed(value)
    except (ValueError, TypeError, RuntimeError, OverflowError):
        made = _from_mixed(value)
    # Numbers with a gradient keep the digits of their tensors.
    wide = made.dtype is torch.float64 and made.requires_grad
    return made.float() if made.is_floating_point() and not wide else made


def _from_mixed(value: Any) -> torch.Tensor:
    """Lists that hold typed lists, matrices or numbers in tensors. Errors tell what did not fit."""
    if any(map(_has_gradient, value)):
        return _stacked(value)
    plain = _plain(value)
    try:
        return torch.tensor(plain)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise _unfit(error) from error


def _has_gradient(value: Any) -> bool:
    """Whether a value is a number that leads back to what it was computed from."""
    if isinstance(value, torch.Tensor):
        return value.dim() == 0 and value.requires_grad and not is_traced(value)
    return isinstance(value, TrackedNumber)


def _stacked(values: Any) -> torch.Tensor:
    """Numbers, some with gradients, as one tensor through which the gradients go on: float32 at least."""
    found = [_one(value) for value in values]
    learning = (each.dtype for each in found if each.requires_grad)
    wide = functools.reduce(torch.promote_types, learning, torch.float32)
    where = next(each.device for each in found if each.requires_grad)
    return torch.stack([tensor.to(where, wide) for tensor in found])


def _one(value: Any) -> torch.Tensor:
    if isinstance(value, TensorNumber):
        return value.tensor
    return value if isinstance(value, torch.Tensor) and value.dim() == 0 else torch.tensor(_plain(value))


def _plain(value: Any, depth: int = 0) -> Any:
    """Nested Python lists of Python numbers for a generic list."""
    if depth > MOST_DIMENSIONS:
        raise LispeError(f"{UNSUPPORTED}: more than {MOST_DIMENSIONS} lists inside each other")
    if _has_gradient(value):
        raise LispeError(f"{UNSUPPORTED}: in nested lists a gradient would be lost; tensor_stack the rows")
    if isinstance(value, int | float):
        return value
    if _is_list(value):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, torch.Tensor) and value.dim() == 0:
        return _known(value).item()
    array = _numbers(value)
    if array is not None:
        return array.tolist()
    raise _no_number(value)


def _no_number(value: Any) -> LispeError:
    return LispeError(f"{UNSUPPORTED}: {describe(value)} is neither a number nor a list of numbers")


def _unfit(error: Exception) -> LispeError:
    """PyTorch's reason, or for an integer that is too large ours: its own is one of C."""
    text = " ".join(str(error).split())
    if "verflow" in text:
        text = "an integer is larger than the 64 bits of a tensor's integers"
    return LispeError(f"{UNSUPPORTED}: {text}")


def _known(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor whose numbers are there: in a function that torch.func transforms they would be constants."""
    if is_traced(tensor):
        raise LispeError("Error: a tensor of a function that is transformed has no numbers of its own")
    return tensor


def scalar(tensor: torch.Tensor) -> Any:
    """The number of a one-element tensor as LispE has it; a boolean as true or nil."""
    tensor = _known(tensor)
    number = tensor.item() if not tensor.is_quantized else tensor.dequantize().item()
    return truth(number) if isinstance(number, bool) else number


def to_list(tensor: torch.Tensor) -> Any:
    """A number for 0 dimensions, a typed list for one, LispE's matrix for two, its tensor for more.

    Errors: `Error: Unsupported tensor dtype` for booleans, half, uint8 and quantized tensors
    """
    cls = LIST_OF_DTYPE.get(tensor.dtype)
    if cls is None:
        raise LispeError(UNSUPPORTED_DTYPE)
    values = _known(tensor).detach().cpu()
    if values.dim() == 0:
        return values.item()
    if values.dtype is torch.bfloat16:
        values = values.float()
    array = np.array(values.numpy(), dtype=cls.dtype, order="C")
    return cls.of_array(array) if array.ndim == 1 else Matrix(array)


def flat(tensor: torch.Tensor) -> list[Any]:
    """All elements in row-major order as Python numbers; booleans as 1 and 0.

    Errors: `Error: Unsupported tensor dtype for flatten`
    """
    if tensor.dtype not in FLATTENED:
        raise LispeError(UNSUPPORTED_FLATTEN)
    values = _known(tensor).detach().flatten()
    return (values.long() if values.dtype is torch.bool else values).tolist()
