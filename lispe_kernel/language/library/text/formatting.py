"""Text from numbers and back: C formats, positional formats, bases, balanced blocks."""

from __future__ import annotations

import re
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.shared.arguments import integer_argument, text_argument
from lispe_kernel.language.library.shared.strings_core import like
from lispe_kernel.language.printer import describe, to_text, wrong_argument
from lispe_kernel.language.values.lists import List

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#@"
_DIGIT_VALUES = {digit: value for value, digit in enumerate(DIGITS)}

# C's conversion specification: flags, width, precision, a length that says nothing here, the letter.
_CONVERSION = re.compile(
    r"%(?:(?P<percent>%)|(?P<flags>[-+ #0]*)(?P<width>\d*)(?P<precision>\.\d*)?"
    r"(?:hh|h|ll|l|L|q|j|z|t)?(?P<letter>[a-zA-Z]))"
)
_WIDEST = 100_000
_INTEGER_LETTERS = "diuoxX"
_NUMBER_LETTERS = "eEfFgG"
_MOST_ELEMENTS = 9


def format_number(name: str, number: Any, template: Any) -> str:
    """One number in a C format, for `sprintf` and `stringf`."""
    if not isinstance(number, (int, float)):
        raise wrong_argument(name, 1, "a number", number)
    if not isinstance(template, str):
        raise wrong_argument(name, 2, "a format (a string)", template)
    pieces, used, last = [], 0, 0
    for found in _CONVERSION.finditer(template):
        pieces.append(_literal(name, template, last, found.start()))
        last = found.end()
        if found["percent"]:
            pieces.append("%")
            continue
        used += 1
        pieces.append(_converted(name, number, found))
    pieces.append(_literal(name, template, last, len(template)))
    if used > 1:
        raise LispeError(f"Error: {name}: the format {describe(template)} asks for {used} numbers, not one")
    return "".join(pieces)


def _literal(name: str, template: str, start: int, end: int) -> str:
    text = template[start:end]
    if "%" in text:
        raise LispeError(f"Error: {name}: {describe(template)} is no format of one number")
    return text


def _converted(name: str, number: int | float, found: re.Match[str]) -> str:
    letter, precision = found["letter"], found["precision"] or ""
    if max(int(found["width"] or 0), int(precision[1:] or 0)) > _WIDEST:
        raise LispeError(f"Error: {name}: a width or a precision above {_WIDEST} in a format")
    plain = "%" + found["flags"] + found["width"] + precision
    if letter in _NUMBER_LETTERS:
        return str((plain + letter) % number)
    if letter not in _INTEGER_LETTERS and letter != "c":
        raise LispeError(f"Error: {name}: unknown conversion '%{letter}' in a format")
    whole = integer_argument(name, 1, number)
    if letter == "c":
        if not 0 <= whole <= 0x10FFFF:
            raise wrong_argument(name, 1, "a code point for '%c'", number)
        return str((plain + "c") % chr(whole))
    if letter in "uoxX" and whole < 0:
        # C reads the bits of a negative integer as those of an unsigned one.
        whole %= 1 << max(64, whole.bit_length() + 1)
    if letter == "o" and "#" in found["flags"]:
        plain = plain.replace("#", "")
        return str((plain + "s") % f"0{whole:o}")
    return str((plain + letter.replace("u", "d")) % whole)


@function("sprintf", returns="text")
def sprintf(nb: Any, str_: Any) -> str:
    """A number in a C format. The number comes first, the format second.

    Example: (sprintf 2.5 "%.2f") => 2.50
    Example: (sprintf 255 "0x%04X") => 0x00FF
    Errors: for a value that is no number, and for a format that does not ask for one number.
    """
    return format_number("sprintf", nb, str_)


@function("stringf", keyword=True, returns="text")
def stringf(nb: Any, fmt: Any) -> str:
    """A number in a C format. The number comes first, the format second.

    Example: (stringf 0.5 "%.3f") => 0.500
    Errors: for a value that is no number, and for a format that does not ask for one number.
    """
    return format_number("stringf", nb, fmt)


