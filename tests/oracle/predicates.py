"""`defpred` and `defprol` (advanced 2): clauses of tests; where one fails the next clause is tried."""

from tests.oracle import patterns
from tests.oracle.errors import BreakSignal, OracleError, ReturnSignal, Undetermined
from tests.oracle.forms_control import protected_call
from tests.oracle.lists import copied
from tests.oracle.scope import Frame
from tests.oracle.values import (
    NIL,
    Atom,
    Dictionary,
    Heap,
    Instance,
    List,
    PatternFunction,
    SetValue,
    is_true,
)

CUT = Atom("cut_")


def call(interpreter, function: PatternFunction, values):
    """Call a predicate function with evaluated arguments."""
    fitting = patterns.in_order(interpreter, function, values)
    if not fitting:  # an error, by the dialect
        raise OracleError("match", f"Error: Could not find a match for function: '{function.name}'")
    found: list = []
    unified = False
    for clause in fitting:
        frame = Frame(interpreter.globals, function)
        if not all(map(lambda p, v: bound(interpreter, p, v, frame), clause.patterns, values)):
            continue
        unified = True
        value, cut = tried(interpreter, clause.body, frame, function)
        if isinstance(value, Returned):
            return value.value if function.kind == "defpred" else List(found)
        if value is not None and function.kind == "defpred":
            return value
        if value is not None:
            found.append(value)
        if cut and function.kind == "defprol":
            break
    if function.kind == "defprol":
        if not unified:
            raise Undetermined("a defprol without a clause that fits")
        return List(found)
    return NIL  # when nothing holds, too (dialect)


def bound(interpreter, pattern, value, frame) -> bool:
    """Unify with a copy, or with the value itself where the parameter is written `p@`."""
    if isinstance(pattern, Atom) and pattern.name.endswith("@"):
        frame.names[pattern.name[:-1]] = value
        return True
    if isinstance(value, Instance):
        raise Undetermined("a copy of an instance")
    containers = (List, Dictionary, SetValue, Heap)
    return patterns.match(
        interpreter, pattern, copied(value) if isinstance(value, containers) else value, frame
    )


class Returned:
    """What `(return v)` gave."""

    def __init__(self, value):
        self.value = value


def tried(interpreter, body, frame, function):
    """The value of the last instruction, None when one failed; whether `cut_` was reached."""
    value, cut = None, False
    for form in body:
        if form is CUT:
            if function.kind == "defpred" or form is body[-1]:
                raise Undetermined("cut_ at the end, alone, or in a defpred")
            cut = True
            continue
        try:
            value = test(interpreter, form, frame)
        except ReturnSignal as signal:
            return Returned(signal.value), cut
        except BreakSignal:
            raise Undetermined("break that leaves a function") from None
        if value is None:
            return None, cut
    return value, cut


def test(interpreter, form, frame):
    """The value of one instruction, None when it is false or an error."""
    value, error = protected_call(lambda: interpreter.eval(form, frame))
    return None if error is not None or not is_true(value) else value
