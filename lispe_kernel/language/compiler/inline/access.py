"""Element access and the hot functions on containers as plain Python.

Each first asks for the exact class that Python's own operation serves, and leaves every other value to
the library function of the same name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.emit.emitter import Destination, Emitter
from lispe_kernel.language.compiler.inlines import inline, question, syntax
from lispe_kernel.language.compiler.kinds import ELEMENTS, INTEGERS, LISTS, SIZED
from lispe_kernel.language.compiler.tree import Constant, Helper, Node, Primitive, Python, Quoted
from lispe_kernel.language.compiler.variables import python_name
from lispe_kernel.language.forms import Form, is_table
from lispe_kernel.language.functions import registry
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.lists import List

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


def is_list(e: Emitter, value: ast.expr, kind: str) -> ast.expr | None:
    """A test that a value is exactly our List; None when that is known."""
    return None if kind in LISTS else e.is_of(value, " List")


def is_growing(e: Emitter, value: ast.expr, kind: str) -> ast.expr | None:
    """A test that a value is our List or a typed list with memory of its own; None when that is known."""
    return None if kind in LISTS else e.is_among(value, " List", " growing")


def choose_where(e: Emitter, test: ast.expr | None, fast: ast.expr, slow: ast.expr) -> ast.expr:
    return fast if test is None else e.choose(test, fast, slow)


def all_of(e: Emitter, *tests: ast.expr | None) -> ast.expr | None:
    """The tests that are needed, joined."""
    needed = [test for test in tests if test is not None]
    return e.boolean(ast.And(), needed) if needed else None


def two_kinds(node: Primitive) -> tuple[str, str]:
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
        part for key, value in zip(keys, values, strict=True) for part in (Constant(r.place, key), value)
    ]
    of_python = [Python(r.place, "{}", *pairs)] if pairs else []
    return Helper(r.place, " Dictionary", of_python, "dictionary", quiet=True)


@syntax("dictionary")
def read_dictionary(r: Resolver, form: Form) -> Node | None:
    """A dictionary written out; keys that are not written as text are for the library to convert."""
    keys = form[1::2]
    if len(form) % 2 == 0 or not all(isinstance(key, str) for key in keys):
        return None
    spans = form.spans[2::2]
    return written(r, keys, [r.node(v, s) for v, s in zip(form[2::2], spans, strict=True)])


# -- reading ------------------------------------------------------------------------------------------


def served(e: Emitter, kinds: tuple[str, str], container: ast.expr, key: ast.expr) -> ast.expr | None:
    """A test that Python's subscript does here what LispE's `@` does; None when it surely does."""
    kind, key_kind = kinds
    if kind in LISTS or kind == "text":
        return None if key_kind in INTEGERS else e.is_of(key, " int")
    if kind == "dictionary":
        return None if key_kind == "text" else e.is_of(key, " str")
    if kind == "keyed":
        return None if key_kind in INTEGERS else e.is_of(key, " int")
    if key_kind == "text":
        return e.is_of(container, " Dictionary")
    served = e.is_among(container, " List", " subscripted")
    if key_kind in INTEGERS:
        return served
    # Python indexes with integers only; a dictionary takes any key to its `__missing__`.
    return all_of(e, served, e.is_among(key, " int", " keys"))


def _element_kind(kinds: list[str], _node: Primitive) -> str:
    return ELEMENTS.get(kinds[0], "") if len(kinds) == 2 else ""


@inline("at", kind=_element_kind, least=2, most=3)
def at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """An element by index or key, or an element of an element."""
    if len(node.arguments) == 3:
        return e.deliver(_inner_element(e, node), destination)
    if _is_code(node.arguments[0]) and _written_integer(node.arguments[1]) == 0:
        return e.deliver(_code(e, node, " at", [e.constant(0)]), destination)
    field = field_name(node.arguments[1])
    if field is not None and node.arguments[0].kind in ("", "instance"):
        return _field(e, node, field, destination)
    container, key = e.operands(node.arguments, twice=True)
    test = served(e, two_kinds(node), container, key)
    found = choose_where(e, test, e.subscript(container, key), e.call(" at", container, key))
    return e.deliver(found, destination)


def _inner_element(e: Emitter, node: Primitive) -> ast.expr:
    """`(@ rows y x)`: of a list of containers."""
    container, outer, inner = e.operands(node.arguments, twice=True)
    kinds = [part.kind for part in node.arguments]
    name = e.function.temporary()
    row = e.noted(name, e.subscript(container, outer))
    direct = served(e, ("", kinds[2]), row, inner)
    element = choose_where(e, direct, e.subscript(e.name(name), inner), e.call(" at", e.name(name), inner))
    test = integer_of_list(e, kinds[0], kinds[1], container, outer)
    return choose_where(e, test, element, e.call(" cell", container, outer, inner))


def of_library(e: Emitter, name: str) -> ast.expr:
    """The library's function of a name, whatever the name means in the program."""
    entry = registry.get(name)
    assert entry is not None
    return e.constant(entry.call)


