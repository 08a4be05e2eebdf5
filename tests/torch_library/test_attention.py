"""Attention: batch-first, the meaning of the mask, the ways to call it, the weights."""

import pytest
import torch

from tests.torch_library.torch_calls import call, error_of

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
