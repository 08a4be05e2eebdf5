"""What a session knows of its memory from one save to the next: checksums, and whether they still hold.

A checksum is used again only where the system vouches that no page of the block was written, or where a mark
that the device makes of its own memory is the same; any other block is read again. The first and the last
page of a block are its neighbours', too: where only these were written, what the block has of them is
compared. Small blocks are always read: that takes less than asking.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lispe_kernel.session import Session
from lispe_kernel.sittings.blocks import Block
from lispe_kernel.sittings.pages import overlapping, pages
from lispe_kernel.torch_library.files import checksums

_SEEN = "sittings: memory seen"
# Bytes from which a block is watched.
_LARGE = 1 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

Key = tuple[int, int]


@dataclass
class _Known:
    """The checksum of a block, and whether it was the same the last two times that it was read."""

    checksum: str
    still: bool = True
    mark: str = ""  # that a device made of it
    edges: bytes = b""  # what it has of pages that are not its alone, where it is large


@dataclass(slots=True)
class Content:
    """The bytes of a block as they are written: with their checksum, and what other programs see in them.

    read: gives the bytes as an array that must not be changed.
    """

    checksum: str
    size: int
    torch: bool
    dtype: str
    shape: list[int]
    read: Callable[[], Any]

    @property
    def key(self) -> tuple[str, int]:
        """Two contents with one key are the same bytes."""
        return self.checksum, self.size


class Seen:
    """The blocks of the last save."""

    def __init__(self) -> None:
        self._known: dict[Key, _Known] = {}
        self._one_at_a_time = threading.Lock()

    @property
    def watching(self) -> bool:
        """Whether this system tells which memory was written."""
        return pages().watching

    def contents(self, blocks: list[Block], *, often: bool = False) -> list[Content]:
        """The contents of blocks now.

        often: this is asked after each cell. What changes from cell to cell is not watched then, since the
        first write to each watched page costs its writer time.
        """
        with self._one_at_a_time:
            return self._contents(blocks, often)

    def _contents(self, blocks: list[Block], often: bool) -> list[Content]:
        # An interrupt before all is read must leave nothing that is believed.
        before, self._known = self._known, {}
        keys = [(block.address, block.size) for block in blocks]
        held = self._held(blocks, keys, before, often)
        marks = {
            key: block.mark()
            for block, key in zip(blocks, keys, strict=True)
            if block.device and block.size >= _LARGE
        }
        for key, mark in marks.items():
            if mark and key in before and before[key].mark == mark:
                held[key] = before[key].checksum
        unknown = [number for number, key in enumerate(keys) if key not in held]
        # Before the checksums: who writes in between is then found the next time.
        edges = {keys[number]: _edges(blocks[number]) for number in unknown if _is_large(blocks[number])}
        read = checksums.digests(blocks[number].bytes() for number in unknown)
        found = dict(zip(unknown, read, strict=True))
        now = [found.get(number) or held[key] for number, key in enumerate(keys)]
        self._known = {
            key: _Known(
                checksum,
                key not in before or before[key].checksum == checksum,
                marks.get(key, ""),
                edges[key] if key in edges else before[key].edges if key in held else b"",
            )
            for block, key, checksum in zip(blocks, keys, now, strict=True)
            if not block.device or key in marks
        }
        return [_content(block, checksum) for block, checksum in zip(blocks, now, strict=True)]

    def _held(
        self, blocks: list[Block], keys: list[Key], before: dict[Key, _Known], often: bool
    ) -> dict[Key, str]:
        """The checksums that still hold. All that is watched is asked about before a byte is read."""
        watched: dict[Key, Block] = {}
        for block, key in zip(blocks, keys, strict=True):
            if block.size < _LARGE or not _can_be_watched(block):
                continue
            known = before.get(key)
            if not (often and known is not None and not known.still):
                watched[key] = block
        if not watched:
            return {}
        ranges = [(address, address + size) for address, size in watched]
        written = pages().written(ranges, self)
        own = [(-(-start // _PAGE) * _PAGE, end // _PAGE * _PAGE) for start, end in ranges]
        held = {}
        for key, at_all, inside in zip(
            watched, overlapping(written, ranges), overlapping(written, own), strict=True
        ):
            known = before.get(key)
            if known is not None and not inside and (not at_all or known.edges == _edges(watched[key])):
                held[key] = known.checksum
        return held


def _is_large(block: Block) -> bool:
    return block.size >= _LARGE and not block.device


def _edges(block: Block) -> bytes:
    """The bytes before the first page that is the block's alone, and those behind the last."""
    end = block.address + block.size
    data = block.bytes()
    first: bytes = data[: -block.address % _PAGE].tobytes()
    last: bytes = data[block.size - end % _PAGE :].tobytes()
    return first + last


def _can_be_watched(block: Block) -> bool:
    """Whether whoever writes it does so through the processor's page tables."""
    if block.device:
        return False
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return True
    # A graphics card writes into pinned memory past them.
    return all(part.torch and not part.owner.is_pinned() for part in block.parts)


def _content(block: Block, checksum: str) -> Content:
    dtype, shape = block.as_a_whole
    return Content(checksum, block.size, block.torch, dtype, shape, block.bytes)


def seen(session: Session) -> Seen:
    """What a session knows of its memory."""
    found: Seen | None = session.library_states.get(_SEEN)
    if found is None:
        found = session.library_states[_SEEN] = Seen()
    return found
