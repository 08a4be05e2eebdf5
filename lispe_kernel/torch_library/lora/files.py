"""Adapter files: A and B of the LoRA layers of a layer or a model, and nothing else.

Small files that go with a base model. Loading replaces the values of A and B in place, after everything was
compared; the base is never touched.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from lispe_kernel.torch_library.files.archive import Archive
from lispe_kernel.torch_library.files.errors import BadFile, writing
from lispe_kernel.torch_library.files.formats import opened, write_tree
from lispe_kernel.torch_library.lora.layers import NO_LAYERS, adapted
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.state.adapters import is_alpha
from lispe_kernel.torch_library.state.comparison import both_floating, paired
from lispe_kernel.torch_library.state.modules import LORA_A, LORA_B
from lispe_kernel.torch_library.state.names import joined, state_names
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted
from lispe_kernel.torch_library.support.wording import shape

SAVING = "Error saving LoRA adapters: "
LOADING = "Error loading LoRA adapters: "
# What libtorch's archive of a two-element sequence calls them.
_ORIGINAL_NAMES = {"0.weight": LORA_A, "1.weight": LORA_B}


@torch_function("torch_lora_save_adapters", prefix=SAVING)
def lora_save_adapters(model: Any, path: str) -> str:
    """Write A and B of a LoRA layer, or of all LoRA layers of a model, to a file; the base is left out.

    Example: (torch_lora_save_adapters (torch_lora_linear 8 5 2 4) "a.pt") => LoRA adapters saved successfully
    Errors: `Error: Model must contain LoRA layers`, `Error saving LoRA adapters: ` and why
    Source: guide, LoRA Adapter Management; torch API 10
    """
    layers = adapted(model, NO_LAYERS)
    path = arguments.path("torch_lora_save_adapters", 2, path)
    alphas = {name: layer.alpha for name, layer in layers.items()}
    with writing(SAVING, path):
        write_tree(path, adapter_tensors(layers), {"kind": "adapters", "alpha": alphas})
    return "LoRA adapters saved successfully"


def adapter_tensors(layers: dict[str, LoraLinear]) -> dict[str, torch.Tensor]:
    """A and B of each layer (and what DoRA has besides) by name: `lora_A.weight`, or `PATH.lora_A.weight`
    inside a model.
    """
    return {
        joined(path, name): tensor.detach()
        for path, layer in layers.items()
        for name, tensor in layer.parts().items()
    }


@torch_function("torch_lora_load_adapters", prefix=LOADING)
def lora_load_adapters(model: Any, path: str) -> str:
    """Replace A and B of the layer (or of all LoRA layers of a model) by those of a file, in place.

    A merged layer is unmerged, so that the new adapter acts. The base is untouched. Values of another
    floating-point dtype are converted to the layer's.

    Example: (block (setq l (torch_lora_linear 8 5 2 4)) (torch_lora_save_adapters l "ad.pt") (torch_lora_load_adapters l "ad.pt")) => LoRA adapters loaded successfully
    Errors: `Error: Model must contain LoRA layers`, `Error loading LoRA adapters: ` and what is wrong
    Source: guide, Adapter Switching Workflow; torch API 10
    """  # noqa: E501
    if isinstance(model, str) and not isinstance(path, str):
        path, model = model, path
    layers = adapted(model, NO_LAYERS)
    path = arguments.path("torch_lora_load_adapters", 2, path)
    with opened(LOADING, path) as archive:
        sources = {_our_name(n): ref for n, ref in state_names(archive.tree).items()}
        alphas = archive.summary.get("alpha")
        fill(layers, Adapters(archive, sources, alphas if isinstance(alphas, dict) else {}))
    return "LoRA adapters loaded successfully"


def _our_name(name: str) -> str:
    """The name of a tensor here; files of tables that this kernel wrote at first have a dot too many."""
    return _ORIGINAL_NAMES.get(name, name.replace("..", "."))


class Adapters(NamedTuple):
    """Adapters in an open file: our name of each tensor -> the file's, and alpha by layer where known."""

    archive: Archive
    names: dict[str, str]
    alphas: dict[str, Any]


def fill(
    layers: dict[str, LoraLinear], adapters: Adapters, others: dict[str, torch.Tensor] | None = None
) -> None:
    """Put a file's adapters into layers, and what else it has into other tensors, all or none.

    Errors: BadFile naming both shapes.
    """
    archive, names, alphas = adapters
    entries = {name: archive.entries[ref] for name, ref in names.items()}
    _check_rank(layers, entries)
    targets = {**adapter_tensors(layers), **(others or {})}
    pairs = paired(entries, targets, both_floating, "does not fit")
    wanted = {names[name]: tensors for name, tensors in pairs.items()}
    archive.verify(wanted)
    with uninterrupted():
        for layer in layers.values():
            layer.unmerge()
        archive.read_into(wanted)
        for name, layer in layers.items():
            if is_alpha(alphas.get(name)):
                layer.alpha = float(alphas[name])


def _check_rank(layers: dict[str, LoraLinear], entries: dict[str, Any]) -> None:
    """The most frequent misfit has its own sentence: an adapter of another rank."""
    for name, layer in layers.items():
        entry = entries.get(joined(name, LORA_A))
        if entry is None or len(entry.shape) != 2:
            continue
        if entry.shape[1] == layer.in_features and entry.shape[0] != layer.rank:
            here = shape(layer.lora_A.weight.shape)
            raise BadFile(
                f"{joined(name, LORA_A)} is {shape(entry.shape)} in the file and {here} "
                f"in the layer: the adapter has rank {entry.shape[0]}, the layer rank {layer.rank}. "
                "Nothing was changed; make the layer with the adapter's rank"
            )
