"""A linear layer with a low-rank adapter: y = base(x) + alpha/rank · B(A x), the base frozen.

The layer and its arithmetic only: merging, switching between named adapters. Bases of other kinds and DoRA
are in `lora_kinds.py`; files, whole models and the functions of LispE are elsewhere.
"""

from __future__ import annotations

import copy
import math
import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError

DEFAULT = "default"


class Merged(NamedTuple):
    """The plain layer that acts while the adapter is merged; a tuple hides it from `parameters()`."""

    layer: Any


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


class Rest(NamedTuple):
    """Where a tensor of an adapter rests, and whether it is trained when it acts."""

    layer: weakref.ref[LoraLinear]
    trained: bool


# Where a tensor says so itself.
REST = "lora_rest"


def resting_alone(trained: Iterable[torch.Tensor]) -> LoraLinear | None:
    """A layer of whose adapters these tensors have one that rests, and not the one that acts.

    An optimizer of such tensors would train nothing, or the wrong adapter.
    """
    numbers, layers = set(), []
    for tensor in trained:
        numbers.add(id(tensor))
        rest = vars(tensor).get(REST)
        if rest is not None:
            layers.append(rest.layer())
    return next((layer for layer in layers if layer and id(layer.lora_A.weight) not in numbers), None)


class LoraLinear(nn.Module):
    """`original`, frozen; `lora_A.weight` [rank, in] ~ N(0, 1/sqrt(rank)), `lora_B.weight` [out, rank], 0.

    Nothing here ever writes to the base: a merged layer computes with a second weight beside it, which costs
    the memory of one more base weight and makes unmerging exact, whatever the adapter held.
    """

    # Stands for a linear layer in `torch_linear_forward`.
    stands_for_linear = True
    title = "LoRA Linear Layer"
    original: Any

    def __init__(self, original: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        self.original = original.requires_grad_(False)
        self.in_features, self.out_features = self._sizes()
        self.active = DEFAULT
        self._resting: dict[str, Adapter] = {}
        self._merged: Merged | None = None
        self.lora_A, self.lora_B, self.alpha = self.fresh(rank, alpha)

    def _sizes(self) -> tuple[int, int]:
        return self.original.in_features, self.original.out_features

    def laid(self, matrix: torch.Tensor) -> torch.Tensor:
        """A matrix [out, in] in the layout of the base's weight, or the other way round."""
        return matrix

    def parts(self) -> dict[str, torch.Tensor]:
        """The tensors of the adapter that acts, by their names below the layer."""
        return {"lora_A.weight": self.lora_A.weight, "lora_B.weight": self.lora_B.weight}

    def fresh(self, rank: int, alpha: float) -> Adapter:
        """A new adapter of this layer's sizes and device, in float32 at least, which changes nothing yet."""
        adapter = self.empty(rank, alpha)
        nn.init.normal_(adapter.down.weight, std=1 / math.sqrt(rank))
        nn.init.zeros_(adapter.up.weight)
        return adapter

    def empty(self, rank: int, alpha: float) -> Adapter:
        """A new adapter whose values are still to come from a file."""
        weight = self.original.weight
        # Half precision has too few digits to train in: Adam's first step gives NaN.
        like = weight if weight.itemsize >= 4 else weight.new_empty(0, dtype=torch.float32)
        down = empty_linear(self.in_features, rank, False, like)
        up = empty_linear(rank, self.out_features, False, like)
        return Adapter(down, up, float(alpha))

    @property
    def rank(self) -> int:
        return int(self.lora_A.weight.shape[0])

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        base = self.answer(data)
        total: torch.Tensor = base + self.scale * self.narrow(data)
        return total.to(base.dtype)

    def answer(self, data: torch.Tensor) -> torch.Tensor:
        """What the base answers. Errors: for no tensor, to which an adapter could add."""
        # The layer itself is called: a subclass has a forward of its own, and hooks see the call.
        base = self.original(data)
        if isinstance(base, torch.Tensor):
            return base
        raise LispeError(
            f"Error: LoRA: a {type(self.original).__name__} answers a {type(base).__name__} and no tensor, "
            "to which an adapter could add; name the layers that are to have one, without it"
        )

    def narrow(self, data: torch.Tensor) -> torch.Tensor:
        """B(A x): what goes past the base."""
        found: torch.Tensor = self.lora_B(self.lora_A(data.to(self.lora_A.weight.dtype)))
        return found

    @property
    def weight(self) -> torch.Tensor:
        """The weight that acts, for modules (attention) that take a layer's weight instead of calling it."""
        if self._merged is not None:
            merged: torch.Tensor = self._merged.layer.weight
            return merged
        base: torch.Tensor = self.original.weight
        return (base + self.laid(self.delta())).to(base.dtype)

    @property
    def bias(self) -> torch.Tensor | None:
        found: torch.Tensor | None = getattr(self.original, "bias", None)
        return found

    def delta(self, dtype: torch.dtype | None = None) -> torch.Tensor:
        """What the adapter adds to the base, alpha/rank · B·A, [out, in], in a dtype or in its own."""
        found: torch.Tensor = self.scale * (self.lora_B.weight.to(dtype) @ self.lora_A.weight.to(dtype))
        return found

    # -- merging

    @property
    def merged(self) -> bool:
        return self._merged is not None

    @torch.no_grad()
    def merged_weight(self) -> torch.Tensor:
        """Base plus delta, in the base's layout, added in at least float32 and rounded once.

        Errors: FloatingPointError where NaN or infinity would take the place of a finite value.
        """
        base: torch.Tensor = self.original.weight
        wide = torch.promote_types(base.dtype, torch.float32)
        total = (base.to(wide) + self.laid(self.delta(wide))).to(base.dtype)
        if bool((base.isfinite() & ~total.isfinite()).any()):
            raise FloatingPointError("the delta holds NaN or infinity")
        return total

    def merge(self, weight: torch.Tensor | None = None) -> None:
        """Let one weight act, `merged_weight()` unless given; nothing when the layer is merged already."""
        if self.merged:
            return
        weight = self.merged_weight() if weight is None else weight
        # The base with another weight, hooks included.
        plain = copy.copy(self.original)
        plain._parameters = {
            "weight": nn.Parameter(weight, requires_grad=False),
            "bias": None
            if self.bias is None
            else nn.Parameter(self.bias.detach().clone(), requires_grad=False),
        }
        self._merged = Merged(plain)
        # The plain layer's own forward: a merged layer without hooks costs nothing extra.
        hooked = plain._forward_hooks or plain._forward_pre_hooks
        self.forward = plain.__call__ if hooked else plain.forward  # type: ignore[method-assign]

    @property
    def computes_otherwise(self) -> bool:
        """Whether the base is of a class that does more with its weight than a linear layer does."""
        return type(self.original).forward is not nn.Linear.forward

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
            before = Adapter(self.lora_A, self.lora_B, self.alpha)
            self._resting[self.active] = before
            self.active = name
            self.lora_A, self.lora_B, self.alpha = chosen
            for part in (before.down.weight, before.up.weight):
                vars(part)[REST] = Rest(weakref.ref(self), part.requires_grad)
                part.requires_grad_(False)
                part.grad = None
            for part in (chosen.down.weight, chosen.up.weight):
                rest = vars(part).pop(REST, None)
                part.requires_grad_(rest is None or rest.trained)

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
