"""Checksums of tensor bytes that run at the speed of memory.

A tensor is cut into segments; the 64-bit words of a segment, laid out in rows of 4,099 (a prime, so that
swapped disk sectors move to other columns), are added column by column, and the weighted total is hashed. A
flipped bit always changes the digest. Guards against damage, not against forgery.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import numpy as np

Advance = Callable[[int], None]
NAME = "columns-1"
_COLUMNS = 4099
_ROW = _COLUMNS * 8
_SEGMENT = _ROW * 256
_SMALLEST_BATCH = 1 << 20
_BATCH = 64 << 20
_DIGEST = 8
_MASK = (1 << 64) - 1
# Multiples of the golden ratio in 64 bits, made odd.
_WEIGHTS = (np.arange(1, _COLUMNS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) | np.uint64(1)).view(
    np.int64
)


def workers() -> int:
    """How many threads read and add up: the processors at hand, four at most."""
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def digest(data: np.ndarray) -> str:
    """The checksum of a one-dimensional array of bytes, as 16 hexadecimal digits."""
    return _combined([_segment_sum(data[start:end]) for start, end in _segments(len(data))])


def digests(arrays: Iterable[np.ndarray], advance: Advance | None = None) -> list[str]:
    """The checksums of several arrays of bytes, computed by as many threads as there are processors."""
    arrays = list(arrays)
    jobs = [array[start:end] for array in arrays for start, end in _segments(len(array))]
    sums = iter(in_threads(_segment_sum, jobs, len, advance))
    return [_combined([next(sums) for _ in _segments(len(array))]) for array in arrays]


def in_threads(
    work: Callable[[Any], Any], jobs: list[Any], size: Callable[[Any], int], advance: Advance | None
) -> list[Any]:
    """The results of `work` for each job in order; `advance` is told the bytes of each finished batch.

    Jobs go to the threads in batches: handing over a job costs more than reading a small tensor.
    """
    batches = _batches(jobs, size)

    def run(batch: list[Any]) -> list[Any]:
        return [work(job) for job in batch]

    results: list[Any] = []
    with ExitStack() as stack:
        together = map(run, batches)
        if len(batches) > 1 and workers() > 1:
            together = stack.enter_context(ThreadPoolExecutor(workers())).map(run, batches)
        for batch, found in zip(batches, together, strict=True):
            results += found
            if advance is not None:
                advance(sum(map(size, batch)))
    return results


def _batches(jobs: list[Any], size: Callable[[Any], int]) -> list[list[Any]]:
    total = sum(map(size, jobs))
    enough = min(_BATCH, max(_SMALLEST_BATCH, total // (4 * workers())))
    batches: list[list[Any]] = []
    filled = enough
    for job in jobs:
        if filled >= enough:
            batches.append([])
            filled = 0
        batches[-1].append(job)
        filled += size(job)
    return batches


def _segments(length: int) -> list[tuple[int, int]]:
    return [(start, min(start + _SEGMENT, length)) for start in range(0, max(length, 1), _SEGMENT)]


def _combined(parts: list[bytes]) -> str:
    if len(parts) == 1:
        return parts[0].hex()
    return hashlib.blake2b(b"".join(parts), digest_size=_DIGEST).digest().hex()


def _segment_sum(data: np.ndarray) -> bytes:
    rows = len(data) // _ROW
    words = _words(data[rows * _ROW :])
    if rows:
        sums = np.add.reduce(data[: rows * _ROW].view(np.int64).reshape(rows, _COLUMNS), axis=0)
        sums[: len(words)] += words
        words = sums
    # Odd weights: a change in one column always changes the total.
    total = int(np.dot(words, _WEIGHTS[: len(words)])) & _MASK
    return hashlib.blake2b(b"%d %d" % (len(data), total), digest_size=_DIGEST).digest()


def _words(data: np.ndarray) -> np.ndarray:
    """The bytes as 64-bit words, zeros after the last byte."""
    if len(data) % 8:
        data = np.concatenate([data, np.zeros(-len(data) % 8, np.uint8)])
    return data.view(np.int64)
