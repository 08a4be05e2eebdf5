"""The functional family (advanced 8): the composing functions and the list functions, each played naively.

The element goes first in a partial call of the composing family and last (or at `_`) in the list family.
"""

from itertools import accumulate, islice

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.registry import ARITHMETIC, COMPARATORS, FORMS, FUNCTIONS, form
from tests.oracle.scope import Block
from tests.oracle.scope import read as read_variable
from tests.oracle.values import (
    NIL,
    TRUE,
    Atom,
    Builtin,
    Dictionary,
    Function,
    Lazy,
    List,
    Partial,
    SetValue,
    TypedList,
    is_true,
)


def operator_name(value):
    """The name of an operator given as `'+`, `+` or a function's name; None for anything else."""
    if isinstance(value, Builtin):
        return value.name
    return value.name if isinstance(value, Atom) and value.name in FUNCTIONS else None


def is_lambda_list(value):
    return isinstance(value, List) and value.items and value.items[0] is Atom("λ")


def is_partial(value):
    return isinstance(value, Partial) or (isinstance(value, List) and not is_lambda_list(value))


def forms_of(partial):
    """The forms of a partial call. Whether names in a quoted one are evaluated is not fixed."""
    if isinstance(partial, Partial):
        return partial.items
    words = [item for item in partial.items if isinstance(item, Atom) and item not in (NIL, TRUE)]
    if len(words) > 1 or any(isinstance(item, List) for item in partial.items):
        raise Undetermined("a name in a quoted partial call")
    return partial.items


@form("%partial")
def partial(interpreter, arguments, scope, tail):
    return Partial(arguments)


def called(interpreter, function, scope):
    """A one-argument call of a function value."""
    function = interpreter.as_function(function, scope)
    return lambda *values: interpreter.call(function, list(values))


def composing(interpreter, given, scope, operators):
    """What a function argument of map, filter, takewhile, dropwhile does to one element (8.3)."""
    name = operator_name(given)
    if isinstance(given, Partial) and given.short:
        raise Undetermined("a call of a function in the composing family")
    if is_partial(given):
        return composing_partial(interpreter, forms_of(given), scope, operators)
    if name in ARITHMETIC and operators is ARITHMETIC:
        return lambda x: interpreter.call_library(FUNCTIONS[name], iter([x, x]), 2)
    if name in ARITHMETIC | COMPARATORS:
        raise Undetermined("a bare operator in this place")
    return called(interpreter, given, scope)


def composing_partial(interpreter, items, scope, operators):
    if len(items) != 2:
        raise Undetermined("a partial call that has not two elements")
    first, second = items
    if isinstance(first, Atom) and first.name in operators:
        value = interpreter.eval(second, scope)
        return lambda x: interpreter.call_library(FUNCTIONS[first.name], iter([x, value]), 2)
    if isinstance(second, Atom) and second.name in operators:
        value = interpreter.eval(first, scope)
        return lambda x: interpreter.call_library(FUNCTIONS[second.name], iter([value, x]), 2)
    if any(isinstance(i, Atom) and i.name in ARITHMETIC | COMPARATORS for i in items):
        raise Undetermined("an operator in the place of a comparator, or the other way round")
    if any(isinstance(i, Atom) and i not in (NIL, TRUE) for i in items):
        raise Undetermined("a partial call of a variable")
    raise OracleError("partial", "Error: missing operator")


def listing(interpreter, given, scope):
    """What a function argument of maplist and its kin does to one element (8.5)."""
    if is_partial(given):
        if not given.items:
            raise OracleError("partial", "Error: empty list not accepted here")
        return listing_partial(interpreter, forms_of(given), scope)
    if operator_name(given) in ARITHMETIC | COMPARATORS:
        raise Undetermined("a bare operator in this place")
    return called(interpreter, given, scope)


def listing_partial(interpreter, items, scope):
    head = items[0]
    if not isinstance(head, Atom) or head.name in FORMS:
        raise Undetermined("a partial call of this kind")
    slots = [at for at, item in enumerate(items) if item is NIL]
    if len(slots) > 1:
        raise Undetermined("a partial call with several slots")
    function = interpreter.as_function(head, scope)
    fixed = [None if item is NIL else interpreter.eval(item, scope) for item in items[1:]]

    def run(x):
        values = list(fixed)
        if slots:
            values[slots[0] - 1] = x
        else:
            values.append(x)
        return interpreter.call(function, values)

    return run


def walked(container, strings=False):
    """The elements of what the family goes through; changing it meanwhile is not fixed."""
    if isinstance(container, Lazy):
        return lazily(container)
    if isinstance(container, List):
        return unchanged(container)
    if strings and isinstance(container, str):
        return iter(container)
    raise Undetermined("the family over something that is no list")


