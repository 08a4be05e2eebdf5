"""PyTorch's own files: written so that any PyTorch reads them, read without running anything in them.

The file is a plain `torch.save` archive; one more record, which PyTorch ignores, holds an index of ours: the
place and the checksum of each tensor, and the plain values. With the index a file is read in place; without
it (files of plain PyTorch) `torch.load` maps it into memory, restricted to tensors and plain values.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import warnings
import zipfile
from typing import Any, BinaryIO

import numpy as np
import torch

from lispe_kernel.torch_library import checksums
from lispe_kernel.torch_library.archives import Advance, Archive, Entry
from lispe_kernel.torch_library.file_errors import BROKEN, BadFile, OtherContent
from lispe_kernel.torch_library.guard import readable
from lispe_kernel.torch_library.outflow import Outflow
from lispe_kernel.torch_library.plain_tree import from_json, put_together, take_apart, to_json

ZIP = b"PK\x03\x04"
INDEX = "lispe/index.json"
SUMMARY = "lispe/summary.json"
_DATE = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = 30

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
        torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128,
        torch.float8_e4m3fn, torch.float8_e5m2,
    )
}  # fmt: skip


def dtype_name(dtype: torch.dtype) -> str:
    """`float32`, `bfloat16`, `int64` ..."""
    return str(dtype).removeprefix("torch.")


# -- writing


def write(
    file: BinaryIO, skeleton: Any, tensors: dict[str, torch.Tensor], summary: dict[str, Any], advance: Advance
) -> None:
    """Write a tree (taken apart, its tensors compact) with its summary into an open file."""
    # Before torch writes, not beside it: the threads would be in each other's way.
    digests = _digests(tensors)
    _save(put_together(skeleton, tensors.__getitem__), Outflow(file, advance))
    described = _described(tensors, _places(file, tensors), digests)
    index = {"checksum": checksums.NAME, "tree": to_json(skeleton), "tensors": described}
    with zipfile.ZipFile(file, "a") as archive:
        for name, content in ((INDEX, index), (SUMMARY, summary)):
            text = json.dumps(content, separators=(",", ":"))
            archive.writestr(zipfile.ZipInfo(f"archive/{name}", _DATE), text)


def _save(tree: Any, file: Outflow) -> None:
    try:
        torch.save(tree, file)
    except RuntimeError:
        # torch complains about the file's length where the disk is full, or where the user interrupted.
        if file.error is not None:
            raise file.error from None
        raise


def _places(file: BinaryIO, tensors: dict[str, torch.Tensor]) -> dict[int, int]:
    """Where in the file each storage lies: torch numbers them in the order in which it meets them."""
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        records = {info.filename: info for info in archive.infolist()}
        places: dict[int, int] = {}
        for tensor in tensors.values():
            storage = tensor.untyped_storage()
            if storage._cdata not in places:
                info = records[f"archive/data/{len(places)}"]
                places[storage._cdata] = _checked_place(file, info, storage)
    return places


def _checked_place(file: BinaryIO, info: zipfile.ZipInfo, storage: torch.UntypedStorage) -> int:
    """The offset of a record's bytes, which must be this storage's."""
    place = data_offset(file, info)
    memory = torch.empty(0, dtype=torch.uint8).set_(storage).numpy()
    for part in (slice(0, 64), slice(max(0, len(memory) - 64), len(memory))):
        file.seek(place + part.start)
        wanted = memory[part].tobytes()
        if info.file_size != len(memory) or file.read(len(wanted)) != wanted:
            raise BadFile("PyTorch laid the file out in an unknown way; nothing was saved")
    return place


def data_offset(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """The first byte of an uncompressed record, behind its local header."""
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER)
    names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return info.header_offset + _LOCAL_HEADER + names


def _digests(tensors: dict[str, torch.Tensor]) -> dict[str, str]:
    """The checksum of each tensor; shared bytes are added up once."""
    stretches = {name: _stretch(tensor) for name, tensor in tensors.items()}
    unique = {(array.ctypes.data, len(array)): array for array in stretches.values()}
    found = dict(zip(unique, checksums.digests(unique.values()), strict=True))
    return {name: found[array.ctypes.data, len(array)] for name, array in stretches.items()}


def _described(
    tensors: dict[str, torch.Tensor], places: dict[int, int], digests: dict[str, str]
) -> dict[str, list[Any]]:
    """name -> [dtype, shape, stride or null, offset in the file, checksum]."""
    described = {}
    for name, tensor in tensors.items():
        place = places[tensor.untyped_storage()._cdata]
        described[name] = [
            dtype_name(tensor.dtype),
            list(tensor.shape),
            None if tensor.is_contiguous() else list(tensor.stride()),
            place + tensor.storage_offset() * tensor.element_size(),
            digests[name],
        ]
    return described


def _stretch(tensor: torch.Tensor) -> np.ndarray:
    """The bytes from a tensor's first to its last element."""
    entry = Entry(tensor.dtype, tuple(tensor.shape), 0, tuple(tensor.stride()))
    start = tensor.storage_offset() * tensor.element_size()
    whole = torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage()).numpy()
    return whole[start : start + entry.span]


