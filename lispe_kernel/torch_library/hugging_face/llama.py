"""A Llama-style decoder as Hugging Face saves it: numbers of `config.json`, weights, forward pass.

Pre-norm RMSNorm, grouped-query attention with rotary positions, SwiGLU. Weights keep their own dtype. It
reads no files and knows nothing of LispE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from lispe_kernel.torch_library.hugging_face.key_value_cache import Context
from lispe_kernel.torch_library.hugging_face.rotary import inverse_frequencies

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
EMBEDDING, FINAL_NORM, HEAD = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"

# How a projection is computed: the layer, its name, the input.
Projection = Callable[[int, str, torch.Tensor], torch.Tensor]


def weight_name(layer: int, projection: str) -> str:
    """The file's name of a projection's weight."""
    part = "self_attn" if projection in ATTENTION else "mlp"
    return f"model.layers.{layer}.{part}.{projection}.weight"


def bias_name(layer: int, projection: str) -> str:
    """The file's name of a projection's bias, which not every model has."""
    return weight_name(layer, projection).removesuffix("weight") + "bias"


def norm_name(layer: int, norm: str) -> str:
    """The file's name of a norm's weight."""
    return f"model.layers.{layer}.{norm}.weight"


@dataclass(frozen=True)
class Config:
    """What the forward pass needs of `config.json`; the defaults are those of the original library."""

    vocab_size: int = 128256
    hidden_size: int = 4096
    intermediate_size: int = 14336
    num_hidden_layers: int = 32
    num_attention_heads: int = 32
    num_key_value_heads: int = 8
    head_dim: int = 128
    max_position_embeddings: int = 131072
    rms_norm_eps: float = 1e-5
    rope_theta: float = 500000.0
    rope: dict[str, Any] | None = None
    # For each layer the number of positions it looks back, or None for all.
    windows: tuple[int | None, ...] = ()

    def window(self, layer: int) -> int | None:
        return self.windows[layer] if self.windows else None


@dataclass
class Llama:
    """A configuration and weights by the names of the files, all on one device."""

    config: Config
    weights: dict[str, torch.Tensor]
    device: torch.device

    def __post_init__(self) -> None:
        self._frequencies = inverse_frequencies(self.config).to(self.device)

    @property
    def head(self) -> torch.Tensor:
        """The output matrix; the embeddings where the file has none."""
        return self.weights.get(HEAD, self.weights[EMBEDDING])

    def project(self, layer: int, projection: str, data: torch.Tensor) -> torch.Tensor:
        """x·Wᵀ (+ bias where the model has one)."""
        bias = self.weights.get(bias_name(layer, projection))
        return functional.linear(data, self.weights[weight_name(layer, projection)], bias)

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """The embeddings of ids."""
        ids = ids.to(self.device, torch.int64)
        if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < self.config.vocab_size:
            bad = next(i for i in ids.flatten().tolist() if not 0 <= i < self.config.vocab_size)
            raise IndexError(f"id {bad} is outside the vocabulary of {self.config.vocab_size}")
        return functional.embedding(ids, self.weights[EMBEDDING])

    def forward(
        self, ids: torch.Tensor, context: Context, project: Projection | None = None, record: bool = False
    ) -> torch.Tensor:
        """Logits [B,S,V] for ids [B,S]; the context remembers keys, values and positions if it caches.

        With `record` the attention weights of each layer are kept in `context.scores`.
        """
        project = project or self.project
        batch, length = ids.shape
        context.check_batch(batch)
        positions = torch.arange(context.position, context.position + length, device=self.device)
        data = self.embed(ids)
        angles = torch.outer(positions.float(), self._frequencies).repeat(1, 2)
        scaling = float((self.config.rope or {}).get("attention_factor", 1.0))
        rotation = (angles.cos() * scaling).to(data.dtype), (angles.sin() * scaling).to(data.dtype)
        if record:
            context.scores = []
        for layer in range(self.config.num_hidden_layers):
            normed = self._norm(data, norm_name(layer, "input_layernorm"))
            data = data + self._attention(layer, normed, rotation, positions, context, project, record)
            normed = self._norm(data, norm_name(layer, "post_attention_layernorm"))
            gate = functional.silu(project(layer, "gate_proj", normed))
            data = data + project(layer, "down_proj", gate * project(layer, "up_proj", normed))
        context.advance(length, batch)
        return functional.linear(self._norm(data, FINAL_NORM), self.head)

    def _norm(self, data: torch.Tensor, name: str) -> torch.Tensor:
        # The mean of squares in float32, as everybody computes it; half precision would overflow.
        wide = data.float()
        scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.config.rms_norm_eps)
        return self.weights[name] * (wide * scale).to(data.dtype)

    def _attention(
        self,
        layer: int,
        data: torch.Tensor,
        rotation: tuple[torch.Tensor, torch.Tensor],
        positions: torch.Tensor,
        context: Context,
        project: Projection,
        record: bool,
    ) -> torch.Tensor:
        c = self.config
        batch, length, _ = data.shape

        def heads(name: str, count: int) -> torch.Tensor:
            return project(layer, name, data).view(batch, length, count, c.head_dim)

        q = self._head_norm(layer, "q_norm", heads("q_proj", c.num_attention_heads)).transpose(1, 2)
        k = self._head_norm(layer, "k_norm", heads("k_proj", c.num_key_value_heads)).transpose(1, 2)
        v = heads("v_proj", c.num_key_value_heads).transpose(1, 2)
        q, k = turned(q, *rotation), turned(k, *rotation)
        k, v, key_positions = context.extend(layer, k, v, positions)
        repeat = c.num_attention_heads // c.num_key_value_heads
        if repeat > 1:
            k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
        mask = allowed(positions, key_positions, c.window(layer))
        if record:
            joined, weights = attended(q, k, v, mask)
            context.scores.append(weights.detach().cpu())
        else:
            joined = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return project(layer, "o_proj", joined.transpose(1, 2).reshape(batch, length, -1))

    def _head_norm(self, layer: int, name: str, heads: torch.Tensor) -> torch.Tensor:
        full = norm_name(layer, f"self_attn.{name}")
        return self._norm(heads, full) if full in self.weights else heads


def turned(heads: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Heads turned by their positions, in halves."""
    first, second = heads.chunk(2, dim=-1)
    return heads * cos + torch.cat((-second, first), dim=-1) * sin


def allowed(queries: torch.Tensor, keys: torch.Tensor, window: int | None) -> torch.Tensor | None:
    """Which keys each query may see, by absolute positions; None when a single query sees all of them."""
    if len(queries) == 1 and window is None:
        return None
    mask = keys[None, :] <= queries[:, None]
    if window is not None:
        mask &= keys[None, :] > queries[:, None] - window
    return mask


def attended(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention written out, with its weights [B,H,q,k]."""
    scores = (q @ k.transpose(-2, -1)) * q.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores.float(), -1).to(q.dtype)
    return weights @ v, weights
