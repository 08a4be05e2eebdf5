"""Checksums of tensor bytes that run at the speed of memory.

The bytes are cut into pages; the 64-bit words of each page are added up, by several threads for large
tensors, and the sums of all pages are hashed in their order. A flipped bit always changes its page's sum.
Guards against damage, not against forgery.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

import numpy as np

Advance = Callable[[int], None]
NAME = "pages-1"
_PAGE = 4096
_WORD = np.dtype("<u8")
# Large tensors are added up in stretches of whole pages, between which progress and interrupts come.
_STRETCH = 8 << 20
# Bytes below which handing the work to a thread costs more than the work.
_SMALL = 1 << 20
# The memory is not faster for more readers than this. (Threads of our own: PyTorch's wait for each other
# after each tensor, which takes long where the processors are busy.)
_MOST_THREADS = 8
_DIGEST = 8


class Bytes(Protocol):
    """A row of bytes of which slices can be had: an array, or a stretch of a file."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> np.ndarray: ...


# The number of bytes of a stretch, and a function that gives the sums of its pages.
_Begun = tuple[int, Callable[[], bytes]]


def digest(data: Bytes) -> str:
    """The checksum of a one-dimensional array of bytes, as 16 hexadecimal digits."""
    return digests([data])[0]


def digests(arrays: Iterable[Bytes], advance: Advance | None = None) -> list[str]:
    """The checksums of several arrays of bytes; `advance` is told the bytes of each finished stretch."""
    pool = ThreadPoolExecutor(_threads())
    try:
        begun = [(len(array), list(_begin(array, pool))) for array in arrays]
        return [_digest(size, parts, advance) for size, parts in begun]
    finally:
        # After an error or an interrupt nobody wants the rest.
        pool.shutdown(cancel_futures=True)


def _threads() -> int:
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MOST_THREADS, there)


def _begin(data: Bytes, pool: ThreadPoolExecutor) -> Iterator[_Begun]:
    """The stretches of the data; threads add up the large ones from now on, small ones wait to be asked."""
    for start in range(0, len(data), _STRETCH):
        end = min(start + _STRETCH, len(data))
        sums = partial(_page_sums, data, start, end)
        yield end - start, sums if end - start < _SMALL else pool.submit(sums).result


def _digest(size: int, parts: list[_Begun], advance: Advance | None) -> str:
    # The length is hashed too: zeros at the end would not change a sum.
    found = hashlib.blake2b(b"%d " % size, digest_size=_DIGEST)
    for length, sums in parts:
        found.update(sums())
        if advance is not None:
            advance(length)
    return found.hexdigest()


def _page_sums(data: Bytes, start: int, end: int) -> bytes:
    """The sums of the pages of a stretch (modulo 2^64), the last page filled up with zeros."""
    stretch = data[start:end]
    whole = len(stretch) // _PAGE * _PAGE
    sums = _sums(stretch[:whole])
    if whole < len(stretch):
        last = np.zeros(_PAGE, np.uint8)
        last[: len(stretch) - whole] = stretch[whole:]
        sums += _sums(last)
    return sums


def _sums(pages: np.ndarray) -> bytes:
    words = pages.view(_WORD).reshape(-1, _PAGE // _WORD.itemsize)
    return words.sum(1, dtype=_WORD).tobytes()
