"""PyTorch's own files: written so that any PyTorch reads them, read without running anything in them.

The file is a plain `torch.save` archive; one more record, which PyTorch ignores, holds an index of ours: the
place and the checksum of each tensor, and the plain values. With the index a file is read in place; without
it (files of plain PyTorch) the place of each tensor is found in its pickle, or, where that holds more than
dense tensors, `torch.load` maps it into memory, restricted to tensors and plain values.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
import warnings
import zipfile
from collections.abc import Sequence
from typing import IO, Any, BinaryIO, cast

import numpy as np
import torch

from lispe_kernel.language.python.border import writes
from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.files.archive import Advance, Entry, Layout
from lispe_kernel.torch_library.files.errors import BROKEN, BadFile, OtherContent, what_is_damaged
from lispe_kernel.torch_library.files.outflow import Outflow
from lispe_kernel.torch_library.files.pickles import PlainMachine
from lispe_kernel.torch_library.files.trees import (
    from_json,
    put_together,
    take_apart_foreign,
    take_apart_into,
    to_json,
)
from lispe_kernel.torch_library.files.zip_sums import SCHEME, Record, Sums, bound, has_sums
from lispe_kernel.torch_library.support.dtypes import DTYPES, dtype_name
from lispe_kernel.torch_library.support.foreign_json import parsed

ZIP = b"PK\x03\x04"
INDEX = "lispe/index.json"
SUMMARY = "lispe/summary.json"
_DATE = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = 30
# PyTorch's own, of the layout of its files; the same since 2020.
_VERSION = b"3\n"

# `(->save torch {"epoch":3} "c.pt")`: any PyTorch reads what it wrote.
writes(torch.save)


# -- writing


def write(
    file: BinaryIO, skeleton: Any, tensors: dict[str, torch.Tensor], summary: dict[str, Any], advance: Advance
) -> None:
    """Write a tree (taken apart, its tensors compact) with its summary into an open file."""
    for name, tensor in tensors.items():
        if dtype_name(tensor.dtype) not in DTYPES:
            raise BadFile(f"{name} is {dtype_name(tensor.dtype)}, which cannot be stored; convert it first")
    # Before torch writes, not beside it: the threads would be in each other's way.
    digests = _digests(tensors)
    _save(_noted(put_together(skeleton, tensors.__getitem__), summary), Outflow(file, advance))
    described = _described(tensors, _places(file, tensors), digests)
    with zipfile.ZipFile(file, "a") as archive:
        index = {
            "checksum": checksums.SCHEME,
            # Where this record begins: in a file that was packed anew, the places below are no longer true.
            "place": archive.start_dir,
            "tree": to_json(skeleton),
            "tensors": described,
        }
        for name, content in ((INDEX, index), (SUMMARY, summary)):
            text = json.dumps(content, separators=(",", ":"))
            archive.writestr(zipfile.ZipInfo(f"archive/{name}", _DATE), text)


def _noted(tree: Any, summary: dict[str, Any]) -> Any:
    """The tree with the versions of the modules' classes where PyTorch looks for them."""
    versions = summary.get("versions")
    if versions:
        table = tree["model"] if summary.get("kind") == "checkpoint" else tree
        table._metadata = {path: {"version": version} for path, version in versions.items()}
    return tree


def _save(tree: Any, file: Outflow) -> None:
    try:
        torch.save(tree, cast("IO[bytes]", file))
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
    """The checksum of each tensor; shared bytes are read once."""
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


