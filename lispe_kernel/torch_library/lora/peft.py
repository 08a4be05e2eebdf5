"""Adapters exchanged with PEFT: a folder with `adapter_model.safetensors` and `adapter_config.json`.

What PEFT can express and a LoRA layer here can too goes both ways with the same outputs. What it can express
and this cannot is refused by name. Never imports PEFT. What its settings mean is in `peft_settings.py`.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.files.atomic import reason, write_bytes
from lispe_kernel.torch_library.files.errors import BadFile, reading, writing
from lispe_kernel.torch_library.files.formats import opened, write_tree
from lispe_kernel.torch_library.lora.files import Adapters, adapter_tensors, fill
from lispe_kernel.torch_library.lora.layers import NO_LAYERS, adapted
from lispe_kernel.torch_library.lora.peft_calls import takes_weight
from lispe_kernel.torch_library.lora.peft_names import LEAD, Misread, misread_on
from lispe_kernel.torch_library.lora.peft_places import (
    BASE_LAYER,
    Places,
    Wanted,
    came_whole,
    ends_of,
    planned,
    trained_as_before,
    trained_beside,
)
from lispe_kernel.torch_library.lora.peft_settings import Settings, settings_in
from lispe_kernel.torch_library.modules.lora_kinds import Dora, LoraConv1D, LoraEmbedding
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.state.modules import LORA_A, LORA_B, lora_places, modules_of
from lispe_kernel.torch_library.state.names import joined, state_names
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.foreign_json import LONGEST, parsed
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted

SAVING = "Error saving PEFT adapter: "
LOADING = "Error loading PEFT adapter: "
CONFIG, WEIGHTS, OLD_WEIGHTS = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
# PEFT's names of A and B beside a table of embeddings.
_EMBEDDED = {LORA_A: "lora_embedding_A", LORA_B: "lora_embedding_B"}
# The name that a layer without a model around it has in PEFT's world.
ALONE = "linear"


@torch_function("torch_lora_save_peft", prefix=SAVING)
def lora_save_peft(model: Any, folder: Any, save: Any = None) -> str:
    """Write the active adapters as a folder that PEFT loads (`PeftModel.from_pretrained(base, folder)`).

    The paths of the layers become PEFT's target modules; a LoRA layer alone is called `linear`, for a base
    model that has a layer of this name. `save` is a list of paths of other modules whose tensors go into the
    folder whole: PEFT's modules_to_save. Without it these are the parts that came so, or that are trained
    while others are frozen (a head).

    Example: (torch_lora_save_peft (torch_lora_linear 8 5 2 4) "adapter") => PEFT adapter saved successfully
    Errors: `Error: Model must contain LoRA layers`, `Error saving PEFT adapter: ` and why; a layer that PEFT
    cannot adapt in the same way (an attention's `out_proj`, one layer at several places) is refused, and DoRA
    beside plain adapters
    """
    layers = adapted(model, NO_LAYERS)
    modules = modules_of(model, NO_LAYERS)
    folder = arguments.path("torch_lora_save_peft", 2, folder)
    _refuse_uncalled(modules)
    _refuse_shared(modules)
    named = {path or ALONE: layer for path, layer in layers.items()}
    with writing(SAVING, folder):
        whole = _whole_modules(trained_beside(modules) if save is None else save, modules)
    misread = misread_on(modules.get(""))
    found = {name: tensor for path, layer in named.items() for name, tensor in _theirs(path, layer).items()}
    _refuse_misread(named, misread, found)
    found |= {joined(p, name): t for p, part in whole.items() for name, t in part.state_dict().items()}
    tensors = {LEAD + name: tensor for name, tensor in found.items()}
    parameters = {path: f"{path}.weight" for path in named if misread.as_parameter(path)}
    config = _config({parameters.get(path, path): layer for path, layer in named.items()}) | {
        "target_modules": _targets([path for path in named if path not in parameters], _paths(modules)),
        "modules_to_save": list(whole) or None,
    }
    if parameters:  # Older PEFT, which has no such setting, takes these names as they are.
        config["target_parameters"] = list(parameters.values())
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    with writing(SAVING, folder):
        _make_folder(folder)
        write_tree(os.path.join(folder, WEIGHTS), tensors, {"kind": "peft"})
        write_bytes(os.path.join(folder, CONFIG), text.encode())
    return "PEFT adapter saved successfully"


def _theirs(path: str, layer: LoraLinear) -> dict[str, torch.Tensor]:
    """The tensors of a layer by PEFT's names."""
    tensors = adapter_tensors({path: layer})
    if isinstance(layer, LoraEmbedding):
        tensors = {_renamed(name, _EMBEDDED): tensor for name, tensor in tensors.items()}
    if came_whole(layer.original):
        # Embeddings of more words than the base model knows.
        base = layer.original.state_dict()
        tensors |= {path + BASE_LAYER + name: tensor for name, tensor in base.items()}
    return tensors


def _renamed(name: str, table: dict[str, str]) -> str:
    """The name with its end replaced by another one, where the table has it."""
    end = next((end for end in table if name == end or name.endswith(f".{end}")), None)
    return name if end is None else name.removesuffix(end) + table[end]


def _whole_modules(save: Any, modules: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """The modules that are saved whole, by path. Errors: a path that leads nowhere, or in PEFT to two."""
    if not isinstance(save, list) or not all(isinstance(path, str) for path in save):
        raise arguments.instead(f"{SAVING}save must be a list of paths of modules", save)
    parts = {joined(p, path): part for p, m in modules.items() for path, part in m.named_modules()}
    for path in save:
        if path not in parts or not path:
            raise LispeError(f"{SAVING}the model has no part {path}")
        if any(isinstance(part, LoraLinear) for part in parts[path].modules()):
            raise LispeError(f"{SAVING}{path} has an adapter; PEFT saves a part whole or its adapter")
        others = [other for other in ends_of(path, parts) if other not in save]
        if others:
            raise LispeError(f"{SAVING}PEFT would take {others[0]} for {path}, whose name it ends in")
    return {str(path): parts[path] for path in save}


def _refuse_uncalled(modules: dict[str, nn.Module]) -> None:
    """A layer whose weight the module around it takes, and that is never called: PEFT's would not act."""
    for prefix, module in modules.items():
        for path, part in module.named_modules(remove_duplicate=False):
            for name, layer in part.named_children():
                if isinstance(layer, LoraLinear) and takes_weight(part, name):
                    raise LispeError(
                        f"{SAVING}in PEFT no adapter acts on {joined(prefix, joined(path, name))}: a "
                        f"{type(part).__name__} takes its weight without calling it; keep it in a file of "
                        "ours: (torch_lora_save_adapters model path), or merge it: "
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


def _refuse_misread(layers: dict[str, LoraLinear], misread: Misread, names: Iterable[str]) -> None:
    """On a model of transformers PEFT takes some names for others, and goes on without these adapters."""
    changed = misread.changed(names)
    why = f"PEFT would read {changed[0]} as {changed[1]} on this model" if changed else None
    dora = (path for path, layer in layers.items() if isinstance(layer, Dora) and misread.as_parameter(path))
    stretched = next(dora, None)
    if stretched is not None:
        why = f"PEFT takes the name of {stretched} for a part of the experts, and finds it without DoRA alone"
    if why is not None:
        raise LispeError(
            f"{SAVING}{why}; keep it in a file of ours: (torch_lora_save_adapters model path), merge it: "
            "(torch_lora_merge_weights model), or leave this layer out"
        )


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
        "use_dora": _dora(layers),
        "bias": "none",
        "fan_in_fan_out": any(isinstance(layer, LoraConv1D) for layer in layers.values()),
    }


def _dora(layers: dict[str, LoraLinear]) -> bool:
    """Whether all layers are DoRA. Errors: only some are."""
    plain = next((path for path, layer in layers.items() if not isinstance(layer, Dora)), None)
    stretched = next((path for path, layer in layers.items() if isinstance(layer, Dora)), None)
    if plain is not None and stretched is not None:
        raise LispeError(
            f"{SAVING}{stretched} has DoRA and {plain} has not; in PEFT all adapters of a folder have it or "
            "none. Keep them in a file of ours: (torch_lora_save_adapters model path)"
        )
    return stretched is not None


def _only(path: str) -> str:
    """The pattern of one layer. Without the mark of the beginning PEFT takes it for the end of a path too."""
    return "^" + re.escape(path)


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else value


@torch_function("torch_lora_load_peft", prefix=LOADING)
def lora_load_peft(model: Any, folder: Any) -> str:
    """Put the adapters of a folder that PEFT wrote on a model: LoRA, rsLoRA, DoRA, modules_to_save.

    A model without LoRA layers gets those that the folder describes, and all the rest is frozen; one that has
    them must have them where the folder does, with its ranks. A LoRA layer alone takes an adapter of one
    layer. Modules to save take the places of the model's own, which stay as they are. Values of another
    floating-point dtype are converted to the layer's. Dropout, which acts in training only, is left out.

    Example: (block (setq l (torch_lora_linear 8 5 2 4)) (torch_lora_save_peft l "ad") (torch_lora_load_peft l "ad")) => PEFT adapter loaded successfully
    Errors: `Error loading PEFT adapter: FOLDER: ` and what is wrong; a setting that changes the outputs and
    has no counterpart here is named
    """  # noqa: E501
    if isinstance(model, str) and not isinstance(folder, str):
        folder, model = model, folder
    folder = arguments.path("torch_lora_load_peft", 2, folder)
    put_on(modules_of(model, "Error: First argument must be a PyTorch module"), folder, model)
    return "PEFT adapter loaded successfully"


def put_on(modules: dict[str, nn.Module], folder: str, model: Any = None) -> Places:
    """Put a folder's adapters on modules, all or none; what was put where comes back.

    `model`: the table or list that the modules come from, whose entries may be exchanged.
    Errors: LispeError that names the folder.
    """
    with reading(LOADING, folder):
        settings = _read_settings(os.path.join(folder, CONFIG))
    path = next(filter(os.path.exists, (os.path.join(folder, n) for n in (WEIGHTS, OLD_WEIGHTS))), None)
    if path is None:
        raise LispeError(f"{LOADING}{folder}: there is no {WEIGHTS} in it")
    with opened(LOADING, path) as archive:
        names = state_names(archive.tree)
        theirs = _their_names(names)
        ranks = {path: archive.entries[ref].shape for path, ref in _down_projections(theirs).items()}
        alphas = {path: settings.alpha(path, shape[0]) for path, shape in ranks.items() if shape}
        if isinstance(modules.get(""), LoraLinear):
            theirs, alphas = _of_layer_alone(theirs, alphas)
            ranks = {"": next(iter(ranks.values()))} if alphas else {}
        sizes = {path: shape[0] for path, shape in ranks.items() if shape}
        with trained_as_before(modules):
            places = planned(modules, Wanted(sizes, alphas, list(theirs)), settings)
            _refuse_other_kinds(places, names)
            places.bring(lambda name: archive.read(theirs[name]))
            used = {name: ref for name, ref in theirs.items() if name not in places.same}
            fill(places.layers, Adapters(archive, used, alphas), places.tensors)
            with uninterrupted():
                places.take(model)
    return places


def _refuse_other_kinds(places: Places, names: dict[str, str]) -> None:
    """An adapter of embeddings beside a linear layer, or the other way round, is one of another model.

    Errors: BadFile naming the layer; a folder that holds nothing.
    """
    if not places.layers and not places.whole:
        raise BadFile("it holds no adapter")
    end = "." + _EMBEDDED[LORA_A]
    of_embeddings = {name.removeprefix(LEAD).removesuffix(end) for name in names if name.endswith(end)}
    for path, layer in places.layers.items():
        if path and isinstance(layer, LoraEmbedding) is not (path in of_embeddings):
            kind = type(layer.original).__name__
            raise BadFile(
                f"its adapter for {path} is one of another kind of layer than the {kind} in the model"
            )


def _read_settings(path: str) -> Settings:
    with open(path, "rb") as file:
        try:
            return settings_in(parsed(file.read(LONGEST + 1)))
        except ValueError as error:
            raise BadFile(f"{CONFIG} is no JSON") from error


def _their_names(names: dict[str, str]) -> dict[str, str]:
    """`base_model.model.PATH.lora_A.weight` -> `PATH.lora_A.weight`, and so of embeddings."""
    plain = {theirs: ours for ours, theirs in _EMBEDDED.items()}
    return {_renamed(name.removeprefix(LEAD), plain): ref for name, ref in names.items()}


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
