"""PNG files from palette pictures: the same bytes for the same picture, without dates or names.

Only what our pictures need: eight bits a pixel through a palette. It reads nothing.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

_SMALL = 1 << 16  # values of a picture that is worth several tries
# Noise is smaller where no repetition is looked for, stripes where only neighbours are.
_STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_RLE)
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encode(pixels: Any, palette: bytes, clear: int | None = None) -> bytes:
    """A PNG of a two-dimensional uint8 array of palette entries; `palette` is RGB bytes.

    The entry `clear` lets the page be seen.

    Example: encode(numpy.zeros((2, 3), "uint8"), b"\\xff\\xff\\xff") is a white picture 3 wide, 2 high
    """
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    if clear is None:
        # Of a small picture the colours that it does not have are most of the bytes.
        used = np.flatnonzero(np.bincount(pixels.ravel(), minlength=256))
        place = np.zeros(256, np.uint8)
        place[used] = np.arange(len(used))
        pixels = place[pixels]
        palette = np.frombuffer(palette, np.uint8).reshape(-1, 3)[used].tobytes()
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette),
            b"" if clear is None else _chunk(b"tRNS", b"\xff" * clear + b"\0"),
            _chunk(b"IDAT", _packed(pixels)),
            _chunk(b"IEND", b""),
        )
    )


def _packed(pixels: Any) -> bytes:
    """The lines as zlib makes them smallest: as they are, or as differences from what is left or above."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    ways = [pixels]
    if pixels.size <= _SMALL:
        ways += [np.diff(pixels, axis=axis, prepend=np.uint8(0)) for axis in (1, 0)]
    found = []
    for way, values in enumerate(ways):
        lines = np.full((pixels.shape[0], pixels.shape[1] + 1), way, dtype=np.uint8)
        lines[:, 1:] = values
        found += [_squeezed(lines.tobytes(), s) for s in (_STRATEGIES if len(ways) > 1 else [None])]
    return min(found, key=len)


def _squeezed(data: bytes, strategy: int | None) -> bytes:
    """What zlib makes of bytes: by a strategy as small as it can, without one quickly."""
    if strategy is None:
        return zlib.compress(data, 7)
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
    return packer.compress(data) + packer.flush()


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content) & 0xFFFFFFFF
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
