"""Which format a file has, by its bytes, and the one door through which files are opened and written.

`.pt` archives, PyTorch's older pickles, safetensors and TorchScript archives are read; a path that ends in
`.safetensors` is written so, any other as PyTorch's archive.
"""

from __future__ import annotations

import errno
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import torch

from lispe_kernel.torch_library.files import known_whole, pt, safetensors, shards, torchscript, zip_sums
from lispe_kernel.torch_library.files.archive import Advance, Archive, Layout, check
from lispe_kernel.torch_library.files.atomic import Fill, write_files
from lispe_kernel.torch_library.files.bytes import FileBytes, Hold
from lispe_kernel.torch_library.files.compaction import compact, stored_bytes
from lispe_kernel.torch_library.files.errors import BROKEN, DAMAGED_ZIP, BadFile, reading, what_is_damaged
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


def write_tree(path: str, tree: Any, summary: dict[str, Any]) -> None:
    """Write a tree of tensors and plain values to a file, atomically.

    Errors: BadFile, CannotWrite; the old file is then as it was.
    """
    write_trees({path: (tree, summary)})


def write_trees(files: dict[str, tuple[Any, dict[str, Any]]]) -> None:
    """As `write_tree`, for several files: when one fails, all old files are as they were."""
    contents = {path: _Content(*_compacted(tree), summary) for path, (tree, summary) in files.items()}
    size = sum(stored_bytes(content.tensors) for content in contents.values())
    with progress(f"saving {os.path.basename(next(iter(files)))}", size) as advance:
        fills = {path: _fill(path, content, advance) for path, content in contents.items()}
        written = write_files(fills)
    for facts in written:
        if facts is not None:
            known_whole.note_written(known_whole.identity(facts))


class _Content(NamedTuple):
    """What goes into a file: the tree without its tensors, the tensors made ready, the summary."""

    skeleton: Any
    tensors: dict[str, torch.Tensor]
    summary: dict[str, Any]


def _compacted(tree: Any) -> tuple[Any, dict[str, torch.Tensor]]:
    skeleton, tensors = take_apart(tree)
    return skeleton, compact(tensors)


def _fill(path: str, content: _Content, advance: Advance) -> Fill:
    """What writes the content, in the format that the name of the file asks for."""
    write = safetensors.write if path.endswith(".safetensors") else pt.write
    return lambda file: write(file, *content, advance)


@contextmanager
def opened(prefix: str, path: str) -> Iterator[Archive]:
    """A file of tensors, open for reading; what is found wrong with it inside of the `with`, and that it
    cannot be opened, becomes a LispE error `PREFIX PATH: what is wrong`.
    """
    with reading(prefix, path), open_file(path) as archive:
        yield archive


def open_file(path: str) -> Archive:
    """Open a file of tensors for reading, or a folder that ranks wrote.

    Errors: BadFile with a sentence about the file, OSError when it cannot be opened.
    """
    if shards.is_folder(path):
        return shards.opened_folder(path, open_file)
    file = FileBytes(path)
    try:
        with open(file.descriptor, "rb", buffering=0, closefd=False) as stream:
            layout = _layout(file, stream)
        return Archive(file, check(layout, file.size))
    except BROKEN as error:
        file.close()
        raise BadFile(f"it is damaged{what_is_damaged(error)}") from error
    except OSError as error:
        file.close()
        if error.errno == errno.EINVAL:
            # A place in the file that its own table says and that cannot be.
            raise BadFile("it is truncated or damaged") from error
        raise
    except BaseException:
        file.close()
        raise


def _layout(file: FileBytes, stream: BinaryIO) -> Layout:
    start = stream.read(32)
    if safetensors.begins(start):
        return safetensors.layout(stream, file.size)
    if start.startswith(pt.ZIP):
        return _zip_layout(file, stream)
    if start.startswith(b"\x80"):
        return pt.foreign_layout(stream, file.size, "legacy")
    raise BadFile(_what_else(start))


def _zip_layout(file: FileBytes, stream: BinaryIO) -> Layout:
    try:
        with zipfile.ZipFile(stream) as records:
            names = records.namelist()
            _refuse_compressed(records)
            if not any(name.endswith("/data.pkl") for name in names):
                raise BadFile("it is a zip file, but not one of PyTorch's")
            if any(name.endswith("/constants.pkl") for name in names):
                return torchscript.layout(stream, records)
            found = pt.own_layout(records)
            sums = {} if found else zip_sums.sums_of(records)
            found = found or (pt.plain_layout(records, stream, file.size) if sums else None)
            places = pt.data_records(records, stream) if sums and found is None else []
    except DAMAGED_ZIP as error:
        raise BadFile(f"it is truncated or damaged{what_is_damaged(error)}") from error
    # A file that somebody is writing to may shrink; mapped memory would vanish with it.
    source = stream if file.held is Hold.WRITTEN else file.path
    return found or pt.foreign_layout(source, file.size, "pt", sums, places)


def _refuse_compressed(records: zipfile.ZipFile) -> None:
    """A small compressed record could unpack to more than the memory holds."""
    for info in records.infolist():
        # TorchScript compresses its program, which is never read.
        if info.compress_type != zipfile.ZIP_STORED and "/code/" not in info.filename:
            raise BadFile(
                f"its record {info.filename} is compressed, which PyTorch does not do; it is damaged"
            )


def _what_else(start: bytes) -> str:
    if not start:
        return "it is empty"
    for mark, meaning in _FOREIGN:
        if start.startswith(mark):
            return f"it is {meaning}"
    return "it is neither a PyTorch file nor a safetensors file, or its beginning is damaged"
