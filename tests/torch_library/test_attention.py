"""Attention: batch-first, the meaning of the mask, the ways to call it, the weights."""

import pytest
import torch
from torch import nn

from tests.torch_library.torch_calls import call, error_of, listed

FORWARD = "torch_multihead_attention_forward"


@pytest.fixture
def attention():
    return call("torch_multihead_attention", 8, 2)


def test_batch_elements_do_not_see_each_other(attention):
    data = torch.randn(2, 1, 8)
    before = call(FORWARD, attention, data)[0]
    data[1] += 5
    assert torch.equal(call(FORWARD, attention, data)[0], before)


def test_masked_positions_do_not_matter(attention):
    data, mask = torch.randn(1, 4, 8), torch.tensor([[1.0, 1, 0, 0]])
    before = call(FORWARD, attention, data, mask)
    data[0, 2:] += 3
    after = call(FORWARD, attention, data, mask)
    assert torch.allclose(before[0, :2], after[0, :2], atol=1e-6)
    assert not torch.allclose(before[0, :2], call(FORWARD, attention, data)[0, :2], atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool])
def test_a_mask_may_hold_any_kind_of_number(attention, dtype):
    data, keep = torch.randn(1, 3, 8), torch.tensor([[1, 1, 0]])
    expected, _ = attention(data, data, data, key_padding_mask=keep == 0, need_weights=False)
    assert torch.equal(call(FORWARD, attention, data, keep.to(dtype)), expected)


def test_the_number_of_arguments_decides(attention):
    q, k, v = torch.randn(1, 2, 8), torch.randn(1, 3, 8), torch.randn(1, 3, 8)
    mask = torch.tensor([[1, 0, 1]])
    plain, _ = attention(q, k, v, need_weights=False)
    masked, _ = attention(q, k, v, key_padding_mask=mask == 0, need_weights=False)
    itself, _ = attention(q, q, q, need_weights=False)
    assert torch.equal(call("torch_attention_forward", attention, q, k, v), plain)
    assert torch.equal(call("torch_attention_forward", attention, q, k, v, mask), masked)
    assert torch.equal(call("torch_attention_forward", attention, q), itself)
    assert torch.equal(call("torch_attention_forward", attention, q, None), itself)


def test_a_mask_of_another_shape_is_refused(attention):
    text = error_of(FORWARD, attention, torch.ones(1, 3, 8), torch.ones(1, 4))
    assert "the mask must be [1,3], one number for each key, not [1,4]" in text


def test_wrong_arguments_are_named(attention):
    data = torch.ones(1, 3, 8)
    assert error_of(FORWARD, 3, data).startswith("Error: First argument must be a multi-head attention layer")
    assert error_of(FORWARD, attention, 3).startswith("Error: Query, key, and value must be tensors")
    assert error_of(FORWARD, attention, data, 3).startswith("Error: The attention mask must be a tensor")
    assert error_of(FORWARD, attention, torch.ones(1, 3, 7)).startswith(
        "Error in multi-head attention forward: "
    )


@pytest.mark.parametrize("name", ["torch_multihead_attention", "torch_transformer_block"])
def test_heads_must_divide_the_width(name):
    sizes = (10, 3) if name == "torch_multihead_attention" else (10, 3, 4)
    assert "10 is no multiple of 3" in error_of(name, *sizes)


def test_weights_are_shares_of_the_kept_keys(attention):
    data, mask = torch.randn(2, 3, 8), torch.tensor([[1, 1, 0], [1, 1, 1]])
    weights = call("torch_attention_weights", attention, data, mask)
    assert list(weights.shape) == [2, 2, 3, 3]
    assert torch.allclose(weights.sum(-1), torch.ones(2, 2, 3), atol=1e-6)
    assert weights[0, :, :, 2].abs().max() == 0
    assert not weights.requires_grad


def test_weights_of_a_block_are_those_of_its_attention():
    block, data = call("torch_transformer_block", 8, 2, 16), torch.randn(1, 3, 8)
    weights = call("torch_attention_weights", block, data)
    assert torch.equal(weights, call("torch_attention_weights", block.self_attention, data))
    assert list(call("torch_attention_weights", block, data[0]).shape) == [1, 2, 3, 3]


def test_a_block_normalises_after_each_half():
    block, data = call("torch_transformer_block", 8, 2, 16), torch.randn(2, 3, 8)
    attended, _ = block.self_attention(data, data, data, need_weights=False)
    first = block.norm1(data + attended)
    expected = block.norm2(first + block.ffn2(torch.relu(block.ffn1(first))))
    assert torch.allclose(call("torch_transformer_forward", block, data), expected, atol=1e-6)


def test_a_block_takes_a_mask():
    block, data, mask = (
        call("torch_transformer_block", 8, 2, 16),
        torch.randn(1, 3, 8),
        torch.tensor([[1, 1, 0]]),
    )
    before = call("torch_transformer_forward", block, data, mask)
    data[0, 2] += 3
    after = call("torch_transformer_forward", block, data, mask)
    assert torch.allclose(before[0, :2], after[0, :2], atol=1e-6)


