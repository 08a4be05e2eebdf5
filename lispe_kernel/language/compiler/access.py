"""Element access and the hot functions on containers as plain Python.

Each first asks for the exact class that Python's own operation serves, and leaves every other value to
the library function of the same name.
"""

from __future__ import annotations

import ast
from typing import Any

from lispe_kernel.language.compiler.core import Compiler, is_table
from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.registry import NOT_INLINE, inline
from lispe_kernel.language.forms import Form


def _served(c: Compiler, container: ast.expr, key: ast.expr) -> ast.expr:
    """A test that Python's subscript does for this container what LispE's `@` does."""
    kind = c.call(" type", container)
    known = {"text": " Dictionary", "number": " List"}.get(c.kind(key))
    if known is not None:
        return c.compare(kind, [ast.Is()], [c.name(known)])
    return c.compare(kind, [ast.In()], [c.name(" subscripted")])


def _is_list(c: Compiler, value: ast.expr) -> ast.expr:
    return c.compare(c.call(" type", value), [ast.Is()], [c.name(" List")])


@inline("at")
def compile_at(c: Compiler, form: Form, destination: Destination) -> Any:
    """An element by index or key; the guide's configuration table."""
    if is_table(form):
        return c.deliver(table(c, form), destination)
    if len(form) != 3:
        return NOT_INLINE
    container, key = (c.simple(e) for e in c.arguments(form))
    found = c.choose(_served(c, container, key), c.subscript(container, key), c.call(" at", container, key))
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
        c.try_(store, c.name(" IndexError"), None, slow)
    c.if_(_served_store(c, container, key), fast, slow)
    return c.deliver(container, destination)


def _served_store(c: Compiler, container: ast.expr, key: ast.expr) -> ast.expr:
    """As `_served`; a dictionary's key must be known to be text, for others are converted."""
    if c.kind(key) == "text":
        return _served(c, container, key)
    index = c.compare(c.call(" type", key), [ast.Is()], [c.name(" int")])
    tests = [_is_list(c, container)] if c.kind(key) == "number" else [_is_list(c, container), index]
    whole = c.boolean(ast.And(), tests)
    if c.kind(key) == "number":
        return whole
    text = c.compare(c.call(" type", key), [ast.Is()], [c.name(" str")])
    keyed = c.compare(c.call(" type", container), [ast.Is()], [c.name(" Dictionary")])
    return c.boolean(ast.Or(), [whole, c.boolean(ast.And(), [keyed, text])])


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
        c.if_(_is_list(c, container), fast, slow)
        return None
    value = c.simple(value)
    done = c.compare(c.call(append, value), [ast.Is()], [c.nil()])
    test = c.boolean(ast.And(), [_is_list(c, container), done])
    return c.deliver(c.choose(test, container, c.call(" push", container, value)), destination)


@inline("car")
def compile_car(c: Compiler, form: Form, destination: Destination) -> Any:
    """The first element of a list that is not empty."""
    container = c.simple(c.value(form[1], form.spans[1]))
    test = c.boolean(ast.And(), [_is_list(c, container), container])
    first = c.subscript(container, c.constant(0))
    return c.deliver(c.choose(test, first, c.call(" car", container)), destination)


@inline("size")
def compile_size(c: Compiler, form: Form, destination: Destination) -> Any:
    """The number of elements of a list, of characters of a string."""
    container = c.simple(c.value(form[1], form.spans[1]))
    sized = c.compare(c.call(" type", container), [ast.In()], [c.name(" sized")])
    found = c.choose(sized, c.call(" len", container), c.call(" size", container))
    return c.deliver(c.known(found, "number"), destination)


@inline("list")
def compile_list(c: Compiler, form: Form, destination: Destination) -> Any:
    """A list written out."""
    elements = ast.copy_location(ast.Tuple(c.arguments(form), ast.Load()), c.nil())
    return c.deliver(c.call(" list", elements) if len(form) > 1 else c.call(" list"), destination)
