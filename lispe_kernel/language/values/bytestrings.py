"""Byte strings: LispE's `stringbyte`, the bytes of a text, and the list of them.

What reads a file gives bytes, and programs treat them as text; so a byte string is a text that knows its
bytes. It equals the string with the same characters, and works wherever a string does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lispe_kernel.language.printer import plainly, register_kind, to_text, write_items
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList


class ByteString(str):
    """A sequence of bytes, usually the UTF-8 of a text. Bytes that are no UTF-8 are kept as they are."""

    __slots__ = ()

    def __new__(cls, content: bytes | str = b"") -> ByteString:
        # Python keeps a byte that is no UTF-8 as a lone surrogate, so that nothing is lost.
        text = content.decode("utf-8", "surrogateescape") if isinstance(content, bytes) else content
        return str.__new__(cls, text)

    def raw(self) -> bytes:
        """The bytes."""
        return self.encode("utf-8", "surrogateescape")

    def text(self) -> str:
        """The bytes as text; bytes that are no UTF-8 appear as replacement marks."""
        return str(self) if self.isascii() else self.raw().decode("utf-8", "replace")

    @classmethod
    def of(cls, text: str) -> ByteString:
        """The UTF-8 of a text."""
        if isinstance(text, cls):
            return text
        return cls(text) if text.isascii() else cls(text.encode("utf-8", "surrogatepass"))

    def __getitem__(self, key: Any) -> Any:
        """A character or a stretch of characters, again as a byte string."""
        return ByteString(str.__getitem__(self, key))

    def __iter__(self) -> Iterator[Any]:
        return (ByteString(character) for character in str.__iter__(self))

    def __radd__(self, other: Any) -> Any:
        """A text followed by what the bytes are as text."""
        return other + self.text() if isinstance(other, str) else NotImplemented

    def __add__(self, other: Any) -> ByteString:
        """The bytes followed by other bytes, or by the text that another value prints as."""
        if isinstance(other, (list, TypedList)):
            return NotImplemented  # element by element, as of every text
        added = other if isinstance(other, ByteString) else ByteString.of(to_text(other))
        # Joined as bytes: two parts of one character become the character.
        return ByteString(self.raw() + added.raw())


class StringBytes(List):
    """LispE's `stringbytes`: every element is a byte string."""

    __slots__ = ()

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__(map(self.convert, values))

    @staticmethod
    def convert(value: Any) -> ByteString:
        """A value as a byte string: the UTF-8 of its text."""
        if isinstance(value, ByteString):
            return value
        return ByteString.of(to_text(value))

    def append(self, value: Any) -> None:
        super().append(self.convert(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend(map(self.convert, values))


register_kind(ByteString, "stringbyte_", plainly(ByteString.text), quoted_inside=True)
register_kind(StringBytes, "stringbytes_", write_items, nests=True)
