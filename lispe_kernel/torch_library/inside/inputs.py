"""What the user gives to a run that is only looked at, as copies: models write into their inputs.

Every run gets copies of its own, so that a second run starts from the same numbers. A copy has the strides of
the original, and tensors that share memory share that of their copies. What lies in the memory of the model
itself is handed on as it is, since who watches the run keeps the model (`keeping`). Caches and other objects
are handed on too: nobody knows how to copy them.
"""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from lispe_kernel.torch_library.inside.running import Given
from lispe_kernel.torch_library.inside.values import tensors_in

# How many times its values a stretch of memory may be, to be copied with what lies between them.
_SPARSE = 16
_ALIGNED = 16  # bytes: where a copy of memory may begin


def copied(model: nn.Module, given: Given) -> Given:
    """The arguments of a call of the model, for one run."""
    positional, named = given
    own = {_address(tensor) for part in (model.parameters(), model.buffers()) for tensor in part}
    copies = _Copies(own - {0})
    for tensor in {id(t): t for t in tensors_in([positional, named]).values()}.values():
        if _is_plain(tensor):
            copies.memory.setdefault(_address(tensor), _Stretch()).cover(tensor)
    return tuple(map(copies.of, positional)), {key: copies.of(value) for key, value in named.items()}


def run(model: nn.Module, given: Given) -> Any:
    """What the model answers to copies."""
    positional, named = copied(model, given)
    return model(*positional, **named)


@dataclass
class _Stretch:
    """The bytes of one memory that given tensors lie in, and a copy of them once it is asked for."""

    start: int = 1 << 62
    end: int = 0
    taken: int = 0
    made: torch.Tensor | None = None

    def cover(self, tensor: torch.Tensor) -> None:
        first = int(tensor.storage_offset()) * tensor.itemsize
        last = int(sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride(), strict=True)))
        self.start = min(self.start, first // _ALIGNED * _ALIGNED)
        self.end = max(self.end, first + (last + 1) * tensor.itemsize)
        self.taken += tensor.numel() * tensor.itemsize

    def copy_of(self, tensor: torch.Tensor) -> torch.Tensor:
        if self.end - self.start > _SPARSE * self.taken + _ALIGNED:
            return tensor.detach().clone()
        if self.made is None:
            place = torch.empty(0, dtype=torch.uint8, device=tensor.device)
            length = self.end - self.start
            self.made = place.set_(tensor.untyped_storage(), self.start, (length,), (1,)).clone()
        offset = tensor.storage_offset() - self.start // tensor.itemsize
        empty = torch.empty(0, dtype=tensor.dtype, device=tensor.device)
        return empty.set_(self.made.untyped_storage(), offset, tensor.shape, tensor.stride())


@dataclass
class _Copies:
    """Copies of values by the identity of the originals."""

    own: set[int]  # addresses of the model's memory
    memory: dict[int, _Stretch] = field(default_factory=dict)
    made: dict[int, tuple[Any, Any]] = field(default_factory=dict)  # with the original, which so stays

    def of(self, value: Any) -> Any:
        """The copy; the value itself where it is no tensor and nothing that is known to hold some."""
        if id(value) not in self.made:
            self.made[id(value)] = value, value
            self.made[id(value)] = value, self._copy(value)
        return self.made[id(value)][1]

    def _copy(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, tuple):
            inner = [self.of(item) for item in value]
            return value._make(inner) if hasattr(value, "_make") else tuple(inner)
        is_fields = dataclasses.is_dataclass(value) and not isinstance(value, type)
        if not (is_fields or isinstance(value, list | dict)):
            return value
        made = copy.copy(value)
        self.made[id(value)] = value, made  # before what it holds: that may be itself
        if isinstance(made, list):
            made[:] = [self.of(item) for item in made]
        elif isinstance(made, dict):
            made.update({key: self.of(inner) for key, inner in made.items()})
        if is_fields:
            for one in dataclasses.fields(made):
                if hasattr(made, one.name):
                    object.__setattr__(made, one.name, self.of(getattr(made, one.name)))
        return made

    def _tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        place = _address(tensor)
        if place in self.own:
            return tensor
        with torch.no_grad():
            stretch = self.memory.get(place) if _is_plain(tensor) else None
            made = tensor.detach().clone() if stretch is None else stretch.copy_of(tensor)
        if not tensor.requires_grad:
            return made
        # Into a leaf that requires a gradient nobody may write, into another tensor one may.
        made.requires_grad_()
        return made if tensor.is_leaf else made.clone()


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether a tensor is nothing but numbers at places of one memory."""
    plain = type(tensor) in (torch.Tensor, nn.Parameter) and tensor.layout == torch.strided
    lazy = tensor.is_conj() or tensor.is_neg() or tensor.is_quantized or tensor.is_nested
    return plain and not lazy and tensor.numel() > 0 and _address(tensor) > 0


def _address(tensor: torch.Tensor) -> int:
    """Where the memory of a tensor begins; 0 where it has none of its own."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):
        return 0
