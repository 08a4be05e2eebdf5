"""An open file of tensors: what it holds, and the reading of exactly the parts that are asked for.

An entry is either a stretch of the file or a tensor already in memory (formats that cannot be read in
place). Stretches are checked against their checksums before they are used, and copied straight to where they
are wanted. The layout comes from the readers of the formats; nothing here trusts it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from lispe_kernel.torch_library.distributed.parts import cut, here, is_part
from lispe_kernel.torch_library.files import checksums, known_whole, zip_sums
from lispe_kernel.torch_library.files.bytes import FileBytes, Hold, changed, changed_in_between
from lispe_kernel.torch_library.files.compaction import odd_kind
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.known_whole_store import Identity
from lispe_kernel.torch_library.files.trees import TensorRef, put_together
from lispe_kernel.torch_library.files.zip_sums import Record, Sums

Advance = Callable[[int], None]
# Bytes up to which waking PyTorch's threads costs more than the copy; elements below which it wakes none.
_SMALL = 1 << 20
_ALONE = 32768
# More than PyTorch can count.
_IMPOSSIBLE = 1 << 63
# Bytes by which a tensor may be larger than its file: one that repeats elements (expanded) is written once.
_UNFOLDED = 64 << 20


# Not frozen, which takes four times as long to make: a file may have a million.
@dataclass(slots=True)
class Entry:
    """One tensor of a file: its kind, and where its bytes are."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    offset: int = 0
    # Elements from one index to the next, per dimension; None for row after row.
    stride: tuple[int, ...] | None = None
    digest: str | None = None
    held: torch.Tensor | None = None
    # The record of a zip file in which the bytes lie, where it has a checksum.
    record: Record | None = None

    @property
    def span(self) -> int:
        """Bytes from the first to the last element."""
        if 0 in self.shape:
            return 0
        if self.stride is None:
            return math.prod(self.shape) * self.dtype.itemsize
        last = sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))
        return (last + 1) * self.dtype.itemsize


class Layout(NamedTuple):
    """What the reader of a format finds in a file before it touches a tensor."""

    format: str
    entries: dict[str, Entry]
    # The plain values of the file, with a TensorRef for each tensor.
    tree: Any
    # What the writer noted besides: kind of file, epoch, metrics, alpha ...
    summary: dict[str, Any]
    # The scheme of the entries' checksums; without one there is nothing to compare.
    scheme: str = ""
    # What PyTorch notes of the classes of the modules whose tensors these are.
    versions: dict[str, Any] | None = None
    # The checksums of the records of a zip file.
    sums: Sums | None = None


def check(layout: Layout, size: int) -> Layout:
    """The layout, when every stretch lies inside the file and the tree names no other tensors.

    Errors: BadFile naming the tensor.
    """
    for name, entry in layout.entries.items():
        if entry.held is not None:
            continue
        steps = entry.stride if entry.stride is not None else ()
        if not all(0 <= number < _IMPOSSIBLE for number in (*entry.shape, *steps, entry.offset)):
            raise BadFile(f"{name} has an impossible size or place; the file is damaged")
        if entry.offset + entry.span > size:
            raise BadFile(
                f"{name} needs {entry.offset + entry.span} bytes of the file, which has {size}; "
                "the file is truncated"
            )
    for name in names_in(layout.tree):
        if name not in layout.entries:
            raise BadFile(f"it names a tensor {name} that is not in it; the file is damaged")
    return layout


