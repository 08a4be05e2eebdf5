"""`class@` (advanced 5): instances, forms run inside them, fields, the parent's methods."""

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.registry import form
from tests.oracle.scope import InstanceScope
from tests.oracle.values import NIL, Atom, ClassType, Instance


def use(interpreter, value, arguments, scope):
    """`(Class a ...)` makes an instance, `(obj e ...)` runs forms inside one."""
    if isinstance(value, ClassType):
        return create(interpreter, value, arguments, scope)
    if not arguments:
        raise Undetermined("a call of an instance without forms")
    first = arguments[0]
    if isinstance(first, Atom) and isinstance(interpreter.globals.names.get(first.name), ClassType):
        if value.of is not interpreter.globals.names[first.name]:
            raise OracleError("class", "Error: mismatch between class instance and class definition")
        arguments = arguments[1:]
    return interpreter.body(arguments, InstanceScope(scope, value))


def create(interpreter, of: ClassType, arguments, scope):
    """Positional arguments fill the fields in order; `(setqi f v)` and `(? f v)` fill them by name."""
    instance = Instance(of, {})
    inner = InstanceScope(scope, instance)
    values, named = [], {}
    for argument in arguments:
        head = argument[0] if isinstance(argument, list) and argument else None
        if head is Atom("setq"):
            raise OracleError("class", "Error: Uses 'setqi' instead of 'setq' in a class instantiation")
        if head in (Atom("setqi"), Atom("?")):
            named[argument[1].name] = interpreter.eval(argument[2], inner)
        elif named:
            raise Undetermined("a positional argument after a named one")
        else:
            values.append(interpreter.eval(argument, inner))
            if len(values) <= len(of.fields):
                instance.fields[of.fields[len(values) - 1].name] = values[-1]
    if len(values) > len(of.fields) or set(named) - {field.name for field in of.fields}:
        raise OracleError("class", "Error: argument list mismatch with the parameter list")
    for at, field in enumerate(of.fields):
        if field.name in named and at < len(values):
            raise Undetermined("a field given twice")
        if field.name in named:
            instance.fields[field.name] = named[field.name]
        elif field.name in instance.fields:
            continue  # given, or set by a method that made a value
        elif field.optional:
            initial = InstanceScope(scope, instance, initial=True)
            instance.fields[field.name] = interpreter.eval(field.default, initial)
        else:
            raise OracleError("class", "Error: Missing arguments")
    found, order = dict(instance.fields), [field.name for field in of.fields]
    instance.fields.clear()
    instance.fields.update({name: found.pop(name) for name in order}, **found)
    return instance


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
    if not isinstance(parent, ClassType):
        raise Undetermined("from@ of something that is no class")
    for one in arguments[1:-1]:
        inside(interpreter, one, parent, instance, scope)
    return inside(interpreter, arguments[-1], parent, instance, scope) if len(arguments) > 1 else NIL


def inside(interpreter, one, parent, instance, scope):
    head = one[0] if isinstance(one, list) and one else None
    method = parent.method(head.name) if isinstance(head, Atom) else None
    if method is None:
        raise Undetermined("from@ of something that is no method of the parent")
    return interpreter.call(method, *interpreter.arguments(one[1:], scope), instance=instance)
