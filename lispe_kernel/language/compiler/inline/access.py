"""Element access and the hot functions on containers as plain Python.

Each first asks for the exact class that Python's own operation serves, and leaves every other value to
the library function of the same name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.kinds import INTEGERS
from lispe_kernel.language.compiler.registry import NOT_INLINE, inline
from lispe_kernel.language.forms import Form, is_table

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


def _served(c: Compiler, container: ast.expr, key: ast.expr) -> ast.expr | None:
    """A test that Python's subscript does here what LispE's `@` does; None when it surely does."""
    if c.kind(container) == "list":
        return None if c.kind(key) in INTEGERS else _is(c, key, " int")
    if c.kind(container) == "dictionary":
        return None if c.kind(key) == "text" else _is(c, key, " str")
    kind = c.call(" type", container)
    if c.kind(key) == "text":
        return c.compare(kind, [ast.Is()], [c.name(" Dictionary")])
    return c.compare(kind, [ast.In()], [c.name(" subscripted")])


def _is(c: Compiler, value: ast.expr, name: str) -> ast.expr:
    return c.compare(c.call(" type", value), [ast.Is()], [c.name(name)])


def _is_list(c: Compiler, value: ast.expr) -> ast.expr | None:
    """A test that a value is exactly our List; None when that is known."""
    return None if c.kind(value) == "list" else _is(c, value, " List")


def _choose(c: Compiler, test: ast.expr | None, fast: ast.expr, slow: ast.expr) -> ast.expr:
    return fast if test is None else c.choose(test, fast, slow)


def _all(c: Compiler, *tests: ast.expr | None) -> ast.expr | None:
    """The tests that are needed, joined."""
    needed = [test for test in tests if test is not None]
    return c.boolean(ast.And(), needed) if needed else None


@inline("at")
def compile_at(c: Compiler, form: Form, destination: Destination) -> Any:
    """An element by index or key; the guide's configuration table."""
    if is_table(form):
        return c.deliver(table(c, form), destination)
    if len(form) != 3:
        return NOT_INLINE
    container, key = (c.simple(e) for e in c.arguments(form))
    found = _choose(c, _served(c, container, key), c.subscript(container, key), c.call(" at", container, key))
    return c.deliver(found, destination)


def table(c: Compiler, form: Form) -> ast.expr:
    """A configuration table: a dictionary in the order written, values evaluated once, left to right."""
    values = Form([form[0], *(pair[2] for pair in form[1:])], form.span, form.spans)
    keys: list[ast.expr | None] = [c.constant(pair[1]) for pair in form[1:]]
    made = ast.copy_location(ast.Dict(keys, c.arguments(values)), c.nil())
    return c.call(" Dictionary", made)


@inline("set@")
def compile_set_at(c: Compiler, form: Form, destination: Destination) -> Any:
    """Storing under one index or key: Python's assignment; an index beyond the end is for the library."""
    if len(form) != 4:
        return NOT_INLINE
    container, key, value = (c.simple(e) for e in c.arguments(form))
    with c.nested_block() as store:
        c.assign(c.subscript(container, key, ast.Store()), value)
    with c.nested_block() as slow:
        c.evaluate(c.call(" set_at", container, key, value))
    with c.nested_block() as fast:
        if c.kind(container) == "dictionary":
            c.block.extend(store)
        else:
            c.try_(store, c.name(" IndexError"), None, slow)
    test = _served_store(c, container, key)
    if test is None:
        c.block.extend(fast)
    else:
        c.if_(test, fast, slow)
    return None if destination is EFFECT else c.deliver(container, destination)


