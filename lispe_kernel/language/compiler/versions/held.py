"""The second body of a function that calls itself, as a Python function of its own.

It takes what the function takes and, last, itself: so its calls by itself need no name, and no question.
"""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import Any, NamedTuple


class Held:
    """A function among the constants of the code that reads it; `name` says for people which one."""

    __slots__ = ("name", "value")

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None

    def __repr__(self) -> str:
        return self.name


class Second(NamedTuple):
    """The code of a second body, and what the code of its function holds.

    own: the function that the code belongs to. body: the function of the second body.
    """

    code: CodeType
    own: Held
    body: Held

    def belong(self, function: FunctionType) -> None:
        """Let the second body be that of a function."""
        self.body.value = FunctionType(self.code, function.__globals__, function.__name__)
        self.own.value = function


def let_go(function: Any) -> None:
    """Let a function that loses its name ask from now on, as it must; nothing keeps it then but its users."""
    if isinstance(function, FunctionType):
        for constant in function.__code__.co_consts:
            if type(constant) is Held and constant.value is function:
                constant.value = None
