"""All or nothing: every name, shape and dtype is compared before the first tensor of a model changes.

The tensors of a file (or of a state dict) are paired with those of a model; when something does not fit, one
error lists everything that is missing, unexpected and mismatched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import torch

from lispe_kernel.torch_library.distributed.parts import here, is_part
from lispe_kernel.torch_library.files.errors import BadFile, Misfit
from lispe_kernel.torch_library.support.dtypes import dtype_name
from lispe_kernel.torch_library.support.wording import shape

_SHOWN = 40
# The tensors of a model that each tensor of a file fills, by the file's name.
Pairs = dict[str, list[torch.Tensor]]


class Described(Protocol):
    """What is known of a tensor before it is read."""

    @property
    def dtype(self) -> torch.dtype: ...

    @property
    def shape(self) -> Any: ...


Fits = Callable[[torch.dtype, torch.dtype], bool]


def same_dtype(source: torch.dtype, target: torch.dtype) -> bool:
    """What whole models ask for: nothing is rounded."""
    return source is target


def both_floating(source: torch.dtype, target: torch.dtype) -> bool:
    """What adapters ask for: a copy from one floating-point dtype to another converts, as PyTorch's does."""
    return source is target or (source.is_floating_point and target.is_floating_point)


def paired(
    sources: Mapping[str, Described],
    targets: dict[str, torch.Tensor],
    fits: Fits = same_dtype,
    what: str = "does not fit the model",
    others: Iterable[str] = (),
) -> Pairs:
    """Which tensors each source fills. Every target must be filled and every source used.

    `others` are the names of values beside the tensors, which no module takes.
    Errors: Misfit beginning with `what`, which lists all that does not fit.
    """
    pairs = {name: [target] for name, target in targets.items() if name in sources}
    filled = {identity(target) for tensors in pairs.values() for target in tensors}
    missing = [n for n, target in targets.items() if n not in sources and identity(target) not in filled]
    unexpected = [name for name in sources if name not in targets]
    shapes, dtypes = differences(pairs, sources, "the file", fits)
    problems = Problems(
        [described(name, targets[name]) for name in missing],
        [*(described(name, sources[name]) for name in unexpected), *others],
        shapes,
        dtypes,
    )
    problems.refuse(what, _common_prefix(sources, targets), _kinds(pairs, sources))
    return pairs


class Problems(NamedTuple):
    """What does not fit, as texts."""

    missing: list[str]
    unexpected: list[str]
    mismatched: list[str]
    dtypes: list[str]

    def refuse(self, what: str, prefix: str = "", kinds: frozenset[str] = frozenset()) -> None:
        """Errors: Misfit beginning with `what`, when there is any problem. Reads the file's `prefix` in front
        of the model's names, and the floating-point `kinds` of the model.
        """
        names = ("missing", "unexpected", "mismatched", "of another dtype")
        found = "; ".join(filter(None, map(_line, names, self)))
        if found:
            other_names = bool(self.missing or self.unexpected)
            way_out = _way_out(other_names, bool(self.mismatched), prefix, kinds)
            raise Misfit(f"{what}: {found}. Nothing was changed; {way_out}")


def differences(
    pairs: Pairs, sources: Mapping[str, Described], names: str, fits: Fits = same_dtype
) -> tuple[list[str], list[str]]:
    """The differences in shape and in dtype between the two sides, as texts that name both."""
    shapes, dtypes = [], []
    for name, tensors in pairs.items():
        source, target = sources[name], tensors[0]
        if not same_shape(name, source.shape, target.shape):
            sizes = f"{shape(source.shape)} in {names} and {shape(target.shape)} in the model"
            shapes.append(f"{name} is {sizes}")
        elif not fits(source.dtype, target.dtype):
            kinds = f"{dtype_name(source.dtype)} in {names} and {dtype_name(target.dtype)} in the model"
            dtypes.append(f"{name} is {kinds}")
    return shapes, dtypes


def same_shape(name: str, source: Iterable[int], target: Iterable[int]) -> bool:
    """Equal shapes; a positional table may have libtorch's extra dimension of one."""
    source, target = tuple(source), tuple(target)
    # PyTorch's files of before 2018 have numbers as tensors of one element.
    if source == target or (source == (1,) and target == ()):
        return True
    is_table = name.rpartition(".")[2] == "pe"
    return is_table and [n for n in source if n != 1] == [n for n in target if n != 1]


def identity(tensor: torch.Tensor) -> tuple[Any, ...]:
    """Tied weights have one identity under several names."""
    return here(tensor).data_ptr() or id(tensor), tuple(tensor.shape), tensor.stride()