def _served_store(c: Compiler, container: ast.expr, key: ast.expr) -> ast.expr | None:
    """As `_served`; a dictionary's key must be known to be text, for others are converted."""
    if c.kind(key) == "text" or c.kind(container) in ("list", "dictionary"):
        return _served(c, container, key)
    whole = _all(c, _is_list(c, container), None if c.kind(key) in INTEGERS else _is(c, key, " int"))
    if c.kind(key) in INTEGERS or whole is None:
        return whole
    keyed = c.boolean(ast.And(), [_is(c, container, " Dictionary"), _is(c, key, " str")])
    return c.boolean(ast.Or(), [whole, keyed])


@inline("push")
def compile_push(c: Compiler, form: Form, destination: Destination) -> Any:
    """Appending one value to a list."""
    if len(form) != 3:
        return NOT_INLINE
    container, value = c.arguments(form)
    container = c.simple(container)
    append = ast.copy_location(ast.Attribute(container, "append", ast.Load()), container)
    if destination is EFFECT:
        value = c.simple(value)
        with c.nested_block() as fast:
            c.evaluate(c.call(append, value))
        with c.nested_block() as slow:
            c.evaluate(c.call(" push", container, value))
        test = _is_list(c, container)
        if test is None:
            c.block.extend(fast)
        else:
            c.if_(test, fast, slow)
        return None
    value = c.simple(value)
    done = c.compare(c.call(append, value), [ast.Is()], [c.nil()])
    test = _all(c, _is_list(c, container), done)
    return c.deliver(_choose(c, test, container, c.call(" push", container, value)), destination)


@inline("car")
def compile_car(c: Compiler, form: Form, destination: Destination) -> Any:
    """The first element of a list that is not empty."""
    container = c.simple(c.value(form[1], form.spans[1]))
    test = _all(c, _is_list(c, container), container)
    first = c.subscript(container, c.constant(0))
    return c.deliver(_choose(c, test, first, c.call(" car", container)), destination)


@inline("size")
def compile_size(c: Compiler, form: Form, destination: Destination) -> Any:
    """The number of elements of a list, of characters of a string."""
    container = c.simple(c.value(form[1], form.spans[1]))
    if c.kind(container) in ("text", "list", "dictionary"):
        return c.deliver(c.known(c.call(" len", container), "natural"), destination)
    sized = c.compare(c.call(" type", container), [ast.In()], [c.name(" sized")])
    found = c.choose(sized, c.call(" len", container), c.call(" size", container))
    return c.deliver(c.known(found, "natural"), destination)


@inline("list")
def compile_list(c: Compiler, form: Form, destination: Destination) -> Any:
    """A list written out."""
    elements = ast.copy_location(ast.Tuple(c.arguments(form), ast.Load()), c.nil())
    made = c.call(" list", elements) if len(form) > 1 else c.call(" list")
    return c.deliver(c.known(made, "list"), destination)


@inline("dictionary")
def compile_dictionary(c: Compiler, form: Form, destination: Destination) -> Any:
    """A dictionary written out; keys that are not written as text are for the library to convert."""
    keys, count = form[1::2], len(form) - 1
    if count % 2 or not all(isinstance(key, str) for key in keys):
        return NOT_INLINE
    values = Form([form[0], *form[2::2]], form.span, [form.spans[0], *form.spans[2::2]])
    pairs = ast.Dict([c.constant(key) for key in keys], c.arguments(values))
    made = c.call(" Dictionary", ast.copy_location(pairs, c.nil()))
    return c.deliver(c.known(made, "dictionary"), destination)


@inline("key@")
def compile_key_at(c: Compiler, form: Form, destination: Destination) -> Any:
    """The value under a key that is text, nil when it is missing."""
    if len(form) != 3:
        return NOT_INLINE
    container, key = (c.simple(e) for e in c.arguments(form))
    get = ast.copy_location(ast.Attribute(container, "get", ast.Load()), container)
    keyed = None if c.kind(container) == "dictionary" else _is(c, container, " Dictionary")
    test = _all(c, keyed, None if c.kind(key) == "text" else _is(c, key, " str"))
    return c.deliver(_choose(c, test, c.call(get, key), c.call("key@", container, key)), destination)
