"""The memory of a saved session: blocks read from the files of a folder when asked for, and compared.

Nothing is read that is not a plain file in the folder itself, and nothing is made larger than its file. What
this process wrote or compared is known from then on, as long as the file is the same version.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np

from lispe_kernel.language.keeping import Broken
from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.files.atomic import reason
from lispe_kernel.torch_library.files.known_whole import identity, is_young
from lispe_kernel.torch_library.support.foreign_json import parsed

TENSORS = re.compile(r"tensors-[0-9a-f]{12}\.safetensors")
_LONGEST_HEADER = 100_000_000

# The checksum and size that a block really has; nothing where it cannot be read.
_Has = tuple[str, int] | None
# What is known of the blocks of a file, by name, in one version of it; so many files at most.
_compared: dict[str, tuple[tuple[int, ...], dict[str, _Has]]] = {}
_MOST = 1000


def note_written(folder: str, facts: os.stat_result | None, entries: list[dict[str, Any]]) -> None:
    """Know of a file that was written a moment ago; without its facts nothing is known."""
    if facts is not None:
        for entry in entries:
            _note(_path(folder, entry["file"]), identity(facts), entry["name"], _said(entry))


def _note(path: str, version: tuple[int, ...], name: str, has: _Has) -> None:
    held = _compared.get(path)
    if held is None or held[0] != version:
        while len(_compared) >= _MOST:
            _compared.pop(next(iter(_compared)), None)
        held = _compared[path] = (version, {})
    held[1][name] = has


def unchanged(folder: str, files: Iterable[str]) -> bool:
    """Whether files that were written or compared are the very same versions now."""
    try:
        return all(
            path in _compared and _compared[path][0] == identity(os.lstat(path))
            for path in (_path(folder, file) for file in files)
        )
    except OSError:
        return False


def forgotten(folder: str, file: str) -> None:
    """Know nothing of a file any more."""
    _compared.pop(_path(folder, file), None)


def _path(folder: str, file: str) -> str:
    return os.path.join(os.path.abspath(folder), file)


def _said(entry: dict[str, Any]) -> tuple[str, int]:
    return entry["checksum"], entry["bytes"]


class Files:
    """The files of numbers of a folder, as they are now."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._headers: dict[str, tuple[int, int, dict[str, Any]]] = {}
        self._known: dict[str, dict[str, _Has]] = {}

    def known_to_hold(self, entry: dict[str, Any]) -> bool | None:
        """Whether a block is in its file as its entry says; None where that was not compared yet."""
        file = entry["file"]
        if file not in self._known:
            version, blocks = _compared.get(_path(self._folder, file), ((), {}))
            self._known[file] = blocks if version == self._version(file) else {}
        known = self._known[file]
        return known[entry["name"]] == _said(entry) if entry["name"] in known else None

    def _version(self, file: str) -> Any:
        try:
            return identity(os.lstat(_path(self._folder, file)))
        except OSError:
            return None

    def hold(self, entry: dict[str, Any]) -> bool:
        """Whether a block is in its file as its entry says: read where that is not known."""
        known = self.known_to_hold(entry)
        if known is not None:
            return known
        try:
            with opened(self._folder, entry["file"]) as file:
                version = identity(file.fileno())
                has = self._has(entry, file)
                self._note(file, version, entry, has)
        except (Broken, OSError):
            return False
        return has == _said(entry)

    def _has(self, entry: dict[str, Any], file: BinaryIO) -> _Has:
        try:
            start, size = self.place(entry)
            return checksums.digest(_Stretch(file.fileno(), start, size)), size
        except Broken:
            return None

    def read(self, entry: dict[str, Any], array: Any) -> None:
        """Fill an array with a block. Errors: Broken for one that is not as the entry says."""
        name = entry["file"]
        start, size = self.place(entry)
        if size != len(array):
            raise Broken(f"has a file {name} that is of another save")
        with opened(self._folder, name) as file:
            version = identity(file.fileno())
            file.seek(start)
            view = memoryview(array)
            while view:
                count = file.readinto(view[: 64 << 20])  # type: ignore[attr-defined]
                if not count:
                    raise Broken(f"has a file {name} that is too short")
                view = view[count:]
            has = checksums.digest(array), size
            self._note(file, version, entry, has)
        if has != _said(entry):
            raise Broken(f"has a file {name} whose bytes are damaged (checksum mismatch)")

    def _note(self, file: BinaryIO, version: Any, entry: dict[str, Any], has: _Has) -> None:
        """Remember what was compared, unless somebody writes to the file or did so this very moment."""
        if identity(file.fileno()) == version and not is_young(version):
            _note(_path(self._folder, entry["file"]), version, entry["name"], has)

    def place(self, entry: dict[str, Any]) -> tuple[int, int]:
        """Where a block begins in its file, and its size. Errors: Broken."""
        place, size, header = self._header(entry["file"])
        match header.get(entry["name"]):
            case {"data_offsets": [int(start), int(end)]} if 0 <= start <= end <= size - place:
                return place + start, end - start
        raise Broken(f"has a file {entry['file']} that is damaged or too short")

    def _header(self, name: str) -> tuple[int, int, dict[str, Any]]:
        """Where the bytes of a file begin, its size, and what it says of them."""
        if name not in self._headers:
            with opened(self._folder, name) as file:
                size = os.fstat(file.fileno()).st_size
                length = int.from_bytes(file.read(8), "little")
                if length > min(size - 8, _LONGEST_HEADER):
                    raise Broken(f"has a file {name} that is damaged or too short")
                data = file.read(length)
            try:
                header = parsed(data)
            except ValueError:
                header = None
            if not isinstance(header, dict):
                raise Broken(f"has a file {name} that is damaged")
            self._headers[name] = (8 + length, size, header)
        return self._headers[name]


