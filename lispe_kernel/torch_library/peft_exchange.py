"""Adapters exchanged with PEFT: a folder with `adapter_model.safetensors` and `adapter_config.json`.

What PEFT can express and a LoRA layer here can too goes both ways with the same outputs. What it can express
and this cannot (DoRA, trained biases, whole trained modules ...) is refused by name. Never imports PEFT.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library import arguments, loading
from lispe_kernel.torch_library.atomic import write_file
from lispe_kernel.torch_library.file_errors import BadFile, reading, writing
from lispe_kernel.torch_library.formats import open_file, write_tree
from lispe_kernel.torch_library.guard import torch_function
from lispe_kernel.torch_library.lora import NO_LAYERS, lora_layers
from lispe_kernel.torch_library.lora_files import Adapters, adapter_tensors, fill
from lispe_kernel.torch_library.lora_layer import LoraLinear

SAVING = "Error saving PEFT adapter: "
LOADING = "Error loading PEFT adapter: "
CONFIG, WEIGHTS, OLD_WEIGHTS = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
_LEAD = "base_model.model."
# The name that a layer without a model around it has in PEFT's world.
ALONE = "linear"
# Settings that change the outputs and have no counterpart here, with the value that means "not used".
_FOREIGN = {
    "use_dora": False,
    "bias": "none",
    "modules_to_save": None,
    "lora_bias": False,
    "fan_in_fan_out": False,
}


@torch_function("torch_lora_save_peft", prefix=SAVING)
def lora_save_peft(model: Any, folder: Any) -> str:
    """Write the active adapters as a folder that PEFT loads (`PeftModel.from_pretrained(base, folder)`).

    The paths of the layers become PEFT's target modules; a LoRA layer alone is called `linear`, for a base
    model that has a layer of this name.

    Example: (torch_lora_save_peft (torch_lora_linear 8 5 2 4) "adapter") => PEFT adapter saved successfully
    Errors: `Error: Model must contain LoRA layers`, `Error saving PEFT adapter: ` and why
    """
    layers = lora_layers(model, NO_LAYERS)
    folder = os.path.expanduser(arguments.path("torch_lora_save_peft", 2, folder))
    named = {path or ALONE: layer for path, layer in layers.items()}
    tensors = {_LEAD + name: tensor for name, tensor in adapter_tensors(named).items()}
    config = json.dumps(_config(named), indent=2, sort_keys=True) + "\n"
    with writing(SAVING, folder):
        _make_folder(folder)
        write_tree(os.path.join(folder, WEIGHTS), tensors, {"kind": "peft"})
        write_file(os.path.join(folder, CONFIG), lambda file: _write(file, config))
    return "PEFT adapter saved successfully"


def _write(file: Any, text: str) -> None:
    file.write(text.encode())


def _make_folder(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise BadFile(f"the folder cannot be made ({(error.strerror or str(error)).lower()})") from error


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
        "target_modules": list(layers),
        "rank_pattern": {path: layer.rank for path, layer in layers.items() if layer.rank != rank},
        "alpha_pattern": {path: value for path, value in alphas.items() if value != alpha},
        "use_rslora": False,
        **_FOREIGN,
    }


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else value


@torch_function("torch_lora_load_peft", prefix=LOADING)
def lora_load_peft(model: Any, folder: Any) -> str:
    """Replace A, B and alpha of a model's LoRA layers by those of a folder that PEFT wrote.

    The model must have LoRA layers of the adapter's rank where the adapter has them (`torch_lora_apply` with
    its target modules). A LoRA layer alone takes an adapter of one layer.

    Example: (block (setq l (torch_lora_linear 8 5 2 4)) (torch_lora_save_peft l "ad") (torch_lora_load_peft l "ad")) => PEFT adapter loaded successfully
    Errors: `Error: Model must contain LoRA layers`, `Error loading PEFT adapter: FOLDER: ` and what is wrong
    """  # noqa: E501
    if isinstance(model, str) and not isinstance(folder, str):
        folder, model = model, folder
    layers = lora_layers(model, NO_LAYERS)
    folder = os.path.expanduser(arguments.path("torch_lora_load_peft", 2, folder))
    with reading(LOADING, folder):
        config = _read_config(os.path.join(folder, CONFIG))
    path = next(filter(os.path.exists, (os.path.join(folder, n) for n in (WEIGHTS, OLD_WEIGHTS))), None)
    if path is None:
        raise LispeError(f"{LOADING}{folder}: there is no {WEIGHTS} in it")
    with reading(LOADING, path), open_file(path) as archive:
        names = _our_names(loading.state_names(archive.tree), alone=list(layers) == [""])
        ranks = {name.removesuffix("lora_A.weight").rstrip("."): archive.entries[ref].shape[0]
                 for name, ref in names.items() if name.endswith("lora_A.weight")}  # fmt: skip
        alphas = {name: _alpha(config, name, rank) for name, rank in ranks.items()}
        fill(layers, Adapters(archive, names, alphas), path)
    return "PEFT adapter loaded successfully"


def _read_config(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        try:
            config = json.load(file)
        except (ValueError, RecursionError) as error:
            raise BadFile(f"{CONFIG} is no JSON") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        kind = config.get("peft_type") if isinstance(config, dict) else None
        raise BadFile(f"it is an adapter of kind {kind}; only LORA is supported")
    for name, unused in _FOREIGN.items():
        if config.get(name, unused) not in (unused, None, []):
            raise BadFile(f"it uses {name} = {config[name]}, which has no counterpart here")
    return config


def _our_names(names: dict[str, str], *, alone: bool) -> dict[str, str]:
    """`base_model.model.PATH.lora_A.weight` -> `PATH.lora_A.weight` (the path left out for a layer alone)."""
    found = {}
    for name, ref in names.items():
        ours = name.removeprefix(_LEAD)
        if alone and ours.count("lora_"):
            ours = ours[ours.index("lora_") :]
            if ours in found:
                raise BadFile("it holds adapters of several layers; a layer alone takes one")
        found[ours] = ref
    return found


def _alpha(config: dict[str, Any], path: str, rank: int) -> float:
    """The alpha with which alpha/rank is PEFT's scale, also where PEFT divides by sqrt(rank)."""
    alpha = _by_pattern(config.get("alpha_pattern"), path, config.get("lora_alpha", 8))
    if not isinstance(alpha, int | float):
        raise BadFile(f"{CONFIG} has no number as lora_alpha")
    return float(alpha) * math.sqrt(rank) if config.get("use_rslora") else float(alpha)


def _by_pattern(patterns: Any, path: str, default: Any) -> Any:
    """The value of the pattern that is the path or its end. (PEFT's regular expressions are not run.)"""
    if not isinstance(patterns, dict):
        return default
    fitting = [name for name in patterns if path == name or path.endswith("." + name.lstrip("^"))]
    return patterns[max(fitting, key=len)] if fitting else default
