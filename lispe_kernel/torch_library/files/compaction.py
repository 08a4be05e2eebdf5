"""Tensors made ready for a file: on the CPU, each element stored once.

Names that share memory (tied weights, overlapping views) share it in the file too; a view of a large tensor
is cut out, so that it stores its own elements only. Nothing is copied that can be written as it lies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import torch

from lispe_kernel.torch_library.files.errors import BadFile

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
        stretches, alone = _clusters(views)
        for cluster in stretches:
            found.update(_as_it_lies(cluster))
        for cluster in alone:
            found.update(_cut_out(cluster))
    return {name: found[name] for name in tensors}


def unique_bytes(tensors: dict[str, torch.Tensor]) -> int:
    """The bytes that the tensors need when shared memory counts once."""
    return stored_bytes(compact(tensors))


def stored_bytes(compacted: dict[str, torch.Tensor]) -> int:
    """The bytes of tensors that `compact` made ready."""
    storages = [tensor.untyped_storage() for tensor in compacted.values()]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def _check_plain(name: str, tensor: torch.Tensor) -> None:
    kind = odd_kind(tensor)
    if kind is not None:
        raise BadFile(f"{name} is {kind}; only dense tensors are stored, convert it first")


def odd_kind(tensor: torch.Tensor) -> str | None:
    """What a tensor is that is not one number beside the other in memory; None for one that is."""
    if tensor.device.type == "meta":
        return "without data (meta device)"
    if tensor.is_nested:
        return "nested"
    if tensor.is_quantized:
        return "quantized"
    return None if tensor.layout is torch.strided else str(tensor.layout).removeprefix("torch.")


def _view(name: str, tensor: torch.Tensor) -> _View:
    width = tensor.element_size()
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    first = int(tensor.storage_offset())
    last = first + sum((size - 1) * step for size, step in steps)
    return _View(first * width, (last + 1) * width, name, tensor)


def _clusters(views: list[_View]) -> tuple[list[list[_View]], list[list[_View]]]:
    """Views that are written as one stretch of memory (those that overlap), and those that are cut out.

    A view with gaps between its elements joins a stretch that is written anyway. Such views alone are written
    as a stretch where that takes less than each by itself; else they are cut out, equal ones together.
    """
    stretches = _overlapping(view for view in views if not view.has_gaps)
    loose: list[_View] = []
    for view in views:
        if view.has_gaps:
            around = next((c for c in stretches if c[0].first <= view.first and view.end <= _end(c)), loose)
            around.append(view)
    alone: list[list[_View]] = []
    for group in _overlapping(loose):
        equal: defaultdict[tuple[object, ...], list[_View]] = defaultdict(list)
        for view in group:
            equal[_place(view.tensor)].append(view)
        one_by_one = sum(same[0].tensor.nbytes for same in equal.values())
        if len(equal) > 1 and _end(group) - group[0].first <= one_by_one:
            stretches.append(group)
        else:
            alone.extend(equal.values())
    return stretches, alone


def _overlapping(views: Iterable[_View]) -> list[list[_View]]:
    """The views in groups that share bytes, in the order of their places."""
    groups: list[list[_View]] = []
    reached = -1
    for view in sorted(views, key=lambda view: (view.first, view.end)):
        if view.first >= reached:
            groups.append([])
        groups[-1].append(view)
        reached = max(reached, view.end)
    return groups


def _end(cluster: list[_View]) -> int:
    return max(view.end for view in cluster)


def _cut_out(cluster: list[_View]) -> dict[str, torch.Tensor]:
    copy = cluster[0].tensor.cpu().contiguous().clone()
    return {view.name: copy for view in cluster}


def _as_it_lies(cluster: list[_View]) -> dict[str, torch.Tensor]:
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