def lazily(container):
    yield from container.make()


def unchanged(container):
    """The elements of a list that must stay as it is."""
    store, kept = container.store, list(container.items)
    for item in kept:
        yield item
        now = container.items
        same = len(now) == len(kept) and all(a is b for a, b in zip(now, kept, strict=True))
        if container.store is not store or not same:
            raise Undetermined("a list that changes while it is mapped")


def given_and_container(interpreter, arguments, scope):
    """The function argument and the container, evaluated in this order."""
    return function_given(interpreter, arguments[0], scope), interpreter.eval(arguments[1], scope)


def function_given(interpreter, written, scope):
    """The function argument; a call of a function that lacks one argument is a partial call (dialect)."""
    if isinstance(written, list) and written and isinstance(written[0], Atom):
        found = interpreter.method_or_variable(written[0].name, scope)
        if isinstance(found, Function) and len(written) == found.least():
            if any(isinstance(part, list) and part[:1] == [Atom("?")] for part in written):
                raise Undetermined("a partial call with a named argument")
            return Partial(written, short=True)
        if found is None and NIL in written[1:]:
            raise Undetermined("an unquoted call of the library with a slot")
    return interpreter.eval(written, scope)


def composed_given(interpreter, written, scope):
    """The function argument of the composing family, where an instruction may stand unquoted (dialect)."""
    named = isinstance(written, Atom) and written.name in FUNCTIONS
    if named and written.name not in ARITHMETIC | COMPARATORS and read_variable(scope, written.name) is None:
        return written
    return function_given(interpreter, written, scope)


def composed(name, operators, stage):
    """A composing function of a function and a list."""

    @form(name, "!" + name, least=2, most=2)
    def run(interpreter, arguments, scope, tail):
        given = composed_given(interpreter, arguments[0], scope)
        container = interpreter.eval(arguments[1], scope)
        step = composing(interpreter, given, scope, operators)
        if isinstance(container, Lazy) and name != "takewhile":
            return Lazy(lambda: stage(step, walked(container)), "", container.endless)
        return List(stage(step, walked(container)))


def _map(step, elements):
    return (step(x) for x in elements)


def _filter(step, elements):
    return (x for x in elements if is_true(step(x)))


def _takewhile(step, elements):
    for x in elements:
        if not is_true(step(x)):
            return
        yield x


def _dropwhile(step, elements):
    dropping = True
    for x in elements:
        dropping = dropping and is_true(step(x))
        if not dropping:
            yield x


composed("map", ARITHMETIC, _map)
composed("filter", COMPARATORS, _filter)
composed("takewhile", COMPARATORS, _takewhile)
composed("dropwhile", COMPARATORS, _dropwhile)


@form("take", "!take", least=2, most=2)
def take(interpreter, arguments, scope, tail):
    number, container = given_and_container(interpreter, arguments, scope)
    if type(number) is not int or number < 0:
        raise Undetermined("take of this number")
    return List(islice(walked(container), number))


@form("drop", "!drop", least=2, most=2)
def drop(interpreter, arguments, scope, tail):
    number, container = given_and_container(interpreter, arguments, scope)
    if type(number) is not int or number < 0 or isinstance(container, Lazy):
        raise Undetermined("drop of this number")
    return List(islice(walked(container), number, None))


@form("for", "!for", least=3, most=3)
def for_(interpreter, arguments, scope, tail):
    container = interpreter.eval(arguments[1], scope)
    if isinstance(container, Lazy):
        raise Undetermined("for over a lazy source")
    made = []
    for x in walked(container):
        inner = Block(scope)
        inner.names[arguments[0].name] = x
        made.append(interpreter.eval(arguments[2], inner))
    return List(made)


def two_arguments(interpreter, given, scope):
    """`'op`, `'f` or a lambda of an accumulator and an element."""
    if is_partial(given):
        raise Undetermined("a partial call in a fold")
    if operator_name(given) in COMPARATORS:
        raise Undetermined("a comparator in a fold")
    return called(interpreter, given, scope)


