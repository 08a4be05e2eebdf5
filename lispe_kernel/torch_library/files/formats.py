"""Which format a file has, by its bytes, and the one door through which files are opened and written.

`.pt` archives, PyTorch's older pickles, safetensors and TorchScript archives are read; a path that ends in
`.safetensors` is written so, any other as PyTorch's archive.
"""

from __future__ import annotations

import errno
import os
import stat
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

import torch

from lispe_kernel.torch_library.files import known_whole, pt, safetensors, torchscript
from lispe_kernel.torch_library.files.archive import Archive, Layout, check
from lispe_kernel.torch_library.files.atomic import write_files
from lispe_kernel.torch_library.files.bytes import FileBytes, Hold
from lispe_kernel.torch_library.files.compaction import compact, stored_bytes
from lispe_kernel.torch_library.files.errors import BROKEN, DAMAGED_ZIP, BadFile
from lispe_kernel.torch_library.files.trees import take_apart
from lispe_kernel.torch_library.support.progress import progress

# How foreign files begin, so that the error can say what they are.
_FOREIGN = (
    (b"\x93NUMPY", "a numpy file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "compressed with gzip, unpack it first"),
    (b"GGUF", "a GGUF file"),
    (b"version https://git-lfs", "a Git LFS pointer; the real file was not downloaded (git lfs pull)"),
    (b"<", "a web page or XML, not a download of the file"),
    (b"{", "JSON text"),
)


def write_tree(path: str, tree: Any, summary: dict[str, Any]) -> int:
    """Write a tree of tensors and plain values to a file, atomically; gives the bytes of its tensors.

    Errors: BadFile, CannotWrite; the old file is then as it was.
    """
    return write_trees({path: (tree, summary)})


def write_trees(files: dict[str, tuple[Any, dict[str, Any]]]) -> int:
    """As `write_tree`, for several files: when one fails, all old files are as they were."""
    contents = {path: (*_ready(tree), summary) for path, (tree, summary) in files.items()}
    size = sum(stored_bytes(tensors) for _, tensors, _ in contents.values())
    name = os.path.basename(next(iter(files)))

    with progress(f"saving {name}", size) as advance:
        written = write_files(
            {path: partial(_fill, path, content, advance) for path, content in contents.items()}
        )
    for facts in written.values():
        if facts is not None:
            known_whole.note_written(known_whole.identity(facts))
    return size


def _ready(tree: Any) -> tuple[Any, dict[str, torch.Tensor]]:
    skeleton, tensors = take_apart(tree)
    return skeleton, compact(tensors)


def _fill(path: str, content: tuple[Any, Any, Any], advance: Callable[[int], None], file: BinaryIO) -> None:
    write = safetensors.write if path.endswith(".safetensors") else pt.write
    write(file, *content, advance)


def open_file(path: str) -> Archive:
    """Open a file of tensors for reading.

    Errors: BadFile with a sentence about the file, OSError when it cannot be opened.
    """
    path = os.path.expanduser(path)
    file = FileBytes(_open(path))
    try:
        size = os.fstat(file.descriptor).st_size
        with open(file.descriptor, "rb", buffering=0, closefd=False) as stream:
            layout = _layout(path, stream, size, file)
        return Archive(path, file, check(layout, size))
    except BROKEN as error:
        file.close()
        raise BadFile(f"it is damaged ({_short(error)})") from error
    except BaseException:
        file.close()
        raise


def _open(path: str) -> int:
    """A descriptor of an ordinary file; a pipe would keep us waiting for its writer."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise BadFile("it is a device or a pipe, not a file")


def _layout(path: str, stream: BinaryIO, size: int, file: FileBytes) -> Layout:
    start = stream.read(32)
    if safetensors.begins(start):
        return safetensors.layout(stream, size)
    if start.startswith(pt.ZIP):
        return _zip_layout(path, stream, size, file)
    if start.startswith(b"\x80"):
        return pt.foreign_layout(stream, size, "legacy")
    raise BadFile(_what_else(start))


def _zip_layout(path: str, stream: BinaryIO, size: int, file: FileBytes) -> Layout:
    try:
        with zipfile.ZipFile(stream) as records:
            names = records.namelist()
            _refuse_compressed(records)
            if not any(name.endswith("/data.pkl") for name in names):
                raise BadFile("it is a zip file, but not one of PyTorch's")
            if any(name.endswith("/constants.pkl") for name in names):
                return torchscript.layout(stream, records)
            found = pt.own_layout(records)
    except DAMAGED_ZIP as error:
        raise BadFile(f"it is truncated or damaged ({_short(error)})") from error
    # A file that somebody is writing to may shrink; mapped memory would vanish with it.
    source = stream if file.held is Hold.WRITTEN else path
    return found or pt.foreign_layout(source, size, "pt")


def _refuse_compressed(records: zipfile.ZipFile) -> None:
    """A small compressed record could unpack to more than the memory holds."""
    for info in records.infolist():
        # TorchScript compresses its program, which is never read.
        if info.compress_type != zipfile.ZIP_STORED and "/code/" not in info.filename:
            raise BadFile(
                f"its record {info.filename} is compressed, which PyTorch does not do; it is damaged"
            )


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:120] or type(error).__name__


def _what_else(start: bytes) -> str:
    if not start:
        return "it is empty"
    for mark, meaning in _FOREIGN:
        if start.startswith(mark):
            return f"it is {meaning}"
    return "it is neither a PyTorch file nor a safetensors file, or its beginning is damaged"
