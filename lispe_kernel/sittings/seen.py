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
from functools import partial
from typing import Any, NamedTuple

from lispe_kernel.session import Session
from lispe_kernel.sittings.blocks import Block
from lispe_kernel.sittings.pages import overlapping, pages
from lispe_kernel.torch_library.files import checksums

_SEEN = "sittings: memory seen"
# Bytes from which a block is watched.
_LARGE = 1 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

Key = tuple[int, int]


class _Known(NamedTuple):
    """The checksum of a block, and whether it was the same the last two times that it was read."""

    checksum: str
    still: bool = True
    mark: str = ""  # that a device made of it
    edges: bytes = b""  # what it has of pages that are not its alone, where it is large


class Content:
    """The bytes of a block as they are written: with their checksum, and what other programs see in them.

    read: gives the bytes as an array that must not be changed. ours: whether they are a copy.
    """

    __slots__ = ("checksum", "dtype", "ours", "read", "shape", "size", "torch")

    def __init__(self, checksum: str, block: Block, dtype: str, shape: list[int]) -> None:
        self.checksum, self.dtype, self.shape = checksum, dtype, shape
        self.size, self.torch = block.size, block.torch
        self.read: Callable[[], Any] = block.bytes
        self.ours = False

    @property
    def key(self) -> tuple[str, int]:
        """Two contents with one key are the same bytes."""
        return self.checksum, self.size


class _Small:
    """The blocks of a list that are read each time: their numbers, their bytes, and what was read.

    gave: the contents of all blocks that were told.
    """

    __slots__ = ("blocks", "digests", "gave", "numbers", "views")

    def __init__(self, blocks: list[Block], numbers: list[int], views: list[Any]) -> None:
        self.blocks, self.numbers, self.views = blocks, numbers, views
        self.digests: list[bytes] = []
        self.gave: list[Content] | None = None

    @classmethod
    def of(cls, blocks: list[Block]) -> _Small:
        numbers = [n for n, block in enumerate(blocks) if block.size < _LARGE and not block.device]
        return cls(blocks, numbers, [blocks[n].bytes() for n in numbers])

    def read(self) -> list[bytes]:
        """What their bytes are now."""
        return [*map(checksums.short_digest, self.views)]

    def others(self) -> list[int]:
        """The numbers of the other blocks."""
        if len(self.numbers) == len(self.blocks):
            return []
        return sorted(set(range(len(self.blocks))).difference(self.numbers))

    def told(self, others: dict[int, str]) -> list[str]:
        """The checksums of all blocks in order. others: those of the others."""
        found = {**others, **dict(zip(self.numbers, map(checksums.of_short, self.digests), strict=True))}
        return [found[n] for n in range(len(self.blocks))]

    def by_place(self, given: list[Content]) -> dict[Key, Content]:
        """What was given for the blocks, by their places."""
        return {(block.address, block.size): each for block, each in zip(self.blocks, given, strict=True)}


