"""Byte strings: LispE's `stringbyte`, a Python bytes that prints as its text, and the list of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lispe_kernel.language.printer import plainly, register_kind, to_text, write_items
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.lists import List


class ByteString(bytes):
    """A sequence of bytes, usually the UTF-8 of a text. It equals the string with the same bytes."""

    __slots__ = ()

    def text(self) -> str:
        """The bytes as text; bytes that are no UTF-8 appear as replacement marks."""
        return self.decode("utf-8", errors="replace")

    @classmethod
    def of(cls, text: str) -> ByteString:
        """The UTF-8 of a text."""
        return cls(text.encode("utf-8", errors="surrogatepass"))

    def __getitem__(self, key: Any) -> Any:
        """A byte or a stretch of bytes, again as a byte string."""
        if isinstance(key, slice):
            return ByteString(bytes.__getitem__(self, key))
        return ByteString((bytes.__getitem__(self, key),))

    def __add__(self, other: Any) -> ByteString:
        """The bytes followed by other bytes, or by the text that another value prints as."""
        if isinstance(other, bytes):
            return ByteString(bytes.__add__(self, other))
        return ByteString(bytes.__add__(self, ByteString.of(to_text(other))))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self.text() == other
        return bytes.__eq__(self, other) is True

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = bytes.__hash__


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
register_answers(
    ByteString,
    Answers(push=lambda value, added: ByteString.of(value.text() + "".join(map(to_text, added)))),
)
register_kind(StringBytes, "stringbytes_", write_items, nests=True)
