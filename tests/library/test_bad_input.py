"""Whatever a function of the library is given, only a value or a LispE error comes out of it.

Functions are called directly, so that no Python exception can be explained away. Those that wait for a
person, run a shell or take their time are left out.
"""

import itertools
import math

import pytest

from lispe_kernel import LispeError
from lispe_kernel.language import library
from lispe_kernel.language.functions import registry
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.scalars import Short, Single
from lispe_kernel.language.values.typed.lists import Integers, Numbers
from tests.library.library_calls import inside_a_session

library.load()
FAMILIES = {
    "strings",
    "characters",
    "formatting",
    "extract",
    "regex",
    "maths",
    "randomness",
    "distributions",
    "json_text",
    "files",
    "streams",
    "dates",
    "system",
    "tokenizing",
    "indenting",
    "scalars",
    "ontologies",
}
WAITING = {"command", "pipe", "input@", "getchar", "setenv"}
# Counts of values to draw: these would honestly be drawn.
HUGE = 10**30


def nested(depth: int) -> List:
    found = List()
    for _ in range(depth):
        found = List([found])
    return found


VALUES = [
    None,
    TRUE,
    Atom("name"),
    0,
    1,
    -1,
    HUGE,
    -HUGE,
    0.5,
    math.nan,
    math.inf,
    1j,
    Single(2.5),
    Short(3),
    "",
    "a",
    "ab1 (é)\n\U0001f600",
    "\ud800",
    "%",
    ByteString(b"\xff\xfe"),
    List(),
    Strings(["b", "a"]),
    Integers([3, 1]),
    Numbers([math.nan]),
    Dictionary(a=1),
    nested(50),
    len,
    object(),
]
# With three arguments and more, a smaller choice of values.
LATER = [None, -1, 2, HUGE, math.nan, "", "a", List([1])]

CALLED = [e for e in registry if e.call.__module__.rpartition(".")[2] in FAMILIES and e.name not in WAITING]


def argument_lists(count: int):
    if count <= 2:
        return itertools.product(VALUES, repeat=count)
    return itertools.product(VALUES if count == 3 else LATER, *[LATER] * (count - 1))


@pytest.mark.parametrize("entry", CALLED, ids=lambda entry: entry.name)
def test_only_values_and_lispe_errors_come_out(entry, in_folder):
    most = entry.most if entry.most is not None else entry.least + 2
    with inside_a_session():
        for arguments in itertools.chain(*map(argument_lists, range(entry.least, min(most, 4) + 1))):
            try:
                entry.call(*arguments)
            except LispeError:
                continue
            except Exception as error:
                pytest.fail(f"({entry.name} {arguments}) raised {error!r}")


def test_every_family_is_called():
    assert {entry.call.__module__.rpartition(".")[2] for entry in CALLED} == FAMILIES
