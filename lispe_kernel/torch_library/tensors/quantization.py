"""Quantization: tensors as bytes with a scale and a zero point, and half precision.

q = clip(round(x / scale) + zero_point), x' = (q - zero_point)·scale. PyTorch's quantized tensors hold the
bytes; the choice of scale and zero point for signed bytes is ours.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import to_text
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors import conversions

SIGNED = {"int8": torch.qint8, "qint8": torch.qint8}
UNSIGNED = {"uint8": torch.quint8, "quint8": torch.quint8}
LOWEST, HIGHEST = -128, 127


def _quietly(make: Callable[..., torch.Tensor], *given: Any) -> torch.Tensor:
    """PyTorch's own call, without the note to its developers that quantized tensors will be renewed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*quantized tensor.*")
        return make(*given)


def _per_tensor(value: torch.Tensor, scale: float, zero: int, dtype: torch.dtype) -> torch.Tensor:
    if not scale > 0:
        raise ValueError(f"the scale must be above 0, not {scale:g}")
    return _quietly(torch.quantize_per_tensor, value, scale, zero, dtype)


def _fractions(tensor: Any) -> torch.Tensor:
    return arguments.tensor(tensor, arguments.FIRST)


@torch_function("torch_quantize_dynamic")
def quantize_dynamic(tensor: Any, dtype: str) -> torch.Tensor:
    """Each number rounded (halves to even) and clipped to a byte: scale 1, zero point 0.

    dtype `int8` or `qint8` clips to [-128,127], `uint8` or `quint8` to [0,255].

    Example: (torch_item (torch_dequantize (torch_quantize_dynamic (torch_tensor '(1.4)) "int8"))) => 1
    Errors: `Error: First argument must be a tensor`, `Unsupported dtype for quantization: X`
    Source: torch API 14
    """
    value = _fractions(tensor)
    kind = {**SIGNED, **UNSIGNED}.get(dtype) if isinstance(dtype, str) else None
    if kind is None:
        raise LispeError(f"Unsupported dtype for quantization: {to_text(dtype)}")
    return _per_tensor(value, 1.0, 0, kind)


@torch_function("torch_quantize_static")
def quantize_static(tensor: Any, scale: Any, zero_point: Any, dtype: str = "int8") -> torch.Tensor:
    """Numbers as bytes with a given scale and zero point: signed for `int8`, unsigned for `uint8`.

    Example: (torch_item (torch_dequantize (torch_quantize_static (torch_tensor '(4.2)) 0.1 0))) => 4.2
    Errors: `Error: First argument must be a tensor`; the scale must be above 0
    Source: torch API 14
    """
    kind = arguments.choice("torch_quantize_static", 4, dtype or "int8", {**SIGNED, **UNSIGNED})
    return _per_tensor(
        _fractions(tensor),
        arguments.number("torch_quantize_static", 2, scale),
        arguments.integer(zero_point, "Error: torch_quantize_static: the zero point must be an integer"),
        kind,
    )


@torch_function("torch_quantize_linear")
def quantize_linear(tensor: Any, scale: Any, zero_point: Any) -> torch.Tensor:
    """Numbers as signed bytes with a given scale and zero point.

    Example: (torch_item (torch_dequantize (torch_quantize_linear (torch_tensor '(4.2)) 0.1 0))) => 4.2
    Errors: `Error: First argument must be a tensor`; the scale must be above 0
    Source: torch API 14
    """
    return quantize_static(tensor, scale, zero_point)


