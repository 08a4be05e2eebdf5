"""A model kept as it is while it runs to be looked at.

Kept are: the mode, the buffers (running statistics of norms too), the attributes of every module, what it
holds under which name, gradients, hooks, and all random generators. Not undone is what a module's own code
writes into its parameters, into lists and tables of its own or outside itself; changed parameters are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from lispe_kernel.torch_library.checkpoints import random_state
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted

_TABLES = ("_parameters", "_buffers", "_modules")


def _is_table(name: str, value: Any) -> bool:
    """Whether an attribute is a table of PyTorch. (transformers adds hooks in the first run that asks.)"""
    return isinstance(value, dict) and (name in _TABLES or "_hooks" in name)


class _Kept:
    """One module as it was."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.attributes = dict(module.__dict__)
        self.tables = {n: dict(value) for n, value in self.attributes.items() if _is_table(n, value)}
        self.unsaved = set(module._non_persistent_buffers_set)
        self.values = {
            name: (buffer, buffer.detach().clone())
            for name, buffer in self.tables.get("_buffers", {}).items()
            if buffer is not None
        }

    def restore(self) -> None:
        attributes = self.module.__dict__
        for name in attributes.keys() - self.attributes.keys():
            del attributes[name]
        for name, value in self.attributes.items():
            if attributes.get(name) is not value:
                attributes[name] = value
        for name, table in self.tables.items():
            if not _same(attributes[name], table):
                attributes[name].clear()
                attributes[name].update(table)
        unsaved = self.module._non_persistent_buffers_set
        unsaved.clear()
        unsaved.update(self.unsaved)
        for buffer, before in self.values.values():
            # Norms write into their buffers without PyTorch counting it.
            if not torch.equal(buffer, before):
                with torch.no_grad():
                    buffer.copy_(before)


def _same(now: dict[str, Any], before: dict[str, Any]) -> bool:
    return list(now) == list(before) and all(now[name] is value for name, value in before.items())


def version_of(tensor: torch.Tensor) -> int | None:
    """How often the tensor was written into; None where PyTorch does not count."""
    return None if tensor.is_inference() else tensor._version


@contextmanager
def kept(model: nn.Module) -> Iterator[list[str]]:
    """Run what stands inside, then put the model and the random generators back.

    The list is filled with the names of parameters that the run wrote into, which are not put back.
    """
    changed: list[str] = []
    modules = [_Kept(module) for module in model.modules() if not isinstance(module, torch.jit.ScriptModule)]
    parameters = {name: (p, version_of(p)) for name, p in model.named_parameters()}
    state = random_state.capture()
    checked = random_state.checked(state)
    try:
        yield changed
    finally:
        with uninterrupted():
            for module in modules:
                module.restore()
            random_state.restore(checked)
            changed += [name for name, (p, version) in parameters.items() if version_of(p) != version]


@contextmanager
def looking(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode and without gradients, put back afterwards."""
    with ExitStack() as around:
        around.enter_context(kept(model))
        around.enter_context(torch.no_grad())
        model.eval()
        yield
