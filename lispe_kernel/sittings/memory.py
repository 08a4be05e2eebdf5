"""The memory of a saved session: blocks read from the files of a folder when asked for, and compared.

Nothing is read that is not a plain file in the folder itself, and nothing is made larger than its file.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import numpy as np

from lispe_kernel.language.keeping import Broken
from lispe_kernel.sittings.folder import DEEPEST, TENSORS, depth, opened
from lispe_kernel.torch_library.files import checksums

_LONGEST_HEADER = 100_000_000


class Memory:
    """The blocks of memory of a folder, read when they are asked for and compared with their checksums."""

    def __init__(self, folder: str, entries: Any) -> None:
        self._folder, self._entries = folder, entries
        self._headers: dict[str, tuple[int, int, dict[str, Any]]] = {}
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
        place, size, header = self._header(entry["file"])
        match header.get(entry["name"]):
            case {"data_offsets": [int(start), int(end)]} if 0 <= start <= end <= size - place:
                pass
            case _:
                raise Broken(f"has a file {entry['file']} that is damaged or too short")
        if end - start != len(array):
            raise Broken(f"has a file {entry['file']} that is of another save")
        with opened(self._folder, entry["file"]) as file:
            file.seek(place + start)
            view = memoryview(array)
            while view:
                count = file.readinto(view[: 64 << 20])  # type: ignore[attr-defined]
                if not count:
                    raise Broken(f"has a file {entry['file']} that is too short")
                view = view[count:]
        if checksums.digest(array) != entry["checksum"]:
            raise Broken(f"has a file {entry['file']} whose bytes are damaged (checksum mismatch)")
        return block

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
                header = json.loads(data) if depth(data) < DEEPEST else None
            except ValueError:
                header = None
            if not isinstance(header, dict):
                raise Broken(f"has a file {name} that is damaged")
            self._headers[name] = (8 + length, size, header)
        return self._headers[name]


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