_FORMAT = (Parameter("str"), Parameter("e1"), Parameter("e", rest=True))


@function("format", parameters=_FORMAT)
def format_(str_: Any, *elements: Any) -> Any:
    """The text with `%1` ... `%9` replaced by the texts of the elements.

    A mark without an element, or with nil, stays as it is.

    Example: (format "%2 then %1" "x" "y") => y then x
    Errors: with more than nine elements.
    """
    text = text_argument("format", 1, str_)
    if len(elements) > _MOST_ELEMENTS:
        raise LispeError(f"Error: format: at most {_MOST_ELEMENTS} elements, not {len(elements)}")
    for number in range(len(elements), 0, -1):
        if elements[number - 1] is not None:
            text = text.replace(f"%{number}", to_text(elements[number - 1]))
    return like(str_, text)


@function("convert_in_base")
def convert_in_base(v: Any, b: Any, convert: Any = None) -> Any:
    """An integer as a text in a base from 2 to 64; with a true `convert`, the integer that a text writes.

    The digits are `0-9 A-Z a-z # @`. Zero gives the empty text, as in LispE.

    Example: (convert_in_base 255 16) => FF
    Example: (convert_in_base "FF" 16 true) => 255
    Errors: for another base, and for a character that is no digit of the base.
    """
    base = integer_argument("convert_in_base", 2, b)
    if not 2 <= base <= len(DIGITS):
        raise wrong_argument("convert_in_base", 2, f"a base from 2 to {len(DIGITS)}", b)
    if convert:
        return _from_base(text_argument("convert_in_base", 1, v), base)
    return _in_base(integer_argument("convert_in_base", 1, v), base)


def _in_base(number: int, base: int) -> str:
    digits, left = [], abs(number)
    while left:
        left, digit = divmod(left, base)
        digits.append(DIGITS[digit])
    return ("-" if number < 0 else "") + "".join(reversed(digits))


def _from_base(text: str, base: int) -> int:
    number = 0
    for character in text.removeprefix("-"):
        digit = _DIGIT_VALUES.get(character, base)
        if digit >= base:
            raise LispeError(f"Error: convert_in_base: '{character}' is no digit in base {base}")
        number = number * base + digit
    return -number if text.startswith("-") else number


@function("getstruct")
def getstruct(str_: Any, open_: Any, close: Any, pos: Any = 0) -> List | None:
    """The first balanced block at or after a position as `(text begin end)`, nil when there is none.

    Blocks inside it are counted; text between double quotes is passed over. Only the first characters of
    `open` and `close` count.

    Example: (getstruct "f(a(b)c)d" "(" ")") => ("(a(b)c)" 1 8)
    """
    text = text_argument("getstruct", 1, str_)
    first = _mark("getstruct", 2, open_)
    last = _mark("getstruct", 3, close)
    found = balanced(text, first, last, max(0, integer_argument("getstruct", 4, pos)))
    return None if found is None else List([like(str_, text[found[0] : found[1]]), *found])


def _mark(name: str, position: int, value: Any) -> str:
    text = text_argument(name, position, value)
    if not text:
        raise wrong_argument(name, position, "a character", value)
    return text[0]


def balanced(text: str, first: str, last: str, start: int = 0) -> tuple[int, int] | None:
    """The bounds of the first balanced block, the end excluded."""
    begin = text.find(first, start)
    if begin < 0:
        return None
    # A string, an escaped character, or one of the marks.
    marks = re.compile(rf'"(?:\\.|[^"\\])*"|{re.escape(first)}|{re.escape(last)}', re.S)
    depth = 0
    for found in marks.finditer(text, begin):
        if found[0] == last and depth and (first != last or found.start() != begin):
            depth -= 1
            if not depth:
                return begin, found.end()
        elif found[0] == first:
            depth += 1
    return None
