"""The `torch_hf_` functions: models of Hugging Face folders by their identifier, forward passes, inspection.

A model belongs to the session that loaded it. Adapters are in `lora.py`, generation in
`generation.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import torch

from lispe_kernel.language import runtime
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, register_kind
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.torch_library.hugging_face.files import LOADING_MODEL, load
from lispe_kernel.torch_library.hugging_face.key_value_cache import Context
from lispe_kernel.torch_library.hugging_face.llama import ATTENTION, FEED_FORWARD, Llama, weight_name
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors import conversions
from lispe_kernel.torch_library.tensors.devices import device_of

NOT_LOADED = "Model not loaded: "
NO_LAYER = "Missing or invalid layer index"
NO_CACHE = "Error: Expecting kv cache object"

# Key, default, and what a value must be.
SETTINGS: dict[str, Any] = {
    "device": "cpu",
    "max_seq_len": 0,
    "rope_scaling": 1.0,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "repetition_penalty": 1.0,
    "use_kv_cache": None,
    "max_cache_len": 0,
    "manual_attention": None,
}


@dataclass
class Loaded:
    """A model in a session: the network, its settings, the context of its own, its adapters if any."""

    llama: Llama
    settings: dict[str, Any] = field(default_factory=lambda: dict(SETTINGS))
    context: Context = field(default_factory=lambda: Context(False))
    # A `lora.Adapters` where the model was loaded for adapting.
    adapters: Any = None

    def forward(self, ids: torch.Tensor, context: Context, record: bool = False) -> torch.Tensor:
        project = self.adapters.project if self.adapters is not None else None
        return self.llama.forward(ids, context, project, record)

    def weight(self, layer: int, projection: str) -> torch.Tensor:
        """The weight of a projection that acts now."""
        if self.adapters is not None:
            return self.adapters.weight(layer, projection)  # type: ignore[no-any-return]
        return self.llama.weights[weight_name(layer, projection)]


# The models of each session, gone with the session.
_models: WeakKeyDictionary[Any, dict[str, Loaded]] = WeakKeyDictionary()


def models() -> dict[str, Loaded]:
    """The models of the current session by identifier."""
    return _models.setdefault(runtime.current(), {})


def model_named(identifier: Any, complaint: str = NOT_LOADED) -> Loaded:
    """A loaded model. Errors: `Model not loaded: ID`."""
    found = models().get(identifier) if isinstance(identifier, str) else None
    if found is None:
        shown = identifier if isinstance(identifier, str) else describe(identifier)
        raise LispeError(f"{complaint}{shown}")
    return found


register_kind(
    Context,
    "context_inference_",
    lambda c, _show: f"KV Cache ({c.held} positions)" if c.caching else "KV Cache (disabled)",
)


def settings_of(config: Any) -> dict[str, Any]:
    """The settings of a configuration dictionary over their defaults, checked."""
    settings = {**SETTINGS, **arguments.settings(config, SETTINGS)}
    for name in ("temperature", "repetition_penalty"):
        value = settings[name]
        if not isinstance(value, int | float) or not value > 0:
            raise LispeError(f"{LOADING_MODEL}{name} must be a number above 0")
    if arguments.whole(settings["max_cache_len"]) is None or settings["max_cache_len"] < 0:
        raise LispeError(f"{LOADING_MODEL}max_cache_len must be 0 (no limit) or more")
    return settings


def ids_of(value: Any, text: str = "Input must be a torch tensor") -> torch.Tensor:
    """Token ids [B,S]; one sequence [S] is a batch of one."""
    ids = arguments.tensor(value, text)
    if ids.is_floating_point() or ids.dim() not in (1, 2) or ids.numel() == 0:
        raise ValueError("the ids must be an integer tensor [B,S] with at least one id")
    return ids if ids.dim() == 2 else ids.unsqueeze(0)


def context_of(model: Loaded, kvcache: Any) -> Context:
    """The context given, or the model's own."""
    if kvcache is None:
        return model.context
    if isinstance(kvcache, Context):
        return kvcache
    raise LispeError(NO_CACHE)


