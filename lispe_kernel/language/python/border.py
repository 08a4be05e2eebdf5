"""What crosses the border, both ways: Python's value as LispE sees it, LispE's as Python code takes it.

Nothing is copied: a Python container is seen through a view (`containers.py`), a function is called
through one that converts (`functions.py`), and Python gets back the very object it gave. These kinds register
themselves here by class; everything else (tensors, modules, objects of any class) is the same on both
sides.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.forms import Form
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.language.values.views import View

Convert = Callable[[Any], Any]

# Under which name a session's namespace keeps what `variables.py` makes: a LispE name holds no blank.
KEPT = "__python variables__"

# What no container needs converted.
_PLAIN: frozenset[type] = frozenset({int, float, str, complex, bytes, type(None)})
_OURS = frozenset({Atom, List, View, Dictionary, Form})
# Classes whose values are the same on both sides, and are so often met that they are asked for first.
SAME: set[type] = set(_PLAIN)
# Python's classes -> LispE's value, the first that fits; LispE's classes -> Python's value, exactly.
_into: dict[type, Convert] = {}
_out: dict[type, Convert] = {}


def seen_as(cls: type, convert: Convert) -> None:
    """Let LispE see Python's values of a class, and of its subclasses, as `convert` gives them."""
    _into[cls] = convert


def given_as(cls: type, convert: Convert) -> None:
    """Let Python get LispE's values of exactly this class as `convert` gives them."""
    _out[cls] = convert


def same_as(*classes: type) -> None:
    """Let values of exactly these classes cross as themselves, at once."""
    SAME.update(classes)


def to_lispe(value: Any) -> Any:
    """A Python value as LispE sees it: True and False as true and nil, containers and functions as views."""
    kind = type(value)
    if kind in SAME or kind in _OURS:
        return value
    for cls in kind.__mro__:
        convert = _into.get(cls)
        if convert is not None:
            return convert(value)
    # Whoever has a value of numpy's has imported numpy.
    if kind.__module__ == "numpy" and isinstance(value, sys.modules["numpy"].generic):
        return _number(value)
    return value


def to_python(value: Any) -> Any:
    """A LispE value as Python code takes it; what came from Python is again Python's own object."""
    if value is TRUE:
        return True
    convert = _out.get(type(value))
    return value if convert is None else convert(value)


def given(value: Any) -> Any:
    """An argument for a Python function: as `to_python`, and what stands in a container is converted, too.

    A container in which nothing needs converting is passed as it is, so that the function may change it; a
    typed list is an array over the same memory.
    """
    kind = type(value)
    if kind is View:
        value, kind = list(value), List
    if kind is List:
        if _PLAIN.issuperset(map(type, value)):
            return value
        items = [given(item) for item in value]
        return value if all(map(operator.is_, items, value)) else items
    if kind is Dictionary:
        pairs = {key: given(item) for key, item in value.items()}
        return value if all(map(operator.is_, pairs.values(), value.values())) else pairs
    if isinstance(value, TypedList):
        return value.array
    return to_python(value)


# Functions of Python's that write their arguments where programs without LispE read them.
_writers: list[Any] = []


def writes(function: Any) -> None:
    """Give a function plain values of Python's alone: `given` would leave LispE's classes in a file."""
    _writers.append(function)


def giving(function: Any) -> Convert:
    """How a function of Python's is given its arguments."""
    for writer in _writers:
        if function is writer:
            return plain
    return given


def plain(value: Any) -> Any:
    """An argument as `to_python`, with lists, tables and numbers of Python's own classes at every depth."""
    found = to_python(value)
    if type(found) is list or isinstance(found, List | TypedList):
        return [plain(item) for item in found]
    if type(found) is dict or isinstance(found, Dictionary):
        return {plain(key): plain(item) for key, item in found.items()}
    for number in (int, float):
        if isinstance(found, number) and not isinstance(found, bool):
            return number(found)
    return found


def _number(value: Any) -> Any:
    """A number of numpy's as Python's; numpy's booleans among them."""
    plain = value.item()
    return to_lispe(plain) if type(plain) is bool else plain


def _bool(value: bool) -> Atom | None:
    return TRUE if value else None


seen_as(bool, _bool)
given_as(View, list)
