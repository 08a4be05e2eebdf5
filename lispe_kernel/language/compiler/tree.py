"""The tree between forms and Python's ast: what a program does, in few kinds of nodes.

Every node knows its place in the text. `kind` is what is known of its value (see `kinds.py`); the stage
`analyse` completes it. A node holds nodes and variables, never forms and never Python's ast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.lists import List

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.variables import Function, Variable
    from lispe_kernel.language.errors import Span


class Node:
    """A part of a program."""

    __slots__ = ("effects", "kind", "span")
    span: Span
    kind: str
    # Filled by `effects.effects` when it is first asked for.
    effects: Any

    def parts(self) -> Sequence[Node]:
        """The nodes evaluated as part of this one, in order; bodies of functions are none of them."""
        return ()


class Constant(Node):
    """A value that is itself: a number, a text, an atom, nil, true, or an object of the compiler's."""

    __slots__ = ("value",)

    def __init__(self, span: Span, value: Any) -> None:
        self.span = span
        self.value = value
        kind = type(value)
        if kind is int:
            self.kind = "natural" if value >= 0 else "integer"
        elif kind is str:
            self.kind = "text"
        elif kind is float or kind is complex:
            self.kind = "number"
        else:
            self.kind = "boolean" if value is None or value is TRUE else ""


_PLAIN = frozenset({type(None), int, float, complex, str})


def is_plain(node: Node) -> bool:
    """Whether a node is a constant of Python's own."""
    return type(node) is Constant and type(node.value) in _PLAIN


class Quoted(Node):
    """A quoted list: a fresh copy each time it is evaluated."""

    __slots__ = ("data",)

    def __init__(self, span: Span, data: Any) -> None:
        self.span = span
        self.data = data
        self.kind = "list" if type(data) is List else ""


class Read(Node):
    """The value of a lexical variable. `given`: the kind that it has wherever it is read."""

    __slots__ = ("given", "variable")

    def __init__(self, span: Span, variable: Variable, kind: str = "") -> None:
        self.span = span
        self.variable = variable
        self.kind = self.given = kind


class Field(Node):
    """A field of the instance in a variable. `certain`: it is surely there; else `otherwise` may be meant.

    `outside`: the name stands in a call of the instance, outside of its methods: what it means there comes
    first, and the field is meant when it means nothing.
    """

    __slots__ = ("certain", "instance", "name", "otherwise", "outside")

    def __init__(
        self,
        span: Span,
        instance: Variable,
        name: str,
        *,
        certain: bool,
        otherwise: Node | None = None,
        outside: bool = False,
    ) -> None:
        self.span = span
        self.instance = instance
        self.name = name
        self.certain = certain
        self.otherwise = otherwise
        self.outside = outside
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return () if self.otherwise is None else (self.otherwise,)


class Name(Node):
    """A name that no lexical binding explains: a variable of the frame, a field, a global.

    When the frame ends, `variable` is its variable of that name, if it has one. `certain`, by the analysis:
    that variable has a value here. `base` is what the name means otherwise: a field, or None for a global.
    """

    __slots__ = ("base", "certain", "text", "variable")

    def __init__(self, span: Span, text: str, base: Field | None = None) -> None:
        self.span = span
        self.text = text
        self.base = base
        self.variable: Variable | None = None
        self.certain = False
        self.kind = ""


class Global(Node):
    """A global by its Python name: a function, a helper of the compiler, a class."""

    __slots__ = ("python",)

    def __init__(self, span: Span, python: str) -> None:
        self.span = span
        self.python = python
        self.kind = ""


def is_missing(node: Node) -> bool:
    """Whether a default says only that its argument may be missing."""
    return type(node) is Global and node.python == " unset"


