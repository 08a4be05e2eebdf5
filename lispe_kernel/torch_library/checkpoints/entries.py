"""What stands in a checkpoint besides its model: the names programs have for it, and what LispE makes of it.

Knows the checkpoints of plain PyTorch, of Lightning and of nanoGPT. Reads and writes no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.files.trees import LARGEST_BITS
from lispe_kernel.torch_library.state.names import MODEL_KEYS
from lispe_kernel.torch_library.state.state_dicts import StateDict
from lispe_kernel.torch_library.support import arguments

# The names under which other programs keep these parts.
_ALSO = {
    "optimizer_state_dict": "optimizer",
    "optimizer_states": "optimizer",
    "scheduler_state_dict": "scheduler",
    "lr_scheduler": "scheduler",
    "lr_schedulers": "scheduler",
}
# What Lightning keeps as lists, of one for most trainings.
_LISTS = ("optimizer_states", "lr_schedulers")
# What nanoGPT counts instead of epochs.
_COUNTER = "iter_num"
_OURS = frozenset(
    {"optimizer", "epoch", "random", "trained", "scheduler", "metrics", "batches", *MODEL_KEYS, *_ALSO}
)


def other_parts(tree: Any) -> dict[str, Any]:
    """The parts of a checkpoint besides the model, under our names; nothing when it is a plain state dict."""
    if not isinstance(tree, dict) or not any(isinstance(tree.get(key), dict) for key in MODEL_KEYS):
        return {}
    others = {key: value for key, value in tree.items() if key not in MODEL_KEYS}
    parts = {_ALSO.get(key) or key: _alone(key, value) for key, value in others.items()}
    if "epoch" not in parts and _COUNTER in parts:
        parts["epoch"] = parts[_COUNTER]
    return parts


def _alone(key: str, value: Any) -> Any:
    """The only one of a list of optimizers or schedules; nothing for an empty list, several as they are."""
    if key not in _LISTS or not isinstance(value, list | tuple) or len(value) > 1:
        return value
    return value[0] if value else None


def whole_epoch(value: Any) -> int | None:
    """An epoch as programs write it: 7, 7.0, "7" or a tensor of one element; None for anything else."""
    if isinstance(value, torch.Tensor):
        value = value.item() if value.numel() == 1 else None
    if isinstance(value, str):
        # int() would take more than digits.
        return int(value) if value.isdecimal() and len(value) < 20 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def entry_of(value: Any) -> Any:
    """An entry as LispE has it; a table of tensors is a state dict."""
    if isinstance(value, dict) and value and all(isinstance(item, torch.Tensor) for item in value.values()):
        return StateDict({str(name): tensor for name, tensor in value.items()})
    return to_lispe(value)


def to_lispe(value: Any) -> Any:
    """Plain values of Python as LispE's: true and nil, lists, dictionaries."""
    if isinstance(value, bool):
        return TRUE if value else None
    if isinstance(value, Mapping):
        table = Dictionary()
        table.update({str(key): to_lispe(item) for key, item in value.items()})
        return table
    if isinstance(value, list | tuple):
        return List(to_lispe(item) for item in value)
    return value


def own_entries(extra: Any, prefix: str) -> dict[str, Any]:
    """A user's entries for a file. Errors: LispeError for a name with a meaning, or a value without place."""
    if extra is None:
        return {}
    if not isinstance(extra, Dictionary):
        raise arguments.instead(f"{prefix}extra must be a dictionary of entries", extra)
    for name in extra:
        if name in _OURS:
            raise LispeError(f"{prefix}the entry {name} of extra has a name that the checkpoint uses itself")
    return {str(name): plain(value, str(name), prefix, tensors=True) for name, value in extra.items()}


def plain(value: Any, place: str, prefix: str, *, tensors: bool = False) -> Any:
    """Numbers, texts, lists and tables as plain values; a tensor of one element is a number.

    With `tensors` it stays, as larger ones and state dicts do.
    """
    if value is None or isinstance(value, bool):
        return value
    if value is TRUE:
        return True
    if isinstance(value, int) and int(value).bit_length() > LARGEST_BITS:
        raise LispeError(f"{prefix}{place} has more than 600 digits, which PyTorch's files cannot hold")
    for kind in (int, float, str):  # also LispE's short and 32-bit float
        if isinstance(value, kind):
            return kind(value)
    if tensors and isinstance(value, StateDict):
        return dict(value.tensors)
    if isinstance(value, torch.Tensor) and (tensors or value.numel() == 1):
        return value if tensors else plain(value.item(), place, prefix)
    if isinstance(value, dict):
        items = value.items()
        return {str(key): plain(item, f"{place}.{key}", prefix, tensors=tensors) for key, item in items}
    if isinstance(value, list | TypedList):
        return [plain(item, place, prefix, tensors=tensors) for item in value]
    kinds = "a tensor, a state dict, a number, a text" if tensors else "a number, a text"
    raise arguments.instead(f"{prefix}{place} must be {kinds}, or a list or table of them", value)
