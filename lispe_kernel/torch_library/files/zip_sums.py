"""The checksums that PyTorch's own files carry: the CRC-32 that a zip file keeps of each of its records.

PyTorch writes them and does not compare them when it loads. A storage is the whole of one record, so its
bytes must have the checksum of a record of its size. Files that were written without checksums say so.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from lispe_kernel.torch_library.files.checksums import Bytes, threads

SCHEME = "zip-crc32"
# Progress and interrupts come between stretches.
_STRETCH = 8 << 20
# The checksums of a file's records by the size of the record.
Sums = dict[int, frozenset[int]]


class Record(NamedTuple):
    """Where the bytes of a record begin, how many there are, and their checksum."""

    offset: int
    size: int
    crc: int


def sums_of(records: zipfile.ZipFile) -> Sums:
    """The checksums of the storages in a file of PyTorch; none where it was written without.

    Errors: those of `zipfile` when the table of the tensors is damaged.
    """
    table = next(info for info in records.infolist() if info.filename.endswith("/data.pkl"))
    if not has_sums(table):
        return {}
    records.read(table)
    found: dict[int, set[int]] = {}
    for info in records.infolist():
        if "/data/" in info.filename:
            found.setdefault(info.file_size, set()).add(info.CRC)
    return {size: frozenset(crcs) for size, crcs in found.items()}


def bound(tensors: Mapping[str, torch.Tensor], records: list[Record]) -> dict[str, Record]:
    """The record of each tensor of a mapped file: storages lie in memory as far apart as records in the file.

    Empty where they do not match one to one (records that nothing names); any of the size does then.
    """
    dense = {name: t for name, t in tensors.items() if t.layout is torch.strided and not t.is_nested}
    storages = {name: tensor.untyped_storage() for name, tensor in dense.items()}
    sizes = {storage.data_ptr(): storage.nbytes() for storage in storages.values() if storage.nbytes()}
    there = sorted(record for record in records if record.size)
    pairs = list(zip(sorted(sizes.items()), there, strict=False))
    base = {pointer - record.offset for (pointer, _), record in pairs}
    alike = all(size == record.size for (_, size), record in pairs)
    if len(sizes) != len(there) or len(base) != 1 or not alike:
        return {}
    found = {pointer: record for (pointer, _), record in pairs}
    return {name: found[s.data_ptr()] for name, s in storages.items() if s.nbytes()}


def has_sums(table: zipfile.ZipInfo) -> bool:
    """Whether a file has checksums: PyTorch can be told to write zeros in their place."""
    return table.CRC != 0


def storage_bytes(tensor: torch.Tensor) -> np.ndarray:
    """All bytes of a tensor's storage."""
    return torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage()).numpy()


def are_whole(
    pieces: Iterable[tuple[Bytes, frozenset[int]]], advance: Callable[[int], None] | None = None
) -> list[bool]:
    """Whether each piece has one of the checksums that it may have."""
    pool = ThreadPoolExecutor(threads())
    try:
        begun = [(pool.submit(_crc, data), len(data), allowed) for data, allowed in pieces]
        found = []
        for work, size, allowed in begun:
            found.append(work.result() in allowed)
            if advance is not None:
                advance(size)
        return found
    finally:
        # After an error or an interrupt nobody wants the rest.
        pool.shutdown(cancel_futures=True)


def _crc(data: Bytes) -> int:
    crc = 0
    for start in range(0, len(data), _STRETCH):
        crc = zlib.crc32(data[start : min(start + _STRETCH, len(data))].data, crc)
    return crc
