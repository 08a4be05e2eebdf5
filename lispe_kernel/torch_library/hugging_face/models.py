"""The models of folders that a session holds, by identifier: the module of transformers, its settings, its
tokenizer.

A model belongs to the session that loaded it. The functions are in the files beside this one.
"""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from lispe_kernel.language import runtime
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.torch_library.hugging_face.context import Context, limited_cache
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted

# Models that take no positions and look at distances alone, which padding on the left leaves as they are.
BY_DISTANCE = ("bloom", "mpt", "roformer")
NOT_LOADED = "Model not loaded: "
# What models call the memory that they hand from call to call.
CACHES = ("past_key_values", "cache_params", "state")


@dataclass
class Loaded:
    """A model in a session: the network, the folder it came from, its settings, the context of its own."""

    module: Any
    folder: str
    settings: dict[str, Any] = field(default_factory=dict)
    context: Context = field(default_factory=lambda: Context(False))
    # A `lora.Adapters` where the model was loaded for adapting.
    adapters: Any = None
    tokenizer: Any = None

    def __post_init__(self) -> None:
        self._takes = inspect.signature(self.module.forward).parameters
        self._cache = next((name for name in CACHES if name in self._takes), None)
        # The id of padding in models that count positions from behind it (RoBERTa and its kin), else -1.
        counts = (
            part for part in self.module.modules() if hasattr(part, "create_position_ids_from_input_ids")
        )
        self._before_first = int(getattr(next(counts, None), "padding_idx", -1))

    @property
    def name(self) -> str:
        """The class of the model, for errors."""
        return type(self.module).__name__

    @property
    def config(self) -> Any:
        """The numbers of the text model."""
        return self.module.config.get_text_config(decoder=True)

    @property
    def device(self) -> torch.device:
        return self.module.device  # type: ignore[no-any-return]

    @property
    def recurrent(self) -> bool:
        """Whether it carries a state through the text, which padding would change."""
        return bool(getattr(self.module, "_is_stateful", False))

    @property
    def pads(self) -> bool:
        """Whether padding that is masked changes nothing beside it."""
        config = self.module.config
        if config.is_encoder_decoder:
            return True  # what an encoder reads is padded on the right
        placed = "position_ids" in self._takes or config.model_type in BY_DISTANCE
        # Reformer sorts its positions into pieces, the padding with them.
        return (
            placed
            and "attention_mask" in self._takes
            and not self.recurrent
            and config.model_type != "reformer"
        )

    @property
    def mixes_rows(self) -> bool:
        """Whether a step by one token takes what it remembers of one row for the others (RWKV, which keeps a
        `state`)."""
        return self._cache == "state"

    @property
    def vocabulary(self) -> int:
        """How many ids there are."""
        return int(self.module.get_input_embeddings().weight.shape[0])

    def checked(self, ids: torch.Tensor) -> torch.Tensor:
        """Ids on the model's device. Errors: one outside the vocabulary is named."""
        size = self.vocabulary
        if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < size:
            bad = next(i for i in ids.flatten().tolist() if not 0 <= i < size)
            raise IndexError(f"id {bad} is outside the vocabulary of {size}")
        return ids.to(self.device, torch.int64)

    def forward(
        self, ids: torch.Tensor, context: Context, mask: torch.Tensor | None = None, record: bool = False
    ) -> torch.Tensor:
        """Logits [B,S,V] for ids [B,S]; the context remembers what a cache holds, and recorded attention.

        Gradients are followed where something is to learn: with adapters, or in training mode.
        """
        if self.module.config.is_encoder_decoder:
            raise LispeError(f"Error: {self.name} writes with a decoder of its own; use torch_hf_generate")
        context.check(len(ids))
        if context.caching and len(ids) > 1 and self.mixes_rows:
            raise LispeError(
                f"Error: {self.name} goes on with one sequence alone; give each a cache of its own"
            )
        self._check_length(context.position + ids.shape[1])
        ids = self.checked(ids)
        learning = self.adapters is not None or self.module.training
        with nullcontext() if learning and not context.caching else torch.no_grad(), context.whole():
            if context.position and ids.shape[1] > 1 and not _only_keys(context.cache):
                # Recurrent layers go on from a state by one token at a time.
                steps = [self._step(part, context, None, record) for part in ids.split(1, 1)]
                return torch.cat(steps, 1)
            return self._step(ids, context, mask, record)

    def _step(
        self, ids: torch.Tensor, context: Context, mask: torch.Tensor | None, record: bool
    ) -> torch.Tensor:
        given: dict[str, Any] = {"input_ids": ids}
        if "use_cache" in self._takes:
            given["use_cache"] = context.caching
        if context.caching and self._cache is not None:
            if context.cache is None and context.limit > 0:
                context.cache = limited_cache(self.module, context.limit)
            given[self._cache] = context.cache
            if context.position and self.recurrent and "position_ids" in self._takes:
                # As its own generation does: Bamba counts from 0 in every call that does not say.
                positions = torch.arange(context.position, context.position + ids.shape[1], device=ids.device)
                given["position_ids"] = positions.unsqueeze(0)
        if mask is not None:
            given.update(self._masked(mask))
        if record:
            given["output_attentions"] = True
        answer = self.module(**given)
        logits = getattr(answer, "logits", None)
        if not isinstance(logits, torch.Tensor):
            raise LispeError(f"Error: {self.name} gives no logits; load a model with a head")
        if record:
            context.scores = [s.detach().cpu() for s in _recorded(answer) if s is not None]
        cache = getattr(answer, self._cache or "", None)
        if context.caching and cache is None:
            raise LispeError(
                f"Error: {self.name} hands no cache from call to call; torch_hf_generate has its own"
            )
        context.advance(ids.shape[1], len(ids), cache)
        return logits

    def _masked(self, mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """The mask, and positions that do not count padding."""
        kept = mask.to(self.device, torch.int64)
        if not self.pads:
            raise LispeError(f"Error: {self.name} takes no mask; give prompts of one length")
        if "position_ids" not in self._takes:
            return {"attention_mask": kept}
        return {"attention_mask": kept, "position_ids": self._positions(kept)}

    def _positions(self, kept: torch.Tensor) -> torch.Tensor:
        return (kept.cumsum(-1) - 1).clamp(min=0) + self._before_first + 1

    def told_positions(self, ids: torch.Tensor, mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """The positions that transformers' generation, which counts from 0, must be told."""
        if self._before_first < 0 or "position_ids" not in self._takes:
            return {}
        return {"position_ids": self._positions(mask * ids.ne(self._before_first))}

    def _check_length(self, length: int) -> None:
        most = self.settings.get("max_seq_len", 0)
        if 0 < most < length:
            raise LispeError(f"Error: {length} positions; the model was loaded with max_seq_len {most}")


def _recorded(answer: Any) -> list[torch.Tensor | None]:
    """The attention weights in an answer: one a layer that has them."""
    return list(getattr(answer, "attentions", None) or ())


def _only_keys(cache: Any) -> bool:
    """Whether a cache holds keys and values alone, so that several tokens may follow at once."""
    layers: Any = getattr(cache, "layers", None)
    return bool(layers) and all(type(layer).__name__.startswith("Dynamic") for layer in layers)


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


def keep(identifier: str, model: Loaded) -> None:
    """Hold a model under an identifier, in the place of the one there."""
    with uninterrupted():
        models()[identifier] = model


def layers_of(module: nn.Module, config: Any) -> nn.ModuleList | None:
    """The blocks of a model: the first list of modules of that length."""
    count = getattr(config, "num_hidden_layers", None)
    lists = (part for part in module.modules() if isinstance(part, nn.ModuleList))
    return next((part for part in lists if len(part) == count), None)
