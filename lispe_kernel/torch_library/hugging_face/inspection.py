"""What a loaded model is made of: its numbers, its weights by name and by role, embeddings."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.torch_library.hugging_face.forward import NO_LAYER, memory_of
from lispe_kernel.torch_library.hugging_face.models import Loaded, layers_of, model_named
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import some
from lispe_kernel.torch_library.tensors import conversions

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
# What architectures call the small number in their norms.
EPSILONS = ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps")
_ADAPTER = (".lora_A.weight", ".lora_B.weight")


@torch_function("torch_hf_model_info")
def hf_model_info(path: str) -> List:
    """A list ("vocab_size" V "hidden_size" D).

    Example: (maybe (torch_hf_model_info "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.4
    """
    config = model_named(path).config
    return List(["vocab_size", config.vocab_size, "hidden_size", config.hidden_size])


@torch_function("torch_hf_memory_usage", returns="number")
def hf_memory_usage(path: str) -> int:
    """The bytes that a model's weights take.

    Example: (maybe (torch_hf_memory_usage "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.4
    """
    return memory_of(model_named(path))


@torch_function("torch_hf_model_summary", returns="text")
def hf_model_summary(path: str) -> str:
    """A model in lines: architecture, layers, widths, heads, number of parameters, bytes.

    Example: (maybe (torch_hf_model_summary "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.4
    """
    model = model_named(path)
    lines = [
        "HF Model Summary",
        f"architecture: {model.name}",
        _facts(model.config, (("layers", "num_hidden_layers"), ("hidden size", "hidden_size"))),
        _facts(
            model.config, (("feed-forward", "intermediate_size"), ("attention heads", "num_attention_heads"))
        ),
        _facts(model.config, (("key-value heads", "num_key_value_heads"), ("width of a head", "head_dim"))),
        _facts(model.config, (("vocabulary", "vocab_size"), ("positions", "max_position_embeddings"))),
        f"parameters: {sum(w.numel() for w in model.module.parameters())}, bytes: {memory_of(model)}",
        f"dtype: {str(model.module.dtype).removeprefix('torch.')}, device: {model.device}",
    ]
    return "\n".join(line for line in lines if line)


def _facts(config: Any, names: tuple[tuple[str, str], ...]) -> str:
    """Those of the numbers that the architecture has, in one line."""
    found = ((shown, getattr(config, name, None)) for shown, name in names)
    return ", ".join(f"{shown}: {value}" for shown, value in found if value is not None)


def named_weights(model: Loaded) -> dict[str, torch.Tensor]:
    """The weights by name; of an adapted layer the one that acts, its adapter left out."""
    state = model.module.state_dict()
    found = {
        name.replace(".original.", "."): tensor
        for name, tensor in state.items()
        if not name.endswith(_ADAPTER)
    }
    merged = ((p, m) for p, m in model.module.named_modules() if isinstance(m, LoraLinear) and m.merged)
    return found | {f"{path}.weight": layer.weight.detach() for path, layer in merged}


@torch_function("torch_hf_list_weights")
def hf_list_weights(path: str) -> Strings:
    """The names of a model's weights, sorted.

    Example: (maybe (torch_hf_list_weights "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.4
    """
    return Strings(sorted(named_weights(model_named(path))))


@torch_function("torch_hf_get_weight")
def hf_get_weight(path: str, name: str) -> torch.Tensor:
    """A weight by its name.

    Example: (maybe (torch_hf_get_weight "none" "w") "not loaded") => not loaded
    Errors: `Model not loaded: ID`, `Weight not found: NAME`
    Source: torch API 16.4
    """
    weights = named_weights(model_named(path))
    if name not in weights:
        raise LispeError(f"Weight not found: {name}")
    return weights[name]


def projection(model: Loaded, layer: Any, name: str) -> torch.Tensor:
    """The weight of a projection of a layer, as it acts now.

    Errors: `Missing or invalid layer index`, `Invalid layer index`; where the layer has no such projection,
    those it has
    """
    layers = layers_of(model.module, model.config)
    index = arguments.integer(layer, NO_LAYER)
    if layers is None or not 0 <= index < len(layers):
        raise LispeError("Invalid layer index")
    inside = dict(layers[index].named_modules())
    for path, part in inside.items():
        if path.rpartition(".")[2] == name:
            return _acting(part)
    raise LispeError(no_projection(model, name, list(inside.items())))


def _acting(part: Any) -> torch.Tensor:
    if isinstance(part, LoraLinear):
        return part.weight.detach() if part.merged else part.original.weight
    return part.weight  # type: ignore[no-any-return]


def no_projection(model: Loaded, name: str, parts: list[tuple[str, nn.Module]]) -> str:
    """The error where an architecture calls its projections otherwise, or keeps several in one weight."""
    there = [path for path, part in parts if path and _is_projection(part)]
    return f"Error: {model.name} has no {name} in a layer: its weights are laid out as {some(there)}"


def _is_projection(part: nn.Module) -> bool:
    weight = getattr(part, "weight", None)
    return isinstance(weight, torch.Tensor) and weight.dim() == 2


def _getter(letter: str, projections: tuple[str, ...]) -> None:
    shown = ", ".join(projections)

    def get(path: str, layer: Any) -> torch.Tensor:
        model = model_named(path)
        found = [projection(model, layer, name) for name in projections]
        return torch.cat(found) if len(found) > 1 else found[0]

    name = f"torch_hf_get_{letter}_weight"
    get.__doc__ = f"""The weight [out, in] of {shown} of a layer{" (rows stacked)" * (len(projections) > 1)}.

    Example: (maybe ({name} "none" 0) "not loaded") => not loaded
    Errors: `Model not loaded: ID`, `Missing or invalid layer index`, `Invalid layer index`; a model whose
    layers have no such projection tells those that they have
    Source: torch API 16.4
    """
    torch_function(name)(get)


for _projection in (*ATTENTION, *FEED_FORWARD):
    _getter(_projection.removesuffix("_proj"), (_projection,))
_getter("qkv_fused", ATTENTION[:3])
_getter("gate_up_fused", FEED_FORWARD[:2])


@torch_function("torch_hf_get_rms_norm_eps", returns="number")
def hf_get_rms_norm_eps(path: str) -> float:
    """The small number in the model's norms.

    Example: (maybe (torch_hf_get_rms_norm_eps "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`; a model whose norms have no such number
    Source: torch API 16.4
    """
    model = model_named(path)
    found = next((getattr(model.config, name) for name in EPSILONS if hasattr(model.config, name)), None)
    if not isinstance(found, float):
        raise LispeError(f"Error: the configuration of {model.name} has no number of its norms")
    return found


@torch_function("torch_hf_embeddings")
def hf_embeddings(path: str, token_ids: Any) -> torch.Tensor:
    """The embeddings of ids, a tensor or a list, as the first layer gets them: the ids' shape + [D].

    Example: (maybe (torch_hf_embeddings "none" '(1)) "not loaded") => not loaded
    Errors: `Model not loaded: ID`; an id outside the vocabulary is named
    Source: torch API 16.4
    """
    model = model_named(path)
    with torch.no_grad():
        ids = model.checked(conversions.as_tensor(token_ids))
        return model.module.get_input_embeddings()(ids)  # type: ignore[no-any-return]
