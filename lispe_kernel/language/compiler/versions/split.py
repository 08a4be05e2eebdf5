"""The stage between resolving and analysing: where a function gets a second body.

It takes a function as `resolve` left it. It promises that the function means what it meant: what follows some
point of it stands there twice, and which of both runs is asked when it is reached.
"""

from __future__ import annotations

from lispe_kernel.language.compiler.effects import effects
from lispe_kernel.language.compiler.statements import Assign, Collect, Each, Lambda, Versions, While
from lispe_kernel.language.compiler.tree import Block, Constant, Node
from lispe_kernel.language.compiler.variables import Function, Variable
from lispe_kernel.language.compiler.versions.copies import copied
from lispe_kernel.language.compiler.versions.direct import may_call_directly, passed_on
from lispe_kernel.language.compiler.versions.guesses import Guesses

# A larger function is written once.
_MOST = 400
# Questions that cost less than this are asked where they stand.
_LEAST = 1.5
# So often a function without loops that is called often must read or store by an index or a key.
_SUBSCRIPTS = 3
# How often a function that calls itself may do so.
_TURNS = 4.0


def split(function: Function, most: int = _MOST) -> int:
    """Give a function of at most so many nodes a second body if it may pay; how many it has then."""
    body = function.body
    if body is None or not _may_pay(function):
        return 0
    guesses = Guesses()
    if not guesses.read(body, min(most, _MOST)):
        return 0
    kinds = guesses.kinds()
    wider = _wider(function, body, guesses) if may_call_directly(function) else []
    at, known = _beginning(function, body, kinds)
    found = [(variable, kind) for variable, kind in kinds.items() if variable in known]
    saved = sum(guesses.saves(variable) for variable, _ in found)
    if not wider and saved * (_TURNS if function.calls_itself else 1.0) < _LEAST:
        return 0
    rest = Block(body.nodes[at].span, body.nodes[at:]) if isinstance(body, Block) and at else body
    if _has(Lambda, node=rest):
        return 0
    if isinstance(body, Block) and at:
        function.body = Block(body.span, [*body.nodes[:at], Versions(rest.span, found, copied(rest), rest)])
    else:
        function.body = Versions(body.span, found, copied(body), body, wider)
    return guesses.nodes


def _wider(function: Function, body: Node, guesses: Guesses) -> list[tuple[Variable, str]]:
    """What its parameters must hold if a function is to call its second body itself."""
    kinds = guesses.kinds(all_of_them=True)
    passed_on(function, body, kinds)
    return [(parameter, kinds[parameter]) for parameter in function.parameters if parameter in kinds]


def _beginning(function: Function, body: Node, kinds: dict[Variable, str]) -> tuple[int, set[Variable]]:
    """Where the second body begins, and the variables that may have values there.

    That is the first loop where what is guessed of a variable needs what is stored before it.
    """
    known = set(function.parameters)
    if not isinstance(body, Block) or function.calls_itself:
        return 0, known
    loop = next((at for at, node in enumerate(body.nodes) if _has(While, Each, Collect, node=node)), 0)
    before = [effects(node).variables for node in body.nodes[:loop] if not _is_written(node)]
    stored = set().union(*before)
    return (0, known) if stored.isdisjoint(kinds) else (loop, known | stored)


def _may_pay(function: Function) -> bool:
    """Whether it may run or ask often, and no other function sees its variables."""
    if function.kind != "defun" or function.foreign or function.is_kept:
        return False
    return function.loops or function.calls_itself or (function.often and function.subscripts >= _SUBSCRIPTS)


def _is_written(node: Node) -> bool:
    """Whether a node stores a constant, whose kind is known anyway."""
    return isinstance(node, Assign) and isinstance(node.value, Constant)


def _has(*classes: type[Node], node: Node) -> bool:
    """Whether a node of some classes stands in a part of a tree."""
    return isinstance(node, classes) or any(_has(*classes, node=part) for part in node.parts())
