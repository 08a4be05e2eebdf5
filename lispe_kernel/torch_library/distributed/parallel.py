"""`torch_parallel`: a model that all ranks train together, whole on each of them or in shards.

PyTorch does the work: DistributedDataParallel adds up the gradients of whole models, fully_shard (FSDP2)
gives each rank a part of every tensor. Alone the model is what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from lispe_kernel.language.errors import LispeError, register_meaning
from lispe_kernel.language.printer import register_kind
from lispe_kernel.torch_library.distributed import early, group
from lispe_kernel.torch_library.distributed.functions import joined
from lispe_kernel.torch_library.distributed.parts import is_part
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.cycles import refuse_cycle
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import kind_of, rank_trouble

NAME = "torch_parallel"


register_kind(
    DistributedDataParallel,
    "torch_parallel_",
    lambda model, _show: f"PyTorch Parallel Module ({type(model.module).__name__})",
)


@torch_function(NAME)
def parallel(model: Any, shard: Any = None, unused: Any = None) -> nn.Module:
    """A model that all ranks train together: each computes its part of a batch, the gradients are averaged.

    All begin with the weights of rank 0. Train what it gives: call it, make the optimizer from it. With
    `(? shard true)` each rank keeps a part of every tensor and of the optimizer's moments (FSDP2's
    fully_shard: the layers of the outermost lists, then the rest); the model itself changes, and an optimizer
    is made afterwards. `(? unused true)` is for models that do not use all their tensors in every step. Files
    have the names of the model itself. Alone the model is given back as it is.

    Example: (torch_parallel (torch_linear 4 2)) => PyTorch Linear Layer
    Errors: `Error: First argument must be a PyTorch module`; ranks whose models differ, naming the tensor
    with both shapes; an optimizer that was made before a model is sharded
    """
    module: nn.Module = arguments.module(model, nn.Module, "Error: First argument must be a PyTorch module")
    refuse_cycle(module)
    if shard and unused:
        raise LispeError(f"Error in {NAME}: unused changes nothing for a model in shards; leave it out")
    if not joined(NAME):
        return module
    if isinstance(module, DistributedDataParallel) or is_sharded(module):
        raise LispeError(f"Error in {NAME}: the ranks train this model together already")
    _agree(module)
    if not shard:
        with group.answered(NAME):
            return DistributedDataParallel(module, find_unused_parameters=bool(unused))
    early.refuse(NAME, module)
    before = list(module.parameters())
    _sharded(module)
    early.cut(before)
    return module


# What became of another rank, where the model itself fails: the engine speaks of sockets.
register_meaning(rank_trouble)


def whole(module: nn.Module) -> nn.Module:
    """The model itself where it is wrapped for the ranks: files do not know the wrapper."""
    return module.module if isinstance(module, DistributedDataParallel) else module


def is_sharded(module: nn.Module) -> bool:
    """Whether the ranks keep parts of this model's tensors."""
    return any(is_part(parameter) for parameter in module.parameters())


def _agree(module: nn.Module) -> None:
    """The models of all ranks must have the same tensors. Errors: LispeError naming the first that differ."""
    own = [f"{name} {kind_of(tensor)}" for name, tensor in _tensors(module)]
    for each in zip_longest(*group.exchange(NAME, own), fillvalue="no further tensor"):
        if len(set(each)) > 1:
            raise LispeError(f"Error in {NAME}: the models of the ranks differ: {group.by_rank(list(each))}")


def _tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _sharded(module: nn.Module) -> None:
    from torch import distributed  # noqa: PLC0415 - start-up: the engine is met when a program has ranks
    from torch.distributed.device_mesh import init_device_mesh  # noqa: PLC0415 - as above
    from torch.distributed.fsdp import fully_shard  # noqa: PLC0415 - as above

    device = next((each.device.type for each in module.parameters()), "cpu")
    with group.answered(NAME):
        for _, tensor in _tensors(module):
            distributed.broadcast(tensor.detach(), 0)
        mesh = init_device_mesh(device, (group.size(),))
        for layer in _layers(module):
            fully_shard(layer, mesh=mesh)
        fully_shard(module, mesh=mesh)


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    """The elements with tensors of the outermost lists of a model: they are gathered one after the other."""
    for child in module.children():
        # What is never called itself holds layers: lists of PyTorch's, and those in fields of instances.
        if isinstance(child, nn.Sequential) or type(child).forward is nn.Module.forward:
            yield from (each for each in child.children() if any(True for _ in each.parameters()))
        else:
            yield from _layers(child)
