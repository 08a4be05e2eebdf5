"""From text to forms (core 1): a reader that knows nothing of the project's own.

A form is an `Atom`, a number, a `str` or a Python list of forms. `'x` is [quote, x]; `[a b]` is `(a b)`;
braces are the call they stand for. This module never evaluates and never expands.
"""

import re

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.names import ALIASES
from tests.oracle.values import Atom, Bytes, Complex

QUOTE, COLON = Atom("quote"), Atom(":")
TOKEN = re.compile(
    r""";;.*?;;|;[^\n]*|\#![^\n]*          # comments
    |(?P<bytes>b"(?:\\.|[^"\\\n])*")|(?P<string>"(?:\\.|[^"\\\n])*")|(?P<long>`[^`]*`)
    |(?P<complex>[-+]?\d+(?:\.\d+)?,[-+]?(?:\d+(?:\.\d+)?)?i(?=[\s()\[\]{}'";`:]|$))
    |(?P<number>[-+]?(?:0x[0-9a-fA-F]+|0b[01]+|\d+\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\d+)
        (?=[\s()\[\]{}'";`:]|$))
    |(?P<mark>[()\[\]{}':])
    |(?P<point>\.(?=[\s()\[\]{}]|$))
    |(?P<atom>[^\s()\[\]{}'";`:.]+)""",
    re.VERBOSE | re.DOTALL,
)


# What this reader leaves to others: long byte strings, `#` as a comment, long strings in other quotes.
NOT_READ = re.compile(r"""(?<![^\s()\[\]{}'])b`|^[ \t]*#\s|[«“‘„❝]""", re.M)

IMAGINARY = {"": 1, "+": 1, "-": -1}


def read(text: str) -> list:
    """All forms of a text."""
    tokens = list(tokenise(text))
    balance(tokens)
    forms, at = [], 0
    while at < len(tokens):
        form, at = read_form(tokens, at)
        forms.append(form)
    return forms


def tokenise(text: str):
    """The tokens, as (kind, text)."""
    if NOT_READ.search(text):
        raise Undetermined("long byte strings, comments of older revisions, quotes of other languages")
    at = braces_open = 0
    while at < len(text):
        if text[at - 1 : at] == "'" and (text[at : at + 2] == "{)" or (text[at] == "}" and not braces_open)):
            # A quoted brace that opens and closes nothing is an atom (dialect).
            yield "atom", text[at]
            at += 1
            continue
        if text[at].isspace():
            at += 1
            continue
        found = TOKEN.match(text, at)
        if not found:
            raise OracleError("syntax", "Error: missing end of string")
        at = found.end()
        braces_open += {"{": 1, "}": -1}.get(found.group(), 0)
        if found.lastgroup:
            yield found.lastgroup, found.group()


def balance(tokens) -> None:
    """Refuse a text whose parentheses do not close."""
    depth = 0
    pairs = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
    for kind, text in tokens:
        depth += pairs.get(text, 0) if kind == "mark" else 0
        if depth < 0:
            break
    if depth:
        raise OracleError("syntax", "Error: parentheses do not balance")


def read_form(tokens, at):
    """One form and the place after it."""
    kind, text = tokens[at]
    if kind == "string":
        return unescape(text[1:-1]), at + 1
    if kind == "bytes":
        return Bytes(unescape(text[2:-1])), at + 1
    if kind == "complex":
        real, imaginary = text[:-1].split(",")
        return Complex(complex(float(real), float(IMAGINARY.get(imaginary, imaginary)))), at + 1
    if kind == "long":
        return text[1:-1], at + 1
    if kind == "number":
        return number(text), at + 1
    if kind == "mark" and text == "'":
        form, after = read_form(tokens, at + 1)
        return [QUOTE, form], after
    if kind == "mark" and text in "([{":
        return read_list(tokens, at + 1, {"(": ")", "[": "]", "{": "}"}[text])
    if kind == "mark" and text in ")]}":
        raise OracleError("syntax", "Error: parentheses do not balance")
    return Atom(ALIASES.get(text, text)), at + 1


def read_list(tokens, at, closing):
    forms = []
    while at < len(tokens):
        if tokens[at] == ("mark", closing):
            return (braces(forms) if closing == "}" else forms), at + 1
        form, at = read_form(tokens, at)
        forms.append(form)
    raise OracleError("syntax", "Error: parentheses do not balance")


def unescape(text: str) -> str:
    """Escapes of "...": \\n \\r \\t, any other character stands for itself."""
    return re.sub(
        r"\\(.)", lambda m: {"n": "\n", "r": "\r", "t": "\t"}.get(m[1], m[1]), text, flags=re.DOTALL
    )


def number(text: str):
    """The text decides the type: 3 integer, 3.0 number."""
    digits = text.lstrip("+-")
    sign = -1 if text[0] == "-" else 1
    if digits.startswith("0x"):
        value = int(digits, 16)
        return sign * (float(value) if "e" in digits.lower()[2:] else value)
    if digits.startswith("0b"):
        return sign * int(digits, 2)
    return float(text) if set(digits) & set(".eE") else int(text)


def braces(forms):
    """`{k:v}` is the call `(dictionary k v)`, `{a b}` a set (core 1.6)."""
    if not forms:
        return [Atom("dictionary")]
    if COLON not in forms:
        names = {int: "seti", float: "setn"}
        kinds = {names.get(type(form), "sets") for form in forms}
        if len(kinds) > 1:
            raise Undetermined("set literal of several kinds")
        return [Atom(kinds.pop()), *forms]
    keys, values = forms[0::3], forms[2::3]
    if len(forms) % 3 or any(mark is not COLON for mark in forms[1::3]):
        raise OracleError("syntax", "Error: dictionary has a different number of key/value")
    kinds = {type(key) for key in keys}
    name = "dictionary"
    if kinds == {int}:
        name = "dictionaryi"
    elif kinds <= {int, float}:
        name = "dictionaryn"
    return [Atom(name), *(form for pair in zip(keys, values, strict=True) for form in pair)]
