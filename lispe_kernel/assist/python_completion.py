"""Completion inside Python cells: names, and attributes of what the names hold.

Attributes are read from classes and modules without calling anything: no property runs, no `__getattr__`.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from inspect import getattr_static
from types import ModuleType
from typing import Any

_PATH = re.compile(r"(?:[^\W\d]\w*\.)*(?:[^\W\d]\w*)?\Z")

# A module of PyTorch answers for what lies in tables of its own.
_TABLES = ("_parameters", "_buffers", "_modules")
_REST = re.compile(r"\w*")


def python_matches(code: str, cursor: int, namespace: dict[str, Any]) -> tuple[int, list[tuple[str, str]]]:
    """Where the completed word starts, and pairs (text, kind) of what may stand there."""
    before = code[:cursor]
    path = _PATH.search(before)
    text = path[0] if path is not None else ""
    holder, _, begun = text.rpartition(".")
    start = cursor - len(begun)
    names = _attributes(holder.split("."), namespace) if holder else _names(namespace)
    found = {name: kind for name, kind in names if name.startswith(begun)}
    hidden = {name for name in found if name.startswith("_") and not begun.startswith("_")}
    return start, sorted((name, kind) for name, kind in found.items() if name not in hidden)


def python_value(code: str, cursor: int, namespace: dict[str, Any]) -> tuple[str, Any]:
    """The dotted name that the cursor touches, else the one called around it, and what it holds; None."""
    end = cursor + len(_REST.match(code, cursor)[0])  # type: ignore[index]
    path = _PATH.search(code[:end])
    text = path[0] if path is not None else ""
    found = _held(text.split("."), namespace) if text and not text.endswith(".") else None
    if found is None:
        called = _open_call(code[:cursor])
        if called >= 0:
            return python_value(code[:called], called, namespace)
    return text, found


def _open_call(before: str) -> int:
    """Where the innermost parenthesis that is still open stands; -1 where there is none."""
    depth = 0
    for place in range(len(before) - 1, -1, -1):
        depth += (before[place] == ")") - (before[place] == "(")
        if depth < 0:
            return place
    return -1


def _held(path: list[str], namespace: dict[str, Any]) -> Any:
    """What a dotted name holds, looked at and never computed; None where it leads nowhere."""
    value = namespace.get(path[0], vars(builtins).get(path[0]))
    for name in path[1:]:
        value = _attribute(value, name)
    return value


def _attribute(value: Any, name: str) -> Any:
    kept = _own_attributes(value)
    found = getattr_static(value, name, None)
    tables = (kept.get(table) or {} for table in _TABLES)
    return found if found is not None else next((table[name] for table in tables if name in table), None)


def _names(namespace: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in keyword.kwlist:
        yield name, "keyword"
    for name, value in vars(builtins).items():
        yield name, _kind(value)
    for name, value in list(namespace.items()):
        if name.isidentifier():
            yield name, _kind(value)


def _attributes(path: list[str], namespace: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if path[0] in namespace or hasattr(builtins, path[0]):
        value = _held(path, namespace)
        if value is not None or len(path) == 1:
            yield from attributes_of(value)


def attributes_of(value: Any) -> Iterator[tuple[str, str]]:
    """The names that the dictionaries of a value and of its classes hold, with their kinds."""
    for owner in _owners(value):
        for name, held in list(vars(owner).items()):
            if isinstance(name, str):
                yield name, _kind(held)
    kept = _own_attributes(value)
    for table in _TABLES:
        for name in list(kept.get(table, ())):
            yield name, "instance"


def _own_attributes(value: Any) -> dict[str, Any]:
    """What lies in the object itself; nothing for one without a dictionary."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def _owners(value: Any) -> Iterator[Any]:
    """The objects whose dictionaries hold the attributes: the value itself, its class, its bases."""
    if isinstance(value, ModuleType | type) or _own_attributes(value):
        yield value
    cls = value if isinstance(value, type) else type(value)
    yield from cls.__mro__


def _kind(value: Any) -> str:
    if isinstance(value, ModuleType):
        return "module"
    if isinstance(value, type):
        return "class"
    return "function" if callable(value) else "instance"