def is_librarys(e: Emitter, function: ast.expr, name: str) -> ast.expr:
    """A test that what a program calls by a name of the library is still the library's function."""
    return e.compare(function, [ast.Is()], [of_library(e, name)])


def _is_code(node: Node) -> bool:
    """Whether a node lists the codes of a text, of which the first is wanted."""
    return isinstance(node, Primitive) and node.inline.name == "ord" and len(node.arguments) == 2


def _code(e: Emitter, node: Primitive, name: str, more: list[ast.expr]) -> ast.expr:
    """The code of a character without the list that `ord` makes; what else `ord` may mean is called."""
    listed = node.arguments[0]
    assert isinstance(listed, Primitive)
    function, text = e.operands(listed.arguments, twice=True)
    tests = [is_librarys(e, function, "ord")]
    if listed.arguments[1].kind != "text":
        tests.append(e.is_of(text, " str"))
    tests.append(e.compare(e.call(" len", text), [ast.Eq()], [e.constant(1)]))
    slow = e.call(name, e.call(function, text), *more)
    return e.choose(e.boolean(ast.And(), tests), e.call(" ord", text), slow)


def integer_of_list(
    e: Emitter, kind: str, key_kind: str, container: ast.expr, key: ast.expr
) -> ast.expr | None:
    """A test for an integer key of a generic list."""
    return all_of(e, is_list(e, container, kind), None if key_kind in INTEGERS else e.is_of(key, " int"))


def field_name(key: Node) -> str | None:
    """The field of an instance that a key written as an atom names, if it is an attribute of nothing else."""
    if type(key) is not Constant or type(key.value) is not Atom:
        return None
    name = key.value.name
    free = python_name(name) == name and not name.startswith(("_", " ", "lispe_"))
    return name if free else None


def declares(e: Emitter, container: ast.expr, field: str) -> ast.expr:
    """A test for an instance whose class declares a field, which is an attribute then.

    (To ask an instance for its dictionary makes every later access to it slow.)
    """
    declared = e.compare(e.constant(field), [ast.In()], [e.attribute(container, "lispe_fields")])
    return e.boolean(ast.And(), [e.is_instance(container), declared])


def _field(e: Emitter, node: Primitive, field: str, destination: Destination) -> ast.expr | None:
    """A field is the attribute of an instance; one that is not there, and any other container, are `at`'s."""
    container, key = e.operands(node.arguments, twice=True)
    inner, name = e.through(destination)
    of_library = e.call(" at", container, key)
    with e.nested_block() as fast:
        e.deliver(e.choose(e.is_instance(container), e.attribute(container, field), of_library), inner)
    with e.nested_block() as slow:
        e.deliver(of_library, inner)
    e.try_(fast, e.name(" AttributeError"), None, slow)
    return e.result(name)


