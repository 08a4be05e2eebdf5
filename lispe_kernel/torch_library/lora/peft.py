"""Adapters exchanged with PEFT: a folder with `adapter_model.safetensors` and `adapter_config.json`.

What PEFT can express and a LoRA layer here can too goes both ways with the same outputs. What it can express
and this cannot is refused by name. Never imports PEFT. What its settings mean is in `peft_settings.py`.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from typing import Any

from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.files.atomic import write_file
from lispe_kernel.torch_library.files.errors import BadFile, reading, writing
from lispe_kernel.torch_library.files.formats import opened, write_tree
from lispe_kernel.torch_library.lora.files import Adapters, adapter_tensors, fill
from lispe_kernel.torch_library.lora.layers import NO_LAYERS, adapted
from lispe_kernel.torch_library.lora.peft_settings import Settings, settings_in
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.state.modules import LORA_A, lora_places, modules_of
from lispe_kernel.torch_library.state.names import joined, state_names
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import reason

SAVING = "Error saving PEFT adapter: "
LOADING = "Error loading PEFT adapter: "
CONFIG, WEIGHTS, OLD_WEIGHTS = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
_LEAD = "base_model.model."
# The name that a layer without a model around it has in PEFT's world.
ALONE = "linear"


@torch_function("torch_lora_save_peft", prefix=SAVING)
def lora_save_peft(model: Any, folder: Any) -> str:
    """Write the active adapters as a folder that PEFT loads (`PeftModel.from_pretrained(base, folder)`).

    The paths of the layers become PEFT's target modules; a LoRA layer alone is called `linear`, for a base
    model that has a layer of this name.

    Example: (torch_lora_save_peft (torch_lora_linear 8 5 2 4) "adapter") => PEFT adapter saved successfully
    Errors: `Error: Model must contain LoRA layers`, `Error saving PEFT adapter: ` and why; a layer that PEFT
    cannot adapt in the same way (an attention's `out_proj`, one layer at several places) is refused
    """
    layers = adapted(model, NO_LAYERS)
    modules = modules_of(model, NO_LAYERS)
    folder = arguments.path("torch_lora_save_peft", 2, folder)
    _refuse_in_attention(modules)
    _refuse_shared(modules)
    named = {path or ALONE: layer for path, layer in layers.items()}
    tensors = {_LEAD + name: tensor for name, tensor in adapter_tensors(named).items()}
    config = _config(named) | {"target_modules": _targets(list(named), _paths(modules))}
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    with writing(SAVING, folder):
        _make_folder(folder)
        write_tree(os.path.join(folder, WEIGHTS), tensors, {"kind": "peft"})
        write_file(os.path.join(folder, CONFIG), lambda file: _write(file, text))
    return "PEFT adapter saved successfully"


def _refuse_in_attention(modules: dict[str, nn.Module]) -> None:
    """PyTorch's attention takes the weight of `out_proj` and never calls it: PEFT's adapter would not act."""
    for prefix, module in modules.items():
        for path, part in module.named_modules(remove_duplicate=False):
            if isinstance(part, nn.MultiheadAttention) and isinstance(part.out_proj, LoraLinear):
                place = joined(prefix, joined(path, "out_proj"))
                raise LispeError(
                    f"{SAVING}in PEFT no adapter acts on {place}, the output of an attention layer; keep it "
                    "in a file of ours: (torch_lora_save_adapters model path), or merge it: "
                    "(torch_lora_merge_weights model)"
                )


def _refuse_shared(modules: dict[str, nn.Module]) -> None:
    """PEFT puts an adapter at the first place of a layer only; at the others the base acts alone."""
    first: dict[int, str] = {}
    for path, layer in lora_places(modules).items():
        other = first.setdefault(id(layer), path)
        if other != path:
            raise LispeError(
                f"{SAVING}{other} and {path} are one layer, of which PEFT would adapt the first place only; "
                "keep it in a file of ours: (torch_lora_save_adapters model path)"
            )


def _write(file: Any, text: str) -> None:
    file.write(text.encode())


def _make_folder(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise BadFile(f"the folder cannot be made ({reason(error)})") from error


def _paths(modules: dict[str, nn.Module]) -> list[str]:
    """The paths of all modules that PEFT will see in the base model."""
    return [
        joined(prefix, path)
        for prefix, module in modules.items()
        for path, part in module.named_modules()
        if not isinstance(part, LoraLinear)
    ]


def _targets(adapted_paths: list[str], others: list[str]) -> list[str] | str:
    """PEFT's target modules: the paths, or where they are ends of other paths the pattern of these alone.

    PEFT takes a list as names and ends of paths, and a text as a regular expression for the whole path.
    """
    ends = tuple(f".{path}" for path in adapted_paths)
    if not any(path.endswith(ends) for path in (*adapted_paths, *others)):
        return adapted_paths
    return "|".join(map(re.escape, adapted_paths))


def _config(layers: dict[str, LoraLinear]) -> dict[str, Any]:
    """The settings as PEFT reads them: the most frequent rank and alpha, the others as patterns."""
    alphas = {path: _number(layer.alpha) for path, layer in layers.items()}
    rank = Counter(layer.rank for layer in layers.values()).most_common(1)[0][0]
    alpha = Counter(alphas.values()).most_common(1)[0][0]
    return {
        "peft_type": "LORA",
        "task_type": None,
        "base_model_name_or_path": None,
        "inference_mode": True,
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "rank_pattern": {_only(path): layer.rank for path, layer in layers.items() if layer.rank != rank},
        "alpha_pattern": {_only(path): value for path, value in alphas.items() if value != alpha},
        "use_rslora": False,
        "use_dora": False,
        "bias": "none",
        "modules_to_save": None,
        "lora_bias": False,
        "fan_in_fan_out": False,
    }


def _only(path: str) -> str:
    """The pattern of one layer. Without the mark of the beginning PEFT takes it for the end of a path too."""
    return "^" + re.escape(path)


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else value


@torch_function("torch_lora_load_peft", prefix=LOADING)
def lora_load_peft(model: Any, folder: Any) -> str:
    """Replace A, B and alpha of a model's LoRA layers by those of a folder that PEFT wrote.

    The model must have LoRA layers of the adapter's rank where the adapter has them (`torch_lora_apply` with
    its target modules). A LoRA layer alone takes an adapter of one layer. Values of another floating-point
    dtype are converted to the layer's. Dropout, which acts in training only, is left out.

    Example: (block (setq l (torch_lora_linear 8 5 2 4)) (torch_lora_save_peft l "ad") (torch_lora_load_peft l "ad")) => PEFT adapter loaded successfully
    Errors: `Error: Model must contain LoRA layers`, `Error loading PEFT adapter: FOLDER: ` and what is wrong;
    a setting that changes the outputs and has no counterpart here is named
    """  # noqa: E501
    if isinstance(model, str) and not isinstance(folder, str):
        folder, model = model, folder
    layers = adapted(model, NO_LAYERS)
    folder = arguments.path("torch_lora_load_peft", 2, folder)
    with reading(LOADING, folder):
        settings = _read_settings(os.path.join(folder, CONFIG))
    path = next(filter(os.path.exists, (os.path.join(folder, n) for n in (WEIGHTS, OLD_WEIGHTS))), None)
    if path is None:
        raise LispeError(f"{LOADING}{folder}: there is no {WEIGHTS} in it")
    with opened(LOADING, path) as archive:
        theirs = _their_names(state_names(archive.tree))
        ranks = {path: archive.entries[ref].shape for path, ref in _down_projections(theirs).items()}
        alphas = {path: settings.alpha(path, shape[0]) for path, shape in ranks.items() if shape}
        if list(layers) == [""]:
            theirs, alphas = _of_layer_alone(theirs, alphas)
        fill(layers, Adapters(archive, theirs, alphas))
    return "PEFT adapter loaded successfully"


def _read_settings(path: str) -> Settings:
    with open(path, encoding="utf-8") as file:
        try:
            return settings_in(json.load(file))
        except (ValueError, RecursionError) as error:
            raise BadFile(f"{CONFIG} is no JSON") from error


def _their_names(names: dict[str, str]) -> dict[str, str]:
    """`base_model.model.PATH.lora_A.weight` -> `PATH.lora_A.weight`."""
    return {name.removeprefix(_LEAD): ref for name, ref in names.items()}


def _down_projections(names: dict[str, str]) -> dict[str, str]:
    """The archive's name of A, by the path of the layer."""
    return {
        name.removesuffix(LORA_A).removesuffix("."): ref
        for name, ref in names.items()
        if f".{name}".endswith(f".{LORA_A}")
    }


def _of_layer_alone(
    names: dict[str, str], alphas: dict[str, float]
) -> tuple[dict[str, str], dict[str, float]]:
    """The same without a path, for a layer that has no model around it."""
    if len(alphas) > 1:
        raise BadFile("it holds adapters of several layers; a layer alone takes one")
    path = next(iter(alphas), "")
    plain = {name.removeprefix(path).removeprefix("."): ref for name, ref in names.items()}
    return plain, dict.fromkeys([""] if alphas else [], alphas.get(path, 0.0))
