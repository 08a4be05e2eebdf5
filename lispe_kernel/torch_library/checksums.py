"""Checksums of tensor bytes that run at the speed of memory.

The bytes are cut into pages; the 64-bit words of each page are added up by PyTorch, with the threads it has,
and the sums of all pages are hashed in their order. A flipped bit always changes its page's sum. Guards
against damage, not against forgery.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
import torch

Advance = Callable[[int], None]
NAME = "pages-1"
_PAGE = 4096
_WORD = 8
# Large tensors are added up in stretches of whole pages, between which progress and interrupts come.
_STRETCH = 16 << 20
_DIGEST = 8


class Bytes(Protocol):
    """A row of bytes of which slices can be had: an array, or a stretch of a file."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> np.ndarray: ...


def digest(data: Bytes) -> str:
    """The checksum of a one-dimensional array of bytes, as 16 hexadecimal digits."""
    return _digest(data, None)


def digests(arrays: Iterable[Bytes], advance: Advance | None = None) -> list[str]:
    """The checksums of several arrays of bytes; `advance` is told the bytes of each finished stretch."""
    return [_digest(array, advance) for array in arrays]


def _digest(data: Bytes, advance: Advance | None) -> str:
    # The length is hashed too: zeros at the end would not change a sum.
    found = hashlib.blake2b(b"%d " % len(data), digest_size=_DIGEST)
    for start in range(0, len(data), _STRETCH):
        stretch = data[start : start + _STRETCH]
        found.update(_page_sums(stretch))
        if advance is not None:
            advance(len(stretch))
    return found.hexdigest()


def _page_sums(data: np.ndarray) -> bytes:
    """The sums of the pages (modulo 2^64), the last page filled up with zeros."""
    whole = len(data) // _PAGE * _PAGE
    sums = _sums(data[:whole]) if whole else b""
    if whole < len(data):
        last = np.zeros(_PAGE, np.uint8)
        last[: len(data) - whole] = data[whole:]
        sums += _sums(last)
    return sums


def _sums(pages: np.ndarray) -> bytes:
    found = torch.from_numpy(pages)
    if found.data_ptr() % _WORD:
        # Not every processor reads a word from any place.
        found = found.clone()
    words = found.view(torch.int64).view(-1, _PAGE // _WORD)
    return words.sum(1).numpy().tobytes()
