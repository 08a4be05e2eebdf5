"""The file name under which a cell's code objects are known to the debugger.

JupyterLab computes the same name from the cell's text: the 32-bit Murmur2 hash, a prefix and a suffix that
`debugInfo` tells it. ipykernel's hash reads byte by byte; this one reads words.
"""

from __future__ import annotations

import os
import struct

from ipykernel.compiler import get_tmp_directory, get_tmp_hash_seed

SUFFIX = ".py"
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes, seed: int) -> int:
    """Murmur2, 32 bits, as JupyterLab and ipykernel compute it."""
    length = len(data)
    value = seed ^ length
    whole = length & ~3
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        word = word * _M & _MASK
        word = (word ^ word >> 24) * _M & _MASK
        value = (value * _M & _MASK) ^ word
    if whole < length:
        value = (value ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    value = (value ^ value >> 13) * _M & _MASK
    return value ^ value >> 15


def cell_file(code: str) -> str:
    """The file name of a cell with this text."""
    given = os.environ.get("IPYKERNEL_CELL_NAME")
    if given is not None:
        return given
    number = murmur2(code.encode("utf-8", "surrogatepass"), get_tmp_hash_seed())
    return f"{get_tmp_directory()}{os.sep}{number}{SUFFIX}"
