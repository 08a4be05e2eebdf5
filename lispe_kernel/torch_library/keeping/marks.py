"""Marks of bytes on a GPU, made there: equal marks mean equal bytes, and only the marks travel.

Reading the bytes themselves takes a hundred times as long: the way to main memory is that much narrower. A
mark has 128 bits of two sums over mixed words (the steps of MurmurHash3's end, each word with its place). Two
contents that somebody chose may share one; those of a training do not.
"""

from __future__ import annotations

import torch

_WORDS = 1 << 23  # taken at once: the memory that this needs beside what is marked
_PLACE = -0x61C8864680B583EB
_FIRST = -0x00AE502812AA7333
_SECOND = -0x3B314601E57A13AD


def mark(content: torch.Tensor) -> str:
    """The mark of a row of bytes; empty where the GPU has no room to make it."""
    words = content[: len(content) // 8 * 8].view(torch.int64)
    sums = torch.zeros(2, dtype=torch.int64, device=content.device)
    try:
        for start in range(0, len(words), _WORDS):
            part = words[start : start + _WORDS]
            mixed = torch.arange(start + 1, start + 1 + len(part), device=content.device).mul_(_PLACE)
            mixed.bitwise_xor_(part)
            for sum_, factor in zip(sums, (_FIRST, _SECOND), strict=True):
                mixed.bitwise_xor_(mixed >> 33).mul_(factor)
                mixed.bitwise_xor_(mixed >> 29)
                sum_ += mixed.sum()
    except torch.OutOfMemoryError:
        return ""
    rest = bytes(content[len(words) * 8 :].tolist())
    return f"{len(content)}:{sums.tolist()}:{rest.hex()}"
