"""Optimizers made before a model was cut into shards: they hold tensors that are in no model any more.

LispE's own are known as they are made, and refused at once; one that Python code made is met at its next
step.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any
from weakref import WeakSet, WeakValueDictionary

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from lispe_kernel.language.errors import LispeError

_made: WeakSet[torch.optim.Optimizer] = WeakSet()
# Tensors of models before they were cut, by their identities, as long as anything holds them.
_before: WeakValueDictionary[int, torch.Tensor] = WeakValueDictionary()
_WHY = "would not train its shards; make it afterwards"


def remember(optimizer: torch.optim.Optimizer) -> None:
    """Know an optimizer that was made."""
    _made.add(optimizer)


def refuse(name: str, module: nn.Module) -> None:
    """Errors: LispeError where an optimizer of this model was made already."""
    own = {id(parameter) for parameter in module.parameters()}
    if any(id(each) in own for found in _made for each in _tensors(found)):
        raise LispeError(f"Error in {name}: an optimizer of this model was made already, and {_WHY}")


def cut(parameters: Iterable[nn.Parameter]) -> None:
    """Know the tensors that were in a model until now: an optimizer that holds one is refused at its step."""
    _watch_steps()
    _before.update((id(parameter), parameter) for parameter in parameters)


@functools.cache
def _watch_steps() -> None:
    register_optimizer_step_pre_hook(_refuse_step)


def _refuse_step(optimizer: torch.optim.Optimizer, *_arguments: Any) -> None:
    if any(_before.get(id(each)) is each for each in _tensors(optimizer)):
        raise LispeError(f"Error: an optimizer was made before its model was cut into shards, and {_WHY}")


def _tensors(optimizer: torch.optim.Optimizer) -> Iterable[torch.Tensor]:
    return (each for group in optimizer.param_groups for each in group["params"])
