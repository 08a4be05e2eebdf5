"""Positions added to embeddings: the sinusoidal table. Batch comes first everywhere.

The table is a fixed function of the position: computed, never trained, and in no file. What turns queries and
keys instead is in `rotary.py`.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from lispe_kernel.torch_library.modules.computed import ComputedTables
from lispe_kernel.torch_library.modules.layers import register_text
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

BASE = 10000.0


def sinusoids(width: int, length: int, base: float = BASE, first: int = 0) -> torch.Tensor:
    """The table [length, width]: column 2i is sin(p/base^(2i/width)), column 2i+1 the cosine."""
    positions = torch.arange(first, first + length, dtype=torch.float32).unsqueeze(1)
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(base) / width))
    angles = positions * rates
    table = torch.empty(length, width)
    table[:, 0::2] = torch.sin(angles)
    # An odd width has one cosine column fewer.
    table[:, 1::2] = torch.cos(angles[:, : width // 2])
    return table


class PositionalEncoding(ComputedTables):
    """Adds row p of the sinusoidal table `pe` [max_len, d] to position p of every batch element."""

    pe: torch.Tensor

    def __init__(self, width: int, length: int, base: float = BASE) -> None:
        super().__init__()
        self.width, self.length, self.base = width, length, base
        self.keep_tables()

    def tables(self) -> dict[str, torch.Tensor]:
        return {"pe": sinusoids(self.width, self.length, self.base)}

    def forward(self, data: torch.Tensor, offset: int = 0) -> torch.Tensor:
        width = self.width
        if data.dim() not in (2, 3):
            raise ValueError(f"the input must be [batch, sequence, {width}] or [sequence, {width}]")
        if data.shape[-1] != width:
            raise ValueError(f"the input is {data.shape[-1]} wide, the encoding {width}")
        reached = offset + data.shape[-2]
        if reached > self.length:
            raise ValueError(f"the sequence has {reached} positions, the encoding only {self.length}")
        table = self.tables()["pe"] if self.pe.is_meta else self.pe
        rows = table[offset:reached]
        return data + rows.to(data.device, data.dtype if data.is_floating_point() else rows.dtype)

    def extra_repr(self) -> str:
        base = f", base={self.base:g}" if self.base != BASE else ""
        return f"embed_dim={self.width}, max_length={self.length}{base}"


register_text(PositionalEncoding, "torch_positional_encoding_", "PyTorch Positional Encoding")


@torch_function(
    "torch_positional_encoding",
    "torch_positional_encoding_create",
    prefix="Error creating positional encoding: ",
)
def positional_encoding(embed_dim: int, max_length: int, base: Any = BASE) -> PositionalEncoding:
    """A fixed table of positions [max_length, embed_dim]: even columns sine, odd columns cosine.

    The wavelengths grow from 2π to 2π·base (10000). The table is computed and stands in no file.

    Example: (torch_positional_encoding 512 1024) => PyTorch Positional Encoding
    Errors: both sizes must be positive integers, the base a number greater than 1
    Source: torch API 7.7; Vaswani et al., Attention Is All You Need, 3.5
    """
    name = "torch_positional_encoding"
    sizes = arguments.size(name, 1, embed_dim), arguments.size(name, 2, max_length)
    number = arguments.number(name, 3, base)
    if not 1 < number < math.inf:
        raise arguments.instead(f"Error: {name}: the base must be a number greater than 1", base)
    return PositionalEncoding(*sizes, number)


@torch_function(
    "torch_positional_forward",
    "torch_positional_encoding_forward",
    prefix="Error in positional encoding forward: ",
)
def positional_forward(
    pos_encoder: PositionalEncoding, input_: torch.Tensor, offset: Any = 0
) -> torch.Tensor:
    """The input [batch, sequence, embed_dim] (or [sequence, embed_dim]) plus the rows from `offset` on.

    Example: (@ (torch_positional_forward (torch_positional_encoding 4 8) (torch_zeros '(1 4))) 1) => 1
    Errors: `Error: First argument must be a positional encoding`, `Error: Second argument must be a
    tensor`; a longer sequence than the table or another width gives both numbers
    Source: torch API 7.7
    """
    encoder = arguments.module(
        pos_encoder, PositionalEncoding, "Error: First argument must be a positional encoding"
    )
    first = arguments.count("torch_positional_forward", 3, offset)
    return encoder(arguments.tensor(input_, arguments.SECOND), first)  # type: ignore[no-any-return]
