"""LoRA adapters on the projections of a Hugging Face model: training, files, merging.

Each adapted projection computes Wx + alpha/rank·B(Ax) beside its frozen weight; a fresh B is 0. The weights
read from the files are never changed, so that unmerging is exact.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.files.errors import writing
from lispe_kernel.torch_library.files.formats import opened, write_tree
from lispe_kernel.torch_library.hugging_face.files import LOADING_MODEL, load
from lispe_kernel.torch_library.hugging_face.llama import (
    ATTENTION,
    FEED_FORWARD,
    Llama,
    bias_name,
    weight_name,
)
from lispe_kernel.torch_library.hugging_face.models import Loaded, model_named, models, settings_of
from lispe_kernel.torch_library.state.adapters import is_alpha
from lispe_kernel.torch_library.state.comparison import both_floating, paired
from lispe_kernel.torch_library.state.names import state_names
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted
from lispe_kernel.torch_library.tensors.devices import device_of

NOT_FOUND = "Model not found: "
NO_LORA = "Model is not a LoRA model"
SAVING, LOADING = "Error saving LoRA adapters: ", "Error loading LoRA adapters: "
TARGETS = (*ATTENTION, *FEED_FORWARD)
DTYPES = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "half": torch.float16,
    "float32": torch.float32,
    "float": torch.float32,
}

Place = tuple[int, str]


class Adapters:
    """A and B of the adapted projections of one model, and whether they act."""

    def __init__(self, llama: Llama) -> None:
        self.llama = llama
        self.pairs: dict[Place, tuple[nn.Parameter, nn.Parameter]] = {}
        self.scale = 1.0
        self.enabled = True
        # The acting weights of merged projections.
        self.merged: dict[Place, torch.Tensor] = {}

    def install(self, targets: list[str], rank: int, alpha: float, dtype: torch.dtype) -> None:
        """Fresh adapters on the targets of every layer; those before are gone."""
        self.scale, self.enabled = alpha / rank, True
        self.merged.clear()
        self.pairs.clear()
        for layer in range(self.llama.config.num_hidden_layers):
            for target in targets:
                weight = self.llama.weights[weight_name(layer, target)]
                down = torch.randn(rank, weight.shape[1]) / math.sqrt(rank)
                up = torch.zeros(weight.shape[0], rank)
                self.pairs[layer, target] = (
                    nn.Parameter(down.to(weight.device, dtype)),
                    nn.Parameter(up.to(weight.device, dtype)),
                )

    def project(self, layer: int, projection: str, data: torch.Tensor) -> torch.Tensor:
        """The projection as it acts now."""
        place = (layer, projection)
        if not self.enabled or place not in self.pairs:
            return self.llama.project(layer, projection, data)
        if place in self.merged:
            bias = self.llama.weights.get(bias_name(layer, projection))
            return functional.linear(data, self.merged[place], bias)
        down, up = self.pairs[place]
        change = functional.linear(functional.linear(data.to(down.dtype), down), up)
        return self.llama.project(layer, projection, data) + (self.scale * change).to(data.dtype)

    def weight(self, layer: int, projection: str) -> torch.Tensor:
        """The weight that acts: the merged one where there is one."""
        plain = self.llama.weights[weight_name(layer, projection)]
        return self.merged.get((layer, projection), plain) if self.enabled else plain

    def merge(self) -> None:
        with torch.no_grad():
            for place, (down, up) in self.pairs.items():
                plain = self.llama.weights[weight_name(*place)]
                self.merged[place] = (plain.float() + self.scale * (up.float() @ down.float())).to(
                    plain.dtype
                )

    def named(self) -> dict[str, torch.Tensor]:
        """The tensors by the names of the files."""
        found = {}
        for (layer, target), (down, up) in self.pairs.items():
            found[f"layer.{layer}.{target}.lora_A.weight"] = down.detach()
            found[f"layer.{layer}.{target}.lora_B.weight"] = up.detach()
        return found


def _model(name: Any) -> Loaded:
    model = model_named(name, NOT_FOUND)
    if model.adapters is None:
        raise LispeError(NO_LORA)
    return model


def _adapters(name: Any) -> Adapters:
    adapters: Adapters = _model(name).adapters
    if not adapters.pairs:
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
    settings = settings_of(config)
    llama = load(folder, device_of(settings["device"]))
    models()[name] = Loaded(llama, settings, adapters=Adapters(llama))
    return name


@torch_function("torch_hf_lora_init")
def hf_lora_init(
    model_name: str, rank: Any, alpha: Any, target_modules: Any, dtype: str | None = None
) -> Atom:
    """Fresh adapters on the named projections of every layer; true. The outputs do not change yet.

    Targets: q_proj k_proj v_proj o_proj gate_proj up_proj down_proj. dtype `float32` (default), `bfloat16`
    or `float16`.

    Example: (maybe (torch_hf_lora_init "none" 4 8 (list "q_proj")) "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`; an unknown target or dtype is named
    Source: torch API 16.7
    """
    model = model_named(model_name, NOT_FOUND)
    if model.adapters is None:
        raise LispeError(f"{NO_LORA} (load it with torch_hf_load_model_lora)")
    targets = list(target_modules) if isinstance(target_modules, list) else []
    unknown = [target for target in targets if target not in TARGETS]
    if not targets or unknown:
        wrong = f"not {unknown[0]}" if unknown else "at least one"
        raise LispeError(f"Error: torch_hf_lora_init: targets are {' '.join(TARGETS)}, {wrong}")
    kind = DTYPES.get("float32" if dtype is None else dtype)
    if kind is None:
        raise LispeError(f"Error: torch_hf_lora_init: unknown dtype '{dtype}', expected {', '.join(DTYPES)}")
    size = arguments.size("torch_hf_lora_init", 2, rank)
    model.adapters.install(targets, size, arguments.number("torch_hf_lora_init", 3, alpha), kind)
    return TRUE


@torch_function("torch_hf_lora_get_parameters", "torch_hf_lora_parameters")
def hf_lora_get_parameters(model_name: str) -> List:
    """A list of the trainable tensors, A and B of each adapted projection: for an optimizer.

    Example: (maybe (torch_hf_lora_get_parameters "none") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`
    Source: torch API 16.7
    """
    return List(tensor for pair in _model(model_name).adapters.pairs.values() for tensor in pair)


@torch_function("torch_hf_lora_save", prefix=SAVING)
def hf_lora_save(model_name: str, path: str) -> Atom:
    """Write the adapters to a file, keys `layer.i.q_proj.lora_A.weight`; true.

    Example: (maybe (torch_hf_lora_save "none" "a.pt") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`, `Error saving LoRA adapters: ` and why
    Source: torch API 16.7
    """
    adapters = _adapters(model_name)
    path = arguments.path("torch_hf_lora_save", 2, path)
    with writing(SAVING, path):
        write_tree(path, adapters.named(), {"kind": "adapters", "scale": adapters.scale})
    return TRUE


@torch_function("torch_hf_lora_load", prefix=LOADING)
def hf_lora_load(model_name: str, path: str) -> Atom:
    """Replace the adapters' values by those of a file, all or none; a merged model is unmerged. True.

    Values of another floating-point dtype are converted to the adapters'.

    Example: (maybe (torch_hf_lora_load "none" "a.pt") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`, `Error loading LoRA adapters: ` with the file
    and all that is missing, unexpected and mismatched (both shapes)
    Source: torch API 16.7
    """
    adapters = _adapters(model_name)
    path = arguments.path("torch_hf_lora_load", 2, path)
    with opened(LOADING, path) as archive:
        names = state_names(archive.tree)
        sources = {name: archive.entries[ref] for name, ref in names.items()}
        pairs = paired(sources, adapters.named(), both_floating, "does not fit")
        wanted = {names[name]: tensors for name, tensors in pairs.items()}
        archive.verify(wanted)
        scale = archive.summary.get("scale")
        with uninterrupted():
            archive.read_into(wanted)
            adapters.scale = float(scale) if is_alpha(scale) else adapters.scale
            adapters.merged.clear()
    return TRUE


@torch_function("torch_hf_lora_merge")
def hf_lora_merge(model_name: str) -> Atom:
    """Let the adapted projections compute with one weight W + alpha/rank·B·A, as of now; true.

    Example: (maybe (torch_hf_lora_merge "none") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`
    Source: torch API 16.7
    """
    _adapters(model_name).merge()
    return TRUE


@torch_function("torch_hf_lora_unmerge")
def hf_lora_unmerge(model_name: str) -> Atom:
    """Let the adapters act beside the weights again, which are exactly those of the files; true.

    Example: (maybe (torch_hf_lora_unmerge "none") "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`
    Source: torch API 16.7
    """
    _adapters(model_name).merged.clear()
    return TRUE


@torch_function("torch_hf_lora_enable")
def hf_lora_enable(model_name: str, enable: Any) -> Atom:
    """Let the adapters act (true) or the base model alone (nil), merged or not; true.

    Example: (maybe (torch_hf_lora_enable "none" nil) "not found") => not found
    Errors: `Model not found: N`, `Model is not a LoRA model`
    Source: torch API 16.7
    """
    _model(model_name).adapters.enabled = bool(enable)
    return TRUE
