"""Quantization: bytes by the formula, the range of the data kept, PyTorch's own tensors."""

import warnings

import pytest
import torch

from tests.torch_library.torch_calls import call, error_of, floats, integers


def back(quantized: torch.Tensor) -> list[float]:
    return call("torch_dequantize", quantized).tolist()


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("int8", [1, -3, 2, 127]),
        ("qint8", [1, -3, 2, 127]),
        ("uint8", [1, 0, 2, 255]),
        ("quint8", [1, 0, 2, 255]),
    ],
)
def test_without_a_scale_numbers_are_rounded_and_clipped(dtype, values):
    assert back(call("torch_quantize_dynamic", torch.tensor([1.4, -2.6, 2.5, 300]), dtype)) == values


@pytest.mark.parametrize(
    ("name", "rest"), [("torch_quantize_static", ("int8",)), ("torch_quantize_linear", ())]
)
def test_a_scale_and_a_zero_point_follow_the_formula(name, rest):
    data = torch.tensor([1.5, 2.3, -0.8, 4.2, 99])
    expected = (((data / 0.1).round() + 3).clamp(-128, 127) - 3) * 0.1
    assert back(call(name, data, 0.1, 3, *rest)) == pytest.approx(expected.tolist(), rel=1e-5)


@pytest.mark.parametrize(
    "data", [[0.0, 0.5, 1], [-1.0, 0.2, 3], [5.0, 5, 5], [0.0, 0], [-7.0], [-300.0, 100]]
)
def test_bytes_over_the_own_range_keep_every_value_within_a_step(data):
    value = torch.tensor(data)
    quantized = call("torch_quantize_int8", value)
    step = max((max(*data, 0) - min(*data, 0)) / 255, 1e-9)
    assert quantized.dtype == torch.qint8
    if min(data) <= 0 <= max(data) or len(set(data)) == 1:
        assert back(quantized) == pytest.approx(data, abs=step)


def test_each_channel_has_its_own_scale():
    data = torch.tensor([[1.0, 2], [10, 20]])
    quantized = call("torch_quantize_per_channel", data, floats(1, 10), integers(0, 0), 0)
    assert back(quantized) == [[1, 2], [10, 20]]
    assert "needs as many" in error_of("torch_quantize_per_channel", data, floats(1), integers(0), 0)
    assert "no axis 5" in error_of("torch_quantize_per_channel", data, floats(1), integers(0), 5)


def test_plain_casts():
    assert call("torch_tensor_to_int8", torch.tensor([1.9, -1.9])).tolist() == [1, -1]
    assert call("torch_tensor_to_fp16", torch.ones(1)).dtype == torch.float16
    assert call("torch_quantize_fp16", torch.ones(1)).dtype == torch.float16


def test_models_stay_as_they_are():
    model = call("torch_linear", 2, 2)
    assert call("torch_model_quantize_dynamic", model) is model
    assert call("torch_model_quantize_static", model, None) is model


def test_what_cannot_be_quantized_is_refused():
    assert (
        error_of("torch_quantize_dynamic", torch.ones(1), "int4")
        == "Unsupported dtype for quantization: int4"
    )
    assert error_of("torch_quantize_int8", 3).startswith("Error: First argument must be a tensor")
    assert "the scale must be above 0" in error_of("torch_quantize_linear", torch.ones(1), 0, 0)
    assert error_of("torch_quantize_dynamic", torch.tensor([1]), "int8").startswith(
        "Error in torch_quantize_dynamic: "
    )


def test_pytorchs_note_to_its_developers_reaches_nobody():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call("torch_dequantize", call("torch_quantize_int8", torch.ones(2)))
    assert caught == []