class _Stretch:
    """A stretch of a file, read when a slice of it is asked for."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self._descriptor, self._start, self._size = descriptor, start, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> np.ndarray:
        start, end, _ = part.indices(self._size)
        data = os.pread(self._descriptor, end - start, self._start + start)
        if len(data) != end - start:
            raise Broken("has a file that is too short")
        return np.frombuffer(data, np.uint8)


def opened(folder: str, name: str) -> BinaryIO:
    """A plain file of the folder; a link is not followed. Errors: OSError, Broken."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(os.path.join(folder, name), flags)
    except FileNotFoundError:
        raise Broken(f"has no file {name}") from None
    except OSError as error:
        link = "it is a link, and none is followed" if error.errno == errno.ELOOP else ""
        raise Broken(f"has a file {name} that cannot be read ({link or reason(error)})") from None
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise Broken(f"has under the name {name} something that is no file")
    return file


class Memory:
    """The blocks of memory of a folder, read when they are asked for and compared with their checksums."""

    def __init__(self, folder: str, entries: Any) -> None:
        self._files, self._entries = Files(folder), entries
        self._found: dict[int, Any] = {}
        self._check()

    def _check(self) -> None:
        """Errors: Broken for entries of other files, for two of one place, and for more than fits."""
        if not isinstance(self._entries, dict):
            raise Broken("is malformed where its memory belongs")
        places = set()
        total = 0
        for entry in self._entries.values():
            match entry:
                case {"file": str(file), "name": str(name), "bytes": int(size), "checksum": str()}:
                    places.add((file, name))
                    total += size
                case _:
                    raise Broken("is malformed where its memory belongs")
            if not TENSORS.fullmatch(file) or size < 0:
                raise Broken(f"names a file that is none of its own: {file[:80]}")
        if len(places) != len(self._entries):
            raise Broken("names the same stretch of a file twice")
        free = _free_memory()
        if total > free:
            raise Broken(f"needs {total} bytes of memory, {free} are free here")

    def __call__(self, number: int, torch: bool) -> Any:
        """A block, as an array of bytes, or as PyTorch's tensor of them."""
        found = self._found.get(number)
        if found is None:
            found = self._found[number] = self._read(number, torch)
        if torch:
            return found
        return found if isinstance(found, np.ndarray) else found.numpy()

    def _read(self, number: int, torch: bool) -> Any:
        entry = self._entries.get(str(number))
        if entry is None:
            raise Broken("names memory that it does not have")
        block, array = _room(entry["bytes"], torch or bool(entry.get("torch")))
        self._files.read(entry, array)
        return block


def _room(size: int, torch: bool) -> tuple[Any, Any]:
    """Memory of so many bytes: as what holds it, and as an array."""
    if not torch:
        array = np.empty(size, "u1")
        return array, array
    import torch as library  # noqa: PLC0415 - only where the session has tensors of its own

    block = library.empty(size, dtype=library.uint8)
    return block, block.numpy()


def _free_memory() -> int:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = re.search(r"MemAvailable:\s+(\d+) kB", file.read())
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else 1 << 62
