"""A checkpoint in a folder, written by several ranks: a safetensors file of each, joined by an index.

The index (`checkpoint.json`, with a checksum of itself) names the files that belong together, the pieces of
each tensor and their checksums, and holds the plain values. It is put in its place last, in one step, so that
a folder is what it was before or what it is after. It is read like one file of tensors; nothing is unpickled.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Container, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import xxhash

from lispe_kernel.torch_library.distributed.parts import cut, here, is_part
from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.files.archive import Advance, Archive, Entry, copy_values, names_in
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.trees import from_json
from lispe_kernel.torch_library.support.collector import at_rest
from lispe_kernel.torch_library.support.dtypes import DTYPES
from lispe_kernel.torch_library.support.foreign_json import LONGEST, Beyond, beyond, parsed

INDEX = "checkpoint.json"
FORMAT = "lispe-ranks-1"
# The names that our files in such a folder have; no other file of it is read or removed.
FILES = re.compile(r"v[0-9]{1,9}-rank-[0-9]{1,6}\.safetensors")


class Piece(NamedTuple):
    """A part of a tensor: the file in which it stands under the tensor's name, where it begins, its shape."""

    file: str
    start: tuple[int, ...]
    shape: tuple[int, ...]
    digest: str


@dataclass(frozen=True)
class Index:
    """What joins the files of a folder."""

    version: int
    # The bytes of each file, and the checksum of its header.
    files: dict[str, tuple[int, str]]
    entries: dict[str, Entry]
    pieces: dict[str, list[Piece]]
    tree: Any
    summary: dict[str, Any]


def is_folder(path: str) -> bool:
    """Whether a path is a folder with a checkpoint of ranks in it."""
    return os.path.isfile(os.path.join(path, INDEX))


def index_bytes(content: dict[str, Any]) -> bytes:
    """The bytes of an index file. Errors: BadFile for one that could not be read again."""
    text = _plain_text(content)
    data = f"{_before(_sum(text))}{text}{_BEHIND}".encode()
    problem = beyond(data)
    if problem:
        raise BadFile(f"its index would be too large ({problem}); keep long lists as tensors")
    return data


# What stands around the content in the file.
_BEHIND = "}\n"


def _before(checksum: str) -> str:
    return f'{{"checksum":"{checksum}","content":'


def _plain_text(content: Any) -> str:
    return json.dumps(content, separators=(",", ":"))


def _sum(text: str) -> str:
    return xxhash.xxh3_128_hexdigest(text.encode())


def _is_whole(data: bytes, checksum: str, content: Any) -> bool:
    """Whether an index has the content that its checksum speaks of: as we wrote it, or laid out otherwise."""
    before, behind = _before(checksum).encode("utf-8", "surrogatepass"), _BEHIND.encode()
    if data.startswith(before) and data.endswith(behind):
        text = memoryview(data)[len(before) : -len(behind)]
        if xxhash.xxh3_128_hexdigest(text) == checksum:
            return True
    return _sum(_plain_text(content)) == checksum


@at_rest()
def read_index(path: str) -> Index:
    """The index of a folder, compared with its checksum. Errors: BadFile, OSError."""
    place = os.path.join(path, INDEX)
    with open(place, "rb") as file:
        data = file.read(LONGEST + 1)
    try:
        found = parsed(data)
    except Beyond as error:
        raise BadFile(f"its index {INDEX} is none that ranks write: {error}") from error
    except ValueError:
        found = None
    match found:
        case {"checksum": str(noted), "content": {"format": str(kind)} as content}:
            if _is_whole(data, noted, content):
                if kind != FORMAT:
                    raise BadFile(f"its index is of another version ({kind}); this kernel reads {FORMAT}")
                return _index(content)
    raise BadFile(f"its index {INDEX} is damaged; take another checkpoint")


def _index(content: dict[str, Any]) -> Index:
    match content:
        case {
            "version": int(version),
            "files": dict(files),
            "tensors": dict(tensors),
            "tree": tree,
            "summary": dict(summary),
        } if (
            type(version) is int
            and 0 < version < 10**9
            and all(FILES.fullmatch(name) and _is_fact(fact) for name, fact in files.items())
        ):
            pieces, entries = _tensors(tensors, files)
            made = from_json(tree, entries)
            if tree is None or all(name in entries for name in names_in(made)):
                facts = {name: (size, digest) for name, (size, digest) in files.items()}
                return Index(version, facts, entries, pieces, made, summary)
    raise malformed()


