"""JSON: values as text and back.

Writing gives JSON that any reader takes: nil is null, true is true, other atoms are strings, a number is
written with as many digits as give it back. Reading takes JSON whose commas may be missing. Nothing here
evaluates what it reads.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import text_argument
from lispe_kernel.language.library.shared.paths import path_argument, system_error
from lispe_kernel.language.printer import describe, number_text, to_text, wrong_argument
from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary, IntegerDictionary, NumberDictionary
from lispe_kernel.language.values.lazy import finite
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList

_text = json.JSONEncoder(ensure_ascii=False).encode


def json_number(value: float) -> str:
    """A double as it prints where that gives it back, else with all its digits.

    Errors: for NaN and the infinities, which JSON does not have.
    """
    if not math.isfinite(value):
        raise LispeError(f"Error: json: JSON has no number for {number_text(value)}")
    short = number_text(value)
    return short if float(short) == value else repr(value)


def to_json(value: Any, open_: set[int] | None = None) -> str:
    """The JSON text of a value.

    Errors: for numbers and values that JSON does not have.
    """
    if value is None or value is TRUE:
        return "null" if value is None else "true"
    if isinstance(value, (str, Atom)):
        return _text(value if isinstance(value, str) else to_text(value))
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return json_number(value)
    if isinstance(value, TypedList):
        return "[" + ",".join(map(to_json, value)) + "]"
    opened = open_ if open_ is not None else set()
    if id(value) in opened:
        raise LispeError("Error: json: JSON has no form for a container that contains itself")
    opened.add(id(value))
    try:
        return _container(value, opened)
    finally:
        opened.discard(id(value))


def _container(value: Any, opened: set[int]) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_key(k)}:{to_json(v, opened)}" for k, v in value.items()) + "}"
    return "[" + ",".join(to_json(item, opened) for item in _items(value)) + "]"


def _key(key: Any) -> str:
    """A key: integers and numbers stand without quotes, as in LispE."""
    return to_json(key)


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    iterate = answers_of(finite(value, "json")).iterate
    if iterate is not None:
        return iterate(value)
    raise LispeError(f"Error: json: JSON has no form for {describe(value)}")


# -- reading ------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"[ \t\r\n,]*(?:(?P<mark>[\[\]{}:])|(?P<string>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.]))|(?P<word>[A-Za-z]+)|(?P<end>\Z))",
    re.S,
)
_WORDS: dict[str, Any] = {"null": None, "nil": None, "true": TRUE, "false": None}


def from_json(name: str, text: str) -> Any:
    """The value that a JSON text writes: lists, dictionaries in the text's order, nil for null and false.

    Errors: a LispE error that names the line where the text is wrong.
    """
    try:
        return settled(json.loads(text, strict=False, parse_constant=_refuse))
    except ValueError:
        return _Tolerant(name, text).read()


def _refuse(word: str) -> Any:
    raise ValueError(word)


def settled(value: Any) -> Any:
    """What Python's JSON reader gives, as LispE's values."""
    if isinstance(value, list):
        return List(map(settled, value))
    if isinstance(value, dict):
        return Dictionary({key: settled(item) for key, item in value.items()})
    if value is True:
        return TRUE
    return None if value is False else value


class _Tolerant:
    """Reads JSON in which commas may be missing and keys may be numbers; knows the line of an error."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text, self.at = name, text, 0

    def read(self) -> Any:
        value = self.value(self.token())
        kind, text = self.token()
        if kind != "end":
            raise self.fail(f"{text} after the end")
        return value

    def fail(self, what: str) -> LispeError:
        line = self.text.count("\n", 0, self.at) + 1
        return LispeError(f"Error: {self.name}: unexpected {what} in line {line} of the JSON text")

    def token(self) -> tuple[str, str]:
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            blank = re.compile(r"[ \t\r\n,]*").match(self.text, self.at)
            self.at = blank.end() if blank is not None else self.at
            raise self.fail(f"'{self.text[self.at]}'")
        self.at = found.end()
        kind = found.lastgroup or "end"
        return kind, found[kind]

    def value(self, token: tuple[str, str]) -> Any:
        kind, text = token
        if kind == "string":
            return self.string(text)
        if kind == "number":
            return float(text) if re.search(r"[.eE]", text) else int(text)
        if kind == "word" and text in _WORDS:
            return _WORDS[text]
        if text == "[" and kind == "mark":
            return self.items()
        if text == "{" and kind == "mark":
            return self.pairs()
        raise self.fail("end" if kind == "end" else f"'{text}'")

    def string(self, text: str) -> str:
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            raise self.fail("escape in a string") from None

    def items(self) -> List:
        found = List()
        while (token := self.token()) != ("mark", "]"):
            found.append(self.value(token))
        return found

    def pairs(self) -> Dictionary:
        """The pairs of an object; keys without quotes make a dictionary of integers or numbers."""
        found: list[tuple[Any, Any]] = []
        while (token := self.token()) != ("mark", "}"):
            if token[0] not in ("string", "number"):
                raise self.fail(f"'{token[1]}' instead of a key" if token[1] else "end")
            key = self.value(token)
            if self.token() != ("mark", ":"):
                raise self.fail("text instead of ':'")
            found.append((key, self.value(self.token())))
        kinds = {type(key) for key, _ in found}
        made = _BY_KEYS[str in kinds or not kinds, float in kinds]()
        for key, value in found:
            made.store(key, value)
        return made


