"""Flat lists with a shape, shifted lists, masks, blocks of a text, JSON that is read (library 1.1 to 4.5)."""

import json
import math
import re

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.lists import a_list
from tests.oracle.places import fit
from tests.oracle.registry import COMPARATORS, form, function
from tests.oracle.strings import text_or_error
from tests.oracle.values import NIL, TRUE, Atom, Dictionary, List, is_number, is_true


def sizes_of(value) -> list:
    sizes = list(a_list(value, "a shape").items)
    if not sizes or not all(type(n) is int and n > 0 for n in sizes):
        raise Undetermined("a shape")
    return sizes


def span(flat, sizes, keys):
    """Where the part under some keys begins and how many elements it has."""
    if math.prod(sizes) != len(flat.items):
        raise Undetermined("a shape that does not fit")
    if len(keys) > len(sizes) or not all(type(key) is int for key in keys):
        raise Undetermined("keys of a shape")
    start, size = 0, len(flat.items)
    for key, count in zip(keys, sizes, strict=False):
        if not 0 <= key < count:
            raise OracleError("index", "Error: Index out of bound")
        size //= count
        start += key * size
    return start, size


@function("@@@", least=3)
def atshape(interpreter, values):
    flat, sizes, keys = a_list(values[0], "@@@"), sizes_of(values[1]), values[2:]
    if any(type(key) is int and key < 0 for key in keys):
        if len(sizes) != 2 or len(keys) != 2 or keys[0] != -1 or not keys[1] >= 0:
            raise Undetermined("negative keys of a shape but for one column")
        if keys[1] >= sizes[1]:
            raise OracleError("index", "Error: Index out of bound")
        span(flat, sizes, [0])
        return flat.same_kind(flat.items[keys[1] :: sizes[1]])
    start, size = span(flat, sizes, keys)
    part = flat.items[start : start + size]
    if len(keys) < len(sizes) - 1:
        raise Undetermined("whether a part of several dimensions is flat")
    return part[0] if len(keys) == len(sizes) else flat.same_kind(part)


@function("set@@@", least=4)
def setshape(interpreter, values):
    flat, sizes, keys, value = a_list(values[0], "set@@@"), sizes_of(values[1]), values[2:-1], values[-1]
    start, size = span(flat, sizes, keys)
    if len(keys) == len(sizes):
        flat.put(start, fit(flat, value))
        return flat
    parts = a_list(value, "a part of a shape").items
    if len(parts) != size:
        raise Undetermined("a part of another size")
    for at, item in enumerate(parts):
        flat.put(start + at, fit(flat, item))
    return flat


@function("shift", least=2, most=3)
def shift(interpreter, values):
    from tests.oracle.family import operator_name

    step, source = interpreter.as_function(values[0], interpreter.place), a_list(values[1], "shift")
    n = values[2] if len(values) == 3 else 1
    if type(n) is not int or n == 0 or abs(n) > len(source.items):
        raise Undetermined("how far to shift")
    left, right = source.items[: -abs(n)], source.items[abs(n) :]
    if n < 0:
        left, right = right, left
    results = [interpreter.call(step, [a, b]) for a, b in zip(left, right, strict=True)]
    if operator_name(values[0]) in COMPARATORS:
        results = [int(is_true(value)) for value in results]
    return List(results)


@function("over", least=2, most=2)
def over(interpreter, values):
    given, source = values
    made = interpreter.call(interpreter.as_function(given, interpreter.place), [a_list(source, "over")])
    if not isinstance(made, List) or made.kind != source.kind:
        raise Undetermined("over with another kind of list")
    source.become(made.items)
    return source


@function("mask@", least=2, most=3)
def mask(interpreter, values):
    bits = [is_true(bit) for bit in a_list(values[0], "mask@").items]
    first = list(a_list(values[1], "mask@").items)
    other = list(a_list(values[2], "mask@").items) if len(values) == 3 else [NIL] * len(bits)
    if sum(bits) != len(first) or (len(values) == 3 and len(bits) - sum(bits) != len(other)):
        raise OracleError("size", "Error: mask@: the sizes do not fit")
    return List([(first if bit else other).pop(0) for bit in bits])


