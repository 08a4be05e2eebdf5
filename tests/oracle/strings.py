"""Strings and conversions (library 1; core 3.3; dialect: string functions on nil or containers are
errors).
"""

import re

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.printer import to_text
from tests.oracle.registry import function
from tests.oracle.values import NIL, Atom, List, TypedList, answer, is_number, type_name

NUMBER = re.compile(r"[ \t\n]*[-+]?(?:\d+\.\d+(?:[eE][-+]?\d+)?|\d+)")
# A character; an emoji with its modifiers, or joined with others, is one, and so is a flag.
CHARACTER = re.compile(r"[\U0001F1E6-\U0001F1FF]{2}|.(?:[\uFE0F\U0001F3FB-\U0001F3FF]|\u200D.)*", re.DOTALL)
VOWELS = "aeiouyAEIOUY"


def text_or_error(value) -> str:
    """The text a string function works on."""
    if isinstance(value, str):
        return value
    if is_number(value):
        return to_text(value)
    if isinstance(value, Atom) and value is not NIL:
        raise Undetermined("a string function on an atom")
    raise OracleError("type", "Error: a string expected")


def count_of(value) -> int:
    if type(value) is not int:
        raise Undetermined("a count that is no integer")
    return value


def integer_of(value) -> int:
    """`(integer v)`."""
    number = number_of(value)
    if number != number or abs(number) == float("inf") or abs(number) >= 2**63:
        raise Undetermined("the integer of this number")
    return int(value) if isinstance(value, int) else int(number)


def number_of(value):
    """`(number v)`."""
    if isinstance(value, int) and abs(value) > 2**53:
        raise Undetermined("the double of a large integer")
    if is_number(value):
        return float(value)
    if isinstance(value, str):
        found = NUMBER.match(value)
        if re.match(r"\s*[-+]?0[xb]", value) or (
            found and found.end() != len(value) and value[found.end()] in ".eE"
        ):
            raise Undetermined("a number in an unusual writing")
        return float(found[0]) if found else 0.0
    if isinstance(value, Atom):
        return 0.0 if value is NIL else 1.0
    raise Undetermined("a container as a number")


@function("integer", least=1, most=1)
def integer(interpreter, values):
    return integer_of(values[0])


@function("number", least=1, most=1)
def number(interpreter, values):
    return number_of(values[0])


@function("string", least=1, most=1)
def string(interpreter, values):
    return to_text(values[0])


@function("atom", least=1, most=1)
def atom(interpreter, values):
    if not isinstance(values[0], str) or not re.fullmatch(r"[a-z]\w*", values[0]):
        raise Undetermined("an unusual atom")
    return Atom(values[0])


@function("type", least=1, most=1)
def type_(interpreter, values):
    return Atom(type_name(values[0]))


def _simple(name, change):
    @function(name, least=1, most=1)
    def run(interpreter, values):
        return change(text_or_error(values[0]))


BLANKS = "".join(map(chr, range(33)))
_simple("upper", lambda s: "".join(c.upper() if len(c.upper()) == 1 else c for c in s))
_simple("lower", lambda s: "".join(c.lower() if len(c.lower()) == 1 else c for c in s))
_simple("trim", lambda s: s.strip(BLANKS))
_simple("trimleft", lambda s: s.lstrip(BLANKS))
_simple("trimright", lambda s: s.rstrip(BLANKS))
_simple("lowerp", lambda s: answer(bool(s) and s.isalpha() and s.islower()))
_simple("upperp", lambda s: answer(bool(s) and s.isalpha() and s.isupper()))
_simple("alphap", lambda s: answer(s.isalpha()))
_simple("ord", lambda s: TypedList("integers", map(ord, s)))


@function("digitp", least=1, most=1)
def digitp(interpreter, values):
    text = text_or_error(values[0])
    if not text or set(text) & set("+-."):
        raise Undetermined("digitp on signs, dots or nothing")
    return answer(text.isdigit())


@function("consonantp", least=1, most=1)
def consonantp(interpreter, values):
    raise Undetermined("which letters are consonants")


@function("vowelp", least=1, most=1)
def vowel(interpreter, values):
    text = text_or_error(values[0])
    if not text or not text.isascii() or set(text) & set("yY"):
        raise Undetermined("which letters are vowels")
    return answer(all(c in VOWELS for c in text))


@function("trim0", least=1, most=1)
def trim0(interpreter, values):
    text = text_or_error(values[0])
    if re.search(r"\.0*$", text):
        raise Undetermined("trim0 when all decimals are zeros")
    return text.rstrip("0")


@function("left", least=2, most=2)
def left(interpreter, values):
    return text_or_error(values[0])[: max(count_of(values[1]), 0)]


