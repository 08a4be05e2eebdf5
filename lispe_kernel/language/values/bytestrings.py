"""Byte strings: LispE's `stringbyte`, a Python bytes that prints as its text."""

from __future__ import annotations


class ByteString(bytes):
    """A sequence of bytes, usually the UTF-8 of a text."""

    __slots__ = ()

    def text(self) -> str:
        """The bytes as text; bytes that are no UTF-8 appear as replacement marks."""
        return self.decode("utf-8", errors="replace")
