"""Functions called while PyTorch works in another way: without gradients, in a shorter kind of numbers.

Each takes the function and its arguments, as `apply` does, and the way is what it was afterwards, whatever
happens inside. Errors of the function pass as they are.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import Any

import torch

from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.training.transforms import is_function

AUTOCAST = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def _called(name: str, place: int, function_: Any, values: tuple[Any, ...], named: dict[str, Any]) -> Any:
    if not is_function(function_):
        raise wrong_argument(name, place, "a function", function_)
    return function_(*values, **named)


@function("torch_no_grad")
def no_grad(function_: Any, *values: Any, **named: Any) -> Any:
    """The value of the function called with the values, without recording for gradients; also `(λ () ...)`.

    Example: (@ (torch_no_grad torch_forward (torch_linear 2 1) (tensor_ones '(2))) 'requires_grad) => nil
    Errors: the first argument must be a function
    """
    with torch.no_grad():
        return _called("torch_no_grad", 1, function_, values, named)


@function("torch_autocast")
def autocast(dtype: Any, function_: Any, *values: Any, **named: Any) -> Any:
    """The value of the function called with the values, matrix products computed in "bfloat16" or "float16".

    On the processor and on the accelerators that are there. `torch_backward` belongs outside of it.

    Example: (tensor_dtype (torch_autocast "bfloat16" torch_forward (torch_linear 2 1) (tensor_ones '(2)))) => bfloat16
    Errors: another type of numbers; the second argument must be a function
    """  # noqa: E501
    kind = arguments.choice("torch_autocast", 1, dtype, AUTOCAST)
    with ExitStack() as stack:
        for device in _devices():
            mode: AbstractContextManager[Any] = torch.autocast(device, dtype=kind)
            stack.enter_context(mode)
        return _called("torch_autocast", 2, function_, values, named)


def _devices() -> list[str]:
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return ["cpu"] if accelerator is None else ["cpu", accelerator.type]
