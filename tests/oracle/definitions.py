"""Definitions: made when a text is read, wherever they stand (core 2.1, advanced 0.1, dialect "Evaluation").

Of several `defun`s of one name in a text the first is made before the text runs, the others where they stand;
every clause of a `defpat`, every record and every class is made before. This module never runs other forms.
"""

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.names import ELSEWHERE, FAMILY
from tests.oracle.registry import FORMS, form, is_known
from tests.oracle.scope import UNDEFINED
from tests.oracle.threads import ThreadFunction
from tests.oracle.values import (
    NIL,
    Atom,
    ClassType,
    Clause,
    Dictionary,
    Function,
    Instance,
    List,
    Parameter,
    PatternFunction,
    Record,
    RecordType,
    SetValue,
    TypedList,
    type_name,
)

QUOTE, FROM = Atom("quote"), Atom("from@")
# Whose first argument may be a call of a function that lacks an argument.
MAPPERS = tuple(Atom(name) for name in FAMILY - {"sort", "//", "\\\\", "-//"})
BY_PATTERN = ("defpat", "defpred", "defprol")
BRINGERS = (Atom("eval"), Atom("load"), Atom("loadcode"))


def as_value(form_):
    """Quoted program text as a value: Python lists become fresh lists."""
    if isinstance(form_, list):
        return List(map(as_value, form_))
    return form_


def as_form(value):
    """A value that is run as code: plain lists become forms."""
    if isinstance(value, List) and value.kind in ("list", "data"):
        return [as_form(item) for item in value.items]
    if isinstance(value, (TypedList, Dictionary, SetValue, Function, Instance)):
        return [QUOTE, value]
    return value


def make_all(interpreter, forms) -> None:
    """Make the definitions found anywhere in the forms of one text, in the order written."""
    seen: dict[str, str] = {}
    late = brings(forms)
    for found in found_in(forms):
        kind, name = found[0].name, found[1]
        name = name.name if isinstance(name, Atom) else str(name)
        if seen.get(name, kind) != kind:
            raise Undetermined("two kinds of definition of one name")
        if kind == "defun" and name in seen:
            continue
        if kind == "defspace":
            name = f"space {name}"
        if kind == "class@" and name in seen:
            raise Undetermined("two classes of one name in a text")
        if late and kind == "class@" and not has_known_parent(interpreter, found):
            continue  # what the text evaluates before this form may bring the parent
        make(interpreter, found)
        seen[name] = kind
        interpreter.made[id(found)] = found
    for call in calls_in(forms):
        check_call(interpreter, call)


def found_in(forms):
    """The definitions in a list of forms, outermost first; nothing is searched inside quotes."""
    for one in forms:
        if not isinstance(one, list) or not one or one[0] is QUOTE:
            continue
        if isinstance(one[0], Atom) and one[0] in DEFINERS and len(one) > 1:
            yield one
        if one[0] not in (Atom("class@"), Atom("defspace")):
            yield from found_in(one)


def brings(forms) -> bool:
    """Whether running the forms may bring further definitions."""
    return any(
        one in BRINGERS or (isinstance(one, list) and one[:1] != [QUOTE] and brings(one)) for one in forms
    )


def methods_in(forms) -> set[str]:
    """The names of the methods of all classes in the forms."""
    return {
        part[1].name
        for one in found_in(forms)
        if one[0] is Atom("class@")
        for part in one[2:]
        if isinstance(part, list)
        and part[:1] == [Atom("defun")]
        and len(part) > 2
        and isinstance(part[1], Atom)
    }


def has_known_parent(interpreter, definition) -> bool:
    """Whether the class that a class names as its parent, if any, is there."""
    parents = [
        part[1].name
        for part in definition[2:]
        if isinstance(part, list) and part[:1] == [FROM] and len(part) > 1
    ]
    return all(isinstance(interpreter.globals.names.get(name), ClassType) for name in parents)


