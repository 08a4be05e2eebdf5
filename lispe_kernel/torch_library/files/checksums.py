"""Checksums of tensor bytes that run at the speed of memory.

The bytes are cut into stretches; XXH3 gives 128 bits for each, by several threads for large tensors, and 128
bits for those of all stretches in their order. Files of before name the scheme `pages-1` and are compared by
it; what is written now is `xxh3-128`. Guards against damage, not against forgery.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
import xxhash

from lispe_kernel.torch_library.files import page_sums

Advance = Callable[[int], None]
# A part of the scheme: another length gives other checksums. Progress and interrupts come between stretches.
_STRETCH = 8 << 20
SHORT = _STRETCH
# Bytes that are copied at once; a stretch is several of them.
_PIECE = 256 << 10
# Bytes below which handing the work to a thread costs more than the work.
_SMALL = 1 << 20
# Bytes of all arrays together below which making threads costs more than they save.
_FEW = 32 << 20
# The memory is not faster for more readers than this. (Threads of our own: PyTorch's wait for each other
# after each tensor, which takes long where the processors are busy.)
_MOST_THREADS = 8


class Bytes(Protocol):
    """A row of bytes of which slices can be had: an array, or a stretch of a file."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> np.ndarray: ...


class _Scheme(NamedTuple):
    """How the bytes of a stretch become a few, and how those of all stretches become the checksum."""

    of_stretch: Callable[[np.ndarray], bytes]
    of_all: Callable[[int, Iterable[bytes]], str]


def _of_stretch(stretch: np.ndarray) -> bytes:
    return xxhash.xxh3_128_digest(stretch.data)


def _of_all(_size: int, parts: Iterable[bytes]) -> str:
    return xxhash.xxh3_128_hexdigest(b"".join(parts))


# What new files are written with, and all that can be compared, by the names that stand in the files.
SCHEME = "xxh3-128"
SCHEMES = {SCHEME: _Scheme(_of_stretch, _of_all), "pages-1": _Scheme(page_sums.of_stretch, page_sums.of_all)}

# The number of bytes of a stretch, and a function that gives what the scheme makes of it.
_Begun = tuple[int, Callable[[], bytes]]


def digest(data: Bytes, scheme: str = SCHEME) -> str:
    """The checksum of a one-dimensional array of bytes, in hexadecimal digits."""
    return digests([data], scheme=scheme)[0]


def short_digest(data: Any) -> bytes:
    """What the bytes of a short array have in common with the same bytes only; `of_short` needs no more."""
    return xxhash.xxh3_128_digest(data) if len(data) else b""


def of_short(found: bytes) -> str:
    """The checksum of an array that is no longer than `SHORT`, by its `short_digest`."""
    return _of_all(0, [found])


def digests(arrays: Iterable[Bytes], advance: Advance | None = None, scheme: str = SCHEME) -> list[str]:
    """The checksums of several arrays of bytes; `advance` is told the bytes of each finished stretch."""
    of_stretch, of_all = SCHEMES[scheme]
    held = list(arrays)
    sizes = [len(array) for array in held]
    if advance is None and sum(sizes) < _FEW:
        # Little, and nobody to tell: the many small tensors of a session are read in passing.
        return [
            of_all(size, [of_stretch(array[n : min(n + _STRETCH, size)]) for n in range(0, size, _STRETCH)])
            for array, size in zip(held, sizes, strict=True)
        ]
    small = _SMALL if sum(map(len, held)) >= _FEW else _STRETCH + 1
    pool = _Pool()
    try:
        begun = [(len(array), list(_begin(array, of_stretch, pool, small))) for array in held]
        return [of_all(size, _finished(parts, advance)) for size, parts in begun]
    finally:
        # After an error or an interrupt nobody wants the rest.
        pool.end()


def handed_on(data: Bytes, take: Callable[[np.ndarray], object]) -> str:
    """Hand a copy of each piece on, in order; the checksum of what was handed on.

    It is right also where somebody changes the data meanwhile. Who takes a copy must not keep it. A piece
    stays in the processor's cache from its copy to its end.
    """
    room = np.empty(min(len(data), _PIECE), np.uint8)
    parts = []
    for start in range(0, len(data), _STRETCH):
        checksum = xxhash.xxh3_128()
        end = min(start + _STRETCH, len(data))
        for place in range(start, end, _PIECE):
            copy = room[: min(_PIECE, end - place)]
            np.copyto(copy, data[place : place + len(copy)])
            checksum.update(copy.data)
            take(copy)
        parts.append(checksum.digest())
    return _of_all(len(data), parts)


def threads() -> int:
    """How many threads read at once."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MOST_THREADS, there)


class _Pool:
    """Threads that are made when the first of them has something to do."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    def submit(self, work: Callable[[], bytes]) -> Callable[[], bytes]:
        """Begin some work; what gives its result."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(threads())
        return self._threads.submit(work).result

    def end(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)


def _begin(
    data: Bytes, of_stretch: Callable[[np.ndarray], bytes], pool: _Pool, small: int
) -> Iterator[_Begun]:
    """The stretches of the data; threads take the large ones from now on, small ones wait to be asked."""
    for start in range(0, len(data), _STRETCH):
        end = min(start + _STRETCH, len(data))
        work = partial(_read, data, start, end, of_stretch)
        yield end - start, work if end - start < small else pool.submit(work)


def _read(data: Bytes, start: int, end: int, of_stretch: Callable[[np.ndarray], bytes]) -> bytes:
    return of_stretch(data[start:end])


def _finished(parts: list[_Begun], advance: Advance | None) -> Iterator[bytes]:
    for length, part in parts:
        yield part()
        if advance is not None:
            advance(length)
