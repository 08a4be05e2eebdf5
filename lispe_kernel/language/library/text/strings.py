"""Strings: case, trimming, parts, replacing, splitting, codes, distances.

The functions take strings and byte strings (which they give back as byte strings), atoms and numbers by
their text, and refuse everything else. No function here changes its argument.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument, text_argument
from lispe_kernel.language.library.shared.clusters import clusters
from lispe_kernel.language.library.shared.elements import elements, is_list
from lispe_kernel.language.library.shared.strings_core import BLANKS, like, pieces_like, repeated
from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.language.values.atoms import Atom, atoms_named, truth
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.typed.lists import Integers, TypedList

# Texts and counts below this are small enough to make a text of.
_SHORT = 1 << 14
_BLANK = re.compile(r"[\x00-\x20]")
_TO_SPACES = str.maketrans(dict.fromkeys(range(32), " "))

# Letters whose stroke is no combining mark, so that Unicode does not decompose them.
_STROKES = str.maketrans("øØłŁđĐħĦŧŦ", "oOlLdDhHtT")


def _each(text: str, change: Callable[[str], str]) -> str:
    """Change character by character; a character that would become several stays as it is."""
    return "".join(new if len(new := change(old)) == 1 else old for old in text)


@function("upper")
def upper(str_: Any) -> Any:
    """The text in upper case, character by character: its length never changes.

    Example: (upper "abc-z1") => ABC-Z1
    """
    if type(str_) is str and str_.isascii():
        return str_.upper()
    text = text_argument("upper", 1, str_)
    return like(str_, text.upper() if text.isascii() else _each(text, str.upper))


@function("lower")
def lower(str_: Any) -> Any:
    """The text in lower case, character by character: its length never changes.

    Example: (lower "ABC") => abc
    """
    if type(str_) is str and str_.isascii():
        return str_.lower()
    text = text_argument("lower", 1, str_)
    return like(str_, text.lower() if text.isascii() else _each(text, str.lower))


@function("deaccentuate")
def deaccentuate(str_: Any) -> Any:
    """The text with accented letters replaced by their bare letters.

    Example: (deaccentuate "éà") => ea
    """
    return like(str_, _each(text_argument("deaccentuate", 1, str_), _bare))


def _bare(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    return "".join(c for c in parts if not unicodedata.combining(c)).translate(_STROKES)


@function("trim")
def trim(str_: Any) -> Any:
    """The text without blanks (codes up to 32) at both ends.

    Example: (trim "  ab c  ") => ab c
    """
    return like(str_, text_argument("trim", 1, str_).strip(BLANKS))


@function("trimleft")
def trimleft(str_: Any) -> Any:
    """The text without the blanks (codes up to 32) at its beginning.

    Example: (size (trimleft "  x ")) => 2
    """
    return like(str_, text_argument("trimleft", 1, str_).lstrip(BLANKS))


@function("trimright")
def trimright(str_: Any) -> Any:
    """The text without the blanks (codes up to 32) at its end.

    Example: (size (trimright "  x ")) => 3
    """
    return like(str_, text_argument("trimright", 1, str_).rstrip(BLANKS))


@function("trim0")
def trim0(str_: Any) -> Any:
    """The text without the characters 0 that end it.

    Example: (trim0 "1.2500") => 1.25
    """
    return like(str_, text_argument("trim0", 1, str_).rstrip("0"))


@function("left")
def left(str_: Any, nb: Any) -> Any:
    """The first characters; "" for a count of 0 or less, the whole text for a count beyond its size.

    Example: (left "library" 3) => lib
    """
    text = text_argument("left", 1, str_)
    return like(str_, text[: max(0, integer_argument("left", 2, nb))])


@function("right")
def right(str_: Any, nb: Any) -> Any:
    """The last characters; "" for a count of 0 or less, the whole text for a count beyond its size.

    Example: (right "library" 4) => rary
    """
    text = text_argument("right", 1, str_)
    count = integer_argument("right", 2, nb)
    return like(str_, text[max(0, len(text) - count) :] if count > 0 else "")


@function("middle")
def middle(str_: Any, pos: Any, nb: Any) -> Any:
    """So many characters from a position, clipped at the end; "" for a position outside the text.

    Example: (middle "library" 2 3) => bra
    """
    text = text_argument("middle", 1, str_)
    start, count = integer_argument("middle", 2, pos), integer_argument("middle", 3, nb)
    return like(str_, text[start : start + count] if start >= 0 and count > 0 else "")


@function("replace")
def replace(str_: Any, fnd: Any, rep: Any, end: Any = None) -> Any:
    """A text with every `fnd` replaced by `rep`, from left to right; an empty `fnd` changes nothing.

    With four arguments, `(replace str rep begin end)`: the characters from `begin` to `end` (excluded,
    negative from the end) are replaced by `rep`.

    Example: (replace "cocoa" "co" "x") => xxa
    Example: (replace "abcdef" "!" -2 6) => abcd!
    Errors: when the first argument is no string; `out of range` for a slice outside the text.
    """
    if not isinstance(str_, str):
        raise wrong_argument("replace", 1, "a string", str_)
    text, second = text_argument("replace", 1, str_), text_argument("replace", 2, fnd)
    if end is not None:
        return like(str_, _replace_slice(text, second, rep, end))
    put = text_argument("replace", 3, rep)
    return like(str_, text.replace(second, put) if second else text)


def _replace_slice(text: str, put: str, begin: Any, end: Any) -> str:
    start, stop = integer_argument("replace", 3, begin), integer_argument("replace", 4, end)
    size = len(text)
    start, stop = start + size * (start < 0), min(size, stop + size * (stop < 0))
    if not 0 <= start < size or stop < start:
        raise LispeError(f"Error: replace: {begin} to {end} is out of range in {size} characters")
    return text[:start] + put + text[stop:]


@function("split")
def split(str_: Any, sep: Any = None) -> List:
    """The pieces between the separators as `strings`, without empty pieces.

    Without a separator, blanks (codes up to 32) separate; with "" the text is cut into its characters
    (an emoji with its modifiers is one).

    Example: (split " one  two ") => ("one" "two")
    Example: (split "k=v=w" "=") => ("k" "v" "w")
    """
    if type(str_) is str and type(sep) is str and sep:
        found = str_.split(sep)
        return Strings(filter(None, found) if "" in found else found)
    if type(str_) is str and sep is None:
        if str_.isascii():
            return Strings(str_.translate(_TO_SPACES).split())
        return Strings(filter(None, _BLANK.split(str_)))
    if type(str_) is str and sep == "" and str_.isascii():
        return Strings(str_)
    return pieces_like(str_, filter(None, _pieces("split", str_, sep)))


@function("splite")
def splite(str_: Any, sep: Any = None) -> List:
    """The pieces between the separators as `strings`, empty pieces included.

    Without `sep` each blank separates: blanks, tabs, ends of lines and other control characters.

    Example: (splite "a,,b," ",") => ("a" "" "b" "")
    Example: (splite "a  b") => ("a" "" "b")
    """
    if type(str_) is str and type(sep) is str and sep:
        return Strings(str_.split(sep))
    return pieces_like(str_, _pieces("splite", str_, sep))


def _pieces(name: str, value: Any, separator: Any) -> list[str]:
    text = text_argument(name, 1, value)
    if separator is None:
        return _BLANK.split(text)
    mark = text_argument(name, 2, separator)
    return text.split(mark) if mark else clusters(text)


@function("startwith", returns="boolean")
def startwith(str_: Any, fnd: Any) -> Atom | None:
    """Whether the text starts with another one, which must not be empty.

    Example: (startwith "lispe" "lis") => true
    """
    text, part = text_argument("startwith", 1, str_), text_argument("startwith", 2, fnd)
    return truth(part and text.startswith(part))


@function("endwith", returns="boolean")
def endwith(str_: Any, fnd: Any) -> Atom | None:
    """Whether the text ends with another one, which must not be empty.

    Example: (endwith "lispe" "pe") => true
    """
    text, part = text_argument("endwith", 1, str_), text_argument("endwith", 2, fnd)
    return truth(part and text.endswith(part))


@function("fill")
def fill(str_: Any, nb: Any) -> Any:
    """The text repeated; "" for a count of 0 or less.

    Example: (fill "ab" 3) => ababab
    """
    text = text_argument("fill", 1, str_)
    if text is str_ and type(nb) is int and 0 <= nb < _SHORT and len(text) < _SHORT:
        return text * nb
    return like(str_, repeated("fill", text, integer_argument("fill", 2, nb)))


@function("padding")
def padding(str_: Any, c: Any, nb: Any) -> Any:
    """The text followed by the characters of `c`, in turn, up to the size `nb`; in front if negative.

    Example: (padding "7" "0" 4) => 7000
    Example: (padding "7" "0" -4) => 0007
    """
    text, characters = text_argument("padding", 1, str_), text_argument("padding", 2, c)
    size = integer_argument("padding", 3, nb)
    if text is str_ and len(characters) == 1 and -_SHORT < size < _SHORT:
        return text.ljust(size, characters) if size >= 0 else text.rjust(-size, characters)
    missing = abs(size) - len(text)
    if missing <= 0 or not characters:
        return like(str_, text)
    added = repeated("padding", characters, missing // len(characters) + 1)[:missing]
    return like(str_, text + added if size >= 0 else added + text)


@function("ord")
def ord_(str_: Any) -> TypedList:
    """The code points of the characters as `integers`.

    Example: (ord "AB") => (65 66)
    """
    if type(str_) is str and len(str_) == 1:
        return Integers.exactly((ord(str_),))
    return Integers.exactly([*map(ord, text_argument("ord", 1, str_))])


@function("chr", returns="text")
def chr_(nb: Any) -> str:
    """The character with a code point.

    Example: (chr 955) => λ
    Errors: for a number that is no code point of Unicode.
    """
    code = integer_argument("chr", 1, nb)
    if not 0 <= code <= 0x10FFFF:
        raise wrong_argument("chr", 1, "a code point between 0 and 1114111", nb)
    return chr(code)


@function("ngrams")
def ngrams(str_: Any, nb: Any) -> List:
    """All stretches of `nb` characters, in their order, as `strings`.

    Example: (ngrams "abcd" 3) => ("abc" "bcd")
    Errors: for a count of 0 or less.
    """
    text, count = text_argument("ngrams", 1, str_), integer_argument("ngrams", 2, nb)
    if count <= 0:
        raise wrong_argument("ngrams", 2, "an integer above 0", nb)
    return pieces_like(str_, [text[at : at + count] for at in range(len(text) - count + 1)])


@function("editdistance", returns="number")
def editdistance(str_: Any, strbis: Any) -> int:
    """The Levenshtein distance: the least number of characters inserted, deleted or exchanged.

    Example: (editdistance "flaw" "lawn") => 2
    Source: G. Myers, "A fast bit-vector algorithm for approximate string matching", 1999; H. Hyyrö, 2001
    """
    text, other = text_argument("editdistance", 1, str_), text_argument("editdistance", 2, strbis)
    return _distance(text, other) if text else len(other)


def _distance(text: str, other: str) -> int:
    """One column of the distance table a turn, held as the bits where it rises and where it falls."""
    places: dict[str, int] = {}
    for at, character in enumerate(text):
        places[character] = places.get(character, 0) | 1 << at
    every, last = (1 << len(text)) - 1, 1 << (len(text) - 1)
    rises, falls, distance = every, 0, len(text)
    for character in other:
        equal = places.get(character, 0)
        level = (((equal & rises) + rises) ^ rises) | equal
        up, down = (falls | ~(level | rises)) & every, rises & level
        distance += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & every, (down << 1) & every
        steady = equal | falls
        rises, falls = (down | ~(steady | up)) & every, up & steady
    return distance


@function("stringbyte", keyword=True)
def stringbyte(e: Any) -> ByteString:
    """The text of a value as a byte string: its UTF-8.

    Example: (size (stringbyte "é")) => 2
    """
    return _byte_string(e)


@function("chrbyte")
def chrbyte(bytes_: Any) -> ByteString:
    """The byte string of these bytes: a number from 0 to 255, or a list of them.

    Example: (chrbyte (integers 195 169 33)) => é!
    Errors: for a number that is no byte.
    """
    given = elements(bytes_, "chrbyte", 1) if is_list(bytes_) else [bytes_]
    found = [integer_argument("chrbyte", 1, item) for item in given]
    if not all(0 <= item <= 255 for item in found):
        raise wrong_argument("chrbyte", 1, "numbers from 0 to 255", bytes_)
    return ByteString(bytes(found))


def _byte_string(value: Any) -> ByteString:
    if isinstance(value, ByteString):
        return value
    return ByteString.of(to_text(value))


@function("explode", keyword=True)
def explode(s: Any) -> List:
    """The characters of a text as atoms.

    Example: (explode "abc") => (a b c)
    """
    return List(atoms_named(text_argument("explode", 1, s)))
