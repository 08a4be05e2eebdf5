"""An open file of tensors: what it holds, and the reading of exactly the parts that are asked for.

An entry is either a stretch of the file or a tensor already in memory (formats that cannot be read in
place). Stretches are mapped into memory, checked against their checksums before they are used, and copied
straight to where they are wanted. The layout comes from the readers of the formats; nothing here trusts it.
"""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from lispe_kernel.torch_library import checksums, verified
from lispe_kernel.torch_library.file_errors import BadFile
from lispe_kernel.torch_library.plain_tree import TensorRef, put_together

Advance = Callable[[int], None]
# Bytes up to which waking PyTorch's threads costs more than the copy; elements below which it wakes none.
_SMALL = 1 << 20
_ALONE = 32768


@dataclass(frozen=True)
class Entry:
    """One tensor of a file: its kind, and where its bytes are."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    offset: int = 0
    # Elements from one index to the next, per dimension; None for row after row.
    stride: tuple[int, ...] | None = None
    digest: str | None = None
    held: torch.Tensor | None = None

    @property
    def span(self) -> int:
        """Bytes from the first to the last element."""
        if 0 in self.shape:
            return 0
        if self.stride is None:
            return math.prod(self.shape) * self.dtype.itemsize
        last = sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))
        return (last + 1) * self.dtype.itemsize


@dataclass
class Archive:
    """A file of tensors, open for reading until `close` (or the end of its `with`)."""

    path: str
    format: str
    descriptor: int
    size: int
    entries: dict[str, Entry]
    # The plain values of the file, with a TensorRef for each tensor.
    tree: Any
    # What the writer noted besides: kind of file, epoch, metrics, alpha ...
    summary: dict[str, Any] = field(default_factory=dict)
    _map: mmap.mmap | None = None

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Tensors that were read stay."""
        # The map goes with the last array that looks into it.
        self._map = None
        os.close(self.descriptor)

    def check_layout(self) -> None:
        """Every stretch lies inside the file. Errors: BadFile naming the tensor."""
        for name, entry in self.entries.items():
            steps = entry.stride if entry.stride is not None else ()
            if entry.held is not None:
                continue
            if min((*entry.shape, *steps, entry.offset), default=0) < 0:
                raise BadFile(f"{name} has a negative size or place; the file is damaged")
            if entry.offset + entry.span > self.size:
                raise BadFile(
                    f"{name} needs {entry.offset + entry.span} bytes of the file, which has {self.size}; "
                    "the file is truncated"
                )

    def cost(self, names: Iterable[str]) -> int:
        """The bytes that pass while these tensors are compared, where that is needed, and read once."""
        names = list(names)
        return sum(self.entries[name].span for name in [*names, *self._to_compare(names)])

    def _to_compare(self, names: Iterable[str]) -> list[str]:
        known = verified.known(verified.identity(self.descriptor))
        return [name for name in names if self.entries[name].digest is not None and name not in known]

    def verify(self, names: Iterable[str], advance: Advance | None = None) -> None:
        """Compare the bytes of the tensors with the checksums noted when the file was written.

        A version of a file that is known to be whole is not compared again.
        Errors: BadFile naming the first damaged tensor.
        """
        version = verified.identity(self.descriptor)
        wanted = self._to_compare(names)
        arrays = [self._bytes(self.entries[name]).numpy() for name in wanted]
        found = checksums.digests(arrays, advance)
        for name, text in zip(wanted, found, strict=True):
            if text != self.entries[name].digest:
                raise BadFile(f"the bytes of {name} are damaged (checksum mismatch); take another copy")
        if wanted and set(wanted) == set(self._to_compare(self.entries)):
            verified.note_whole(version)
        elif wanted:
            verified.note(version, wanted)

    def _bytes(self, entry: Entry) -> torch.Tensor:
        """The stretch of the file, mapped into memory."""
        if entry.span == 0:
            return torch.empty(0, dtype=torch.uint8)
        if self._map is None:
            # Private and never written to: nothing is copied, and PyTorch takes it for ordinary memory.
            self._map = mmap.mmap(self.descriptor, 0, access=mmap.ACCESS_COPY)
        return torch.frombuffer(self._map, dtype=torch.uint8, count=entry.span, offset=entry.offset)

    def _view(self, name: str) -> torch.Tensor:
        """The tensor as it lies in the file; not to be kept or changed."""
        entry = self.entries[name]
        if entry.held is not None:
            return entry.held
        if entry.span == 0:
            return torch.empty(entry.shape, dtype=entry.dtype)
        flat = self._bytes(entry)
        if entry.offset % entry.dtype.itemsize:
            flat = flat.clone()
        flat = flat.view(entry.dtype)
        return flat.view(entry.shape) if entry.stride is None else flat.as_strided(entry.shape, entry.stride)

    def read(self, name: str) -> torch.Tensor:
        """The tensor, in memory of its own, on the CPU."""
        return self._view(name).clone()

    def read_into(self, targets: dict[str, list[torch.Tensor]], advance: Advance | None = None) -> None:
        """Put the tensors' values into tensors of the same shape, wherever those are."""
        with torch.no_grad():
            # The last ones first: they were compared a moment ago and lie in the processor's cache still.
            for name, tensors in reversed(targets.items()):
                for tensor in tensors:
                    _copy(self._view(name), tensor)
                if advance is not None:
                    advance(self.entries[name].span)

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


def _copy(source: torch.Tensor, target: torch.Tensor) -> None:
    """Copy the values. Tensors of middle size pass by PyTorch's threads."""
    alike = source.dtype is target.dtype and source.is_contiguous() and target.is_contiguous()
    middle = target.numel() >= _ALONE and target.nbytes <= _SMALL
    if not (alike and middle and target.device.type == "cpu"):
        target.copy_(source.reshape(target.shape))
        return
    flat = target.detach().view(-1)
    # An empty change tells autograd that the values are other ones now.
    flat[:0].zero_()
    flat.view(torch.uint8).numpy()[:] = source.view(-1).view(torch.uint8).numpy()


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