# (a text among the keys, a decimal among them) -> the kind of dictionary
_BY_KEYS: dict[tuple[bool, bool], type[Dictionary]] = {
    (True, True): Dictionary,
    (True, False): Dictionary,
    (False, True): NumberDictionary,
    (False, False): IntegerDictionary,
}


# -- functions ----------------------------------------------------------------------------------------


@function("json", returns="text")
def json_(e: Any) -> str:
    """The JSON text of a value, without blanks.

    Example: (json '(1 (2 "b") nil true)) => [1,[2,"b"],null,true]
    Example: (json (dictionary "k" 5)) => {"k":5}
    Errors: for NaN, infinities, values that JSON does not have, and a container that contains itself.
    """
    return to_json(e)


@function("json_parse")
def json_parse(str_: Any, raw: Any = None) -> Any:  # noqa: ARG001 - LispE has it, it changes nothing
    """The value that a JSON text writes: objects are dictionaries in the order of the text, false is nil.

    Commas between items may be missing.

    Example: (json_parse `{"a":[1,2.5,null]}`) => {"a":(1 2.5 nil)}
    Errors: for a text that is no JSON, with the line.
    """
    return from_json("json_parse", text_argument("json_parse", 1, str_))


@function("json_read")
def json_read(file: Any, raw: Any = None) -> Any:  # noqa: ARG001 - LispE has it, it changes nothing
    """The value that a JSON file holds, as `json_parse` reads it.

    Example: (block (json_write '(1 2) "/tmp/lispe_json.json") (json_read "/tmp/lispe_json.json")) => (1 2)
    Errors: for a file that cannot be read or is no JSON.
    """
    path = path_argument("json_read", 1, file)
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as stream:
            text = stream.read()
    except (OSError, ValueError) as error:
        raise system_error("json_read", path, error) from None
    return from_json("json_read", text)


@function("json_write")
def json_write(e: Any, file: Any) -> Atom:
    """Write the JSON text of a value into a file.

    Example: (json_write {"a":1} "/tmp/lispe_json.json") => true
    Errors: for a value without a JSON form and for a file that cannot be written.
    """
    path, text = path_argument("json_write", 2, file), to_json(e)
    try:
        with open(path, "w", encoding="utf-8", errors="surrogatepass", newline="") as stream:
            stream.write(text)
    except (OSError, ValueError) as error:
        raise system_error("json_write", path, error) from None
    return TRUE


@function("json_dictionary")
def json_dictionary(lst: Any = None) -> Dictionary:
    """A dictionary that keeps the order of its keys: empty, or from a list of keys and values in turn.

    Example: (json_dictionary '("b" 1 "a" 2)) => {"b":1 "a":2}
    Errors: for a list with an odd number of elements.
    """
    made = Dictionary()
    if lst is None:
        return made
    if not isinstance(lst, (list, TypedList)):
        raise wrong_argument("json_dictionary", 1, "a list of keys and values", lst)
    if len(lst) % 2:
        raise LispeError("Error: json_dictionary: each key needs a value")
    items = list(lst)
    for key, value in zip(items[::2], items[1::2], strict=True):
        made.store(key, value)
    return made
