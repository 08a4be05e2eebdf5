"""LoRA adapters on a loaded model: our LoRA layers in the places of its projections, their files, merging.

The layers are those of `torch_lora_apply`, so that its functions, checkpoints and PEFT's folders work on the
module of an adapted model too (`torch_hf_model`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.files.errors import writing
from lispe_kernel.torch_library.files.formats import opened, write_tree
from lispe_kernel.torch_library.hugging_face.folders import LOADING_MODEL
from lispe_kernel.torch_library.hugging_face.forward import loaded
from lispe_kernel.torch_library.hugging_face.inspection import no_projection
from lispe_kernel.torch_library.hugging_face.models import Loaded, keep, layers_of, model_named
from lispe_kernel.torch_library.hugging_face.settings import load_settings
from lispe_kernel.torch_library.lora.layers import lora_merge_weights
from lispe_kernel.torch_library.lora.models import lora_apply
from lispe_kernel.torch_library.lora.peft import lora_save_peft, put_on
from lispe_kernel.torch_library.lora.peft_places import Places
from lispe_kernel.torch_library.modules.lora_kinds import is_linear
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.state.adapters import is_alpha
from lispe_kernel.torch_library.state.comparison import both_floating, paired
from lispe_kernel.torch_library.state.names import state_names
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted

NOT_FOUND = "Model not found: "
NO_LORA = "Model is not a LoRA model"
SAVING, LOADING = "Error saving LoRA adapters: ", "Error loading LoRA adapters: "
DTYPES = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "half": torch.float16,
    "float32": torch.float32,
    "float": torch.float32,
}
# A layer's number and the projection, in a path such as `model.layers.3.self_attn.q_proj`.
_NUMBERED = re.compile(r"(?:^|\.)(\d+)\.(?:.*\.)?([^.]+)$")


class Adapters:
    """The LoRA layers of one model by path, the modules that came whole with them, and whether they act."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.enabled = True
        self.whole: dict[str, nn.Module] = {}
        # The model's own in the places of modules that came whole, and of layers that a folder made.
        self.own: dict[str, nn.Module] = {}

    def layers(self) -> dict[str, LoraLinear]:
        """The layers, also while the base acts alone."""
        return self._resting or {p: m for p, m in self.module.named_modules() if isinstance(m, LoraLinear)}

    _resting: dict[str, LoraLinear] = {}  # noqa: RUF012 - replaced, never changed

    def enable(self, acting: bool) -> None:
        """Put the LoRA layers in their places, or the layers that they stand for."""
        if acting == self.enabled:
            return
        layers = self.layers()
        with uninterrupted():
            self._put({**layers, **self.whole} if acting else self._base())
            self._resting = {} if acting else layers
            self.enabled = acting

    def clear(self) -> None:
        """Take the adapters away; the layers that they stood for are there again, with their own weights."""
        self._put(self._base())
        self._resting, self.enabled, self.whole, self.own = {}, True, {}, {}

    def exchanged(self, places: Places) -> None:
        """Keep what stood where a folder put modules of its own."""
        first = {path: self.own[path] for path in self.whole}
        self.own |= {**places.before, **first}
        self.whole |= places.whole

    def _base(self) -> dict[str, nn.Module]:
        """What stands in the places while the base acts alone."""
        layers = {path: self.own.get(path, layer.original) for path, layer in self.layers().items()}
        return {**layers, **{path: self.own[path] for path in self.whole}}

    def _put(self, modules: Mapping[str, nn.Module]) -> None:
        for path, module in modules.items():
            above, _, name = path.rpartition(".")
            setattr(self.module.get_submodule(above), name, module)

    def parameters(self) -> list[torch.Tensor]:
        trained = [tensor for layer in self.layers().values() for tensor in layer.parts().values()]
        return [*trained, *(tensor for given in self.whole.values() for tensor in given.parameters())]

    def named(self) -> dict[str, torch.Tensor]:
        """The tensors by the names of the files."""
        found: dict[str, torch.Tensor] = {}
        for path, layer in self.layers().items():
            short = _NUMBERED.search(path)
            name = f"layer.{short[1]}.{short[2]}" if short else path
            name = path if f"{name}.lora_A.weight" in found else name
            found |= {f"{name}.{end}": tensor.detach() for end, tensor in layer.parts().items()}
        return found


