"""Tensors made ready for a file: on the CPU, each element stored once.

Names that share memory (tied weights, overlapping views) share it in the file too; a view of a large tensor
is cut out, so that it stores its own elements only. Nothing is copied that can be written as it lies.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import torch

from lispe_kernel.torch_library.file_errors import BadFile

# A stretch begins where every dtype may begin.
_ALIGNED = 16


class _View(NamedTuple):
    """The stretch of memory a tensor looks at, in bytes of its storage."""

    first: int
    end: int
    name: str
    tensor: torch.Tensor

    @property
    def has_gaps(self) -> bool:
        return self.tensor.nbytes < self.end - self.first


def compact(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors in the same order, detached, on the CPU, in memory that holds nothing else.

    Errors: BadFile for a tensor that is sparse, quantized or without data.
    """
    by_storage: defaultdict[tuple[str, int], list[_View]] = defaultdict(list)
    found: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        _check_plain(name, tensor)
        plain = tensor.detach().resolve_conj().resolve_neg()
        if plain.numel() == 0:
            found[name] = torch.empty(plain.shape, dtype=plain.dtype)
        else:
            storage = plain.untyped_storage()
            by_storage[(str(plain.device), storage.data_ptr())].append(_view(name, plain))
    for views in by_storage.values():
        for cluster in _clusters(views):
            found.update(_stored(cluster))
    return {name: found[name] for name in tensors}


def unique_bytes(tensors: dict[str, torch.Tensor]) -> int:
    """The bytes that the tensors need when shared memory counts once."""
    stored = compact(tensors)
    storages = [tensor.untyped_storage() for tensor in stored.values()]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def _check_plain(name: str, tensor: torch.Tensor) -> None:
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type == "meta":
        kind = "quantized" if tensor.is_quantized else str(tensor.layout).removeprefix("torch.")
        kind = "without data (meta device)" if tensor.device.type == "meta" else kind
        raise BadFile(f"{name} is {kind}; only dense tensors are stored, convert it first")


def _view(name: str, tensor: torch.Tensor) -> _View:
    width = tensor.element_size()
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    last = tensor.storage_offset() + sum((size - 1) * step for size, step in steps)
    return _View(tensor.storage_offset() * width, (last + 1) * width, name, tensor)


def _clusters(views: list[_View]) -> list[list[_View]]:
    """Views that are written as one stretch of memory: those that overlap, and equal ones.

    A view with gaps between its elements joins a stretch that is written anyway, else it stands alone.
    """
    clusters: list[list[_View]] = []
    reached = -1
    for view in sorted((v for v in views if not v.has_gaps), key=lambda view: (view.first, view.end)):
        if view.first >= reached:
            clusters.append([])
        clusters[-1].append(view)
        reached = max(reached, view.end)
    alone: defaultdict[tuple[object, ...], list[_View]] = defaultdict(list)
    for view in views:
        if view.has_gaps:
            around = next((c for c in clusters if c[0].first <= view.first and view.end <= _end(c)), None)
            (alone[_place(view.tensor)] if around is None else around).append(view)
    return clusters + list(alone.values())


def _end(cluster: list[_View]) -> int:
    return max(view.end for view in cluster)


def _stored(cluster: list[_View]) -> dict[str, torch.Tensor]:
    if cluster[0].has_gaps:
        copy = cluster[0].tensor.cpu().contiguous().clone()
        return {view.name: copy for view in cluster}
    first, end = cluster[0].first // _ALIGNED * _ALIGNED, _end(cluster)
    storage = cluster[0].tensor.untyped_storage()
    on_cpu = cluster[0].tensor.device.type == "cpu"
    if on_cpu and end - first == storage.nbytes():
        return {view.name: view.tensor for view in cluster}
    everything = torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage)
    part = everything[first:end]
    memory = (part.clone() if on_cpu else part.cpu()).untyped_storage()
    return {view.name: _placed(view, memory, first) for view in cluster}


def _place(tensor: torch.Tensor) -> tuple[object, ...]:
    return tensor.storage_offset(), tuple(tensor.shape), tensor.stride(), tensor.dtype


def _placed(view: _View, memory: torch.UntypedStorage, first: int) -> torch.Tensor:
    tensor = view.tensor
    offset = (view.first - first) // tensor.element_size()
    return torch.empty(0, dtype=tensor.dtype).set_(memory, offset, tensor.shape, tensor.stride())