# -- reading


def open_archive(path: str, file: BinaryIO, size: int, records: zipfile.ZipFile) -> Archive:
    """The layout of a zip file of PyTorch: by our index where it has one, else through torch.load."""
    names = records.namelist()
    index = next((name for name in names if name.endswith("/" + INDEX)), None)
    if index is None:
        return open_foreign(path, file, size)
    # zipfile compares the record's own checksum: a flipped bit in the structure is found here.
    records.read(next(name for name in names if name.endswith("/data.pkl")))
    content = json.loads(records.read(index))
    try:
        entries = {name: _entry(*fields) for name, fields in content["tensors"].items()}
        tree = from_json(content["tree"])
        if content["checksum"] != checksums.NAME:
            entries = {n: Entry(e.dtype, e.shape, e.offset, e.stride) for n, e in entries.items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadFile("its index is malformed; the file is damaged") from error
    summary = read_summary(records) or {}
    return Archive(path, "pt", _own_descriptor(file), size, entries, tree, summary)


def _entry(dtype: str, shape: list[int], stride: list[int] | None, offset: int, digest: str | None) -> Entry:
    if not all(type(n) is int for n in (*shape, *(stride or ()), offset)) or len(stride or shape) != len(
        shape
    ):
        raise BadFile("its index is malformed; the file is damaged")
    return Entry(DTYPES[dtype], tuple(shape), offset, None if stride is None else tuple(stride), digest)


def read_summary(records: zipfile.ZipFile) -> dict[str, Any] | None:
    """What the writer noted about the file, or None for a file of another writer."""
    name = next((name for name in records.namelist() if name.endswith("/" + SUMMARY)), None)
    if name is None:
        return None
    content = json.loads(records.read(name))
    return content if isinstance(content, dict) else None


def open_foreign(path: str, file: BinaryIO, size: int, *, in_place: bool = True) -> Archive:
    """A file of plain PyTorch: tensors and plain values only, mapped into memory where that is possible."""
    file.seek(0)
    try:
        with warnings.catch_warnings():
            # torch wonders about pickles of other programs; the error, if there is one, says enough.
            warnings.simplefilter("ignore", UserWarning)
            loaded = torch.load(
                path if in_place else file, map_location="cpu", weights_only=True, mmap=in_place
            )
    except pickle.UnpicklingError as error:
        raise _refused(error) from error
    except BROKEN as error:
        raise BadFile(f"it is truncated or damaged ({readable(error)[:160]})") from error
    skeleton, tensors = take_apart(loaded)
    entries = {
        name: Entry(tensor.dtype, tuple(tensor.shape), held=tensor.detach())
        for name, tensor in tensors.items()
    }
    return Archive(path, "pt" if in_place else "legacy", _own_descriptor(file), size, entries, skeleton)


# What torch's restricted reader calls a class or function that it will not touch.
_NAMED = re.compile(r"(?:GLOBAL|but got|function) (?:<class ')?([\w.]+)")


def _refused(error: pickle.UnpicklingError) -> BadFile:
    """torch's refusal, reduced to the name of what the file wants to run."""
    found = _NAMED.search(str(error))
    if found is None:
        return BadFile("it is truncated or damaged")
    return OtherContent(
        f"it holds {found[1]}, which is neither a tensor nor a plain value; nothing in it was run"
    )


def _own_descriptor(file: BinaryIO) -> int:
    return os.dup(file.fileno())