@torch_function("torch_quantize_per_channel")
def quantize_per_channel(tensor: Any, scales: Any, zero_points: Any, axis: Any) -> torch.Tensor:
    """Numbers as signed bytes with a scale and a zero point for each index of the axis.

    Example: (maybe (torch_quantize_per_channel 1 2 3 4) "no tensor") => no tensor
    Errors: `Error: First argument must be a tensor`; one scale and one zero point for each index
    Source: torch API 14
    """
    value = _fractions(tensor)
    factors, zeros = (conversions.as_tensor(each, value) for each in (scales, zero_points))
    place = arguments.integer(axis, "Error: torch_quantize_per_channel: the axis must be an integer")
    if not -value.dim() <= place < value.dim():
        raise ValueError(f"the tensor has no axis {place}")
    length = value.shape[place]
    if factors.numel() != length or zeros.numel() != length:
        raise ValueError(f"axis {place} has {length} entries and needs as many scales and zero points")
    if zeros.is_floating_point():
        raise ValueError("the zero points must be integers")
    if not (factors > 0).all():
        raise ValueError("every scale must be above 0")
    return _quietly(torch.quantize_per_channel, value, factors.double(), zeros.long(), place, torch.qint8)


@torch_function("torch_quantize_int8")
def quantize_int8(tensor: Any) -> torch.Tensor:
    """Numbers as signed bytes over their own range: scale (max-min)/255, zero point so that min is -128.

    (The original's zero point is that of unsigned bytes and loses half of the range.)

    Example: (torch_to_list (torch_dequantize (torch_quantize_int8 (torch_tensor '(0.0 255))))) => (0 255)
    Errors: `Error: First argument must be a tensor`; an empty tensor
    Source: torch API 14
    """
    value = _fractions(tensor)
    low, high = float(value.min()), float(value.max())
    # A constant tensor has no range: any scale that represents its value will do.
    scale = (high - low) / (HIGHEST - LOWEST) or abs(high) / HIGHEST or 1.0
    zero = 0 if high == low else round(LOWEST - low / scale)
    return _per_tensor(value, scale, min(max(zero, LOWEST), HIGHEST), torch.qint8)


@torch_function("torch_dequantize")
def dequantize(quantized_tensor: Any) -> torch.Tensor:
    """The numbers that quantized bytes stand for, float32.

    Example: (torch_to_list (torch_dequantize (torch_quantize_int8 (torch_tensor '(0.0 255))))) => (0 255)
    Errors: `Error: Argument must be a tensor`
    Source: torch API 14
    """
    return arguments.tensor(quantized_tensor).dequantize()


@torch_function("torch_quantize_fp16", "torch_tensor_to_fp16", "tensor_to_fp16")
def to_fp16(tensor: Any) -> torch.Tensor:
    """The tensor in half precision.

    Example: (torch_dtype (torch_quantize_fp16 (tensor_create (floats 1)))) => float16
    Errors: `Error: Argument must be a tensor`
    Source: torch API 14
    """
    return arguments.tensor(tensor).half()


@torch_function("torch_tensor_to_int8", "tensor_to_int8")
def to_int8(tensor: Any) -> torch.Tensor:
    """The tensor as plain bytes: truncated toward zero, without a scale; only -128 to 127 make sense.

    Example: (tensor_to_list (torch_tensor_to_int8 (tensor_create (floats 1.9 -1.9)))) => (1 -1)
    Errors: `Error: Argument must be a tensor`
    Source: torch API 14
    """
    return arguments.tensor(tensor).to(torch.int8)


@torch_function("torch_model_quantize_dynamic")
def model_quantize_dynamic(model: Any) -> nn.Module:
    """The same model, unchanged, as in the original: quantize its tensors one by one.

    Example: (torch_model_quantize_dynamic (torch_linear 2 2)) => PyTorch Linear Layer
    Errors: `Error: Argument must be a PyTorch module`
    Source: torch API 14
    """
    return arguments.module(model, nn.Module, "Error: Argument must be a PyTorch module")  # type: ignore[no-any-return]


@torch_function("torch_model_quantize_static")
def model_quantize_static(model: Any, calibration_data: Any) -> nn.Module:
    """The same model, unchanged, as in the original; the calibration data are not looked at.

    Example: (torch_model_quantize_static (torch_linear 2 2) nil) => PyTorch Linear Layer
    Errors: `Error: Argument must be a PyTorch module`
    Source: torch API 14
    """
    del calibration_data
    return arguments.module(model, nn.Module, "Error: Argument must be a PyTorch module")  # type: ignore[no-any-return]