class Archive:
    """A file of tensors, open for reading until `close` (or the end of its `with`)."""

    def __init__(self, file: FileBytes, layout: Layout) -> None:
        self.file = file
        self.format, self.entries, self.tree, self.summary, self.scheme, self.versions, sums = layout
        self._sums = sums or {}

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Tensors that were read stay."""
        self.file.close()

    @property
    def path(self) -> str:
        """The place of the file."""
        return self.file.path

    @property
    def _version(self) -> Identity:
        return known_whole.identity(self.file.descriptor)

    def cost(self, names: Iterable[str]) -> int:
        """The bytes that pass while these tensors are compared, where that is needed, and read once."""
        names = list(names)
        return sum(self.entries[name].span for name in [*names, *self._to_compare(names)])

    def _to_compare(self, names: Iterable[str]) -> list[str]:
        wanted = [name for name in names if self._has_checksum(self.entries[name])]
        # Who writes through mapped memory leaves no time: what is open for writing is known to nobody.
        known = known_whole.known(self._version) if wanted and self.file.held is not Hold.WRITTEN else ()
        return [name for name in wanted if name not in known]

    def _has_checksum(self, entry: Entry) -> bool:
        if self.scheme == zip_sums.SCHEME:
            there = entry.record is not None or (entry.held is not None and bool(self._sums))
            return there and entry.span > 0
        return self.scheme in checksums.SCHEMES and entry.digest is not None

    def verify(self, names: Iterable[str], advance: Advance | None = None) -> None:
        """Compare the bytes of the tensors with the checksums noted when the file was written.

        A version of a file that is known to be whole is not compared again.
        Errors: BadFile naming the first damaged tensor, or one that cannot be copied.
        """
        names = list(names)
        self.check_plain(names)
        version = self._version
        wanted = self._to_compare(names)
        damaged = self._damaged(wanted, advance) if wanted else None
        if damaged is not None:
            raise BadFile(f"the bytes of {damaged} are damaged (checksum mismatch); take another copy")
        if self.file.changed:
            raise changed()
        if self.file.held is Hold.WRITTEN:
            return
        if wanted and set(wanted) == set(self._to_compare(self.entries)):
            known_whole.note_whole(version)
        elif wanted:
            known_whole.note(version, wanted)

    def _damaged(self, names: list[str], advance: Advance | None) -> str | None:
        """The first of the tensors whose bytes are not those that were written."""
        places = {name: self.entries[name] for name in names}
        if self.scheme == zip_sums.SCHEME:
            # Several tensors may lie in one record.
            pieces = dict(self._piece(name, entry) for name, entry in reversed(places.items()))
            owners = [name for name, _, _ in pieces.values()]
            whole = zip_sums.are_whole([(data, sums) for _, data, sums in pieces.values()], advance)
            return next((name for name, good in zip(owners, whole, strict=True) if not good), None)
        stretches = (self.file.stretch(e.offset, e.span) for e in places.values())
        found = checksums.digests(stretches, advance, self.scheme)
        return next((n for (n, e), text in zip(places.items(), found, strict=True) if text != e.digest), None)

    def _piece(self, name: str, entry: Entry) -> tuple[int, tuple[str, Any, frozenset[int]]]:
        """The record of a tensor: its place, and its bytes with the checksums that they may have."""
        if entry.record is not None:
            offset, size, crc = entry.record
            return offset, (name, self.file.stretch(offset, size), frozenset([crc]))
        data = zip_sums.storage_bytes(self._view(name))
        return data.ctypes.data, (name, data, self._sums.get(len(data), frozenset()))

    def check_plain(self, names: Iterable[str]) -> None:
        """Formats that other programs write may hold tensors of kinds that do not copy into dense ones.

        Errors: BadFile naming the first.
        """
        for name in names:
            held = self.entries[name].held
            kind = None if held is None else odd_kind(held)
            if kind is not None:
                raise BadFile(
                    f"{name} is {kind}; only dense tensors can be loaded, convert it before it is saved"
                )

    def _view(self, name: str) -> torch.Tensor:
        """The tensor as it lies in the file; not to be kept or changed."""
        entry = self.entries[name]
        if entry.held is not None:
            return entry.held
        if entry.span == 0:
            return torch.empty(entry.shape, dtype=entry.dtype)
        flat = self.file.tensor(entry.offset, entry.span)
        if entry.offset % entry.dtype.itemsize:
            flat = flat.clone()
        flat = flat.view(entry.dtype)
        return flat.view(entry.shape) if entry.stride is None else flat.as_strided(entry.shape, entry.stride)

    def read(self, name: str) -> torch.Tensor:
        """The tensor, in memory of its own, on the CPU. Errors: BadFile for one far larger than the file."""
        view = self._view(name)
        if view.nbytes > self.file.size + _UNFOLDED:
            size = f"{view.nbytes} bytes, the file has {self.file.size}"
            raise BadFile(f"{name} repeats a few numbers up to {size}; it is malicious or damaged")
        return view.clone(memory_format=torch.contiguous_format)

    def peek(self, name: str, start: int, count: int) -> torch.Tensor:
        """Some elements of a tensor, counted in the order of the file; only they are read."""
        entry = self.entries[name]
        if entry.held is not None:
            return entry.held.reshape(-1)[start : start + count]
        width = entry.dtype.itemsize
        return self.file.tensor(entry.offset + start * width, count * width).clone().view(entry.dtype)

    def read_into(self, targets: dict[str, list[torch.Tensor]], advance: Advance | None = None) -> None:
        """Put the tensors' values into tensors of the same shape, wherever those are.

        Errors: BadFile when another program wrote to the file meanwhile; says whether anything changed.
        """
        touched = False
        with torch.no_grad():
            # The last ones first: they were compared a moment ago and lie in the processor's cache still.
            for name, tensors in reversed(targets.items()):
                try:
                    for tensor in tensors:
                        self._fill(name, tensor)
                        touched = True
                except BadFile as error:
                    raise changed_in_between() if touched else error from None
                if advance is not None:
                    advance(self.entries[name].span)
        if self.file.changed:
            raise changed_in_between() if touched else changed()

    def _fill(self, name: str, target: torch.Tensor) -> None:
        entry = self.entries[name]
        if is_part(target):
            copy_values(cut(self._view(name), target), here(target))
            return
        alike = entry.stride is None and entry.dtype is target.dtype and target.is_contiguous()
        if self.file.mapped or entry.held is not None or not alike or target.device.type != "cpu":
            copy_values(self._view(name), target)
        elif entry.span:
            self.file.read(entry.offset, _changing(target))

    def tensors(self, names: Iterable[str], advance: Advance | None = None) -> dict[str, torch.Tensor]:
        """These tensors, verified, in memory of their own."""
        names = list(names)
        self.verify(names, advance)
        read = {}
        for name in names:
            read[name] = self.read(name)
            if advance is not None:
                advance(self.entries[name].span)
        return read

    def whole(self, tree: Any, advance: Advance | None = None) -> Any:
        """A part of the tree (or all of it) with its tensors, verified and read."""
        return put_together(tree, self.tensors(names_in(tree), advance).__getitem__)


def copy_values(source: torch.Tensor, target: torch.Tensor) -> None:
    """Copy the values. Tensors of middle size pass by PyTorch's threads."""
    alike = source.dtype is target.dtype and source.is_contiguous() and target.is_contiguous()
    middle = target.numel() >= _ALONE and target.nbytes <= _SMALL
    if not (alike and middle and target.device.type == "cpu"):
        target.copy_(source.reshape(target.shape))
        return
    _changing(target)[:] = source.view(-1).view(torch.uint8).numpy()


def _changing(target: torch.Tensor) -> np.ndarray:
    """The bytes of a contiguous tensor of the CPU, to be written to."""
    flat = target.detach().view(-1)
    # An empty change tells autograd that the values are other ones now.
    flat[:0].zero_()
    return flat.view(torch.uint8).numpy()


def names_in(tree: Any) -> Iterable[str]:
    """The names of the tensors in a tree, in order."""
    if isinstance(tree, TensorRef):
        yield tree.name
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from names_in(item)
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from names_in(item)