MASKS = {
    "each query": torch.tensor([[1, 1, 0], [0, 1, 1], [1, 1, 1]]),
    "each text": torch.tensor([[[1, 0, 0], [1, 1, 0], [1, 1, 1]], [[1, 1, 1], [0, 1, 0], [1, 0, 1]]]),
    "each head": torch.tensor(
        [[[[1, 0, 0], [1, 1, 0], [1, 1, 1]]] * 2, [[[1, 1, 1], [0, 1, 0], [1, 0, 1]]] * 2]
    ),
}


@pytest.mark.parametrize("kind", MASKS)
def test_a_mask_for_each_query_and_key_is_pytorchs_own(attention, kind):
    data, mask = torch.randn(2, 3, 8), MASKS[kind]
    left_out = (
        (mask == 0).expand(2, 2, 3, 3) if kind != "each text" else (mask == 0)[:, None].expand(2, 2, 3, 3)
    )
    expected, _ = attention(data, data, data, attn_mask=left_out.reshape(4, 3, 3), need_weights=False)
    assert torch.equal(call(FORWARD, attention, data, mask.float()), expected)


def test_a_mask_of_other_numbers_is_refused(attention):
    data = torch.randn(2, 3, 8)
    added = torch.zeros(3, 3).masked_fill(torch.ones(3, 3).triu(1).bool(), float("-inf"))
    assert "the mask must hold 1 for what is kept and 0" in error_of(FORWARD, attention, data, added)


@pytest.mark.parametrize("name", [FORWARD, "torch_scaled_dot_product_attention"])
def test_fractions_that_are_all_zero_are_refused_everywhere(attention, name):
    # One function left everything out, the other added nothing to the scores.
    data = torch.randn(1, 3, 8)
    given = [attention, data, torch.zeros(1, 3)] if name == FORWARD else [data, data, data, torch.zeros(3, 3)]
    assert "the mask holds zeros alone" in error_of(name, *given)
    given[-1] = given[-1].long()
    call(name, *given)


def test_a_causal_block_is_pytorchs_layer():
    block = call("torch_transformer_block", 8, 2, 16, 0.0, True).eval()
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True).eval()
    names = {"self_attention": "self_attn", "ffn1": "linear1", "ffn2": "linear2"}
    state = {
        names.get(name.split(".")[0], name.split(".")[0]) + name[len(name.split(".")[0]) :]: tensor
        for name, tensor in block.state_dict().items()
    }
    layer.load_state_dict(state)
    data, keep = torch.randn(2, 5, 8), torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    after = nn.Transformer.generate_square_subsequent_mask(5)
    found = call("torch_transformer_forward", block, data, keep)
    expected = layer(data, src_mask=after.isinf(), src_key_padding_mask=keep == 0)
    assert torch.allclose(found[1], expected[1], atol=1e-6)
    assert torch.allclose(found[0, :3], expected[0, :3], atol=1e-6)


def test_the_mask_of_torch_attention_mask_means_the_same_everywhere(attention):
    mask = call("torch_attention_mask", torch.tensor([[5, 6, 0], [7, 0, 0], [8, 9, 1]]))
    data = torch.randn(3, 3, 8)
    flash = call("torch_flash_attention_create", 8, 2)
    q, k, v = (torch.randn(3, 2, 3, 4) for _ in range(3))
    before = [
        call(FORWARD, attention, data, mask)[1],
        call("torch_flash_attention_with_mask", flash, data, data, data, mask)[1, :1],
        call("torch_scaled_dot_product_attention", q, k, v, mask[:, None, None])[1],
    ]
    data[1, 1:] += 5
    k[1, :, 1:] += 5
    v[1, :, 1:] += 5
    after = [
        call(FORWARD, attention, data, mask)[1],
        call("torch_flash_attention_with_mask", flash, data, data, data, mask)[1, :1],
        call("torch_scaled_dot_product_attention", q, k, v, mask[:, None, None])[1],
    ]
    assert torch.allclose(before[0][0], after[0][0], atol=1e-5)
    assert torch.allclose(before[1], after[1], atol=1e-5)
    assert torch.allclose(before[2], after[2], atol=1e-5)
    assert "may be one for the keys of each text" in error_of(
        "torch_scaled_dot_product_attention", data, data, data, mask
    )


def test_a_decoder_of_the_guides_parts_learns_what_comes_next():
    torch.manual_seed(0)
    table, block, head = (
        nn.Embedding(6, 16),
        call("torch_transformer_block", 16, 2, 32, 0.0, True),
        nn.Linear(16, 6),
    )
    places = call("torch_positional_encoding", 16, 8)
    optimizer = call("torch_optimizer", listed(table, block, head), 0.02, "adam")
    ids = torch.tensor([[1, 2, 3, 1, 2, 4, 1, 2]])
    for _ in range(60):
        hidden = call("torch_positional_forward", places, table(ids[:, :-1]))
        logits = head(call("torch_transformer_forward", block, hidden))
        loss = call("torch_cross_entropy", logits[0], ids[0, 1:])
        call("torch_optimizer_zero_grad", optimizer)
        call("torch_backward", loss)
        call("torch_optimizer_step", optimizer)
    assert logits[0].argmax(-1).tolist() == ids[0, 1:].tolist()
