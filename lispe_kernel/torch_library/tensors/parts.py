"""Parts of tensors by PyTorch's own indexing: `(@ t (:) (: 1 3) nil)` is `t[:, 1:3, None]`.

Keys are checked and handed over; PyTorch reads and writes. A part by ranges shares the tensor's memory, one
by lists or masks is a copy, as there.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.library.core.ranges import is_range, no_range, range_of
from lispe_kernel.language.printer import number_text
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.indexes import refuse_places
from lispe_kernel.torch_library.support.tracked import TensorNumber, is_traced
from lispe_kernel.torch_library.support.wording import kind_of, readable
from lispe_kernel.torch_library.tensors import conversions

_EXPECTED = "Error: a tensor index must be an integer, a range, a list or a tensor of places, a mask or nil"


def names_part(keys: tuple[Any, ...]) -> bool:
    """Whether keys name more than one element: one is a range, a list or a tensor of places, a mask.

    Nil is a new axis beside one of these only: alone it is more likely a value that is missing.
    """
    return any(
        type(key) is not int and (is_range(key) or isinstance(key, torch.Tensor | list | TypedList))
        for key in keys
    )


def part(tensor: torch.Tensor, keys: tuple[Any, ...]) -> torch.Tensor:
    """What PyTorch's indexing gives. Errors: keys that it does not take, places that are not there."""
    index = _index(tensor, keys)
    try:
        return tensor[index]
    except (IndexError, ValueError, TypeError, RuntimeError) as error:
        raise _refused("", tensor, error) from error


def store(tensor: torch.Tensor, keys: tuple[Any, ...], value: Any) -> None:
    """Write into a part in place: a number everywhere, or a tensor or list that fits."""
    index = _index(tensor, keys)
    stored = fitting("set@", tensor, value)
    try:
        tensor[index] = stored
    except (IndexError, ValueError, TypeError, RuntimeError) as error:
        raise _refused("set@: ", tensor, error) from error


def _index(tensor: torch.Tensor, keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """The keys as PyTorch takes them."""
    found = tuple(map(_key, keys))
    for axis, (key, count) in enumerate(zip(found, tensor.shape, strict=False)):
        if key is None or key is ... or (isinstance(key, torch.Tensor) and key.dtype is torch.bool):
            break  # what follows belongs to other axes
        if isinstance(key, torch.Tensor):
            refuse_places(key, tensor, axis, -count)
    return found


def _key(key: Any) -> Any:
    """A key as PyTorch takes it."""
    if key is None or type(key) is int or key is ...:
        return key
    if type(key) is slice:
        if key.step is not None and key.step < 1:
            raise LispeError(
                f"Error: a range of a tensor must have a positive step, as in PyTorch, not {key.step}; "
                "(->flip t 0) turns a tensor around"
            )
        return key
    if key is range_of:
        raise no_range()
    if isinstance(key, torch.Tensor):
        return _places(key)
    if isinstance(key, list | TypedList) and len(key):
        return _places(conversions.as_tensor(key))
    if isinstance(key, list | TypedList):
        return torch.empty(0, dtype=torch.int64)
    return arguments.integer(key, _EXPECTED)


def _places(key: torch.Tensor) -> torch.Tensor:
    if key.dtype in (torch.bool, torch.int64, torch.int32, torch.int16, torch.int8):
        return key.long() if key.dtype in (torch.int16, torch.int8) else key
    raise LispeError(
        f"Error: a tensor that picks places has integers or answers, not {kind_of(key)}; "
        "tensor_to_dtype converts it, (< 0 t) makes a mask of it"
    )


def fitting(form: str, tensor: torch.Tensor, value: Any) -> Any:
    """A value for `form` to store in a tensor, as PyTorch takes it.

    Errors: what PyTorch would cut off in silence: fractions for integers, parts that are imaginary for
    numbers, integers that are too large.
    """
    if value is TRUE or (value is None and tensor.dtype is torch.bool):
        return value is TRUE
    if isinstance(value, list | TypedList):
        value = conversions.as_tensor(value, tensor)
    elif isinstance(value, TensorNumber):
        value = value.tensor
    if isinstance(value, torch.Tensor):
        fractions = value.is_floating_point() or value.is_complex()
    elif isinstance(value, int | float):
        fractions = not isinstance(value, int) and value % 1 != 0
    else:
        wanted = f"Error: {form}: what a tensor stores must be a number, tensor or list"
        raise arguments.instead(wanted, value)
    if isinstance(value, torch.Tensor) and value.is_complex() and not tensor.is_complex():
        raise LispeError(f"Error: {form}: {kind_of(value)} does not fit into {kind_of(tensor)}")
    if fractions and not (tensor.is_floating_point() or tensor.is_complex()):
        given = kind_of(value) if isinstance(value, torch.Tensor) else value
        raise LispeError(
            f"Error: {form}: {given} does not fit into {kind_of(tensor)}, fractions would be lost; "
            "tensor_to_dtype converts either"
        )
    if not (fractions or tensor.is_floating_point() or tensor.is_complex() or tensor.dtype is torch.bool):
        _refuse_too_large(form, tensor, value)
    # Into places of a list PyTorch puts numbers of the same type only.
    return value.to(tensor.dtype) if isinstance(value, torch.Tensor) else value


def _refuse_too_large(form: str, tensor: torch.Tensor, value: Any) -> None:
    """Integers that a narrower type does not hold: PyTorch would cut their upper bits off in silence."""
    here = torch.iinfo(tensor.dtype)
    if not isinstance(value, torch.Tensor):
        ends: tuple[float, ...] = (value,)
    elif value.dtype is torch.bool or not value.numel() or value.is_meta or is_traced(value):
        return
    else:
        there = torch.iinfo(value.dtype)
        within = here.min <= there.min and there.max <= here.max
        ends = () if within else (int(value.min()), int(value.max()))
    for number in ends:
        if not here.min <= number <= here.max:
            raise LispeError(
                f"Error: {form}: {number_text(number)} does not fit into {kind_of(tensor)}, "
                f"whose numbers go from {here.min} to {here.max}"
            )


def _refused(form: str, tensor: torch.Tensor, error: Exception) -> LispeError:
    text = readable(error)
    hint = "; (torch_no_grad (λ () ...)) writes into weights" if "leaf Variable" in text else ""
    return LispeError(f"Error: {form}{kind_of(tensor)}: {text}{hint}")