class Call(Node):
    """A call of whatever the function node gives.

    foreign: what is called may be an object of Python's, such as a module of PyTorch's.
    """

    __slots__ = ("arguments", "foreign", "function", "named")

    def __init__(
        self,
        span: Span,
        function: Node,
        arguments: Sequence[Node],
        named: Sequence[tuple[str, Node]] = (),
        kind: str = "",
        *,
        foreign: bool = False,
    ) -> None:
        self.span = span
        self.function = function
        self.arguments = arguments
        self.named = named
        self.kind = kind
        self.foreign = foreign

    def parts(self) -> Sequence[Node]:
        if self.named:
            return (self.function, *self.arguments, *(node for _, node in self.named))
        return (self.function, *self.arguments)


class SelfCall(Node):
    """A call of the running function. In tail position it is its next turn.

    function: whose turn. `when`: a test (of the instance, say) that the callee is this very function.
    direct: by the analysis, its arguments are of the kinds that the second body around it takes for granted.
    """

    __slots__ = ("arguments", "direct", "function", "otherwise", "when")

    def __init__(
        self,
        span: Span,
        function: Function,
        arguments: Sequence[Node],
        otherwise: Node,
        when: Node | None = None,
    ) -> None:
        self.span = span
        self.function = function
        self.arguments = arguments
        # The ordinary call, where it is no tail call.
        self.otherwise = otherwise
        self.when = when
        self.direct = False
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.otherwise,)


class Helper(Node):
    """A call of one of the compiler's helpers. `quiet`: it runs nothing of the program."""

    __slots__ = ("arguments", "name", "quiet")

    def __init__(
        self, span: Span, name: str, arguments: Sequence[Node], kind: str = "", *, quiet: bool = False
    ) -> None:
        self.span = span
        self.name = name
        self.arguments = arguments
        self.kind = kind
        self.quiet = quiet

    def parts(self) -> Sequence[Node]:
        return self.arguments


class Primitive(Node):
    """A call of a library function that the compiler writes as plain Python."""

    __slots__ = ("arguments", "inline")

    def __init__(self, span: Span, inline: Any, arguments: Sequence[Node], kind: str = "") -> None:
        self.span = span
        # Its entry among the inline functions (`registry.Inline`).
        self.inline = inline
        self.arguments = arguments
        self.kind = kind

    def parts(self) -> Sequence[Node]:
        return self.arguments


class Python(Node):
    """One operation of Python on values of known classes: `is`, `==`, `<`, `in`, `+`, `[]`, `[:]`, `{}` ...

    Comparisons give Python's True or False, which only conditions may hold.
    """

    __slots__ = ("arguments", "operation")

    def __init__(self, span: Span, operation: str, *arguments: Node) -> None:
        self.span = span
        self.operation = operation
        self.arguments = arguments
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return self.arguments


class Logic(Node):
    """`and`, `or`, `not`, `xor` of conditions; as a value true or nil."""

    __slots__ = ("arguments", "operation")

    def __init__(self, span: Span, operation: str, arguments: Sequence[Node]) -> None:
        self.span = span
        self.operation = operation
        self.arguments = arguments
        self.kind = "boolean"

    def parts(self) -> Sequence[Node]:
        return self.arguments


class If(Node):
    """One of two nodes, by a condition."""

    __slots__ = ("otherwise", "test", "then")

    def __init__(self, span: Span, test: Node, then: Node, otherwise: Node) -> None:
        self.span = span
        self.test = test
        self.then = then
        self.otherwise = otherwise
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return (self.test, self.then, self.otherwise)


class Block(Node):
    """Nodes in order; the last gives the value."""

    __slots__ = ("nodes",)

    def __init__(self, span: Span, nodes: list[Node]) -> None:
        self.span = span
        self.nodes = nodes
        self.kind = ""

    def parts(self) -> Sequence[Node]:
        return self.nodes


def walk(node: Node, visit: Callable[[Node], Any]) -> None:
    """Call `visit` for a node and all that is evaluated in it; functions made in it are not entered."""
    pending = [node]
    while pending:
        at = pending.pop()
        visit(at)
        pending.extend(at.parts())