class Seen:
    """The blocks of the last save."""

    def __init__(self) -> None:
        self._known: dict[Key, _Known] = {}
        self._marks: dict[Key, str] = {}
        self._small = _Small([], [], [])
        self._one_at_a_time = threading.Lock()
        # Another one each time that memory is asked about.
        self._last: object = None

    @property
    def watching(self) -> bool:
        """Whether this system tells which memory was written."""
        return pages().watching

    def contents(
        self, blocks: list[Block], *, often: bool = False, before: list[Content] | None = None
    ) -> list[Content]:
        """The contents of blocks now.

        often: this is asked after each cell. What changes from cell to cell is not watched then, since the
        first write to each watched page costs its writer time. before: what this gave the last time; those
        of which no byte differs are given again, and the very list where that is so for the very same blocks.
        """
        with self._one_at_a_time:
            return self._contents(blocks, often, before)

    def unread(self, blocks: list[Block]) -> tuple[list[Content], Callable[[list[str]], None]]:
        """The contents for a folder that holds nothing, and what takes the checksums as they were written.

        What would have to be read for its checksum has none yet: writing it makes one.
        """
        with self._one_at_a_time:
            before, _ = self._begin()
            numbers = [n for n, block in enumerate(blocks) if block.size >= _LARGE or block.device]
            held = self._others(blocks, numbers, before, often=False)
            edges = {n: _edges(blocks[n]) for n in numbers if n not in held and not blocks[n].device}
            asked = self._last

        def learn(checksums: list[str]) -> None:
            with self._one_at_a_time:
                if self._last is asked:
                    self._know(blocks, numbers, before, dict(enumerate(checksums)), edges)

        return [_given_or_new({}, block, held.get(n, "")) for n, block in enumerate(blocks)], learn

    def _begin(self) -> tuple[dict[Key, _Known], _Small]:
        """What was known. An interrupt before all is read must leave nothing that is believed."""
        self._last = object()
        before, self._known = self._known, {}
        last, self._small = self._small, _Small([], [], [])
        return before, last

    def _contents(self, blocks: list[Block], often: bool, given: list[Content] | None) -> list[Content]:
        before, last = self._begin()
        same = last.blocks is blocks
        small = _Small(blocks, last.numbers, last.views) if same else _Small.of(blocks)
        small.digests = small.read()
        others = small.others()
        held = self._others(blocks, others, before, often) if others else {}
        if given is not last.gave:
            given = None
        if same and given and len(held) == len(others) and small.digests == last.digests:
            self._known, self._small = before, last
            return given
        unknown = [n for n in others if n not in held]
        # Before the checksums: who writes in between is then found the next time.
        edges = {n: _edges(blocks[n]) for n in unknown if not blocks[n].device}
        texts = {
            **held,
            **dict(zip(unknown, checksums.digests(blocks[n].bytes() for n in unknown), strict=True)),
        }
        self._know(blocks, others, before, texts, edges)
        again = last.by_place(given) if given else {}
        small.gave = [*map(partial(_given_or_new, again), blocks, small.told(texts))]
        self._small = small
        return small.gave

    def _others(
        self, blocks: list[Block], numbers: list[int], before: dict[Key, _Known], often: bool
    ) -> dict[int, str]:
        """The checksums that still hold, of blocks that are large or on a device."""
        keys = [(blocks[n].address, blocks[n].size) for n in numbers]
        held = self._held([blocks[n] for n in numbers], keys, before, often)
        self._marks = {
            key: blocks[n].mark()
            for n, key in zip(numbers, keys, strict=True)
            if blocks[n].device and blocks[n].size >= _LARGE
        }
        for key, mark in self._marks.items():
            if mark and key in before and before[key].mark == mark:
                held[key] = before[key].checksum
        return {n: held[key] for n, key in zip(numbers, keys, strict=True) if key in held}

    def _know(
        self,
        blocks: list[Block],
        numbers: list[int],
        before: dict[Key, _Known],
        texts: dict[int, str],
        edges: dict[int, bytes],
    ) -> None:
        for n in numbers:
            key = (blocks[n].address, blocks[n].size)
            if not blocks[n].device or key in self._marks:
                self._known[key] = _Known(
                    texts[n],
                    key not in before or before[key].checksum == texts[n],
                    self._marks.get(key, ""),
                    edges[n] if n in edges else before[key].edges if key in before else b"",
                )

    def _held(
        self, blocks: list[Block], keys: list[Key], before: dict[Key, _Known], often: bool
    ) -> dict[Key, str]:
        """The checksums that still hold. All that is watched is asked about before a byte is read."""
        watched: dict[Key, Block] = {}
        torch = sys.modules.get("torch")
        pinned = torch is not None and torch.cuda.is_initialized()
        for block, key in zip(blocks, keys, strict=True):
            if block.size < _LARGE or block.device or (pinned and not _can_be_watched(block)):
                continue
            known = before.get(key)
            if not (often and known is not None and not known.still):
                watched[key] = block
        if not watched:
            return {}
        ranges = [(address, address + size) for address, size in watched]
        written = pages().written(ranges, self)
        if not written:
            return {key: before[key].checksum for key in watched if key in before}
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
    """Whether no graphics card writes into it, past the page tables of the processor."""
    return all(part.torch and not part.reader(part.owner).is_pinned() for part in block.parts)


def _given_or_new(given: dict[Key, Content], block: Block, checksum: str) -> Content:
    """The content of a block with a checksum: what was given for its place, where that says the same."""
    dtype, shape = block.as_a_whole
    known = given.get((block.address, block.size))
    if known is not None and (known.checksum, known.dtype, known.shape, known.torch) == (
        checksum,
        dtype,
        shape,
        block.torch,
    ):
        return known
    return Content(checksum, block, dtype, shape)


def seen(session: Session) -> Seen:
    """What a session knows of its memory."""
    found: Seen | None = session.library_states.get(_SEEN)
    if found is None:
        found = session.library_states[_SEEN] = Seen()
    return found
