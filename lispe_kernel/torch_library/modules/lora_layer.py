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
    """The plain linear layer that acts while the adapter is merged; a tuple hides it from `parameters()`."""

    layer: nn.Linear


class Adapter(NamedTuple):
    """One adapter: A [rank, in], B [out, rank] and its alpha."""

    down: nn.Linear
    up: nn.Linear
    alpha: float

    @property
    def rank(self) -> int:
        return int(self.down.weight.shape[0])


def empty_linear(inputs: int, outputs: int, bias: bool, like: torch.Tensor) -> nn.Linear:
    """A linear layer whose values are still to come, of the dtype and on the device of another weight."""
    skip_init: Any = nn.utils.skip_init
    layer: nn.Linear = skip_init(nn.Linear, inputs, outputs, bias, dtype=like.dtype, device=like.device)
    return layer


class LoraLinear(nn.Module):
    """`original`, frozen; `lora_A.weight` [rank, in] ~ N(0, 1/sqrt(rank)), `lora_B.weight` [out, rank], 0.

    Nothing here ever writes to the base: a merged layer computes with a second weight beside it, which costs
    the memory of one more base weight and makes unmerging exact, whatever the adapter held.
    """

    # Stands for a linear layer in `torch_linear_forward`.
    stands_for_linear = True

    def __init__(self, original: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.in_features, self.out_features = original.in_features, original.out_features
        self.original = original.requires_grad_(False)
        self.active = DEFAULT
        self._resting: dict[str, Adapter] = {}
        self._merged: Merged | None = None
        self.lora_A, self.lora_B, self.alpha = self.fresh(rank, alpha)

    def fresh(self, rank: int, alpha: float) -> Adapter:
        """A new adapter of this layer's sizes, dtype and device, which changes nothing yet."""
        adapter = self.empty(rank, alpha)
        nn.init.normal_(adapter.down.weight, std=1 / math.sqrt(rank))
        nn.init.zeros_(adapter.up.weight)
        return adapter

    def empty(self, rank: int, alpha: float) -> Adapter:
        """A new adapter whose values are still to come from a file."""
        weight = self.original.weight
        down = empty_linear(self.in_features, rank, False, weight)
        up = empty_linear(rank, self.out_features, False, weight)
        return Adapter(down, up, float(alpha))

    @property
    def rank(self) -> int:
        return int(self.lora_A.weight.shape[0])

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        base = functional.linear(data, self.original.weight, self.original.bias)
        # The adapter may be of another dtype than its base.
        change = self.scale * self.lora_B(self.lora_A(data.to(self.lora_A.weight.dtype)))
        return base + change.to(base.dtype)  # type: ignore[no-any-return]

    @property
    def weight(self) -> torch.Tensor:
        """The weight that acts, for modules (attention) that take a layer's weight instead of calling it."""
        base = self.original.weight
        return base + self.delta().to(base.dtype) if self._merged is None else self._merged.layer.weight

    @property
    def bias(self) -> torch.Tensor | None:
        return self.original.bias

    def delta(self) -> torch.Tensor:
        """alpha/rank · B·A, [out, in]."""
        return self.scale * (self.lora_B.weight @ self.lora_A.weight)

    # -- merging

    @property
    def merged(self) -> bool:
        return self._merged is not None

    @torch.no_grad()
    def merged_weight(self) -> torch.Tensor:
        """Base plus delta, [out, in], added in at least float32 and rounded once.

        Errors: FloatingPointError where NaN or infinity would take the place of a finite value.
        """
        base = self.original.weight
        wide = torch.promote_types(base.dtype, torch.float32)
        delta = self.scale * (self.lora_B.weight.to(wide) @ self.lora_A.weight.to(wide))
        total = (base.to(wide) + delta).to(base.dtype)
        if bool((base.isfinite() & ~total.isfinite()).any()):
            raise FloatingPointError("the delta holds NaN or infinity")
        return total

    def merge(self, weight: torch.Tensor | None = None) -> None:
        """Let one weight act, `merged_weight()` unless given; nothing when the layer is merged already."""
        if self.merged:
            return
        weight = self.merged_weight() if weight is None else weight
        has_bias = self.original.bias is not None
        plain = nn.Linear(self.in_features, self.out_features, bias=has_bias, device="meta")
        plain.weight = nn.Parameter(weight, requires_grad=False)
        if has_bias:
            plain.bias = nn.Parameter(self.original.bias.detach().clone(), requires_grad=False)
        self._merged = Merged(plain)
        # The plain layer's own forward: a merged layer costs nothing extra.
        self.forward = plain.forward  # type: ignore[method-assign, assignment]

    def unmerge(self) -> None:
        """Let the adapter act beside the base again."""
        self._merged = None
        self.__dict__.pop("forward", None)

    # -- named adapters

    def adapters(self) -> list[str]:
        """The names of the layer's adapters, the active one included, sorted."""
        return sorted(self.named_adapters())

    def named_adapters(self) -> dict[str, Adapter]:
        """The layer's adapters by name, the active one first."""
        return {self.active: Adapter(self.lora_A, self.lora_B, self.alpha), **self._resting}

    def adapter(self, name: str) -> Adapter | None:
        """The adapter of this name, acting or resting; None when there is none."""
        return self.named_adapters().get(name)

    def keep(self, name: str, adapter: Adapter) -> None:
        """Put an adapter under a name, in the place of the one there: to rest, or to act if that acts."""
        if name == self.active:
            self.lora_A, self.lora_B, self.alpha = adapter
        else:
            self._resting[name] = adapter

    def activate(self, name: str) -> None:
        """Make an adapter that the layer has act. Errors: KeyError when there is none of that name."""
        self.unmerge()
        if name != self.active:
            chosen = self._resting.pop(name)
            self._resting[self.active] = Adapter(self.lora_A, self.lora_B, self.alpha)
            self.active = name
            self.lora_A, self.lora_B, self.alpha = chosen

    def forget(self, name: str) -> None:
        """Drop an adapter that rests; nothing when there is none of that name."""
        self._resting.pop(name, None)

    def _apply(self, change: Any, recurse: bool = True) -> LoraLinear:
        """Moves to another device or dtype reach the resting adapters and the merged weight too."""
        hidden = [part for adapter in self._resting.values() for part in (adapter.down, adapter.up)]
        for part in [*hidden, *(self._merged or ())]:
            part._apply(change, recurse)
        super()._apply(change, recurse)  # type: ignore[no-untyped-call]
        return self

    def extra_repr(self) -> str:
        return f"{self.in_features} -> {self.out_features}, rank={self.rank}, alpha={self.alpha:g}"
