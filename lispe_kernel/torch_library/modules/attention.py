"""Attention: multi-head attention, the transformer block, and the weights to look at.

Everything is batch-first, [B,S,D]. A mask holds 1 for what is kept, 0 for what is left out (`masks.py`); it
reaches PyTorch as a boolean mask of what to leave out, never as numbers to add.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from lispe_kernel.language.printer import number_text
from lispe_kernel.torch_library.modules import masks
from lispe_kernel.torch_library.modules.layers import register_text
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

NO_ATTENTION = "Error: First argument must be a multi-head attention layer"
NO_TENSORS = "Error: Query, key, and value must be tensors"


class TransformerBlock(nn.Module):
    """Post-norm block: norm1(x + attention(x)), then norm2(x + ffn2(relu(ffn1(x)))).

    Dropout acts on the weights of the attention, and on what is added to x.
    """

    def __init__(
        self, width: int, heads: int, inner: int, *, dropout: float = 0.0, causal: bool = False
    ) -> None:
        super().__init__()
        self.self_attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.ffn1 = nn.Linear(width, inner)
        self.ffn2 = nn.Linear(inner, width)
        self.dropout, self.causal = dropout, causal

    def forward(
        self, data: torch.Tensor, mask: torch.Tensor | None = None, causal: bool = False
    ) -> torch.Tensor:
        causal = causal or self.causal
        attended = attend(self.self_attention, data, data, data, mask, causal)
        data = self.norm1(data + self._dropped(attended))
        inner = self._dropped(torch.relu(self.ffn1(data)))
        return self.norm2(data + self._dropped(self.ffn2(inner)))  # type: ignore[no-any-return]

    def _dropped(self, data: torch.Tensor) -> torch.Tensor:
        return functional.dropout(data, self.dropout, self.training) if self.dropout else data

    def extra_repr(self) -> str:
        told = [f"dropout={number_text(self.dropout)}"] * bool(self.dropout) + ["causal"] * self.causal
        return ", ".join(told)


register_text(nn.MultiheadAttention, "torch_attention_", "PyTorch Multi-Head Attention")
register_text(TransformerBlock, "torch_transformer_block_", "PyTorch Transformer Block")


class Masks(NamedTuple):
    """What PyTorch's attention takes: keys to leave out [B,S], and pairs to leave out [B·H,L,S]."""

    padding: torch.Tensor | None
    pairs: torch.Tensor | None


def masks_for(
    layer: nn.MultiheadAttention,
    query: torch.Tensor,
    key: torch.Tensor,
    mask: torch.Tensor | None,
    causal: bool,
) -> Masks:
    """PyTorch's masks from one that says what to keep, and from causality; query and key [B,L,D] or [L,D]."""
    batch = query.shape[0] if query.dim() == 3 else 1
    sizes = masks.Sizes(batch, layer.num_heads, query.shape[-2], key.shape[-2])
    keep = None if mask is None else masks.for_scores(masks.kept(mask).to(key.device), sizes)
    if keep is not None and keep.shape[1:3] == (1, 1) and not causal:
        dropped = ~keep.expand(batch, 1, 1, sizes.keys).reshape(batch, sizes.keys)
        return Masks(dropped if query.dim() == 3 else dropped[0], None)
    if causal:
        before = masks.causal(sizes.queries, sizes.keys, key.device)
        keep = before if keep is None else keep & before
    if keep is None:
        return Masks(None, None)
    return Masks(None, ~keep.expand(*sizes).reshape(-1, sizes.queries, sizes.keys))


def attend(
    layer: nn.MultiheadAttention,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    causal: bool = False,
) -> torch.Tensor:
    """The layer's result for a mask of what to keep."""
    first = layer.batch_first or key.dim() == 2
    q, k = (query, key) if first else (query.transpose(0, 1), key.transpose(0, 1))
    padding, pairs = masks_for(layer, q, k, mask, causal)
    return layer(query, key, value, padding, need_weights=False, attn_mask=pairs)[0]  # type: ignore[no-any-return]


@torch_function(
    "torch_multihead_attention",
    "torch_multihead_attention_create",
    prefix="Error creating multi-head attention: ",
)
def multihead_attention(embed_dim: int, num_heads: int, dropout: Any = 0.0) -> nn.MultiheadAttention:
    """Multi-head attention over vectors of `embed_dim` numbers, which `num_heads` must divide.

    The dropout acts on the weights while the layer is in training mode.

    Example: (torch_multihead_attention 8 2) => PyTorch Multi-Head Attention
    Errors: `Error creating multi-head attention: ...` when the heads do not divide the width
    Source: torch API 7.4
    """
    name = "torch_multihead_attention"
    width, heads = arguments.size(name, 1, embed_dim), arguments.size(name, 2, num_heads)
    if width % heads:
        raise ValueError(f"embed_dim must be divisible by num_heads: {width} is no multiple of {heads}")
    return nn.MultiheadAttention(width, heads, arguments.chance(name, 3, dropout), batch_first=True)


