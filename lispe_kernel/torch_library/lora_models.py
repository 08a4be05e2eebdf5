"""LoRA on whole models: adapters beside the linear layers that target names choose, and switching them.

The model is changed in place, as its optimizer and its other owners expect: chosen linear layers become LoRA
layers over the same weights, everything else is frozen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from lispe_kernel.language.errors import LispeError, wrong_argument
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.torch_library import loading
from lispe_kernel.torch_library.guard import torch_function
from lispe_kernel.torch_library.lora import NO_LAYERS, lora_layers, lora_settings
from lispe_kernel.torch_library.lora_layer import LoraLinear
from lispe_kernel.torch_library.module_state import joined, modules_of

NO_MODULE = "Error: First argument must be a PyTorch module"


@torch_function("torch_lora_apply", prefix="Error applying LoRA: ")
def lora_apply(model: Any, rank: Any, alpha: Any, targets: Any = None) -> Any:
    """Put a LoRA adapter beside each linear layer that a target names, in place, and freeze all the rest.

    A target is the last part of a layer's path (`"fc1"`), a longer end of it (`"ffn.fc1"`) or the whole path;
    nil means every linear layer. Works on a module, a list or a table of modules, and gives it back; a
    linear layer alone gives a new LoRA layer over its own weights.

    Example: (size (torch_lora_trainable_params (torch_lora_apply (torch_model 4 8 2) 2 4 "fc1"))) => 2
    Errors: `Error: First argument must be a PyTorch module`, `Error applying LoRA: ` when a target names no
    linear layer, with the paths there are
    Source: torch API 10, 16.7
    """
    settings = lora_settings("torch_lora_apply", 2, rank, alpha)
    modules = modules_of(model, NO_MODULE)
    names = _target_names(targets)
    places = [place for prefix, module in modules.items() for place in _linear_layers(prefix, module)]
    chosen = _chosen(places, names)
    for module in modules.values():
        module.requires_grad_(False)
    replaced = {}
    for path, parent, name, linear in chosen:
        layer = LoraLinear(linear, *settings)
        if parent is None:
            replaced[path] = layer
        else:
            setattr(parent, name, layer)
    return _with_replaced(model, replaced)


def _target_names(targets: Any) -> list[str] | None:
    if targets is None:
        return None
    if isinstance(targets, str):
        return [targets]
    if isinstance(targets, list) and targets and all(isinstance(item, str) for item in targets):
        return [str(item) for item in targets]
    raise wrong_argument("torch_lora_apply", 4, "a list of layer names", targets)


_Place = tuple[str, nn.Module | None, str, nn.Linear]


def _linear_layers(prefix: str, module: nn.Module) -> Iterator[_Place]:
    """(path, parent, name in the parent, layer) of each linear layer that has no adapter yet."""
    if isinstance(module, nn.Linear):
        yield prefix, None, "", module
    for path, parent in module.named_modules():
        if isinstance(parent, LoraLinear):
            continue
        for name, child in parent.named_children():
            whole = joined(prefix, joined(path, name))
            if isinstance(child, nn.Linear) and not _inside_lora(module, path):
                yield whole, parent, name, child


def _inside_lora(module: nn.Module, path: str) -> bool:
    parts = path.split(".") if path else []
    starts = (".".join(parts[:end]) for end in range(len(parts) + 1))
    return any(isinstance(module.get_submodule(start), LoraLinear) for start in starts)


def _chosen(places: list[_Place], names: list[str] | None) -> list[_Place]:
    known = [path or "the layer itself" for path, *_ in places]
    if not places:
        raise LispeError("Error applying LoRA: the model has no linear layers without an adapter")
    if names is None:
        return places
    for name in names:
        if not any(_is_target(path, name) for path, *_ in places):
            raise LispeError(
                f"Error applying LoRA: no linear layer is called {name}; there are: {loading.some(known)}"
            )
    return [place for place in places if any(_is_target(place[0], name) for name in names)]


def _is_target(path: str, name: str) -> bool:
    return path == name or path.endswith("." + name)


def _with_replaced(model: Any, replaced: dict[str, LoraLinear]) -> Any:
    """The model, or in its place the layer that a bare linear became; entries of a table are exchanged."""
    if isinstance(model, nn.Module):
        return replaced.get("", model)
    for key, layer in replaced.items():
        if isinstance(model, Dictionary):
            model.store(key, layer)
        elif isinstance(model, List):
            model[int(key)] = layer
    return model


@torch_function("torch_lora_set_adapter", "torch_lora_switch_adapter", prefix="Error switching the adapter: ")
def lora_set_adapter(model: Any, name: Any, rank: Any = None, alpha: Any = None) -> str:
    """Make the adapter of this name act in a LoRA layer, or in all LoRA layers of a model.

    The adapter that acted before is kept under its own name (the first is called `default`). A name that is
    new makes a fresh adapter, with the rank and alpha of the present one unless they are given.

    Example: (torch_lora_set_adapter (torch_lora_linear 8 5 2 4) "french") => Adapter french is active
    Errors: `Error: Model must contain LoRA layers`
    """
    layers = lora_layers(model, NO_LAYERS)
    if not isinstance(name, str) or not name:
        raise wrong_argument("torch_lora_set_adapter", 2, "the name of an adapter (a string)", name)
    first = next(iter(layers.values()))
    rank, alpha = lora_settings(
        "torch_lora_set_adapter",
        3,
        first.rank if rank is None else rank,
        first.alpha if alpha is None else alpha,
    )
    for layer in layers.values():
        layer.switch(name, rank, alpha)
    return f"Adapter {name} is active"


@torch_function("torch_lora_adapters")
def lora_adapters(model: Any) -> Strings:
    """The names of the adapters that a LoRA layer, or a model with LoRA layers, holds; the active one first.

    Example: (torch_lora_adapters (torch_lora_linear 8 5 2 4)) => ("default")
    Errors: `Error: Model must contain LoRA layers`
    """
    layers = lora_layers(model, NO_LAYERS).values()
    active = next(iter(layers)).active
    others = {name for layer in layers for name in layer.adapters()} - {active}
    return Strings([active, *sorted(others)])


@torch_function("torch_lora_remove_adapter", prefix="Error removing the adapter: ")
def lora_remove_adapter(model: Any, name: Any) -> str:
    """Forget an adapter that is not active.

    Example: (maybe (torch_lora_remove_adapter (torch_lora_linear 8 5 2 4) "default") "active") => active
    Errors: `Error removing the adapter: ` when there is none of that name, or when it is active
    """
    layers = lora_layers(model, NO_LAYERS).values()
    if any(layer.active == name for layer in layers):
        raise LispeError(f"Error removing the adapter: {name} is active; switch to another one first")
    if not any(name in layer.adapters() for layer in layers):
        raise LispeError(f"Error removing the adapter: there is none called {name}")
    for layer in layers:
        layer.forget(name)
    return f"Adapter {name} removed"
