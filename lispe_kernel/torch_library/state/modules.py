"""What of a module goes into a file, and where the tensors of a file go in a module.

A module, a table of modules (a dictionary) or a list of modules becomes a table of named tensors. LoRA
layers take part in their own way: merged ones look like plain linear layers, and the file of a plain linear
sets their base. Nothing here reads or writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.distributed.parallel import whole
from lispe_kernel.torch_library.distributed.parts import here
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.trees import EXTRA_STATE, odd_part
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.modules.recomputation import CheckpointedModule
from lispe_kernel.torch_library.state.names import joined
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.cycles import refuse_cycle

# The tensors of the adapter that acts, below the path of its layer.
LORA_A, LORA_B = "lora_A.weight", "lora_B.weight"
_BASE = "original."


@dataclass
class Targets:
    """The tensors of a model that a file is to fill, by the names the file uses for them."""

    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    # The names that the modules themselves use, by the identity of the tensor.
    own_names: dict[int, str] = field(default_factory=dict)
    # Called when everything is in place.
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    # What is wrong with tensors that no load can change, by their identity.
    unfillable: dict[int, str] = field(default_factory=dict)

    def check(self, plan: Mapping[str, list[torch.Tensor]]) -> None:
        """Every tensor of a plan can be filled. Errors: BadFile naming the first that cannot."""
        for name, tensors in plan.items():
            problem = self.unfillable.get(id(tensors[0]))
            if problem is not None:
                raise BadFile(f"{name} of the model {problem}")


def modules_of(value: Any, text: str) -> dict[str, nn.Module]:
    """The modules by prefix: one module stands under the empty name, those of a table under their keys.

    Errors: `text` for anything else, and for a table with another value in it.
    """
    if isinstance(value, nn.Module):
        refuse_cycle(value)
        return {"": _unwrapped(value)}
    if isinstance(value, Dictionary):
        found = {str(key): item for key, item in value.items()}
    elif isinstance(value, list):
        found = {str(position): item for position, item in enumerate(value)}
    else:
        raise arguments.instead(text, value)
    for key, item in found.items():
        if not isinstance(item, nn.Module):
            raise LispeError(f"{text}; its entry {key} is {describe(item)}{arguments.lack(item)}")
        refuse_cycle(item)
    if not found:
        raise arguments.instead(text, value)
    return {key: _unwrapped(item) for key, item in found.items()}


def _unwrapped(module: nn.Module) -> nn.Module:
    """The module itself where it is wrapped for recomputation or the ranks: files do not know wrappers."""
    module = whole(module)
    return module.module if isinstance(module, CheckpointedModule) else module


def is_table(value: Any) -> bool:
    """Whether a value is several modules rather than one."""
    return not isinstance(value, nn.Module)


def lora_places(modules: dict[str, nn.Module]) -> dict[str, LoraLinear]:
    """The LoRA layers by path; one that stands at several places is there under each of them."""
    return {
        joined(prefix, path): layer
        for prefix, module in modules.items()
        for path, layer in module.named_modules(remove_duplicate=False)
        if isinstance(layer, LoraLinear)
    }


def lora_layers(modules: dict[str, nn.Module]) -> dict[str, LoraLinear]:
    """The LoRA layers, each once, by the first of its paths."""
    first: dict[int, tuple[str, LoraLinear]] = {}
    for path, layer in lora_places(modules).items():
        first.setdefault(id(layer), (path, layer))
    return dict(first.values())


def saved_state(modules: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
    """All tensors (parameters and buffers) of the modules that act, under the names they have in a file."""
    state = _tensors(modules, state_of(modules))
    for path, layer in lora_places(modules).items():
        if layer.merged:
            state = _as_plain(state, path, layer)
            state[joined(path, "weight")] = layer.weight.detach()
    return state


def state_of(modules: dict[str, nn.Module]) -> dict[str, Any]:
    """The state dicts of the modules as one, also what in them is no tensor.

    Errors: BadFile when a name stands for two tensors.
    """
    found: dict[str, Any] = {}
    for prefix, module in modules.items():
        for inner, value in module.state_dict().items():
            name = joined(prefix, inner)
            if name in found:
                raise BadFile(f"two tensors of the table would be called {name}; give its keys other names")
            found[name] = value
    return found


def _tensors(modules: dict[str, nn.Module], state: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The parameters and buffers that have a shape: those of a lazy module come when it is loaded, or called.

    An extra state that is a tensor is none of them: it may have any shape.
    """
    tensors = {name: v for name, v in state.items() if isinstance(v, torch.Tensor) and not is_lazy(v)}
    extra = _extra_parts(modules)
    return {name: v for name, v in tensors.items() if name not in extra} if extra else tensors


