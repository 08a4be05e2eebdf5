"""Storing in containers, adding to them and taking out as plain Python.

As in `access.py`: the exact class that Python's own operation serves is asked for first.
"""

from __future__ import annotations

import ast

from lispe_kernel.language.compiler.emit.emitter import EFFECT, Destination, Emitter
from lispe_kernel.language.compiler.inline.access import (
    all_of,
    choose_where,
    declares,
    field_name,
    integer_of_list,
    is_growing,
    is_list,
    keyed,
    same_list,
    served,
    two_kinds,
)
from lispe_kernel.language.compiler.inlines import Inline, inline
from lispe_kernel.language.compiler.kinds import INTEGERS, KEYS, LISTS
from lispe_kernel.language.compiler.tree import Primitive


@inline("set@", least=3, most=4, changes=True)
def set_at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """Storing under an index or key, of a container in a list too: Python's assignment.

    An index beyond the end and a value that a typed list has to convert are for the library.
    """
    *operands, value = e.operands(node.arguments, twice=True)
    container, key = operands[0], operands[1]
    field = field_name(node.arguments[1]) if len(operands) == 2 else None
    if field is not None and node.arguments[0].kind in ("", "instance"):
        _store_field(e, field, container, e.call(" set_at", container, key, value), value)
        return None if destination is EFFECT else e.deliver(container, destination)
    with e.nested_block() as slow:
        e.evaluate(e.call(" set cell" if len(operands) == 3 else " set_at", *operands, value))
    kinds = two_kinds(node)
    if len(operands) == 3:
        row = e.function.temporary()
        with e.nested_block() as inner:
            e.assign(row, e.subscript(container, key))
            _store(e, ("", node.arguments[2].kind), e.name(row), operands[2], value)
        test = integer_of_list(e, *kinds, container, key)
        if test is None:
            e.block.extend(inner)
        else:
            e.if_(test, inner, slow)
    else:
        _store(e, kinds, container, key, value)
    return None if destination is EFFECT else e.deliver(container, destination)


def _store_field(e: Emitter, field: str, container: ast.expr, of_library: ast.expr, value: ast.expr) -> None:
    """A declared field is an attribute of an instance; everything else is the library's."""
    with e.nested_block() as fast:
        e.assign(e.attribute(container, field, ast.Store()), value)
    with e.nested_block() as slow:
        e.evaluate(of_library)
    e.if_(declares(e, container, field), fast, slow)


def _store(e: Emitter, kinds: tuple[str, str], container: ast.expr, key: ast.expr, value: ast.expr) -> None:
    with e.nested_block() as store:
        e.assign(e.subscript(container, key, ast.Store()), value)
    with e.nested_block() as slow:
        e.evaluate(e.call(" set_at", container, key, value))
    with e.nested_block() as fast:
        if kinds[0] in KEYS:
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
    if key_kind == "text" or kind in LISTS or kind in KEYS:
        return served(e, kinds, container, key)
    return keyed(e, key_kind, container, key, " by integer")


