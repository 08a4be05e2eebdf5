"""What of a module goes into a file, and where the tensors of a file go in a module.

A module, a table of modules (a dictionary) or a list of modules becomes a table of named tensors. LoRA
layers take part in their own way: merged ones look like plain linear layers, and the file of a plain linear
sets their base. Nothing here reads or writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.lora_layer import LoraLinear
from lispe_kernel.torch_library.recomputation import CheckpointedModule

_LORA = ("lora_A.", "lora_B.")
_BASE = "original."


@dataclass
class Targets:
    """The tensors of a model that a file is to fill, by the names the file uses for them."""

    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    # Called when everything is in place.
    afterwards: list[Callable[[], None]] = field(default_factory=list)


def modules_of(value: Any, text: str) -> dict[str, nn.Module]:
    """The modules by prefix: one module stands under the empty name, those of a table under their keys.

    Errors: `text` for anything else, and for a table with another value in it.
    """
    if isinstance(value, nn.Module):
        return {"": _unwrapped(value)}
    if isinstance(value, Dictionary):
        found = {str(key): item for key, item in value.items()}
    elif isinstance(value, list):
        found = {str(position): item for position, item in enumerate(value)}
    else:
        raise LispeError(text)
    if not found or not all(isinstance(item, nn.Module) for item in found.values()):
        raise LispeError(text)
    return {key: _unwrapped(item) for key, item in found.items()}


def _unwrapped(module: nn.Module) -> nn.Module:
    """The module itself where it is wrapped for recomputation: files do not know the wrapper."""
    return module.module if isinstance(module, CheckpointedModule) else module


def is_table(value: Any) -> bool:
    """Whether a value is several modules rather than one."""
    return not isinstance(value, nn.Module)


def saved_state(modules: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
    """All tensors (parameters and buffers) of the modules under the names they have in a file."""
    state: dict[str, torch.Tensor] = {}
    for prefix, module in modules.items():
        tensors = module.state_dict()
        for name, layer in _lora_layers(module):
            if layer.merged:
                tensors = _as_plain(tensors, name)
        for name, tensor in tensors.items():
            if isinstance(tensor, torch.Tensor):
                state[joined(prefix, name)] = tensor
    return state


def parameters_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters of a module by name, tied ones under each of their names; buffers excluded."""
    buffers = {name for name, _ in module.named_buffers(remove_duplicate=False)}
    return {name: tensor for name, tensor in saved_state({"": module}).items() if name not in buffers}


def targets_for(modules: dict[str, nn.Module], names: Iterable[str]) -> Targets:
    """Where the tensors of a file with these names go."""
    names = set(names)
    targets = Targets()
    for prefix, module in modules.items():
        tensors = {name: t for name, t in module.state_dict().items() if isinstance(t, torch.Tensor)}
        for path, layer in _lora_layers(module):
            if joined(prefix, joined(path, "weight")) in names:
                _refuse_merged(layer, joined(prefix, path))
                tensors = _as_plain(tensors, path)
            else:
                targets.afterwards.append(layer.forget_merge)
        targets.tensors.update((joined(prefix, name), tensor) for name, tensor in tensors.items())
    return targets


def _lora_layers(module: nn.Module) -> list[tuple[str, LoraLinear]]:
    return [(name, item) for name, item in module.named_modules() if isinstance(item, LoraLinear)]


def merged_layers(modules: dict[str, nn.Module]) -> list[str]:
    """The paths of the merged LoRA layers; a layer alone is called `itself`."""
    return [
        joined(prefix, path) or "itself"
        for prefix, module in modules.items()
        for path, layer in _lora_layers(module)
        if layer.merged
    ]


def _as_plain(tensors: dict[str, torch.Tensor], path: str) -> dict[str, torch.Tensor]:
    """The tensors with the layer at `path` named like a plain linear layer, its adapter left out."""
    lead = joined(path, "")
    plain = {}
    for name, tensor in tensors.items():
        inner = name.removeprefix(lead) if name.startswith(lead) else None
        if inner is None:
            plain[name] = tensor
        elif inner.startswith(_BASE):
            plain[lead + inner.removeprefix(_BASE)] = tensor
        elif not inner.startswith(_LORA):
            plain[name] = tensor
    return plain


def _refuse_merged(layer: LoraLinear, path: str) -> None:
    if layer.merged:
        where = f" {path}" if path else ""
        raise LispeError(
            f"Error loading model: the LoRA layer{where} is merged, its base cannot be replaced alone; "
            "unmerge it first with (torch_lora_unmerge_weights layer)"
        )


def joined(prefix: str, name: str) -> str:
    """Two parts of a name with a dot between them; an empty part adds nothing."""
    return f"{prefix}.{name}" if prefix else name
