"""Rewriting before compiling: forms to forms, so that every place of the compiler sees what is meant.

It takes a form as the reader, a program or a macro made it, and gives a form that says the same without
composition and under the current name of `data@`: `(f a . g b)` is `(f a (g b))`, in lambda bodies, clauses
and bindings as anywhere in code. It promises to leave alone what is no code: quoted data (`'(a . b)` is a
pair), patterns, the constants of a `switch`, a `defmacro`, and the arguments of a macro, whose expansion
comes here in its turn. What is unchanged is the same object; places are kept. It never looks at a
variable's value or scope.
"""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.forms import DOT, QUOTE, Form, head, is_list
from lispe_kernel.language.special_forms import is_definition, special_forms
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


# The older name of `data@`; no reserved word, since many variables have it.
_DATA, _DATA_NOW = Atom("data"), Atom("data@")


def expanded(r: Resolver, form: Any, names: Container[str] = (DOT.name,)) -> Any:
    """The form with every composition in it written out. `names`: those that stand in it, if known."""
    if head(form) is _DATA and not r.user_defined(_DATA.name) and all(map(_is_description, form[1:])):
        form = Form([_DATA_NOW, *form[1:]], form.span, form.spans)
    return _code(r, form) if DOT.name in names and _is_composed(form) else form


def _is_description(form: Any) -> bool:
    """Whether a form may describe a record: `[Name slot...]`."""
    return head(form) is not None and form[0] is not QUOTE


def _is_composed(form: Any) -> bool:
    """Whether a dot stands anywhere in a form; few forms have one."""
    pending = [form]
    while pending:
        item = pending.pop()
        if is_list(item):
            if DOT in item[1:]:
                return True
            pending.extend(item)
    return False


def _code(r: Resolver, form: Any) -> Any:
    if not is_list(form) or not form:
        return form
    name = head(form)
    if name is not None and (name is QUOTE or name.name in r.macros or name.name in r.context.macros):
        return form
    if is_definition(form, "macro"):
        return form
    placed = _composed(r, form) if DOT in form[1:] else form
    special = special_forms.get(name.name) if name is not None else None
    items = list(placed)
    for index, item in enumerate(placed):
        data = special.rule.data_at(index) if special is not None else ""
        if data != "whole":
            items[index] = _clause(r, item) if data else _code(r, item)
    return Form(items, placed.span, placed.spans)


def _clause(r: Resolver, form: Any) -> Any:
    """A list whose first element is data."""
    if not is_list(form) or not form:
        return form
    placed = _composed(r, form) if DOT in form[1:] else form
    items = [placed[0], *(_code(r, item) for item in placed[1:])]
    return Form(items, placed.span, placed.spans)


def _composed(r: Resolver, form: Form) -> Form:
    """`(f a . g b)` as `(f a (g b))`; several dots nest to the right."""
    at = form.index(DOT, 1)
    following = form.rest(at + 1)
    if not following or following[0] is DOT:
        raise r.error("Error: two '.' in a row. Composition is impossible", form.spans[at])
    inner = _composed(r, following) if DOT in following[1:] else following
    return Form([*form[:at], inner], form.span, [*form.spans[:at], form.span])
