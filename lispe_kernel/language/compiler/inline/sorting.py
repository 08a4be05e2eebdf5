"""`sort` and `heap` by a comparator that is written out.

Where it compares keys, these are computed once for each element; what else it asks is written once more as
Python's sort wants its answer, so that no call stands between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lispe_kernel.language.compiler.inline.mapping import lambda_in_place
from lispe_kernel.language.compiler.inlines import syntax
from lispe_kernel.language.compiler.tree import Node
from lispe_kernel.language.forms import LAMBDA, QUOTE, Form, head, is_list, mentions
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

# What a key of a sort may be made of: functions that change nothing and give the same each time.
_OF_KEYS = frozenset({"car", "cadr", "caddr", "at", "last", "size", "+", "-", "*"})
_ORDERS = frozenset({"<", ">"})
_OPPOSITE = {"<": ">", ">": "<", ">=<": ""}
_IF, _BREAK = Atom("if"), Atom("break")


class Key(NamedTuple):
    """A key as a form of the comparator's first parameter, and the comparison of two elements by it."""

    form: Any
    way: str


class _Comparator:
    """A comparator of two parameters as keys, each of which decides where those before it are equal."""

    def __init__(self, r: Resolver, first: Atom, second: Atom) -> None:
        self.r = r
        self.first, self.second = first, second

    def chain(self, question: Any) -> list[Key] | None:
        """`(< KEY KEY)`, `(if (= KEY KEY) CHAIN (< KEY KEY))`, `(or (< KEY KEY) (and (= KEY KEY) CHAIN))`."""
        key = self.key(question, _ORDERS)
        if key is not None:
            return [key]
        match question:
            case [Atom(name="if"), equal, then, otherwise]:
                return self._one_by_one(otherwise, equal, then)
            case [Atom(name="or"), before, [Atom(name="and"), equal, then]]:
                return self._one_by_one(before, equal, then)
        return None

    def _one_by_one(self, before: Any, equal: Any, then: Any) -> list[Key] | None:
        first, same = self.key(before, _ORDERS), self.key(equal, {"="})
        if first is None or same is None or same.form != first.form:
            return None
        others = self.chain(then)
        return None if others is None else [first, *others]

    def key(self, question: Any, names: frozenset[str] | set[str]) -> Key | None:
        """The key by which two elements are compared by a function of one of some names."""
        name = head(question)
        if name is None or name.name not in names or len(question) != 3 or self.r.user_defined(name.name):
            return None
        kept, other, way = self.first, self.second, name.name
        if not self._is_key(question[1], kept):
            kept, other, way = other, kept, _OPPOSITE.get(way, way)
        if not way or not self._is_key(question[1], kept):
            return None
        if question[2] != _renamed(question[1], kept, other):
            return None
        # Of the first parameter, whichever stood first.
        return Key(question[1] if kept is self.first else question[2], way)

    def _is_key(self, form: Any, parameter: Atom) -> bool:
        """Whether a form is computed of the parameter and constants alone, by functions of `_OF_KEYS`."""
        if isinstance(form, Atom):
            return form is parameter
        if not is_list(form):
            return True
        name = head(form)
        if name is QUOTE:
            return True
        r = self.r
        if name is None or name.name not in _OF_KEYS or r.user_defined(name.name) or name.name in r.scope:
            return False
        return len(form) > 1 and all(self._is_key(part, parameter) for part in form[1:])


def _renamed(form: Any, kept: Atom, other: Atom) -> Any:
    """A key with the comparator's other parameter."""
    if is_list(form) and head(form) is not QUOTE:
        return [_renamed(part, kept, other) for part in form]
    return other if form is kept else form


def _written(r: Resolver, form: Any) -> tuple[Form, _Comparator] | None:
    """A comparator of one form that is written out."""
    function = lambda_in_place(r, form, 2)
    if function is None or len(function.form) != 3:
        return None
    first, second = (Atom(text) for text in function.names)
    return function.form, _Comparator(r, first, second)


def _function_of(r: Resolver, names: list[Atom], body: Any, comparator: Form) -> Node:
    """A lambda in the place of a comparator."""
    span = comparator.span
    spans = [span, span, comparator.spans[2]]
    return r.node(Form([LAMBDA, Form(names, span), body], span, spans), span)


@syntax("sort")
def read_sort(r: Resolver, form: Form) -> Node | None:
    """A sort by a comparator that is written out."""
    found = _written(r, form[1]) if len(form) == 3 else None
    if found is None:
        return None
    written, comparator = found
    keys = comparator.chain(written[2])
    first, second = comparator.first, comparator.second
    before = r.node(form[1], form.spans[1])
    if keys is not None:
        by = [_function_of(r, [first], key.form, written) for key in keys]
        ways = r.constant("".join(key.way for key in keys))
        return r.helper(" sort by", before, ways, *by, r.node(form[2], form.spans[2]))
    if mentions(written[2], _BREAK):
        return None
    span = written.spans[2]
    answer = Form([_IF, written[2], -1, 0], span, [span, span, span, span])
    compare = _function_of(r, [first, second], answer, written)
    return r.helper(" sort with", before, compare, r.node(form[2], form.spans[2]))


@syntax("heap")
def read_heap(r: Resolver, form: Form) -> Node | None:
    """A heap by a comparator `(λ (a b) (>=< KEY KEY))`, whose keys can be computed once for each element."""
    found = _written(r, form[1]) if len(form) > 1 else None
    if found is None:
        return None
    written, comparator = found
    key = comparator.key(written[2], {">=<"})
    if key is None:
        return None
    by = _function_of(r, [comparator.first], key.form, written)
    order, *values = r.arguments(form)
    return r.helper(" heap", order, by, *values)
