"""The stage before second bodies: calls of small functions of the same text, written out where they stand.

It takes functions as `resolve` left them. It promises that a call means what it meant: its name is asked
whether it still means that function, as before the arguments are evaluated; if not, it is called. What is
written out only computes with the parameters: it assigns nothing, makes no function, leaves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lispe_kernel.language.compiler.effects import CALLS, GLOBALS, effects
from lispe_kernel.language.compiler.statements import Assign, Lambda, Seen, ToVariable
from lispe_kernel.language.compiler.tree import (
    Block,
    Call,
    Constant,
    Global,
    Helper,
    If,
    Logic,
    Name,
    Node,
    Primitive,
    Python,
    Quoted,
    Read,
    walk,
)
from lispe_kernel.language.compiler.variables import Function, Variable, python_name
from lispe_kernel.language.compiler.versions.copies import changed
from lispe_kernel.language.compiler.versions.held import Held

# A function of more nodes is called, and so is what stands in a function that has grown to so many.
_SMALL, _LARGE = 30, 300
# So often what is written out may itself hold calls that are.
_DEEPEST = 3

# What such a function may consist of.
_LEAVES: frozenset[type[Node]] = frozenset((Constant, Quoted, Read, Name, Global))
_WRITTEN: frozenset[type[Node]] = _LEAVES.union((Primitive, Python, Logic, If, Block, Call, Helper))


class Small(NamedTuple):
    """A small function: its parameters, its body of so many nodes, the globals that it speaks of.

    held: the function once it is made.
    """

    parameters: Sequence[Variable]
    body: Node
    nodes: int
    globals: frozenset[str]
    held: Held


def small_function(function: Function) -> Small | None:
    """A function as what can be written out in the place of its calls; None where it is too much."""
    if function.kind != "defun" or function.foreign or function.owner is not None or " " in function.name:
        return None
    if function.defaults or function.rest is not None or function.calls_itself or function.is_kept:
        return None
    if function.variables or function.seen or function.loops or function.body is None:
        return None
    names: set[str] = set()
    pending, count = [function.body], 0
    while pending:
        node = pending.pop()
        count += 1
        kind = type(node)
        if count > _SMALL or kind not in _WRITTEN or not _is_plain(function, node, names):
            return None
        pending.extend(node.parts())
    return Small(function.parameters, function.body, count, frozenset(names), Held(f"own {function.name}"))


def _is_plain(function: Function, node: Any, names: set[str]) -> bool:
    """Whether a node means the same in another function; the globals that it speaks of are noted."""
    kind = type(node)
    if kind is Read:
        return node.variable.owner is function and node.variable.parameter
    if kind is Name:
        names.add(python_name(node.text))
        return node.variable is None and node.base is None
    if kind is Global:
        names.add(node.python)
    if kind is Primitive:
        names.add(node.inline.name)
    if kind is Call:
        return not node.named
    return True


class Places:
    """The calls of small functions in one function, and in the lambdas made in it."""

    def __init__(self, known: dict[str, Small], most: int = _LARGE) -> None:
        self.known = known
        self.most = most
        # How many nodes were written out.
        self.written = 0

    def write_out(self, function: Function) -> None:
        """Write out the calls of small functions, where they run often."""
        body = function.body
        if body is None or not self.known or self.written >= self.most:
            return
        calls: list[Call] = []
        made: list[Function] = []
        count = 0

        def see(node: Any) -> None:
            nonlocal count
            count += 1
            kind = type(node)
            if kind is Call and self.known_by(node) is not None:
                calls.append(node)
            elif kind is Lambda:
                made.append(node.function)
            elif kind is Seen:
                count += _LARGE

        walk(body, see)
        if calls and count <= _LARGE and function.kind != "top":
            own = _own_names(function)
            room = min(self.most - self.written, _LARGE - count)
            writer = _Writer(self, function, own, room)
            function.body = writer.all_of(body, 0)
            self.written += writer.written
        for inner in made:
            self.write_out(inner)

    def known_by(self, call: Call) -> Small | None:
        """The small function that a call calls, as far as the text tells."""
        called = call.function
        if type(called) is Name and called.variable is None and called.base is None:
            small = self.known.get(called.text)
        elif type(called) is Global:
            small = self.known.get(called.python)
        else:
            return None
        if small is None or call.named or len(call.arguments) != len(small.parameters):
            return None
        return small


def _own_names(function: Function) -> set[str]:
    """What names mean variables in a function, so that no global of that name can be read in it."""
    found: set[str] = set()
    at: Function | None = function
    while at is not None:
        found.update(v.python for v in (*at.parameters, *at.variables.values()))
        at = at.parent if at.kind == "lambda" else None
    return found


class _Writer:
    """Writes out the calls in one function."""

    def __init__(self, places: Places, function: Function, own: set[str], room: int) -> None:
        self.places, self.function, self.own, self.room = places, function, own, room
        self.written = 0

    def all_of(self, body: Node, depth: int) -> Node:
        """A part of the function with its calls written out; a copy."""

        def change(node: Node) -> Node:
            if not isinstance(node, Call):
                return node
            small = self.places.known_by(node)
            if small is None or not self.own.isdisjoint(small.globals) or depth == _DEEPEST:
                return node
            return self._call(node, small, depth)

        return changed(body, change)

    def _call(self, call: Call, small: Small, depth: int) -> Node:
        count = small.nodes + 2 * len(call.arguments)
        if self.written + count > self.room:
            return call
        self.written += count
        opening: list[Node] = []
        function = call.function
        if any(effects(argument).flags & (CALLS | GLOBALS) for argument in call.arguments):
            # An argument may give the name another meaning: which function is called is known before.
            function = self._bound(opening, function)
        given = {
            parameter: self._given(opening, argument, call.arguments[index + 1 :])
            for index, (parameter, argument) in enumerate(zip(small.parameters, call.arguments, strict=True))
        }

        def place(node: Node) -> Node:
            if not isinstance(node, Read):
                return node
            value: Constant | Read = given[node.variable]
            return value if isinstance(value, Constant) else Read(node.span, value.variable)

        body = self.all_of(changed(small.body, place), depth + 1)
        held = Python(call.span, ".", Constant(call.span, small.held), Constant(call.span, "value"))
        is_meant = Python(call.span, "is", function, held)
        called = Call(call.span, function, [given[parameter] for parameter in small.parameters])
        found: Node = If(call.span, is_meant, body, called)
        return Block(call.span, [*opening, found]) if opening else found

    def _bound(self, opening: list[Node], value: Node) -> Read:
        variable = Variable("", self.function.temporary(), self.function)
        opening.append(Assign(value.span, ToVariable(variable, binds=True), value))
        return Read(value.span, variable)

    def _given(self, opening: list[Node], argument: Node, later: Sequence[Node]) -> Any:
        """An argument as what can be read any number of times in the body."""
        if type(argument) is Constant:
            return argument
        if type(argument) is Read:
            variable = argument.variable
            is_own = variable.owner is self.function and not variable.shared and not variable.boxed
            if is_own and not any(variable in effects(other).variables for other in later):
                return argument
        return self._bound(opening, argument)
