"""`pages-1`, the checksums of files that were written before: only read, to compare such files.

The 64-bit words of each page of 4096 bytes are added up, and the sums of all pages are hashed in their order.
A flipped bit changes its page's sum; two words that changed places do not, which is why nothing is written
with it any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

_PAGE = 4096
_WORD = np.dtype("<u8")
_DIGEST = 8


def of_stretch(stretch: np.ndarray) -> bytes:
    """The sums of the pages of a stretch (modulo 2^64), the last page filled up with zeros."""
    pages = -(-len(stretch) // _PAGE)
    if pages * _PAGE != len(stretch):
        stretch = np.concatenate([stretch, np.zeros(pages * _PAGE - len(stretch), np.uint8)])
    words = stretch.view(_WORD).reshape(pages, _PAGE // _WORD.itemsize)
    return bytes(words.sum(1, dtype=_WORD).tobytes())


def of_all(size: int, parts: Iterable[bytes]) -> str:
    """The checksum as 16 hexadecimal digits. The length is hashed too: zeros at the end change no sum."""
    found = hashlib.blake2b(b"%d " % size, digest_size=_DIGEST)
    for sums in parts:
        found.update(sums)
    return found.hexdigest()
