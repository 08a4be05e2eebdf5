"""Dictionaries of the other kinds: integer and number keys, sorted keys."""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.core.containers import keyed
from lispe_kernel.language.library.core.types import fill
from lispe_kernel.language.values.dictionaries import (
    Dictionary,
    IntegerDictionary,
    IntegerTree,
    NumberDictionary,
    NumberTree,
    TextTree,
)

_PAIRS = (Parameter("pairs", rest=True),)

# name, class, what its keys are, example
_KINDS: tuple[tuple[str, type[Dictionary], str, str], ...] = (
    ("dictionaryi", IntegerDictionary, "integers", '(dictionaryi 7 "x") => {7:"x"}'),
    ("dictionaryn", NumberDictionary, "numbers", '(dictionaryn 1.5 "x") => {1.5:"x"}'),
    ("dictionarytree", TextTree, "texts, kept sorted", '(dictionarytree "b" 1 "a" 2) => {"a":2 "b":1}'),
    (
        "dictionarytreei",
        IntegerTree,
        "integers, kept sorted",
        '(dictionarytreei 2 "b" 1 "a") => {1:"a" 2:"b"}',
    ),
    ("dictionarytreen", NumberTree, "numbers, kept sorted", "(dictionarytreen 2.5 1 0.5 2) => {0.5:2 2.5:1}"),
)


def _register(name: str, cls: type[Dictionary], keys: str, example: str) -> None:
    def make(*pairs: Any) -> Any:
        return fill(cls(), pairs)

    make.__name__ = name
    make.__doc__ = (
        f"A dictionary whose keys are {keys}, from keys and values in turn or a list of each.\n\n"
        "One dictionary is copied.\n\n"
        f"Example: {example}\n"
        "Errors: `Error: dictionary has a different number of key/value`."
    )
    returns = "keyed" if cls is IntegerDictionary else "other"
    function(name, keyword=True, parameters=_PAIRS, returns=returns)(make)


for _kind in _KINDS:
    _register(*_kind)


@function("keyi@", keyword=True)
def keyi_at(*arguments: Any) -> Any:
    """As key@ for dictionaries with integer keys.

    Example: (keyi@ (dictionaryi 7 "x") 7) => x
    Example: (keyi@ 1 "a" 2 "b") => {1:"a" 2:"b"}
    """
    return keyed(IntegerDictionary, arguments)


@function("keyn@", keyword=True)
def keyn_at(*arguments: Any) -> Any:
    """As key@ for dictionaries with number keys.

    Example: (keyn@ (dictionaryn 1.5 "x") 2.5) => nil
    """
    return keyed(NumberDictionary, arguments)
