"""Element access and the hot functions on containers as plain Python.

Each first asks for the exact class that Python's own operation serves, and leaves every other value to
the library function of the same name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.emit.emitter import EFFECT, Destination, Emitter
from lispe_kernel.language.compiler.inlines import inline, question, syntax
from lispe_kernel.language.compiler.kinds import INTEGERS
from lispe_kernel.language.compiler.tree import Constant, Helper, Node, Primitive, Python
from lispe_kernel.language.forms import Form, is_table

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


def _is_list(e: Emitter, value: ast.expr, kind: str) -> ast.expr | None:
    """A test that a value is exactly our List; None when that is known."""
    return None if kind == "list" else e.is_of(value, " List")


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


def _served(e: Emitter, node: Primitive, container: ast.expr, key: ast.expr) -> ast.expr | None:
    """A test that Python's subscript does here what LispE's `@` does; None when it surely does."""
    kind, key_kind = _two_kinds(node)
    if kind == "list":
        return None if key_kind in INTEGERS else e.is_of(key, " int")
    if kind == "dictionary":
        return None if key_kind == "text" else e.is_of(key, " str")
    if key_kind == "text":
        return e.is_of(container, " Dictionary")
    served = e.compare(e.call(" type", container), [ast.In()], [e.name(" subscripted")])
    if key_kind in INTEGERS:
        return served
    # Python indexes with integers only; a dictionary takes any key to its `__missing__`.
    return _all(e, served, e.compare(e.call(" type", key), [ast.In()], [e.name(" keys")]))


@inline("at", least=2, most=2)
def at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """An element by index or key."""
    container, key = e.operands(node.arguments, twice=True)
    test = _served(e, node, container, key)
    found = _choose(e, test, e.subscript(container, key), e.call(" at", container, key))
    return e.deliver(found, destination)


@inline("car", least=1, most=1)
def car(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The first element of a list that is not empty."""
    container = e.simple(e.value(node.arguments[0]))
    test = _all(e, _is_list(e, container, node.arguments[0].kind), container)
    first = e.subscript(container, e.constant(0))
    return e.deliver(_choose(e, test, first, e.call(" car", container)), destination)


@inline("size", kind="natural", least=1, most=1)
def size(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The number of elements of a list, of characters of a string."""
    container = e.simple(e.value(node.arguments[0]))
    if node.arguments[0].kind in ("text", "list", "dictionary"):
        return e.deliver(e.call(" len", container), destination)
    sized = e.compare(e.call(" type", container), [ast.In()], [e.name(" sized")])
    return e.deliver(e.choose(sized, e.call(" len", container), e.call(" size", container)), destination)


@inline("key@", least=2, most=2)
def key_at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The value under a key that is text, nil when it is missing."""
    container, key = e.operands(node.arguments, twice=True)
    kind, key_kind = _two_kinds(node)
    keyed = None if kind == "dictionary" else e.is_of(container, " Dictionary")
    test = _all(e, keyed, None if key_kind == "text" else e.is_of(key, " str"))
    got = e.call(e.attribute(container, "get"), key)
    return e.deliver(_choose(e, test, got, e.call("key@", container, key)), destination)


@question("nullp", least=1, most=1)
def null(e: Emitter, node: Primitive) -> ast.expr:
    """Whether a list is empty: Python's own test of a generic list, the library's of anything else."""
    value = e.simple(e.value(node.arguments[0]))
    found = e.compare(e.call("nullp", value), [ast.IsNot()], [e.nil()])
    return _choose(e, _is_list(e, value, node.arguments[0].kind), e.negate(value), found)


# -- writing ------------------------------------------------------------------------------------------


@inline("set@", least=3, most=3, changes=True)
def set_at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """Storing under one index or key: Python's assignment; an index beyond the end is for the library."""
    container, key, value = e.operands(node.arguments, twice=True)
    with e.nested_block() as store:
        e.assign(e.subscript(container, key, ast.Store()), value)
    with e.nested_block() as slow:
        e.evaluate(e.call(" set_at", container, key, value))
    with e.nested_block() as fast:
        if node.arguments[0].kind == "dictionary":
            e.block.extend(store)
        else:
            e.try_(store, e.name(" IndexError"), None, slow)
    test = _served_store(e, node, container, key)
    if test is None:
        e.block.extend(fast)
    else:
        e.if_(test, fast, slow)
    return None if destination is EFFECT else e.deliver(container, destination)


def _served_store(e: Emitter, node: Primitive, container: ast.expr, key: ast.expr) -> ast.expr | None:
    """As `_served`; a dictionary's key must be known to be text, for others are converted."""
    kind, key_kind = _two_kinds(node)
    if key_kind == "text" or kind in ("list", "dictionary"):
        return _served(e, node, container, key)
    whole = _all(e, _is_list(e, container, kind), None if key_kind in INTEGERS else e.is_of(key, " int"))
    if key_kind in INTEGERS or whole is None:
        return whole
    keyed = e.boolean(ast.And(), [e.is_of(container, " Dictionary"), e.is_of(key, " str")])
    return e.boolean(ast.Or(), [whole, keyed])


@inline("push", least=2, most=2, changes=True)
def push(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """Appending one value to a list."""
    container, value = e.operands(node.arguments, twice=True)
    test = _is_list(e, container, node.arguments[0].kind)
    appended = e.call(e.attribute(container, "append"), value)
    if destination is EFFECT:
        with e.nested_block() as fast:
            e.evaluate(appended)
        with e.nested_block() as slow:
            e.evaluate(e.call(" push", container, value))
        if test is None:
            e.block.extend(fast)
        else:
            e.if_(test, fast, slow)
        return None
    done = e.compare(appended, [ast.Is()], [e.nil()])
    whole = _all(e, test, done)
    return e.deliver(_choose(e, whole, container, e.call(" push", container, value)), destination)


@inline("list", kind="list")
def made_list(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A list written out."""
    if not node.arguments:
        return e.deliver(e.call(" list"), destination)
    return e.deliver(e.call(" list", e.tuple_(e.operands(node.arguments))), destination)
