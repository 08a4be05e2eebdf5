"""Where the adapters of a PEFT folder go in a model: layers to fill, layers to make, modules to put in whole.

Everything is made beside the model first; `take` puts it in its places.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import nn

from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.lora.models import freeze
from lispe_kernel.torch_library.lora.peft_settings import Settings
from lispe_kernel.torch_library.modules.lora_kinds import Dora, adapted_layer, can_adapt
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.state.modules import lora_layers
from lispe_kernel.torch_library.state.names import joined


def ends_of(name: str, paths: Iterable[str]) -> list[str]:
    """The paths that PEFT finds by a name of modules_to_save: those that end in it."""
    return [path for path in paths if path and path.endswith(name)]


@contextmanager
def trained_as_before(modules: dict[str, nn.Module]) -> Iterator[None]:
    """After an error the same tensors are trained as before it."""
    flags = [(tensor, tensor.requires_grad) for module in modules.values() for tensor in module.parameters()]
    try:
        yield
    except BaseException:
        for tensor, flag in flags:
            tensor.requires_grad_(flag)
        raise


class _Spot(NamedTuple):
    """A module, the one around it (None: an entry of a table) and its name there."""

    module: nn.Module
    around: nn.Module | None
    name: str


class Wanted(NamedTuple):
    """What a folder holds: ranks and alphas by the path of the layer, and the names of all its tensors."""

    ranks: dict[str, int]
    alphas: dict[str, float]
    names: list[str]


@dataclass
class Places:
    """The layers to fill, by path; what is to be put where, and what stands there now."""

    modules: dict[str, nn.Module]
    layers: dict[str, LoraLinear]
    # Every part of the modules, by path.
    spots: dict[str, _Spot]
    made: dict[str, LoraLinear] = field(default_factory=dict)
    whole: dict[str, nn.Module] = field(default_factory=dict)
    before: dict[str, nn.Module] = field(default_factory=dict)
    # The tensors to fill besides those of the adapters, by their names in the folder.
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    # The model's own tensors that the folder has too, by their names there.
    own: dict[str, torch.Tensor] = field(default_factory=dict)
    # Those of them that are the same in the model.
    same: set[str] = field(default_factory=set)

    def bring(self, read: Callable[[str], torch.Tensor]) -> None:
        """Find out which tensors of the base differ in the folder (embeddings for more words, trained ones).

        The parts that have them become copies; the model's own stay as they are. Errors: BadFile when a
        layer has its adapter already, whose base is never changed.
        """
        for name, tensor in self.own.items():
            given = read(name)
            if given.shape == tensor.shape and torch.equal(given.to(tensor.dtype), tensor):
                self.same.add(name)
                continue
            if BASE_LAYER not in name:
                path, _, end = name.rpartition(".")
                copied = self.whole.get(path) or copy.deepcopy(self.spots[path].module)
                self.whole[path] = copied
                self.tensors[name] = getattr(copied, end)
                continue
            path, _, end = name.rpartition(BASE_LAYER)
            layer = self.made.get(path)
            if layer is None:
                raise BadFile(f"{name} is another one than that of the model, which has its adapter already")
            if layer.original is self.spots[path].module:
                layer.original = copy.deepcopy(layer.original)
                setattr(layer.original, _CAME_WHOLE, True)
            self.tensors[name] = getattr(layer.original, end)

    def take(self, model: Any) -> None:
        """Put everything in its place, and freeze the rest of a model that had no adapters."""
        for path, module in {**self.made, **self.whole}.items():
            spot = self.spots[path]
            self.before[path] = spot.module
            if spot.around is not None:
                setattr(spot.around, spot.name, module)
                continue
            self.modules[path] = module
            if isinstance(model, Dictionary):
                model.store(path, module)
            else:
                model[int(path)] = module
        if self.made:
            freeze(self.modules)
        for module in self.whole.values():
            setattr(module, _CAME_WHOLE, True)
            for tensor in module.parameters():
                tensor.requires_grad_(tensor.is_floating_point())


def planned(modules: dict[str, nn.Module], wanted: Wanted, settings: Settings) -> Places:
    """The places for what a folder holds. Errors: BadFile naming what has none."""
    spots = _spots(modules)
    places = Places(modules, lora_layers(modules), spots)
    other = next(
        (p for p, layer in places.layers.items() if isinstance(layer, Dora) is not settings.dora), None
    )
    if other is not None:
        kinds = ("DoRA", "plain") if settings.dora else ("plain", "DoRA")
        raise BadFile(
            f"its adapters are {kinds[0]}, that of {other or 'the layer'} in the model is {kinds[1]}"
        )
    if not places.layers:
        for path, rank in wanted.ranks.items():
            module = _adaptable(path, spots)
            try:
                layer = adapted_layer(module, rank, wanted.alphas[path], dora=settings.dora)
            except ValueError as error:
                raise BadFile(str(error)) from error
            places.layers[path] = places.made[path] = layer
    for path in dict.fromkeys(path for name in settings.saved for path in ends_of(name, spots)):
        places.whole[path] = _copied(path, spots[path].module, places)
        state = places.whole[path].state_dict()
        places.tensors |= {joined(path, name): tensor for name, tensor in state.items()}
    adapters = {joined(path, name) for path, layer in places.layers.items() for name in layer.parts()}
    for name in wanted.names:
        tensor = None if name in adapters else _own(name, places)
        if tensor is not None:
            places.own[name] = tensor
    return places


# The mark of a part that came with adapters, for the next folder that they are written into.
_CAME_WHOLE = "_came_whole_with_adapters"


def came_whole(module: nn.Module) -> bool:
    """Whether a part came with adapters, in the place of the model's own."""
    return hasattr(module, _CAME_WHOLE)