def extra_states(modules: dict[str, nn.Module], state: dict[str, Any]) -> dict[str, Any]:
    """The extra states in a state, by name: plain values, which files hold beside the tensors of a module.

    A module that keeps something else would not be the same again.
    Errors: BadFile naming the part of the module.
    """
    extra = _extra_parts(modules)
    for name, part in extra.items():
        if state.get(name) is None:
            continue
        whose = name.removesuffix(EXTRA_STATE).removesuffix(".") or type(part).__name__
        if not takes_extra_state(part):
            raise BadFile(
                f"{whose} of the model gives an extra state and takes none (it has no set_extra_state): no "
                "load could bring it back"
            )
        odd = odd_part(state[name], name)
        if odd is not None:
            raise BadFile(
                f"{whose} of the model keeps more than plain values besides its tensors ({odd}), which "
                f"{_NO_PLACE}"
            )
    for name, value in state.items():
        if value is not None and name not in extra and not isinstance(value, torch.Tensor):
            raise BadFile(f"{name} of the model is a {type(value).__name__}, which {_NO_PLACE}")
    return {name: state[name] for name in state if name in extra and takes_extra_state(extra[name])}


def takes_extra_state(part: nn.Module) -> bool:
    """Whether a class has something to do with an extra state."""
    return type(part).set_extra_state is not nn.Module.set_extra_state


def _extra_parts(modules: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """The parts that give or take extra states, by the name that the state has in a state dict."""
    return {
        joined(joined(prefix, path), EXTRA_STATE): part
        for prefix, module in modules.items()
        for path, part in module.named_modules(remove_duplicate=False)
        if takes_extra_state(part) or type(part).get_extra_state is not nn.Module.get_extra_state
    }


_NO_PLACE = "has no place in a file here; save its state dict with torch in Python"


def _unfillable(modules: dict[str, nn.Module], tensors: dict[str, torch.Tensor]) -> dict[int, str]:
    """The tensors of state dicts that a load could not change, by identity, and what is wrong with each."""
    own = {
        _place(tensor)
        for module in modules.values()
        for tensor in (*module.parameters(), *module.buffers())
        if not is_lazy(tensor) and tensor.layout is torch.strided
    }
    found = {id(tensor): problem for tensor in tensors.values() if (problem := _problem(tensor))}
    strange = {
        name: t for name, t in tensors.items() if id(t) not in found and t.numel() and _is_strange(t, own)
    }
    # What is neither parameter nor buffer is the module's own if it comes a second time.
    again = state_of(modules) if strange else {}
    for name, tensor in strange.items():
        if name not in again or _place(again[name]) != _place(tensor):
            found[id(tensor)] = _COPY
    return found


_COPY = "is a copy that its state dict makes, not the model's own tensor: loading would change nothing"


def _is_strange(tensor: torch.Tensor, own: set[int]) -> bool:
    return tensor.layout is torch.strided and tensor.numel() > 0 and _place(tensor) not in own


def _place(tensor: torch.Tensor) -> int:
    return here(tensor).untyped_storage().data_ptr()


def _problem(tensor: torch.Tensor) -> str | None:
    if tensor.device.type == "meta":
        return "has no memory (meta device); give it some with to_empty"
    if tensor.layout is not torch.strided or not tensor.numel():
        return None
    if any(step == 0 and size > 1 for size, step in zip(tensor.shape, tensor.stride(), strict=True)):
        return "is expanded: several elements share one place; give the module a tensor of its own"
    return None


def parameters_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters of a module by name, tied ones under each of their names; buffers excluded."""
    buffers = {name for name, _ in module.named_buffers(remove_duplicate=False)}
    return {name: tensor for name, tensor in saved_state({"": module}).items() if name not in buffers}


def targets_for(modules: dict[str, nn.Module], names: Iterable[str]) -> Targets:
    """Where the tensors of a file with these names go. A merged layer that they reach is unmerged.

    Errors: BadFile for a merged layer of which a file has the base alone.
    """
    names = set(names)
    targets = Targets(_tensors(modules, state_of(modules)))
    targets.own_names = {id(tensor): name for name, tensor in targets.tensors.items()}
    targets.unfillable = _unfillable(modules, targets.tensors)
    for path, layer in lora_places(modules).items():
        if joined(path, "weight") in names:
            _refuse_merged(layer, path)
            targets.tensors = _as_plain(targets.tensors, path, layer)
        elif any(joined(path, name) in names for name in (f"{_BASE}weight", f"{_BASE}bias", LORA_A, LORA_B)):
            targets.afterwards.append(layer.unmerge)
    return targets


def merged_layers(modules: dict[str, nn.Module]) -> list[str]:
    """The paths of the merged LoRA layers; a layer alone is called `itself`."""
    return [path or "itself" for path, layer in lora_layers(modules).items() if layer.merged]


def _as_plain(tensors: dict[str, torch.Tensor], path: str, layer: LoraLinear) -> dict[str, torch.Tensor]:
    """The tensors with the layer at `path` named like a plain linear layer, its adapter left out."""
    lead = path and path + "."
    adapter = [joined(path, name) for name in layer.parts()]
    return {
        lead + name.removeprefix(lead + _BASE) if name.startswith(lead + _BASE) else name: tensor
        for name, tensor in tensors.items()
        if name not in adapter
    }


def _refuse_merged(layer: LoraLinear, path: str) -> None:
    if layer.merged:
        where = f" {path}" if path else ""
        raise BadFile(
            f"the LoRA layer{where} of the model is merged, its base cannot be replaced alone; unmerge it "
            "first with (torch_lora_unmerge_weights layer)"
        )