@inline("car", least=1, most=1)
def car(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The first element of a list that is not empty."""
    if _is_code(node.arguments[0]):
        return e.deliver(_code(e, node, " car", []), destination)
    container = e.simple(e.value(node.arguments[0]))
    test = all_of(e, is_growing(e, container, node.arguments[0].kind), container)
    first = e.subscript(container, e.constant(0))
    return e.deliver(choose_where(e, test, first, e.call(" car", container)), destination)


def _reach(least: int, index: int, *names: str) -> None:
    """Write functions that take one element of a list which has `least` elements."""

    @inline(*names, least=1, most=1)
    def element(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
        container = e.simple(e.value(node.arguments[0]))
        enough: ast.expr = container
        if least > 1:
            enough = e.compare(e.call(" len", container), [ast.GtE()], [e.constant(least)])
        test = all_of(e, is_growing(e, container, node.arguments[0].kind), enough)
        found = e.subscript(container, e.constant(index))
        return e.deliver(choose_where(e, test, found, e.call(node.inline.name, container)), destination)


_reach(2, 1, "cadr")
_reach(3, 2, "caddr")


def _same_kind(kinds: list[str], _node: Primitive) -> str:
    return kinds[0] if kinds[0] in LISTS or kinds[0] == "text" else ""


def same_list(kinds: list[str], _node: Primitive) -> str:
    return kinds[0] if kinds[0] in LISTS else ""


@inline("cdr", least=1, most=1)
def cdr(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """All elements of a generic list but the first: a view of it."""
    container = e.simple(e.value(node.arguments[0]))
    viewed = e.is_among(container, " List", " with rest")
    return e.deliver(e.choose(viewed, e.call(" rest", container), e.call(" cdr", container)), destination)


@inline("clone", kind=same_list, least=1, most=1)
def same(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A call that gives a list of the kind that it is given."""
    return e.deliver(e.call(node.inline.name, e.value(node.arguments[0])), destination)


@inline("ρ", kind=lambda kinds, _node: kinds[1] if kinds[1] in LISTS else "", least=2, most=2)
def filled(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A list filled with the elements of another one; with one number that is written, at once."""
    number = _only_number(node.arguments[1])
    if number is not None:
        size = e.simple(e.value(node.arguments[0]))
        tests = [] if node.arguments[0].kind in INTEGERS else [e.is_of(size, " int")]
        tests.append(e.compare(e.constant(0), [ast.LtE(), ast.LtE()], [size, e.constant(_MOST)]))
        made = e.call(" list", e.binary(e.list_([e.constant(number)]), ast.Mult(), size))
        slow = e.call(node.inline.name, size, e.value(node.arguments[1]))
        return e.deliver(e.choose(e.boolean(ast.And(), tests), made, slow), destination)
    return e.deliver(e.call(node.inline.name, *e.operands(node.arguments)), destination)


_MOST = 1 << 24


def _only_number(node: Node) -> int | float | None:
    """The number that a list written out consists of."""
    data = node.data if type(node) is Quoted and type(node.data) is List else ()
    number = data[0] if len(data) == 1 else None
    return number if type(number) is int or type(number) is float else None


@inline("extract", kind=_same_kind, least=3, most=3)
def part(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """What lies between two bounds; atoms between them are for the library."""
    if any(type(bound) is Constant and type(bound.value) is Atom for bound in node.arguments[1:]):
        return e.deliver(e.call("extract", *e.operands(node.arguments)), destination)
    container, start, end = e.operands(node.arguments, twice=True)
    kind, first, last = (part.kind for part in node.arguments)
    slow = e.call(" between", container, start, end)
    found: ast.expr = slow
    least, most = map(_written_integer, node.arguments[1:])
    if least is None or least >= 0:
        tests: list[ast.expr] = []
        for bound, of, edge, written in ((start, first, ast.GtE(), least), (end, last, ast.Gt(), most)):
            if written is not None:
                continue
            if of not in INTEGERS:
                tests.append(e.is_of(bound, " int"))
            if of != "natural" or bound is end:
                tests.append(e.compare(bound, [edge], [e.constant(0)]))
        fast = _taken(
            e, kind, container, e.subscript(container, e.slice_(start, None if most == 0 else end)), slow
        )
        found = e.choose(e.boolean(ast.And(), tests), fast, slow) if tests else fast
    return e.deliver(found, destination)


def _taken(e: Emitter, kind: str, container: ast.expr, taken: ast.expr, slow: ast.expr) -> ast.expr:
    """What Python's slice of a container is in LispE; `slow` for a container that has none."""
    if kind == "text":
        return taken
    of_list = e.call(" list", taken)
    of_numbers = e.call(" array", e.name(" Integers"), e.constant("q"), taken)
    if kind in LISTS:
        return of_list if kind == "list" else of_numbers
    numbers = e.choose(e.is_of(container, " Integers"), of_numbers, slow)
    text = e.choose(e.is_of(container, " str"), taken, numbers)
    return e.choose(e.is_of(container, " List"), of_list, text)


def _written_integer(node: Node) -> int | None:
    """The integer that is written, if it is one."""
    return node.value if type(node) is Constant and type(node.value) is int else None


@inline("size", kind="natural", least=1, most=1)
def size(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The number of elements of a list, of characters of a string."""
    container = e.simple(e.value(node.arguments[0]))
    if node.arguments[0].kind in SIZED:
        return e.deliver(e.call(" len", container), destination)
    sized = e.is_among(container, " List", " sized")
    return e.deliver(e.choose(sized, e.call(" len", container), e.call(" size", container)), destination)


@inline("key@", "keyi@", "keyn@", least=2, most=2)
def key_at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The value under a key of the dictionary's own kind, nil when it is missing."""
    container, key = e.operands(node.arguments, twice=True)
    kind, key_kind = two_kinds(node)
    if node.inline.name == "keyn@":
        test = all_of(e, e.is_of(key, " float"), e.is_of(container, " NumberDictionary"))
    elif kind == "keyed":
        test = None if key_kind in INTEGERS else e.is_of(key, " int")
    elif kind == "dictionary" or key_kind == "text":
        is_dictionary = None if kind == "dictionary" else e.is_of(container, " Dictionary")
        test = all_of(e, is_dictionary, None if key_kind == "text" else e.is_of(key, " str"))
    else:
        test = keyed(e, key_kind, container, key, " IntegerDictionary")
    got = e.call(e.attribute(container, "get"), key)
    return e.deliver(choose_where(e, test, got, e.call(node.inline.name, container, key)), destination)


@question("nullp", least=1, most=1)
def null(e: Emitter, node: Primitive) -> ast.expr:
    """Whether a list is empty: Python's own test of a generic list, the library's of anything else."""
    value = e.simple(e.value(node.arguments[0]))
    if node.arguments[0].kind in LISTS:
        return e.negate(value)
    # The library is slow to say that a number, a text or an instance (the end of a tree of them) is no list.
    is_other = e.compare(e.call(" type", value), [ast.NotIn()], [e.name(" scalar")])
    is_empty = e.compare(e.call("nullp", value), [ast.IsNot()], [e.nil()])
    otherwise = e.boolean(ast.And(), [is_other, e.negate(e.is_instance(value)), is_empty])
    of_list = e.choose(e.is_of(value, " List"), e.negate(value), otherwise)
    return e.boolean(ast.Or(), [e.compare(value, [ast.Is()], [e.nil()]), of_list])


def of_own_keys(e: Emitter, container: ast.expr, element: ast.expr, kind: str) -> list[ast.expr]:
    """The tests that a container is a set of which an element, an integer or a text, is its own key."""
    of_integers = e.is_among(container, " IntegerSet", " of integers")
    if kind in INTEGERS:
        return [of_integers]
    of_texts = e.is_among(container, " StringSet", " of texts")
    if kind == "text":
        return [of_texts]
    integer = e.boolean(ast.And(), [e.is_of(element, " int"), of_integers])
    return [e.boolean(ast.Or(), [integer, e.boolean(ast.And(), [e.is_of(element, " str"), of_texts])])]


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
