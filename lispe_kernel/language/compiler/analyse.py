"""The stage `analyse`: kinds of values and certainty of variables as a flow over the tree.

It takes for granted that every variable is one object and that `shared` and `captured` are complete. It
promises that `node.kind` holds whenever the node has been evaluated, that a `Name` marked `certain` has a
value, and that every variable which may be read or stored before it has one is among its frame's `unset`.
What is known ends at an assignment of another kind, is joined where branches meet and loops turn, and is
never said of a variable that a function inside its owner assigns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from lispe_kernel.language.compiler.effects import effects, stays
from lispe_kernel.language.compiler.kinds import ELEMENTS, TYPED, join
from lispe_kernel.language.compiler.loop_kinds import Kinds, surviving, turning_kind
from lispe_kernel.language.compiler.statements import (
    Assign,
    Break,
    Collect,
    Each,
    Forget,
    Lambda,
    Protect,
    Raise,
    Return,
    Seen,
    Target,
    ToFound,
    ToVariable,
    Unpack,
    Versions,
    While,
    Within,
)
from lispe_kernel.language.compiler.tree import (
    Block,
    Call,
    Constant,
    Field,
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
    SelfCall,
)
from lispe_kernel.language.compiler.variables import Function, Variable
from lispe_kernel.language.compiler.versions.analysed import self_call, versions
from lispe_kernel.language.compiler.versions.direct import Direct


def analyse(function: Function) -> None:
    """Complete the nodes of a function and of the functions made in it."""
    Flow(function, set()).function()


# Turns of loops in loops are gone through again and again.
_HOPES = 60


class Flow:
    """The state of knowledge while a function's nodes are gone through in the order of evaluation."""

    # Whether kinds are inferred at all: without them a program must give the same.
    infers: ClassVar[bool] = True

    def __init__(self, function: Function, certain: set[Variable]) -> None:
        self.of = function
        self.kinds: Kinds = {}
        self.certain = certain
        # How many more turns may be gone through in the hope that a kind holds at their end.
        self.hopes = _HOPES
        # Whether this place cannot be reached.
        self.dead = False
        # What calls of the function by itself rest on, in a second body.
        self.direct: Direct | None = None

    def function(self) -> None:
        of = self.of
        self.certain.update(of.parameters)
        for default in of.defaults.values():
            # A default is evaluated only where its argument is missing.
            kinds, certain = dict(self.kinds), set(self.certain)
            self.visit(default)
            self.kinds, self.certain = kinds, certain
        if of.body is not None:
            self.visit(of.body)

    def visit(self, node: Node) -> None:
        _VISITS[type(node)](self, node)

    # -- where ways meet -------------------------------------------------------------------------

    def state(self) -> tuple[Kinds, set[Variable], bool]:
        return dict(self.kinds), set(self.certain), self.dead

    def go_back(self, state: tuple[Kinds, set[Variable], bool]) -> None:
        self.kinds, self.certain, self.dead = state

    def meet(self, other: tuple[Kinds, set[Variable], bool]) -> None:
        """Go on with what holds both here and in the other state."""
        kinds, certain, dead = other
        if dead:
            return
        if self.dead:
            self.go_back(other)
            return
        mine = self.kinds
        both = {v: joined for v, kind in kinds.items() if v in mine and (joined := join(kind, mine[v]))}
        self.kinds = both
        self.certain &= certain

    # -- variables -------------------------------------------------------------------------------

    def store(self, target: Target, kind: str) -> None:
        if type(target) is ToVariable:
            self._assigned(target.variable, kind)
        elif type(target) is ToFound:
            variable = target.name.variable
            if variable is None:
                return
            if variable in self.certain:
                target.name.certain = True
                self._assigned(variable, kind)
            else:
                target.name.certain = False
                variable.owner.unset.add(variable)
                self.kinds.pop(variable, None)

    def _assigned(self, variable: Variable, kind: str) -> None:
        self.certain.add(variable)
        owner = variable.owner
        if owner is not self.of and owner.variables.get(variable.name) is variable:
            # Another function assigns it: it must exist before.
            owner.unset.add(variable)
        if kind and self.infers and not variable.shared and variable.owner is self.of:
            self.kinds[variable] = kind
        else:
            self.kinds.pop(variable, None)

    def learn(self, node: Node) -> None:
        """The value of a variable is no text, or what was just evaluated would have failed."""
        if node.kind or type(node) not in (Read, Name):
            return
        variable = node.variable  # type: ignore[attr-defined]
        sure = type(node) is Read or node.certain  # type: ignore[attr-defined]
        own = variable is not None and not variable.shared and variable.owner is self.of
        if own and sure and self.infers:
            self.kinds[variable] = "solid"

    # -- loops -----------------------------------------------------------------------------------

    def turns(self, node: Node, visit_turn: Callable[[], None]) -> None:
        """A part that may run any number of times: what is known before holds inside and after."""
        changed = effects(node).variables
        entry = {v: self.kinds.get(v, "") for v in changed}
        known = surviving(node, entry, self.kinds)
        for variable in changed:
            if known.get(variable):
                self.kinds[variable] = known[variable]
            else:
                self.kinds.pop(variable, None)
        before = self.state()
        hoped = {v: kind for v, kind in entry.items() if kind and not known.get(v)}
        while hoped and self.hopes:
            self.hopes -= 1
            self.kinds.update(hoped)
            visit_turn()
            held = hoped if self.dead else _held(hoped, self.kinds)
            self.go_back(before)
            if held == hoped:
                # Nothing more holds after the loop: a turn may be left anywhere.
                return
            hoped, before = held, self.state()
        visit_turn()
        self.go_back(before)


