"""Attention of every layer and head in one run of a model, and the numbers that tell heads apart.

Models of transformers say it themselves when they compute attention step by step; for PyTorch's multi-head
attention, alone or inside any model, the weights are computed again from what each call was given. Attention
that a model computes in its own code cannot be seen, and is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, to_text, wrong_argument
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.lists import Strings
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.hugging_face.models import model_named
from lispe_kernel.torch_library.hugging_face.tokenizers import tokenizer_of
from lispe_kernel.torch_library.inside.inputs import run
from lispe_kernel.torch_library.inside.keeping import looking
from lispe_kernel.torch_library.inside.running import Given, given, model_of, names_of, watched
from lispe_kernel.torch_library.inside.values import tensors_in
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors.devices import place_of

NONE_SEEN = (
    "Error: torch_attentions: the run shows no attention: {} is no model of transformers that records it, "
)
NONE_SEEN += "and holds no multi-head attention of PyTorch"


@dataclass(eq=False)
class Attention:
    """The weights [heads, queries, keys] of each layer for one text, and its tokens."""

    names: tuple[str, ...]
    weights: tuple[torch.Tensor, ...]
    tokens: tuple[str, ...] | None

    def entropies(self, layer: int) -> list[float]:
        """How spread the attention of each head is, in bits, over the mean of its queries: 0 looks at one."""
        weights = self.weights[layer].double()
        found = -(weights * weights.clamp(min=1e-300).log2()).sum(-1)
        return [float(n) for n in found.nanmean(-1)]

    def distances(self, layer: int) -> list[float]:
        """How many places away each head looks, on the mean. NaN where keys are others' places."""
        weights = self.weights[layer].double()
        queries, keys = weights.shape[-2:]
        if queries != keys:
            return [float("nan")] * len(weights)
        places = torch.arange(keys)
        away = (places[:, None] - places[None, :]).abs().double()
        return [float(n) for n in (weights * away).sum(-1).nanmean(-1)]


@torch_function("torch_attentions")
def attentions(model: Any, input_: Any, tokens: Any = None, batch: Any = None) -> Attention:
    """Run a model once and show the attention of every layer and head, with entropy and distance of each.

    The model is the path of a loaded folder, a model of transformers, or any module that attends by PyTorch's
    multi-head attention (`torch_transformer_block`). The input is that of `torch_trace`; for a loaded folder
    it may be a text, and its tokens are the labels. `tokens` (a list) labels other inputs;
    `(? batch 1)` chooses another text of a batch. The model runs in evaluation mode and stays as it was.
    `(@ answer 0)` gives a layer's weights [heads, queries, keys].

    Example: (size (torch_attentions (torch_transformer_block 8 2 16) (torch_ones '(1 3 8)))) => 1
    Errors: a model whose attention cannot be seen; a batch without such a text; tokens of another number
    """
    module = model_of(model)
    value = input_
    if isinstance(model, str) and isinstance(value, str):
        value = torch.tensor([tokenizer_of(model_named(model)).encode(value)], device=place_of(module))
    given_ = given("torch_attentions", module, value)
    place = 0 if batch is None else arguments.count("torch_attentions", 4, batch)
    names, weights = seen(module, given_)
    if any(place >= len(w) for w in weights):
        raise LispeError(f"Error: torch_attentions: there is no text {place} in a batch of {len(weights[0])}")
    labels = _labels(tokens)
    if labels is None and isinstance(model, str):
        ids = _first(given_)
        row = ids if ids.dim() == 1 else ids[place]
        labels = _pieces(model, row)
    chosen = tuple(w[place].float().cpu() for w in weights)
    if labels is not None and not any(len(labels) in w.shape[-2:] for w in chosen):
        raise LispeError(
            f"Error: torch_attentions: {len(labels)} tokens for {chosen[0].shape[-1]} places in the weights"
        )
    return Attention(names, chosen, labels)


def _pieces(model: str, ids: torch.Tensor) -> tuple[str, ...]:
    """The tokens of ids; of a folder without a tokenizer the ids themselves."""
    try:
        tokenizer = tokenizer_of(model_named(model))
    except LispeError:
        return tuple(str(int(n)) for n in ids)
    return tuple(tokenizer.piece(int(n)) for n in ids)


