"""Positions: the sinusoidal table added to embeddings, and rotary embeddings for attention.

Both are fixed functions of the position: buffers, never trained. Batch comes first everywhere.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.modules.layers import register_text
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors.devices import device_of

ROTARY_BASE = 10000.0
ROTARY_LENGTH = 8192


def sinusoids(width: int, length: int) -> torch.Tensor:
    """The table [length, width]: column 2i is sin(p/10000^(2i/width)), column 2i+1 the cosine."""
    positions = torch.arange(length, dtype=torch.float32).unsqueeze(1)
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10000.0) / width))
    angles = positions * rates
    table = torch.empty(length, width)
    table[:, 0::2] = torch.sin(angles)
    # An odd width has one cosine column fewer.
    table[:, 1::2] = torch.cos(angles[:, : width // 2])
    return table


class PositionalEncoding(nn.Module):
    """Adds row p of the sinusoidal table `pe` [max_len, d] to position p of every batch element."""

    pe: torch.Tensor

    def __init__(self, width: int, length: int) -> None:
        super().__init__()
        self.register_buffer("pe", sinusoids(width, length))

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        length, width = self.pe.shape
        if data.dim() not in (2, 3):
            raise ValueError(f"the input must be [batch, sequence, {width}] or [sequence, {width}]")
        if data.shape[-1] != width:
            raise ValueError(f"the input is {data.shape[-1]} wide, the encoding {width}")
        if data.shape[-2] > length:
            raise ValueError(f"the sequence has {data.shape[-2]} positions, the encoding only {length}")
        rows = self.pe[: data.shape[-2]]
        return data + rows.to(data.device, data.dtype if data.is_floating_point() else rows.dtype)

    def extra_repr(self) -> str:
        return f"embed_dim={self.pe.shape[1]}, max_length={self.pe.shape[0]}"


class RotaryEmbedding(nn.Module):
    """Cosines and sines for rotary embeddings, angles laid out as two equal halves [f, f]."""

    inv_freq: torch.Tensor
    cos_cached: torch.Tensor
    sin_cached: torch.Tensor

    def __init__(self, width: int, length: int) -> None:
        super().__init__()
        self.dim, self.max_seq_len = width, length
        exponents = torch.arange(0, width, 2, dtype=torch.float32) / width
        self.register_buffer("inv_freq", ROTARY_BASE**-exponents)
        cos, sin = self._tables(length)
        self.register_buffer("cos_cached", cos)
        self.register_buffer("sin_cached", sin)

    def _tables(self, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        positions = torch.arange(length, dtype=torch.float32, device=self.inv_freq.device)
        angles = torch.outer(positions, self.inv_freq).repeat(1, 2)
        return angles.cos(), angles.sin()

    def forward(self, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        # Beyond the cache the tables are computed anew: the buffers keep the shape that files hold.
        if length > len(self.cos_cached):
            return self._tables(length)
        return self.cos_cached[:length], self.sin_cached[:length]

    def extra_repr(self) -> str:
        return f"dim={self.dim}, max_seq_len={self.max_seq_len}"


register_text(PositionalEncoding, "torch_positional_encoding_", "PyTorch Positional Encoding")
register_kind(
    RotaryEmbedding,
    "torch_rotary_embedding_",
    lambda module, _show: f"PyTorch Rotary Embedding ({module.extra_repr()})",
)


@torch_function(
    "torch_positional_encoding",
    "torch_positional_encoding_create",
    prefix="Error creating positional encoding: ",
)
def positional_encoding(embed_dim: int, max_length: int) -> PositionalEncoding:
    """A fixed table of positions [max_length, embed_dim]: even columns sine, odd columns cosine.

    Example: (torch_positional_encoding 512 1024) => PyTorch Positional Encoding
    Errors: both sizes must be positive integers
    Source: torch API 7.7; Vaswani et al., Attention Is All You Need, 3.5
    """
    name = "torch_positional_encoding"
    return PositionalEncoding(arguments.size(name, 1, embed_dim), arguments.size(name, 2, max_length))


@torch_function(
    "torch_positional_forward",
    "torch_positional_encoding_forward",
    prefix="Error in positional encoding forward: ",
)
def positional_forward(pos_encoder: PositionalEncoding, input_: torch.Tensor) -> torch.Tensor:
    """The input [batch, sequence, embed_dim] (or [sequence, embed_dim]) plus the table's first rows.

    Example: (@ (torch_positional_forward (torch_positional_encoding 4 8) (torch_zeros '(1 4))) 1) => 1
    Errors: `Error: First argument must be a positional encoding`, `Error: Second argument must be a
    tensor`; a longer sequence than the table or another width gives both numbers
    Source: torch API 7.7
    """
    encoder = arguments.module(
        pos_encoder, PositionalEncoding, "Error: First argument must be a positional encoding"
    )
    return encoder(arguments.tensor(input_, arguments.SECOND))  # type: ignore[no-any-return]


@torch_function(
    "torch_rotary_embedding", "torch_rotary_embedding_create", prefix="Error creating rotary embedding: "
)
def rotary_embedding(dim: int, max_seq_len: int | None = None) -> RotaryEmbedding:
    """Rotary position tables for heads of `dim` numbers (even), by default for 8192 positions.

    Example: (torch_rotary_embedding 64 128) => PyTorch Rotary Embedding (dim=64, max_seq_len=128)
    Errors: an odd dim is refused
    Source: torch API 7.8; Su et al., RoFormer
    """
    name = "torch_rotary_embedding"
    width = arguments.size(name, 1, dim)
    if width % 2:
        raise LispeError(f"Error: {name}: dim must be even, not {width}")
    return RotaryEmbedding(
        width, ROTARY_LENGTH if max_seq_len is None else arguments.size(name, 2, max_seq_len)
    )


@torch_function(
    "torch_rotary_forward", "torch_rotary_embedding_forward", prefix="Error in rotary embedding forward: "
)
def rotary_forward(rotary_embedding: RotaryEmbedding, seq_len: int, device: str | None = None) -> List:
    """A list (cos sin) of two tensors [seq_len, dim], on the device (default cpu).

    Example: (tensor_shape (car (torch_rotary_forward (torch_rotary_embedding 4 8) 2))) => (2 4)
    Errors: `Error: First argument must be a rotary embedding`
    Source: torch API 7.8
    """
    rotary = arguments.module(
        rotary_embedding, RotaryEmbedding, "Error: First argument must be a rotary embedding"
    )
    where = device_of("cpu" if device is None else device)
    return List(table.to(where) for table in rotary(arguments.size("torch_rotary_forward", 2, seq_len)))


@torch_function("torch_apply_rotary_pos_emb", prefix="Error in applying rotary embedding: ")
def apply_rotary(tensor: Any, cos: Any, sin: Any) -> torch.Tensor:
    """The heads [B,H,S,d] turned by their positions; cos and sin [S,d] from `torch_rotary_forward`.

    With the halves x1 and x2 of the last axis: [x1·cos - x2·sin, x2·cos + x1·sin].

    Example: (size (torch_apply_rotary_pos_emb (torch_ones '(2)) (torch_ones '(2)) (torch_ones '(2)))) => 2
    Errors: `Error: All arguments must be tensors`; an odd last axis is refused
    Source: torch API 7.8
    """
    x, c, s = (
        arguments.tensor(value, "Error: All arguments must be tensors") for value in (tensor, cos, sin)
    )
    if x.dim() == 0 or x.shape[-1] % 2:
        raise ValueError("the last axis must be even")
    first, second = x.chunk(2, dim=-1)
    return x * c + torch.cat((-second, first), dim=-1) * s
