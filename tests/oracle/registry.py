"""The tables of special forms and functions, filled by the files that define them.

A form gets (interpreter, argument forms, scope, tail); a function gets (interpreter, argument values). A
stepwise function gets an iterator instead of a list: taking the next argument evaluates it (core 3.4: the
first operand is copied, then each further one is combined into the copy). This module never evaluates a
program.
"""

from dataclasses import dataclass
from typing import Any

from tests.oracle.names import ELSEWHERE

MANY = 10**9


@dataclass(frozen=True)
class Entry:
    """One form or function with the number of arguments it takes."""

    name: str
    run: Any
    least: int
    most: int
    stepwise: bool = False

    def accepts(self, count: int) -> bool:
        return self.least <= count <= self.most


FORMS: dict[str, Entry] = {}
FUNCTIONS: dict[str, Entry] = {}


def form(*names: str, least: int = 0, most: int = MANY):
    """Register a special form under its names."""

    def register(run):
        for name in names:
            FORMS[name] = Entry(name, run, least, most)
        return run

    return register


def function(*names: str, least: int = 0, most: int = MANY, stepwise: bool = False):
    """Register a function of the library under its names."""

    def register(run):
        for name in names:
            FUNCTIONS[name] = Entry(name, run, least, most, stepwise)
        return run

    return register


ARITHMETIC = {"+", "-", "*", "/", "%", "^^", "&", "|", "^", "<<", ">>", "&~"}
COMPARATORS = {"<", "<=", ">", ">=", "=", "!=", "eq", "neq", "==", ">=<"}
OPERATORS = ARITHMETIC | COMPARATORS | {"~", "!", "&&&", "|||", "^^^"}


def is_known(name: str) -> bool:
    """Whether the name is an instruction or a function of the library."""
    return name in FORMS or name in FUNCTIONS or name in ELSEWHERE
