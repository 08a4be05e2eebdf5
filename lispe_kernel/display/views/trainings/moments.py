"""What weights are looked at over time: checkpoints of a folder, files, state dicts, each with its place.

A file is opened twice and never held in memory as a whole; its checksums are compared the first time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import one_line
from lispe_kernel.display.views.state_dicts import tensors_of
from lispe_kernel.display.views.timeline import Timeline, moments_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import to_text, wrong_argument

Opened = tuple[Sequence[str], Callable[[str], Any]]  # the names of tensors, and what gives one of them


@dataclass(frozen=True)
class Moment:
    """Weights at one time: what stands for it on an axis, and a way to their tensors."""

    label: str
    where: Any  # a path, or named tensors
    damage: str = ""
    is_epoch: bool = False  # whether the label is an epoch

    @property
    def size(self) -> int:
        """About how many bytes are read."""
        return (
            os.path.getsize(self.where) if isinstance(self.where, str) and os.path.isfile(self.where) else 0
        )

    @contextmanager
    def opened(self, verify: bool) -> Iterator[Opened]:
        """The tensors, while it is open. Errors: BadFile, OSError."""
        if not isinstance(self.where, str):
            yield list(self.where), self.where.__getitem__
            return
        from lispe_kernel.torch_library.files.formats import open_file  # noqa: PLC0415 - PyTorch is imported when it is first needed
        from lispe_kernel.torch_library.state.names import state_names  # noqa: PLC0415 - PyTorch is imported when it is first needed

        with open_file(self.where) as archive:
            names = state_names(archive.tree)
            if verify:
                archive.verify(names.values())
            yield list(names), lambda name: archive.read(names[name])


def moments_in(function: str, value: Any) -> list[Moment]:
    """The moments of a folder, a timeline, a listing, a list or a dictionary.

    Errors: for anything else, and for fewer than one.
    """
    if isinstance(value, str):
        value = [value] if os.path.isfile(value) else _listed(value)
    elif _holds_tensors(value):
        value = [value]
    if isinstance(value, list | tuple) and value and all(_is_entry(item) for item in value):
        value = Timeline("", tuple(moments_of(value)))
    if isinstance(value, Timeline):
        found = [
            Moment(_epoch(m.epoch, k), m.path, m.damage, m.epoch is not None)
            for k, m in enumerate(value.moments)
        ]
    elif isinstance(value, list | tuple):
        found = [_moment(function, item, str(k)) for k, item in enumerate(value)]
    elif isinstance(value, Mapping):
        found = [_moment(function, item, to_text(key), named=True) for key, item in value.items()]
    else:
        raise _wrong(function, value)
    if not found:
        raise LispeError(f"Error: {function}: there are no weights to look at")
    return found


def _listed(folder: str) -> Timeline:
    """The checkpoints of a folder by their headers."""
    from lispe_kernel.torch_library.checkpoints.folders import list_checkpoints  # noqa: PLC0415 - PyTorch is imported when it is first needed

    return Timeline(folder, tuple(moments_of(list_checkpoints(folder))))


def _wrong(function: str, value: Any) -> LispeError:
    expected = "a folder of checkpoints, a timeline, or a list of files, state dicts or modules"
    return wrong_argument(function, 1, expected, value)


def _holds_tensors(value: Any) -> bool:
    """Whether it is a module, a checkpoint or a state dict alone."""
    if isinstance(value, Mapping):
        return any(hasattr(item, "numel") for item in value.values())
    return hasattr(value, "named_parameters") or isinstance(getattr(value, "model", None), Mapping)


def _is_entry(item: Any) -> bool:
    """Whether it is a line of `torch_list_checkpoints`."""
    return isinstance(item, Mapping) and {"path", "epoch", "metrics", "problem"} <= item.keys()


def _epoch(epoch: float | None, place: int) -> str:
    return numbers.value(float(place) if epoch is None or not math.isfinite(epoch) else epoch)


def _moment(function: str, item: Any, label: str, named: bool = False) -> Moment:
    if isinstance(item, str):
        epoch = "" if named else _epoch_of(item)
        return Moment(epoch or label, item, is_epoch=bool(epoch))
    inner, epoch = getattr(item, "model", None), ""
    if isinstance(inner, Mapping):
        told = getattr(item, "epoch", None)
        item, epoch = inner, "" if named or not isinstance(told, int) else str(told)
    elif hasattr(item, "state_dict") and hasattr(item, "named_parameters"):
        item = item.state_dict()
    found = dict(tensors_of(item)) if isinstance(item, Mapping) else {}
    if not found:
        raise _wrong(function, item)
    return Moment(epoch or one_line(label, 24), found, is_epoch=bool(epoch))


def _epoch_of(path: str) -> str:
    """The epoch that a checkpoint's header tells."""
    from lispe_kernel.torch_library.checkpoints.headers import read_header  # noqa: PLC0415 - PyTorch is imported when it is first needed
    from lispe_kernel.torch_library.files.errors import BadFile  # noqa: PLC0415 - PyTorch is imported when it is first needed

    try:
        header = read_header(path)
    except (BadFile, OSError):
        return ""  # opening it says what is wrong
    epoch = getattr(header, "epoch", None)
    return numbers.value(float(epoch)) if isinstance(epoch, int | float) else ""