@function("right", least=2, most=2)
def right(interpreter, values):
    text, count = text_or_error(values[0]), count_of(values[1])
    return text[-count:] if 0 < count < len(text) else ("" if count <= 0 else text)


@function("middle", least=3, most=3)
def middle(interpreter, values):
    text, at, count = text_or_error(values[0]), count_of(values[1]), count_of(values[2])
    if at < 0 or count < 0:
        raise Undetermined("middle with a negative number")
    return text[at : at + count]


@function("replace", least=3, most=4)
def replace(interpreter, values):
    if not isinstance(values[0], str):
        raise OracleError("type", "Error: a string expected")
    if len(values) == 4:
        return replace_slice(*values)
    text, found, new = values[0], text_or_error(values[1]), text_or_error(values[2])
    return text.replace(found, new) if found else text


def replace_slice(text, new, begin, end):
    """The four-argument form: the slice [begin, end) is replaced."""
    begin, end = (x + len(text) if x < 0 else x for x in (count_of(begin), count_of(end)))
    if begin < 0:
        raise Undetermined("replace before the beginning")
    if begin >= len(text) or end < begin:
        raise OracleError("index", "Error: out of range")
    return text[:begin] + text_or_error(new) + text[end:]


def separated(values):
    text = text_or_error(values[0])
    if len(values) > 1 and not isinstance(values[1], str):
        raise Undetermined("a separator that is no string")
    if len(values) == 1:
        return re.split(r"[\x00-\x20]+", text)
    return CHARACTER.findall(text) if values[1] == "" else text.split(values[1])


@function("split", least=1, most=2)
def split(interpreter, values):
    return TypedList("strings", [piece for piece in separated(values) if piece])


@function("splite", least=1, most=2)
def splite(interpreter, values):
    if len(values) == 1:
        raise Undetermined("splite at blanks")
    return TypedList("strings", separated(values))


@function("startwith", least=2, most=2)
def startwith(interpreter, values):
    text, found = map(text_or_error, values)
    return answer(bool(found) and text.startswith(found))


@function("endwith", least=2, most=2)
def endwith(interpreter, values):
    text, found = map(text_or_error, values)
    return answer(bool(found) and text.endswith(found))


@function("format", least=2, most=10)
def format_(interpreter, values):
    text = text_or_error(values[0])
    for at in range(len(values) - 1, 0, -1):
        if values[at] is not NIL:
            text = text.replace(f"%{at}", to_text(values[at]))
    return text


@function("sprintf", least=2, most=2)
def sprintf(interpreter, values):
    if not is_number(values[0]):
        raise OracleError("type", "Error: a number expected")
    return printf(*values)


@function("stringf", least=2, most=2)
def stringf(interpreter, values):
    if not is_number(values[0]):
        raise OracleError("type", "Error: a number expected")
    return printf(*values)


def printf(value, text):
    if not re.fullmatch(r"[^%]*%[-+0 #]*\d*(\.\d+)?[feg][^%]*", str(text)):
        raise Undetermined("an unusual format")
    return text % value


@function("fill", least=2, most=2)
def fill(interpreter, values):
    return text_or_error(values[0]) * min(max(count_of(values[1]), 0), 10_000)


@function("chr", least=1, most=1)
def chr_(interpreter, values):
    if type(values[0]) is not int or not 32 <= values[0] < 0xD800:
        raise Undetermined("chr of this value")
    return chr(values[0])


@function("ngrams", least=2, most=2)
def ngrams(interpreter, values):
    text, count = text_or_error(values[0]), count_of(values[1])
    if count <= 0:
        raise OracleError("value", "Error: ngrams of nothing")
    return TypedList("strings", [text[i : i + count] for i in range(len(text) - count + 1)])


@function("editdistance", least=2, most=2)
def editdistance(interpreter, values):
    a, b = map(text_or_error, values)
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


@function("convert_in_base", least=2, most=3)
def convert_in_base(interpreter, values):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#@"
    if len(values) == 3 and values[2] is not NIL:
        raise Undetermined("convert_in_base of a text")
    value, base = map(count_of, values[:2])
    if not 2 <= base <= 64:
        raise OracleError("value", "Error: wrong base")
    if value < 0:
        raise Undetermined("convert_in_base of a negative number")
    text = ""
    while value:
        value, digit = divmod(value, base)
        text = digits[digit] + text
    return text


@function("join", least=1, most=2)
def join(interpreter, values):
    if not isinstance(values[0], List):
        raise Undetermined("join of something that is no list")
    between = "" if len(values) == 1 else text_or_error(values[1])
    return between.join(map(to_text, values[0].items))
