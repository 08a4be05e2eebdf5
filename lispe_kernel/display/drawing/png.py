"""PNG files from palette pictures: the same bytes for the same picture, without dates or names.

Only what our pictures need: eight bits a pixel through a palette. It reads nothing.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encode(pixels: Any, palette: bytes, clear: int | None = None) -> bytes:
    """A PNG of a two-dimensional uint8 array of palette entries; `palette` is RGB bytes.

    The entry `clear` lets the page be seen.

    Example: encode(numpy.zeros((2, 3), "uint8"), b"\\xff\\xff\\xff") is a white picture 3 wide, 2 high
    """
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    height, width = pixels.shape
    lines = np.zeros((height, width + 1), dtype=np.uint8)
    lines[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette),
            b"" if clear is None else _chunk(b"tRNS", b"\xff" * clear + b"\0"),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 7)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content) & 0xFFFFFFFF
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
