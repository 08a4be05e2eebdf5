"""The door through which a Python function becomes a torch function of LispE.

`torch_function` and `tensor_function` register the function under its names and let no exception of
PyTorch pass: it becomes a LispE error with the family's prefix, torch's message without its C++ part,
and the shapes of the arguments. Nothing here computes.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import nn

from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.explain import register_remark, unexpected
from lispe_kernel.language.functions import function, registry
from lispe_kernel.language.runtime import in_program
from lispe_kernel.torch_library.support.wording import gpu_trouble, kind_of, readable

F = TypeVar("F", bound=Callable[..., Any])

TORCH_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AssertionError,
    OverflowError,
    ArithmeticError,
    AttributeError,
)

# The GPU tells what stopped it whenever somebody waits for it next: a print, a picture, a call of a module.
register_remark(lambda _frames, text: f" ({found})" if (found := gpu_trouble(text)) else "")


def _summary(value: Any) -> str | None:
    if isinstance(value, torch.Tensor):
        return kind_of(value)
    if isinstance(value, nn.MultiheadAttention):
        return f"MultiheadAttention(embed_dim={value.embed_dim}, num_heads={value.num_heads})"
    if isinstance(value, nn.Module):
        return f"{type(value).__name__}({value.extra_repr()})"
    if isinstance(value, list) and value and all(isinstance(item, torch.Tensor) for item in value):
        shown = [kind_of(item) for item in value[:4]] + ["..."] * (len(value) > 4)
        return "(" + " ".join(shown) + ")"
    return None


def arguments_text(names: Iterable[str], arguments: Iterable[Any]) -> str:
    """The tensors and modules among the arguments, as ` (linear: ..., input: float32 [2,7])`."""
    parts = [
        f"{name}: {text}" for name, value in zip(names, arguments, strict=False) if (text := _summary(value))
    ]
    return f" ({', '.join(parts)})" if parts else ""


# What Python says of a call that does not fit the function.
_MISFIT = re.compile(r"\S+\(\) (takes|missing) ")


def is_users(error: BaseException) -> bool:
    """Whether an exception is that of a function of the user's, called inside, or of the call of one.

    The session has better words for it, and its place.
    """
    return in_program(error) or (isinstance(error, TypeError) and bool(_MISFIT.match(str(error))))


def guarded(call: F, name: str, prefix: str) -> F:
    """The function `name`, with torch's exceptions turned into LispE errors that begin with `prefix`."""
    signature = inspect.signature(call)
    names = [name.rstrip("_") for name in signature.parameters]

    @functools.wraps(call)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        try:
            return call(*arguments, **named)
        except TORCH_ERRORS as error:
            if isinstance(error, TypeError) and not _fits(signature, arguments, named):
                raise LispeError(_arity_text(name, str(error))) from error
            if is_users(error):
                raise
            message = prefix + readable(error) + arguments_text(names, arguments)
            raise LispeError(message) from error

    return wrapper  # type: ignore[return-value]


def _arity_text(name: str, message: str) -> str:
    # Python's own message knows the Python name only, which several functions may share.
    entry = registry.get(name)
    text = unexpected(message, name, [each.name for each in entry.parameters]) if entry else None
    if text is not None:
        return text
    return wrong_number(name, entry.signature if entry else name)


def _fits(signature: inspect.Signature, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    try:
        signature.bind(*arguments, **named)
    except TypeError:
        return False
    return True


def torch_function(
    name: str, *aliases: str, prefix: str | None = None, silent: bool = False, returns: str = ""
) -> Callable[[F], F]:
    """Register a torch function; torch's exceptions get `prefix` (default `Error in NAME: `)."""

    def register(call: F) -> F:
        safe = guarded(call, name, f"Error in {name}: " if prefix is None else prefix)
        return function(name, *aliases, silent=silent, returns=returns)(safe)

    return register


def tensor_function(
    short: str, *aliases: str, prefix: str | None = None, returns: str = "", torch_alias: bool = True
) -> Callable[[F], F]:
    """Register `tensor_SHORT` with its aliases by rule, `torch_tensor_SHORT` and `torch_SHORT`.

    `torch_alias=False` leaves `torch_SHORT` to a function of another meaning.
    """
    prefix = f"Error in torch_{short}: " if prefix is None else prefix
    by_rule = [f"torch_tensor_{short}"] + [f"torch_{short}"] * torch_alias
    return torch_function(f"tensor_{short}", *by_rule, *aliases, prefix=prefix, returns=returns)
