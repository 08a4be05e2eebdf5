"""Assignments, `let`, lambdas, in-place operators (core 2.4, 2.5, 3.5)."""

from tests.oracle import arithmetic, places
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.printer import to_text
from tests.oracle.registry import form
from tests.oracle.scope import Block, assign, assign_in_place, read
from tests.oracle.values import TRUE, Array, Atom, List, PatternFunction


def store(interpreter, target, value, scope):
    """`(setq v e)` and `(setq (a b) list)`."""
    if isinstance(target, Atom):
        assign(scope, target.name, value)
        return
    if not isinstance(value, List):
        raise Undetermined("several variables from something that is no list")
    if len(value.items) != len(target):
        raise OracleError("setq", "Error: a list of variable should have the same size as its value.")
    for atom, one in zip(target, value.items, strict=True):
        assign(scope, atom.name, one)


@form("setq", least=2, most=2)
def setq(interpreter, arguments, scope, tail):
    store(interpreter, arguments[0], interpreter.eval(arguments[1], scope), scope)
    return TRUE


@form("setqv", least=2, most=2)
def setqv(interpreter, arguments, scope, tail):
    value = interpreter.eval(arguments[1], scope)
    store(interpreter, arguments[0], value, scope)
    return value


@form("setg", least=2, most=2)
def setg(interpreter, arguments, scope, tail):
    store(interpreter, arguments[0], interpreter.eval(arguments[1], scope), scope.globals)
    return TRUE


@form("setqi", least=2, most=2)
def setqi(interpreter, arguments, scope, tail):
    instance = scope.current_instance()
    if instance is None:
        raise Undetermined("setqi outside an instance")
    value = interpreter.eval(arguments[1], scope)
    instance.fields[arguments[0].name] = value
    return value


@form("setconst", least=2, most=2)
def setconst(interpreter, arguments, scope, tail):
    raise Undetermined("setconst")


@form("let", least=2)
def let(interpreter, arguments, scope, tail):
    """The variables are bound in order, each seeing the ones before."""
    inner = scope
    for atom, value_form in arguments[0]:
        value = interpreter.eval(value_form, inner)
        inner = Block(inner)
        inner.names[atom.name] = value
    return interpreter.body(arguments[1:], inner)


@form("λ", least=2)
def lambda_(interpreter, arguments, scope, tail):
    return interpreter.function_of([Atom("λ"), *arguments], arguments[0], arguments[1:], "lambda", scope)


def refusing_strings(values):
    """A missing key counts as 0, or as "" "in a container of strings": which ones is not said."""
    for value in values:
        if isinstance(value, str):
            raise Undetermined("a missing key and a string")
        yield value


def found_at(container, keys, operands):
    """What a place holds. Whether the operands are evaluated when it cannot be read is not said."""
    try:
        return places.value_or_zero(container, keys)
    except OracleError as error:
        error.partly = any(isinstance(form, list) for form in operands)
        raise


def is_parameter(scope, name) -> bool:
    """Whether a name is that of a parameter of the function around, hidden by no `let` and no lambda."""
    frame = scope.frame
    if scope.find(name) is not frame.names or frame.function is None:
        return False
    if isinstance(frame.function, PatternFunction):
        raise Undetermined("in-place change of what a pattern took out of a list")
    return any(parameter.name == name for parameter in frame.function.parameters)


def in_the_list(old, value):
    """The new elements in the list itself, which others hold, too; else a list of the new ones (dialect)."""
    if isinstance(old, Array):
        raise Undetermined("a matrix that is changed")
    same = isinstance(old, List) and isinstance(value, List) and old.kind == value.kind
    if not same or len(old.items) != len(value.items):
        return value
    for index, element in enumerate(list(value.items)):
        old.put(index, element)
    return old


def _in_place(name):
    """`(+= v e ...)` and `(+= (@ c k ...) e ...)`: the same as `(+ v e ...)` and a store."""

    @form(name + "=", least=2)
    def run(interpreter, arguments, scope, tail):
        target = arguments[0]
        place = None
        if isinstance(target, Atom):
            old = read(scope, target.name)
            if old is None:
                error = OracleError("unbound", f"Error: Unbound atom: '{target.name}'")
                error.partly = any(isinstance(form, list) for form in arguments[1:])
                raise error
        else:
            container, *keys = [interpreter.eval(one, scope) for one in target[1:]]
            place = (container, keys)
            old = found_at(container, keys, arguments[1:])
        values = (interpreter.eval(one, scope) for one in arguments[1:])
        if place is not None and places.is_missing(*place):
            values = refusing_strings(values)
        value = arithmetic.combine(name, old, values)
        if place is None:
            if is_parameter(scope, target.name):
                value = in_the_list(old, value)
            assign_in_place(scope, target.name, value)
        else:
            places.store(*place, value)
        return value


for _name in ("+", "-", "*", "/", "%", "^^", "<<", ">>", "&", "|", "^", "&~"):
    _in_place(_name)


def _print(name, between, end):
    @form(name)
    def run(interpreter, arguments, scope, tail):
        texts = [to_text(interpreter.eval(one, scope)) for one in arguments]
        interpreter.output.append(between.join(texts) + end)
        return Atom("")


_print("print", "", "")
_print("println", " ", "\n")
