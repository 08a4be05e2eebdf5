"""Kinds: what can be known of a value before it exists, so that Python's operation can be used as it is.

`natural`, `integer`, `number`; `text`; `boolean` (true or nil); `list`, `dictionary` and `keyed` (exactly our
List, our Dictionary and our IntegerDictionary); `integers` (exactly that typed list) and `numbers` (any typed
list); `solid` (anything but text); `other` (a set, a heap, strings, another dictionary);
`test` (Python's own True and False, which only conditions hold). An empty kind says nothing.
"""

from __future__ import annotations

INTEGERS = frozenset({"natural", "integer"})
NUMBERS = INTEGERS | {"number"}
TYPED = frozenset({"integers", "numbers"})
# Kinds of dictionaries, and of the keys that they hold.
KEYS = {"dictionary": "text", "keyed": "integer"}
CONTAINERS = TYPED | {"list", *KEYS}
SIZED = CONTAINERS | {"text"}
NOT_TEXT = NUMBERS | CONTAINERS | {"solid", "boolean"}
# Lists whose class says what Python's own operations do.
LISTS = frozenset({"list", "integers"})
# Kinds whose truth in Python is their truth in LispE.
PLAIN_TRUTH = NUMBERS | SIZED | {"boolean", "test"}
# The kinds of the values of Python's and our classes, by the names that these have in compiled code.
OF_CLASS = {
    " List": frozenset({"list"}),
    " str": frozenset({"text"}),
    " int": INTEGERS,
    " float": frozenset[str](),
    " Dictionary": frozenset({"dictionary"}),
    " IntegerDictionary": frozenset({"keyed"}),
}
# The elements of containers.
ELEMENTS = {"integers": "integer", "numbers": "number", "text": "text"}

_WIDTH = ("natural", "integer", "number")


def join(a: str, b: str) -> str:
    """The narrowest kind of values of either kind; empty when nothing is known."""
    if a == b:
        return a
    if a in NUMBERS and b in NUMBERS:
        return max(a, b, key=_WIDTH.index)
    if {a, b} == TYPED:
        return "numbers"
    return "solid" if a in NOT_TEXT and b in NOT_TEXT else ""


def arithmetic_kind(operator: str, a: str, b: str) -> str:
    """The kind of a result of + - * / from the kinds of the operands."""
    if a not in NUMBERS or b not in NUMBERS:
        return "solid"
    if operator in "+*" and a == b == "natural":
        return "natural"
    return "integer" if operator in "+-*" and a in INTEGERS and b in INTEGERS else "number"
