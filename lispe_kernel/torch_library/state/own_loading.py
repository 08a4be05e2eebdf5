"""Modules that do something when they are loaded: they load by their own `load_state_dict`, or not at all.

Hooks, extra states, parametrizations, lazy layers and overridden methods run as in PyTorch. What such a load
changed is put back when something does not fit; a module whose state cannot be put back is refused first.
Plain modules never come here: their tensors are copied where they lie.
"""

from __future__ import annotations

import copy
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.state.modules import takes_extra_state
from lispe_kernel.torch_library.state.names import joined
from lispe_kernel.torch_library.support.wording import readable

_PLAIN_LOADS = (nn.Module._load_from_state_dict, _NormBase._load_from_state_dict)
_METHODS = ("load_state_dict", "_load_from_state_dict", "set_extra_state")
_SIZES = re.compile(
    r"size mismatch for (\S+): copying a param with shape torch\.Size\(\[([\d, ]*)\]\) from checkpoint, "
    r"the shape in current model is torch\.Size\(\[([\d, ]*)\]\)"
)


class Outcome(NamedTuple):
    """What a module's own load said: names it lacked, names it did not know, and shapes that differ."""

    missing: list[str]
    unexpected: list[str]
    # The shapes on both sides, by name: in the file, in the model.
    mismatched: dict[str, tuple[str, str]]


def loads_itself(modules: Mapping[str, nn.Module], names: Mapping[str, Any]) -> bool:
    """Whether a part of the modules does more than copy when it is loaded from tensors of these names."""
    return any(
        _is_own(part) or _is_old_norm(part, joined(joined(prefix, path), "num_batches_tracked"), names)
        for prefix, module in modules.items()
        for path, part in module.named_modules()
    )


def _is_own(part: nn.Module) -> bool:
    kind = type(part)
    return (
        kind._load_from_state_dict not in _PLAIN_LOADS
        or kind.load_state_dict is not nn.Module.load_state_dict
        or takes_extra_state(part)
        or any(
            map(
                _is_of_users,
                (*part._load_state_dict_pre_hooks.values(), *part._load_state_dict_post_hooks.values()),
            )
        )
        or any(name in vars(part) for name in _METHODS)
    )


def _is_of_users(hook: Any) -> bool:
    """Whether a hook is not one of models in shards, which only makes sure that the tensors are shards."""
    module = getattr(getattr(hook, "hook", hook), "__module__", None) or ""
    return not module.startswith("torch.distributed.fsdp.")


def _is_old_norm(part: nn.Module, counter: str, names: Mapping[str, Any]) -> bool:
    """A batch norm that counts its batches, where the file is from before PyTorch counted them."""
    return isinstance(part, _NormBase) and part.num_batches_tracked is not None and counter not in names


@contextmanager
def undone_on_error(modules: Mapping[str, nn.Module]) -> Iterator[Before]:
    """What an error leaves of the modules is what they were before. Errors: BadFile where that cannot be."""
    before = Before(list({id(p): p for m in modules.values() for p in m.modules()}.values()))
    try:
        yield before
    except BaseException:
        before.put_back()
        raise


class Before:
    """Modules as they are: their attributes, the values of their tensors, their extra states."""

    def __init__(self, parts: list[nn.Module]) -> None:
        self._extra = [(part, _extra_state(part)) for part in parts if takes_extra_state(part)]
        self._tables = [(vars(part), dict(vars(part))) for part in parts]
        self._containers = [
            (value, copy.copy(value))
            for _, table in self._tables
            for value in table.values()
            if type(value) in (dict, OrderedDict, list, set)
        ]
        found = {id(t): t for part in parts for t in _tensors(part)}.values()
        self._lazy = [(tensor, type(tensor)) for tensor in found if nn.parameter.is_lazy(tensor)]
        self._values = [_Value.of(tensor) for tensor in found if not nn.parameter.is_lazy(tensor)]

    def put_back(self) -> None:
        for table, kept in self._tables:
            table.clear()
            table.update(kept)
        for container, items in self._containers:
            container.clear()
            container.extend(items) if isinstance(container, list) else container.update(items)
        for tensor, kind in self._lazy:
            if type(tensor) is not kind:
                tensor.data = tensor.new_empty(0)
                tensor.__class__ = kind
        with torch.no_grad():
            for value in self._values:
                value.put_back()
        for part, state in self._extra:
            part.set_extra_state(state)


