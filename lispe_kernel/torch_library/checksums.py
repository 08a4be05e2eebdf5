"""Checksums of tensor bytes that run at the speed of memory.

A small tensor is hashed as it is. A large one is cut into segments; the 64-bit words of a segment, laid out
in rows of 4,099 (a prime, so that swapped disk sectors move to other columns), are added column by column,
and the sums are hashed. A flipped bit always changes the digest. Guards against damage, not against forgery.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

NAME = "columns-blake2b-1"
_COLUMNS = 4099
_SEGMENT = _COLUMNS * 8 * 256
_SMALL = 64 * 1024
_DIGEST = 8


def workers() -> int:
    """How many threads read and add up: the processors at hand, four at most."""
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def digest(data: np.ndarray) -> str:
    """The checksum of a one-dimensional array of bytes, as 16 hexadecimal digits."""
    return _combined([_segment_sum(data[start:end]) for start, end in _segments(len(data))])


def digests(arrays: Iterable[np.ndarray], advance: Callable[[int], None] | None = None) -> list[str]:
    """The checksums of several arrays of bytes, computed by as many threads as there are processors."""
    arrays = list(arrays)
    jobs = [array[start:end] for array in arrays for start, end in _segments(len(array))]
    sums = iter(in_threads(_segment_sum, jobs, len, advance))
    return [_combined([next(sums) for _ in _segments(len(array))]) for array in arrays]


def in_threads(work: Callable, jobs: list, size: Callable, advance: Callable[[int], None] | None) -> list:
    """The results of `work` for each job in order; `advance` is told the size of each finished job."""
    if len(jobs) < 2 or workers() < 2:
        return [_done(work(job), size(job), advance) for job in jobs]
    with ThreadPoolExecutor(workers()) as pool:
        results = zip(pool.map(work, jobs), jobs, strict=True)
        return [_done(result, size(job), advance) for result, job in results]


def _done(result: object, size: int, advance: Callable[[int], None] | None) -> object:
    if advance is not None:
        advance(size)
    return result


def _segments(length: int) -> list[tuple[int, int]]:
    return [(start, min(start + _SEGMENT, length)) for start in range(0, max(length, 1), _SEGMENT)]


def _combined(parts: list[bytes]) -> str:
    if len(parts) == 1:
        return parts[0].hex()
    return hashlib.blake2b(b"".join(parts), digest_size=_DIGEST).digest().hex()


def _segment_sum(data: np.ndarray) -> bytes:
    if len(data) <= _SMALL:
        return hashlib.blake2b(data, digest_size=_DIGEST).digest()
    rows = len(data) // (_COLUMNS * 8)
    body = rows * _COLUMNS * 8
    sums = np.add.reduce(data[:body].view(np.int64).reshape(rows, _COLUMNS), axis=0)
    hashed = hashlib.blake2b(sums, digest_size=_DIGEST)
    hashed.update(data[body:])
    return hashed.digest()