def _held(hoped: Kinds, kinds: Kinds) -> Kinds:
    """Of the kinds with which a turn begins, what holds at its end as well."""
    joined = ((variable, join(kind, kinds.get(variable, ""))) for variable, kind in hoped.items())
    return {variable: kind for variable, kind in joined if kind}


# -- the nodes ----------------------------------------------------------------------------------------


def _nothing(flow: Flow, node: Node) -> None:
    """A leaf that says all itself."""


def _read(flow: Flow, node: Read) -> None:
    variable = node.variable
    if not variable.shared:
        node.kind = flow.kinds.get(variable, node.given)


def _name(flow: Flow, node: Name) -> None:
    variable = node.variable
    if node.base is not None:
        flow.visit(node.base)
    if variable is None:
        return
    node.certain = variable in flow.certain
    if not node.certain:
        variable.owner.unset.add(variable)
    elif not variable.shared:
        node.kind = flow.kinds.get(variable, "")


def _parts(flow: Flow, node: Node) -> None:
    for part in node.parts():
        flow.visit(part)


def _primitive(flow: Flow, node: Primitive) -> None:
    arguments = node.arguments
    for part in arguments:
        flow.visit(part)
    inline = node.inline
    node.kind = inline.result([part.kind for part in arguments], node) if flow.infers else ""
    if inline.learns is not None:
        for part in inline.learns(arguments):
            # What a later operand assigns tells nothing of what was computed with.
            later = next((at for at, other in enumerate(arguments, 1) if other is part), len(arguments))
            if all(stays(part, other) for other in arguments[later:]):
                flow.learn(part)


def _logic(flow: Flow, node: Logic) -> None:
    first, *others = node.arguments
    flow.visit(first)
    for part in others:
        if node.operation == "xor":
            flow.visit(part)
            continue
        before = flow.state()
        flow.visit(part)
        flow.meet(before)


def _if(flow: Flow, node: If) -> None:
    flow.visit(node.test)
    before = flow.state()
    flow.visit(node.then)
    after = flow.state()
    flow.go_back(before)
    flow.visit(node.otherwise)
    then_dead, otherwise_dead = after[2], flow.dead
    flow.meet(after)
    a, b = node.then.kind, node.otherwise.kind
    node.kind = b if then_dead else a if otherwise_dead else join(a, b)


def _block(flow: Flow, node: Block) -> None:
    for part in node.nodes:
        flow.visit(part)
    node.kind = node.nodes[-1].kind


def _assign(flow: Flow, node: Assign) -> None:
    flow.visit(node.value)
    flow.store(node.target, node.value.kind)
    if node.gives:
        node.kind = node.value.kind


def _unpack(flow: Flow, node: Unpack) -> None:
    flow.visit(node.value)
    for target in node.targets:
        flow.store(target, "")
    if node.gives:
        node.kind = node.value.kind


def _while(flow: Flow, node: While) -> None:
    def turn() -> None:
        flow.visit(node.test)
        flow.visit(node.body)

    flow.turns(node, turn)


def _each(flow: Flow, node: Each) -> None:
    flow.visit(node.items)
    kind = turning_kind(node)

    def turn() -> None:
        for target in node.targets:
            flow.store(target, kind)
        flow.visit(node.body)

    if node.first:
        for target in node.targets:
            flow.store(target, "")
    flow.turns(node, turn)
    if node.last is not None:
        before = flow.state()
        flow.visit(node.last)
        flow.meet(before)
    for target in node.targets:
        variable = target.variable
        if variable is not None:
            flow.kinds.pop(variable, None)


def _collect(flow: Flow, node: Collect) -> None:
    flow.visit(node.items)

    def turn() -> None:
        if node.items.kind in TYPED and flow.infers:
            flow.kinds[node.variable] = ELEMENTS[node.items.kind]
        else:
            flow.kinds.pop(node.variable, None)
        flow.visit(node.body)

    flow.turns(node, turn)
    node.value_kind = "" if node.keeps else node.body.kind


def _ending(flow: Flow, node: Node) -> None:
    for part in node.parts():
        flow.visit(part)
    flow.dead = True


def _lambda(flow: Flow, node: Lambda) -> None:
    Flow(node.function, set(flow.certain)).function()


def _protect(flow: Flow, node: Protect) -> None:
    before = flow.state()
    flow.visit(node.body)
    after = flow.state()
    flow.go_back(before)
    # An error may come anywhere in the body.
    for variable in effects(node.body).variables:
        flow.kinds.pop(variable, None)
    flow.visit(node.rescue)
    flow.meet(after)


def _forget(flow: Flow, node: Forget) -> None:
    for variable in node.variables:
        flow.certain.discard(variable)
        flow.kinds.pop(variable, None)
        variable.owner.unset.add(variable)


def _seen(flow: Flow, node: Seen) -> None:
    node.visible = [variable for variable in node.names if variable in flow.certain]
    for variable in node.names:
        if variable not in flow.certain:
            variable.owner.unset.add(variable)


_VISITS: dict[type[Node], Callable[[Flow, Any], None]] = {
    Constant: _nothing,
    Quoted: _nothing,
    Global: _nothing,
    Read: _read,
    Name: _name,
    Field: _parts,
    Call: _parts,
    SelfCall: self_call,
    Helper: _parts,
    Primitive: _primitive,
    Python: _parts,
    Logic: _logic,
    If: _if,
    Block: _block,
    Assign: _assign,
    Unpack: _unpack,
    While: _while,
    Each: _each,
    Break: _ending,
    Return: _ending,
    Raise: _ending,
    Collect: _collect,
    Lambda: _lambda,
    Protect: _protect,
    Within: _parts,
    Forget: _forget,
    Seen: _seen,
    Versions: versions,
}