def trained_beside(modules: dict[str, nn.Module]) -> list[str]:
    """The paths of the parts that are trained beside adapters: what these do depends on them.

    None in a model of which nothing was frozen and nothing came with adapters: nobody prepared it.
    Errors: BadFile naming a tensor that is trained in a part which has adapters, too.
    """
    outside = [part for _, part in _outside(modules)]
    frozen = any(not t.requires_grad for part in outside for t in _fractions(part, recurse=False))
    if not frozen and not any(map(came_whole, outside)):
        return []
    return [path for prefix, module in modules.items() for path in _trained(prefix, module)]


def _outside(modules: dict[str, nn.Module]) -> Iterator[tuple[str, nn.Module]]:
    """The parts of modules that are no adapted layers, nor in one, by path."""
    for path, module in modules.items():
        if not isinstance(module, LoraLinear):
            yield path, module
            yield from _outside({joined(path, name): part for name, part in module.named_children()})


def _trained(path: str, module: nn.Module) -> Iterator[str]:
    if isinstance(module, LoraLinear):
        return
    own = {name: t for name, t in module.named_parameters(recurse=False) if t.requires_grad}
    whole = path and not any(isinstance(part, LoraLinear) for part in module.modules())
    every = [tensor.requires_grad for tensor in _fractions(module)]
    if whole and every and (own or all(every)):
        yield path
        return
    if own:
        raise BadFile(
            f"{joined(path, next(iter(own)))} is trained and stands in a part that has adapters, where PEFT "
            "has no place for it. Freeze it, or name the parts to be saved; (list) saves the adapters alone"
        )
    for name, part in module.named_children():
        yield from _trained(joined(path, name), part)


def _fractions(module: nn.Module, *, recurse: bool = True) -> Iterator[nn.Parameter]:
    return (tensor for tensor in module.parameters(recurse) if tensor.is_floating_point())


# What stands between the path of an adapted layer and the tensors of its base, in PEFT.
BASE_LAYER = ".base_layer."


def _own(name: str, places: Places) -> torch.Tensor | None:
    """The tensor of the model that PEFT would load this one into; None for those of adapters."""
    if name in places.tensors:
        return None
    path, base, end = name.rpartition(BASE_LAYER)
    if not base:
        path, _, end = name.rpartition(".")
    spot = places.spots.get(path)
    if spot is None or (bool(base) is not (path in places.layers)):
        return None
    module = spot.module.original if isinstance(spot.module, LoraLinear) else spot.module
    return {**module._parameters, **module._buffers}.get(end)


def _spots(modules: dict[str, nn.Module]) -> dict[str, _Spot]:
    found = {}
    for prefix, module in modules.items():
        for path, part in module.named_modules(remove_duplicate=False):
            above, _, name = path.rpartition(".")
            around = module.get_submodule(above) if path else None
            found[joined(prefix, path)] = _Spot(part, around, name)
    return found


def _adaptable(path: str, spots: dict[str, _Spot]) -> nn.Module:
    spot = spots.get(path)
    if spot is None or not path:
        raise BadFile(f"it has an adapter for {path}, a part that the model has not")
    kind = type(spot.module).__name__
    if not can_adapt(spot.module):
        raise BadFile(f"it has an adapter for {path}, in the model a {kind}, which takes none here")
    if isinstance(spot.around, nn.MultiheadAttention):
        raise BadFile(
            f"it has an adapter for {path}, the output of an attention layer, where in PEFT none acts"
        )
    if spot.module._forward_pre_hooks:
        raise BadFile(f"the weight of {path} is computed before each call; make it a plain one first")
    return spot.module


def _copied(path: str, module: nn.Module, places: Places) -> nn.Module:
    """A copy of a module that comes whole. Errors: it has adapters, or stands in another that comes whole."""
    if any(f"{path}.".startswith(f"{other}.") for other in places.whole):
        raise BadFile(f"{path} comes whole twice, with the module around it; that is not supported")
    if any(f"{layer}.".startswith(f"{path}.") for layer in places.layers):
        raise BadFile(f"{path} comes whole and has an adapter too; that is not supported")
    return copy.deepcopy(module)