def _is_fact(value: Any) -> bool:
    return isinstance(value, list) and [type(each) for each in value] == [int, str]


def malformed() -> BadFile:
    return BadFile(f"its index {INDEX} is malformed")


def _tensors(
    tensors: dict[str, Any], files: Container[str]
) -> tuple[dict[str, list[Piece]], dict[str, Entry]]:
    """The pieces of each tensor, and what they make up."""
    pieces, entries = {}, {}
    for name, noted in tensors.items():
        found = _whole(noted, files)
        if found is not None:
            pieces[name], entries[name] = [found[0]], found[1]
        else:
            pieces[name] = _pieces(name, noted, files)
            entries[name] = _entry(name, noted, pieces[name])
    return pieces, entries


def _whole(noted: Any, files: Container[str]) -> tuple[Piece, Entry] | None:
    """A tensor that one file has whole, as nearly all are; None for what wants a closer look.

    There may be a million: a `match` would take several times as long.
    """
    try:
        kind, shape, ((file, start, size, digest),) = noted["dtype"], noted["shape"], noted["pieces"]
        known = type(file) is str and file in files and type(digest) is str
        if not (known and size == shape and len(start) == len(size)) or any(start):
            return None
        if not (_are_sizes(size) and _are_sizes(start)):
            return None
        sizes = tuple(size)
        return Piece(file, tuple(start), sizes, digest), Entry(DTYPES[kind], sizes, digest=digest)
    except (KeyError, TypeError, ValueError):
        return None


def _pieces(name: str, noted: Any, files: Container[str]) -> list[Piece]:
    pieces = noted.get("pieces") if isinstance(noted, dict) else None
    if not pieces or not isinstance(pieces, list):
        raise malformed()
    return [_piece(name, piece, files) for piece in pieces]


def _piece(name: str, noted: Any, files: Container[str]) -> Piece:
    if isinstance(noted, list) and len(noted) == 4:
        file, start, shape, digest = noted
        known = isinstance(file, str) and file in files and isinstance(digest, str)
        if known and _are_sizes(start) and _are_sizes(shape) and len(start) == len(shape):
            return Piece(file, tuple(start), tuple(shape), digest)
    raise BadFile(f"its index says of {name} what cannot be")


