"""`defpat` (advanced 1): clauses chosen by matching the arguments, keyed clauses before fallback clauses.

A mark after a variable takes the elements up to the next part of the pattern, which is a literal here; after
a guard it takes those that the guard lets through.
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
        return match_set(interpreter, pattern, value, frame)
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
    alike = type(pattern) is type(value) or (isinstance(pattern, str) and isinstance(value, str))
    return alike and same_element(pattern, value)


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


MARKS = ("*", "+", "%")


def is_marked(pattern) -> bool:
    """Whether a mark stands in a list pattern, at the end of a name or after a list."""
    return any(isinstance(p, Atom) and p.name[-1] in MARKS for p in pattern)


def match_marked(interpreter, pattern, items, frame) -> bool:
    """The parts of a list pattern with marks, from left to right, without a way back."""
    parts, items = list(pattern), list(items)
    while parts:
        part = parts.pop(0)
        mark = parts[0].name if parts and isinstance(parts[0], Atom) and isinstance(part, list) else ""
        if mark in MARKS and mark:
            parts.pop(0)
            if not take_guarded(interpreter, part, mark, items, frame):
                return False
        elif isinstance(part, Atom) and part.name[-1] in MARKS and part.name not in MARKS:
            if not take_until(part.name, parts, items, frame):
                return False
        elif part is REST:
            return len(parts) == 1 and match(interpreter, parts[0], List(items), frame)
        elif part is NIL and not items:
            raise Undetermined("_ that stands for a missing element")
        elif not items or not match(interpreter, part, items.pop(0), frame):
            return False
    return not items


def take_guarded(interpreter, guard, mark, items, frame) -> bool:
    """`(guard)*`: the elements at the front that it lets through; `%` is at most one, or nil."""
    if not is_guard(interpreter, guard):
        raise OracleError("match", "Error: The Kleene operators (*+%) can only apply to a function call")
    name, taken = guard_target(interpreter, guard).name, []
    if name in frame.names:
        raise Undetermined("a mark on a variable that is bound")
    while items and not (mark == "%" and taken) and match_guard(interpreter, guard, items[0], frame):
        taken.append(items.pop(0))
        del frame.names[name]
    frame.names[name] = List(taken) if mark != "%" else taken[0] if taken else NIL
    return bool(taken) or mark != "+"


def take_until(name, parts, items, frame) -> bool:
    """`a*`: the elements before the next literal of the pattern, all of them at its end."""
    name, mark = name[:-1], name[-1]
    if name in frame.names or (parts and (parts[0] is NIL or not is_literal(parts[0]))):
        raise Undetermined("a mark before a variable, or on one that is bound")
    if mark == "%" and not parts:
        raise Undetermined("an optional element at the end")
    if mark == "+" and items and parts and equals_literal(parts[0], items[0]):
        raise Undetermined("a literal where at least one element has to come before it")
    taken = []
    while items and not (parts and equals_literal(parts[0], items[0])) and not (mark == "%" and taken):
        taken.append(items.pop(0))
    if isinstance(parts and parts[0], Atom):
        raise Undetermined("a mark before a variable")
    frame.names[name] = List(taken) if mark != "%" else taken[0] if taken else NIL
    return bool(taken) or mark != "+"


def is_literal(part) -> bool:
    return isinstance(part, (int, float, str)) or (isinstance(part, list) and part[:1] == [QUOTE])


def equals_literal(part, value) -> bool:
    if isinstance(part, list):
        return value is part[1] if isinstance(part[1], Atom) else match(None, part, value, None)
    return match_literal(part, value)


def parts_of_set(pattern):
    """The names or literals of a set pattern, and what stands after `$`."""
    parts, rest = pattern[1:], None
    if REST in parts:
        if parts.index(REST) != len(parts) - 2:
            raise Undetermined("$ in another place")
        parts, rest = parts[:-2], parts[-1]
    kinds = {isinstance(part, Atom) for part in parts}
    if len(kinds) > 1 or not all(isinstance(part, Atom) or is_literal(part) for part in parts):
        raise Undetermined("names and literals in one set pattern")
    return parts, rest


def match_set(interpreter, pattern, value, frame) -> bool:
    """`(seti 1 a $ r)`: literals belong to the set, names take its elements in order, `r` is what is left."""
    names = {"s": "sets", "i": "seti", "n": "setn", "o": "set"}
    if not isinstance(value, SetValue):
        return False
    if names[value.keys] != pattern[0].name:
        if pattern[0].name == "set":
            raise Undetermined("whether a pattern of a set takes other kinds of sets")
        return False
    parts, rest = parts_of_set(pattern)
    left = list(value.items())
    for part in parts:
        at = 0
        if not isinstance(part, Atom):
            at = next((i for i, item in enumerate(left) if equals_literal(part, item)), len(left))
        if at >= len(left):
            return False
        if isinstance(part, Atom) and part.name in frame.names:
            raise Undetermined("a name twice in a set pattern")
        if not match(interpreter, part, left.pop(at), frame):
            return False
    if rest is None:
        return True
    kept = {key: item for key, item in value.elements.items() if any(item is other for other in left)}
    return match(interpreter, rest, SetValue(value.keys, kept), frame)


def match_list(interpreter, pattern, value, frame) -> bool:
    """`(p1 ... pn)` and `(p1 ... pn $ r)` on lists of every kind."""
    if not isinstance(value, List):
        return False
    items = value.items
    if is_marked(pattern):
        if value.kind == "data":
            raise Undetermined("marks on a record")
        return match_marked(interpreter, pattern, items, frame)
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
        if isinstance(key, Atom) and key is not TRUE:
            found = free_key(interpreter, key, part, left, value, frame)
            if found is None:
                return False
            del left[found]
            continue
        if isinstance(key, (Atom, list)):
            raise Undetermined("a key of a dictionary pattern that is no literal")
        found = key_of(value, key)
        if found not in left or not match(interpreter, part, left.pop(found), frame):
            return False
    if rests:
        return match(interpreter, rests[0], Dictionary(value.keys, value.tree, left), frame)
    return not left


def free_key(interpreter, key, part, left, value, frame):
    """A variable as a key: the first key not yet used whose value matches."""
    if key.name in frame.names or isinstance(part, list) or value.tree:
        raise Undetermined("a free key that is bound, or a pattern of its value")
    for found, item in left.items():
        before = dict(frame.names)
        if match(interpreter, part, item, frame) and (key is NIL or match(interpreter, key, found, frame)):
            return found
        frame.names.clear()
        frame.names.update(before)
    return None
