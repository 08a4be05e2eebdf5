"""A model run once on what the user gives: a tensor, ids, a list of arguments, a dictionary of named ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.torch_library.hugging_face.models import model_named
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted
from lispe_kernel.torch_library.tensors import conversions
from lispe_kernel.torch_library.tensors.devices import place_of

Given = tuple[tuple[Any, ...], dict[str, Any]]
NO_MODEL = "Error: First argument must be a PyTorch module"


def model_of(value: Any) -> nn.Module:
    """A module, or that of a loaded folder. Errors: no module; layers whose sizes are not known yet."""
    model = model_named(value).module if isinstance(value, str) else value
    model = arguments.module(model, nn.Module, NO_MODEL)
    # A compiled module runs as what it was compiled from, layer by layer.
    model = getattr(model, "_orig_mod", model)
    if any(is_lazy(p) for p in _tensors(model)):
        raise LispeError("Error: the model has lazy layers without sizes; call it once before")
    return model  # type: ignore[no-any-return]


def _tensors(model: nn.Module) -> Iterator[torch.Tensor]:
    yield from model.parameters()
    yield from model.buffers()


def given(function: str, model: nn.Module, value: Any) -> Given:
    """The arguments of a call of the model. What is no tensor yet becomes one where the model is."""
    where = place_of(model)
    if isinstance(model, nn.MultiheadAttention) and isinstance(value, torch.Tensor):
        return (value, value, value), {}
    if isinstance(value, torch.Tensor):
        return (value,), {}
    if isinstance(value, Mapping):
        named = {str(key): _argument(inner, where) for key, inner in value.items()}
        return ((), named) if _fits(model, (), named) else ((named,), {})
    if isinstance(value, list | tuple) and any(isinstance(item, torch.Tensor) for item in value):
        several = tuple(_argument(item, where) for item in value)
        return (several, {}) if _fits(model, several, {}) else ((list(several),), {})
    try:
        return (conversions.as_tensor(value, where),), {}
    except LispeError:
        expected = "a tensor, a list of them or a dictionary of named ones"
        raise wrong_argument(function, 2, expected, value) from None


def _argument(value: Any, where: torch.device | None) -> Any:
    if isinstance(value, torch.Tensor) or value is None or isinstance(value, bool | str | int | float):
        return value
    try:
        return conversions.as_tensor(value, where)
    except LispeError:
        return value


def _fits(model: nn.Module, several: tuple[Any, ...], named: dict[str, Any]) -> bool:
    try:
        inspect.signature(model.forward).bind(*several, **named)
    except TypeError:
        return False
    except ValueError:
        # A forward of C++ tells no signature.
        return True
    return True


Before = Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], None]
# What it gives, where it gives something, stands for the module's answer.
After = Callable[[nn.Module, tuple[Any, ...], dict[str, Any], Any], Any]


@contextmanager
def watched(model: nn.Module, before: Before | None, after: After) -> Iterator[None]:
    """While it is open, `before` and `after` are called around every call of a module of the model."""
    with ExitStack() as handles:
        try:
            for module in model.modules():
                if isinstance(module, torch.jit.ScriptModule) and module is not model:
                    continue
                if before is not None:
                    handles.callback(module.register_forward_pre_hook(before, with_kwargs=True).remove)
                handles.callback(module.register_forward_hook(after, with_kwargs=True).remove)
            yield
        finally:
            with uninterrupted():
                handles.close()


def names_of(model: nn.Module) -> dict[nn.Module, str]:
    """The first name of every module; the model itself has an empty one."""
    return {module: name for name, module in model.named_modules()}
