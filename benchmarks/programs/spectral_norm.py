"""The spectral norm of an endless matrix, by the power method."""

from math import sqrt


def element(i, j):
    s = i + j
    return 1.0 / ((s * (s + 1) >> 1) + i + 1)


def times(u):
    return [sum(element(i, j) * x for j, x in enumerate(u)) for i in range(len(u))]


def transposed(u):
    return [sum(element(j, i) * x for j, x in enumerate(u)) for i in range(len(u))]


def run(n):
    u = [1.0] * n
    for _ in range(3):
        v = transposed(times(u))
        u = transposed(times(v))
    return sqrt(sum(a * b for a, b in zip(u, v, strict=True)) / sum(b * b for b in v))
