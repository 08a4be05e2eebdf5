"""Second bodies: a question on the classes of some variables, and what follows for either answer.

What the question costs must be less than the questions that it saves, or the general body stands alone. A
second body that calls itself is a Python function of its own: its calls ask nothing.
"""

from __future__ import annotations

import ast

from lispe_kernel.language.compiler.emit.emitter import SECOND, TAIL, UNSET, Destination, Emitter, emits
from lispe_kernel.language.compiler.emit.kept_tests import Asks, Either, cost, keep_tests
from lispe_kernel.language.compiler.kinds import join
from lispe_kernel.language.compiler.statements import Versions
from lispe_kernel.language.compiler.tree import Node, SelfCall, walk
from lispe_kernel.language.compiler.variables import Function, python_name
from lispe_kernel.language.compiler.versions.direct import Direct
from lispe_kernel.language.compiler.versions.held import Held

_CLASSES = {
    "integer": " int",
    "text": " str",
    "list": " List",
    "dictionary": " Dictionary",
    "keyed": " IntegerDictionary",
    "integers": " Integers",
}
# What a question costs; those of kinds that need two.
_ASKED, _ASKED_TWICE = 1.0, 1.4
# How often a function that calls itself last does so.
_TURNS = 8.0
# How often one that calls its second body does; what a sum costs whose first operand may be text.
_CALLS, _OF_SUM = 8.0, 0.4


@emits(Versions)
def _versions(e: Emitter, node: Versions, destination: Destination) -> ast.expr | None:
    if node.direct is not None:
        _apart(e, node, node.direct)
        return None
    if not node.tests:
        return e.emit(node.general, destination)
    inner, name = e.through(destination)
    turns, e.has_turns = e.has_turns, False
    fast = e.block_of(node.fast, inner)
    again = e.has_turns
    general = e.block_of(node.general, inner)
    e.has_turns = turns or e.has_turns or again
    names = [variable.python for variable in (*e.function.parameters, *(v for v, _ in node.tests))]
    asks = Asks.written(e.name)
    price = sum(_ASKED if kind in _CLASSES else _ASKED_TWICE for _, kind in node.tests)
    stays = again and destination is TAIL and _stays_fast(e.function, node)
    saved = cost(names, general, asks) - cost(names, fast, asks)
    if saved * (_TURNS if stays else 1.0) <= price:
        e.block.extend(general)
        return e.result(name)
    if stays:
        with e.nested_block() as looped:
            e.while_(e.constant(True), fast)
        fast = looped
    tests = [test for variable, kind in node.tests for test in _tests(e, e.read(variable), kind)]
    e.emit_statement(Either(e.boolean(ast.And(), tests), fast, general, **e.where))
    return e.result(name)


def _apart(e: Emitter, node: Versions, direct: Direct) -> None:
    """The body of a function whose second body is a function of its own."""
    function = e.function
    own, body = Held(f"own {function.name}"), Held(f"second {function.name}")
    fast = _second(e, node.fast, None if direct.closed else own)
    general = e.block_of(node.general, TAIL)
    price = sum(_ASKED if kind in _CLASSES else _ASKED_TWICE for _, kind in node.tests)
    with e.nested_block() as turning:
        e.while_(e.constant(True), general)
    # Both are gone through as often: the turns of the second body stand in a loop already.
    if _cost(e, turning if e.has_turns else general) - _cost(e, fast) <= price / _CALLS:
        e.block.extend(general)
        return
    parameters = [e.argument(name) for name in (*(p.python for p in function.parameters), SECOND)]
    arguments = ast.arguments([], parameters, None, [], [], None, [])
    fast = keep_tests(arguments, fast, Asks.written(e.name))
    e.second = e.function_definition(function.name, arguments, fast), own, body
    tests = [test for variable, kind in node.tests for test in _tests(e, e.read(variable), kind)]
    tests.append(e.means(python_name(function.name), own))
    given = [*(e.read(parameter) for parameter in function.parameters), e.value_of(body)]
    with e.nested_block() as called:
        e.return_(e.call(e.value_of(body), *given))
    e.emit_statement(Either(e.boolean(ast.And(), tests), called, general, **e.where))


def _second(e: Emitter, node: Node, own: Held | None) -> list[ast.stmt]:
    """The statements of a second body that is a function of its own."""
    turns, e.has_turns, e.own = e.has_turns, False, own
    with e.nested_block() as body:
        for variable in sorted(e.function.unset, key=lambda v: v.python):
            e.assign(variable.python, e.name(UNSET))
        e.emit(node, TAIL)
    if e.has_turns:
        with e.nested_block() as looped:
            e.while_(e.constant(True), body)
        body = looped
    e.has_turns, e.own = turns, None
    return body


def _cost(e: Emitter, body: list[ast.stmt]) -> float:
    """What a body asks of its values, the sums that may be of texts included."""
    names = [variable.python for variable in e.function.parameters]
    sums = sum(isinstance(part, ast.Try) for statement in body for part in ast.walk(statement))
    return cost(names, body, Asks.written(e.name)) + _OF_SUM * sums


def _tests(e: Emitter, value: ast.expr, kind: str) -> list[ast.expr]:
    """The questions whether a value is of a kind."""
    if kind == "natural":
        return [e.is_of(value, " int"), e.compare(value, [ast.GtE()], [e.constant(0)])]
    if kind == "number":
        return [e.boolean(ast.Or(), [e.is_of(value, " float"), e.is_of(value, " int")])]
    return [e.is_of(value, _CLASSES[kind])]


def _stays_fast(function: Function, node: Versions) -> bool:
    """Whether each call of the function by itself gives its parameters values of the kinds assumed.

    A turn must begin with nothing but them.
    """
    if function.unset or function.defaults or function.rest is not None:
        return False
    wanted = dict(node.tests)
    kinds = [wanted.get(parameter, "") for parameter in function.parameters]
    found: list[bool] = []

    def see(at: object) -> None:
        if isinstance(at, SelfCall) and at.function is function:
            given = [argument.kind for argument in at.arguments]
            found.append(
                len(given) == len(kinds)
                and all(not kind or join(kind, its) == kind for kind, its in zip(kinds, given, strict=True))
            )

    walk(node.fast, see)
    return all(found)
