"""A linear layer with a low-rank adapter: y = base(x) + alpha/rank · B(A x), the base frozen.

The layer and its arithmetic only: merging, switching between named adapters. Files, whole models and the
functions of LispE are elsewhere.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

DEFAULT = "default"


class Merged(NamedTuple):
    """What was added to the base weight, so that exactly this can be taken away again."""

    down: torch.Tensor
    up: torch.Tensor
    scale: float


class Adapter(NamedTuple):
    """One adapter: A [rank, in], B [out, rank] and its alpha."""

    down: nn.Linear
    up: nn.Linear
    alpha: float


class LoraLinear(nn.Module):
    """`original`, frozen; `lora_A.weight` [rank, in] ~ N(0, 1/sqrt(rank)), `lora_B.weight` [out, rank], 0."""

    # Stands for a linear layer in `torch_linear_forward`.
    stands_for_linear = True

    def __init__(self, original: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.in_features, self.out_features = original.in_features, original.out_features
        self.original = original.requires_grad_(False)
        self.active = DEFAULT
        self._resting: dict[str, Adapter] = {}
        self._merged: Merged | None = None
        self.alpha = float(alpha)
        self.lora_A, self.lora_B = self._fresh(rank)

    def _fresh(self, rank: int) -> tuple[nn.Linear, nn.Linear]:
        weight = self.original.weight
        made = {"bias": False, "dtype": weight.dtype, "device": weight.device}
        down = nn.utils.skip_init(nn.Linear, self.in_features, rank, **made)
        up = nn.utils.skip_init(nn.Linear, rank, self.out_features, **made)
        nn.init.normal_(down.weight, std=1 / math.sqrt(rank))
        nn.init.zeros_(up.weight)
        return down, up

    @property
    def rank(self) -> int:
        return int(self.lora_A.weight.shape[0])

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    @property
    def merged(self) -> bool:
        return self._merged is not None

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        base = functional.linear(data, self.original.weight, self.original.bias)
        return base + self.scale * self.lora_B(self.lora_A(data))  # type: ignore[no-any-return]

    @property
    def weight(self) -> torch.Tensor:
        """The weight that acts, for modules (attention) that take a layer's weight instead of calling it."""
        return self.original.weight if self.merged else self.original.weight + self.delta()

    @property
    def bias(self) -> torch.Tensor | None:
        return self.original.bias

    def delta(self) -> torch.Tensor:
        """alpha/rank · B·A, [out, in]."""
        return self.scale * (self.lora_B.weight @ self.lora_A.weight)

    def merge(self) -> None:
        """Add the delta to the base, once; the layer then computes what a plain linear layer computes."""
        if self.merged:
            return
        with torch.no_grad():
            down, up = self.lora_A.weight.detach().clone(), self.lora_B.weight.detach().clone()
            self._merged = Merged(down, up, self.scale)
            self.original.weight += self.scale * (up @ down)
        # The plain layer's own forward: a merged layer costs nothing extra.
        self.forward = self.original.forward  # type: ignore[method-assign]

    def unmerge(self) -> None:
        """Take away from the base what `merge` added."""
        if self._merged is None:
            return
        with torch.no_grad():
            self.original.weight -= self._merged.scale * (self._merged.up @ self._merged.down)
        self.forget_merge()

    def forget_merge(self) -> None:
        """The base was replaced by one without a delta: the adapter acts beside it again."""
        self._merged = None
        self.__dict__.pop("forward", None)

    def adapters(self) -> list[str]:
        """The names of the layer's adapters, the active one included, sorted."""
        return sorted({self.active, *self._resting})

    def switch(self, name: str, rank: int, alpha: float) -> None:
        """Make another adapter act; one that does not exist yet is made fresh with this rank and alpha."""
        self.unmerge()
        if name == self.active:
            return
        chosen = self._resting.pop(name, None) or Adapter(*self._fresh(rank), alpha)
        self._resting[self.active] = Adapter(self.lora_A, self.lora_B, self.alpha)
        self.lora_A, self.lora_B, self.alpha = chosen
        self.active = name

    def forget(self, name: str) -> None:
        """Drop an adapter that rests; nothing when there is none of that name."""
        self._resting.pop(name, None)

    def _apply(self, change: Any, recurse: bool = True) -> LoraLinear:
        """Moves to another device or dtype reach the resting adapters too."""
        for adapter in self._resting.values():
            adapter.down._apply(change, recurse)
            adapter.up._apply(change, recurse)
        return super()._apply(change, recurse)  # type: ignore[return-value]

    def extra_repr(self) -> str:
        return f"{self.in_features} -> {self.out_features}, rank={self.rank}, alpha={self.alpha:g}"
