"""Element access and the hot functions on containers as plain Python.

Each first asks for the exact class that Python's own operation serves, and leaves every other value to
the library function of the same name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.emit.emitter import EFFECT, Destination, Emitter
from lispe_kernel.language.compiler.inlines import inline, question, syntax
from lispe_kernel.language.compiler.kinds import ELEMENTS, INTEGERS, LISTS, SIZED
from lispe_kernel.language.compiler.tree import Constant, Helper, Node, Primitive, Python
from lispe_kernel.language.compiler.variables import python_name
from lispe_kernel.language.forms import Form, is_table
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


def _is_list(e: Emitter, value: ast.expr, kind: str) -> ast.expr | None:
    """A test that a value is exactly our List; None when that is known."""
    return None if kind in LISTS else e.is_of(value, " List")


def _is_growing(e: Emitter, value: ast.expr, kind: str) -> ast.expr | None:
    """A test that a value is our List or a typed list with memory of its own; None when that is known."""
    return None if kind in LISTS else e.is_among(value, " List", " growing")


def _choose(e: Emitter, test: ast.expr | None, fast: ast.expr, slow: ast.expr) -> ast.expr:
    return fast if test is None else e.choose(test, fast, slow)


def _all(e: Emitter, *tests: ast.expr | None) -> ast.expr | None:
    """The tests that are needed, joined."""
    needed = [test for test in tests if test is not None]
    return e.boolean(ast.And(), needed) if needed else None


def _two_kinds(node: Primitive) -> tuple[str, str]:
    return node.arguments[0].kind, node.arguments[1].kind


# -- tables -------------------------------------------------------------------------------------------


@syntax("at")
def read_table(r: Resolver, form: Form) -> Node | None:
    """The guide's configuration table: a dictionary in the order written."""
    if not is_table(form):
        return None
    return written(
        r,
        [pair[1] for pair in form[1:]],
        [r.node(pair[2], span) for pair, span in zip(form[1:], form.spans[1:], strict=True)],
    )


def written(r: Resolver, keys: list[str], values: list[Node]) -> Node:
    """A dictionary written out, with literal keys."""
    pairs = [
        Python(r.place, "()", Constant(r.place, key), value) for key, value in zip(keys, values, strict=True)
    ]
    return Helper(r.place, " written", pairs, "dictionary", quiet=True)


@syntax("dictionary")
def read_dictionary(r: Resolver, form: Form) -> Node | None:
    """A dictionary written out; keys that are not written as text are for the library to convert."""
    keys = form[1::2]
    if len(form) % 2 == 0 or not all(isinstance(key, str) for key in keys):
        return None
    spans = form.spans[2::2]
    return written(r, keys, [r.node(v, s) for v, s in zip(form[2::2], spans, strict=True)])


# -- reading ------------------------------------------------------------------------------------------


def _served(e: Emitter, kinds: tuple[str, str], container: ast.expr, key: ast.expr) -> ast.expr | None:
    """A test that Python's subscript does here what LispE's `@` does; None when it surely does."""
    kind, key_kind = kinds
    if kind in LISTS:
        return None if key_kind in INTEGERS else e.is_of(key, " int")
    if kind == "dictionary":
        return None if key_kind == "text" else e.is_of(key, " str")
    if key_kind == "text":
        return e.is_of(container, " Dictionary")
    served = e.is_among(container, " List", " subscripted")
    if key_kind in INTEGERS:
        return served
    # Python indexes with integers only; a dictionary takes any key to its `__missing__`.
    return _all(e, served, e.is_among(key, " int", " keys"))


def _element_kind(kinds: list[str], _node: Primitive) -> str:
    return ELEMENTS.get(kinds[0], "") if len(kinds) == 2 else ""


@inline("at", kind=_element_kind, least=2, most=3)
def at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """An element by index or key, or an element of an element."""
    if len(node.arguments) == 3:
        return e.deliver(_inner_element(e, node), destination)
    field = _field_name(node.arguments[1])
    if field is not None and node.arguments[0].kind in ("", "instance"):
        return _field(e, node, field, destination)
    container, key = e.operands(node.arguments, twice=True)
    test = _served(e, _two_kinds(node), container, key)
    found = _choose(e, test, e.subscript(container, key), e.call(" at", container, key))
    return e.deliver(found, destination)


