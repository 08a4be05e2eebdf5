"""LoRA on whole models: adapters beside the layers that target names choose, and switching them.

The model is changed in place, as its optimizer and its other owners expect: chosen layers become LoRA layers
over the same weights, everything else is frozen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.torch_library.lora.layers import NO_LAYERS, adapted, lora_settings
from lispe_kernel.torch_library.modules.lora_kinds import Dora, adapted_layer, can_adapt, is_linear
from lispe_kernel.torch_library.modules.lora_layer import Adapter, LoraLinear
from lispe_kernel.torch_library.state.modules import lora_layers, modules_of
from lispe_kernel.torch_library.state.names import joined
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted
from lispe_kernel.torch_library.support.wording import some

NO_MODULE = "Error: First argument must be a PyTorch module"


@torch_function("torch_lora_apply", prefix="Error applying LoRA: ")
def lora_apply(model: Any, rank: Any, alpha: Any, targets: Any = None, dora: Any = None) -> Any:
    """Put a LoRA adapter beside each layer that a target names, in place, and freeze all the rest.

    A target is the last part of a layer's path (`"fc1"`), a longer end of it (`"ffn.fc1"`) or the whole path;
    nil or `"all-linear"` means every linear layer (GPT-2's `Conv1D` is one); a table of embeddings is adapted
    when a target names it. `(? dora true)` makes DoRA of them. Works on a module, a list or a table of
    modules, and gives it back; a layer alone gives a new LoRA layer over its own weights. Adapters that the
    model has already stay, and stay as trainable as they are. A layer that stands at several places gets one.

    Example: (size (torch_lora_trainable_params (torch_lora_apply (torch_model 4 8 2) 2 4 "fc1"))) => 2
    Errors: `Error: First argument must be a PyTorch module`, `Error applying LoRA: ` when a target names no
    layer that takes an adapter, with the paths there are
    Source: torch API 10, 16.7
    """
    settings = lora_settings("torch_lora_apply", 2, rank, alpha)
    modules = modules_of(model, NO_MODULE)
    places = [place for prefix, module in modules.items() for place in _linear_layers(prefix, module)]
    chosen = _chosen(places, _target_names(targets))
    for place in chosen:
        _refuse_computed(place)
    freeze(modules)
    made = {id(place.linear): adapted_layer(place.linear, *settings, dora=bool(dora)) for place in chosen}
    # A chosen layer may stand at places that no target names: it is the same layer there.
    same = [place for place in places if id(place.linear) in made]
    for place in same:
        if place.parent is not None:
            setattr(place.parent, place.name, made[id(place.linear)])
    return _with_replaced(model, {p.path: made[id(p.linear)] for p in same if p.parent is None})


def _refuse_computed(place: _Place) -> None:
    """A weight that a hook computes before each call is not there for an adapter to stand beside."""
    if place.linear._forward_pre_hooks:
        where = place.path or "the layer"
        raise LispeError(
            f"Error applying LoRA: the weight of {where} is computed before each call (weight_norm, prune "
            "...); make it a plain one first, as torch.nn.utils.remove_weight_norm does"
        )


def freeze(modules: dict[str, nn.Module]) -> None:
    """Everything but the adapters that there are."""
    layers = lora_layers(modules).values()
    adapters = {id(tensor) for layer in layers for tensor in layer.parts().values()}
    for module in modules.values():
        for tensor in module.parameters():
            if id(tensor) not in adapters:
                tensor.requires_grad_(False)


# What PEFT calls every linear layer.
ALL = "all-linear"


def _target_names(targets: Any) -> list[str] | None:
    if targets is None or targets == ALL:
        return None
    if isinstance(targets, str):
        return [targets]
    if isinstance(targets, list) and targets and all(isinstance(item, str) for item in targets):
        return [str(item) for item in targets]
    raise wrong_argument("torch_lora_apply", 4, "a list of layer names", targets)


class _Place(NamedTuple):
    """Where a layer stands: its path, its parent (None for a module itself) and its name in it."""

    path: str
    parent: nn.Module | None
    name: str
    linear: nn.Module


def _linear_layers(prefix: str, module: nn.Module) -> Iterator[_Place]:
    """Each place of a layer that takes an adapter and has none yet; a shared layer has several."""
    inside: list[str] = []
    for path, part in module.named_modules(remove_duplicate=False):
        if isinstance(part, LoraLinear):
            inside.append(path and path + ".")
        elif can_adapt(part) and not path.startswith(tuple(inside)):
            above, _, name = path.rpartition(".")
            yield _Place(joined(prefix, path), module.get_submodule(above) if path else None, name, part)


def _chosen(places: list[_Place], names: list[str] | None) -> list[_Place]:
    known = [place.path or "the layer itself" for place in places]
    linear = [place for place in places if is_linear(place.linear)]
    if not linear and (names is None or not places):
        raise LispeError("Error applying LoRA: the model has no linear layers without an adapter")
    if names is None:
        return linear
    for name in names:
        if not any(_is_target(place.path, name) for place in places):
            raise LispeError(
                f"Error applying LoRA: no linear layer is called {name}; there are: {some(known)}"
            )
    return [place for place in places if any(_is_target(place.path, name) for name in names)]


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
    new makes a fresh adapter, in each layer with the rank and alpha of its present one unless they are given.

    Example: (torch_lora_set_adapter (torch_lora_linear 8 5 2 4) "french") => Adapter french is active
    Errors: `Error: Model must contain LoRA layers`, `Error switching the adapter: ` when the name exists and
    has another rank or alpha than those given
    """
    layers = adapted(model, NO_LAYERS)
    name = _adapter_name("torch_lora_set_adapter", name)
    settings = {
        path: lora_settings(
            "torch_lora_set_adapter",
            3,
            layer.rank if rank is None else rank,
            layer.alpha if alpha is None else alpha,
        )
        for path, layer in layers.items()
    }
    for path, layer in layers.items():
        if isinstance(layer, Dora) and name != layer.active:
            raise LispeError(
                f"Error switching the adapter: {path or 'the layer'} has DoRA, which is one adapter"
            )
        _refuse_other_settings(path, name, layer.adapter(name), rank, alpha)
    made = {
        path: layer.fresh(*settings[path]) for path, layer in layers.items() if layer.adapter(name) is None
    }
    with uninterrupted():
        for path, layer in layers.items():
            if path in made:
                layer.keep(name, made[path])
            layer.activate(name)
    return f"Adapter {name} is active"


def _adapter_name(function: str, value: Any) -> str:
    if isinstance(value, str) and value:
        return value
    raise wrong_argument(function, 2, "the name of an adapter (a string)", value)


def _refuse_other_settings(path: str, name: str, adapter: Adapter | None, rank: Any, alpha: Any) -> None:
    """An adapter that exists keeps its rank and alpha; others given for it would be lost without a word."""
    if adapter is None or (rank in (None, adapter.rank) and alpha in (None, adapter.alpha)):
        return
    where = f" in {path}" if path else ""
    raise LispeError(
        f"Error switching the adapter: {name} exists{where}, with rank {adapter.rank} and alpha "
        f"{adapter.alpha:g}; give its name alone to switch to it, or another name for a new adapter"
    )


@torch_function("torch_lora_adapters")
def lora_adapters(model: Any) -> Strings:
    """The names of the adapters that a LoRA layer, or a model with LoRA layers, holds; the active one first.

    Example: (torch_lora_adapters (torch_lora_linear 8 5 2 4)) => ("default")
    Errors: `Error: Model must contain LoRA layers`
    """
    layers = adapted(model, NO_LAYERS).values()
    active = next(iter(layers)).active
    others = {name for layer in layers for name in layer.adapters()} - {active}
    return Strings([active, *sorted(others)])


@torch_function("torch_lora_remove_adapter", prefix="Error removing the adapter: ")
def lora_remove_adapter(model: Any, name: Any) -> str:
    """Forget an adapter that is not active.

    Example: (maybe (torch_lora_remove_adapter (torch_lora_linear 8 5 2 4) "default") "active") => active
    Errors: `Error removing the adapter: ` when there is none of that name, or when it is active
    """
    layers = adapted(model, NO_LAYERS).values()
    name = _adapter_name("torch_lora_remove_adapter", name)
    if any(layer.active == name for layer in layers):
        raise LispeError(f"Error removing the adapter: {name} is active; switch to another one first")
    if not any(name in layer.adapters() for layer in layers):
        raise LispeError(f"Error removing the adapter: there is none called {name}")
    for layer in layers:
        layer.forget(name)
    return f"Adapter {name} removed"
