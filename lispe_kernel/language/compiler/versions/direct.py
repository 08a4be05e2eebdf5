"""Calls of a function by itself that need no question: the kinds of their arguments are those assumed.

What such a call gives is a fixed point: if all results are of a kind when the calls' results are, they are.
Nothing is assumed of results where the function's name may mean another function by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from lispe_kernel.language.compiler.effects import GLOBALS, effects
from lispe_kernel.language.compiler.kinds import CONTAINERS, INTEGERS, NUMBERS, join
from lispe_kernel.language.compiler.statements import Collect, Each, Raise, Return
from lispe_kernel.language.compiler.tree import (
    Block,
    Call,
    Helper,
    If,
    Node,
    Primitive,
    Quoted,
    SelfCall,
    walk,
)
from lispe_kernel.language.compiler.variables import Function, Variable
from lispe_kernel.language.compiler.versions.copies import copied

# So often a body is gone through to find what holds of it.
_TRIES = 5
# Kinds that say nothing of use about a result.
_VAGUE = frozenset({"", "solid", "test"})
# What a loop may go through without running anything of the program.
_READY = CONTAINERS | {"text"}


class Direct:
    """What is assumed of the calls of a function by itself.

    closed: nothing but the function runs in it, so that its name goes on to mean it.
    """

    def __init__(self, function: Function, kinds: dict[Variable, str]) -> None:
        self.function = function
        self.kinds = kinds
        self.result = ""
        self.closed = False
        # The kinds of the arguments of calls that must ask.
        self.missed: list[Sequence[str]] = []

    def takes(self, node: SelfCall) -> bool:
        """Whether a call gives every parameter a value of the kind assumed."""
        given = [argument.kind for argument in node.arguments]
        parameters = self.function.parameters
        wanted = [self.kinds.get(parameter, "") for parameter in parameters]
        if all(map(_holds, wanted, given)):
            return True
        self.missed.append(given)
        return False

    def widened(self) -> dict[Variable, str]:
        """The kinds assumed, as wide as the calls that were missed give them; others are not assumed."""
        found = dict(self.kinds)
        for given in self.missed:
            for parameter, kind in zip(self.function.parameters, given, strict=True):
                wanted = found.pop(parameter, "")
                if wanted and (kind == wanted or {kind, wanted} <= NUMBERS):
                    found[parameter] = join(wanted, kind)
        return found


def _holds(wanted: str, given: str) -> bool:
    return not wanted or join(wanted, given) == wanted


def may_call_directly(function: Function) -> bool:
    """Whether each turn of a global function begins with nothing but its parameters, none of its name."""
    if not function.calls_itself or function.defaults or function.rest is not None:
        return False
    if function.owner is not None or function.instance is not None or " " in function.name:
        return False
    return all(
        variable.name != function.name for variable in (*function.parameters, *function.variables.values())
    )


def settled(
    function: Function, kinds: dict[Variable, str], general: Node, visit: Callable[[Node, Direct], None]
) -> tuple[Node, Direct] | None:
    """The second body with its kinds, and what they rest on; None where no call becomes a direct one.

    visit: analyses a body anew, with the variables of the kinds assumed.
    """
    result, refuted = "", False
    for _ in range(_TRIES):
        direct = Direct(function, kinds)
        direct.result = result
        body = copied(general)
        visit(body, direct)
        if direct.missed:
            kinds, result, refuted = direct.widened(), "", False
            if not kinds:
                return None
            continue
        found_ends = list(ends(body))
        if not _is_of_use(body, found_ends):
            return None
        direct.closed = is_closed(body)
        found = [end.kind for end in found_ends]
        # Of results that were assumed in vain nothing more is.
        following = _result(found, result) if direct.closed and not refuted else ""
        if following == result:
            return body, direct
        result, refuted = following, not following
    return None


def _result(found: list[str], assumed: str) -> str:
    """The kind of results to assume, given those found; it is the one assumed where that holds."""
    if assumed:
        whole = reduce(join, found)
        if _holds(assumed, whole):
            return assumed
        return whole if {whole, assumed} <= NUMBERS else ""
    known = [kind for kind in found if kind not in _VAGUE]
    first = reduce(join, known) if known else ""
    return "" if first in _VAGUE else first


def ends(body: Node) -> Iterator[Node]:
    """The nodes whose values the function gives."""
    yield from _last(body)
    returns: list[Node] = []
    walk(body, lambda node: returns.append(node) if type(node) is Return else None)
    for node in returns:
        yield from _last(node.value)  # type: ignore[attr-defined]


def _last(node: Node) -> Iterator[Node]:
    if type(node) is Block:
        yield from _last(node.nodes[-1])
    elif type(node) is If:
        yield from _last(node.then)
        yield from _last(node.otherwise)
    elif type(node) not in (Return, Raise):
        yield node


def _is_of_use(body: Node, ends: list[Node]) -> bool:
    """Whether some call that is no turn is direct, and all turns are."""
    calls: list[SelfCall] = []
    walk(body, lambda node: calls.append(node) if type(node) is SelfCall else None)
    turns = {id(end) for end in ends if type(end) is SelfCall}
    return all(call.direct for call in calls if id(call) in turns) and any(
        call.direct for call in calls if id(call) not in turns
    )


def is_closed(body: Node) -> bool:
    """Whether nothing of the program runs in an analysed body but the function, which assigns no global."""
    if effects(body).flags & GLOBALS:
        return False
    own: set[int] = set()
    open_: list[Node] = []

    def see(node: Node) -> None:
        kind = type(node)
        if kind is SelfCall and node.when is None:  # type: ignore[attr-defined]
            own.add(id(node.otherwise))  # type: ignore[attr-defined]
        elif (
            (kind is Call and id(node) not in own)
            or (kind is Helper and not node.quiet)  # type: ignore[attr-defined]
            or (kind is Primitive and not node.inline.quiet)  # type: ignore[attr-defined]
            or (kind in (Each, Collect) and not _is_ready(node.items))  # type: ignore[attr-defined]
        ):
            open_.append(node)

    walk(body, see)
    return not open_


def _is_ready(items: Node) -> bool:
    """Whether going through items runs nothing: numbers from here to there, elements of a plain container."""
    if type(items) is not Primitive:
        return items.kind in _READY
    if items.inline.name in (" range", " span"):
        return all(part.kind in INTEGERS for part in items.arguments)
    first = items.arguments[0]
    return type(first) is Quoted or first.kind in _READY


def passed_on(function: Function, body: Node, kinds: dict[Variable, str]) -> None:
    """Guess of a parameter what is guessed of the one as which a call of the function passes it on."""
    calls: list[SelfCall] = []
    walk(body, lambda node: calls.append(node) if type(node) is SelfCall else None)
    changed = True
    while changed:
        changed = False
        for call in calls:
            for parameter, argument in zip(function.parameters, call.arguments, strict=False):
                variable: Variable | None = getattr(argument, "variable", None)
                if variable is None or variable not in function.parameters or variable in kinds:
                    continue
                if parameter in kinds and not variable.shared and not variable.boxed:
                    kinds[variable] = kinds[parameter]
                    changed = True
