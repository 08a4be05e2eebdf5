"""`class@` (advanced 5, dialect "Patterns, classes, spaces, threads"): instances, forms run inside them, the
parent's methods. How a class is declared is in definitions.py, what a name means inside in scope.py.
"""

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.registry import form
from tests.oracle.scope import ClassScope, Frame, InstanceScope, ParentScope, expected_class
from tests.oracle.values import NIL, Atom, ClassType, Instance

MISMATCH = "Error: mismatch between class instance and class definition"


def use(interpreter, value, arguments, scope, named=None):
    """`(Class a ...)` makes an instance, `(obj e ...)` runs forms inside one."""
    if isinstance(value, ClassType):
        return create(interpreter, value, arguments, scope)
    if not arguments:
        raise Undetermined("a call of an instance without forms")
    first = arguments[0]
    of = expected_class(scope) if named is not None else None
    if isinstance(first, Atom) and isinstance(interpreter.globals.names.get(first.name), ClassType):
        of, arguments = interpreter.globals.names[first.name], arguments[1:]
        if not arguments:
            raise Undetermined("a call of an instance with its class alone")
    if of is not None and value.of is not of:
        raise OracleError("class", MISMATCH)
    return interpreter.body(arguments, InstanceScope(scope, value))


def create(interpreter, of: ClassType, arguments, scope):
    """Positional arguments fill the fields in order; `(setqi f v)` and `(? f v)` fill them by name.

    What a method that makes a value has set stays. Then come the `setqi` of the class, a parent's first.
    """
    refuse_changed_parents(of)
    instance = Instance(of, {})
    names = [field.name for field in of.fields]
    named = fill(interpreter, instance, names, arguments, InstanceScope(scope, instance))
    for field in of.fields:
        if field.name in named:
            instance.fields[field.name] = named[field.name]
        elif field.name in instance.fields:
            continue  # given, or set by a method that made a value
        elif field.optional:
            # Inside the instance: it sees fields and globals, as in a method.
            first = interpreter.eval(field.default, Frame(interpreter.globals, None, instance))
            instance.fields[field.name] = first
        else:
            raise OracleError("class", "Error: Missing arguments")
    found = dict(instance.fields)
    instance.fields.clear()
    instance.fields.update({name: found.pop(name) for name in names}, **found)
    make_fields(interpreter, of, instance, names)
    # Which comes first is not said: what a class makes, or what a method has added before.
    instance.mixed = of.all_names() != set(names) and not set(instance.fields) <= of.all_names()
    instance.making = False
    return instance


def fill(interpreter, instance: Instance, names, arguments, inner) -> dict:
    """Put the positional arguments into the fields; the named ones."""
    count, named = 0, {}
    for argument in arguments:
        head = argument[0] if isinstance(argument, list) and argument else None
        if head is Atom("setq"):
            raise OracleError("class", "Error: Uses 'setqi' instead of 'setq' in a class instantiation")
        if head in (Atom("setqi"), Atom("?")):
            value = interpreter.eval(argument[2], inner)
            named[argument[1].name] = NIL if value is Atom("") else value
        elif named:
            raise Undetermined("a positional argument after a named one")
        else:
            value = interpreter.eval(argument, inner)
            count += 1
            if count <= len(names):
                instance.fields[names[count - 1]] = NIL if value is Atom("") else value
    if set(named) - set(names):
        raise Undetermined("a named argument that is no field")
    if count > len(names):
        raise OracleError("class", "Error: argument list mismatch with the parameter list")
    if set(named) & set(names[:count]):
        raise Undetermined("a field given twice")
    return named


def refuse_changed_parents(of: ClassType) -> None:
    """Stop where a parent was declared again with other fields: what becomes of its heirs is not said."""
    while of.parent is not None:
        if [field.name for field in of.parent.fields] != of.built_on:
            raise Undetermined("an heir of a class that was declared again with other fields")
        of = of.parent


def make_fields(interpreter, of: ClassType, instance: Instance, given) -> None:
    """The `(setqi field value)` of a class, but a parent's for a field that an heir declares."""
    if of.parent is not None:
        make_fields(interpreter, of.parent, instance, given)
    mine = {field.name for field in of.fields}
    for name, value in of.made:
        if name in given and name not in mine:
            continue
        if name in mine and name not in given:
            raise Undetermined("a setqi of a parent's field that an heir makes")
        instance.fields[name] = interpreter.eval(value, Frame(interpreter.globals, None, instance))


@form("this", most=0)
def this(interpreter, arguments, scope, tail):
    return scope.current_instance() or NIL


@form("from@", least=1)
def from_(interpreter, arguments, scope, tail):
    """The forms with the parent's methods on the same instance."""
    instance = scope.current_instance()
    if instance is None:
        raise OracleError("class", "Error: cannot execute this method out of an instance")
    parent = interpreter.globals.names.get(arguments[0].name)
    if not isinstance(parent, ClassType) or not is_above(parent, instance.of):
        raise Undetermined("from@ of something that is no parent")
    if len(arguments) == 1:
        raise Undetermined("from@ without forms")
    return interpreter.body(arguments[1:], ParentScope(scope, parent))


def is_above(parent: ClassType, of: ClassType) -> bool:
    """Whether a class is a parent of another, or a parent's parent."""
    return of.parent is not None and (of.parent is parent or is_above(parent, of.parent))


@form("withclass", least=1)
def withclass(interpreter, arguments, scope, tail):
    """The forms, in which a variable that is called as an instance must be one of the class."""
    of = interpreter.globals.names.get(arguments[0].name)
    if not isinstance(of, ClassType):
        raise Undetermined("withclass of something that is no class")
    return interpreter.body(arguments[1:], ClassScope(scope, of))
