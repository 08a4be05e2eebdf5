"""Threads (advanced 7, dialect "threads"): a call of a `dethread` runs at once and to its end.

So only programs that wait for each thread before they look at what it did may be played.
"""

from dataclasses import dataclass

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.registry import form, function
from tests.oracle.scope import Block
from tests.oracle.values import NIL, TRUE, Atom, Function, List, answer


@dataclass(eq=False)
class ThreadFunction(Function):
    """A `dethread`."""


class Shared:
    """What the threads of a session share: variables, lists that are stored."""

    def __init__(self):
        self.names: dict = {}
        self.lists: dict[str, list] = {}
        self.cleared: set[str] = set()
        self.running: list = []


def start(interpreter, thread, values, named):
    """Run a thread on copies of its arguments; true."""
    shared = interpreter.shared
    if shared.running or named:
        raise Undetermined("a thread that starts another one, or named arguments of one")
    shared.running.append(thread)
    try:
        interpreter.call(thread, [copied(value) for value in values])
    except OracleError:
        raise Undetermined("an error in a thread") from None
    finally:
        shared.running.pop()
    return TRUE


def copied(value):
    """A copy that shares nothing."""
    if isinstance(value, List):
        return value.same_kind([copied(item) for item in value.items])
    if isinstance(value, (int, float, str, Atom)):
        return value
    raise Undetermined("another container as an argument of a thread")


class ThreadScope(Block):
    """The forms of a `threadspace`: shared variables after the locals and the globals."""

    def __init__(self, outer, names):
        super().__init__(outer)
        self.shared = names

    def find(self, name):
        found = self.outer.find(name)
        return self.shared if found is None and name in self.shared else found

    def local(self, name):
        found = self.outer.local(name)
        mine = found is None and name not in self.globals.names and name in self.shared
        return self.shared if mine else found

    def holder(self, name):
        if name in self.shared:
            raise Undetermined("setq of a shared variable")
        return self.outer.holder(name)


@form("threadspace", least=1)
def threadspace(interpreter, arguments, scope, tail):
    return interpreter.body(arguments, ThreadScope(scope, interpreter.shared.names))


@form("seth", least=2, most=2)
def seth(interpreter, arguments, scope, tail):
    if not isinstance(arguments[0], Atom) or scope.find(arguments[0].name) not in (
        None,
        interpreter.shared.names,
    ):
        raise Undetermined("seth of several variables, or of one that is no shared one")
    if not isinstance(scope, ThreadScope):
        raise Undetermined("when seth outside of a threadspace is refused")
    interpreter.shared.names[arguments[0].name] = interpreter.eval(arguments[1], scope)
    return TRUE


@form("lock", least=2)
def lock(interpreter, arguments, scope, tail):
    if not isinstance(interpreter.eval(arguments[0], scope), str):
        raise Undetermined("a lock whose name is no text")
    return interpreter.body(arguments[1:], scope)


@function("wait", most=0)
def wait(interpreter, values):
    return TRUE


@function("threadstore", least=2, most=2)
def threadstore(interpreter, values):
    key, value = values
    if not isinstance(key, str) or key in interpreter.shared.cleared:
        raise Undetermined("a key that is no text, or one that was emptied")
    interpreter.shared.lists.setdefault(key, []).append(copied(value))
    return TRUE


@function("threadretrieve", most=1)
def threadretrieve(interpreter, values):
    shared = interpreter.shared
    if not values:
        raise Undetermined("all lists of the threads")
    if not isinstance(values[0], str) or values[0] in shared.cleared:
        raise Undetermined("a key that is no text, or one that was emptied")
    found = shared.lists.get(values[0])
    return NIL if found is None else List(map(copied, found))


@function("threadclear", most=1)
def threadclear(interpreter, values):
    shared = interpreter.shared
    if shared.cleared.intersection(values):
        raise Undetermined("a list that was emptied before")
    gone = set(values) & set(shared.lists) if values else set(shared.lists)
    shared.cleared |= gone
    return answer(bool(gone)) if values else TRUE
