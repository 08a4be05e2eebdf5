"""Values of every kind that the language has, and what each word of `returns=` promises."""

import itertools
import math
import re
from collections.abc import Iterable

from lispe_kernel import Session
from lispe_kernel.language.errors import Caught
from lispe_kernel.language.functions import Function
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.dictionaries import (
    Dictionary,
    IntegerDictionary,
    IntegerTree,
    NumberDictionary,
    NumberTree,
    TextTree,
)
from lispe_kernel.language.values.heaps import Heap
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.scalars import NUMERIC
from lispe_kernel.language.values.sets import Set
from lispe_kernel.language.values.typed.lists import Integers, TypedList

# What a program writes to get one value of each kind.
PROGRAMS = """
nil true 'name '< '+ 0 1 3 -2 2.5 -0.5 1,2i (float 2.5) (int16_t 3) "" "a" "ab c" "12" b"ab" b""
() '(1 2 3) '("b" "a") '(1 "a" nil) '((1 2) (3 4)) '(+ 1) '(λ (x) x) (cdr '(1 2 3)) (cdr '(1))
(strings "b" "a") (stringbytes b"b" b"a") (integers 3 1) (integers) (numbers 2.5 1) (floats 2.5 1)
(shorts 3 1) (llist 1 2) (llist) {} {"a":1 "b":2} {1:2} {2.5:1} (dictionarytree "b" 1) (dictionarytreei 2 1)
(set 'a 1) (sets "b" "a") (seti 3 1) (setn 2.5) (set) (heap '>=< 3 1 2) (heap '>=<)
(matrix_integer '((1 2) (3 4))) (matrix_number '((1.5 2) (3 4)))
(tensor_integer '(((1 2) (3 4)))) (irange 0 1) (cycle '(1 2))
(λ (x) x) (rgx "a+") (date) (catch (throw "e"))
(block (data@ (Point integer_ integer_)) (Point 1 2)) (block (class@ kind (x)) (kind 1)) 'car
"""

# Addresses and the time of the day.
_VARYING = re.compile(r"0x[0-9a-f]+|\d+:\d+:\d+")


def steady(text: str) -> str:
    """A printed value, or an error, without what is another one each time."""
    return _VARYING.sub("", text)


# Compiled once: the values are made anew for every function.
SESSION = Session()
MAKING = SESSION.compile(f"(list {PROGRAMS})")


def values() -> list[object]:
    """A fresh value of every kind, and a few of Python's own."""
    return [
        *SESSION.run_program(MAKING).value,
        math.nan,
        math.inf,
        [1, 2],
        (1, 2),
        {"a": 1},
        object(),
        len,
        Caught("e"),
        ByteString(b"\xff"),
    ]


# Beyond 64 bits; as a count of elements it would honestly be carried out, so lists are spared it.
HUGE = 10**20

# With three arguments and more, a smaller choice of values.
LATER = [None, TRUE, 1, 2.5, "a", "", Atom("name"), List([1, 2])]


def argument_lists(entry: Function, first: list[object], most: int = 4):
    """Lists of arguments for every number that a function takes, up to `most`."""
    first = first if "library.lists." in entry.call.__module__ else [*first, HUGE]
    top = entry.most if entry.most is not None else entry.least + 2
    for count in range(entry.least, min(top, most) + 1):
        if count <= 2:
            yield from itertools.product(first, repeat=count)
        else:
            yield from itertools.product(first, *[LATER] * (count - 1))


def is_mask(value: object) -> bool:
    """Whether a value answers element by element."""
    return str(getattr(value, "dtype", "")).rpartition(".")[2] == "bool"


OTHER = (Set, Heap, Strings, NumberDictionary, TextTree, IntegerTree, NumberTree)

PROMISES = {
    "boolean": lambda value: value is TRUE or value is None,
    "answer": lambda value: value is TRUE or value is None or is_mask(value),
    "number": lambda value: type(value) in NUMERIC,
    "natural": lambda value: type(value) is int and value >= 0,
    "text": lambda value: type(value) is str,
    "list": lambda value: type(value) is List,
    "dictionary": lambda value: type(value) is Dictionary,
    "keyed": lambda value: type(value) is IntegerDictionary,
    "other": lambda value: isinstance(value, OTHER),
    "integers": lambda value: type(value) is Integers,
    "numbers": lambda value: isinstance(value, TypedList),
}


def broken_promise(entry: Function, arguments: Iterable[tuple[object, ...]]) -> object:
    """The first call whose result is not of the kind that the function declares; a failing one has none."""
    keeps = PROMISES[entry.returns]
    for given in arguments:
        try:
            result = entry.call(*given)
        except Exception:  # noqa: S112 - an error is no result
            continue
        if not keeps(result):
            return given, result
    return None
