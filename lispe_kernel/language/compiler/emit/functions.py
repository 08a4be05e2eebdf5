"""Functions: definitions, lambdas, parameters, turns; what a lambda keeps of the turn that made it."""

from __future__ import annotations

import ast

from lispe_kernel.language.compiler.emit.emitter import TAIL, UNSET, Destination, Emitter, emits
from lispe_kernel.language.compiler.emit.kept_tests import Asks, keep_tests
from lispe_kernel.language.compiler.statements import Lambda
from lispe_kernel.language.compiler.tree import is_missing, is_plain
from lispe_kernel.language.compiler.variables import Function, Variable


def function_ast(e: Emitter, function: Function) -> ast.FunctionDef:
    """The Python function of a resolved and analysed one."""
    outer = (e.function, e.block, e.loops, e.tail_blocked, e.has_turns, e.turning)
    place = e.place
    e.function, e.block, e.loops, e.tail_blocked = function, [], [], 0
    e.has_turns, e.turning = False, function.is_kept and function.calls_itself
    e.place = function.span
    try:
        return _definition(e, function)
    finally:
        e.function, e.block, e.loops, e.tail_blocked, e.has_turns, e.turning = outer
        e.place = place


def _definition(e: Emitter, function: Function) -> ast.FunctionDef:
    before = e.questions
    with e.nested_block() as body:
        _open(e, function)
        assert function.body is not None
        e.emit(function.body, TAIL)
    arguments = _arguments(e, function)
    if e.has_turns and e.turning:
        body = _turns_by_calls(e, function, body)
    elif e.has_turns:
        with e.nested_block() as looped:
            e.while_(e.constant(True), body)
        body = looped
    if not (e.has_turns and e.turning):
        body = [*_declarations(e, function), *body]
        if function.kind != "top" and e.questions > before + 1:
            body = keep_tests(arguments, body, Asks.written(e.name))
    return e.function_definition(function.python or function.name, arguments, body, function.doc)


def _declarations(e: Emitter, function: Function) -> list[ast.stmt]:
    """The `global` and `nonlocal` statements that open a function's body."""
    found: list[ast.stmt] = []
    if function.globals:
        found.append(ast.Global(sorted(function.globals), **e.where))
    if function.nonlocals:
        written = sorted({variable.python for variable in function.nonlocals if not variable.boxed})
        if written:
            found.append(ast.Nonlocal(written, **e.where))
    return found


def _open(e: Emitter, function: Function) -> None:
    """What each turn begins with: variables without a value, missing and remaining arguments."""
    for variable in sorted(function.unset, key=lambda v: v.python):
        e.assign(variable.python, e.name(UNSET))
    for parameter, default in function.defaults.items():
        if is_plain(default) or is_missing(default):
            continue
        with e.nested_block() as missing:
            e.assign(parameter.python, e.value(default))
        e.if_(e.is_unset(e.name(parameter.python)), missing, [])
    if function.rest is not None and function.rest.name:
        # One that no program can name is only asked whether it holds anything.
        e.assign(function.rest.python, e.call(" list", e.name(function.rest.python)))


def _arguments(e: Emitter, function: Function) -> ast.arguments:
    given = [e.argument(p.python) for p in function.parameters if p is not function.rest]
    rest = e.argument(function.rest.python) if function.rest is not None else None
    defaults = [function.defaults[p] for p in function.parameters if p in function.defaults]
    written = [e.value(d) if is_plain(d) else e.name(UNSET) for d in defaults]
    return ast.arguments([], given, rest, [], [], None, written)


def _turns_by_calls(e: Emitter, function: Function, body: list[ast.stmt]) -> list[ast.stmt]:
    """A function whose turns are calls, so that each has variables of its own for lambdas to keep."""
    own = [e.argument(p.python) for p in function.parameters]
    turn = e.function_definition(
        function.name, ast.arguments([], own, None, [], [], None, []), [*_declarations(e, function), *body]
    )
    turn.name = " turn"
    with e.nested_block() as whole:
        e.emit_statement(turn)
        values: list[ast.expr] = [e.name(p.python) for p in function.parameters]
        e.assign(" result", e.call(" turn", *values))
        starred: ast.expr = ast.Starred(e.attribute(e.name(" result"), "arguments"), ast.Load(), **e.where)
        with e.nested_block() as again:
            e.assign(" result", e.call(" turn", starred))
        e.while_(e.is_of(e.name(" result"), " Again"), again)
        e.return_(e.name(" result"))
    return whole


@emits(Lambda)
def _lambda(e: Emitter, node: Lambda, destination: Destination) -> ast.expr | None:
    function = node.function
    definition = function_ast(e, function)
    kept = sorted((v for v in function.captures if v.kept), key=lambda v: v.python)
    if not kept and not function.calls_itself:
        e.emit_statement(definition)
        return e.deliver(e.saved(e.name(definition.name)), destination)
    return e.deliver(_keeping(e, definition, kept), destination)


def _keeping(e: Emitter, definition: ast.FunctionDef, kept: list[Variable]) -> ast.expr:
    """The lambda made by a function of its own, whose parameters are what it keeps of this turn."""
    parameters = [e.argument(variable.python) for variable in kept]
    body: list[ast.stmt] = [definition, ast.Return(e.name(definition.name), **e.where)]
    maker = e.function.temporary()
    e.emit_statement(
        e.function_definition(maker, ast.arguments([], parameters, None, [], [], None, []), body)
    )
    return e.saved(e.call(maker, *(e.name(variable.python) for variable in kept)))
