"""Linked lists: LispE's `llist`, quick at both ends, and the pairs `(a . b)`.

`tail` is what stands after the last point of a pair. `loops_to` is the index of the element to which the
last one is linked, for a list that was linked to itself; None in every ordinary list.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from lispe_kernel.language.errors import LispeError


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

    def lispe_copy(self) -> LinkedList:
        from lispe_kernel.language.values.lists import deep_copy

        made = LinkedList(map(deep_copy, self), deep_copy(self.tail))
        made.loops_to = self.loops_to
        return made

    def lispe_push(self, value: Any) -> None:
        self.appendleft(value)

    def link(self, other: Any) -> None:
        """Put the elements of a container at the end; a list linked to itself becomes a cycle."""
        if other is self:
            self.loops_to = 0 if self else None
        elif self.loops_to is not None:
            raise LispeError("Error: extend: nothing can be added to the end of a list with a cycle")
        else:
            self.extend(other)

    @property
    def lispe_items(self) -> list[Any]:
        """The elements once, for the functions that fold or compare a container."""
        return list(self)

    def turns(self) -> Iterator[Any]:
        """The elements as a walk along the links meets them: without an end in a cycle."""
        yield from self
        while self.loops_to is not None:
            yield from islice(self, self.loops_to, None)
