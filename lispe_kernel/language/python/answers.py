"""nil among the arguments of a Python function: None where Python takes it, False where it wants an answer.

LispE has one value for both. A parameter whose default is True or False wants an answer. Functions of PyTorch
that are written in C say nothing of their parameters; they refuse a wrong kind before they do anything, so
that False can be tried where None was refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import combinations
from types import FunctionType
from typing import Any

# Of more arguments that are nil no combination is tried.
_MOST = 6


def called_with_nil(function: Callable[..., Any], values: list[Any], named: dict[str, Any]) -> Any:
    """What the function gives. Raises what it raises."""
    values, named = _answers(function, values, named)
    if not _checks_first(function):
        return function(*values, **named)
    try:
        return function(*values, **named)
    except TypeError as error:
        refused = error
    for other_values, other_named in _with_false(values, named):
        try:
            return function(*other_values, **other_named)
        except TypeError:
            continue
    raise refused


def _answers(
    function: Callable[..., Any], values: list[Any], named: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments with False for nil where the signature wants an answer."""
    try:
        # A module of PyTorch's says under this name what it is called with.
        called = function if isinstance(function, type) else getattr(function, "forward", function)
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        return values, named
    wanting = {
        parameter.name for parameter in (*_of_bases(function), *parameters) if _wants_answer(parameter)
    }
    by_place = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = [*by_place, *[""] * len(values)]
    return (
        [
            False if value is None and name in wanting else value
            for value, name in zip(values, names, strict=False)
        ],
        {name: False if value is None and name in wanting else value for name, value in named.items()},
    )


def _of_bases(cls: Any) -> Iterator[inspect.Parameter]:
    """The parameters to which a class may hand on what it does not name itself."""
    for base in cls.__mro__[1:-1] if isinstance(cls, type) else ():
        makes = vars(base).get("__init__")
        if isinstance(makes, FunctionType):
            yield from inspect.signature(makes).parameters.values()


def _wants_answer(parameter: inspect.Parameter) -> bool:
    if parameter.default is None:
        return False
    return isinstance(parameter.default, bool) or parameter.annotation in (bool, "bool")


def _checks_first(function: Any) -> bool:
    module = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
    return inspect.isbuiltin(function) or str(module).partition(".")[0] == "torch"


def _with_false(values: list[Any], named: dict[str, Any]) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """The arguments with False for some that are None, few of them first."""
    places: list[int | str] = [place for place, value in enumerate(values) if value is None]
    places += [name for name, value in named.items() if value is None]
    if len(places) > _MOST:
        return
    for count in range(1, len(places) + 1):
        for chosen in combinations(places, count):
            yield (
                [False if place in chosen else value for place, value in enumerate(values)],
                {name: False if name in chosen else value for name, value in named.items()},
            )
