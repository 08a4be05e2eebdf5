"""Attention: who looks at whom, one heatmap a head, with the tokens along both axes."""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.page.html import one_line
from lispe_kernel.display.views.plots import Heatmap, is_tensor, labels_in
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.tokens.pieces import piece_of


def attention_map(weights: Any, tokens: Any = None, tokenizer: Any = None) -> Heatmap:
    """One heatmap a head; see `(attention_map ...)` in functions.py."""
    if not is_tensor(weights) or not 2 <= weights.dim() <= 4:
        raise wrong_argument("attention_map", 1, "a tensor [heads, queries, keys]", weights)
    labels = _labels(tokens, tokenizer)
    shown = weights.detach()
    if labels is not None:
        if len(labels) > min(shown.shape[-2:]):
            places = min(shown.shape[-2:])
            raise LispeError(f"Error: attention_map: {len(labels)} tokens for {places} places in the weights")
        shown = shown[..., : len(labels), : len(labels)]
        labels = labels_in("attention_map", 2, labels, len(labels))
    return Heatmap.made(
        "attention_map",
        "attention weights",
        shown,
        labels,
        labels,
        from_zero=True,
        axes=("query", "key"),
        leading=("batch", "head")[4 - shown.dim() :],
    )


def _labels(tokens: Any, tokenizer: Any) -> list[str] | None:
    if tokens is None:
        return None
    items = tokens.detach().flatten().tolist() if is_tensor(tokens) else list(_listed(tokens))
    if tokenizer is None or all(isinstance(item, str) for item in items):
        return [one_line(to_text(item), 24) for item in items]
    if not hasattr(tokenizer, "decode"):
        raise wrong_argument("attention_map", 3, "a tokenizer", tokenizer)
    return [one_line(piece_of(tokenizer, int(item)), 24) for item in items]


def _listed(tokens: Any) -> Any:
    if isinstance(tokens, list | tuple | TypedList):
        return tokens
    raise wrong_argument("attention_map", 2, "a list of tokens or a tensor of token ids", tokens)
