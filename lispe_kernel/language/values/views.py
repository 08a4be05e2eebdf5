"""What `cdr` of a list gives: the same elements from a later start, without a copy.

A view looks into the storage of the list it came from: what is stored or appended through either is seen by
both, and a recursion over `car` and `cdr` costs constant time a step. Python's own list code never looks
into the inherited storage, which stays empty: every method that would is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from lispe_kernel.language.printer import register_kind, write_elements
from lispe_kernel.language.protocols import answers_of, extend_answers, register_answers
from lispe_kernel.language.values.lists import List, sub


class View(List):
    """The elements of a list from a start on. Taking things out makes the view a list of its own."""

    __slots__ = ("base", "start")
    __hash__ = None

    def __init__(self, items: Iterable[Any] = (), start: int = 0) -> None:
        super().__init__()
        self.base: list[Any] = items if type(items) is List else List(items)
        self.start = start

    def first(self) -> Any:
        """The first element, nil when there is none."""
        try:
            return self.base[self.start]
        except IndexError:
            return None

    def _detach(self) -> list[Any]:
        """The elements in a list of this view's own, for operations that would move the other elements."""
        if self.start:
            self.base, self.start = List(self.base[self.start :]), 0
        return self.base

    def __reduce_ex__(self, protocol: Any) -> Any:
        # Python would copy the storage, and then add what iterating gives.
        return List, (list(self),)

    def __len__(self) -> int:
        size = len(self.base) - self.start
        return size if size > 0 else 0

    def __iter__(self) -> Iterator[Any]:
        return islice(self.base, self.start, None)

    def __reversed__(self) -> Iterator[Any]:
        return iter(self.base[: self.start - 1 if self.start else None : -1])

    def __getitem__(self, key: Any) -> Any:
        if type(key) is slice:
            return self.base[self.start :][key]
        return self.base[self._position(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is slice:
            self._detach()[key] = value
        else:
            self.base[self._position(key)] = value

    def __delitem__(self, key: Any) -> None:
        del self._detach()[key]

    def _position(self, key: int) -> int:
        position = key + self.start if key >= 0 else key + len(self.base)
        if position < self.start:
            raise IndexError(key)
        return position

    def __contains__(self, value: object) -> bool:
        return value in islice(self.base, self.start, None)

    def __eq__(self, other: object) -> bool:
        mine: list[Any] = self.base[self.start :]
        return mine == (other.base[other.start :] if isinstance(other, View) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    # Lists are ordered among themselves; what else can be gone through may have no end.
    def __lt__(self, other: Any) -> bool:
        return list(self) < list(other) if isinstance(other, list) else NotImplemented

    def __le__(self, other: Any) -> bool:
        return list(self) <= list(other) if isinstance(other, list) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        return list(self) > list(other) if isinstance(other, list) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return list(self) >= list(other) if isinstance(other, list) else NotImplemented

    def append(self, value: Any) -> None:
        self.base.append(value)

    lispe_push = append

    def extend(self, values: Iterable[Any]) -> None:
        self.base.extend(values)

    def insert(self, index: Any, value: Any) -> None:
        self._detach().insert(index, value)

    def pop(self, index: Any = -1) -> Any:
        return self._detach().pop(index)

    def remove(self, value: Any) -> None:
        self._detach().remove(value)

    def clear(self) -> None:
        self.base, self.start = List(), 0

    def reverse(self) -> None:
        self.base[self.start :] = self.base[: self.start - 1 if self.start else None : -1]

    def sort(self, **how: Any) -> None:
        self.base[self.start :] = sorted(self.base[self.start :], **how)

    def index(self, value: Any, *bounds: Any) -> int:
        return self.base[self.start :].index(value, *bounds)

    def count(self, value: Any) -> int:
        return self.base[self.start :].count(value)

    def copy(self) -> List:
        return List(self.base[self.start :])


def rest_of(items: List) -> List:
    """`(cdr items)` of a generic list: a view one element later."""
    made = View.__new__(View)
    if type(items) is View:
        made.base, made.start = items.base, items.start + (items.start < len(items.base))
    else:
        made.base, made.start = items, 1 if items else 0
    return made


def _rest_in_kind(items: List) -> List:
    """A view of a generic list; of the other kinds of lists a list of the same kind."""
    return rest_of(items) if type(items) is List else sub(items, 1)


register_kind(View, "list_", write_elements, nests=True)
extend_answers(List, cdr=_rest_in_kind)
register_answers(View, replace(answers_of(List()), car=View.first, cdr=rest_of))
