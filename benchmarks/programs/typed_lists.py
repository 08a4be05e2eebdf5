"""Arithmetic on typed lists: numpy arrays in Python."""

import numpy as np


def run(n):
    x = np.arange(n, dtype=np.float64)
    y = x * 2.5 + 1.0
    for _ in range(20):
        y = y * 0.5 - x / 3.0
    return float(y.sum())