def _inner_element(e: Emitter, node: Primitive) -> ast.expr:
    """`(@ rows y x)`: of a list of containers."""
    container, outer, inner = e.operands(node.arguments, twice=True)
    kinds = [part.kind for part in node.arguments]
    name = e.function.temporary()
    row = e.noted(name, e.subscript(container, outer))
    served = _served(e, ("", kinds[2]), row, inner)
    element = _choose(e, served, e.subscript(e.name(name), inner), e.call(" at", e.name(name), inner))
    test = _integer_of_list(e, kinds[0], kinds[1], container, outer)
    return _choose(e, test, element, e.call(" cell", container, outer, inner))


def _integer_of_list(
    e: Emitter, kind: str, key_kind: str, container: ast.expr, key: ast.expr
) -> ast.expr | None:
    """A test for an integer key of a generic list."""
    return _all(e, _is_list(e, container, kind), None if key_kind in INTEGERS else e.is_of(key, " int"))


def _field_name(key: Node) -> str | None:
    """The field of an instance that a key written as an atom names, if it is an attribute of nothing else."""
    if type(key) is not Constant or type(key.value) is not Atom:
        return None
    name = key.value.name
    free = python_name(name) == name and not name.startswith(("_", " ", "lispe_"))
    return name if free else None


def _field(e: Emitter, node: Primitive, field: str, destination: Destination) -> ast.expr | None:
    """A field is the attribute of an instance; one that is not there, and any other container, are `at`'s."""
    container, key = e.operands(node.arguments, twice=True)
    inner, name = e.through(destination)
    of_library = e.call(" at", container, key)
    is_instance = e.call(" isinstance", container, e.name(" Instance"))
    with e.nested_block() as fast:
        e.deliver(e.choose(is_instance, e.attribute(container, field), of_library), inner)
    with e.nested_block() as slow:
        e.deliver(of_library, inner)
    e.try_(fast, e.name(" AttributeError"), None, slow)
    return e.result(name)


