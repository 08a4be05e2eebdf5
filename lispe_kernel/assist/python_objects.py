"""Help on Python's objects in LispE's forms: `(@ nn 'Conv`, `(->per t)`, and the pages of what they name.

Attributes, signatures and docstrings are looked at, never computed: no property runs, nothing is called.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from inspect import getattr_static
from types import ModuleType
from typing import Any

from lispe_kernel.assist.cursor import Level
from lispe_kernel.assist.python_completion import attributes_of
from lispe_kernel.language.functions import registry
from lispe_kernel.language.printer import show
from lispe_kernel.language.python.border import to_python
from lispe_kernel.language.python.objects import is_object
from lispe_kernel.language.values.lists import List

_AFTER = re.compile(r"\w*\s+([^\s()'\"]+)")
_NOTHING = object()


def object_of(level: Level | None, after: str, namespace: dict[str, Any]) -> Any:
    """The object of which an attribute is being named at the cursor; NOTHING when none is.

    `level` is the call around the cursor, `after` the text from the cursor on.
    """
    if level is None or not level.items:
        return _NOTHING
    head, *names = level.items
    if head == "->" and not names:
        found = _AFTER.match(after)
        return _held([found[1]] if found else [], namespace)
    return _held(names, namespace) if registry.canonical(head) in ("at", "set@") else _NOTHING


def _held(names: list[str], namespace: dict[str, Any]) -> Any:
    """What a variable holds, and the attributes that follow it lead to."""
    if not names or names[0] not in namespace:
        return _NOTHING
    value = namespace[names[0]]
    if not (is_object(value) or isinstance(value, List)):
        return _NOTHING
    value = to_python(value)
    for name in names[1:]:
        value = getattr_static(value, name, _NOTHING)
    return value


def is_there(value: Any) -> bool:
    return value is not _NOTHING


def attributes(value: Any, begun: str) -> Iterator[tuple[str, str, str]]:
    """Names, kinds and signatures of attributes that begin so; private ones only when asked for."""
    seen = set()
    for name, kind in attributes_of(value):
        if name.startswith(begun) and name not in seen and (begun.startswith("_") or name[0] != "_"):
            seen.add(name)
            yield name, kind, signature(getattr_static(value, name, None), name)


def signature(value: Any, name: str) -> str:
    """A call as LispE writes it: `(Conv2d in_channels (? bias true) ...)`; empty for what is not called."""
    if not callable(value):
        return ""
    try:
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return ""
    return "(" + " ".join([name, *(_parameter(p) for p in parameters if p.name != "self")]) + ")"


def python_call(value: Any) -> str:
    """The parameters of a call as Python writes them; empty for what is not called or does not tell."""
    if not callable(value):
        return ""
    try:
        found = inspect.signature(value)
        return str(found.replace(parameters=[p for p in found.parameters.values() if p.name != "self"]))
    except (TypeError, ValueError):
        return ""


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return "..."
    if parameter.default is parameter.empty:
        return parameter.name
    value = parameter.default
    default = show(value) if value is None or isinstance(value, bool | int | float | str) else repr(value)
    return f"(? {parameter.name} {default})"


def documentation(value: Any) -> str:
    """The docstring, of the object or of its class, without indentation."""
    told = inspect.isroutine(value) or isinstance(value, type | ModuleType)
    found = value.__doc__ if told else getattr_static(type(value), "__doc__", None)
    return inspect.cleandoc(found) if isinstance(found, str) else ""
