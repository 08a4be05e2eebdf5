"""Dictionaries: Python dicts whose keys are texts, integers or numbers.

A key of another type is converted when it is looked up or stored, as in LispE; the fast path (a key of
the right type) is Python's own subscript. Insertion order is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lispe_kernel.language.errors import MissingKeyError
from lispe_kernel.language.printer import register_kind, show, to_text, write_pairs
from lispe_kernel.language.protocols import Answers, all_among, register_answers
from lispe_kernel.language.values.equality import both_empty, equal_dictionaries
from lispe_kernel.language.values.lists import SCALARS, deep_copy
from lispe_kernel.language.values.numerals import scalar, whole
from lispe_kernel.language.values.positions import inherit_making, inherit_subscript, out_of_bounds


@inherit_making
@inherit_subscript
class Dictionary(dict[Any, Any]):
    """LispE's `dictionary`: text keys."""

    __slots__ = ()
    __hash__ = None

    @staticmethod
    def key(value: Any) -> Any:
        """The value as a key of this kind of dictionary."""
        if type(value) is str:
            return value
        return to_text(value)

    def __missing__(self, key: Any) -> Any:
        converted = self.key(key)
        if type(converted) is not type(key) and converted in self:
            return self[converted]
        raise MissingKeyError(f"Error: index out of bounds: the dictionary has no key {show(key)}")

    def store(self, key: Any, value: Any) -> None:
        """Store under the converted key."""
        self[self.key(key)] = value

    def copy(self) -> Dictionary:
        return type(self)(self)


@inherit_making
@inherit_subscript
class IntegerDictionary(Dictionary):
    """LispE's `dictionaryi`: integer keys."""

    __slots__ = ()

    @staticmethod
    def key(value: Any) -> Any:
        return value if type(value) is int else whole(value, "dictionaryi")


@inherit_making
@inherit_subscript
class NumberDictionary(Dictionary):
    """LispE's `dictionaryn`: number keys."""

    __slots__ = ()

    @staticmethod
    def key(value: Any) -> Any:
        if type(value) is float:
            return value
        return float(scalar(value, "dictionaryn"))


class _Sorted(Dictionary):
    """A dictionary whose keys are gone through in their order."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__()))

    def __reversed__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__(), reverse=True))

    def keys(self) -> Any:
        return list(self)

    def values(self) -> Any:
        return [self[key] for key in self]

    def items(self) -> Any:
        return [(key, self[key]) for key in self]


class TextTree(_Sorted):
    """LispE's `dictionarytree`: text keys, sorted by code points."""

    __slots__ = ()


class IntegerTree(_Sorted):
    """LispE's `dictionarytreei`: integer keys, sorted."""

    __slots__ = ()
    key = staticmethod(IntegerDictionary.key)


class NumberTree(_Sorted):
    """LispE's `dictionarytreen`: number keys, sorted."""

    __slots__ = ()
    key = staticmethod(NumberDictionary.key)


def _element(pairs: Dictionary, key: Any) -> Any:
    try:
        return pairs[key]
    except TypeError:  # a container as key: its text, where keys are texts
        return pairs[pairs.key(key)]


def _element_of_dict(pairs: dict[Any, Any], key: Any) -> Any:
    try:
        return pairs[key]
    except (KeyError, TypeError):
        raise out_of_bounds(pairs, key) from None


def _copy(pairs: dict[Any, Any]) -> dict[Any, Any]:
    copied = pairs.copy()
    if all_among(SCALARS, copied.values()):
        return copied
    for key, item in copied.items():
        if type(item) not in SCALARS:
            copied[key] = deep_copy(item)
    return copied


_ANSWERS = Answers(size=len, iterate=list, equal=equal_dictionaries, same=both_empty, copy=_copy)

register_answers(dict, replace(_ANSWERS, element=_element_of_dict))
register_answers(Dictionary, replace(_ANSWERS, element=_element, put=Dictionary.store))

for _cls, _atom in (
    (Dictionary, "dictionary_"),
    (IntegerDictionary, "dictionary_i_"),
    (NumberDictionary, "dictionary_n_"),
    (TextTree, "dictionarytree_"),
    (IntegerTree, "dictionarytree_i_"),
    (NumberTree, "dictionarytree_n_"),
):
    register_kind(_cls, _atom, write_pairs, nests=True)
