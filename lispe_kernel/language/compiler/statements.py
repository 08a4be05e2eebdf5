"""The rest of the tree: assignments, loops, what ends a function, functions made, protection.

As in `tree.py`, whose nodes these are made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.tree import Name, Node

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.variables import Function, Variable
    from lispe_kernel.language.compiler.versions.direct import Direct
    from lispe_kernel.language.errors import Span


# -- assignments --------------------------------------------------------------------------------------


class Target:
    """Where a value is stored: a variable, a global, a field; `ToFound` is decided when the frame ends."""

    __slots__ = ()

    @property
    def variable(self) -> Variable | None:
        """The variable that may get the value, as far as the text tells."""
        return None


class ToVariable(Target):
    """A lexical variable or one of the frame; `binds` when this makes the binding.

    names: the binding is a name of the compiler's for a value in what follows in its block, and only there.
    """

    __slots__ = ("binds", "names", "variable")
    variable: Variable

    def __init__(self, variable: Variable, *, binds: bool = False, names: bool = False) -> None:
        self.variable = variable
        self.binds = binds
        self.names = names


class ToGlobal(Target):
    """A global of the session, by its Python name; `direct` in a top-level form."""

    __slots__ = ("direct", "python")

    def __init__(self, python: str, *, direct: bool) -> None:
        self.python = python
        self.direct = direct


class ToField(Target):
    """A field of the instance in a variable."""

    __slots__ = ("instance", "name")

    def __init__(self, instance: Variable, name: str) -> None:
        self.instance = instance
        self.name = name


class ToFound(Target):
    """What has the name: the frame's variable if it has a value, else `base` (a field or a global)."""

    __slots__ = ("base", "name")

    def __init__(self, name: Name, base: Target) -> None:
        self.name = name
        self.base = base

    @property
    def variable(self) -> Variable | None:
        found: Variable | None = self.name.variable
        return found


class Assign(Node):
    """Store a value. Its own value is true, or what was stored when `gives`."""

    __slots__ = ("gives", "target", "value")

    def __init__(self, span: Span, target: Target, value: Node, *, gives: bool = False) -> None:
        self.span = span
        self.target = target
        self.value = value
        self.gives = gives
        self.kind = "boolean"

    def parts(self) -> Sequence[Node]:
        return (self.value,)


class Unpack(Node):
    """Store the elements of a list of exactly so many in several targets."""

    __slots__ = ("gives", "targets", "value")

    def __init__(self, span: Span, targets: list[Target], value: Node, *, gives: bool = False) -> None:
        self.span = span
        self.targets = targets
        self.value = value
        self.gives = gives
        self.kind = "boolean"

    def parts(self) -> Sequence[Node]:
        return (self.value,)


# -- loops --------------------------------------------------------------------------------------------


class Loop(Node):
    """The base of loops. The value is that of the last turn's body, nil without one and after `break`."""

    __slots__ = ("body",)
    body: Node


class While(Loop):
    """Turns as long as a condition is true."""

    __slots__ = ("test",)

    def __init__(self, span: Span, test: Node, body: Node) -> None:
        self.span = span
        self.test = test
        self.body = body
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.test, self.body)


class Each(Loop):
    """A turn for each item. `first` clears the targets before; `last` runs after a loop without `break`.

    several: the targets take the elements of each item (a tuple of so many).
    """

    __slots__ = ("first", "items", "last", "several", "targets", "variable_kind")

    def __init__(
        self,
        span: Span,
        targets: list[Target],
        items: Node,
        body: Node,
        *,
        variable_kind: str = "",
        first: bool = False,
        last: Node | None = None,
        several: bool = False,
    ) -> None:
        self.span = span
        self.targets = targets
        self.items = items
        self.body = body
        self.variable_kind = variable_kind
        self.first = first
        self.last = last
        self.several = several
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.items, self.body) if self.last is None else (self.items, self.body, self.last)


