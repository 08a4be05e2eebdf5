"""The rotary frequencies of Llama-style models, and how longer contexts stretch them."""

from __future__ import annotations

import math
from typing import Any

import torch

# The kinds of stretching that are computed here; any other is refused when the model is loaded.
KINDS = ("default", "linear", "llama3")


def inverse_frequencies(config: Any) -> torch.Tensor:
    """1/theta^(2j/d) for j = 0 ... d/2-1, changed as `config.rope` says, float32."""
    steps = torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim
    plain: torch.Tensor = 1.0 / config.rope_theta**steps
    rope = config.rope or {}
    kind = rope_kind(rope)
    if kind == "linear":
        return plain / float(rope["factor"])
    return _llama3(plain, rope) if kind == "llama3" else plain


def rope_kind(rope: dict[str, Any]) -> str:
    """The kind of stretching; older files call it `type`."""
    return str(rope.get("rope_type", rope.get("type", "default")))


def _llama3(plain: torch.Tensor, rope: dict[str, Any]) -> torch.Tensor:
    """Slow rotations divided by the factor, fast ones kept, those between blended."""
    factor = float(rope["factor"])
    low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    trained = float(rope["original_max_position_embeddings"])
    # How often each frequency turns round within the length the model was first trained on.
    turns = trained * plain / (2 * math.pi)
    blend = ((turns - low) / (high - low)).clamp(0, 1)
    return plain / factor * (1 - blend) + plain * blend
