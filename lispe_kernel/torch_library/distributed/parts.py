"""Tensors of which each rank has a part (PyTorch's DTensor): the part here, the whole, a part of a whole.

Nothing of PyTorch's tensors in parts is imported before there is one: what asks costs a look at an attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.distributed import group


def is_part(tensor: Any) -> bool:
    """Whether this rank has only a part of a tensor."""
    return hasattr(tensor, "_local_tensor") and hasattr(tensor, "full_tensor")


def here(tensor: torch.Tensor) -> torch.Tensor:
    """The part of a tensor that this rank has; an ordinary tensor is all there."""
    if not is_part(tensor):
        return tensor
    local: torch.Tensor = tensor.detach().to_local()  # type: ignore[attr-defined]
    return local


def dimension(tensor: Any) -> int | None:
    """The dimension along which a tensor is cut; None where every rank has all of it.

    Errors: LispeError for a tensor that is cut in another way.
    """
    placements = tensor.placements
    if len(placements) == 1 and placements[0].is_replicate():
        return None
    if len(placements) == 1 and placements[0].is_shard():
        found: int = placements[0].dim
        return found
    raise LispeError(f"Error: a tensor is shared out over the ranks as {placements}, which is not known here")


def start(tensor: Any) -> tuple[int, ...]:
    """Where the part of this rank begins in the whole."""
    found = [0] * tensor.dim()
    axis = dimension(tensor) if is_part(tensor) else None
    if axis is not None:
        # As torch.chunk cuts: equal parts, the last ones smaller or empty.
        each = -(-tensor.shape[axis] // tensor.device_mesh.size())
        found[axis] = min(each * tensor.device_mesh.get_local_rank(), tensor.shape[axis])
    return tuple(found)


def cut(whole: torch.Tensor, like: Any) -> torch.Tensor:
    """What this rank has of a tensor that is cut as another one; a view of it."""
    axis, own = dimension(like), here(like)
    if axis is None:
        return whole
    found = whole.narrow(axis, start(like)[axis], own.shape[axis])
    if found.shape != own.shape:
        raise LispeError(f"Error: a part of shape {tuple(own.shape)} is no part of {tuple(whole.shape)}")
    return found


def part_like(whole: torch.Tensor, like: Any) -> torch.Tensor:
    """A tensor in parts with the numbers of a whole one, cut and placed as another one."""
    from torch.distributed.tensor import DTensor  # noqa: PLC0415 - start-up: only programs with shards have them

    own = cut(whole, like).to(here(like).device).clone(memory_format=torch.contiguous_format)
    return DTensor.from_local(
        own, like.device_mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride()
    )


def whole_tensors(name: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors, those in parts put together; every rank must call it, and has room for one copy of all."""
    with group.answered(name):
        return {
            key: tensor.detach().full_tensor() if is_part(tensor) else tensor  # type: ignore[attr-defined]
            for key, tensor in tensors.items()
        }