def _model(name: Any) -> Loaded:
    model = model_named(name, NOT_FOUND)
    if model.adapters is None:
        raise LispeError(NO_LORA)
    return model


def _adapters(name: Any) -> Adapters:
    adapters: Adapters = _model(name).adapters
    if not adapters.layers():
        raise LispeError(f"Error: the model {name} has no adapters yet (torch_hf_lora_init makes them)")
    return adapters


@torch_function("torch_hf_load_model_lora", prefix=LOADING_MODEL)
def hf_load_model_lora(model_name: str, path: str, config: Any = None) -> str:
    """Load a model from a folder for adapting, under a name of its own, which is the value.

    Example: (maybe (torch_hf_load_model_lora "m" "no-such-folder" nil) "cannot load") => cannot load
    Errors: as `torch_hf_load_model`
    Source: torch API 16.7
    """
    name = arguments.identifier("torch_hf_load_model_lora", 1, model_name)
    folder = arguments.path("torch_hf_load_model_lora", 2, path)
    model = loaded(folder, load_settings(config, LOADING_MODEL))
    model.module.requires_grad_(False)
    model.adapters = Adapters(model.module)
    keep(name, model)
    return name


@torch_function("torch_hf_lora_init")
def hf_lora_init(
    model_name: str, rank: Any, alpha: Any, target_modules: Any, dtype: str | None = None
) -> Atom:
    """Fresh adapters on the named projections of every layer; true. The outputs do not change yet.

    Targets are linear layers of the architecture, such as q_proj k_proj v_proj o_proj gate_proj up_proj
    down_proj. dtype `float32` (default), `bfloat16` or `float16`.

    Example: (maybe (torch_hf_lora_init "none" 4 8 (list "q_proj")) "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`; a target that the layers do not have is told
    those that they have; an unknown dtype is named
    Source: torch API 16.7
    """
    model = model_named(model_name, NOT_FOUND)
    if model.adapters is None:
        raise LispeError(f"{NO_LORA} (load it with torch_hf_load_model_lora)")
    kind = DTYPES.get("float32" if dtype is None else dtype)
    if kind is None:
        raise LispeError(f"Error: torch_hf_lora_init: unknown dtype '{dtype}', expected {', '.join(DTYPES)}")
    size = arguments.size("torch_hf_lora_init", 2, rank)
    scale = arguments.number("torch_hf_lora_init", 3, alpha)
    targets = _targets(model, target_modules)
    with uninterrupted():
        model.adapters.clear()
        lora_apply(model.module, size, scale, List(targets))
        for tensor in model.adapters.parameters():
            tensor.data = tensor.data.to(kind)
    return TRUE


def _targets(model: Loaded, given: Any) -> list[str]:
    """The targets, each a linear layer in the blocks of the model."""
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise LispeError("Error: torch_hf_lora_init: targets are names of linear layers, at least one")
    blocks = layers_of(model.module, model.config)
    parts = list(blocks.named_modules() if blocks is not None else model.module.named_modules())
    linear = {
        path.rpartition(".")[2] for path, part in parts if is_linear(part) or isinstance(part, LoraLinear)
    }
    for name in names:
        if name.rpartition(".")[2] in linear:
            continue
        other = next((part for path, part in parts if path.rpartition(".")[2] == name), None)
        if other is not None:
            kind = type(other).__name__
            raise LispeError(
                f"Error: torch_hf_lora_init: {name} of {model.name} is a {kind}, which takes no adapter: "
                "only linear layers do"
            )
        first = list(blocks[0].named_modules()) if blocks is not None else parts
        raise LispeError(no_projection(model, name, first))
    return [str(name) for name in names]


@torch_function("torch_hf_lora_get_parameters", "torch_hf_lora_parameters")
def hf_lora_get_parameters(model_name: str) -> List:
    """A list of the trainable tensors, A and B of each adapted projection: for an optimizer.

    Example: (maybe (torch_hf_lora_get_parameters "none") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`
    Source: torch API 16.7
    """
    return List(_model(model_name).adapters.parameters())


