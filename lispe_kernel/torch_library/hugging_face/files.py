"""A Hugging Face model folder: `config.json` and the safetensors files beside it, checked and read.

Nothing in such a folder is executed, and nothing is fetched: the path must be a folder of this machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.files.formats import opened
from lispe_kernel.torch_library.hugging_face import llama
from lispe_kernel.torch_library.hugging_face.llama import Config, Llama
from lispe_kernel.torch_library.hugging_face.rotary import KINDS, rope_kind
from lispe_kernel.torch_library.support.progress import progress

LOADING_MODEL = "Error loading HF model: "
VALIDATING = "Error validating HF model"
DTYPES = frozenset({torch.float32, torch.float16, torch.bfloat16, torch.int32, torch.int64})
COUNTS = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "max_position_embeddings",
)
NORMS = ("input_layernorm", "post_attention_layernorm")
HEAD_NORMS = ("q_norm", "k_norm")
Shapes = dict[str, tuple[int, ...]]
# The families that the forward pass here computes as they do; their relatives scale, norm or turn otherwise.
FAMILIES = ("llama", "mistral", "qwen2", "qwen3")


def load(folder: str, device: torch.device) -> Llama:
    """The model in a folder, its weights in their own dtype on the device.

    Errors: `Cannot open config file: PATH`, `Error validating HF model ...`, `Error loading HF model: ...`
    """
    config = read_config(Path(folder, "config.json"))
    weights = read_weights(Path(folder), device)
    check(config, weights)
    return Llama(config, weights, device)


def read_config(path: Path) -> Config:
    """The numbers of a `config.json`.

    What would be computed wrongly is refused by name: another family, activation or rotary scaling, experts.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LispeError(f"Error: Cannot open config file: {path}") from error
    except ValueError as error:
        raise LispeError(f"{LOADING_MODEL}{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise LispeError(f"{LOADING_MODEL}{path} holds no JSON object")
    _refuse_foreign(found, path)
    numbers = {name: _count(found.get(name, getattr(Config, name)), name, path) for name in COUNTS}
    heads = numbers["num_attention_heads"]
    # Older files without grouped queries say nothing of key and value heads, or of the width of a head.
    inner = found.get("num_key_value_heads", heads if "num_attention_heads" in found else 8)
    width = found.get("head_dim") or numbers["hidden_size"] // heads
    rope = _rope(found, path)
    return Config(
        **numbers,
        num_key_value_heads=_count(inner, "num_key_value_heads", path),
        head_dim=_count(width, "head_dim", path),
        rms_norm_eps=float(found.get("rms_norm_eps", Config.rms_norm_eps)),
        rope_theta=float(found.get("rope_theta") or rope.get("rope_theta") or Config.rope_theta),
        rope=rope,
        windows=_windows(found, numbers["num_hidden_layers"]),
    )


def _count(value: Any, name: str, path: Path) -> int:
    if type(value) is int and value > 0:
        return value
    raise LispeError(f"{LOADING_MODEL}{path}: {name} must be a positive integer, not {value!r}")


def _refuse_foreign(found: dict[str, Any], path: Path) -> None:
    # The oldest files name no family.
    family = found.get("model_type", "llama")
    if family not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise LispeError(f"{LOADING_MODEL}{path}: models of type {family} are not supported ({known} are)")
    act = found.get("hidden_act", "silu")
    if act not in ("silu", "swish"):
        raise LispeError(
            f"{LOADING_MODEL}{path}: only Llama-style models (hidden_act silu) are supported, not {act}"
        )
    if "num_experts" in found or "num_local_experts" in found:
        raise LispeError(f"{LOADING_MODEL}{path}: mixtures of experts are not supported")


def _rope(found: dict[str, Any], path: Path) -> dict[str, Any]:
    rope = found.get("rope_parameters") or found.get("rope_scaling") or {}
    part = rope.get("partial_rotary_factor") if isinstance(rope, dict) else None
    if (part or found.get("partial_rotary_factor") or 1) != 1:
        raise LispeError(f"{LOADING_MODEL}{path}: heads that are turned in part are not supported")
    if not isinstance(rope, dict) or rope_kind(rope) not in KINDS:
        kind = rope_kind(rope) if isinstance(rope, dict) else rope
        raise LispeError(
            f"{LOADING_MODEL}{path}: rotary scaling {kind!r} is not supported ({', '.join(KINDS)})"
        )
    return rope


def _windows(found: dict[str, Any], layers: int) -> tuple[int | None, ...]:
    """The sliding window of each layer, where the model has one."""
    window = found.get("sliding_window")
    if not isinstance(window, int) or found.get("use_sliding_window") is False:
        return ()
    kinds = found.get("layer_types") or ["sliding_attention"] * layers
    return tuple(window if kind == "sliding_attention" else None for kind in kinds)


def read_weights(folder: Path, device: torch.device) -> dict[str, torch.Tensor]:
    """The tensors of the folder's safetensors files, those of quantized models (float8, uint8 ...) left out.

    Errors: `Error validating HF model: no weights ...`
    """
    weights: dict[str, torch.Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with opened(LOADING_MODEL, str(path)) as archive:
            names = [name for name, entry in archive.entries.items() if entry.dtype in DTYPES]
            with progress(f"loading {path.name}", archive.cost(names)) as advance:
                for name, tensor in archive.tensors(names, advance).items():
                    weights[name] = tensor.to(device)
    if not weights:
        raise LispeError(f"{VALIDATING}: no weights in {folder} (*.safetensors)")
    return weights


def check(config: Config, weights: dict[str, torch.Tensor]) -> None:
    """Every weight that the forward pass will use is there in the right shape.

    Biases, norms of heads and an output matrix are used where they are there.
    """
    needed = expected(config)
    for name, shape in (needed | optional(config)).items():
        if name not in weights:
            if name in needed:
                raise LispeError(f"{VALIDATING}: {name} is missing")
        elif tuple(weights[name].shape) != shape:
            raise LispeError(
                f"{VALIDATING}: {name} is {list(weights[name].shape)}, config.json says {list(shape)}"
            )
    if config.num_attention_heads % config.num_key_value_heads:
        raise LispeError(f"{VALIDATING}: the key and value heads do not divide the attention heads")


def expected(config: Config) -> Shapes:
    """The names and shapes of the weights that every such model has."""
    found: Shapes = {
        llama.EMBEDDING: (config.vocab_size, config.hidden_size),
        llama.FINAL_NORM: (config.hidden_size,),
    }
    for layer in range(config.num_hidden_layers):
        found.update({llama.weight_name(layer, name): shape for name, shape in _projections(config).items()})
        found.update({llama.norm_name(layer, norm): (config.hidden_size,) for norm in NORMS})
    return found


def optional(config: Config) -> Shapes:
    """The names and shapes of the weights that some models have."""
    found: Shapes = {llama.HEAD: (config.vocab_size, config.hidden_size)}
    for layer in range(config.num_hidden_layers):
        for name, shape in _projections(config).items():
            found[llama.bias_name(layer, name)] = shape[:1]
        found.update({llama.norm_name(layer, f"self_attn.{n}"): (config.head_dim,) for n in HEAD_NORMS})
    return found


def _projections(config: Config) -> Shapes:
    c = config
    queries, pairs = c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim
    return {
        "q_proj": (queries, c.hidden_size),
        "k_proj": (pairs, c.hidden_size),
        "v_proj": (pairs, c.hidden_size),
        "o_proj": (c.hidden_size, queries),
        "gate_proj": (c.intermediate_size, c.hidden_size),
        "up_proj": (c.intermediate_size, c.hidden_size),
        "down_proj": (c.hidden_size, c.intermediate_size),
    }
