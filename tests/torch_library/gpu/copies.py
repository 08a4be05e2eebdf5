"""Copies of values whose tensors are on another device: lists, modules with their optimizers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


def on_device(value: Any, device: str) -> Any:
    """A copy of a value and all that it holds; what was shared stays shared, tensors have no history."""
    with _copying(device):
        made = copy.deepcopy(value)
    for each in made if isinstance(made, tuple) else (made,):
        if isinstance(each, nn.Module):
            each.to(device)
    return made


def _on_device(tensor: torch.Tensor, memo: dict[int, Any], device: str) -> torch.Tensor:
    if id(tensor) in memo:
        found: torch.Tensor = memo[id(tensor)]
        return found
    made = tensor.detach().clone().to(device)
    if isinstance(tensor, nn.Parameter):
        made = nn.Parameter(made, tensor.requires_grad)
    elif tensor.requires_grad:
        made.requires_grad_(True)
    memo[id(tensor)] = made
    if tensor.is_leaf and tensor.grad is not None:
        made.grad = _on_device(tensor.grad, memo, device)
    return made


@contextmanager
def _copying(device: str) -> Iterator[None]:
    kept = {cls: cls.__dict__["__deepcopy__"] for cls in (torch.Tensor, nn.Parameter)}
    for cls in kept:
        cls.__deepcopy__ = lambda tensor, memo: _on_device(tensor, memo, device)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for cls, before in kept.items():
            cls.__deepcopy__ = before  # type: ignore[method-assign]