@torch_function("torch_hf_load_model", prefix=LOADING_MODEL)
def hf_load_model(path: str, config: Any = None) -> str:
    """Load a Llama-style model from a folder of this machine; the value is its identifier, the path.

    The folder holds `config.json` and `*.safetensors`. Loading the same path again returns at once. The
    dictionary may hold device, temperature, repetition_penalty, max_cache_len, manual_attention and others.

    Example: (maybe (torch_hf_load_model "no-such-folder") "cannot load") => cannot load
    Errors: `Error: Cannot open config file: PATH`, `Error validating HF model: ...`,
    `Error loading HF model: ...`
    Source: torch API 16.1
    """
    folder = arguments.path("torch_hf_load_model", 1, path)
    if path not in models():
        settings = settings_of(config)
        llama = load(folder, device_of(settings["device"]))
        models()[path] = Loaded(llama, settings)
    return path


@torch_function("torch_hf_unload_model")
def hf_unload_model(path: str) -> Atom:
    """Let a model go, so that its memory is free. True. Our own addition.

    Example: (maybe (torch_hf_unload_model "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    """
    model_named(path)
    del models()[path]
    return TRUE


@torch_function("torch_hf_forward")
def hf_forward(path: str, input_ids: Any, kvcache: Any = None) -> torch.Tensor:
    """Logits [B,S,V] for int64 ids [B,S]. With a cache: the whole prompt first, then what follows.

    Example: (maybe (torch_hf_forward "none" nil) "not loaded") => not loaded
    Errors: `Model not loaded: ID`, `Input must be a torch tensor`, `Error: Expecting kv cache object`
    Source: torch API 16.2
    """
    model = model_named(path)
    return model.forward(ids_of(input_ids), context_of(model, kvcache))


@torch_function("torch_hf_enable_kv_cache")
def hf_enable_kv_cache(path: str, enable: Any) -> Context:
    """A new cache to be given to the forward functions (true), or the model's own context without (nil).

    Example: (maybe (torch_hf_enable_kv_cache "none" true) "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.3
    """
    model = model_named(path)
    return Context(True, int(model.settings["max_cache_len"])) if enable else model.context


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
def hf_forward_manual(path: str, input_ids: Any, kvcache: Any = None) -> torch.Tensor:
    """As `torch_hf_forward`, and keeps the attention weights of every layer in the context.

    Example: (maybe (torch_hf_forward_manual "none" nil) "not found") => not found
    Errors: `Error: Model not found: ID`, `Error: Model was not loaded in manual mode (use appropriate load
    function)`
    Source: torch API 16.6
    """
    model = model_named(path, "Error: Model not found: ")
    if not model.settings["manual_attention"]:
        raise LispeError("Error: Model was not loaded in manual mode (use appropriate load function)")
    return model.forward(ids_of(input_ids), context_of(model, kvcache), record=True)


@torch_function("torch_hf_forward_attention_scores")
def hf_forward_attention_scores(path: str, layer_index: Any, kvcache: Any = None) -> torch.Tensor | None:
    """The attention weights [B,H,q,k] of a layer in the last manual forward pass, or nil.

    Example: (maybe (torch_hf_forward_attention_scores "none" 0) "not found") => not found
    Errors: `Error: Model not found: ID`
    Source: torch API 16.6
    """
    scores = context_of(model_named(path, "Error: Model not found: "), kvcache).scores
    layer = arguments.integer(layer_index, NO_LAYER)
    return scores[layer] if 0 <= layer < len(scores) else None


@torch_function("torch_hf_forward_attention_size", returns="number")
def hf_forward_attention_size(path: str, kvcache: Any = None) -> int:
    """How many layers the last manual forward pass recorded.

    Example: (maybe (torch_hf_forward_attention_size "none") "not found") => not found
    Errors: `Error: Model not found: ID`
    Source: torch API 16.6
    """
    return len(context_of(model_named(path, "Error: Model not found: "), kvcache).scores)


@torch_function("torch_hf_clear_attention_scores")
def hf_clear_attention_scores(path: str, kvcache: Any = None) -> Atom:
    """Forget the recorded attention weights; true.

    Example: (maybe (torch_hf_clear_attention_scores "none") "not found") => not found
    Errors: `Error: Model not found: ID`
    Source: torch API 16.6
    """
    context_of(model_named(path, "Error: Model not found: "), kvcache).scores = []
    return TRUE


