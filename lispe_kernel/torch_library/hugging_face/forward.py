"""The `torch_hf_` functions: loading and letting go, forward passes, caches, attention weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.hugging_face.context import Context
from lispe_kernel.torch_library.hugging_face.engine import model_in
from lispe_kernel.torch_library.hugging_face.folders import LOADING_MODEL, folder_at
from lispe_kernel.torch_library.hugging_face.models import Loaded, keep, model_named, models
from lispe_kernel.torch_library.hugging_face.settings import OF_THE_NETWORK, load_settings
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors import conversions
from lispe_kernel.torch_library.tensors.devices import device_of

NO_LAYER = "Missing or invalid layer index"
NO_CACHE = "Error: Expecting kv cache object"
NOT_FOUND = "Error: Model not found: "


def loaded(folder: str, settings: dict[str, Any]) -> Loaded:
    """A model read from a folder with these settings."""
    device = device_of(settings.get("device", "cpu"))
    return Loaded(model_in(folder_at(folder), settings, device), folder, settings)


def ids_of(value: Any, text: str = "Input must be a torch tensor") -> torch.Tensor:
    """Token ids [B,S]; one sequence [S] is a batch of one."""
    ids = arguments.tensor(value, text)
    if ids.is_floating_point() or ids.dim() not in (1, 2) or ids.numel() == 0:
        raise ValueError("the ids must be an integer tensor [B,S] with at least one id")
    return ids if ids.dim() == 2 else ids.unsqueeze(0)


def mask_of(value: Any, ids: torch.Tensor) -> torch.Tensor | None:
    """A mask of ids: 1 for a token, 0 for padding."""
    if value is None:
        return None
    mask = conversions.as_tensor(value, ids)
    mask = mask.unsqueeze(0) if mask.dim() == 1 else mask
    if mask.shape != ids.shape or not bool(((mask == 0) | (mask == 1)).all()):
        raise ValueError("the mask must hold 1 (a token) or 0 (padding) for each of the ids")
    return mask


def context_of(model: Loaded, kvcache: Any) -> Context:
    """The context given, or the model's own."""
    if kvcache is None:
        return model.context
    if isinstance(kvcache, Context):
        return kvcache
    raise LispeError(NO_CACHE)


@torch_function("torch_hf_load_model", prefix=LOADING_MODEL)
def hf_load_model(path: str, config: Any = None) -> str:
    """Load a model of any architecture that transformers has from a folder of this machine; the value is its
    identifier, the path.

    The folder holds `config.json` and weights, safetensors or pickled tensors; nothing is fetched, and no
    code of the folder is run. The dictionary may hold device, dtype ("auto", as the folder says, or a
    name), temperature, top_k, top_p, min_p, typical_p, repetition_penalty (for torch_hf_generate),
    max_seq_len, max_cache_len (0: no limit), use_kv_cache, rope_scaling (a factor) and manual_attention.
    Loading a path again returns at once, with other settings it applies them. Needs `pip install
    'lispe-kernel[hf]'`.

    Example: (maybe (torch_hf_load_model "no-such-folder") "cannot load") => cannot load
    Errors: `Error: Cannot open config file: PATH`, `Error validating HF model: ...` (weights missing,
    unexpected or of another shape), `Error loading HF model: ...` (what is not supported, an unknown
    setting)
    Source: torch API 16.1
    """
    folder = arguments.path("torch_hf_load_model", 1, path)
    settings = load_settings(config, LOADING_MODEL)
    known = models().get(path)
    if known is None or _reads_again(known.settings, settings, config):
        keep(path, loaded(folder, settings))
    elif config is not None:
        known.settings = settings
    return path


def _reads_again(before: dict[str, Any], now: dict[str, Any], config: Any) -> bool:
    """Whether a loaded model must be read from its folder again for other settings."""
    return config is not None and any(before.get(name) != now.get(name) for name in OF_THE_NETWORK)


@torch_function("torch_hf_unload_model")
def hf_unload_model(path: str) -> Atom:
    """Let a model go, so that its memory is free. True. Our own addition.

    Example: (maybe (torch_hf_unload_model "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    """
    model_named(path)
    del models()[path]
    return TRUE


@torch_function("torch_hf_model")
def hf_model(path: str) -> nn.Module:
    """The module of a loaded model, for all functions that take one. Our own addition.

    Its tree and weights can be looked at, its state saved and loaded, its layers adapted (`torch_lora_apply`,
    `torch_lora_load_peft`), and it trains (`torch_model_train`, an optimizer).

    Example: (maybe (torch_hf_model "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    """
    return model_named(path).module  # type: ignore[no-any-return]


