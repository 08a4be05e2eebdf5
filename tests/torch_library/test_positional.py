"""Positions: the sinusoidal table by its formula, added along the sequence; rotary tables."""

import math

import pytest
import torch

from lispe_kernel.language.values.dictionaries import Dictionary
from tests.torch_library.torch_calls import call, error_of


def encoding(width: int, position: int, column: int) -> float:
    angle = position / 10000 ** (2 * (column // 2) / width)
    return math.cos(angle) if column % 2 else math.sin(angle)


@pytest.mark.parametrize(("width", "length"), [(4, 8), (512, 16), (5, 7), (1, 3)])
def test_the_table_follows_the_formula(width, length):
    table = call("torch_positional_encoding", width, length).pe
    expected = [[encoding(width, p, c) for c in range(width)] for p in range(length)]
    assert table.dtype == torch.float32
    assert torch.allclose(table, torch.tensor(expected), atol=1e-6)


def test_positions_run_along_the_sequence_not_the_batch():
    encoder = call("torch_positional_encoding", 4, 8)
    out = call("torch_positional_encoding_forward", encoder, torch.zeros(2, 3, 4))
    assert torch.equal(out[0], out[1])
    assert torch.equal(out[0], encoder.pe[:3])


def test_the_input_is_added_without_scaling():
    encoder, data = call("torch_positional_encoding", 4, 8), torch.randn(2, 8, 4)
    assert torch.equal(call("torch_positional_forward", encoder, data), data + encoder.pe)
    assert torch.equal(call("torch_positional_forward", encoder, data[0]), data[0] + encoder.pe)


def test_half_precision_stays_half():
    encoder = call("torch_positional_encoding", 4, 8)
    assert call("torch_positional_forward", encoder, torch.zeros(1, 2, 4).half()).dtype == torch.float16


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        ((1, 9, 4), "the sequence has 9 positions, the encoding only 8"),
        ((1, 3, 5), "the input is 5 wide, the encoding 4"),
        ((4,), "the input must be [batch, sequence, 4] or [sequence, 4]"),
    ],
)
def test_an_input_that_does_not_fit_is_refused(shape, complaint):
    text = error_of("torch_positional_forward", call("torch_positional_encoding", 4, 8), torch.zeros(shape))
    assert text.startswith(f"Error in positional encoding forward: {complaint}")


def test_rotary_tables_hold_the_angles_in_two_halves():
    cos, sin = call("torch_rotary_forward", call("torch_rotary_embedding", 4, 8), 2, None)
    assert cos[1].tolist() == pytest.approx([0.5403023, 0.99995, 0.5403023, 0.99995], abs=1e-6)
    assert sin[1].tolist() == pytest.approx([0.8414710, 0.009999833, 0.8414710, 0.009999833], abs=1e-6)


def test_rotary_tables_reach_beyond_their_cache():
    rotary = call("torch_rotary_embedding", 4, 2)
    longer, _ = call("torch_rotary_forward", rotary, 6)
    direct, _ = call("torch_rotary_forward", call("torch_rotary_embedding", 4, 6), 6)
    assert torch.equal(longer, direct)
    assert list(rotary.cos_cached.shape) == [2, 4]


def test_dynamic_frequencies_are_those_of_the_text_not_of_the_tables():
    # transformers' values: a text within the original length has the plain frequencies.
    options = Dictionary()
    options.update({"scaling": "dynamic", "factor": 8, "original_length": 64})
    dynamic = call("torch_rotary_embedding", 32, 128, options)
    plain = call("torch_rotary_embedding", 32, 128)
    short = [call("torch_rotary_forward", rotary, 5)[0] for rotary in (dynamic, plain)]
    assert torch.equal(*short)
    assert not torch.equal(
        call("torch_rotary_forward", dynamic, 65)[0], call("torch_rotary_forward", plain, 65)[0]
    )


def test_rotary_embedding_turns_pairs_of_halves():
    cos, sin = call("torch_rotary_forward", call("torch_rotary_embedding", 4, 8), 2)
    rows = torch.tensor([[1.0, 0, 0, 0], [1, 0, 0, 0]]).reshape(1, 1, 2, 4)
    turned = call("torch_apply_rotary_pos_emb", rows, cos, sin)[0, 0]
    assert turned[0].tolist() == [1, 0, 0, 0]
    assert turned[1].tolist() == pytest.approx([0.5403023, 0, 0.8414710, 0], abs=1e-6)


def test_rotary_embedding_keeps_lengths():
    cos, sin = call("torch_rotary_forward", call("torch_rotary_embedding", 8, 16), 16)
    heads = torch.randn(2, 3, 16, 8)
    turned = call("torch_apply_rotary_pos_emb", heads, cos, sin)
    assert torch.allclose(turned.norm(dim=-1), heads.norm(dim=-1), atol=1e-5)


def test_rotary_errors():
    assert "must be even" in error_of("torch_rotary_embedding", 3)
    assert error_of("torch_rotary_forward", 3, 2).startswith(
        "Error: First argument must be a rotary embedding"
    )
    options = Dictionary()
    options.update({"base": 1})
    assert "base must be a number greater than 1" in error_of("torch_rotary_embedding", 4, 8, options)
    missing = error_of("torch_apply_rotary_pos_emb", torch.ones(2), 1, 2)
    assert missing == "Error: All arguments must be tensors, not the integer 1"
