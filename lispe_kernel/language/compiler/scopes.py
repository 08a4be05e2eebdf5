"""Who sees which variable: bindings, the function being built, its frame.

LispE has local and global variables and nothing between. A `defun` is a frame; a lambda shares the frame
in which it is written (a Python closure); `let` and parameters are lexical bindings.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

# Names that Python's compiler refuses or treats on its own.
_RESERVED = frozenset({"None", "True", "False", "__debug__"})


def python_name(name: str) -> str:
    """The Python identifier for a LispE variable: the name itself, but for four that Python keeps."""
    return name + "·" if name in _RESERVED else name


# The name space of the bodies of threads.
THREAD = "thread"


def qualified(space: str, name: str) -> str:
    """The global name of a function of a name space: a blank in it, so that no program can write it."""
    return f"{space} {name}" if space else name


@dataclass(frozen=True)
class Binding:
    """A lexical variable: the Python name and the Python function that owns it."""

    name: str
    owner: PythonFunction


@dataclass(frozen=True)
class Signature:
    """What a call of a user's function needs to know."""

    name: str
    parameters: tuple[str, ...]
    optional: int = 0
    rest: bool = False
    # The error for a wrong number of arguments, where it is not the usual one.
    mismatch: str = ""

    def accepts(self, count: int) -> bool:
        least = len(self.parameters) - self.optional - self.rest
        return count >= least and (self.rest or count <= len(self.parameters))


@dataclass(eq=False)
class PythonFunction:
    """One Python function under construction.

    kind: `top` for a top-level form (its variables are the session's globals), `defun`, or `lambda`.
    """

    kind: str
    name: str
    parent: PythonFunction | None = None
    # Variables assigned in the frame of a defun (by it or by its lambdas).
    assigned: set[str] = field(default_factory=set)
    # Frame variables that must exist before anything assigns them.
    initialise: set[str] = field(default_factory=set)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    # Reads and writes of a name that may turn out to be local or global: settled when the frame ends.
    uncertain_reads: dict[int, str] = field(default_factory=dict)
    uncertain_writes: dict[int, str] = field(default_factory=dict)
    uncertain_fields: dict[int, str] = field(default_factory=dict)
    # The instance in whose method this function stands.
    instance: Any = None
    temporaries: int = 0
    renamed: int = 0
    # Python names of the parameters in order, for self tail calls; `loops` when one was compiled.
    parameters: list[str] = field(default_factory=list)
    optional: dict[str, object] = field(default_factory=dict)
    rest: str | None = None
    loops: bool = False
    # Inside `maybe` or a loop a call is never a tail call.
    tail_blocked: int = 0

    @property
    def frame(self) -> PythonFunction:
        """The function whose variables `setq` sets here."""
        at = self
        while at.kind == "lambda" and at.parent is not None:
            at = at.parent
        return at

    def temporary(self) -> str:
        """A fresh Python variable that no LispE name can be."""
        self.temporaries += 1
        return f" t{self.temporaries}"

    def rename(self, name: str) -> str:
        """A fresh Python variable for a `let` binding of `name`."""
        self.renamed += 1
        return f"{name}·{self.renamed}"

    def declarations(self, place: dict[str, int]) -> list[ast.stmt]:
        """The `global` and `nonlocal` statements that open this function's body."""
        found: list[ast.stmt] = []
        if self.globals:
            found.append(ast.Global(sorted(self.globals), **place))
        if self.nonlocals:
            found.append(ast.Nonlocal(sorted(self.nonlocals), **place))
        return found
