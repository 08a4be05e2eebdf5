"""Threads: `dethread`, `threadspace`, `seth`, `lock`.

`(f args)` of a `dethread` starts a thread; what it runs is a function of its own, which calls itself by
name. Shared variables are globals that only a `threadspace` can name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.forms.definitions import (
    DECLARATION,
    Definition,
    check_free,
    parse_parameters,
    resolve_function,
)
from lispe_kernel.language.compiler.statements import Raise, Target, Unpack, Within
from lispe_kernel.language.compiler.tree import Block, Global, Node
from lispe_kernel.language.compiler.variables import Function, python_name
from lispe_kernel.language.forms import Form, as_data, is_list
from lispe_kernel.language.runtime import current
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.stack import start_deep
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import deep_copy

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

OUTSIDE = "Error: this instruction can only be used in a 'threadspace' block"


@special("dethread", "name ([parameter...]) [body...]", defines="thread", errors=DECLARATION)
def resolve_dethread(r: Resolver, form: Form) -> Node:
    """Define a function whose call starts a thread and gives true at once; its arguments are copied.

    A call of the function inside its own body is an ordinary call. `(wait)` waits for all threads
    and raises what one of them failed at; where no `wait` follows, a program, or a cell, tells at its end.

    Example: (dethread fill (v) (threadspace (seth filled v))) (fill 5) (wait) (threadspace filled) => 5
    """
    name = check_free(r, form[1], form.spans[1])
    parameters = parse_parameters(r, form[2])
    signature = parameters.signature(name)
    body = f"thread {name}"
    outer, r.thread = r.thread, name
    r.announced.add(body)
    try:
        function = resolve_function(r, Function("defun", body, r.place), parameters, form, 3)
    finally:
        r.thread = outer
    r.definitions.append(Definition(body, function, signature, as_data(form), ""))
    r.declare(name, starter(name, body), signature)
    return Global(r.place, python_name(name))


@special("threadspace", "[form...]", result=(-1,))
def resolve_threadspace(r: Resolver, form: Form) -> Node:
    """Evaluate the forms while no other thread is in a threadspace; shared variables can be used here.

    Example: (threadspace (seth shared_count 1)) (threadspace (+ shared_count 1)) => 2
    """
    return threadspace(r, form, 1)


def threadspace(r: Resolver, form: Form, start: int) -> Node:
    """The forms from `start` on in the space of threads."""
    was_shared, r.in_threadspace = r.in_threadspace, True
    try:
        body = r.sequence(form, start)
    finally:
        r.in_threadspace = was_shared
    return Within(r.place, r.helper(" thread space", quiet=False), body)


@special("seth", "variable value | (variable...) value", silent=True)
def resolve_seth(r: Resolver, form: Form) -> Node:
    """Inside a threadspace: create or set a variable that all threads share. Gives true.

    A list of names takes the elements of a list of the same size.

    Example: (threadspace (seth shared 4) (* shared 2)) => 8
    """
    names = [r.check_variable(item, form.spans[1]) for item in (form[1] if is_list(form[1]) else [form[1]])]
    value = r.node(form[2], form.spans[2])
    if not r.in_threadspace:
        return Block(r.place, [value, Raise(r.place, r.helper(" error", r.constant(OUTSIDE)))])
    targets: list[Target] = [r.shared_target(name) for name in names]
    return Unpack(r.place, targets, value) if is_list(form[1]) else r.assign(targets[0], value)


@special("lock", "key [form...]", result=(-1,))
def resolve_lock(r: Resolver, form: Form) -> Node:
    """Evaluate the forms while no other thread holds the lock named by the key; the same thread may nest.

    Example: (lock "file" (+ 1 2)) => 3
    """
    key: Any = r.node(form[1], form.spans[1])
    return Within(r.place, r.helper(" thread lock", key, quiet=False), r.sequence(form, 2))


def starter(name: str, body: str) -> Callable[..., Atom]:
    """The function that starts a thread running the global function `body`."""

    def start(*arguments: Any) -> Atom:
        session = current()
        threads = session.threads
        copies = [deep_copy(argument) for argument in arguments]

        def work() -> None:
            try:
                session.call(session.namespace[body], *copies)
            except Exception as error:
                threads.failed(name, error)

        with threads.guard:
            threads.running = [thread for thread in threads.running if thread.is_alive()]
            threads.running.append(start_deep(work, name=name))
        return TRUE

    start.__name__ = start.__qualname__ = name
    return start
