"""Which format a file has, by its bytes, and the one door through which files are opened and written.

`.pt` archives, PyTorch's older pickles, safetensors and TorchScript archives are read; a path that ends in
`.safetensors` is written so, any other as PyTorch's archive.
"""

from __future__ import annotations

import os
import zipfile
from typing import Any, BinaryIO

import torch

from lispe_kernel.torch_library import pt_files, safetensors_files, torchscript_files, verified
from lispe_kernel.torch_library.archives import Archive
from lispe_kernel.torch_library.atomic import write_file
from lispe_kernel.torch_library.compaction import compact
from lispe_kernel.torch_library.file_errors import DAMAGED_ZIP, BadFile
from lispe_kernel.torch_library.plain_tree import take_apart
from lispe_kernel.torch_library.progress import progress

# The records that are read besides the tensors.
_READ = ("/data.pkl", pt_files.INDEX, pt_files.SUMMARY)

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
    skeleton, tensors = take_apart(tree)
    tensors = compact(tensors)
    size = sum(tensor.nbytes for tensor in tensors.values())
    write = safetensors_files.write if path.endswith(".safetensors") else pt_files.write

    with progress(f"saving {os.path.basename(path)}", size) as advance:
        written = write_file(path, lambda file: write(file, skeleton, tensors, summary, advance))
    if written is not None:
        verified.note_written(verified.identity(written))
    return size


def open_file(path: str) -> Archive:
    """Open a file of tensors for reading.

    Errors: BadFile with a sentence about the file, OSError when it cannot be opened.
    """
    path = os.path.expanduser(path)
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        archive = _opened(path, file, size)
    try:
        archive.check_layout()
    except BadFile:
        archive.close()
        raise
    return archive


def _opened(path: str, file: BinaryIO, size: int) -> Archive:
    start = file.read(32)
    if safetensors_files.begins(start):
        return safetensors_files.open_archive(path, file, size)
    if start.startswith(pt_files.ZIP):
        return _opened_zip(path, file, size)
    if start.startswith(b"\x80"):
        return pt_files.open_foreign(path, file, size, in_place=False)
    raise BadFile(_what_else(start))


def _opened_zip(path: str, file: BinaryIO, size: int) -> Archive:
    try:
        with zipfile.ZipFile(file) as records:
            names = records.namelist()
            _refuse_compressed(records)
            if not any(name.endswith("/data.pkl") for name in names):
                raise BadFile("it is a zip file, but not one of PyTorch's")
            if any(name.endswith("/constants.pkl") for name in names):
                return torchscript_files.open_archive(path, file, size, records)
            return pt_files.open_archive(path, file, size, records)
    except DAMAGED_ZIP as error:
        raise BadFile(f"it is truncated or damaged ({_short(error)})") from error


def _refuse_compressed(records: zipfile.ZipFile) -> None:
    """A small compressed record could unpack to more than the memory holds."""
    for info in records.infolist():
        packed = info.compress_type != zipfile.ZIP_STORED
        if packed and (info.filename.endswith(_READ) or "/data/" in info.filename):
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


def shape_text(tensor: torch.Tensor | Any) -> str:
    """A shape as the reference writes it: `[256,512]`."""
    return "[" + ",".join(str(size) for size in tensor.shape) + "]"
