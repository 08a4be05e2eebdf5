"""`defpat` (advanced 1): clauses chosen by matching the arguments, keyed clauses before fallback clauses.

Kleene marks, set patterns and free keys in dictionaries are not played.
"""

from tests.oracle.comparison import equal, same_element
from tests.oracle.errors import BreakSignal, OracleError, ReturnSignal, TailCall, Undetermined
from tests.oracle.places import key_of
from tests.oracle.registry import FORMS, FUNCTIONS, OPERATORS, is_known
from tests.oracle.scope import Frame
from tests.oracle.values import (
    NIL,
    TRUE,
    Atom,
    ClassType,
    Dictionary,
    Function,
    Instance,
    List,
    PatternFunction,
    Record,
    SetValue,
    is_number,
    is_true,
    type_name,
)

QUOTE, REST, DICTIONARY = (
    Atom("quote"),
    Atom("$"),
    (Atom("dictionary"), Atom("dictionaryi"), Atom("dictionaryn")),
)
SETS = (Atom("set"), Atom("sets"), Atom("seti"), Atom("setn"))


def call(interpreter, function: PatternFunction, values):
    """Call a pattern function with evaluated arguments."""
    while True:
        clause, frame = chosen(interpreter, function, values)
        try:
            return interpreter.body(clause.body, frame, tail=True)
        except ReturnSignal as signal:
            return signal.value
        except TailCall as again:
            if again.function is not function:
                raise
            if again.named:
                raise Undetermined("named arguments of a pattern function") from None
            values = again.arguments
        except BreakSignal:
            raise Undetermined("break that leaves a function") from None


def chosen(interpreter, function, values):
    """The first clause that matches, with its bindings."""
    for clause in in_order(interpreter, function, values):
        frame = Frame(interpreter.globals, function)
        if all(match(interpreter, p, v, frame) for p, v in zip(clause.patterns, values, strict=True)):
            return clause, frame
    raise OracleError("match", f"Error: Could not find a match for function: '{function.name}'")


def in_order(interpreter, function, values) -> list:
    """The clauses of this number of parameters, keyed ones first."""
    clauses = [c for c in function.clauses if len(c.patterns) == len(values)]
    return clauses if not values else sorted(clauses, key=lambda c: not is_keyed(interpreter, c.patterns[0]))


def is_keyed(interpreter, pattern) -> bool:
    """Whether the first parameter gives a key: a type, a record, a class, a literal or a quoted atom."""
    while True:
        if isinstance(pattern, (int, float, str)):
            return True
        if isinstance(pattern, Atom):
            return is_type(interpreter, pattern)
        if not pattern:
            return False
        if pattern[0] is QUOTE:
            return isinstance(pattern[1], Atom)
        if pattern[0] in DICTIONARY or pattern[0] in SETS or is_guard(interpreter, pattern):
            return False
        pattern = pattern[0]


def is_type(interpreter, atom) -> bool:
    """A type atom, a record, a group or a class."""
    name = atom.name
    found = interpreter.globals.names.get(name)
    groups = {record.group for record in interpreter.records.values()}
    return (
        (name.endswith("_") and len(name) > 1)
        or name in interpreter.records
        or name in groups
        or isinstance(found, ClassType)
    )


def is_guard(interpreter, pattern) -> bool:
    """A list headed by an instruction, an operator or a known function."""
    if not isinstance(pattern, list) or not pattern or not isinstance(pattern[0], Atom):
        return False
    name = pattern[0].name
    if isinstance(interpreter.globals.names.get(name), (Function, PatternFunction)):
        return True
    return is_known(name) and (name in FUNCTIONS or name in OPERATORS or name in FORMS)


def match(interpreter, pattern, value, frame) -> bool:
    """Unify one pattern with one value; bindings go into the frame."""
    if isinstance(pattern, Atom):
        return match_atom(pattern, value, frame)
    if not isinstance(pattern, list):
        return match_literal(pattern, value)
    if not pattern:
        if isinstance(value, (Dictionary, SetValue)) and not value.items():
            return True
        return value is NIL or (isinstance(value, List) and not value.items)
    head = pattern[0]
    if head is QUOTE:
        from tests.oracle.definitions import as_value

        quoted = as_value(pattern[1])
        return (
            value is quoted if isinstance(quoted, Atom) else isinstance(value, List) and equal(quoted, value)
        )
    if head in DICTIONARY:
        return match_dictionary(interpreter, pattern, value, frame)
    if head in SETS:
        raise Undetermined("set patterns")
    if isinstance(head, Atom) and is_type(interpreter, head):
        return match_type(interpreter, pattern, value, frame)
    if is_guard(interpreter, pattern):
        return match_guard(interpreter, pattern, value, frame)
    return match_list(interpreter, pattern, value, frame)