@torch_function("torch_hf_lora_save", prefix=SAVING)
def hf_lora_save(model_name: str, path: str) -> Atom:
    """Write the adapters to a file, keys `layer.i.q_proj.lora_A.weight`; true.

    A path that ends in `/`, or that is a folder, becomes a folder for PEFT, with PEFT's own keys.

    Example: (maybe (torch_hf_lora_save "none" "a.pt") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`, `Error saving LoRA adapters: ` and why
    Source: torch API 16.7
    """
    adapters = _adapters(model_name)
    path = arguments.path("torch_hf_lora_save", 2, path)
    if path.endswith("/") or os.path.isdir(path):
        acting = adapters.enabled
        adapters.enable(True)
        try:
            lora_save_peft(adapters.module, path, List(adapters.whole) if adapters.whole else None)
        finally:
            adapters.enable(acting)
        return TRUE
    if adapters.whole:
        text = f"{SAVING}{next(iter(adapters.whole))} came whole with the adapters, which only a folder keeps"
        raise LispeError(f"{text}; give a path that ends in /")
    scale = next(iter(adapters.layers().values())).scale
    with writing(SAVING, path):
        write_tree(path, adapters.named(), {"kind": "adapters", "scale": scale})
    return TRUE


@torch_function("torch_hf_lora_load", prefix=LOADING)
def hf_lora_load(model_name: str, path: str) -> Atom:
    """Replace the adapters' values by those of a file, all or none; a merged model is unmerged. True.

    A folder is one that PEFT wrote; a model without adapters gets those that it describes, and its
    modules_to_save take the places of the model's own while the adapters act. Values of
    another floating-point dtype are converted to the adapters'.

    Example: (maybe (torch_hf_lora_load "none" "a.pt") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`, `Error loading LoRA adapters: ` with the file
    and all that is missing, unexpected and mismatched (both shapes)
    Source: torch API 16.7
    """
    path = arguments.path("torch_hf_lora_load", 2, path)
    if os.path.isdir(path):
        adapters = _model(model_name).adapters
        adapters.enable(True)
        adapters.exchanged(put_on({"": adapters.module}, path))
        return TRUE
    adapters = _adapters(model_name)
    with opened(LOADING, path) as archive:
        names = state_names(archive.tree)
        sources = {name: archive.entries[ref] for name, ref in names.items()}
        pairs = paired(sources, adapters.named(), both_floating, "does not fit")
        wanted = {names[name]: tensors for name, tensors in pairs.items()}
        archive.verify(wanted)
        scale = archive.summary.get("scale")
        with uninterrupted():
            archive.read_into(wanted)
            for layer in adapters.layers().values():
                layer.alpha = float(scale) * layer.rank if is_alpha(scale) else layer.alpha
                layer.unmerge()
    return TRUE


@torch_function("torch_hf_lora_merge")
def hf_lora_merge(model_name: str) -> Atom:
    """Let the adapted projections compute with one weight W + alpha/rank·B·A, as of now; true.

    Example: (maybe (torch_hf_lora_merge "none") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`
    Source: torch API 16.7
    """
    layers = _adapters(model_name).layers()
    for layer in layers.values():
        layer.unmerge()
    merge: Any = lora_merge_weights
    merge(List(layers.values()))
    return TRUE


@torch_function("torch_hf_lora_unmerge")
def hf_lora_unmerge(model_name: str) -> Atom:
    """Let the adapters act beside the weights again, which are exactly those of the folder; true.

    Example: (maybe (torch_hf_lora_unmerge "none") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`
    Source: torch API 16.7
    """
    for layer in _adapters(model_name).layers().values():
        layer.unmerge()
    return TRUE


@torch_function("torch_hf_lora_enable")
def hf_lora_enable(model_name: str, enable: Any) -> Atom:
    """Let the adapters act (true) or the base model alone (nil), merged or not; true.

    Example: (maybe (torch_hf_lora_enable "none" nil) "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`
    Source: torch API 16.7
    """
    _model(model_name).adapters.enable(bool(enable))
    return TRUE