def _are_sizes(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    for number in value:  # noqa: SIM110 - a generator takes three times as long
        if type(number) is not int or number < 0:
            return False
    return True


def _entry(name: str, noted: dict[str, Any], pieces: list[Piece]) -> Entry:
    """A tensor as its pieces make it up, one behind the other along one dimension."""
    shape, kind = noted.get("shape"), DTYPES.get(str(noted.get("dtype")))
    if kind is None or not isinstance(shape, list) or _whole_shape(pieces) != tuple(shape):
        raise BadFile(f"the pieces of {name} do not make up the tensor that its index speaks of")
    return Entry(kind, tuple(shape), digest=pieces[0].digest if len(pieces) == 1 else None)


def _whole_shape(pieces: list[Piece]) -> tuple[int, ...] | None:
    """The shape that pieces make up; None where they leave gaps, or lie over each other."""
    first = pieces[0]
    if len(pieces) == 1:
        return None if any(first.start) else first.shape
    if any(len(piece.start) != len(first.start) for piece in pieces):
        return None
    axis = next((k for k, at in enumerate(pieces[-1].start) if at), 0)
    end = 0
    for piece in pieces:
        start = [0] * len(first.start)
        if start:
            start[axis] = end
        others = [(a, b) for k, (a, b) in enumerate(zip(piece.shape, first.shape, strict=False)) if k != axis]
        if list(piece.start) != start or any(a != b for a, b in others):
            return None
        end += piece.shape[axis] if start else 0
    if len(first.shape) == 0:
        return None
    return (*first.shape[:axis], end, *first.shape[axis + 1 :])


def missing_file(path: str, index: Index) -> str | None:
    """What is wrong with the files of a folder as far as their sizes tell."""
    for name, (size, _) in index.files.items():
        try:
            there = os.stat(os.path.join(path, name)).st_size
        except FileNotFoundError:
            return f"its file {name} is missing"
        if there != size:
            return f"its file {name} has {there} bytes of {size}; it is truncated or another one"
    return None


def folder_size(path: str) -> int:
    """The bytes of the files of ours in a folder."""
    with os.scandir(path) as items:
        return sum(item.stat().st_size for item in items if item.name == INDEX or FILES.fullmatch(item.name))


def remove_folder(path: str) -> None:
    """Remove a checkpoint from its folder, the index first; and the folder, if nothing else is in it."""
    os.unlink(os.path.join(path, INDEX))
    for name in os.listdir(path):
        if FILES.fullmatch(name):
            os.unlink(os.path.join(path, name))
    if not os.listdir(path):
        os.rmdir(path)


class Shards(Archive):
    """The files of a folder, open for reading as one."""

    def __init__(self, path: str, index: Index, files: dict[str, Archive]) -> None:
        self._path, self._files, self._pieces = path, files, index.pieces
        self._first = next(iter(files.values()))
        self.file = self._first.file
        self.format, self.entries, self.tree, self.summary = "ranks", index.entries, index.tree, index.summary
        self.scheme, self.versions, self._sums = checksums.SCHEME, None, {}

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    @property
    def path(self) -> str:
        return self._path

    def _by_file(self, names: Iterable[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in names:
            for piece in self._pieces[name]:
                found.setdefault(piece.file, []).append(name)
        return found

    def cost(self, names: Iterable[str]) -> int:
        return sum(self._files[file].cost(inside) for file, inside in self._by_file(names).items())

    def verify(self, names: Iterable[str], advance: Advance | None = None) -> None:
        for file, inside in self._by_file(names).items():
            try:
                self._files[file].verify(inside, advance)
            except BadFile as error:
                raise BadFile(f"{file}: {error}") from error

    def _view(self, name: str) -> torch.Tensor:
        pieces = self._pieces[name]
        views = [self._files[piece.file]._view(name) for piece in pieces]
        if len(views) == 1:
            return views[0]
        axis = next((k for k, at in enumerate(pieces[-1].start) if at), 0)
        return torch.cat(views, axis)

    def read(self, name: str) -> torch.Tensor:
        """The tensor, put together in memory of its own."""
        found = self._view(name)
        return found.clone() if len(self._pieces[name]) == 1 else found

    def peek(self, name: str, start: int, count: int) -> torch.Tensor:
        """Some elements of a tensor, counted in the order of the whole."""
        return self._view(name).reshape(-1)[start : start + count].clone()

    def _fill(self, name: str, target: torch.Tensor) -> None:
        view = self._view(name)
        copy_values(cut(view, target) if is_part(target) else view, here(target))


def header_sum(path: str) -> str:
    """The checksum of the header of a safetensors file."""
    with open(path, "rb") as file:
        start = file.read(8)
        length = min(int.from_bytes(start, "little"), LONGEST)
        return xxhash.xxh3_128_hexdigest(start + file.read(length))


def opened_folder(path: str, open_file: Any) -> Shards:
    """The files of a folder, open; each must be the one that the index means. Errors: BadFile, OSError."""
    index = read_index(path)
    wrong = missing_file(path, index)
    if wrong or not index.files:
        raise BadFile(wrong or "its index names no file")
    with ExitStack() as files:
        found = {name: files.enter_context(open_file(os.path.join(path, name))) for name in index.files}
        for name, (_, digest) in index.files.items():
            if header_sum(os.path.join(path, name)) != digest:
                raise BadFile(
                    f"its file {name} is another one than its index speaks of, or its header is damaged"
                )
        for name, pieces in index.pieces.items():
            for piece in pieces:
                entry = found[piece.file].entries.get(name)
                noted = (index.entries[name].dtype, piece.shape, piece.digest)
                if entry is None or (entry.dtype, entry.shape, entry.digest) != noted:
                    raise BadFile(f"its file {piece.file} is another one than its index speaks of")
        made = Shards(path, index, found)
        files.pop_all()
    return made


def noted(dtype: str, shape: Iterable[int], pieces: list[Piece]) -> dict[str, Any]:
    """What an index says of a tensor."""
    told = [[piece.file, list(piece.start), list(piece.shape), piece.digest] for piece in pieces]
    return {"dtype": dtype, "shape": list(shape), "pieces": told}