@inline("car", least=1, most=1)
def car(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The first element of a list that is not empty."""
    container = e.simple(e.value(node.arguments[0]))
    test = _all(e, _is_growing(e, container, node.arguments[0].kind), container)
    first = e.subscript(container, e.constant(0))
    return e.deliver(_choose(e, test, first, e.call(" car", container)), destination)


def _reach(least: int, index: int, *names: str) -> None:
    """Write functions that take one element of a list which has `least` elements."""

    @inline(*names, least=1, most=1)
    def element(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
        container = e.simple(e.value(node.arguments[0]))
        enough: ast.expr = container
        if least > 1:
            enough = e.compare(e.call(" len", container), [ast.GtE()], [e.constant(least)])
        test = _all(e, _is_growing(e, container, node.arguments[0].kind), enough)
        found = e.subscript(container, e.constant(index))
        return e.deliver(_choose(e, test, found, e.call(node.inline.name, container)), destination)


_reach(2, 1, "cadr")
_reach(3, 2, "caddr")
_reach(1, -1, "last")


def _same_kind(kinds: list[str], _node: Primitive) -> str:
    return kinds[0] if kinds[0] in LISTS or kinds[0] == "text" else ""


def _same_list(kinds: list[str], _node: Primitive) -> str:
    return kinds[0] if kinds[0] in LISTS else ""


@inline("clone", kind=_same_list, least=1, most=1)
@inline("reverse", kind=_same_list, least=1, most=1, changes=True)
def same(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A call that gives a list of the kind that it is given."""
    return e.deliver(e.call(node.inline.name, e.value(node.arguments[0])), destination)


@inline("ρ", kind=lambda kinds, _node: kinds[1] if kinds[1] in LISTS else "", least=2, most=2)
def filled(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A list filled with the elements of another one."""
    return e.deliver(e.call(node.inline.name, *e.operands(node.arguments)), destination)


@inline("extract", kind=_same_kind, least=3, most=3)
def part(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """What lies between two bounds; atoms between them are for the library."""
    if any(type(bound) is Constant and type(bound.value) is Atom for bound in node.arguments[1:]):
        return e.deliver(e.call("extract", *e.operands(node.arguments)), destination)
    container, start, end = e.operands(node.arguments, twice=True)
    tests = [] if node.arguments[0].kind == "text" else [e.is_of(container, " str")]
    for bound, edge, written in ((start, ast.GtE(), node.arguments[1]), (end, ast.Gt(), node.arguments[2])):
        if written.kind not in INTEGERS:
            tests.append(e.is_of(bound, " int"))
        if type(written) is not Constant or type(written.value) is not int or written.value <= 0:
            tests.append(e.compare(bound, [edge], [e.constant(0)]))
    text = e.subscript(container, e.slice_(start, end))
    test = e.boolean(ast.And(), tests) if tests else None
    found = _choose(e, test, text, e.call(" between", container, start, end))
    return e.deliver(found, destination)


@inline("size", kind="natural", least=1, most=1)
def size(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The number of elements of a list, of characters of a string."""
    container = e.simple(e.value(node.arguments[0]))
    if node.arguments[0].kind in SIZED:
        return e.deliver(e.call(" len", container), destination)
    sized = e.is_among(container, " List", " sized")
    return e.deliver(e.choose(sized, e.call(" len", container), e.call(" size", container)), destination)


@inline("key@", least=2, most=2)
def key_at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The value under a key that is text, nil when it is missing."""
    container, key = e.operands(node.arguments, twice=True)
    kind, key_kind = _two_kinds(node)
    if kind == "dictionary" or key_kind == "text":
        is_dictionary = None if kind == "dictionary" else e.is_of(container, " Dictionary")
        test = _all(e, is_dictionary, None if key_kind == "text" else e.is_of(key, " str"))
    else:
        test = keyed(e, key_kind, container, key, " IntegerDictionary")
    got = e.call(e.attribute(container, "get"), key)
    return e.deliver(_choose(e, test, got, e.call("key@", container, key)), destination)


@question("nullp", least=1, most=1)
def null(e: Emitter, node: Primitive) -> ast.expr:
    """Whether a list is empty: Python's own test of a generic list, the library's of anything else."""
    value = e.simple(e.value(node.arguments[0]))
    if node.arguments[0].kind in LISTS:
        return e.negate(value)
    of_library = e.compare(e.call("nullp", value), [ast.IsNot()], [e.nil()])
    of_list = e.choose(e.is_of(value, " List"), e.negate(value), of_library)
    return e.boolean(ast.Or(), [e.compare(value, [ast.Is()], [e.nil()]), of_list])


def keyed(e: Emitter, key_kind: str, container: ast.expr, key: ast.expr, by_integer: str) -> ast.expr:
    """A test for an integer key of the classes named, or a text of a dictionary."""
    if by_integer[1].isupper():
        whole: ast.expr = e.is_of(container, by_integer)
    else:
        whole = e.is_among(container, " List", by_integer)
    if key_kind in INTEGERS:
        return whole
    whole = e.boolean(ast.And(), [e.is_of(key, " int"), whole])
    text = e.boolean(ast.And(), [e.is_of(key, " str"), e.is_of(container, " Dictionary")])
    return e.boolean(ast.Or(), [whole, text])


# -- writing ------------------------------------------------------------------------------------------


@inline("set@", least=3, most=4, changes=True)
def set_at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """Storing under an index or key, of a container in a list too: Python's assignment.

    An index beyond the end and a value that a typed list has to convert are for the library.
    """
    *operands, value = e.operands(node.arguments, twice=True)
    container, key = operands[0], operands[1]
    with e.nested_block() as slow:
        e.evaluate(e.call(" set cell" if len(operands) == 3 else " set_at", *operands, value))
    kinds = _two_kinds(node)
    if len(operands) == 3:
        row = e.function.temporary()
        with e.nested_block() as inner:
            e.assign(row, e.subscript(container, key))
            _store(e, ("", node.arguments[2].kind), e.name(row), operands[2], value)
        test = _integer_of_list(e, *kinds, container, key)
        if test is None:
            e.block.extend(inner)
        else:
            e.if_(test, inner, slow)
    else:
        _store(e, kinds, container, key, value)
    return None if destination is EFFECT else e.deliver(container, destination)


def _store(e: Emitter, kinds: tuple[str, str], container: ast.expr, key: ast.expr, value: ast.expr) -> None:
    with e.nested_block() as store:
        e.assign(e.subscript(container, key, ast.Store()), value)
    with e.nested_block() as slow:
        e.evaluate(e.call(" set_at", container, key, value))
    with e.nested_block() as fast:
        if kinds[0] == "dictionary":
            e.block.extend(store)
        else:
            e.try_(store, e.name(" Unfit"), None, slow)
    test = _served_store(e, kinds, container, key)
    if test is None:
        e.block.extend(fast)
    else:
        e.if_(test, fast, slow)


def _served_store(e: Emitter, kinds: tuple[str, str], container: ast.expr, key: ast.expr) -> ast.expr | None:
    """As `_served`; a dictionary's key must be known to be text, for others are converted."""
    kind, key_kind = kinds
    if key_kind == "text" or kind in LISTS or kind == "dictionary":
        return _served(e, kinds, container, key)
    return keyed(e, key_kind, container, key, " by integer")


@inline("push", least=2, changes=True)
def push(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """Appending values to a list."""
    container, *values = e.operands(node.arguments, twice=True)
    kind = node.arguments[0].kind
    test = _is_list(e, container, kind)
    if len(values) == 1:
        appended = e.call(e.attribute(container, "append"), values[0])
    else:
        appended = e.call(e.attribute(container, "extend"), e.tuple_(values))
    if destination is EFFECT:
        _push_here(e, kind, container, values, appended)
        return None
    if kind == "integers":
        return e.deliver(e.call(" push", container, *values), destination)
    done = e.compare(appended, [ast.Is()], [e.nil()])
    whole = _all(e, test, done)
    return e.deliver(_choose(e, whole, container, e.call(" push", container, *values)), destination)


def _push_here(
    e: Emitter, kind: str, container: ast.expr, values: list[ast.expr], appended: ast.expr
) -> None:
    """The statement for pushes; a typed list may have to convert the value, and is left to the library."""
    with e.nested_block() as slow:
        e.evaluate(e.call(" push", container, *values))
    with e.nested_block() as fast:
        e.evaluate(appended)
    if kind == "integers" and len(values) > 1:
        e.block.extend(slow)
    elif kind == "integers":
        e.try_(fast, e.name(" Unfit"), None, slow)
    elif kind == "list":
        e.block.extend(fast)
    elif len(values) > 1:
        e.if_(e.is_of(container, " List"), fast, slow)
    else:
        with e.nested_block() as tried:
            e.try_(fast, e.name(" Unfit"), None, slow)
        growing = e.is_among(container, " List", " growing")
        e.if_(growing, tried, slow)


@inline("poplast", "pop", "popfirst", least=1, most=1, changes=True)
def poplast(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """Taking the last or the first element out of a list that is not empty."""
    container = e.simple(e.value(node.arguments[0]))
    call = e.call(node.inline.name, container)
    if destination is not EFFECT:
        return e.deliver(call, destination)
    at = [e.constant(0)] if node.inline.name == "popfirst" else []
    with e.nested_block() as fast:
        e.evaluate(e.call(e.attribute(container, "pop"), *at))
    with e.nested_block() as slow:
        e.evaluate(call)
    test = _all(e, _is_growing(e, container, node.arguments[0].kind), container)
    assert test is not None
    e.if_(test, fast, slow)
    return None


@inline("list", kind="list")
def made_list(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A list written out."""
    if not node.arguments:
        return e.deliver(e.call(" list"), destination)
    return e.deliver(e.call(" list", e.tuple_(e.operands(node.arguments))), destination)