def refuse_conflicts(
    targets: Mapping[str, torch.Tensor],
    equal: Callable[[str, str], bool],
    read: Callable[[str], torch.Tensor],
    what: str,
) -> None:
    """A weight that two parts of the model share cannot take two tensors that differ, nor can a view of one.

    Errors: BadFile naming both. (A merged layer no longer shares its weight; its file has two.)
    """
    first: dict[Any, str] = {}
    for name, tensor in targets.items():
        other = first.setdefault(identity(tensor), name)
        if other != name and not equal(other, name):
            raise _conflict(other, name, what)
    conflict = overlapping_conflict({name: targets[name] for name in first.values()}, read)
    if conflict is not None:
        raise _conflict(*conflict, what)


def _conflict(one: str, other: str, what: str) -> BadFile:
    return BadFile(
        f"{one} and {other} are one tensor in the model and differ in {what}. Nothing was "
        "changed; load into a model whose layers do not share their weight"
    )


def overlapping_conflict(
    targets: Mapping[str, torch.Tensor], read: Callable[[str], torch.Tensor]
) -> tuple[str, str] | None:
    """Two names whose tensors in the model share elements (a view and its base) and differ there in the file.

    Only tensors that share memory are read.
    """
    for names in _sharing(targets):
        memory = targets[names[0]].untyped_storage()
        # What the last one to be loaded leaves is what all of them must find there.
        scratch = torch.zeros(memory.nbytes(), dtype=torch.uint8).untyped_storage()
        views = {name: _looking_at(scratch, targets[name]) for name in names}
        values = {name: read(name).reshape(views[name].shape).to(views[name].dtype) for name in names}
        for name in names:
            views[name].copy_(values[name])
        for name in names:
            if not torch.equal(_bits(views[name]), _bits(values[name])):
                others = [other for other in names if other != name and _meet(targets[other], targets[name])]
                return (name, others[-1]) if others else None
    return None


def _sharing(targets: Mapping[str, torch.Tensor]) -> list[list[str]]:
    """The names of dense tensors that look at one storage, where several do and two of them meet."""
    by_storage: dict[int, list[str]] = {}
    for name, tensor in targets.items():
        if is_part(tensor):
            # Each shard has memory of its own.
            continue
        if tensor.layout is torch.strided and tensor.numel() and not tensor.is_meta:
            by_storage.setdefault(tensor.untyped_storage().data_ptr(), []).append(name)
    return [
        names
        for names in by_storage.values()
        if any(_meet(targets[a], targets[b]) for i, a in enumerate(names) for b in names[:i])
    ]


def _meet(one: torch.Tensor, other: torch.Tensor) -> bool:
    (first, end), (start, stop) = (_stretch(tensor) for tensor in (one, other))
    return first < stop and start < end


def _stretch(tensor: torch.Tensor) -> tuple[int, int]:
    last = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride(), strict=True))
    first = tensor.data_ptr()
    return first, first + (last + 1) * tensor.element_size()


def _looking_at(memory: torch.UntypedStorage, tensor: torch.Tensor) -> torch.Tensor:
    place = (tensor.storage_offset(), tensor.shape, tensor.stride())
    return torch.empty(0, dtype=tensor.dtype).set_(memory, *place)


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def described(name: str, tensor: Described) -> str:
    return f"{name} {shape(tensor.shape)}"


def _line(kind: str, texts: list[str]) -> str:
    if not texts:
        return ""
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return f"{kind}: {', '.join(texts[:_SHOWN])}{more}"


def _common_prefix(sources: Iterable[str], targets: Iterable[str]) -> str:
    """The prefix that all names of the file have in front of the model's, or an empty text."""
    first = next(iter(targets), "")
    wanted = set(targets)
    for name in sources:
        prefix = name.removesuffix("." + first)
        if prefix != name and {f"{prefix}.{target}" for target in wanted} <= set(sources):
            return prefix
    return ""


def _kinds(pairs: Pairs, sources: Mapping[str, Described]) -> frozenset[str]:
    """The floating-point dtypes of a model; none when other kinds of numbers do not fit."""
    targets = {name: tensors[0].dtype for name, tensors in pairs.items()}
    if not all(both_floating(sources[name].dtype, dtype) for name, dtype in targets.items()):
        return frozenset()
    return frozenset(dtype_name(dtype) for dtype in targets.values() if dtype.is_floating_point)


def _way_out(other_names: bool, other_shapes: bool, prefix: str, kinds: frozenset[str]) -> str:
    """What the user can do; `kinds` are the floating-point dtypes of the model."""
    if prefix:
        return f'the model is the part {prefix} of the file: (torch_load_model path model "{prefix}")'
    if other_shapes:
        return "build the model with the sizes of the file"
    if other_names:
        return "build the same architecture, or load a part: (torch_load_model path model (list names...))"
    if not kinds:
        return "save the file with the model's dtypes"
    state = "(torch_read_state_dict path)"
    if len(kinds) == 1:
        state = f'(torch_state_dict_convert {state} "{next(iter(kinds))}")'
    return f"convert the file's tensors: (torch_load_state_dict model {state})"