class Break(Node):
    """Leave the innermost loop, whose value is nil then; with `keeps` it stays that of the last turn."""

    __slots__ = ("keeps",)

    def __init__(self, span: Span, *, keeps: bool = False) -> None:
        self.span = span
        self.keeps = keeps
        self.kind = ""


class Return(Node):
    """Leave the function with a value."""

    __slots__ = ("value",)

    def __init__(self, span: Span, value: Node) -> None:
        self.span = span
        self.value = value
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.value,)


class Raise(Node):
    """Raise the error that a node makes; `leaves`: it is none, it leaves the loops around by will."""

    __slots__ = ("error", "leaves")

    def __init__(self, span: Span, error: Node, *, leaves: bool = False) -> None:
        self.span = span
        self.error = error
        self.leaves = leaves
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.error,)


class Collect(Node):
    """A Python list of the values that `body` has for each item; with `keeps`, of the items it is true for.

    The variable is bound anew for each item, and nothing keeps it.
    """

    __slots__ = ("body", "items", "keeps", "value_kind", "variable")

    def __init__(self, span: Span, variable: Variable, items: Node, body: Node, *, keeps: bool) -> None:
        self.span = span
        self.variable = variable
        self.items = items
        self.body = body
        self.keeps = keeps
        self.kind = self.value_kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.items, self.body)


# -- the rest -----------------------------------------------------------------------------------------


class Lambda(Node):
    """A function made here, with the variables around it."""

    __slots__ = ("function",)

    def __init__(self, span: Span, function: Function) -> None:
        self.span = span
        self.function = function
        self.kind = ""


class Protect(Node):
    """A body, and what an error in it gives instead. `error` holds Python's exception for the rescue.

    ends: a false condition or an error of the body only ends it (clauses of predicates, guards).
    """

    __slots__ = ("body", "error", "rescue")

    def __init__(self, span: Span, body: Node, error: Variable | None, rescue: Node) -> None:
        self.span = span
        self.body = body
        self.error = error
        self.rescue = rescue
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.body, self.rescue)


class Within(Node):
    """A body inside a context manager: a lock, the space of threads."""

    __slots__ = ("body", "manager")

    def __init__(self, span: Span, manager: Node, body: Node) -> None:
        self.span = span
        self.manager = manager
        self.body = body
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.manager, self.body)


class Forget(Node):
    """The variables of a frame have no value from here on: a clause begins after another one failed."""

    __slots__ = ("function",)

    def __init__(self, span: Span, function: Function) -> None:
        self.span = span
        self.function = function
        self.kind = ""

    @property
    def variables(self) -> list[Variable]:
        """All variables of the frame but parameters, once its end is known."""
        return sorted(self.function.variables.values(), key=lambda variable: variable.python)


class Seen(Node):
    """The local variables that have a value when it is evaluated, and the instances around, for `eval`."""

    __slots__ = ("function", "lexical", "names", "visible")

    def __init__(
        self,
        span: Span,
        function: Function,
        lexical: list[tuple[str, Variable]],
    ) -> None:
        self.span = span
        self.function = function
        self.lexical = lexical
        # The frame's variables, when it has ended; `visible` are those that the analysis finds surely set.
        self.names: list[Variable] = []
        self.visible: list[Variable] = []
        self.kind = ""


class Versions(Node):
    """The same twice: `fast` where all variables of `tests` are of the kinds there, else `general`.

    guesses: what variables probably hold; `analyse` makes `tests` of those that are not known and help.
    wider: what they must hold besides if the function is to call `fast` itself; `direct`, by the analysis,
    what these calls rest on.
    """

    __slots__ = ("direct", "fast", "general", "guesses", "tests", "wider")

    def __init__(
        self,
        span: Span,
        guesses: list[tuple[Variable, str]],
        fast: Node,
        general: Node,
        wider: list[tuple[Variable, str]] | None = None,
    ) -> None:
        self.span = span
        self.guesses = guesses
        self.wider = wider or []
        self.direct: Direct | None = None
        self.fast = fast
        self.general = general
        self.tests: list[tuple[Variable, str]] = []
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.fast, self.general)
