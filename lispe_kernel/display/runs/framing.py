"""Files of records as TensorFlow writes them: each with its length, both with a checksum (masked CRC-32C).

The checksums of many records of one length, or of many stretches of a long one, are computed together, a byte
of all of them at a time.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from typing import Any

_POLYNOMIAL = 0x82F63B78
_MASK = 0xA282EAD8
_ONES = 0xFFFFFFFF
_HEADER, _FOOTER = 12, 4
_LONG, _ROW = 4096, 512
Bytes = bytes | memoryview


@cache
def _table() -> Any:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ _POLYNOMIAL, table >> 1).astype(np.uint32)
    return table


def crc32c(parts: Sequence[Bytes]) -> list[int]:
    """The CRC-32C of each of several pieces."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    by_length: dict[int, list[int]] = {}
    found = [0] * len(parts)
    for k, part in enumerate(parts):
        if len(part) > _LONG:
            found[k] = _of_long(part)
        else:
            by_length.setdefault(len(part), []).append(k)
    for length, places in by_length.items():
        rows = np.frombuffer(b"".join(parts[k] for k in places), np.uint8).reshape(len(places), length)
        sums = _after(np.full(len(places), _ONES, np.uint32), rows.T) ^ _ONES
        for k, total in zip(places, sums.tolist(), strict=True):
            found[k] = total
    return found


def _after(states: Any, columns: Any) -> Any:
    """The states of checksums after a byte more for each, column by column."""
    table = _table()
    for column in columns:
        states = table[(states ^ column) & 255] ^ states >> 8
    return states


def _of_long(part: Bytes) -> int:
    """The checksum of a long piece: rows of it side by side, put together by what zeros do to a state."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    count = len(part) // _ROW
    rows = np.frombuffer(part, np.uint8, count * _ROW).reshape(count, _ROW)
    alone = _after(np.zeros(count, np.uint32), rows.T).tolist()
    zeros, state = _zeros(), _ONES
    for row in alone:
        state = (
            zeros[0][state & 255]
            ^ zeros[1][state >> 8 & 255]
            ^ zeros[2][state >> 16 & 255]
            ^ zeros[3][state >> 24]
            ^ row
        )
    rest = np.frombuffer(part, np.uint8, offset=count * _ROW).reshape(1, -1)
    return int(_after(np.full(1, state, np.uint32), rest.T)[0]) ^ _ONES


@cache
def _zeros() -> list[list[int]]:
    """What a row of zeros makes of each byte of a state."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    states = np.concatenate([np.arange(256, dtype=np.uint32) << 8 * k for k in range(4)])
    after = _after(states, np.zeros((_ROW, 1), np.uint8))
    return [part.tolist() for part in np.split(after, 4)]


def masked(total: int) -> int:
    """A checksum as it is stored."""
    return ((total >> 15 | total << 17) + _MASK) & 0xFFFFFFFF


class Record:
    """One record: its bytes and the checksum that is stored with them."""

    __slots__ = ("data", "stored")

    def __init__(self, data: memoryview, stored: int) -> None:
        self.data, self.stored = data, stored


def whole(records: Sequence[Record]) -> list[bool]:
    """Which records hold what was written."""
    sums = crc32c([record.data for record in records])
    return [masked(total) == record.stored for total, record in zip(sums, records, strict=True)]


def records_of(data: memoryview) -> tuple[list[Record], str]:
    """The records of a file, as far as their lengths can be believed, and why they end before it does."""
    found, heads, at = [], [], 0
    problem = ""
    while at < len(data):
        head = data[at : at + _HEADER]
        if len(head) < _HEADER:
            problem = "the last record is not whole"
            break
        (length,) = struct.unpack_from("<Q", head)
        heads.append((head[:8], struct.unpack_from("<I", head, 8)[0]))
        if length > len(data) - at - _HEADER - _FOOTER:
            problem = "the last record is not whole"
            break
        begin = at + _HEADER
        (stored,) = struct.unpack_from("<I", data, begin + length)
        found.append(Record(data[begin : begin + length], stored))
        at = begin + length + _FOOTER
    sums = crc32c([head for head, _ in heads])
    for k, (total, (_, stored)) in enumerate(zip(sums, heads, strict=True)):
        if masked(total) != stored:
            return found[:k], "no records of TensorBoard" if k == 0 else f"damaged after {k} records"
    return found, problem


def framed(parts: Sequence[bytes]) -> bytes:
    """The bytes of a file of these records."""
    heads = [struct.pack("<Q", len(part)) for part in parts]
    sums = zip(heads, crc32c(heads), parts, crc32c(parts), strict=True)
    return b"".join(
        head + struct.pack("<I", masked(a)) + part + struct.pack("<I", masked(b)) for head, a, part, b in sums
    )