def match_atom(pattern, value, frame) -> bool:
    if pattern is NIL or pattern is TRUE:
        return True
    name = pattern.name
    if name[-1] in "+*%@" or pattern is REST:
        raise Undetermined("Kleene marks")
    if name in frame.names:
        return equal(frame.names[name], value)
    frame.names[name] = value
    return True


def match_literal(pattern, value) -> bool:
    if is_number(pattern) and is_number(value) and pattern == value and type(pattern) is not type(value):
        raise Undetermined("a literal pattern and an equal number of another type")
    return type(pattern) is type(value) and same_element(pattern, value)


def match_type(interpreter, pattern, value, frame) -> bool:
    """`[T p]`, `[D p ...]` of records, `[Class p ...]` of instances."""
    name = pattern[0].name
    found = interpreter.globals.names.get(name)
    if isinstance(found, ClassType):
        if not isinstance(value, Instance) or value.of is not found:
            return False
        parts = list(value.in_order().values())
        return len(parts) == len(pattern) - 1 and match_all(interpreter, pattern[1:], parts, frame)
    if name.endswith("_"):
        if isinstance(value, Function) or type_name(value) != name:
            return False
        return len(pattern) < 2 or match(interpreter, pattern[-1], value, frame)
    if not isinstance(value, Record):
        return False
    record = interpreter.records[value.items[0].name]
    if name not in (record.name, record.group):
        return False
    return len(value.items) == len(pattern) and match_all(interpreter, pattern[1:], value.items[1:], frame)


def match_all(interpreter, patterns, values, frame) -> bool:
    return all(match(interpreter, p, v, frame) for p, v in zip(patterns, values, strict=True))


def guard_target(interpreter, pattern):
    """The place of the variable a guard is about: the last plain atom, searched from the right."""
    if is_guard(interpreter, pattern[-1]):
        return guard_target(interpreter, pattern[-1])
    for part in reversed(pattern[1:]):
        if isinstance(part, Atom) and part not in (NIL, TRUE):
            return part
    raise OracleError("match", "Error: Missing argument in defpat function")


def match_guard(interpreter, pattern, value, frame) -> bool:
    """Bind the guard's variable, then the form must be true; an error means no match."""
    target = guard_target(interpreter, pattern)
    if not match_atom(target, value, frame):
        return False
    try:
        return is_true(interpreter.eval(pattern, frame))
    except OracleError:
        return False


def match_list(interpreter, pattern, value, frame) -> bool:
    """`(p1 ... pn)` and `(p1 ... pn $ r)` on lists of every kind."""
    if any(isinstance(p, Atom) and (p.name[-1] in "+*%" or p.name in ("+", "*", "%")) for p in pattern):
        raise Undetermined("Kleene marks")
    if not isinstance(value, List):
        return False
    items = value.items
    if REST in pattern:
        if pattern.index(REST) != len(pattern) - 2:
            raise Undetermined("$ in another place")
        fixed = pattern[:-2]
        if len(items) < len(fixed):
            if fixed and fixed[-1] is NIL:
                raise Undetermined("_ that stands for a missing element")
            return False
        rest = value.same_kind(items[len(fixed) :]) if value.kind != "data" else List(items[len(fixed) :])
        return match_all(interpreter, fixed, items[: len(fixed)], frame) and match(
            interpreter, pattern[-1], rest, frame
        )
    if len(items) != len(pattern):
        if pattern[-1] is NIL and len(items) == len(pattern) - 1:
            raise Undetermined("_ that stands for a missing element")
        return False
    return match_all(interpreter, pattern, items, frame)


def match_dictionary(interpreter, pattern, value, frame) -> bool:
    """`{"k":p}`: as many pairs (dialect), each a literal key with a value that matches; `$:r` is the rest."""
    if not isinstance(value, Dictionary):
        return False
    parts = list(zip(pattern[1::2], pattern[2::2], strict=True))
    rests = [part for key, part in parts if key is REST]
    if len(rests) > 1 or (rests and parts[-1][0] is not REST):
        raise Undetermined("$ in another place")
    left = dict(value.pairs)
    for key, part in parts[: len(parts) - len(rests)]:
        if isinstance(key, (Atom, list)):
            raise Undetermined("free keys in a dictionary pattern")
        found = key_of(value, key)
        if found not in left or not match(interpreter, part, left.pop(found), frame):
            return False
    if rests:
        return match(interpreter, rests[0], Dictionary(value.keys, value.tree, left), frame)
    return not left
