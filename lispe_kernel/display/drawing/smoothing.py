"""Curves made smooth as TensorBoard does it: an exponential mean, not pulled towards its beginning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from lispe_kernel.display.drawing.frames import Series


def smoothed(series: Series, weight: float) -> Series:
    """The curve smoothed, with its own values behind it; the same curve for a weight of 0.

    Each value is the mean of those up to it, each earlier one counting `weight` times the next; so the first
    stays what it is. A value that is not finite stays in its place and counts for none.
    """
    if not weight:
        return series
    return replace(series, ys=_means(series.ys, weight), raw=series.ys)


def _means(values: Sequence[float], weight: float) -> list[float]:
    finite = [v for v in values if math.isfinite(v)]
    if not finite or min(finite) == max(finite):
        # Sums would move a constant in its last digits.
        return list(values)
    found: list[float] = []
    total, share = 0.0, 0.0
    for value in values:
        if math.isfinite(value):
            total = total * weight + (1 - weight) * value
            share = share * weight + (1 - weight)
            found.append(total / share)
        else:
            found.append(value)
    return found
