"""How tensors are kept: as views of their storages, each storage once, with gradient and flags.

What computed a tensor is not kept: one that came out of a computation comes back as its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.keeping import (
    Broken,
    Into,
    Keeper,
    Out,
    Part,
    Unkept,
    alone,
    register_keeper,
)
from lispe_kernel.torch_library.keeping.marks import mark
from lispe_kernel.torch_library.modules.lora_layer import REST
from lispe_kernel.torch_library.state.state_dicts import StateDict
from lispe_kernel.torch_library.support.dtypes import DTYPES, dtype_name
from lispe_kernel.torch_library.support.tracked import is_traced

# More than PyTorch can count.
_IMPOSSIBLE = 1 << 62
_FIELDS = ("at", "dtype", "shape", "steps", "device", "requires_grad", "grad")
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class _Raw:
    """A storage as what keeps a block: as a tensor of bytes only where it is asked for them."""

    __slots__ = ("_storage",)

    def __init__(self, storage: torch.UntypedStorage) -> None:
        self._storage = storage

    def _tensor(self) -> torch.Tensor:
        return torch.empty(0, dtype=torch.uint8, device=self._storage.device).set_(self._storage)

    def cpu(self) -> torch.Tensor:
        return self._tensor().cpu()

    def mark(self) -> str:
        return mark(self._tensor())

    def is_pinned(self) -> bool:
        return self._tensor().is_pinned()


def _odd(tensor: torch.Tensor) -> str:
    """Why a tensor cannot be kept; empty for one that is plain."""
    if is_traced(tensor):
        return "a tensor of one call of a function that was transformed (torch_vmap, torch_grad)"
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return "a sparse or quantized tensor; convert it to a dense one"
    if tensor.is_meta:
        return "a tensor without memory (meta)"
    if tensor.is_conj() or tensor.is_neg():
        return "a conjugated or negated view; make it a tensor of its own (clone)"
    if tensor.dtype not in _NAMES:
        return f"a tensor of {tensor.dtype}"
    if getattr(tensor, "_backward_hooks", None) or getattr(tensor, "_post_accumulate_grad_hooks", None):
        return "a tensor with hooks"
    if any(name != REST for name in vars(tensor)):
        return f"a tensor to which Python code added {', '.join(vars(tensor))}"
    return ""


def _write(tensor: torch.Tensor, out: Out) -> Any:
    odd = _odd(tensor)
    if odd:
        raise Unkept(odd)
    if tensor.grad_fn is not None:
        out.note("the computation that it came from: no gradient flows through it")
    storage = tensor.untyped_storage()
    size, name, shape = storage.nbytes(), _NAMES[tensor.dtype], list(tensor.shape)
    device = "cpu" if tensor.is_cpu else str(tensor.device)
    whole = tensor.is_contiguous() and tensor.nbytes == size
    start = int(tensor.storage_offset()) * tensor.itemsize
    if not whole and start + _reach(shape, tensor.stride()) * tensor.itemsize > size:
        raise Unkept("a tensor that lies outside of its memory, which Python code made smaller")
    part = Part(
        storage,
        storage.data_ptr(),
        size,
        start,
        device="" if device == "cpu" else device,
        torch=True,
        dtype=name if whole else "",
        shape=tuple(shape) if whole else (),
        reader=_Raw,
    )
    return {
        "at": out.memory(part),
        "dtype": name,
        "shape": shape,
        "steps": list(tensor.stride()),
        "device": device,
        "requires_grad": tensor.requires_grad and tensor.grad_fn is None,
        "grad": out.value(tensor.grad if tensor.is_leaf else None),
    }


# Asked of all tensors of a session after each cell: nothing here takes a step of Python's for one of them.
_BASE = torch._C.TensorBase
_FLAGS = attrgetter(
    *("_backward_hooks", "_post_accumulate_grad_hooks"),
    *("shape", "dtype", "device", "requires_grad", "is_leaf"),
)
_ADDED = attrgetter("__dict__")


def _facts(tensors: list[torch.Tensor]) -> list[Any]:
    """All that `_write` and `_odd` ask of tensors, and that may become another: gradients by their places."""
    storages = _storages(tensors)
    return [
        *zip(
            map(torch.UntypedStorage.data_ptr, storages),
            map(torch.UntypedStorage.nbytes, storages),
            map(_BASE.storage_offset, tensors),
            map(_BASE.stride, tensors),
            map(_BASE.is_conj, tensors),
            map(_BASE.is_neg, tensors),
            [_without_hooks(flags) for flags in map(_FLAGS, tensors)],
            map(tuple, map(_ADDED, tensors)),
            [id(tensor.grad) if tensor.is_leaf else 0 for tensor in tensors],
            strict=True,
        )
    ]


def _without_hooks(flags: Any) -> Any:
    """Flags of a tensor that has no hooks; any others are like no others."""
    before, after, *_ = flags
    return flags if before is None and after is None else (object(), flags)


def _storages(tensors: list[torch.Tensor]) -> list[Any]:
    return [*map(_BASE.untyped_storage, tensors)]


def _reach(shape: Sequence[int], steps: Sequence[int]) -> int:
    """How many elements of its memory a tensor spans."""
    return 0 if 0 in shape else 1 + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))


def _make(data: Any, into: Into) -> torch.Tensor:
    if not isinstance(data, dict) or data.keys() != set(_FIELDS):
        raise Broken("is malformed where a tensor belongs")
    dtype = DTYPES.get(data["dtype"])
    shape, steps = data["shape"], data["steps"]
    numbers = [*shape, *steps]
    if dtype is None or len(shape) != len(steps) or len(shape) > 64:
        raise Broken("holds a tensor that is none")
    if not all(type(number) is int and 0 <= number < _IMPOSSIBLE for number in numbers):
        raise Broken("holds a tensor of an impossible size")
    raw, start = into.memory(data["at"], torch=True)
    if start % dtype.itemsize or start + _reach(shape, steps) * dtype.itemsize > raw.nbytes:
        raise Broken("holds a tensor that lies outside of its memory")
    where = _device(data["device"])
    block = raw if where == "cpu" else _copy(raw, where)
    made = torch.empty(0, dtype=dtype, device=where)
    return made.set_(block.untyped_storage(), start // dtype.itemsize, shape, steps)


def _device(wanted: Any) -> str:
    """The device on which a tensor was, where it is here; else one of its kind, else the processor."""
    device = torch.device(wanted)
    if device.type != "cuda" or not torch.cuda.is_available():
        return "cpu"
    return wanted if (device.index or 0) < torch.cuda.device_count() else "cuda"


def _copy(raw: torch.Tensor, where: str) -> torch.Tensor:
    """A block on a device; tensors that look at one block share its copy there."""
    copies: dict[str, torch.Tensor] = vars(raw).setdefault("copies", {})
    if where not in copies:
        copies[where] = raw.to(where)
    return copies[where]


def _fill(tensor: torch.Tensor, data: Any, into: Into) -> None:
    grad = into.value(data["grad"])
    if data["requires_grad"] is True:
        tensor.requires_grad_(True)
    if grad is not None:
        if not isinstance(grad, torch.Tensor):
            raise Broken("holds a gradient that is none")
        tensor.grad = grad


def _make_parameter(data: Any, into: Into) -> nn.Parameter:
    return nn.Parameter(_make(data, into), requires_grad=data["requires_grad"] is True)


for _name, _cls, _maker in (
    ("torch tensor", torch.Tensor, _make),
    ("torch parameter", nn.Parameter, _make_parameter),
):
    register_keeper(
        Keeper(_name, _cls, _write, _maker, _fill, facts=_facts, owners=_storages),
    )


# -- names of PyTorch's -----------------------------------------------------------------------------------


def _dtype(data: Any) -> torch.dtype:
    if data not in DTYPES:
        raise Broken("names a dtype that is none")
    return DTYPES[data]


register_keeper(
    Keeper(
        "torch dtype",
        torch.dtype,
        lambda value, _out: dtype_name(value) if dtype_name(value) in DTYPES else _no_dtype(value),
        lambda data, _into: _dtype(data),
        holds=alone,
    )
)


def _no_dtype(value: torch.dtype) -> Any:
    raise Unkept(f"the dtype {value}")


register_keeper(
    Keeper(
        *("torch device", torch.device, lambda v, _out: str(v), lambda data, _into: torch.device(data)),
        holds=alone,
    )
)
register_keeper(
    Keeper(
        "torch size",
        torch.Size,
        lambda value, _out: list(value),
        lambda data, _into: torch.Size([int(number) for number in data]),
        holds=alone,
    )
)


# -- state dicts ------------------------------------------------------------------------------------------


def _write_state(state: StateDict, out: Out) -> Any:
    return {
        "tensors": [[name, out.value(tensor)] for name, tensor in state.tensors.items()],
        "notes": out.value(dict(state.notes)),
        "others": out.value(dict(state.others)),
    }


def _fill_state(state: StateDict, data: Any, into: Into) -> None:
    tensors = {str(name): into.value(tensor) for name, tensor in data["tensors"]}
    if not all(isinstance(tensor, torch.Tensor) for tensor in tensors.values()):
        raise Broken("holds a state dict of other things than tensors")
    state.tensors = tensors
    state.notes, state.others = into.value(data["notes"]), into.value(data["others"])
    if not isinstance(state.notes, dict) or not isinstance(state.others, dict):
        raise Broken("holds a state dict that is none")


register_keeper(
    Keeper("torch state dict", StateDict, _write_state, lambda _data, _into: StateDict({}), _fill_state)
)
