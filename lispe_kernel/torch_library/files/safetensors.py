"""safetensors files: a header of JSON, then the bytes of the tensors, one behind the other.

Tied tensors are written once; the header's metadata tells the other names, as the safetensors library does
it, and holds our checksums and plain values. Files of other writers are read in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO

import torch

from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.files.archive import Advance, Entry, Layout
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.outflow import Outflow
from lispe_kernel.torch_library.files.trees import from_json, to_json
from lispe_kernel.torch_library.support.collector import at_rest
from lispe_kernel.torch_library.support.dtypes import DTYPES, dtype_name
from lispe_kernel.torch_library.support.foreign_json import parsed

_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
    "BOOL": "bool", "C64": "complex64", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz", "F8_E8M0": "float8_e8m0fnu",
}  # fmt: skip
KINDS = {kind: DTYPES[name] for kind, name in _DTYPES.items() if name in DTYPES}
_NAMES = {dtype: name for name, dtype in KINDS.items()}
_LONGEST_HEADER = 100_000_000
_METADATA = "__metadata__"
_OURS = "lispe"
# Names in the metadata that mean something else than a tied tensor.
_RESERVED = ("format", _OURS)


def write(
    file: BinaryIO,
    skeleton: Any,
    tensors: dict[str, torch.Tensor],
    summary: dict[str, Any],
    advance: Advance,
    more: dict[str, str] | None = None,
) -> None:
    """Write a tree (taken apart, its tensors compact) with its summary into an open file.

    `more` stands in the header for other readers.
    """
    kept, tied = _without_ties(tensors)
    for name in tensors:
        if name == _METADATA or (name in tied and name in _RESERVED):
            raise BadFile(f"safetensors keeps the name {name} for itself; save to a .pt file instead")
    # Wide elements first: every tensor then starts at a multiple of its own width.
    order = sorted(kept, key=lambda name: -kept[name].element_size())
    arrays = [_bytes(name, kept[name]) for name in order]
    notes = {
        "checksum": checksums.SCHEME,
        "digests": dict(zip(order, checksums.digests(arrays), strict=True)),
        "tree": to_json(skeleton),
        "summary": summary,
    }
    header: dict[str, Any] = {_METADATA: {"format": "pt", **tied, **(more or {}), _OURS: json.dumps(notes)}}
    end = 0
    for name, array in zip(order, arrays, strict=True):
        header[name] = {
            "dtype": _NAMES[kept[name].dtype],
            "shape": list(kept[name].shape),
            "data_offsets": [end, end + len(array)],
        }
        end += len(array)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    out = Outflow(file, advance)
    out.write(len(text).to_bytes(8, "little") + text)
    for array in arrays:
        out.write(array)


def _without_ties(tensors: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors to write, and for each name that is not written the name that stands for it."""
    kept: dict[str, torch.Tensor] = {}
    tied: dict[str, str] = {}
    first: dict[tuple[Any, ...], str] = {}
    for name, tensor in tensors.items():
        place = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        if tensor.numel() and place in first:
            tied[name] = first[place]
        else:
            first[place] = name
            kept[name] = tensor.contiguous()
    return kept, tied


def _bytes(name: str, tensor: torch.Tensor) -> Any:
    if tensor.dtype not in _NAMES:
        kind = dtype_name(tensor.dtype)
        raise BadFile(f"{name} is {kind}, which safetensors cannot hold; save to a .pt file instead")
    return tensor.reshape(-1).view(torch.uint8).numpy()


def begins(start: bytes) -> bool:
    """Whether these first bytes are a safetensors file's: a possible length and the brace of its header."""
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= _LONGEST_HEADER


@at_rest()
def layout(file: BinaryIO, size: int) -> Layout:
    """The layout of a safetensors file, each number checked. Errors: BadFile."""
    header, metadata, start = _header(file, size)
    notes = _notes(metadata)
    digests = notes.get("digests", {})
    entries = {name: _entry(name, fields, start, digests.get(name)) for name, fields in header.items()}
    _refuse_gaps(entries.values(), start, size)
    for name, kept in metadata.items():
        if name not in _RESERVED and isinstance(kept, str) and kept in entries and name not in entries:
            entries[name] = entries[kept]
    tree = from_json(notes.get("tree"), entries)
    summary = notes.get("summary")
    if not isinstance(summary, dict):
        summary = {key: value for key, value in metadata.items() if key != _OURS}
    return Layout("safetensors", entries, tree, summary, notes.get("checksum", ""))


def _header(file: BinaryIO, size: int) -> tuple[dict[str, Any], dict[str, Any], int]:
    """The header's entries, its metadata, and where the bytes of the tensors begin. Errors: BadFile."""
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if length > min(size - 8, _LONGEST_HEADER):
        raise BadFile(
            f"its header says {length} bytes, the file has {size}; the file is truncated or damaged"
        )
    try:
        header = parsed(file.read(length), _once)
    except ValueError as error:
        raise BadFile("its header is not readable; the file is damaged") from error
    metadata = header.pop(_METADATA, None) if isinstance(header, dict) else []
    metadata = {} if metadata is None else metadata
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise BadFile("its header is malformed; the file is damaged")
    return header, metadata, 8 + length


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Errors: ValueError where a name stands twice in it."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _refuse_gaps(entries: Iterable[Entry], start: int, size: int) -> None:
    """Errors: BadFile unless the tensors lie one behind the other up to the end, as the format demands.

    (What is missing at the end is another error: the file is truncated.)
    """
    end = start
    for entry in sorted(entries, key=lambda entry: (entry.offset, entry.span)):
        if entry.offset != end:
            raise BadFile("its tensors overlap or leave gaps; the file is damaged")
        end += entry.span
    if end < size:
        raise BadFile(f"{size - end} bytes at its end belong to no tensor; the file is damaged")


def read_summary(file: BinaryIO, size: int) -> dict[str, Any] | None:
    """What the writer noted about the file, when all its bytes are there. Errors: BadFile."""
    header, metadata, start = _header(file, size)
    entries = [_entry(name, fields, start, None) for name, fields in header.items()]
    _refuse_gaps(entries, start, size)
    if max((entry.offset + entry.span for entry in entries), default=start) > size:
        raise BadFile("the file is truncated")
    summary = _notes(metadata).get("summary")
    return summary if isinstance(summary, dict) else None


def _notes(metadata: dict[str, Any]) -> dict[str, Any]:
    try:
        notes = parsed(metadata.get(_OURS, "{}").encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise BadFile("its header is malformed; the file is damaged") from error
    if isinstance(notes, dict) and isinstance(notes.get("digests", {}), dict):
        return notes
    raise BadFile("its header is malformed; the file is damaged")


def _entry(name: str, fields: Any, start: int, digest: str | None) -> Entry:
    match fields:
        case {"dtype": str(kind), "shape": [*shape], "data_offsets": [int(first), int(end)]} if kind in KINDS:
            if all(type(size) is int and size >= 0 for size in shape) and 0 <= first <= end:
                entry = Entry(KINDS[kind], tuple(shape), start + first, None, digest)
                if entry.span == end - first:
                    return entry
    raise BadFile(f"the header's entry of {name} is malformed or of an unknown kind; the file is damaged")