@torch_function("torch_hf_forward")
def hf_forward(path: str, input_ids: Any, kvcache: Any = None, mask: Any = None) -> torch.Tensor:
    """Logits [B,S,V] for int64 ids [B,S]. With a cache: the whole prompt first, then what follows.

    The mask (1 a token, 0 padding) is for prompts of several lengths in one tensor, without a cache.
    Gradients are kept for a model with adapters (`torch_hf_load_model_lora`) and for one in training mode.

    Example: (maybe (torch_hf_forward "none" nil) "not loaded") => not loaded
    Errors: `Model not loaded: ID`, `Input must be a torch tensor`, `Error: Expecting kv cache object`
    Source: torch API 16.2
    """
    return _forward(model_named(path), input_ids, kvcache, mask)


def _forward(model: Loaded, input_ids: Any, kvcache: Any, mask: Any, record: bool = False) -> torch.Tensor:
    ids, context = ids_of(input_ids), context_of(model, kvcache)
    padding = mask_of(mask, ids)
    if padding is not None and context.caching:
        raise ValueError(
            "a mask goes with a call without a cache; torch_hf_generate takes prompts of any length"
        )
    return model.forward(ids, context, padding, record)


@torch_function("torch_hf_enable_kv_cache")
def hf_enable_kv_cache(path: str, enable: Any) -> Context:
    """A new cache to be given to the forward functions (true), or the model's own context without (nil).

    Example: (maybe (torch_hf_enable_kv_cache "none" true) "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.3
    """
    model = model_named(path)
    return Context(True, model.settings.get("max_cache_len", 0)) if enable else model.context


@torch_function("torch_hf_reset_kv_cache")
def hf_reset_kv_cache(kvcache: Any) -> Atom:
    """Let a cache forget everything, its limit too; true.

    Example: (maybe (torch_hf_reset_kv_cache 3) "no cache") => no cache
    Errors: `Error: Expecting a kv cache type`
    Source: torch API 16.3
    """
    if not isinstance(kvcache, Context):
        raise LispeError("Error: Expecting a kv cache type")
    kvcache.reset()
    return TRUE


@torch_function("torch_hf_forward_manual")
def hf_forward_manual(path: str, input_ids: Any, kvcache: Any = None, mask: Any = None) -> torch.Tensor:
    """As `torch_hf_forward`, and keeps the attention weights of every layer in the context.

    Example: (maybe (torch_hf_forward_manual "none" nil) "not found") => not found
    Errors: `Error: Model not found: ID`, `Error: Model was not loaded in manual mode (use appropriate load
    function)`
    Source: torch API 16.6
    """
    model = model_named(path, NOT_FOUND)
    if not model.settings.get("manual_attention"):
        raise LispeError("Error: Model was not loaded in manual mode (use appropriate load function)")
    return _forward(model, input_ids, kvcache, mask, record=True)


@torch_function("torch_hf_forward_attention_scores")
def hf_forward_attention_scores(path: str, layer_index: Any, kvcache: Any = None) -> torch.Tensor | None:
    """The attention weights [B,H,q,k] of a layer in the last manual forward pass, or nil.

    `(attention_map weights ids (torch_hf_tokenizer path))` draws them, with the model's own tokens.

    Example: (maybe (torch_hf_forward_attention_scores "none" 0) "not found") => not found
    Errors: `Error: Model not found: ID`
    Source: torch API 16.6
    """
    scores = context_of(model_named(path, NOT_FOUND), kvcache).scores
    layer = arguments.integer(layer_index, NO_LAYER)
    return scores[layer] if 0 <= layer < len(scores) else None


@torch_function("torch_hf_forward_attention_size", returns="number")
def hf_forward_attention_size(path: str, kvcache: Any = None) -> int:
    """How many layers the last manual forward pass recorded.

    Example: (maybe (torch_hf_forward_attention_size "none") "not found") => not found
    Errors: `Error: Model not found: ID`
    Source: torch API 16.6
    """
    return len(context_of(model_named(path, NOT_FOUND), kvcache).scores)


@torch_function("torch_hf_clear_attention_scores")
def hf_clear_attention_scores(path: str, kvcache: Any = None) -> Atom:
    """Forget the recorded attention weights; true.

    Example: (maybe (torch_hf_clear_attention_scores "none") "not found") => not found
    Errors: `Error: Model not found: ID`
    Source: torch API 16.6
    """
    context_of(model_named(path, NOT_FOUND), kvcache).scores = []
    return TRUE


@torch_function("torch_hf_loaded_models")
def hf_loaded_models() -> Dictionary:
    """The models of this session: identifier -> bytes. Our own addition.

    Example: (size (torch_hf_loaded_models)) => 0
    """
    return Dictionary({name: memory_of(model) for name, model in sorted(models().items())})


def memory_of(model: Loaded) -> int:
    """The bytes of what a model keeps in files, tied weights once."""
    state = model.module.state_dict()
    return sum(tensor.nbytes for tensor in {t.data_ptr(): t for t in state.values()}.values())