@function("explode", least=1, most=1)
def explode(interpreter, values):
    text = text_or_error(values[0])
    if not re.fullmatch(r"[a-z]*", text):
        raise Undetermined("characters that are no atoms")
    return List(map(Atom, text))


@function("getstruct", least=3, most=4)
def getstruct(interpreter, values):
    text, opening, closing = (text_or_error(value) for value in values[:3])
    at = values[3] if len(values) == 4 else 0
    if type(at) is not int or not 0 <= at <= len(text):
        raise Undetermined("a position")
    if text[:at].count('"') % 2:
        raise Undetermined("a position inside quotes")
    if '"' in text[at : text.find(opening[0], at)]:
        raise Undetermined("whether a block may begin between quotes")
    depth = begin = 0
    while at < len(text):
        if text[at] == '"':
            found = re.compile(r'"(?:\\.|[^"\\])*"').match(text, at)
            if not found:
                raise Undetermined("a text in quotes that does not end")
            at = found.end()
            continue
        if text[at] == opening[0]:
            begin = begin if depth else at
            depth += 1
        elif text[at] == closing[0] and depth:
            depth -= 1
            if not depth:
                return List([text[begin : at + 1], begin, at + 1])
        at += 1
    return NIL


@function("cosine", least=2, most=2)
def cosine(interpreter, values):
    a, b = (a_list(value, "cosine").items for value in values)
    if len(a) != len(b) or not all(map(is_number, [*a, *b])) or not any(a) or not any(b):
        raise Undetermined("the cosine of these")
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(
        sum(x * x for x in a) * sum(y * y for y in b)
    )


@function("cyclicp", least=1, most=1)
def cyclicp(interpreter, values):
    if any(not isinstance(item, (int, float, str, Atom)) for item in a_list(values[0], "cyclicp").items):
        raise Undetermined("cyclicp of lists in lists")
    return NIL


@function("punctuationp", least=1, most=1)
def punctuation(interpreter, values):
    text = text_or_error(values[0])
    if not re.fullmatch(r"[.,;:!?]*|\w*", text):
        raise Undetermined("what counts as punctuation")
    return TRUE if not re.search(r"\w", text) else NIL


@function("json_parse", least=1, most=1)
def json_parse(interpreter, values):
    if not isinstance(values[0], str):
        raise Undetermined("JSON in something else than a text")
    try:
        return from_json(json.loads(values[0]))
    except json.JSONDecodeError:
        if re.search(r"[\]\"\d}]\s+[\[\"\d{]", values[0]):
            raise Undetermined("JSON without its commas") from None
        raise OracleError("json", "Error: JSON") from None


def from_json(value):
    if value is None or isinstance(value, bool):
        return TRUE if value else NIL
    if isinstance(value, list):
        return List(map(from_json, value))
    if isinstance(value, dict):
        return Dictionary(pairs=((key, from_json(item)) for key, item in value.items()))
    return value


@function("json_dictionary", most=1)
def json_dictionary(interpreter, values):
    if not values:
        return Dictionary()
    items = a_list(values[0], "json_dictionary").items
    if len(items) % 2 or not all(isinstance(key, str) for key in items[::2]):
        raise Undetermined("the pairs of a JSON dictionary")
    return Dictionary(pairs=zip(items[::2], items[1::2], strict=True))


@form("pattern@", least=2, most=2)
def pattern_at(interpreter, arguments, scope, tail):
    """Its variables are assigned as by `setq` when it matches."""
    from tests.oracle import patterns
    from tests.oracle.scope import Frame, assign

    value, frame = interpreter.eval(arguments[1], scope), Frame(interpreter.globals)
    if not patterns.match(interpreter, arguments[0], value, frame):
        return NIL
    for name, found in frame.names.items():
        assign(scope, name, found)
    return TRUE
