"""Protocol buffers as bytes: the fields of a message, and fields written. Knows no message by name.

Every length is checked against what is there; a message that does not add up is Damaged.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
Value = int | memoryview


class Damaged(ValueError):
    """Bytes that are no message."""


def fields(data: memoryview) -> Iterator[tuple[int, int, Value]]:
    """Number, kind and value of each field: an integer, or the bytes of what has a length or a fixed size."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield number, kind, value
            continue
        if kind == BYTES:
            length, at = _varint(data, at)
        elif kind in (EIGHT, FOUR):
            length = 8 if kind == EIGHT else 4
        else:
            raise Damaged(f"a field of kind {kind}")
        if number == 0 or length > end - at:
            raise Damaged("a field that is longer than its message")
        yield number, kind, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (1 << 64) - 1, at
    raise Damaged("a number without an end")


def signed(value: int) -> int:
    """An integer of 64 bits with its sign."""
    return value - (1 << 64) if value >> 63 else value


def varints(data: memoryview) -> list[int]:
    """Packed integers."""
    found, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        found.append(value)
    return found


def number(number_: int, value: int) -> bytes:
    """A field with an integer."""
    return _written(number_ << 3 | VARINT) + _written(value & (1 << 64) - 1)


def block(number_: int, data: bytes) -> bytes:
    """A field with bytes: a text or a message."""
    return _written(number_ << 3 | BYTES) + _written(len(data)) + data


def double(number_: int, value: float) -> bytes:
    """A field with a number of eight bytes."""
    return _written(number_ << 3 | EIGHT) + struct.pack("<d", value)


def single(number_: int, value: float) -> bytes:
    """A field with a number of four bytes; one beyond them is infinite there."""
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        packed = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    return _written(number_ << 3 | FOUR) + packed


def _written(value: int) -> bytes:
    parts = bytearray()
    while value >= 128:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)
