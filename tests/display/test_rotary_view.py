"""The view of rotary embeddings, against transformers' own tables and against exact cosines."""

import math
from typing import Any

import pytest
import torch

from lispe_kernel.display.explorers.registry import explorer_of
from lispe_kernel.display.views.positional import positions_of
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.modules.rotary import RotaryEmbedding


def transformers_tables(width: int, length: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cosines, sines and frequencies as Llama computes them."""
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    config = LlamaConfig(hidden_size=width, num_attention_heads=1, max_position_embeddings=length)
    theirs = LlamaRotaryEmbedding(config)
    cos, sin = theirs(torch.zeros(1), torch.arange(length)[None])
    return cos[0], sin[0], theirs.inv_freq


def test_similarity_depends_on_the_distance_alone() -> None:
    found = positions_of(RotaryEmbedding(16, 64))
    blocks = found.similarity().blocks
    _, _, rates = transformers_tables(16, 64)
    for apart in (0, 1, 5, 20):
        expected = sum(math.cos(apart * rate) for rate in rates.double().tolist()) / len(rates)
        values = [float(blocks[p, p + apart]) for p in range(64 - apart)]
        assert values == pytest.approx([expected] * len(values), abs=1e-5)


def test_the_table_holds_each_cosine_and_each_sine_once() -> None:
    cos, sin, rates = transformers_tables(16, 64)
    found = positions_of(RotaryEmbedding(16, 64))
    assert torch.allclose(found.table[:, :8], cos[:, :8], atol=1e-5)
    assert torch.allclose(found.table[:, 8:], sin[:, :8], atol=1e-5)
    assert found.wavelengths() == pytest.approx((2 * math.pi / rates).tolist(), rel=1e-5)
    assert found.columns(3) == [3, 11]


class Cached(torch.nn.Module):
    """Somebody's rotary tables, with their own base and layout."""

    def __init__(self, base: float, side_by_side: bool, dtype: torch.dtype) -> None:
        super().__init__()
        rates = base ** -(torch.arange(0, 16, 2).double() / 16)
        angles = torch.outer(torch.arange(64).double(), rates)
        whole = angles.repeat_interleave(2, 1) if side_by_side else angles.repeat(1, 2)
        self.register_buffer("cos_cached", whole.cos().to(dtype)[None, None])
        self.register_buffer("sin_cached", whole.sin().to(dtype)[None, None])
        self.rates = rates


@pytest.mark.parametrize("base", [10000.0, 500000.0])
@pytest.mark.parametrize("side_by_side", [True, False])
@pytest.mark.parametrize(("dtype", "loose"), [(torch.float32, 1e-4), (torch.bfloat16, 0.02)])
def test_the_base_and_the_layout_are_read_from_the_tables(
    base: float, side_by_side: bool, dtype: torch.dtype, loose: float
) -> None:
    made = Cached(base, side_by_side, dtype)
    waves = positions_of(made).wavelengths()
    assert waves == pytest.approx((2 * math.pi / made.rates).tolist(), rel=loose)
    assert waves == sorted(waves)


@pytest.mark.parametrize(
    "made",
    [
        PositionalEncoding(16, 200_000),
        PositionalEncoding(64, 512).to(torch.bfloat16),
        PositionalEncoding(7, 9),
        PositionalEncoding(16, 50, 500.0),
    ],
    ids=["long", "bfloat16", "odd", "another base"],
)
def test_a_sinusoidal_table_stays_one(made: Any) -> None:
    assert positions_of(made).kind == "sinusoidal"


def test_the_explorer_shows_the_two_columns_of_a_pair() -> None:
    explorer = explorer_of(RotaryEmbedding(16, 64))
    explorer.dimension.value = 2
    from lispe_kernel.display.page.html import to_html

    shown = to_html(explorer.content())
    assert "cosine of pair 2 and sine of pair 2 over the position" in shown
    assert "wavelength 62.83 positions" in shown
