"""`sort` and `heap` by a comparator that is written out, or defined under a name that is written.

Where it compares keys, these are computed once for each element; what else one that is written out asks is
written once more as Python's sort wants its answer, so that no call stands between the two. What a name
means is asked when the call runs: the keys are those of the definition that was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lispe_kernel.language.compiler.emit.emitter import Written
from lispe_kernel.language.compiler.inline.mapping import lambda_in_place
from lispe_kernel.language.compiler.inlines import syntax
from lispe_kernel.language.compiler.tree import Node
from lispe_kernel.language.forms import LAMBDA, QUOTE, Form, as_code, head, is_list, mentions
from lispe_kernel.language.made import source_of
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

# What a key of a sort may be made of: functions that change nothing and give the same each time.
_OF_KEYS = frozenset({"car", "cadr", "caddr", "at", "last", "size", "+", "-", "*"})
_ORDERS = frozenset({"<", ">"})
_OPPOSITE = {"<": ">", ">": "<", ">=<": ""}
_IF, _BREAK, _DEFUN = Atom("if"), Atom("break"), Atom("defun")


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


class _Comparing(NamedTuple):
    """A comparator of one form. definition: as data, of one that is given by its name."""

    form: Form
    comparator: _Comparator
    definition: Any

    def by(self, key: Any) -> Node:
        """The function that gives the key of an element."""
        return _function_of(self.comparator.r, [self.comparator.first], key, self.form)

    def read(self) -> list[Node]:
        """For the helper: the definition that the comparator's name must mean when the call runs."""
        r = self.comparator.r
        return [] if self.definition is None else [r.constant(Written(self.definition))]


def _comparing(r: Resolver, form: Any) -> _Comparing | None:
    """A comparator that is written out, or whose name is."""
    definition = _definition(r, form)
    if definition is not None:
        form = Form([LAMBDA, *as_code(definition)[2:]], r.place)
    function = lambda_in_place(r, form, 2)
    if function is None or len(function.form) != 3:
        return None
    first, second = (Atom(text) for text in function.names)
    return _Comparing(function.form, _Comparator(r, first, second), definition)


def _definition(r: Resolver, form: Any) -> Any:
    """The definition, as data, of the function that a name means: in this text, or before it."""
    name = form[1] if is_list(form) and len(form) == 2 and head(form) is QUOTE else form
    if not isinstance(name, Atom) or (name is form and name.name in r.scope):
        return None
    source = r.sources.get(name.name) or source_of(r.declared(name.name))
    return source if source and source[0] is _DEFUN else None


def _function_of(r: Resolver, names: list[Atom], body: Any, comparator: Form) -> Node:
    """A lambda in the place of a comparator."""
    span = comparator.span
    spans = [span, span, comparator.spans[2]]
    return r.node(Form([LAMBDA, Form(names, span), body], span, spans), span)


@syntax("sort")
def read_sort(r: Resolver, form: Form) -> Node | None:
    """A sort by a comparator that compares keys, or is written out."""
    found = _comparing(r, form[1]) if len(form) == 3 else None
    if found is None:
        return None
    question = found.form[2]
    keys = found.comparator.chain(question)
    before = r.node(form[1], form.spans[1])
    if keys is not None:
        ways = r.constant("".join(key.way for key in keys))
        by = r.tuple([found.by(key.form) for key in keys])
        return r.helper(" sort by", before, ways, by, r.node(form[2], form.spans[2]), *found.read())
    if found.definition is not None or mentions(question, _BREAK):
        return None
    span = found.form.spans[2]
    answer = Form([_IF, question, -1, 0], span, [span, span, span, span])
    names = [found.comparator.first, found.comparator.second]
    compare = _function_of(r, names, answer, found.form)
    return r.helper(" sort with", before, compare, r.node(form[2], form.spans[2]))


@syntax("heap")
def read_heap(r: Resolver, form: Form) -> Node | None:
    """A heap by a comparator that answers `(>=< KEY KEY)`: the keys are computed once for each element."""
    found = _comparing(r, form[1]) if len(form) > 1 else None
    key = None if found is None else found.comparator.key(found.form[2], {">=<"})
    if found is None or key is None:
        return None
    order, *values = r.arguments(form)
    return r.helper(" heap", order, found.by(key.form), r.tuple(values), *found.read())
