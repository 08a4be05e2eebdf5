"""Loops (core 5 and 5.1): a loop's variable is an ordinary variable, its value that of the last turn."""

from tests.oracle.errors import BreakSignal, OracleError, Undetermined
from tests.oracle.matrices import part, rows
from tests.oracle.registry import form, function
from tests.oracle.scope import UNDEFINED, assign, read
from tests.oracle.values import NIL, Array, Atom, Dictionary, Heap, Lazy, List, SetValue, is_true


def elements(value):
    """What a loop goes through: a list is looked at again at each turn, a dictionary's keys taken first."""
    if isinstance(value, List):
        return growing(value)
    if isinstance(value, Dictionary):
        return iter([key for key, _ in value.items()])
    if isinstance(value, SetValue):
        return iter(value.items())
    if isinstance(value, Array):
        return iter(rows(value))
    if isinstance(value, Heap):
        return unchanged(value)
    if isinstance(value, (Lazy, Parts)):
        return value.make()
    raise Undetermined("a loop over something that is no container")


class Parts:
    """What `irank@` gives: the parts of a matrix with one more coordinate, which runs."""

    def __init__(self, made, coordinates):
        self.made, self.coordinates = made, coordinates

    def make(self):
        for at in range(self.made.shape[len(self.coordinates)]):
            yield part(self.made, [*self.coordinates, at])


@function("irank@", least=2)
def irank(interpreter, values):
    made, *coordinates = values
    if not isinstance(made, Array) or len(coordinates) >= len(made.shape):
        raise Undetermined("irank@ of this value")
    return Parts(made, coordinates)


def unchanged(heap: Heap):
    """The elements of a heap in order; what a loop that changes it sees is not fixed."""
    elements = list(heap.elements)
    for one in elements:
        yield one
        if len(heap.elements) != len(elements):
            raise Undetermined("a heap that changes while it is walked")


def growing(values: List):
    """The elements of a list that may grow while it is walked; that it shrinks is not fixed."""
    at, most = 0, len(values.items)
    while at < len(values.items):
        if len(values.items) < most:
            raise Undetermined("a list that shrinks while it is walked")
        most = len(values.items)
        yield values.items[at]
        at += 1
    if len(values.items) < most:
        raise Undetermined("a list that shrinks while it is walked")


@form("while", least=2)
def while_(interpreter, arguments, scope, tail):
    value = NIL
    try:
        while is_true(interpreter.eval(arguments[0], scope)):
            value = interpreter.body(arguments[1:], scope)
    except BreakSignal:
        return NIL
    return value


@form("loop", least=2)
def loop(interpreter, arguments, scope, tail):
    if isinstance(arguments[0], list):
        return counted(interpreter, arguments, scope)
    name, value = arguments[0].name, NIL
    container = elements(interpreter.eval(arguments[1], scope))
    assign(scope, name, NIL)
    try:
        for one in container:
            assign(scope, name, one)
            value = interpreter.body(arguments[2:], scope)
    except BreakSignal:
        return NIL
    return value


def counted(interpreter, arguments, scope):
    """The guide's `(loop (i a b) ...)`: a, a+1 ... b-1; what i is afterwards is not fixed."""
    atom, first, after = arguments[0]
    first, after = interpreter.eval(first, scope), interpreter.eval(after, scope)
    if type(first) is not int or type(after) is not int:
        raise Undetermined("a counted loop over something else than integers")
    value = NIL
    try:
        for i in range(first, after):
            assign(scope, atom.name, i)
            value = interpreter.body(arguments[1:], scope)
            if read(scope, atom.name) != i:
                raise Undetermined("a counter that the body changes")
    except BreakSignal:
        return NIL
    finally:
        assign(scope, atom.name, UNDEFINED)
    return value


@form("loopcount", least=2)
def loopcount(interpreter, arguments, scope, tail):
    count = interpreter.eval(arguments[0], scope)
    if type(count) is not int:
        raise Undetermined("loopcount of something else than an integer")
    rest, name = arguments[1:], None
    if len(rest) > 2 and rest[0] is Atom("into"):
        rest = rest[1:]
    if len(rest) > 1 and isinstance(rest[0], Atom):
        name, rest = rest[0].name, rest[1:]
    value, turns = NIL, range(count) if count >= 0 else range(-count - 1, -1, -1)
    try:
        for i in turns:
            if name:
                assign(scope, name, i)
            value = interpreter.body(rest, scope)
            if name and read(scope, name) != i:
                raise Undetermined("a counter that the body changes")
    except BreakSignal:
        return NIL
    if name:
        assign(scope, name, count if count >= 0 else -1)
    return value


@form("whilein", least=4)
def whilein(interpreter, arguments, scope, tail):
    name, value = arguments[0].name, NIL
    container = elements(interpreter.eval(arguments[1], scope))
    assign(scope, name, NIL)
    try:
        for one in container:
            # The element is given before the condition is tested: "c, tested before each turn".
            assign(scope, name, one)
            if not is_true(interpreter.eval(arguments[2], scope)):
                break
            value = interpreter.body(arguments[3:], scope)
    except BreakSignal:
        return NIL
    return value


@form("lloop", least=3)
def lloop(interpreter, arguments, scope, tail):
    """Several lists in parallel; of different sizes it is not fixed."""
    names, lists, body = parts_of(interpreter, arguments, scope)
    if len({len(one) for one in lists}) > 1:
        raise Undetermined("lloop over lists of different sizes")
    return turns(interpreter, names, zip(*lists, strict=True), body, scope)


@form("mloop", least=3)
def mloop(interpreter, arguments, scope, tail):
    """As lloop; of other containers than lists it is not fixed here."""
    return lloop(interpreter, arguments, scope, tail)


def parts_of(interpreter, arguments, scope):
    names = [atom.name for atom in arguments[0]]
    lists = [interpreter.eval(one, scope) for one in arguments[1 : 1 + len(names)]]
    if len(lists) < len(names) or not all(isinstance(one, List) for one in lists):
        raise (
            OracleError("value", "Error: lists expected")
            if len(lists) < len(names)
            else Undetermined("mloop")
        )
    return names, [list(one.items) for one in lists], arguments[1 + len(names) :]


def turns(interpreter, names, rows, body, scope):
    value = NIL
    try:
        for row in rows:
            for name, one in zip(names, row, strict=True):
                assign(scope, name, one)
            value = interpreter.body(body, scope)
    except BreakSignal:
        return NIL
    return value
