"""Variables and the functions that own them: one object a variable, from the form that makes it to the code.

LispE has local and global variables and nothing between. A `defun` is a frame; a lambda shares the frame in
which it is written and keeps it; parameters, `let` and patterns bind lexically. What is said of a variable
here (who captures it, who assigns it) is complete when the top-level form around it has been resolved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.statements import Seen
    from lispe_kernel.language.compiler.tree import Name, Node
    from lispe_kernel.language.errors import Span

# Names that Python's compiler or its import machinery keep for themselves.
_RESERVED = frozenset({"None", "True", "False"})


def python_name(name: str) -> str:
    """The Python identifier of a LispE global, parameter or frame variable: nearly always the name itself.

    No LispE name ends with a blank, so what Python keeps (`None`, `__builtins__`) is never met.
    """
    if name in _RESERVED or (name[:2] == "__" and name.endswith("__")):
        return name + " "
    return name


class Variable:
    """One local variable: a parameter, a variable of a frame, a binding of `let` or a pattern, a temporary.

    captured: some function inside its owner reads or assigns it. shared: some function inside its owner
    assigns it, so that any call may change it. turning: it is bound anew in each turn of a loop. writes: how
    often the text assigns it, its binding left out. hint: the kind of what the text seems to give it.
    """

    __slots__ = ("captured", "hint", "name", "owner", "parameter", "python", "shared", "turning", "writes")

    def __init__(
        self, name: str, python: str, owner: Function, *, parameter: bool = False, turning: bool = False
    ) -> None:
        self.name = name
        self.python = python
        self.owner = owner
        self.parameter = parameter
        self.turning = turning
        self.captured = self.shared = False
        self.writes = 0
        self.hint = ""

    @property
    def kept(self) -> bool:
        """Whether a lambda must be given the binding of its own turn."""
        return self.turning and self.captured

    @property
    def boxed(self) -> bool:
        """Whether it lives in a box, since what is kept of a turn is also assigned."""
        return self.turning and self.captured and self.writes > 0

    def __repr__(self) -> str:
        return self.python


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


@dataclass(eq=False, slots=True)
class Function:
    """One Python function to be: a top-level form, a `defun` or method, or a lambda.

    kind: `top` (its variables are the session's globals), `defun` (a frame), or `lambda`.
    """

    kind: str
    name: str
    span: Span
    parent: Function | None = None
    # The Python name by which its own code calls it.
    python: str = ""
    parameters: list[Variable] = field(default_factory=list)
    # Default values: constants, or nodes evaluated at the call, which see the parameters before them.
    defaults: dict[Variable, Node] = field(default_factory=dict)
    rest: Variable | None = None
    # The variables of the frame by name, and the names whose meaning only its end tells (with the function
    # where each stands, and whether it is assigned there); the places where `eval` sees its variables.
    variables: dict[str, Variable] = field(default_factory=dict)
    names: list[tuple[Name, Function, bool]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    body: Node | None = None
    doc: str = ""
    # Whether it, or a function inside it, calls what another library brings.
    foreign: bool = False
    # The variables of outer functions that it (or a function inside it) uses, and those it assigns itself.
    captures: set[Variable] = field(default_factory=set)
    nonlocals: set[Variable] = field(default_factory=set)
    # Globals that a top-level form assigns.
    globals: set[str] = field(default_factory=set)
    # Frame variables that must exist before anything assigns them.
    unset: set[Variable] = field(default_factory=set)
    # The class whose method it is, and the variable that holds the instance.
    owner: Any = None
    instance: Any = None
    # Whether some variable of its own is captured, and whether it calls itself.
    is_kept: bool = False
    calls_itself: bool = False
    # Whether a loop stands in it, and how often it reads or stores by an index or a key.
    loops: bool = False
    subscripts: int = 0
    # Whether a function of its text that loops or calls itself calls it.
    often: bool = False
    temporaries: int = 0
    # The function whose variables `setq` sets here.
    frame: Function = field(init=False)

    def __post_init__(self) -> None:
        self.frame = self.parent.frame if self.kind == "lambda" and self.parent is not None else self

    def temporary(self) -> str:
        """A fresh Python variable that no LispE name can be."""
        self.temporaries += 1
        return f" t{self.temporaries}"

    def uses(self, variable: Variable, *, writes: bool = False) -> None:
        """Note that this function reads or assigns a variable, perhaps one of a function around it."""
        if writes:
            variable.writes += 1
        owner = variable.owner
        if owner is self:
            return
        variable.captured = owner.is_kept = True
        if writes:
            variable.shared = True
            self.nonlocals.add(variable)
        at: Function | None = self
        while at is not None and at is not owner:
            at.captures.add(variable)
            at = at.parent
