"""The numbers that a trace keeps of a tensor: its ends, mean and deviation, zeros, what is no number.

One look while the run goes on, so that a layer that later writes into the tensor changes nothing of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

# Values of a large tensor that its histogram is drawn from.
_SAMPLED = 4096
_BINS = 24


@dataclass(frozen=True)
class Measures:
    """What is known of a tensor's values. The numbers are those of the finite ones, None without any."""

    count: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    zeros: int = 0
    nans: int = 0
    infinities: int = 0
    histogram: tuple[int, ...] = ()

    @property
    def strange(self) -> bool:
        """Whether it holds what is no finite number."""
        return bool(self.nans or self.infinities)


def measure(tensor: torch.Tensor) -> Measures | None:
    """The measures of a tensor of real floating-point numbers; None for any other kind."""
    if not tensor.is_floating_point() or tensor.layout != torch.strided or tensor.is_nested:
        return None
    values = tensor.detach()
    if values.numel() == 0 or values.is_meta:
        return Measures(values.numel())
    # The smallest types have no arithmetic of their own.
    values = values if values.dtype in (torch.float32, torch.float64) else values.float()
    low, high = torch.aminmax(values)
    nans = infinities = 0
    if not math.isfinite(float(low)) or not math.isfinite(float(high)):
        nans, infinities = int(values.isnan().sum()), int(values.isinf().sum())
        values = values[values.isfinite()]
        if values.numel() == 0:
            return Measures(tensor.numel(), nans=nans, infinities=infinities)
        low, high = torch.aminmax(values)
    ends = float(low), float(high)
    largest = max(map(abs, ends))
    # Squares of values beyond these overflow or vanish in float32.
    wide = values if largest == 0 or 1e-15 < largest < 1e15 else values.double()
    mean, deviation = _moments(wide.reshape(-1))
    return Measures(
        tensor.numel(),
        *ends,
        min(max(mean, ends[0]), ends[1]),
        deviation if values.numel() > 1 else None,
        _zeros(values),
        nans,
        infinities,
        _histogram(values, *ends),
    )


def _zeros(values: torch.Tensor) -> int:
    """How many values are zero: of comparisons, since to count floats themselves takes many times as long."""
    if values.device.type != "cpu" or type(values) is not torch.Tensor:
        return values.numel() - int(torch.count_nonzero(values))
    return values.numel() - int(np.count_nonzero(values.numpy() != 0))


def _moments(flat: torch.Tensor) -> tuple[float, float]:
    """Mean and deviation, from sums (half the work) unless they would lose the deviation's digits."""
    count = flat.numel()
    mean, squares = float(flat.sum()) / count, float(torch.dot(flat, flat))
    spread = squares - count * mean * mean
    if spread < 0.1 * squares or not math.isfinite(squares):
        variance, centre = torch.var_mean(flat.double(), correction=min(1, count - 1))
        return float(centre), math.sqrt(float(variance))
    return mean, math.sqrt(spread / max(1, count - 1))


def _histogram(values: torch.Tensor, low: float, high: float) -> tuple[int, ...]:
    """Counts of an even sample of the values over equal bins."""
    if low == high or not math.isfinite(high - low):
        return ()
    flat = values.reshape(-1)
    sample = flat[:: -(-flat.numel() // _SAMPLED)].double()
    return tuple(int(n) for n in torch.histc(sample, _BINS, low, high).tolist())


@dataclass(frozen=True)
class Rectified:
    """The units after a ReLU: how many there are, how many were never positive, over how many places."""

    units: int
    dead: int
    seen: int

    @property
    def loud(self) -> bool:
        """Whether dead units mean something: over few places chance decides."""
        return self.dead > 0 and self.seen >= 16


def rectified(answer: torch.Tensor, channels_first: bool) -> Rectified | None:
    """The units of what a ReLU gave: channels after a convolution, else the last axis."""
    if answer.dim() == 0 or answer.numel() == 0 or answer.is_nested or answer.is_meta:
        return None
    axis = 1 if channels_first and answer.dim() > 2 else answer.dim() - 1
    units = answer.shape[axis]
    others = [d for d in range(answer.dim()) if d != axis]
    most = answer.detach().amax(others) if others else answer.detach()
    return Rectified(units, int((most <= 0).sum()), answer.numel() // units)
