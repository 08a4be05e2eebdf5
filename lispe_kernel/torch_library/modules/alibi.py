"""ALiBi: attention that fades with distance. Nothing is added to the data and no table is kept.

Every head takes its own slope times the distance from the score of a query and a key.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.printer import register_kind
from lispe_kernel.torch_library.modules.computed import ComputedTables
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function


def slopes(heads: int) -> list[float]:
    """A geometric row from 2^(-8/heads) on; for other numbers than powers of two those between fill it up."""
    whole = 1 << (heads.bit_length() - 1)
    found = [2.0 ** (-8 * k / whole) for k in range(1, whole + 1)]
    between = [2.0 ** (-4 * k / whole) for k in range(1, 2 * whole + 1, 2)]
    return found + between[: heads - whole]


class Alibi(ComputedTables):
    """What is added to the scores of attention: minus slope times distance, a slope a head."""

    slopes: torch.Tensor

    def __init__(self, heads: int, length: int) -> None:
        super().__init__()
        self.heads, self.length = heads, length
        self.keep_tables()

    def tables(self) -> dict[str, torch.Tensor]:
        return {"slopes": torch.tensor(slopes(self.heads), dtype=torch.float32)}

    def forward(self, length: int) -> torch.Tensor:
        rates = self.tables()["slopes"] if self.slopes.is_meta else self.slopes
        places = torch.arange(length, device=rates.device)
        apart = (places[:, None] - places[None, :]).abs()
        return -rates[:, None, None] * apart

    def extra_repr(self) -> str:
        return f"heads={self.heads}, max_length={self.length}"


register_kind(Alibi, "torch_alibi_", lambda module, _show: f"PyTorch ALiBi ({module.extra_repr()})")


@torch_function("torch_alibi", prefix="Error creating ALiBi: ")
def alibi(heads: int, max_length: int | None = None) -> Alibi:
    """Attention with linear biases for so many heads, by default for 2048 positions.

    Head h of n takes 2^(-8·h/n) times the distance of query and key from their score; where n is no power of
    two, the slopes of twice as many heads fill up those of the next smaller power. The length is what
    pictures and comparisons show: the bias itself reaches any distance.

    Example: (torch_alibi 8 128) => PyTorch ALiBi (heads=8, max_length=128)
    Errors: both must be positive integers
    Source: Press et al., Train Short, Test Long
    """
    name = "torch_alibi"
    length = 2048 if max_length is None else arguments.size(name, 2, max_length)
    return Alibi(arguments.size(name, 1, heads), length)


@torch_function("torch_alibi_forward", prefix="Error in ALiBi forward: ")
def alibi_forward(alibi: Any, seq_len: int) -> torch.Tensor:
    """What to add to the scores of a text of so many positions: [heads, seq_len, seq_len].

    Both directions are there; a causal mask hides the keys that come later.

    Example: (tensor_shape (torch_alibi_forward (torch_alibi 2 4) 3)) => (2 3 3)
    Errors: `Error: First argument must be an ALiBi`
    Source: Press et al., Train Short, Test Long
    """
    module = arguments.module(alibi, Alibi, "Error: First argument must be an ALiBi")
    found: torch.Tensor = module(arguments.size("torch_alibi_forward", 2, seq_len))
    return found
