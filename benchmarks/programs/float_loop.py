"""Arithmetic on numbers: the logistic map, summed."""


def run(n):
    x = 0.5
    total = 0.0
    for i in range(n):
        x = 3.9 * x * (1.0 - x)
        total = total + x / (i + 1)
    return total
