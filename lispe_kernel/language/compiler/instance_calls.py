"""Calls that have to do with instances: `(Class value...)` and `(obj (method a...)...)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.calls import NAMED
from lispe_kernel.language.compiler.destinations import Destination
from lispe_kernel.language.compiler.instances import InstanceScope
from lispe_kernel.language.compiler.registry import NOT_INLINE, special_forms
from lispe_kernel.language.compiler.scopes import python_name
from lispe_kernel.language.forms import LAMBDA, QUOTE, Form, head, is_list
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.instances import Instance

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

SETQ, SETQI = Atom("setq"), Atom("setqi")
# The kind of a value that surely is an instance of some class.
INSTANCE = "instance"


def compile_creation(c: Compiler, cls: Any, form: Form, destination: Destination) -> ast.expr | None:
    """A new instance; argument forms that speak of its methods or fields are evaluated inside it."""
    positional, named = _split(c, cls, form)
    if not any(_speaks_of(cls, argument) for argument in (*positional[1:], *named.values())):
        arguments = c.arguments(positional)
        keywords = {python_name(n): c.simple(c.value(v)) for n, v in named.items()}
        called = c.call(c.name(python_name(cls.__name__)), *arguments, named=keywords)
        return c.deliver(c.known(called, INSTANCE), destination)
    made = c.saved(c.call(" new instance", c.name(python_name(cls.__name__))))
    assert isinstance(made, ast.Name)
    outer, c.instance = c.instance, InstanceScope(made.id, [cls], inside=False)
    given: list[ast.expr] = []
    keywords = {}
    try:
        for index in range(1, len(positional)):
            value = c.saved(c.value(positional[index], positional.spans[index]))
            given.append(value)
            if index <= len(cls.lispe_fields):
                _set(c, made, cls.lispe_fields[index - 1], value)
        for name, item in named.items():
            keywords[python_name(name)] = c.saved(c.value(item))
    finally:
        c.instance = outer
    started = ast.copy_location(ast.Attribute(made, "__init__", ast.Load()), made)
    c.evaluate(c.call(started, *given, named=keywords))
    c.assume(made.id, INSTANCE)
    return c.deliver(made, destination)


def _set(c: Compiler, instance: ast.Name, field: str, value: ast.expr) -> None:
    target = ast.Attribute(instance, python_name(field), ast.Store())
    c.assign(ast.copy_location(target, instance), value)


def _split(c: Compiler, cls: Any, form: Form) -> tuple[Form, dict[str, Any]]:
    """Values by position, and those given as (setqi field value) or (? field value)."""
    items, spans, named = [form[0]], [form.spans[0]], {}
    for item, span in zip(form[1:], form.spans[1:], strict=True):
        name = head(item)
        if name is SETQ:
            raise c.error("Error: Uses 'setqi' instead of 'setq' in a class instantiation", span)
        if name in (SETQI, NAMED) and len(item) == 3 and isinstance(item[1], Atom):
            if item[1].name not in cls.lispe_fields:
                raise c.error(f"Error: the class '{cls.__name__}' has no field '{item[1].name}'", span)
            named[item[1].name] = item[2]
        else:
            items.append(item)
            spans.append(span)
    return Form(items, form.span, spans), named


def _speaks_of(cls: Any, form: Any) -> bool:
    """Whether a call mentions a method or field of the class."""
    if not is_list(form) or not form or form[0] is QUOTE:
        return False
    for index, item in enumerate(form):
        if isinstance(item, Atom):
            if item is SETQI or item.name in (cls.lispe_methods if index == 0 else cls.lispe_fields):
                return True
        elif _speaks_of(cls, item):
            return True
    return False


# -- calls of an instance -----------------------------------------------------------------------------


def instance_call(c: Compiler, form: Form, destination: Destination) -> Any:
    """`(obj (m a...)...)`; NOT_INLINE for a form that cannot be one."""
    found = _classes_of(c, form)
    if found is None:
        return NOT_INLINE
    classes, start, exact = found
    subject = c.simple(c.value(form[0], form.spans[0]))
    if not isinstance(subject, ast.Name):
        subject = c.saved(subject)
    assert isinstance(subject, ast.Name)
    if exact is None and c.kind(subject) == INSTANCE:
        return _inside(c, subject, classes, form, start, destination)
    if exact is not None:
        c.evaluate(c.call(" check class", subject, c.name(python_name(exact.__name__))))
        return _inside(c, subject, classes, form, start, destination)
    inner, name = c.through(destination)
    with c.branch(), c.nested_block() as inside:
        _inside(c, subject, classes, form, start, inner)
    with c.branch(), c.nested_block() as ordinary:
        c.deliver(c.call(subject, *c.arguments(form)), inner)
    c.if_(c.call(" isinstance", subject, c.name(" Instance")), inside, ordinary)
    return c.result(name)


def _inside(
    c: Compiler, subject: ast.Name, classes: list[Any], form: Form, start: int, destination: Destination
) -> ast.expr | None:
    outer, c.instance = c.instance, InstanceScope(subject.id, classes, inside=False)
    try:
        return c.sequence(form, start, destination)
    finally:
        c.instance = outer


def _classes_of(c: Compiler, form: Form) -> tuple[list[Any], int, Any] | None:
    """The classes that the instance may have, where the forms begin, and the class that it must have."""
    if len(form) < 2:
        return None
    if isinstance(form[0], Atom):
        if not _may_hold_instance(c, form[0].name):
            return None
    elif head(form[0]) in _CODE:
        return None
    named = c.known_class(form[1])
    start = 2 if named is not None else 1
    if not all(is_list(item) for item in form[start:]):
        return None
    if named is not None:
        return [named], start, named
    if c.with_class is not None:
        return [c.with_class], start, c.with_class
    heads = {name.name for name in map(head, form[1:]) if name is not None}
    classes = [cls for cls in {**c.context.classes, **c.classes}.values() if heads & cls.lispe_methods]
    is_global = isinstance(form[0], Atom) and form[0].name not in c.bindings
    held = c.context.declared(form[0].name) if is_global else None
    if isinstance(held, Instance) and type(held) not in classes:
        classes.append(type(held))
    return (classes, start, None) if classes else None


# Lists in head position that are code, or surely make a function.
_CODE = frozenset((QUOTE, LAMBDA))


def _may_hold_instance(c: Compiler, name: str) -> bool:
    """Whether a name is a variable: no function, macro, class or instruction."""
    if name in c.bindings or name in c.definite:
        return True
    if name in special_forms or name in c.signatures or c.context.signature(name) is not None:
        return False
    if name in c.macros or name in c.context.macros or name in c.classes or name in c.context.classes:
        return False
    return c.context.defined(name) or c.context.library(name) is None
