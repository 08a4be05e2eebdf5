"""Whether the values of two tensors are the same, told exactly, and how far they lie apart.

Equality comes first and is exact for every pair of dtypes: 2^53 and 2^53 + 1 differ, NaN is the same as NaN.
Arithmetic comes second, in float64, and never decides what is equal.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import torch

_NEAR = float(1 << 62)


def in_a_row(tensor: torch.Tensor) -> torch.Tensor:
    """The values of a strided tensor, one behind the other on the CPU, in a dtype that computes.

    Whole numbers become int64 (those of uint64 stay), halves and smaller floats float32: nothing is rounded.
    """
    values = tensor.detach()
    values = (values.dequantize() if values.is_quantized else values).cpu().resolve_conj().reshape(-1)
    if values.is_complex():
        return values.to(torch.complex64) if values.element_size() < 8 else values
    if values.is_floating_point():
        return values.to(torch.float32) if values.element_size() < 4 else values
    return values if values.dtype == torch.uint64 else values.to(torch.int64)


def differs(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """At each place, whether the two rows hold different values. NaN is the same as NaN."""
    kinds = {first.dtype, second.dtype}
    if kinds == {torch.uint64}:
        return first.view(torch.int64) != second.view(torch.int64)
    if torch.uint64 in kinds:
        # Seldom met, and Python compares whole numbers and floats without rounding either.
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        return torch.tensor([not _same(a, b) for a, b in pairs], dtype=torch.bool, device=first.device)
    if torch.int64 in kinds and len(kinds) == 2:
        whole, other = (first, second) if first.dtype == torch.int64 else (second, first)
        return _differs_from_whole(whole, other)
    kind = torch.promote_types(first.dtype, second.dtype)
    a, b = first.to(kind), second.to(kind)
    return (a != b) & ~(a.isnan() & b.isnan())


def _same(a: Any, b: Any) -> bool:
    return bool(a == b)


def _differs_from_whole(whole: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Whole numbers against floats: the float must be whole itself, and the same whole number."""
    real = other.real if other.is_complex() else other
    inside = real.isfinite() & (real >= -_NEAR * 2) & (real < _NEAR * 2)
    rounded = real.where(inside, 0).double().to(torch.int64)
    same = inside & (rounded == whole) & (rounded.double() == real.double())
    return ~(same & (other.imag == 0)) if other.is_complex() else ~same


def distances(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """second - first in float64 (complex128), whole numbers subtracted before they lose digits.

    The rows hold finite values; a distance beyond all floats is infinite.
    """
    if first.is_complex() or second.is_complex():
        return second.to(torch.complex128) - first.to(torch.complex128)
    far = second.double() - first.double()
    if first.dtype != second.dtype or first.dtype not in (torch.int64, torch.uint64):
        return far
    a, b = first.view(torch.int64), second.view(torch.int64)
    # Unsigned numbers and what stands for them lie equally far apart, modulo 2^64.
    return (b - a).double().where(far.abs() < _NEAR, far)


def squares(values: torch.Tensor) -> Fraction:
    """The sum of the squares of a row of finite values, which may be beyond all floats."""
    row, exponent = unit(values)
    return Fraction(float(torch.vdot(row, row).real)) * Fraction(4) ** exponent


def moved(first: torch.Tensor, second: torch.Tensor, apart: torch.Tensor) -> Fraction:
    """The sum of the squares of the distances `apart` between two rows of finite values."""
    if apart.isfinite().all():
        return squares(apart)
    # Half of both rows: no distance of two floats is more than twice the largest one.
    return 4 * squares(second.to(apart.dtype) / 2 - first.to(apart.dtype) / 2)


def along(first: torch.Tensor, second: torch.Tensor) -> Fraction:
    """The dot product of two rows of finite values, which may be beyond all floats."""
    (a, one), (b, two) = unit(first), unit(second)
    kind = torch.promote_types(a.dtype, b.dtype)
    return Fraction(float(torch.vdot(a.to(kind), b.to(kind)).real)) * Fraction(2) ** (one + two)


def root(number: Fraction) -> float:
    """The square root as a float, infinite where that is beyond all of them."""
    # An even power of two outside the root keeps what is inside within the range of floats.
    power = (number.numerator.bit_length() - number.denominator.bit_length()) // 2
    try:
        return math.ldexp(math.sqrt(number / Fraction(4) ** power), power)
    except OverflowError:
        return math.inf


def angle(product: Fraction, first: Fraction, second: Fraction) -> float | None:
    """The cosine between two rows from their dot product and squares; None where one of them is zero."""
    if not (first and second):
        return None
    size = root(product * product / (first * second))
    return min(1.0, size) if product >= 0 else -min(1.0, size)


def unit(values: torch.Tensor) -> tuple[torch.Tensor, int]:
    """Finite values in float64 (complex128) divided by a power of two near the largest one; that power."""
    wide = values.to(torch.complex128 if values.is_complex() else torch.float64)
    parts = torch.view_as_real(wide) if wide.is_complex() else wide
    largest = float(parts.abs().max()) if parts.numel() else 0.0
    if largest == 0 or not math.isfinite(largest):
        return wide, 0
    exponent = math.frexp(largest)[1]
    half = exponent // 2
    # In two steps: the power alone may be beyond all floats.
    made = parts * math.ldexp(1.0, -half) * math.ldexp(1.0, half - exponent)
    return (torch.view_as_complex(made) if wide.is_complex() else made), exponent
