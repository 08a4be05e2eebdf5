"""All or nothing: every name, shape and dtype is compared before the first tensor of a model changes.

The tensors of a file (or of a state dict) are paired with those of a model; when something does not fit, one
error lists everything that is missing, unexpected and mismatched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import torch

from lispe_kernel.torch_library.files.errors import Misfit
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
) -> Pairs:
    """Which tensors each source fills. Every target must be filled and every source used.

    Errors: Misfit beginning with `what`, which lists all that does not fit.
    """
    pairs = {name: [target] for name, target in targets.items() if name in sources}
    filled = {identity(target) for tensors in pairs.values() for target in tensors}
    missing = [n for n, target in targets.items() if n not in sources and identity(target) not in filled]
    unexpected = [name for name in sources if name not in targets]
    shapes, dtypes = differences(pairs, sources, "the file", fits)
    problems = [
        _line("missing", [_described(name, targets[name]) for name in missing]),
        _line("unexpected", [_described(name, sources[name]) for name in unexpected]),
        _line("mismatched", shapes),
        _line("of another dtype", dtypes),
    ]
    found = "; ".join(problem for problem in problems if problem)
    if found:
        prefix = _common_prefix(sources, targets)
        way_out = _way_out(bool(missing or unexpected), bool(shapes), prefix, _kinds(pairs, sources))
        raise Misfit(f"{what}: {found}. Nothing was changed; {way_out}")
    return pairs


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
    if source == target:
        return True
    is_table = name.rpartition(".")[2] == "pe"
    return is_table and [n for n in source if n != 1] == [n for n in target if n != 1]


def identity(tensor: torch.Tensor) -> tuple[Any, ...]:
    """Tied weights have one identity under several names."""
    return tensor.data_ptr() or id(tensor), tuple(tensor.shape), tensor.stride()


def _described(name: str, tensor: Described) -> str:
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


def _kinds(pairs: Pairs, sources: Mapping[str, Described]) -> set[str]:
    """The floating-point dtypes of a model; none when other kinds of numbers do not fit."""
    targets = {name: tensors[0].dtype for name, tensors in pairs.items()}
    if not all(both_floating(sources[name].dtype, dtype) for name, dtype in targets.items()):
        return set()
    return {dtype_name(dtype) for dtype in targets.values() if dtype.is_floating_point}


def _way_out(other_names: bool, other_shapes: bool, prefix: str, kinds: set[str]) -> str:
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
        state = f'(torch_state_dict_convert {state} "{kinds.pop()}")'
    return f"convert the file's tensors: (torch_load_state_dict model {state})"
