"""Threads: `dethread`, `threadspace`, `seth`, `lock`.

`(f args)` of a `dethread` starts a thread; what it runs is a function of its own, which calls itself by
name. Shared variables are globals that only a `threadspace` can name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.function_bodies import Definition, build_function
from lispe_kernel.language.compiler.parameters import DECLARATION, parse_parameters
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.scopes import Binding, PythonFunction, python_name
from lispe_kernel.language.forms import Form, as_data, is_list
from lispe_kernel.language.library.machine.threads import starter
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

OUTSIDE = "Error: this instruction can only be used in a 'threadspace' block"


@special("dethread", "name ([parameter...]) [body...]", defines="thread", errors=DECLARATION)
def compile_dethread(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Define a function whose call starts a thread and gives true at once; its arguments are copied.

    A call of the function inside its own body is an ordinary call. `(wait)` waits for all threads.

    Example: (dethread fill (v) (threadspace (seth filled v))) (fill 5) (wait) (threadspace filled) => 5
    """
    name = c.new_name(form[1], form.spans[1])
    parameters = parse_parameters(c, form[2], form.spans[2])
    signature = parameters.signature(name)
    body = f"thread {name}"
    outer, c.thread = c.thread, name
    c.announced.add(body)
    try:
        tree = build_function(c, PythonFunction("defun", body), parameters, form, 3, "")
    finally:
        c.thread = outer
    c.definitions.append(Definition(body, tree, signature, as_data(form), ""))
    c.declare(name, starter(name, body), signature)
    return None if destination is EFFECT else c.deliver(c.name(python_name(name)), destination)


@special("threadspace", "[form...]", result=(-1,))
def compile_threadspace(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate the forms while no other thread is in a threadspace; shared variables can be used here.

    Example: (threadspace (seth shared_count 1)) (threadspace (+ shared_count 1)) => 2
    """
    outer, was_shared = c.bindings, c.in_threadspace
    c.in_threadspace = True
    for name in _shared_names(c, form):
        _share(c, name)
    try:
        return _with(c, c.call(" thread space"), form, 1, destination)
    finally:
        c.bindings, c.in_threadspace = outer, was_shared


def _with(
    c: Compiler, manager: ast.expr, form: Form, start: int, destination: Destination
) -> ast.expr | None:
    inner, name = c.through(destination)
    c.function.tail_blocked += 1
    with c.nested_block() as body:
        c.sequence(form, start, inner)
    c.function.tail_blocked -= 1
    node = ast.With([ast.withitem(manager, None)], body or [c.pass_()])
    c.emit(ast.copy_location(node, c.nil()))
    return c.result(name)


def _shared_names(c: Compiler, form: Any) -> set[str]:
    """The shared variables that forms speak of and that nothing nearer hides."""
    if isinstance(form, Atom):
        known = shared(form.name) in c.announced or c.context.defined(shared(form.name))
        hidden = form.name in c.bindings or form.name in c.definite or c.context.defined(form.name)
        return {form.name} if known and not hidden else set()
    return set().union(*(_shared_names(c, item) for item in form)) if is_list(form) else set()


def shared(name: str) -> str:
    """The global that holds a shared variable."""
    return f" shared {name}"


def _share(c: Compiler, name: str) -> str:
    python = shared(name)
    c.function.globals.add(python)
    c.announced.add(python)
    c.bindings = {**c.bindings, name: Binding(python, c.function)}
    return python


@special("seth", "variable value | (variable...) value", silent=True)
def compile_seth(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Inside a threadspace: create or set a variable that all threads share. Gives true.

    A list of names takes the elements of a list of the same size.

    Example: (threadspace (seth shared 4) (* shared 2)) => 8
    """
    names = [c.check_variable(item, form.spans[1]) for item in (form[1] if is_list(form[1]) else [form[1]])]
    value = c.saved(c.value(form[2], form.spans[2]))
    if not c.in_threadspace:
        c.raise_(c.call(" error", c.constant(OUTSIDE)))
        return c.deliver(c.nil(), destination)
    if is_list(form[1]):
        value = c.saved(c.call(" several", value, c.constant(len(names))))
    for index, name in enumerate(names):
        item = c.subscript(value, c.constant(index)) if is_list(form[1]) else value
        c.assign(_share(c, name), item)
    return c.deliver(c.true(), destination)


@special("lock", "key [form...]", result=(-1,))
def compile_lock(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate the forms while no other thread holds the lock named by the key; the same thread may nest.

    Example: (lock "file" (+ 1 2)) => 3
    """
    manager = c.saved(c.call(" thread lock", c.value(form[1], form.spans[1])))
    return _with(c, manager, form, 2, destination)
