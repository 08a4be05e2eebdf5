"""Attention of all layers and heads: the weights, the numbers of each head, the model as before."""

import math

import pytest
import torch
from torch import nn

from lispe_kernel.display import bundle
from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.inside.attention import Attention, attentions
from lispe_kernel.torch_library.modules.attention import TransformerBlock, attention_weights


def test_the_weights_of_our_blocks_are_those_of_each_block_alone() -> None:
    blocks = nn.Sequential(*[TransformerBlock(8, 2, 16, dropout=0.5, causal=True) for _ in range(2)])
    data = torch.randn(3, 5, 8)
    seen = attentions(blocks, data, None, 1)
    assert blocks.training
    blocks.eval()
    assert seen.names == ("layer 0", "layer 1")
    assert torch.allclose(seen.weights[0], attention_weights(blocks[0], data)[1], atol=1e-6)
    assert torch.allclose(seen.weights[1], attention_weights(blocks[1], blocks[0](data))[1], atol=1e-6)


def test_the_weights_inside_pytorchs_own_encoder_are_seen() -> None:
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    data = torch.randn(1, 4, 8)
    padding = torch.tensor([[False, False, False, True]])
    seen = attentions(encoder, {"src": data, "src_key_padding_mask": padding})
    layer = encoder.layers[0].self_attn
    expected = layer(data, data, data, padding, average_attn_weights=False)[1]
    assert torch.allclose(seen.weights[0], expected[0], atol=1e-6)
    assert seen.names == ("layers.0", "layers.1")
    assert seen.weights[1][:, :, 3].abs().max() == 0


def test_entropy_and_distance_of_a_head() -> None:
    even, own = torch.full((4, 4), 0.25), torch.eye(4)
    seen = Attention(("layer 0",), (torch.stack([even, own]),), None)
    assert seen.entropies(0) == pytest.approx([2.0, 0.0])
    # Of four places the distances to all others add up to 20.
    assert seen.distances(0) == pytest.approx([20 / 16, 0.0])
    across = Attention(("cross",), (torch.full((1, 2, 4), 0.25),), None)
    assert math.isnan(across.distances(0)[0])


def test_a_grid_one_large_head_and_tokens_as_labels() -> None:
    seen = attentions(TransformerBlock(8, 2, 16), torch.randn(1, 3, 8), ["alpha", "c", "d"])
    page = bundle(seen)["text/html"]
    assert page.count("<figure>") == 2
    assert page.count("alpha") == 2
    assert bundle(seen)["text/plain"] == "Attention of 1 layer, 2 heads, 3 x 3 places"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: attentions(nn.Linear(2, 2), torch.ones(1, 2)), "the run shows no attention: Linear"),
        (lambda: attentions(TransformerBlock(8, 2, 16), torch.ones(1, 3, 8), ["a"]), "1 tokens for 3 places"),
        (
            lambda: attentions(TransformerBlock(8, 2, 16), torch.ones(1, 3, 8), None, 2),
            "no text 2 in a batch of 1",
        ),
    ],
)
def test_errors(call, text) -> None:
    with pytest.raises(LispeError, match=text):
        call()