def folding(name, initial, right, scan):
    @form(name, "!" + name, least=3 if initial else 2, most=3 if initial else 2)
    def run(interpreter, arguments, scope, tail):
        given = composed_given(interpreter, arguments[0], scope)
        rest = [interpreter.eval(one, scope) for one in arguments[1:]]
        container = rest[-1]
        step = two_arguments(interpreter, given, scope)
        if isinstance(container, Lazy) and container.endless:
            if right or not scan:
                raise OracleError("endless", "Error: a fold of an endless source")
            return Lazy(
                lambda: accumulate(container.make(), step, initial=rest[0] if initial else None), "", True
            )
        items = list(walked(container))
        if right:
            items.reverse()
        if not initial and not items:
            raise Undetermined("a fold of nothing")
        value = rest[0] if initial else items.pop(0)
        values = [value]
        for x in items:
            value = step(x, value) if right else step(value, x)
            values.append(value)
        if not scan:
            return value
        return List(values[::-1] if right and name.startswith("scanr") else values)


for _name, _right, _scan in (("foldl", 0, 0), ("foldr", 1, 0), ("scanl", 0, 1), ("scanr", 1, 1)):
    folding(_name, True, _right, _scan)
    folding(_name + "1", False, _right, _scan)


def answers(results):
    """true and nil become 1 and 0 when all results are answers."""
    if results and all(r is TRUE or r is NIL for r in results):
        if TRUE not in results:
            raise Undetermined("whether nil is an answer here")
        return [1 if r is TRUE else 0 for r in results]
    return results


def typed(results):
    """A list typed when all results are of one kind (dialect, Containers)."""
    if not results:
        return List()
    if any(isinstance(r, TypedList) for r in results):
        raise Undetermined("rows that may become a matrix")
    if all(isinstance(r, str) for r in results):
        return TypedList("strings", results)
    if all(type(r) is int for r in results):
        return TypedList("integers", results) if all(abs(r) < 2**63 for r in results) else List(results)
    if all(isinstance(r, (int, float)) for r in results):
        return TypedList("numbers", map(float, results))
    return List(results)


def flag_of(interpreter, arguments, scope):
    """The third argument: nil forces a plain list."""
    if len(arguments) < 3:
        return False
    flag = interpreter.eval(arguments[2], scope)
    if flag is not NIL:
        raise Undetermined("a third argument that is not nil")
    return True


@form("maplist", least=2, most=3)
def maplist(interpreter, arguments, scope, tail):
    given, container = given_and_container(interpreter, arguments, scope)
    plain = flag_of(interpreter, arguments, scope)
    step = listing(interpreter, given, scope)
    results = answers([step(x) for x in finite(container)])
    return List(results) if plain else typed(results)


@form("mapcar", least=2, most=2)
def mapcar(interpreter, arguments, scope, tail):
    given, container = given_and_container(interpreter, arguments, scope)
    step = listing(interpreter, given, scope)
    return List(answers([step(x) for x in finite(container)]))


def finite(container):
    if isinstance(container, (Lazy, Dictionary, SetValue)):
        raise Undetermined("the list family over this container")
    return walked(container, strings=True)


def selecting(name, keep, plain):
    @form(name, least=2, most=2 if plain else 3)
    def run(interpreter, arguments, scope, tail):
        given, container = given_and_container(interpreter, arguments, scope)
        as_list = flag_of(interpreter, arguments, scope) or plain
        kept = list(keep(listing(interpreter, given, scope), finite(container)))
        if isinstance(container, str) and not as_list:
            return "".join(kept)
        return List(kept) if as_list or not isinstance(container, TypedList) else container.same_kind(kept)


def _dropuntil(step, elements):
    keeping = False
    for x in elements:
        keeping = keeping or is_true(step(x))
        if keeping:
            yield x


for _name, _keep in (("filter", _filter), ("take", _takewhile), ("drop", _dropuntil)):
    selecting(_name + "list", _keep, False)
    selecting(_name + "car", _keep, True)


@form("scanlist", least=2, most=2)
def scanlist(interpreter, arguments, scope, tail):
    given, container = given_and_container(interpreter, arguments, scope)
    step = listing(interpreter, given, scope)
    for x in finite(container):
        value = step(x)
        if value is TRUE:
            raise Undetermined("whether an answer of scanlist is 1 or true")
        if value is not NIL:
            return value
    return NIL


@form("zipwith", least=3)
def zipwith(interpreter, arguments, scope, tail):
    given = function_given(interpreter, arguments[0], scope)
    lists = [interpreter.eval(one, scope) for one in arguments[1:]]
    plain = lists[-1] is NIL
    lists = [list(finite(one)) for one in (lists[:-1] if plain else lists)]
    if len({len(one) for one in lists}) > 1:
        raise OracleError("size", "Error: 'zipwith' only accepts lists of same size as arguments")
    if is_partial(given):
        raise Undetermined("a partial call in zipwith")
    step = called(interpreter, given, scope)
    results = answers([step(*row) for row in zip(*lists, strict=True)])
    return List(results) if plain else typed(results)