def calls_in(forms):
    for one in forms:
        if isinstance(one, list) and one and one[0] is not QUOTE:
            if isinstance(one[0], Atom):
                yield one
            given = one[1] if one[0] in MAPPERS and len(one) > 1 else None
            if isinstance(given, list) and given[:1] != [QUOTE]:
                yield from calls_in(given)  # itself it may be a partial call
                one = one[2:]
            yield from calls_in(one)


def check_call(interpreter, call) -> None:
    """Note a call of a known function with a wrong number of arguments: when it is refused is not fixed."""
    known = interpreter.globals.names.get(call[0].name)
    if call[0].name in interpreter.methods:
        return  # it may be meant for a method
    if not isinstance(known, Function):
        return
    count, parameters = len(call) - 1, known.parameters
    if any(isinstance(a, list) and a and a[0] is Atom("?") for a in call[1:]):
        return
    least = known.least()
    if count < least or (count > len(parameters) and not any(p.rest for p in parameters)):
        interpreter.suspects.append(call[0].name)


def make(interpreter, definition) -> None:
    """Make one definition."""
    kind = definition[0].name
    names = interpreter.globals.names
    if kind == "defmacro":
        return  # the expander made it
    if kind == "data@":
        declare_records(interpreter, definition[1:])
        return
    if kind == "defspace":
        fill_space(interpreter, definition)
        return
    name = definition[1].name
    if name in ("last", "unique", "product") or name in ELSEWHERE:
        raise Undetermined(f"a definition of {name}")  # a program may have its own (dialect)
    if is_known(name):
        raise OracleError("compile", f"Error: '{name}' is a reserved keyword.")
    if kind == "defun":
        names[name] = interpreter.function_of(definition, definition[2], definition[3:], name)
    elif kind == "dethread":
        made = interpreter.function_of(definition, definition[2], definition[3:], name)
        names[name] = ThreadFunction(**vars(made))
    elif kind == "class@":
        declare_class(interpreter, definition)
    elif kind in BY_PATTERN:
        clause = Clause(definition[2], definition[3:])
        found = names.get(name)
        if not isinstance(found, PatternFunction) or found.kind != kind:
            found = names[name] = PatternFunction(name, kind)
        if kind == "defpat" and any(repr(old.patterns) == repr(clause.patterns) for old in found.clauses):
            raise Undetermined("two clauses with one pattern")
        found.clauses.append(clause)


def fill_space(interpreter, definition) -> None:
    """`(defspace name function ...)`; a second one adds to it."""
    name, functions = definition[1].name, definition[2:]
    made = interpreter.spaces.setdefault(name, {})
    interpreter.space = name
    try:
        for one in functions:
            if not isinstance(one, list) or one[:1] != [Atom("defun")] or is_known(one[1].name):
                raise Undetermined("something else than functions in a space")
            if one[1].name in made or list(found_in(one[3:])):
                raise Undetermined("a function of a space given again, or one that defines")
            made[one[1].name] = interpreter.function_of(one, one[2], one[3:], one[1].name)
    finally:
        interpreter.space = None


def declare_records(interpreter, descriptions) -> None:
    """`(data@ Group? (D slot ...) ...)`."""
    group = None
    if isinstance(descriptions[0], Atom):
        group, descriptions = descriptions[0].name, descriptions[1:]
    for description in descriptions:
        if not isinstance(description, list) or not description:
            raise OracleError("compile", "Error: A data structure can only contain non empty lists")
        name = description[0].name
        if name in interpreter.records:
            raise Undetermined("a record declared again")
        interpreter.records[name] = RecordType(name, description[1:], group)


def build_record(interpreter, record, values):
    """`(D a ...)`: the count and the types are checked."""
    if len(values) != len(record.slots):
        raise OracleError("data", "Error: Size mismatch between argument list and data structure definition")
    for at, (slot, value) in enumerate(zip(record.slots, values, strict=True), 1):
        if not fits(interpreter, slot, value):
            raise OracleError("data", f"Error: Mismatch on argument: {at} ({slot!r} required)")
    return Record([Atom(record.name), *values])


