"""The dtypes that files and state dicts know, by the names that people write: `float32`, `bfloat16` ..."""

from __future__ import annotations

import torch

_KINDS = (
    "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool "
    "complex64 complex128 complex32 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"
)
# Older PyTorch lacks the last ones.
DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, name) for name in _KINDS.split() if hasattr(torch, name)
}


def dtype_name(dtype: torch.dtype) -> str:
    """`float32`, `bfloat16`, `int64` ..."""
    return str(dtype).removeprefix("torch.")
