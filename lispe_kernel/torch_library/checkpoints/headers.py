"""What a file in a folder of checkpoints is, by its first bytes and its header; no tensor is read.

A checkpoint of ours is known under any name. Under the names that PyTorch's files have, those of other
programs are known too, and a file that is none of them is damaged.
"""

from __future__ import annotations

import math
import os
import zipfile
from dataclasses import dataclass
from typing import Any, BinaryIO

from lispe_kernel.torch_library.checkpoints.entries import other_parts, whole_epoch
from lispe_kernel.torch_library.files import pt, safetensors, shards
from lispe_kernel.torch_library.files.archive import Archive
from lispe_kernel.torch_library.files.errors import BROKEN, DAMAGED_ZIP, BadFile, OtherContent
from lispe_kernel.torch_library.files.formats import open_file
from lispe_kernel.torch_library.files.trees import TensorRef

# What is called so holds tensors, or is damaged; `.bin` may be anything.
SURE_SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors")
SUFFIXES = (*SURE_SUFFIXES, ".bin")

# How our two formats begin: the name of a zip file's first record, the first key of a safetensors header.
_OUR_BEGINNINGS = ((30, b"archive/data.pkl"), (8, b'{"__metadata__"'))
_BEGINNING = 64
# A pickle: PyTorch's format of before 2020, which has no header that could be read alone.
_PICKLE = b"\x80"
# The end of a zip file without a comment.
_ZIP_END, _ZIP_END_BYTES = b"PK\x05\x06", 22


@dataclass(frozen=True)
class Header:
    """What the header of a checkpoint tells."""

    epoch: int
    metrics: dict[str, Any]
    # Written by this kernel, not by another program.
    ours: bool


def read_header(path: str) -> Header | None:
    """The header of a checkpoint; None for a file that is something else.

    Something else are models, adapters, files whose objects are not read here, pickles of old PyTorch.
    Errors: BadFile when the file's structure is damaged; OSError.
    """
    try:
        return _of_folder(path) if os.path.isdir(path) else _read_header(path)
    except (*BROKEN, RecursionError) as error:
        raise BadFile("its header is malformed; the file is damaged") from error


def _read_header(path: str) -> Header | None:
    with open(path, "rb", buffering=0) as file:
        start = file.read(_BEGINNING)
        size = os.fstat(file.fileno()).st_size
        if not path.endswith(SUFFIXES) and not _begins_like_ours(start):
            _refuse_beheaded(file, size)
            return None
        if safetensors.begins(start):
            summary = safetensors.read_summary(file, size)
        elif start.startswith(pt.ZIP):
            summary = _zip_summary(file)
        elif start.startswith(_PICKLE):
            return None
        else:
            _refuse_beheaded(file, size)
            return _of_another_program(path) if path.endswith(SURE_SUFFIXES) else None
    if summary is not None:
        return _of_ours(summary)
    return _of_another_program(path) if path.endswith(SUFFIXES) else None


def _of_folder(path: str) -> Header | None:
    """What ranks wrote into a folder: its index, and whether the files have their sizes."""
    index = shards.read_index(path)
    wrong = shards.missing_file(path, index)
    if wrong:
        raise BadFile(wrong)
    return _of_ours(index.summary)


def _begins_like_ours(start: bytes) -> bool:
    return any(start[place:].startswith(mark) for place, mark in _OUR_BEGINNINGS)


def _refuse_beheaded(file: BinaryIO, size: int) -> None:
    """Find a checkpoint of ours whose first bytes are lost: its end still tells what it was."""
    if size < _ZIP_END_BYTES:
        return
    file.seek(-_ZIP_END_BYTES, os.SEEK_END)
    if file.read(_ZIP_END_BYTES).startswith(_ZIP_END):
        summary = _zip_summary(file)
        if summary is not None and summary.get("kind") == "checkpoint":
            raise BadFile("its beginning is damaged")


def _zip_summary(file: BinaryIO) -> dict[str, Any] | None:
    """Our note about a file of PyTorch: None when another program wrote it, empty for any other zip file."""
    try:
        with zipfile.ZipFile(file) as records:
            if not any(name.endswith("/data.pkl") for name in records.namelist()):
                return {}
            return pt.read_summary(records)
    except DAMAGED_ZIP as error:
        raise BadFile("it is truncated or damaged") from error


def _of_ours(summary: dict[str, Any]) -> Header | None:
    if summary.get("kind") != "checkpoint":
        return None
    epoch, metrics = summary.get("epoch"), summary.get("metrics")
    if type(epoch) is not int:
        raise BadFile("its header is malformed; the file is damaged")
    return Header(epoch, metrics if isinstance(metrics, dict) else {}, ours=True)


def _of_another_program(path: str) -> Header | None:
    """A file of another program: its plain values are read, its tensors only mapped."""
    try:
        with open_file(path) as archive:
            parts = {key: _number(archive, value) for key, value in other_parts(archive.tree).items()}
            epoch = whole_epoch(parts.pop("epoch", None))
            if epoch is None:
                return None
            metrics = parts.get("metrics")
            inner = metrics if isinstance(metrics, dict) else {}
            told = {**parts, **{key: _number(archive, value) for key, value in inner.items()}}
    except OtherContent:
        return None
    return Header(epoch, {k: v for k, v in told.items() if type(v) in (int, float, str)}, ours=False)


def _number(archive: Archive, value: Any) -> Any:
    """A tensor of one element as a number; anything else as it is."""
    if isinstance(value, TensorRef) and math.prod(archive.entries[value.name].shape) == 1:
        return archive.read(value.name).item()
    return value
