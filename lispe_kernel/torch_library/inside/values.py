"""The tensors in what a module gets and gives: alone, in lists, dictionaries, dataclasses, by name.

What is none of these (a cache, a settings object) is passed over. Nothing here computes on tensors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from lispe_kernel.torch_library.support.wording import kind_of

_DEEPEST = 8
_SHOWN = 3


def tensors_in(value: Any) -> dict[str, torch.Tensor]:
    """The tensors by where they stand: an empty name for one alone, `0`, `1.0`, `logits` ... inside."""
    return dict(_found(value, "", 0))


def _found(value: Any, name: str, depth: int) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name, value
        return
    if depth > _DEEPEST:
        return
    for key, inner in _parts(value):
        yield from _found(inner, f"{name}.{key}" if name else key, depth + 1)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(key), inner) for key, inner in value.items())
    elif isinstance(value, list | tuple):
        names = getattr(value, "_fields", None) or range(len(value))
        yield from ((str(key), inner) for key, inner in zip(names, value, strict=False))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value))


def shapes_text(tensors: Mapping[str, str]) -> str:
    """The kinds of several tensors: `float32 [2,8]`, `(float32 [2,8], 1.0 float32 [1,2,8])`."""
    if len(tensors) == 1:
        return next(iter(tensors.values()))
    shown = [kind if name.isdigit() else f"{name} {kind}" for name, kind in list(tensors.items())[:_SHOWN]]
    more = [f"{len(tensors) - _SHOWN} more"] if len(tensors) > _SHOWN else []
    if not tensors:
        return ""
    return "(" + ", ".join(shown + more) + ")"


def kinds_of(value: Any) -> dict[str, str]:
    """The kinds of the tensors in a value, by name: dtype and shape, kept when the tensors are gone."""
    return {name: kind_of(tensor) for name, tensor in tensors_in(value).items()}