def _labels(tokens: Any) -> tuple[str, ...] | None:
    if tokens is None:
        return None
    listed = tokens.flatten().tolist() if isinstance(tokens, torch.Tensor) else tokens
    if isinstance(listed, list | tuple | TypedList) and all(isinstance(t, str | int | float) for t in listed):
        return tuple(map(to_text, listed))
    raise wrong_argument("torch_attentions", 3, "a list of tokens (strings or numbers)", tokens)


def seen(model: nn.Module, given_: Given) -> tuple[tuple[str, ...], tuple[torch.Tensor, ...]]:
    """The names of the layers and their weights [B, heads, queries, keys]."""
    if hasattr(model, "set_attn_implementation"):
        found = _of_transformers(model, given_)
    else:
        found = _of_layers(model, given_)
    if not found:
        raise LispeError(NONE_SEEN.format(type(model).__name__))
    return tuple(name for name, _ in found), tuple(weights for _, weights in found)


def _first(given_: Given) -> torch.Tensor:
    """The first tensor that the model is given."""
    return next(iter(tensors_in([*given_[0], given_[1]]).values()))


def _of_transformers(model: Any, given_: Given) -> list[tuple[str, torch.Tensor]]:
    with looking(model), _step_by_step(model):
        answer = run(model, (given_[0], {**given_[1], "output_attentions": True}))
    batch = _first(given_).shape[0]
    found = []
    for key in ("encoder_attentions", "decoder_attentions", "cross_attentions", "attentions"):
        for number, weights in enumerate(getattr(answer, key, None) or ()):
            if weights is None:
                continue
            if weights.dim() != 4 or len(weights) != batch:
                raise LispeError(
                    f"Error: torch_attentions: {type(model).__name__} attends in windows of its own"
                )
            lead = "" if key == "attentions" else key.removesuffix("attentions").replace("_", " ")
            found.append((f"{lead}layer {number}", weights.detach()))
    return found


@contextmanager
def _step_by_step(model: Any) -> Iterator[None]:
    """The attention that has weights to show, while it is open; then the one before."""
    parts = {id(m.config): m.config for m in model.modules() if hasattr(m, "config")}
    before = [(config, config._attn_implementation) for config in parts.values()]
    try:
        model.set_attn_implementation("eager")
        yield
    finally:
        for config, name in before:
            config._attn_implementation = name


@contextmanager
def in_parts() -> Iterator[None]:
    """PyTorch's encoder layer by layer, with its padding, and not all of it in one."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _of_layers(model: nn.Module, given_: Given) -> list[tuple[str, torch.Tensor]]:
    names, found, inside = names_of(model), list[tuple[str, torch.Tensor]](), False

    def after(part: nn.Module, several: tuple[Any, ...], named: dict[str, Any], _answer: Any) -> None:
        nonlocal inside
        if not isinstance(part, nn.MultiheadAttention) or inside:
            return
        inside = True
        try:
            # Directly, past the hooks: with weights a head, and not only those asked for.
            asked = {"need_weights": True, "average_attn_weights": False}
            positional = several[:4]
            if len(several) > 5:
                asked["attn_mask"] = several[5]
            weights: Any = part.forward(*positional, **{**named, **asked})[1]
        finally:
            inside = False
        name = names[part].removesuffix(".self_attention").removesuffix(".self_attn")
        name = f"layer {name}" if name.isdigit() else name or "attention"
        found.append((name, weights if weights.dim() == 4 else weights.unsqueeze(0)))

    with looking(model), in_parts(), watched(model, None, after):
        run(model, given_)
    return found


def _layer(value: Attention, place: Any) -> torch.Tensor:
    number = arguments.integer(place, "Error: a layer must be an integer")
    if not 0 <= number < len(value.weights):
        raise LispeError(f"Error: there are {len(value.weights)} layers, counted from 0")
    return value.weights[number]


def _shape_text(weights: Sequence[torch.Tensor]) -> str:
    heads = sorted({len(w) for w in weights})
    places = sorted({f"{w.shape[-2]} x {w.shape[-1]}" for w in weights})
    layers = f"{len(weights)} layer{'s' if len(weights) > 1 else ''}"
    return f"{layers}, {' or '.join(map(str, heads))} heads, {' or '.join(places)} places"


register_kind(
    Attention, "torch_attentions_", lambda value, _show: f"Attention of {_shape_text(value.weights)}"
)
register_answers(
    Attention,
    Answers(element=_layer, size=lambda value: len(value.weights), keys=lambda value: Strings(value.names)),
)
