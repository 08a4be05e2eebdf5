"""Scaled dot-product attention and the flash attention module with its four projections.

PyTorch chooses the fast kernel. What a mask means is in `masks.py`.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention as sdpa

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, number_text, register_kind
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.modules import masks
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import shape
from lispe_kernel.torch_library.tensors import conversions

NO_FLASH = "Error: First argument must be a Flash Attention module"
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "out_proj")
# The attention without a module splits the width into at most so many parts for its scale.
MOST_PARTS = 8


class FlashAttention(nn.Module):
    """Query, key and value projected, split into heads, attended, joined and projected: [B,S,D]."""

    def __init__(self, width: int, heads: int, dropout: float, bias: bool) -> None:
        super().__init__()
        self.embed_dim, self.num_heads, self.dropout, self.has_bias = width, heads, dropout, bias
        for name in PROJECTIONS:
            projection = nn.Linear(width, width, bias=bias)
            nn.init.xavier_uniform_(projection.weight)
            self.add_module(name, projection)

    def forward(
        self,
        query: torch.Tensor,
        key: torch.Tensor | None = None,
        value: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        dropout: float | None = None,
    ) -> torch.Tensor:
        key = query if key is None else key
        value = key if value is None else value
        q, k, v = (
            self._heads(self.get_submodule(name)(data))
            for name, data in zip(PROJECTIONS, (query, key, value), strict=False)
        )
        if mask is not None:
            sizes = masks.Sizes(q.shape[0], self.num_heads, q.shape[2], k.shape[2])
            mask = masks.for_scores(masks.kept_or_added(mask), sizes)
        if dropout is None:
            dropout = self.dropout if self.training else 0.0
        joined = sdpa(q, k, v, attn_mask=mask, dropout_p=dropout)
        joined = joined.transpose(1, 2).reshape(query.shape)
        return self.get_submodule("out_proj")(joined)  # type: ignore[no-any-return]

    def _heads(self, data: torch.Tensor) -> torch.Tensor:
        batch, length, width = data.shape
        return data.view(batch, length, self.num_heads, width // self.num_heads).transpose(1, 2)

    def extra_repr(self) -> str:
        return (
            f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, "
            f"head_dim={self.embed_dim // self.num_heads}, dropout={number_text(self.dropout)}, "
            f"bias={'true' if self.has_bias else 'false'}"
        )


register_kind(
    FlashAttention,
    "torch_flash_attention_",
    lambda module, _show: f"Flash Attention ({module.extra_repr()})",
)


@torch_function("torch_flash_attention_create", prefix="Error creating Flash Attention: ")
def flash_create(embed_dim: Any, num_heads: Any, dropout: Any = 0.0, bias: Any = TRUE) -> FlashAttention:
    """A flash attention module with four projections; nil dropout is 0, nil bias is true, 0 is none.

    Example: (size (torch_model_parameters (torch_flash_attention_create 8 2))) => 8
    Errors: `embed_dim must be divisible by num_heads`
    Source: torch API 7.9
    """
    name = "torch_flash_attention_create"
    width, heads = arguments.size(name, 1, embed_dim), arguments.size(name, 2, num_heads)
    if width % heads:
        raise LispeError("embed_dim must be divisible by num_heads")
    return FlashAttention(width, heads, arguments.chance(name, 3, dropout), bias is None or bool(bias))


def _inputs(*values: Any) -> list[torch.Tensor]:
    """Query, key and value: tensors, or lists and matrices that become tensors; all [B,S,D]."""
    found = conversions.as_tensors(*values)
    if any(tensor.dim() != 3 for tensor in found):
        raise ValueError("query, key and value must be [batch, sequence, width]")
    if found[0].shape[:2] != found[1].shape[:2] or found[1].shape != found[2].shape:
        raise ValueError("key and value must have the query's batch and length")
    return found


@torch_function("torch_flash_attention_forward", prefix="Error in Flash Attention forward: ")
def flash_forward(flash_attention: Any, query: Any, key: Any, value: Any) -> torch.Tensor:
    """The module's answer, [B,S,D] -> [B,S,D]. Its dropout acts while the module is in training mode.

    Errors: `Error: First argument must be a Flash Attention module`; key and value need the query's length
    Example: (maybe (torch_flash_attention_forward 1 2 3 4) "no module") => no module
    Source: torch API 7.9
    """
    module = arguments.module(flash_attention, FlashAttention, NO_FLASH)
    return module(*_inputs(query, key, value))  # type: ignore[no-any-return]


@torch_function("torch_flash_attention_with_mask", prefix="Error in Flash Attention with mask: ")
def flash_with_mask(flash_attention: Any, query: Any, key: Any, value: Any, attn_mask: Any) -> torch.Tensor:
    """The module's answer under a mask [B,S] for the keys, or [S,S], [B,S,S] or [B,H,S,S] for each pair.

    A mask of ones and zeros, of any kind of number, says where to attend. One of other fractions is added to
    the scores as it is (0 leaves, -inf forbids); one of fractions that are all 0 could be either.

    Example: (maybe (torch_flash_attention_with_mask 1 2 3 4 5) "no module") => no module
    Errors: `Error: First argument must be a Flash Attention module`
    Source: torch API 7.9
    """
    module = arguments.module(flash_attention, FlashAttention, NO_FLASH)
    inputs = _inputs(query, key, value)
    mask = None if attn_mask is None else conversions.as_tensor(attn_mask, inputs[0])
    return module(*inputs, mask)  # type: ignore[no-any-return]


@torch_function("torch_flash_attention_with_dropout", prefix="Error in Flash Attention with dropout: ")
def flash_with_dropout(
    flash_attention: Any, query: Any, key: Any, value: Any, dropout_p: Any, training: Any = TRUE
) -> torch.Tensor:
    """The module's answer with a dropout of its own for this call; `training` nil leaves it out.

    Example: (maybe (torch_flash_attention_with_dropout 1 2 3 4 0 nil) "no module") => no module
    Errors: `Error: First argument must be a Flash Attention module`
    Source: torch API 7.9
    """
    module = arguments.module(flash_attention, FlashAttention, NO_FLASH)
    chance = arguments.chance("torch_flash_attention_with_dropout", 5, dropout_p) if training else 0.0
    return module(*_inputs(query, key, value), None, chance)  # type: ignore[no-any-return]


@torch_function("torch_flash_attention", prefix="Error in simple Flash Attention: ")
def flash_attention(query: Any, key: Any, value: Any, scale: Any = None) -> torch.Tensor:
    """softmax(query·keyᵀ · scale)·value without projections and heads; at least [B,S,D].

    The scale is 1/sqrt(D div h) by default, with h the largest number up to 8 that divides D.

    Example: (maybe (torch_flash_attention '(1) '(1) '(1)) "too few dimensions") => too few dimensions
    Errors: `Flash Attention requires at least 3D tensors (batch, seq_len, embed_dim)`
    Source: torch API 7.9
    """
    return _simple(query, key, value, scale, None)


def _scale(value: Any) -> float:
    """A scale: a number, a tensor of one element, or the first number of a list."""
    if isinstance(value, list | TypedList) and len(value):
        value = value[0]
    if isinstance(value, torch.Tensor):
        return float(value.item())
    if isinstance(value, int | float):
        return float(value)
    raise LispeError(
        f"Error: the scale must be a number, a tensor of one element or a list, not {describe(value)}"
    )


@torch_function("torch_flash_attention_masked", prefix="Error in masked Flash Attention: ")
def flash_attention_masked(query: Any, key: Any, value: Any, scale: Any, mask: Any) -> torch.Tensor:
    """softmax(query·keyᵀ · scale + mask)·value without projections: what `torch_flash_attention` is, masked.

    The mask is that of `torch_scaled_dot_product_attention`: ones and zeros say where to attend. A nil scale
    is the default of `torch_flash_attention`, a nil mask is none.

    Example: (maybe (torch_flash_attention_masked 1 2 3 nil nil) "no tensors") => no tensors
    Errors: `Flash Attention requires at least 3D tensors (batch, seq_len, embed_dim)`
    Source: torch API 20 (named in prose)
    """
    return _simple(query, key, value, scale, mask)


def _simple(query: Any, key: Any, value: Any, scale: Any, mask: Any) -> torch.Tensor:
    q, k, v = conversions.as_tensors(query, key, value)
    if min(q.dim(), k.dim(), v.dim()) < 3:
        raise LispeError("Flash Attention requires at least 3D tensors (batch, seq_len, embed_dim)")
    width = q.shape[-1]
    parts = next(h for h in range(MOST_PARTS, 0, -1) if width % h == 0)
    factor = 1 / math.sqrt(max(1, width // parts)) if scale is None else _scale(scale)
    return sdpa(q, k, v, attn_mask=_mask(mask, q, k), scale=factor)


@torch_function("torch_scaled_dot_product_attention", prefix="Error in scaled dot product attention: ")
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: Any = 0.0,
    is_causal: Any = None,
    scale: Any = None,
) -> torch.Tensor:
    """softmax(query·keyᵀ · scale + mask)·value over the last two dimensions; the scale is 1/sqrt(d).

    A mask of ones and zeros (or booleans) says where to attend, one of other fractions is added, and one of
    fractions that are all 0 is refused, since it could be either. It fits the scores as in PyTorch, or is
    [B,S] or [B,L,S], one for each text. `is_causal` lets each position attend to itself and to those before
    it. A nil argument stands for its default.

    Example: (maybe (torch_scaled_dot_product_attention 1 2 3) "no tensors") => no tensors
    Errors: a mask together with `is_causal` is refused, and one that can be read in two ways
    Source: torch API 7.9
    """
    name = "torch_scaled_dot_product_attention"
    q, k, v = conversions.as_tensors(query, key, value)
    if min(q.dim(), k.dim(), v.dim()) < 2:
        raise ValueError("query, key and value need two dimensions or more: sequence and width")
    return sdpa(
        q,
        k,
        v,
        attn_mask=_mask(attn_mask, q, k),
        dropout_p=arguments.chance(name, 5, dropout_p),
        is_causal=bool(is_causal),
        scale=None if scale is None else _scale(scale),
    )


def _mask(value: Any, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor | None:
    return None if value is None else _for_scores(conversions.as_tensor(value, query), query, key)


def _for_scores(mask: torch.Tensor, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """The mask as PyTorch broadcasts it over scores [..., L, S]; [B,S] and [B,L,S] are one for each text.

    Errors: ValueError for a mask that may also be PyTorch's [L,S], or one for each head.
    """
    mask = masks.kept_or_added(mask)
    scores = (*query.shape[:-1], key.shape[-2])
    given, batch = tuple(mask.shape), scores[0]
    if len(scores) < 3 or batch == 1:
        return mask
    if given == (batch, scores[-1]):
        _refuse_either(given == scores[-2:], given, "the keys of each text", "queries and keys")
        return mask.reshape(batch, *[1] * (len(scores) - 2), scores[-1])
    if len(scores) == 4 and given == (batch, *scores[-2:]):
        _refuse_either(given == scores[1:], given, "the queries and keys of each text", "each head")
        return mask.unsqueeze(1)
    return mask


def _refuse_either(either: bool, given: tuple[int, ...], one: str, other: str) -> None:
    if either:
        raise ValueError(
            f"the mask {shape(given)} may be one for {one} or one for {other}; give it more dimensions: "
            f"{shape((1, *given))} for {other}"
        )
