"""Forms: what the reader makes of text and the compiler takes.

A form is an atom, a constant, or a `Form`: a list that knows where it stands. A quoted form becomes a
plain LispE list by `as_data`; a list made at run time can be compiled as well, it only has no place.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any, TypeGuard

from lispe_kernel.language.errors import NOWHERE, LispeError, Span
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List

# Names of the language that other files look for in forms.
QUOTE = Atom("quote")
LAMBDA = Atom("λ")
# `block` under the name that no variable hides.
BLOCK = Atom("__root__")
DOT = Atom(".")
AT = Atom("at")


class Form(list[Any]):
    """A list of forms with its span and the spans of its elements."""

    __slots__ = ("span", "spans")

    def __init__(
        self, items: Iterable[Any] = (), span: Span = NOWHERE, spans: list[Span] | None = None
    ) -> None:
        super().__init__(items)
        self.span = span
        self.spans = [span] * len(self) if spans is None else spans

    def rest(self, start: int) -> Form:
        """The elements from `start` on, with their places."""
        return Form(self[start:], self.span, self.spans[start:])

    def made(self, *items: Any) -> Form:
        """A new form in the place of this one."""
        return Form(items, self.span)


def as_data(form: Any) -> Any:
    """The plain LispE value of a quoted form: a fresh list at every level, `(a . b)` as a pair."""
    if not isinstance(form, list):
        return form
    if len(form) > 2 and form[-2] is DOT:
        return LinkedList(map(as_data, form[:-2]), as_data(form[-1]))
    return List([as_data(item) if isinstance(item, list) else item for item in form])


def as_code(data: Any, made: dict[int, Form | None] | None = None) -> Any:
    """A value as a form to compile: lists are forms at every level, without a place; shared ones stay shared.

    Raises LispeError for a list that contains itself.
    """
    if not isinstance(data, list):
        return data
    made = {} if made is None else made
    if id(data) in made:
        form = made[id(data)]
        if form is None:
            raise LispeError("Error: eval: a list that contains itself is no form")
        return form
    made[id(data)] = None
    form = made[id(data)] = Form(as_code(item, made) for item in data)
    return form


def head(form: Any) -> Atom | None:
    """The atom at the head of a list form, if there is one."""
    return form[0] if isinstance(form, list) and form and isinstance(form[0], Atom) else None


def is_list(form: Any) -> TypeGuard[Form]:
    return isinstance(form, Form)


def is_table(form: list[Any]) -> bool:
    """`(@ (@ "k" v) ...)`: every argument is written as a pair with a literal string key."""
    return (
        form[0] is AT
        and len(form) > 1
        and all(
            isinstance(pair, list) and len(pair) == 3 and pair[0] is AT and isinstance(pair[1], str)
            for pair in form[1:]
        )
    )


def heads(forms: Iterable[Any]) -> Iterator[str]:
    """The names in head position, at any depth, but not in quoted lists."""
    for form in forms:
        if is_list(form) and form and form[0] is not QUOTE:
            if isinstance(form[0], Atom):
                yield form[0].name
            yield from heads(form)


def mentions(form: Any, atom: Atom) -> bool:
    """Whether an atom stands anywhere in a form."""
    return form is atom or (is_list(form) and any(mentions(item, atom) for item in form))


def targets(form: Any, operators: Container[str]) -> Iterator[str]:
    """The names that forms with these heads, `(operator name value...)`, assign anywhere in a form."""
    if is_list(form):
        for item in form:
            yield from targets(item, operators)
        operator = head(form)
        if (
            len(form) > 2
            and operator is not None
            and operator.name in operators
            and isinstance(form[1], Atom)
        ):
            yield form[1].name


def speaks_of(form: Any, called: Container[str], named: Container[str]) -> bool:
    """Whether a list calls one of some names, or names one of others elsewhere."""
    if not is_list(form) or not form or form[0] is QUOTE:
        return False
    for index, item in enumerate(form):
        if isinstance(item, Atom):
            if item.name in (called if index == 0 else named):
                return True
        elif speaks_of(item, called, named):
            return True
    return False
