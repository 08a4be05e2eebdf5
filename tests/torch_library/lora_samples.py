"""A LoRA layer to test with, and one as after a training."""

import torch
from torch import nn

from tests.torch_library.torch_calls import call


def lora(rank: int = 2, alpha: float = 4) -> nn.Module:
    """A layer 8 -> 5."""
    return call("torch_lora_linear", 8, 5, rank, alpha)


def tuned(layer: nn.Module, seed: int = 3) -> nn.Module:
    """The layer or model with A and B as after a training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in call("torch_lora_trainable_params", layer):
            tensor.copy_(torch.randn(tensor.shape, generator=generator))
    return layer


def gap(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).detach().abs().max())
