"""The parts of a module, reached by their names: `(@ model "encoder" "layers" 0)`, `(@ model "weight")`."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.protocols import Answers, answers_of, register_answers
from lispe_kernel.torch_library.support.wording import some


def part(module: nn.Module, keys: tuple[Any, ...]) -> Any:
    """The part under a name or, in a sequence of layers, at a place; further keys go on inside of it.

    Errors: with the names there are.
    """
    key, *rest = keys
    found = _named(module, key)
    if found is None:
        whose = type(module).__name__
        raise LispeError(f"Error: {whose} has no part {to_text(key)}; it has: {some(names(module))}")
    if not rest:
        return found
    further = answers_of(found).at
    if further is None:
        raise LispeError(f"Error: {to_text(key)} has no parts")
    return further(found, tuple(rest))


def names(module: nn.Module) -> list[str]:
    """The names of the parts and tensors of a module that are there."""
    tables = (module._modules, module._parameters, module._buffers)
    return [name for table in tables for name, value in table.items() if value is not None]


def _named(module: nn.Module, key: Any) -> nn.Module | torch.Tensor | None:
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    if isinstance(key, int) and not isinstance(key, bool):
        children = list(module._modules.values())
        own = isinstance(module, nn.Sequential | nn.ModuleList)
        return children[key] if own and -len(children) <= key < len(children) else None
    if not isinstance(key, str):
        return None
    tables: tuple[dict[str, Any], ...] = (module._modules, module._parameters, module._buffers)
    return next((table[key] for table in tables if table.get(key) is not None), None)


register_answers(nn.Module, Answers(at=part, keys=names))