@torch_function("torch_hf_model_info")
def hf_model_info(path: str) -> List:
    """A list ("vocab_size" V "hidden_size" D).

    Example: (maybe (torch_hf_model_info "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.4
    """
    config = model_named(path).llama.config
    return List(["vocab_size", config.vocab_size, "hidden_size", config.hidden_size])


@torch_function("torch_hf_memory_usage", returns="number")
def hf_memory_usage(path: str) -> int:
    """The bytes that a model's weights take.

    Example: (maybe (torch_hf_memory_usage "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.4
    """
    return sum(weight.nbytes for weight in model_named(path).llama.weights.values())


@torch_function("torch_hf_model_summary", returns="text")
def hf_model_summary(path: str) -> str:
    """A model in lines: layers, widths, heads, number of parameters, bytes.

    Example: (maybe (torch_hf_model_summary "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.4
    """
    model = model_named(path).llama
    c, weights = model.config, model.weights.values()
    lines = [
        "HF Model Summary",
        f"layers: {c.num_hidden_layers}, hidden size: {c.hidden_size}, feed-forward: {c.intermediate_size}",
        f"attention heads: {c.num_attention_heads} of {c.head_dim}, key-value heads: {c.num_key_value_heads}",
        f"vocabulary: {c.vocab_size}, positions: {c.max_position_embeddings}",
        f"parameters: {sum(w.numel() for w in weights)}, bytes: {sum(w.nbytes for w in weights)}",
        f"device: {model.device}",
    ]
    return "\n".join(lines)


@torch_function("torch_hf_list_weights")
def hf_list_weights(path: str) -> Strings:
    """The names of a model's weights, sorted.

    Example: (maybe (torch_hf_list_weights "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`
    Source: torch API 16.4
    """
    return Strings(sorted(model_named(path).llama.weights))


@torch_function("torch_hf_get_weight")
def hf_get_weight(path: str, name: str) -> torch.Tensor:
    """A weight by its name in the files.

    Example: (maybe (torch_hf_get_weight "none" "w") "not loaded") => not loaded
    Errors: `Model not loaded: ID`, `Weight not found: NAME`
    Source: torch API 16.4
    """
    weights = model_named(path).llama.weights
    if name not in weights:
        raise LispeError(f"Weight not found: {name}")
    return weights[name]


def _layer(model: Loaded, layer: Any) -> int:
    index = arguments.integer(layer, NO_LAYER)
    if not 0 <= index < model.llama.config.num_hidden_layers:
        raise LispeError("Invalid layer index")
    return index


def _getter(letter: str, projections: tuple[str, ...]) -> None:
    shown = ", ".join(projections)

    def get(path: str, layer: Any) -> torch.Tensor:
        model = model_named(path)
        index = _layer(model, layer)
        found = [model.weight(index, name) for name in projections]
        return torch.cat(found) if len(found) > 1 else found[0]

    name = f"torch_hf_get_{letter}_weight"
    get.__doc__ = f"""The weight [out, in] of {shown} of a layer{" (rows stacked)" * (len(projections) > 1)}.

    Example: (maybe ({name} "none" 0) "not loaded") => not loaded
    Errors: `Model not loaded: ID`, `Missing or invalid layer index`, `Invalid layer index`
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
    Errors: `Model not loaded: ID`
    Source: torch API 16.4
    """
    return model_named(path).llama.config.rms_norm_eps


@torch_function("torch_hf_embeddings")
def hf_embeddings(path: str, token_ids: Any) -> torch.Tensor:
    """The embeddings of ids, a tensor or a list: the ids' shape + [D].

    Example: (maybe (torch_hf_embeddings "none" '(1)) "not loaded") => not loaded
    Errors: `Model not loaded: ID`; an id outside the vocabulary is named
    Source: torch API 16.4
    """
    return model_named(path).llama.embed(conversions.as_tensor(token_ids))


@torch_function("torch_hf_loaded_models")
def hf_loaded_models() -> Dictionary:
    """The models of this session: identifier -> bytes. Our own addition.

    Example: (size (torch_hf_loaded_models)) => 0
    """
    return Dictionary({name: hf_memory_usage(name) for name in sorted(models())})
