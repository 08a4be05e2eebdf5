"""Small tensor operations in a loop."""

import torch


def run(n):
    a = torch.ones(4, 4)
    b = torch.full((4, 4), 0.01)
    for _ in range(n):
        a = a * 0.9 + b
        a = torch.matmul(a, b)
    return float(a.sum())