@torch_function(
    "torch_attention_forward",
    "torch_multihead_attention_forward",
    prefix="Error in multi-head attention forward: ",
)
def attention_forward(
    attention: nn.MultiheadAttention,
    query: Any,
    key_or_mask: Any = None,
    value: Any = None,
    mask: Any = None,
    causal: Any = None,
) -> torch.Tensor:
    """Attention, batch-first: [B,S,D] -> [B,S,D]. The number of arguments decides what they mean.

    `attention x` and `attention x mask` attend from x to itself; `attention query key value` and
    `attention query key value mask` attend from the query. A mask holds 1 for what is kept and 0 for what is
    left out: [B,S] for the keys, or [L,S], [B,L,S] or [B,H,L,S] for each query and key. Where batch and
    length are equal a mask of two dimensions is that of the keys. With `(? causal true)` each position
    attends to itself and to those before it. A row that keeps nothing gives nan.

    Example: (size (torch_attention_forward (torch_multihead_attention 4 2) (torch_ones '(1 3 4)))) => 12
    Errors: `Error: First argument must be a multi-head attention layer`, `Error: Query, key, and value
    must be tensors`; a mask of another shape gives both shapes, one of other numbers than 0 and 1 is refused
    Source: torch API 7.4
    """
    layer = arguments.module(attention, nn.MultiheadAttention, NO_ATTENTION)
    if value is None:
        key, value, mask = query, query, key_or_mask if mask is None else mask
    else:
        key = key_or_mask
    q, k, v = (arguments.tensor(item, NO_TENSORS) for item in (query, key, value))
    return attend(layer, q, k, v, _mask(mask), bool(causal))


def _mask(mask: Any) -> torch.Tensor | None:
    return None if mask is None else arguments.tensor(mask, "Error: The attention mask must be a tensor")


@torch_function("torch_attention_weights", prefix="Error in attention weights: ")
def attention_weights(
    attention: nn.Module, input_: Any, mask: Any = None, causal: Any = None
) -> torch.Tensor:
    """How much each position attends to each other one: [B,S,D] -> [B,H,S,S], every row adding up to 1.

    Takes a multi-head attention layer or a transformer block; mask and `causal` are those of its forward.
    The weights are for looking at: they carry no gradient. Our own addition to the library.

    Example: (size (torch_attention_weights (torch_multihead_attention 4 2) (torch_ones '(1 3 4)))) => 18
    Errors: as `torch_multihead_attention_forward`
    """
    layer = attention.self_attention if isinstance(attention, TransformerBlock) else attention
    layer = arguments.module(layer, nn.MultiheadAttention, NO_ATTENTION)
    data = arguments.tensor(input_, arguments.SECOND)
    if data.dim() == 2:
        data = data.unsqueeze(0)
    before = bool(causal) or (isinstance(attention, TransformerBlock) and attention.causal)
    padding, pairs = masks_for(layer, data, data, _mask(mask), before)
    training = layer.training
    with torch.no_grad():
        try:
            # What dropout leaves is not how much a position attends.
            layer.eval()
            _, weights = layer(data, data, data, padding, attn_mask=pairs, average_attn_weights=False)
        finally:
            layer.train(training)
    return weights  # type: ignore[no-any-return]


@torch_function(
    "torch_transformer_block", "torch_transformer_block_create", prefix="Error creating transformer block: "
)
def transformer_block(
    embed_dim: int, num_heads: int, ffn_dim: int, dropout: Any = 0.0, causal: Any = None
) -> TransformerBlock:
    """A post-norm transformer block: attention, then two linear layers with ReLU between them.

    A causal block is one of a decoder: each position attends to itself and to those before it.

    Example: (torch_transformer_block 64 4 128) => PyTorch Transformer Block
    Errors: `Error creating transformer block: ...` when the heads do not divide the width
    Source: torch API 7.5; dropout and causality are our own addition
    """
    name = "torch_transformer_block"
    sizes = [arguments.size(name, i, size) for i, size in enumerate((embed_dim, num_heads, ffn_dim), 1)]
    if sizes[0] % sizes[1]:
        raise ValueError(f"embed_dim must be divisible by num_heads: {sizes[0]} is no multiple of {sizes[1]}")
    width, heads, inner = sizes
    chance = arguments.chance(name, 4, dropout)
    return TransformerBlock(width, heads, inner, dropout=chance, causal=bool(causal))


@torch_function(
    "torch_transformer_forward",
    "torch_transformer_block_forward",
    prefix="Error in transformer block forward: ",
)
def transformer_forward(
    block: TransformerBlock, input_data: Any, mask: Any = None, causal: Any = None
) -> torch.Tensor:
    """The block's answer, [B,S,D] -> [B,S,D]. Mask and `causal` are those of `torch_attention_forward`.

    Example: (size (torch_transformer_forward (torch_transformer_block 4 2 8) (torch_ones '(3 4)))) => 12
    Errors: `Error: First argument must be a transformer block`, `Error: Second argument must be a tensor`
    Source: torch API 7.5; the mask is our own addition
    """
    layer = arguments.module(block, TransformerBlock, "Error: First argument must be a transformer block")
    data = arguments.tensor(input_data, arguments.SECOND)
    return layer(data, _mask(mask), bool(causal))  # type: ignore[no-any-return]
