"""What LispE's general container functions do on strings, as plain Python functions.

`find`, `in`, `insert`, `pop`, `reverse` ... have one LispE name for strings and lists; the file that
registers the name dispatches to these. Nothing is registered here, and no function here changes its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.library.shared.arguments import integer_argument, text_argument
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.bytestrings import ByteString, StringBytes
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.typed.lists import Integers, TypedList

# LispE's blanks: every character with a code up to that of the space.
BLANKS = "".join(map(chr, range(33)))

# An error rather than a machine that stops answering.
MOST_CHARACTERS = 1 << 30


def like(original: Any, text: str) -> Any:
    """The text as a byte string when the original is one."""
    return ByteString.of(text) if isinstance(original, ByteString) else text


def pieces_like(original: Any, pieces: Iterable[str]) -> List:
    """The texts as `strings`, or as `stringbytes` when the original is a byte string."""
    return StringBytes(pieces) if isinstance(original, ByteString) else Strings(pieces)


def find_in_text(text: str, part: Any, position: Any = 0) -> int | None:
    """The index of the first occurrence at or after a position; nil without one or for an empty part."""
    wanted = text_argument("find", 2, part)
    start = max(0, integer_argument("find", 3, position))
    found = text.find(wanted, start) if wanted else -1
    return found if found >= 0 else None


def rfind_in_text(text: str, part: Any, skipped: Any = 0) -> int | None:
    """The index of the last occurrence; `skipped` characters at the end are left out of the search."""
    wanted = text_argument("rfind", 2, part)
    end = len(text) - max(0, integer_argument("rfind", 3, skipped))
    found = text.rfind(wanted, 0, end) if wanted and end >= 0 else -1
    return found if found >= 0 else None


def occurrences(text: str, part: str, position: int = 0) -> list[int]:
    """The indices of the occurrences that do not overlap; none for an empty part."""
    found: list[int] = []
    at = text.find(part, max(0, position)) if part else -1
    while at >= 0:
        found.append(at)
        at = text.find(part, at + len(part))
    return found


def find_all_in_text(text: str, part: Any, position: Any = 0) -> TypedList:
    """The indices of all occurrences that do not overlap, as `integers`."""
    wanted = text_argument("findall", 2, part)
    return Integers(occurrences(text, wanted, integer_argument("findall", 3, position)))


def count_in_text(text: str, part: Any, position: Any = 0) -> int:
    """How many occurrences that do not overlap there are at or after a position."""
    wanted = text_argument("count", 2, part)
    start = max(0, integer_argument("count", 3, position))
    return text.count(wanted, start) if wanted else 0


def in_text(text: str, part: Any) -> bool:
    """Whether the text holds the part; an empty part is nowhere."""
    wanted = text_argument("in", 2, part)
    return bool(wanted) and wanted in text


def replace_in_text(text: str, old: Any, new: Any) -> tuple[str, int]:
    """The text with every occurrence replaced, and how many there were."""
    wanted, put = text_argument("replaceall", 2, old), text_argument("replaceall", 3, new)
    return (text.replace(wanted, put), text.count(wanted)) if wanted else (text, 0)


def insert_in_text(text: str, value: Any, position: Any = None) -> str:
    """The text with a value put in: at the end without a position, between characters at a negative one."""
    added = text_argument("insert", 2, value)
    if position is None:
        return text + added
    at = integer_argument("insert", 3, position)
    return added.join(text) if at < 0 else text[:at] + added + text[at:]


def push_text(text: str, values: Iterable[Any]) -> str:
    """The text with the texts of the values after it."""
    return text + "".join(map(to_text, values))


def push_first_text(text: str, values: Iterable[Any]) -> str:
    """The text with each value put in front in turn: the last value ends up first."""
    return "".join(reversed([to_text(value) for value in values])) + text


def pop_text(text: str, position: Any = None) -> str:
    """The text without its last character, or without the one at an index; "" for an index outside it."""
    if position is None:
        return text[:-1]
    at = integer_argument("pop", 2, position)
    return text[:at] + text[at + 1 :] if 0 <= at < len(text) else ""


def pop_first_text(text: str) -> str:
    """The text without its first character."""
    return text[1:]


def reverse_text(text: str) -> str:
    """The text backwards, code point by code point."""
    return text[::-1]


def rotate_text(text: str, left: Any = None) -> str:
    """The last character moved to the front, or the first to the end when `left` is true."""
    return text[1:] + text[:1] if left else text[-1:] + text[:-1]


def join_texts(items: Iterable[Any], separator: Any = "") -> str:
    """The texts of the items with the separator between them."""
    mark = text_argument("join", 2, separator)
    if isinstance(items, list) and set(map(type, items)) == {str}:
        return mark.join(items)
    return mark.join(map(to_text, items))


def text_intersection(text: str, other: str) -> str:
    """The characters that are in both, each once, in the order of the first text."""
    return _distinct(character for character in text if character in other)


def text_union(text: str, other: str) -> str:
    """The characters of both, each once, in the order of their first appearance."""
    return _distinct(text + other)


def text_difference(text: str, other: str) -> str:
    """The characters that are in exactly one of the texts, each once, in the order of appearance."""
    return _distinct([c for c in text if c not in other] + [c for c in other if c not in text])


TEXT_SET_OPERATIONS: dict[str, Callable[[str, str], str]] = {
    "&&&": text_intersection,
    "|||": text_union,
    "^^^": text_difference,
}


def repeated(function: str, text: str, count: int) -> str:
    """The text so many times, unless the result would fill the memory."""
    if count > 0 and len(text) * count > MOST_CHARACTERS:
        raise LispeError(f"Error: {function}: a string of {len(text) * count} characters is too long")
    return text * count if text and count > 0 else ""


def _distinct(characters: Iterable[str]) -> str:
    return "".join(dict.fromkeys(characters))
