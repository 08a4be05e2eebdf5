"""Adapters beside other layers than linear ones, and DoRA: each a class beside `LoraLinear`.

A table of embeddings and the transposed linear layer of GPT-2 (transformers' `Conv1D`) are matrices of
another layout; DoRA gives each output a length of its own. `adapted_layer` chooses the class. Never imports
transformers.
"""

from __future__ import annotations

import torch
from torch import nn

from lispe_kernel.torch_library.modules.lora_layer import LoraLinear


class _Transposed(LoraLinear):
    """Over a base whose weight is [in, out]."""

    stands_for_linear = False

    def _sizes(self) -> tuple[int, int]:
        inputs, outputs = self.original.weight.shape
        return int(inputs), int(outputs)

    def laid(self, matrix: torch.Tensor) -> torch.Tensor:
        return matrix.T


class LoraConv1D(_Transposed):
    """Over transformers' `Conv1D`, GPT-2's linear layer."""

    title = "LoRA Conv1D Layer"

    @property
    def computes_otherwise(self) -> bool:
        return not is_conv1d(self.original)


class LoraEmbedding(_Transposed):
    """Over a table of embeddings: A has a column for each id, B turns it into a vector."""

    title = "LoRA Embedding Layer"

    @property
    def computes_otherwise(self) -> bool:
        return type(self.original).forward is not nn.Embedding.forward

    def narrow(self, data: torch.Tensor) -> torch.Tensor:
        base = self.original
        columns = nn.functional.embedding(
            data, self.lora_A.weight.T, base.padding_idx, base.max_norm, base.norm_type
        )
        answer: torch.Tensor = self.lora_B(columns)
        # Gemma's embeddings are scaled on their way out.
        scale = getattr(base, "embed_scale", None)
        return answer if scale is None else answer * scale


class Dora(LoraLinear):
    """DoRA: the rows of base + delta keep their direction and get the lengths of `lora_magnitude_vector`."""

    def __init__(self, original: nn.Module, rank: int, alpha: float) -> None:
        super().__init__(original, rank, alpha)
        self.lora_magnitude_vector = nn.Parameter(self._lengths().detach())

    def parts(self) -> dict[str, torch.Tensor]:
        return {**super().parts(), "lora_magnitude_vector": self.lora_magnitude_vector}

    def _base(self, dtype: torch.dtype | None = None) -> torch.Tensor:
        """The base's matrix [out, in] in a dtype or in the adapter's."""
        weight: torch.Tensor = self.original.weight.detach()
        found: torch.Tensor = self.laid(weight).to(dtype or self.lora_A.weight.dtype)
        return found

    def _lengths(self, dtype: torch.dtype | None = None) -> torch.Tensor:
        """The lengths of the rows of base + B·A, of no influence on gradients (DoRA's paper, 4.3)."""
        total = self._base(dtype) + super().delta(dtype).detach()
        found: torch.Tensor = torch.linalg.vector_norm(total, dim=1)
        return found

    def _stretch(self, dtype: torch.dtype | None = None) -> torch.Tensor:
        found: torch.Tensor = self.lora_magnitude_vector.to(dtype) / self._lengths(dtype)
        return found

    def delta(self, dtype: torch.dtype | None = None) -> torch.Tensor:
        base = self._base(dtype)
        found: torch.Tensor = self._stretch(dtype)[:, None] * (base + super().delta(dtype)) - base
        return found

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        base = self.answer(data)
        stretch = self._stretch()
        plain = base if self.bias is None else base - self.bias
        total = base + (stretch - 1) * plain + stretch * self.scale * self.narrow(data)
        return total.to(base.dtype)


class DoraLinear(Dora):
    """DoRA over a linear layer."""

    title = "DoRA Linear Layer"


class DoraConv1D(Dora, LoraConv1D):
    """DoRA over transformers' `Conv1D`."""

    title = "DoRA Conv1D Layer"


class DoraEmbedding(Dora, LoraEmbedding):
    """DoRA over a table of embeddings."""

    title = "DoRA Embedding Layer"


def is_conv1d(module: nn.Module) -> bool:
    """Whether a module is transformers' transposed linear layer."""
    kind = type(module)
    return (kind.__module__, kind.__name__) == ("transformers.pytorch_utils", "Conv1D")


def is_linear(module: nn.Module) -> bool:
    """Whether a module is a linear layer, of either layout."""
    return isinstance(module, nn.Linear) or is_conv1d(module)


def can_adapt(module: nn.Module) -> bool:
    """Whether an adapter can stand beside a module."""
    return is_linear(module) or isinstance(module, nn.Embedding)


def adapted_layer(module: nn.Module, rank: int, alpha: float, *, dora: bool = False) -> LoraLinear:
    """A fresh adapter beside a layer that `can_adapt`.

    Errors: ValueError for DoRA over scaled embeddings, which PEFT computes in a way that nothing merges.
    """
    if is_conv1d(module):
        return (DoraConv1D if dora else LoraConv1D)(module, rank, alpha)
    if isinstance(module, nn.Embedding):
        if dora and getattr(module, "embed_scale", None) is not None:
            raise ValueError(
                f"DoRA over a {type(module).__name__} is not supported; leave the embeddings out"
            )
        return (DoraEmbedding if dora else LoraEmbedding)(module, rank, alpha)
    return (DoraLinear if dora else LoraLinear)(module, rank, alpha)
