"""The names whose values forms ask for: what the grammars say that a form binds, sets or quotes is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lispe_kernel.language.forms import QUOTE, Form, head, is_list
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.special_forms.grammar import Grammar
from lispe_kernel.language.values.atoms import Atom


def free_names(forms: Iterable[Any], bound: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names in some forms that get their meaning around them, those in head position included.

    It may give a name too many, as that of a variable that the forms set before they read it; never too few.
    """
    for form in forms:
        if isinstance(form, Atom):
            if form.name not in bound:
                yield form.name
        elif is_list(form) and form and form[0] is not QUOTE:
            name = head(form)
            special = special_forms.get(name.name) if name is not None else None
            if special is None:
                yield from free_names(form, bound)
            else:
                yield from _inside(special.rule, form, bound, free_names)


def called_names(forms: Iterable[Any], bound: frozenset[str] = frozenset()) -> Iterator[str]:
    """Those of them that are called: a clause `(x y)` of `cond` is no call of x."""
    for form in forms:
        if not is_list(form) or not form or form[0] is QUOTE:
            continue
        name = head(form)
        special = special_forms.get(name.name) if name is not None else None
        if special is not None:
            yield from _inside(special.rule, form, bound, called_names)
            continue
        if name is not None and name.name not in bound:
            yield name.name
        yield from called_names(form, bound)


Walk = Callable[[Iterable[Any], frozenset[str]], Iterator[str]]


def _inside(rule: Grammar, form: Form, bound: frozenset[str], walk: Walk) -> Iterator[str]:
    """Those in a special form, each part of which `walk` goes through."""
    inner = bound.union(_names_bound(rule, form))
    for index, item in enumerate(form[1:], 1):
        data = rule.data_at(index)
        if data == "whole" or (isinstance(item, Atom) and {(index, False)} & (rule.bound | rule.assigned)):
            continue
        if not is_list(item) or not rule.is_list_at(index):
            yield from walk((item,), inner)
        elif (index, True) in rule.bound:  # first values: (name value)
            yield from walk((part for pair in item if is_list(pair) for part in pair[1:]), bound)
        else:
            yield from walk(item[1:] if data else item, inner)


def _names_bound(rule: Grammar, form: Form) -> Iterator[str]:
    for index, within in rule.bound:
        if index < len(form):
            items = form[index] if within and is_list(form[index]) else form[index : index + 1]
            yield from (
                name.name for item in items if (name := item if isinstance(item, Atom) else head(item))
            )
