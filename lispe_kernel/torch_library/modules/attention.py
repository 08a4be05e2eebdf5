"""Attention: multi-head attention, the transformer block, and the weights to look at.

Everything is batch-first, [B,S,D]. A padding mask holds 1 where a token is real and 0 where it is
padding; it reaches PyTorch as a boolean mask of what to leave out, never as numbers to add.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.torch_library.modules.layers import register_text
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

NO_ATTENTION = "Error: First argument must be a multi-head attention layer"
NO_TENSORS = "Error: Query, key, and value must be tensors"


class TransformerBlock(nn.Module):
    """Post-norm block: norm1(x + attention(x)), then norm2(x + ffn2(relu(ffn1(x)))). No dropout."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.self_attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.ffn1 = nn.Linear(width, inner)
        self.ffn2 = nn.Linear(inner, width)

    def forward(self, data: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        attended = attend(self.self_attention, data, data, data, mask)
        data = self.norm1(data + attended)
        return self.norm2(data + self.ffn2(torch.relu(self.ffn1(data))))  # type: ignore[no-any-return]


register_text(nn.MultiheadAttention, "torch_attention_", "PyTorch Multi-Head Attention")
register_text(TransformerBlock, "torch_transformer_block_", "PyTorch Transformer Block")


def padding(mask: torch.Tensor | None, keys: torch.Tensor) -> torch.Tensor | None:
    """The boolean mask of keys to leave out, [B,S] (or [S] without a batch), from a mask of keys to keep."""
    if mask is None:
        return None
    expected = keys.shape[:-1]
    if mask.dim() == 1 and len(expected) == 2 and expected[0] == 1:
        mask = mask.unsqueeze(0)
    if mask.shape != expected:
        raise ValueError(
            f"the mask must be [{','.join(map(str, expected))}], one number for each key, "
            f"not [{','.join(map(str, mask.shape))}]"
        )
    return (mask == 0).to(keys.device)


def attend(
    layer: nn.MultiheadAttention,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
) -> torch.Tensor:
    """The layer's result for a mask of keys to keep."""
    left_out = padding(mask, key if layer.batch_first or key.dim() == 2 else key.transpose(0, 1))
    return layer(query, key, value, key_padding_mask=left_out, need_weights=False)[0]  # type: ignore[no-any-return]


@torch_function(
    "torch_multihead_attention",
    "torch_multihead_attention_create",
    prefix="Error creating multi-head attention: ",
)
def multihead_attention(embed_dim: int, num_heads: int) -> nn.MultiheadAttention:
    """Multi-head attention over vectors of `embed_dim` numbers, which `num_heads` must divide.

    Example: (torch_multihead_attention 8 2) => PyTorch Multi-Head Attention
    Errors: `Error creating multi-head attention: ...` when the heads do not divide the width
    Source: torch API 7.4
    """
    name = "torch_multihead_attention"
    width, heads = arguments.size(name, 1, embed_dim), arguments.size(name, 2, num_heads)
    if width % heads:
        raise ValueError(f"embed_dim must be divisible by num_heads: {width} is no multiple of {heads}")
    return nn.MultiheadAttention(width, heads, batch_first=True)


@torch_function(
    "torch_attention_forward",
    "torch_multihead_attention_forward",
    prefix="Error in multi-head attention forward: ",
)
def attention_forward(
    attention: nn.MultiheadAttention, query: Any, key_or_mask: Any = None, value: Any = None, mask: Any = None
) -> torch.Tensor:
    """Attention, batch-first: [B,S,D] -> [B,S,D]. The number of arguments decides what they mean.

    `attention x` and `attention x mask` attend from x to itself; `attention query key value` and
    `attention query key value mask` attend from the query. The mask [B,S] holds 1 for keys to keep
    and 0 for padding. A row that keeps nothing gives nan.

    Example: (size (torch_attention_forward (torch_multihead_attention 4 2) (torch_ones '(1 3 4)))) => 12
    Errors: `Error: First argument must be a multi-head attention layer`, `Error: Query, key, and value
    must be tensors`; a mask of another shape gives both shapes
    Source: torch API 7.4
    """
    layer = arguments.module(attention, nn.MultiheadAttention, NO_ATTENTION)
    if value is None:
        key, value, mask = query, query, key_or_mask
    else:
        key = key_or_mask
    q, k, v = (arguments.tensor(item, NO_TENSORS) for item in (query, key, value))
    return attend(layer, q, k, v, _mask(mask))


def _mask(mask: Any) -> torch.Tensor | None:
    return None if mask is None else arguments.tensor(mask, "Error: The attention mask must be a tensor")


@torch_function("torch_attention_weights", prefix="Error in attention weights: ")
def attention_weights(attention: nn.Module, input_: Any, mask: Any = None) -> torch.Tensor:
    """How much each position attends to each other one: [B,S,D] -> [B,H,S,S], every row adding up to 1.

    Takes a multi-head attention layer or a transformer block; the mask is that of the forward function.
    The weights are for looking at: they carry no gradient. Our own addition to the library.

    Example: (size (torch_attention_weights (torch_multihead_attention 4 2) (torch_ones '(1 3 4)))) => 18
    Errors: as `torch_multihead_attention_forward`
    """
    layer = attention.self_attention if isinstance(attention, TransformerBlock) else attention
    layer = arguments.module(layer, nn.MultiheadAttention, NO_ATTENTION)
    data = arguments.tensor(input_, arguments.SECOND)
    if data.dim() == 2:
        data = data.unsqueeze(0)
    left_out = padding(_mask(mask), data)
    with torch.no_grad():
        _, weights = layer(
            data, data, data, key_padding_mask=left_out, need_weights=True, average_attn_weights=False
        )
    return weights  # type: ignore[no-any-return]


@torch_function(
    "torch_transformer_block", "torch_transformer_block_create", prefix="Error creating transformer block: "
)
def transformer_block(embed_dim: int, num_heads: int, ffn_dim: int) -> TransformerBlock:
    """A post-norm transformer block: attention, then two linear layers with ReLU between them.

    Example: (torch_transformer_block 64 4 128) => PyTorch Transformer Block
    Errors: `Error creating transformer block: ...` when the heads do not divide the width
    Source: torch API 7.5
    """
    name = "torch_transformer_block"
    sizes = [arguments.size(name, i, size) for i, size in enumerate((embed_dim, num_heads, ffn_dim), 1)]
    if sizes[0] % sizes[1]:
        raise ValueError(f"embed_dim must be divisible by num_heads: {sizes[0]} is no multiple of {sizes[1]}")
    return TransformerBlock(*sizes)


@torch_function(
    "torch_transformer_forward",
    "torch_transformer_block_forward",
    prefix="Error in transformer block forward: ",
)
def transformer_forward(block: TransformerBlock, input_data: Any, mask: Any = None) -> torch.Tensor:
    """The block's answer, [B,S,D] -> [B,S,D]. An optional mask [B,S] holds 1 for tokens to keep.

    Example: (size (torch_transformer_forward (torch_transformer_block 4 2 8) (torch_ones '(3 4)))) => 12
    Errors: `Error: First argument must be a transformer block`, `Error: Second argument must be a tensor`
    Source: torch API 7.5; the mask is our own addition
    """
    layer = arguments.module(block, TransformerBlock, "Error: First argument must be a transformer block")
    return layer(arguments.tensor(input_data, arguments.SECOND), _mask(mask))  # type: ignore[no-any-return]
