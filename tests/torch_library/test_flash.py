"""Flash attention and scaled dot-product attention against the formula."""

import math

import pytest
import torch

from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import TRUE
from tests.torch_library.torch_calls import call, error_of, floats, listed

SDPA = "torch_scaled_dot_product_attention"


def by_formula(q, k, v, scale, mask=None):
    scores = q @ k.transpose(-2, -1) * scale
    if mask is not None:
        scores = scores + mask
    return torch.softmax(scores, -1) @ v


def values(*shape: int) -> list[torch.Tensor]:
    return [torch.randn(shape) for _ in range(3)]


def test_equal_scores_give_the_mean_and_causal_ones_look_back():
    zeros, v = torch.zeros(1, 1, 2, 1), torch.tensor([1.0, 3]).reshape(1, 1, 2, 1)
    assert call(SDPA, zeros, zeros, v).flatten().tolist() == [2, 2]
    assert call(SDPA, zeros, zeros, v, None, None, TRUE).flatten().tolist() == [1, 2]


@pytest.mark.parametrize("scale", [0.3, torch.tensor([0.3]), floats(0.3), listed(0.3, 9)])
def test_the_scale_comes_in_any_form(scale):
    q, k, v = values(2, 3, 4)
    found = call(SDPA, q, k, v, None, 0.0, None, scale)
    assert torch.allclose(found, by_formula(q, k, v, 0.3), atol=1e-6)


def test_a_boolean_mask_chooses_and_a_mask_of_fractions_is_added():
    q, k, v = values(1, 3, 4)
    keep = torch.tensor([[True, False, True]]).expand(3, 3)
    added = torch.zeros(3, 3).masked_fill(~keep, -math.inf)
    expected = by_formula(q, k, v, 0.5, added)
    assert torch.allclose(call(SDPA, q, k, v, keep), expected, atol=1e-6)
    assert torch.allclose(call(SDPA, q, k, v, added), expected, atol=1e-6)


def test_a_mask_and_causality_together_are_refused():
    q, k, v = values(1, 3, 4)
    text = error_of(SDPA, q, k, v, torch.ones(3, 3).bool(), 0.0, TRUE)
    assert text.startswith("Error in scaled dot product attention: ")
    assert "the scale must be a number" in error_of(SDPA, q, k, v, None, 0.0, None, "x")
    assert "between 0 and 1" in error_of(SDPA, q, k, v, None, 2)


@pytest.mark.parametrize(("width", "parts"), [(16, 8), (12, 6), (7, 7), (11, 1)])
def test_attention_without_a_module_scales_by_the_part_of_the_width(width, parts):
    q, k, v = values(2, 3, width)
    expected = by_formula(q, k, v, 1 / math.sqrt(width // parts))
    assert torch.allclose(call("torch_flash_attention", q, k, v), expected, atol=1e-5)
    assert torch.allclose(call("torch_flash_attention", q, k, v, 0.2), by_formula(q, k, v, 0.2), atol=1e-5)


@pytest.mark.parametrize("scale", [None, 0.5])
def test_attention_without_a_module_obeys_a_mask(scale):
    q, k, v = values(1, 2, 3, 4)
    lower = torch.ones(3, 3).tril()
    added = torch.zeros(3, 3).masked_fill(lower == 0, -math.inf)
    found = call("torch_flash_attention_masked", q, k, v, scale, lower)
    assert torch.allclose(found, by_formula(q, k, v, scale or 1.0, added), atol=1e-6)
    free = call("torch_flash_attention_masked", q, k, v, scale, None)
    assert torch.equal(free, call("torch_flash_attention", q, k, v, scale))


def test_attention_without_a_module_needs_three_dimensions():
    text = "Flash Attention requires at least 3D tensors (batch, seq_len, embed_dim)"
    assert error_of("torch_flash_attention", *values(3, 4)).startswith(text)


def test_a_module_tells_its_sizes_and_names_its_projections():
    module = call("torch_flash_attention_create", 256, 8, 0.1, TRUE)
    text = "Flash Attention (embed_dim=256, num_heads=8, head_dim=32, dropout=0.1, bias=true)"
    assert to_text(module) == text
    parts = [f"{name}_proj.{part}" for name in ("q", "k", "v", "out") for part in ("weight", "bias")]
    assert [name for name, _ in module.named_parameters()] == parts
    assert sum(p.numel() for p in module.parameters()) == 263_168
    assert len(list(call("torch_flash_attention_create", 8, 2, None, 0).parameters())) == 4


def test_heads_must_divide_the_width():
    text = "embed_dim must be divisible by num_heads"
    assert error_of("torch_flash_attention_create", 10, 3, 0, TRUE).startswith(text)


def test_a_module_is_attention_between_projections():
    module = call("torch_flash_attention_create", 8, 2)
    q, k, v = values(2, 3, 8)
    split = [
        getattr(module, name)(data).reshape(2, 3, 2, 4).transpose(1, 2)
        for name, data in (("q_proj", q), ("k_proj", k), ("v_proj", v))
    ]
    joined = by_formula(*split, 0.5).transpose(1, 2).reshape(2, 3, 8)
    found = call("torch_flash_attention_forward", module, q, k, v)
    assert torch.allclose(found, module.out_proj(joined), atol=1e-5)


def test_a_mask_of_ones_and_zeros_chooses():
    module = call("torch_flash_attention_create", 8, 2)
    q, k, v = values(1, 3, 8)
    keep = torch.tensor([[1, 1, 0]])
    found = call("torch_flash_attention_with_mask", module, q, k, v, keep)
    assert torch.equal(found, call("torch_flash_attention_with_mask", module, q, k, v, keep.bool()))
    v[0, 2] += 9
    k[0, 2] += 9
    assert torch.allclose(found, call("torch_flash_attention_with_mask", module, q, k, v, keep), atol=1e-6)


def test_dropout_acts_in_training_only():
    module = call("torch_flash_attention_create", 8, 2, 0.5)
    data = values(2, 8, 8)
    plain = call("torch_flash_attention_with_dropout", module, *data, 0.9, None)
    assert not torch.allclose(call("torch_flash_attention_forward", module, *data), plain)
    assert not torch.allclose(call("torch_flash_attention_with_dropout", module, *data, 0.9, TRUE), plain)
    call("torch_model_eval", module)
    assert torch.equal(call("torch_flash_attention_forward", module, *data), plain)


def test_a_wrong_module_or_length_is_refused():
    module = call("torch_flash_attention_create", 8, 2)
    text = "Error: First argument must be a Flash Attention module"
    assert error_of("torch_flash_attention_forward", 3, *values(1, 2, 8)).startswith(text)
    longer = torch.ones(1, 5, 8)
    message = error_of("torch_flash_attention_forward", module, torch.ones(1, 2, 8), longer, longer)
    assert message.startswith("Error in Flash Attention forward: key and value must have the query's")


def test_a_mask_for_each_text_is_the_same_in_every_function():
    q, k, v = (torch.randn(2, 3, 4, 8) for _ in range(3))
    keep = torch.ones(2, 4, 4).tril()
    keep[1, 3, 1] = 0
    found = call(SDPA, q, k, v, keep)
    assert torch.equal(found, call(SDPA, q, k, v, keep.unsqueeze(1)))
    twins = [torch.randn(3, 3, 4, 8) for _ in range(3)]
    assert "or one for each head" in error_of(SDPA, *twins, torch.ones(3, 4, 4))
