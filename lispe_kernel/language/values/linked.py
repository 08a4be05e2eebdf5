"""Linked lists: LispE's `llist`, quick at both ends, and the pairs `(a . b)`.

`tail` is what stands after the last point of a pair. `loops_to` is the index of the element to which the
last one is linked, for a list that was linked to itself; None in every ordinary list.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import Show, register_kind
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.equality import equal_lists
from lispe_kernel.language.values.lists import List, deep_copy
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.positions import first_element, position
from lispe_kernel.language.values.typed.lists import TypedList


class LinkedList(deque[Any]):
    """LispE's `llist`. `append` and `pop` work at the end; LispE's `push` and `pop` use the front."""

    __slots__ = ("loops_to", "tail")
    __hash__ = None

    def __init__(self, items: Iterable[Any] = (), tail: Any = None) -> None:
        super().__init__(items)
        self.tail = tail
        self.loops_to: int | None = None

    def __getitem__(self, key: Any) -> Any:
        if type(key) is slice:
            start, end, step = key.indices(len(self))
            return LinkedList(islice(self, start, end, step) if step > 0 else list(self)[key])
        return super().__getitem__(key)

    def copy(self) -> LinkedList:
        made = LinkedList(self, self.tail)
        made.loops_to = self.loops_to
        return made

    __copy__ = copy

    # As those of `List`.
    lispe_push = deque.appendleft

    def lispe_popfirst(self, _first: int = 0) -> None:
        if self.loops_to is not None:
            raise TypeError
        self.popleft()

    lispe_pop = lispe_popfirst

    def link(self, other: Any) -> None:
        """Put the elements of a container at the end; a list linked to itself becomes a cycle."""
        if other is self:
            self.loops_to = 0 if self else None
        elif self.loops_to is not None:
            raise LispeError("Error: extend: nothing can be added to the end of a list with a cycle")
        else:
            self.extend(other)

    def turns(self) -> Iterator[Any]:
        """The elements as a walk along the links meets them: without an end in a cycle."""
        yield from self
        while self.loops_to is not None:
            yield from islice(self, self.loops_to, None)


def _write(value: LinkedList, show: Show) -> str:
    parts = list(map(show, value))
    if value.loops_to is not None:
        parts.append("...")
    elif value.tail is not None:
        parts += [".", show(value.tail)]
    return "(" + " ".join(parts) + ")"


def _element(value: LinkedList, key: Any) -> Any:
    return value[position(key, len(value))]


def _put(value: LinkedList, key: Any, stored: Any) -> None:
    if isinstance(key, int) and key >= len(value):
        value.append(stored)
    else:
        value[position(key, len(value))] = stored


def _push(value: LinkedList, added: tuple[Any, ...]) -> LinkedList:
    value.extendleft(added)
    return value


def _rest(value: LinkedList) -> Any:
    if len(value) == 1 and value.tail is not None:
        return value.tail
    made = LinkedList(value[1:], value.tail)
    if value.loops_to is not None:
        made.append(value[0])
        made.loops_to = value.loops_to
    return made


_SEQUENCES = (list, TypedList, LinkedList, Matrix)


def _equal(a: LinkedList, b: Any) -> bool:
    if not len(a):
        return b is None or (isinstance(b, _SEQUENCES) and not len(b))
    return isinstance(b, _SEQUENCES) and equal_lists(a, b)


def _copy(value: LinkedList) -> LinkedList:
    made = LinkedList(map(deep_copy, value), deep_copy(value.tail))
    made.loops_to = value.loops_to
    return made


def operate(op: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """An operator with a linked list on one side; the result is linked when the first operand is."""
    left, right = (List(side) if isinstance(side, LinkedList) else side for side in (a, b))
    result = op(left, right)
    return (
        LinkedList(result) if isinstance(a, LinkedList) or not isinstance(b, (LinkedList, list)) else result
    )


register_kind(LinkedList, "llist_", _write, nests=True)
register_answers(
    LinkedList,
    Answers(
        element=_element,
        put=_put,
        push=_push,
        size=len,
        car=first_element,
        cdr=_rest,
        iterate=lambda value: value.turns() if value.loops_to is not None else list(value),
        items=list,
        flatten=list,
        equal=_equal,
        operate=operate,
        copy=_copy,
    ),
)
