"""The registry of inline functions: calls of library functions that the compiler writes as plain Python.

An inline function says here all that the stages ask: how it is written as a value and as a condition, what
kind its result has, what a variable among its operands must have been, whether it may run code of the
program. `@syntax` is for the few library calls whose meaning depends on how their arguments are written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.compiler.tree import Node
    from lispe_kernel.language.forms import Form

Result = Callable[[list[str], Any], str]


@dataclass
class Inline:
    """One inline function."""

    name: str
    emit: Any = None
    test: Any = None
    kind: str | Result = ""
    learns: Callable[[Sequence[Node]], Sequence[Node]] | None = None
    # It runs nothing of the program: no call of a function, no lazy sequence.
    quiet: bool = True
    # It changes what a container holds.
    changes: bool = False
    # A program may give its name another meaning: the first of its operands is the function that it names.
    guarded: bool = False
    # Written into a variable, it stores once, after everything was evaluated.
    stores_last: bool = True
    # How many arguments it takes when it is written as plain Python.
    least: int = 0
    most: int | None = None

    def result(self, kinds: list[str], node: Any) -> str:
        """The kind of the result, given the kinds of the operands."""
        kind = self.kind
        return kind if isinstance(kind, str) else kind(kinds, node)

    def accepts(self, count: int) -> bool:
        return count >= self.least and (self.most is None or count <= self.most)


inline_functions: dict[str, Inline] = {}
# Library calls that are read as forms: `(resolver, form) -> node`, or None for the ordinary call.
syntaxes: dict[str, Callable[[Resolver, Form], Node | None]] = {}


def syntax(*names: str) -> Callable[[Any], Any]:
    """Let a function read the calls of these library functions; it answers None to leave one alone."""

    def register(read: Any) -> Any:
        for name in names:
            syntaxes[name] = read
        return read

    return register


def entry(name: str) -> Inline:
    """The entry of an inline function, made when it is first spoken of."""
    return inline_functions.setdefault(name, Inline(name))


def inline(*names: str, **facts: Any) -> Callable[[Any], Any]:
    """Let the decorated function `(emitter, node, destination)` write these functions as values."""

    def register(emit: Any) -> Any:
        for name in names:
            found = entry(name)
            found.emit = emit
            for fact, value in facts.items():
                setattr(found, fact, value)
        return emit

    return register


def question(*names: str, **facts: Any) -> Callable[[Any], Any]:
    """Let the decorated function `(emitter, node)` write these functions as conditions.

    As values they are true or nil unless `@inline` says otherwise.
    """

    def register(test: Any) -> Any:
        for name in names:
            found = entry(name)
            found.test = test
            for fact, value in {"kind": "boolean", **facts}.items():
                setattr(found, fact, value)
        return test

    return register