@inline("push", least=2, changes=True, quiet=False)
def push(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """Appending values to a list."""
    container, *values = e.operands(node.arguments, twice=True)
    kind = node.arguments[0].kind
    test = is_list(e, container, kind)
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
    whole = all_of(e, test, done)
    return e.deliver(choose_where(e, whole, container, e.call(" push", container, *values)), destination)


def _push_here(
    e: Emitter, kind: str, container: ast.expr, values: list[ast.expr], appended: ast.expr
) -> None:
    """The statement for pushes; a typed list may have to convert the value, and is left to the library."""
    with e.nested_block() as slow:
        e.evaluate(e.call(" push", container, *values))
    if kind == "list":
        e.evaluate(appended)
    elif len(values) == 1:
        _change_here(e, "push", container, values, slow)
    elif kind == "integers":
        e.block.extend(slow)
    else:
        with e.nested_block() as fast:
            e.evaluate(appended)
        e.if_(e.is_of(container, " List"), fast, slow)


def _change_here(
    e: Emitter, name: str, container: ast.expr, values: list[ast.expr], slow: list[ast.stmt]
) -> None:
    """The statement for a change that our containers have as a method (`lispe_push` of lists)."""
    with e.nested_block() as fast:
        e.evaluate(e.call(e.attribute(container, f"lispe_{name}"), *values))
    e.try_(fast, e.name(" Unchanged"), None, slow)


def _made_kind(_kinds: list[str], node: Primitive) -> str:
    return "keyed" if node.inline.name == "dictionaryi" else ""


@inline("dictionaryi", "dictionaryn", kind=_made_kind, least=0, most=0)
def made_dictionary(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """An empty dictionary of integer or number keys."""
    name = " IntegerDictionary" if node.inline.name == "dictionaryi" else " NumberDictionary"
    return e.deliver(e.call(name), destination)


@inline("swap", least=3, most=3, changes=True)
def swap(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """Two elements of a list exchanged; an index that is not there is the library's."""
    container, first, second = e.operands(node.arguments, twice=True)
    kind, *kinds = (part.kind for part in node.arguments)
    one, other = e.function.temporary(), e.function.temporary()
    with e.nested_block() as read:
        e.assign(one, e.subscript(container, first))
        e.assign(other, e.subscript(container, second))
        e.assign(e.subscript(container, first, ast.Store()), e.name(other))
        e.assign(e.subscript(container, second, ast.Store()), e.name(one))
    with e.nested_block() as slow:
        e.evaluate(e.call("swap", container, first, second))
    with e.nested_block() as fast:
        e.try_(read, e.name(" Unfit"), None, slow)
    whole = [
        e.is_of(key, " int") for key, its in zip((first, second), kinds, strict=True) if its not in INTEGERS
    ]
    test = all_of(e, is_growing(e, container, kind), *whole)
    if test is None:
        e.block.extend(fast)
    else:
        e.if_(test, fast, slow)
    return None if destination is EFFECT else e.deliver(container, destination)


def _pop_at(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """The element at an index from the start taken out."""
    container, key = e.operands(node.arguments, twice=True)
    kind, key_kind = two_kinds(node)
    inner, name = e.through(destination)
    with e.nested_block() as fast:
        e.evaluate(e.call(e.attribute(container, "pop"), key))
        if destination is not EFFECT:
            e.deliver(container, inner)
    with e.nested_block() as slow:
        e.deliver(e.call("pop", container, key), inner)
    is_whole = None if key_kind in INTEGERS else e.is_of(key, " int")
    there = e.compare(e.constant(0), [ast.LtE(), ast.Lt()], [key, e.call(" len", container)])
    test = all_of(e, is_growing(e, container, kind), is_whole, there)
    assert test is not None
    e.if_(test, fast, slow)
    return e.result(name)


@inline("poplast", "popfirst", least=1, most=1, changes=True)
@inline("pop", least=1, most=2, changes=True)
def poplast(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """Taking the last or the first element out of a list that is not empty, or the one at an index."""
    if len(node.arguments) == 2:
        return _pop_at(e, node, destination)
    container = e.simple(e.value(node.arguments[0]))
    call = e.call(node.inline.name, container)
    if destination is not EFFECT:
        return e.deliver(call, destination)
    with e.nested_block() as slow:
        e.evaluate(call)
    at = [e.constant(0)] if node.inline.name == "popfirst" else []
    _change_here(e, node.inline.name, container, at, slow)
    return None


@inline("reverse", kind=same_list, least=1, most=1, changes=True)
def reverse(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A list turned round where it is."""
    container = e.simple(e.value(node.arguments[0]))
    turned = e.compare(e.call(e.attribute(container, "reverse")), [ast.Is()], [e.nil()])
    test = all_of(e, is_growing(e, container, node.arguments[0].kind), turned)
    slow = e.call("reverse", container)
    return e.deliver(choose_where(e, test, container, slow), destination)


@inline("list", kind="list")
def made_list(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A list written out."""
    if not node.arguments:
        return e.deliver(e.call(" list"), destination)
    return e.deliver(e.call(" list", e.tuple_(e.operands(node.arguments))), destination)


def _write_put_part(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """A part of a list exchanged for another list by Python, where it lies between two indexes."""
    container, start, end, value = e.operands(node.arguments, twice=True)
    is_list, is_typed = e.is_of(container, " List"), e.is_of(container, " Integers")
    is_known = e.boolean(ast.Or(), [is_list, is_typed])
    alike = e.compare(e.call(" type", value), [ast.Is()], [e.call(" type", container)])
    bounds = zip((start, end), node.arguments[1:3], strict=True)
    whole = [e.is_of(bound, " int") for bound, part in bounds if part.kind not in INTEGERS]
    there = e.compare(e.constant(0), [ast.LtE(), ast.Lt()], [start, end])
    begins = e.compare(start, [ast.Lt()], [e.call(" len", container)])
    inner, name = e.through(destination)
    with e.nested_block() as fast:
        e.assign(e.subscript(container, e.slice_(start, end), ast.Store()), value)
        e.deliver(container, inner)
    with e.nested_block() as slow:
        e.deliver(e.call(" put part", container, start, end, value), inner)
    e.if_(e.boolean(ast.And(), [is_known, alike, *whole, there, begins]), fast, slow)
    return e.result(name)


PUT_PART = Inline(" put part", emit=_write_put_part, quiet=False, changes=True)