def fits(interpreter, slot, value) -> bool:
    """Whether a value fits the description of a slot."""
    if slot is NIL:
        return True
    if isinstance(slot, list):
        return (
            isinstance(value, Record)
            and value.items[0] is slot[0]
            and len(value.items) == len(slot)
            and all(fits(interpreter, s, v) for s, v in zip(slot[1:], value.items[1:], strict=True))
        )
    if slot.name.endswith("_"):
        return type_name(value) == slot.name
    if isinstance(value, Record):
        record = interpreter.records[value.items[0].name]
        return slot.name in (record.name, record.group)
    return False


def declare_class(interpreter, definition) -> None:
    """`(class@ Name (field ...) (from@ Parent) method ...)`."""
    name, rest = definition[1].name, definition[2:]
    known = interpreter.globals.names.get(name)
    if known is None:
        known = ClassType(name, [], {})
    elif not isinstance(known, ClassType):
        raise Undetermined("a class of the name of a variable")
    fields, parent, methods, made = class_parts(interpreter, rest)
    given = {f.name for f in fields}
    for name_, form_ in made:
        if name_ in given and not speaks_of(form_, Atom(name_)):
            raise OracleError("compile", f"Error: setqi: the field '{name_}' is given")
    built_on = []
    if parent is not None:
        built_on = [f.name for f in parent.fields]
        fields = fields + [f for f in parent.fields if f.name not in {name_ for name_, _ in made} - given]
    if len({f.name for f in fields}) < len(fields):
        raise Undetermined("a field of the class and of its parent")
    # Declared again: its instances are the new one's (dialect).
    known.fields, known.methods, known.parent = fields, methods, parent
    known.made, known.built_on = made, built_on
    interpreter.globals.names[name] = known


def class_parts(interpreter, rest):
    """The fields, the parent, the methods and the `setqi` of a class."""
    fields, parent, methods, made = [], None, {}, []
    for at, part in enumerate(rest):
        head = part[0] if isinstance(part, list) and part else None
        if head is Atom("from@"):
            parent = interpreter.globals.names.get(part[1].name)
            if not isinstance(parent, ClassType):
                raise OracleError("compile", "Error: Unknown class")
        elif head is Atom("defun"):
            if part[1].name in FORMS:
                raise OracleError("compile", f"Error: '{part[1].name}' is a reserved keyword.")
            methods[part[1].name] = interpreter.function_of(part, part[2], part[3:], part[1].name)
        elif head is Atom("setqi"):
            made.append((part[1].name, part[2]))
        elif at == 0:
            fields = [field(p) for p in part]
        else:
            raise Undetermined("a part of a class that is no method")
    return fields, parent, methods, made


def speaks_of(form_, atom) -> bool:
    """Whether a form names an atom outside of quotes."""
    if isinstance(form_, list):
        return form_[:1] != [QUOTE] and any(speaks_of(part, atom) for part in form_)
    return form_ is atom


def field(part) -> Parameter:
    """`f`, `(f)` or `(f default)`."""
    if isinstance(part, Atom):
        return Parameter(part.name)
    return Parameter(part[0].name, True, part[1] if len(part) > 1 else NIL)


def define(interpreter, arguments, scope, tail, kind):
    """A definition met while running: nothing, unless it is the second of its name or comes from `eval`."""
    for one in interpreter.made.values():
        if len(one) == len(arguments) + 1 and all(a is b for a, b in zip(one[1:], arguments, strict=True)):
            return UNDEFINED
    make(interpreter, [Atom(kind), *arguments])
    return UNDEFINED


def _definer(kind, least):
    form(kind, least=least)(lambda i, arguments, scope, tail: define(i, arguments, scope, tail, kind))


LEAST = {
    "defspace": 2,
    "defun": 3,
    "dethread": 3,
    "defmacro": 3,
    "data@": 1,
    "class@": 2,
    **dict.fromkeys(BY_PATTERN, 3),
}
for _kind, _least in LEAST.items():
    _definer(_kind, _least)
DEFINERS = {Atom(kind) for kind in LEAST}
assert set(FORMS) >= {atom.name for atom in DEFINERS}
