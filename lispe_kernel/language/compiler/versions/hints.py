"""What a text gives to its own functions: hints on the variables of which their uses say too little.

`(defun part (s i) (@ s i))` reads a list or a text; `(part "abc" 1)` in the same text tells which. A hint
promises as little as a guess does: it only says what is asked for first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lispe_kernel.language.compiler.kinds import ELEMENTS, KEYS, join
from lispe_kernel.language.compiler.statements import Assign, Each, Lambda, Target, ToGlobal
from lispe_kernel.language.compiler.tree import (
    Block,
    Call,
    Constant,
    Global,
    Helper,
    If,
    Name,
    Node,
    Primitive,
    Quoted,
    Read,
    SelfCall,
)
from lispe_kernel.language.compiler.variables import Function, Variable, python_name
from lispe_kernel.language.compiler.versions.direct import ends

# A text of more nodes gets no hints.
_MOST = 5_000
# So deep is looked for where a value comes from.
_DEEPEST = 12
# Loops over numbers.
_COUNTS = frozenset({" range", " span", " from zero", " from one", " turns"})

# What a hint is found for: a variable, a global by its name, the results of a function.
Place = Variable | str | Function


def give_hints(functions: Iterable[Function]) -> None:
    """Note at the parameters and variables of a text's functions what the text seems to give them."""
    hints = _Hints(functions)
    if not hints.functions or not hints.read():
        return
    for place in hints.values:
        if isinstance(place, Variable):
            place.hint = hints.of(place, 0)


class _Hints:
    def __init__(self, functions: Iterable[Function]) -> None:
        self._all = [*functions]
        # The functions by the name that means them in the text.
        self.functions: dict[str, Function] = {}
        for function in self._all:
            if function.kind == "defun" and function.owner is None and function.rest is None:
                self.functions[function.name] = function
        # For each place the nodes that give it a value: loops, or what is stored there.
        self.values: dict[Place, list[Node]] = {}
        self._found: dict[Place, str] = {}

    def read(self) -> bool:
        """Take in what is stored and given where; whether the text is small enough."""
        nodes = 0
        pending: list[tuple[Any, bool]] = [
            (each.body, each.loops or each.calls_itself) for each in self._all if each.body is not None
        ]
        while pending:
            at, often = pending.pop()
            nodes += 1
            if nodes > _MOST:
                return False
            kind = type(at)
            if kind is Assign:
                self._note(at.target, at.value)
            elif kind is Each and not at.several:
                for target in at.targets:
                    self._note(target, at)
            elif kind is Call:
                called = self._called(at)
                if called is not None and len(at.arguments) <= len(called.parameters):
                    called.often |= often
                    for parameter, given in zip(called.parameters, at.arguments, strict=False):
                        self.values.setdefault(parameter, []).append(given)
            elif kind is Lambda:
                pending.append((at.function.body, often))
            pending.extend((part, often) for part in at.parts())
        return True

    def _note(self, target: Target, value: Node) -> None:
        place: Place | None = target.python if isinstance(target, ToGlobal) else target.variable
        if place is not None:
            self.values.setdefault(place, []).append(value)

    def _called(self, node: Any) -> Function | None:
        """The function of the text that a call seems to mean."""
        function = node.function
        kind = type(function)
        name = function.text if kind is Name else function.python if kind is Global else ""
        return self.functions.get(name)

    def of(self, place: Place, depth: int) -> str:
        """The kind of all values of a place of which something is known."""
        found = self._found.get(place)
        if found is None:
            self._found[place] = ""
            found = self._found[place] = self._joined(self._sources(place), depth)
        return found

    def _sources(self, place: Place) -> Iterable[Node]:
        if isinstance(place, Function):
            return ends(place.body) if place.body is not None else ()
        return self.values.get(place, ())

    def _joined(self, sources: Iterable[Node], depth: int) -> str:
        kinds = set(self._known(sources, depth))
        if not kinds:
            return ""
        first = kinds.pop()
        for other in kinds:
            first = join(first, other)
        return first

    def _known(self, sources: Iterable[Node], depth: int) -> Iterator[str]:
        for source in sources:
            kind = self._kind(source, depth + 1)
            if kind:
                yield kind

    def _kind(self, node: Any, depth: int) -> str:
        kind = type(node)
        if depth > _DEEPEST:
            return ""
        if kind is Constant or kind is Quoted or kind is Helper:
            return str(node.kind)
        if kind is Read or kind is Name:
            return self.of(node.variable if node.variable is not None else python_name(node.text), depth)
        if kind is Global:
            return self.of(node.python, depth)
        if kind is Primitive:
            return str(node.inline.result([self._kind(part, depth + 1) for part in node.arguments], node))
        if kind is Call:
            called = self._called(node)
            return str(node.kind) if called is None else self.of(called, depth)
        if kind is SelfCall:
            return self.of(node.function, depth)
        if kind is Each:
            return self._turning(node, depth)
        if kind is Block:
            return self._kind(node.nodes[-1], depth + 1)
        if kind is If:
            return self._joined((node.then, node.otherwise), depth)
        return ""

    def _turning(self, node: Each, depth: int) -> str:
        """What a loop gives its variable."""
        items = node.items
        if type(items) is not Primitive:
            return node.variable_kind
        if items.inline.name in _COUNTS:
            return node.variable_kind or "integer"
        kind = self._kind(items.arguments[0], depth + 1) if items.inline.name == " items" else ""
        return KEYS.get(kind) or ELEMENTS.get(kind, "")