class _Value(NamedTuple):
    """A tensor, the memory it looks at, and a copy of the values there."""

    tensor: torch.Tensor
    memory: torch.Tensor
    values: torch.Tensor

    @classmethod
    def of(cls, tensor: torch.Tensor) -> _Value:
        return cls(tensor, tensor.detach(), tensor.detach().clone())

    def put_back(self) -> None:
        if self.tensor.shape != self.memory.shape or self.tensor.data_ptr() != self.memory.data_ptr():
            self.tensor.data = self.memory
        self.memory.copy_(self.values)


def _tensors(part: nn.Module) -> Iterator[torch.Tensor]:
    for value in (*part._parameters.values(), *part._buffers.values(), *vars(part).values()):
        if isinstance(value, torch.Tensor):
            yield value


def _extra_state(part: nn.Module) -> Any:
    try:
        return copy.deepcopy(part.get_extra_state())
    except Exception as error:  # whatever the class of somebody says
        raise BadFile(
            f"the model's {type(part).__name__} takes an extra state and does not give the one it has "
            f"({readable(error)}): a load that fails could not be undone; load it with torch in Python"
        ) from error


def load_itself(
    module: nn.Module, state: Mapping[str, Any], versions: Mapping[str, Any] | None, before: Before
) -> Outcome:
    """Let a module load a state by its own method; tensors whose shapes differ are left out and named.

    `versions` is what PyTorch's files note of the classes (`_metadata`).
    Errors: BadFile with what the module says.
    """
    left: OrderedDict[str, Any] = OrderedDict(state)
    mismatched: dict[str, tuple[str, str]] = {}
    while True:
        try:
            if versions is not None:
                left._metadata = copy.deepcopy(versions)  # type: ignore[attr-defined]
            missing, unexpected = _loaded(module, left)
            break
        except Exception as error:  # a hook may raise anything
            sizes = {name: (there, here) for name, there, here in _SIZES.findall(str(error))}
            # A name that a hook made is not in the file: nothing can be left out.
            if not sizes or not all(name in left for name in sizes):
                raise BadFile(
                    f"the model does not take it ({_said(error, sizes)}). Nothing was changed"
                ) from error
            before.put_back()
            mismatched |= sizes
            left = OrderedDict((name, value) for name, value in left.items() if name not in sizes)
    return Outcome([name for name in missing if name not in mismatched], unexpected, mismatched)


def _said(error: Exception, sizes: Mapping[str, tuple[str, str]]) -> str:
    told = [f"{name} becomes [{there}] and is [{here}] there" for name, (there, here) in sizes.items()]
    return ", ".join(told) if told else " ".join(readable(error).split())


def _loaded(module: nn.Module, state: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    with torch.no_grad():
        if has_no_memory(module):
            tied = _tied(module)
            found: Any = module.load_state_dict(state, strict=False, assign=True)
            _tie(tied)
        else:
            found = module.load_state_dict(state, strict=False)
    # A class with a method of its own may say nothing.
    return list(getattr(found, "missing_keys", ())), list(getattr(found, "unexpected_keys", ()))


def has_no_memory(module: nn.Module) -> bool:
    """Whether a part of a module is on the meta device: it takes the tensors of a file as its own."""
    return any(t.is_meta for t in (*module.parameters(), *module.buffers()) if not nn.parameter.is_lazy(t))


def _tied(module: nn.Module) -> list[list[tuple[nn.Module, str]]]:
    """The places of each parameter that stands at several."""
    places: dict[int, list[tuple[nn.Module, str]]] = {}
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None:
                places.setdefault(id(parameter), []).append((part, name))
    return [several for several in places.values() if len(several) > 1]


def _tie(groups: list[list[tuple[nn.Module, str]]]) -> None:
    """One parameter again where one was. Errors: where the file gave the places other values."""
    for (part, name), *others in groups:
        first = part._parameters[name]
        for other, called in others:
            now = other._parameters[called]
            if first is None or now is None or now.is_meta or first.is_meta or not torch.equal(first, now):
                raise ValueError(f"{name} and {called} are one tensor in the model and differ in the file")
            other._parameters[called] = first