def own_layout(records: zipfile.ZipFile) -> Layout | None:
    """The layout by our index; None for a file without one, or one whose records were moved since."""
    index = next((info for info in records.infolist() if info.filename.endswith("/" + INDEX)), None)
    if index is None:
        return None
    # zipfile compares the record's own checksum: a flipped bit in the structure is found here.
    table = next(info for info in records.infolist() if info.filename.endswith("/data.pkl"))
    if has_sums(table):
        records.read(table)
    content = parsed(records.read(index))
    try:
        entries = {name: _entry(*fields) for name, fields in content["tensors"].items()}
        tree = from_json(content["tree"], entries)
        if content.get("place", index.header_offset) != index.header_offset:
            return None
        scheme = content["checksum"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadFile("its index is malformed; the file is damaged") from error
    return Layout("pt", entries, tree, read_summary(records) or {}, scheme)


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
    content = parsed(records.read(name))
    return content if isinstance(content, dict) else None


def plain_layout(records: zipfile.ZipFile, stream: BinaryIO, size: int) -> Layout | None:
    """The layout of a file of plain PyTorch, with checksums, that holds dense tensors and plain values.

    None for any other: torch itself reads it, which takes longer.
    """
    infos = {info.filename: info for info in records.infolist()}
    folder = records.namelist()[0].partition("/")[0]
    if len(infos) != len(records.infolist()) or not _as_here(records, folder):
        return None

    def place(key: str) -> Record:
        info = infos[f"{folder}/data/{key}"]
        return Record(data_offset(stream, info), info.file_size, info.CRC)

    try:
        tree = PlainMachine(place).run(records.read(f"{folder}/data.pkl"))
        skeleton, entries = take_apart_into(Entry, tree, most=size)
    except BadFile:
        return None
    return Layout("pt", entries, skeleton, {}, SCHEME, _versions(tree))


def _as_here(records: zipfile.ZipFile, folder: str) -> bool:
    """Whether a file has the version that is written today, and numbers as this machine has them."""
    wanted = {"version": _VERSION, "byteorder": sys.byteorder.encode()}
    there = records.namelist()
    return f"{folder}/data.pkl" in there and all(
        f"{folder}/{name}" in there and records.read(f"{folder}/{name}") == text
        for name, text in wanted.items()
    )


def data_records(records: zipfile.ZipFile, stream: BinaryIO) -> list[Record]:
    """Where the storages of a file of PyTorch lie, with their checksums."""
    found = (info for info in records.infolist() if "/data/" in info.filename)
    return [Record(data_offset(stream, info), info.file_size, info.CRC) for info in found]


def foreign_layout(
    source: str | BinaryIO, size: int, name: str, sums: Sums | None = None, records: Sequence[Record] = ()
) -> Layout:
    """A file of plain PyTorch: tensors and plain values only; mapped into memory when a path is given.

    `name` is the format's, `sums` the checksums of its records.
    """
    mapped = isinstance(source, str)
    if not isinstance(source, str):
        source.seek(0)
    try:
        with warnings.catch_warnings():
            # torch wonders about pickles of other programs; the error, if there is one, says enough.
            warnings.simplefilter("ignore", UserWarning)
            loaded = torch.load(source, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise _refused(error) from error
    except BROKEN as error:
        raise BadFile(f"it is truncated or damaged{what_is_damaged(error)}") from error
    # Each value takes a byte of the file at least, unless one list stands in it many times.
    skeleton, tensors = take_apart_foreign(loaded, most=size)
    own = bound(tensors, list(records)) if mapped and sums else {}
    entries = {
        # A nested tensor has no shape.
        key: Entry(
            tensor.dtype,
            () if tensor.is_nested else tuple(tensor.shape),
            held=tensor.detach(),
            record=own.get(key),
        )
        for key, tensor in tensors.items()
    }
    return Layout(name, entries, skeleton, {}, SCHEME if sums else "", _versions(loaded), sums)


def _versions(loaded: Any) -> dict[str, Any] | None:
    """What PyTorch notes of the modules' classes, beside the table or beside one in it."""
    tables = [loaded, *loaded.values()] if isinstance(loaded, dict) else []
    noted = (getattr(table, "_metadata", None) for table in tables)
    return next((found for found in noted if isinstance(found, dict)), None)


# What torch's restricted reader calls a class or function that it will not touch.
_NAMED = re.compile(r"(?:GLOBAL|but got|function) (?:<class ')?([\w.]+)")


def _refused(error: pickle.UnpicklingError) -> BadFile:
    """torch's refusal, reduced to the name of what the file wants to run."""
    found = _NAMED.search(str(error))
    # Nothing, where a table should be filled: torn bytes, and no wish to run something.
    if found is None or found[1] == "NoneType":
        return BadFile("it is truncated or damaged")
    return OtherContent(
        f"it holds {found[1]}, which is neither a tensor nor a plain value; nothing in it was run"
    )
