"""The heap: elements kept in the order of a comparator that answers -1, 0 or 1.

The elements lie sorted in one list: adding and removing cost a binary search and one move of memory. Where
the comparator compares a key of each element, the keys lie beside them and are computed once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lispe_kernel.language.printer import register_kind, write_elements
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.atoms import never_ordered
from lispe_kernel.language.values.equality import equal, equal_lists
from lispe_kernel.language.values.positions import has_elements, position


class Heap:
    """LispE's `heap`. `order(a, b)` is negative when `a` comes before `b`; equal elements are all kept."""

    __slots__ = ("_items", "_key", "_keys", "comparator", "natural", "order")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        order: Callable[[Any, Any], Any],
        items: Iterable[Any] = (),
        comparator: Any = None,
        *,
        natural: bool = False,
        key: Callable[[Any], Any] | None = None,
    ):
        self.order = order
        # Whether the order is that of `<`.
        self.natural = natural
        self.comparator = comparator
        self._items: list[Any] = []
        self._key = key
        # The keys of the elements; None when the comparator must be asked.
        self._keys: list[Any] | None = None if key is None else []
        for item in items:
            self.add(item)

    def _key_of(self, value: Any) -> Any:
        """The key of a value, if Python orders it among the others as `>=<` does; else None."""
        assert self._key is not None
        assert self._keys is not None
        try:
            key = self._key(value)
        except Exception:
            return None  # the comparator says what is wrong
        kind = type(key)
        if kind is not str and kind is not int and (kind is not float or key != key):
            return None
        return key if not self._keys or (type(self._keys[0]) is str) is (kind is str) else None

    def _place(self, value: Any) -> int:
        """Where a value belongs: after the elements that are equal to it."""
        if self._keys is not None:
            key = self._key_of(value)
            if key is not None:
                return bisect_right(self._keys, key)
        if self.natural:
            try:
                return bisect_right(self._items, value)
            except TypeError:
                pass  # what cannot be ordered is for the comparator to refuse
        low, high = 0, len(self._items)
        while low < high:
            middle = (low + high) // 2
            if self.order(value, self._items[middle]) < 0:
                high = middle
            else:
                low = middle + 1
        return low

    def add(self, value: Any) -> None:
        if self.natural:
            items = self._items
            try:
                items.insert(bisect_right(items, value), value)
                return
            except TypeError:
                pass  # what cannot be ordered is for the comparator to refuse
        if self._keys is not None:
            key = self._key_of(value)
            if key is not None:
                place = bisect_right(self._keys, key)
                self._keys.insert(place, key)
                self._items.insert(place, value)
                return
            self._keys = None
        self._items.insert(self._place(value), value)

    def _find(self, value: Any) -> int | None:
        """Where an equal element lies: among those that the comparator places beside the value."""
        at = self._place(value) - 1
        while at >= 0 and self.order(value, self._items[at]) == 0:
            if equal(self._items[at], value):
                return at
            at -= 1
        return None

    def remove(self, value: Any) -> bool:
        """Take out one element that is equal to a value; whether there was one."""
        at = self._find(value)
        if at is None:
            return False
        self.pop(at)
        return True

    def __contains__(self, value: Any) -> bool:
        return self._find(value) is not None

    def pop(self, index: int = -1) -> Any:
        if self._keys:
            self._keys.pop(index)
        return self._items.pop(index)

    def lispe_push(self, value: Any) -> None:
        """As that of `List`; where the comparator is asked, it must not be asked once more after an error."""
        if not self.natural and self._keys is None:
            raise TypeError
        self.add(value)

    lispe_poplast = lispe_popfirst = pop

    def clear(self) -> None:
        self._items.clear()
        self._keys = None if self._key is None else []

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._items))

    def __getitem__(self, index: int) -> Any:
        return self._items[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Heap) and equal_lists(self._items, other._items)

    def copy(self) -> Heap:
        made = Heap(self.order, (), self.comparator, natural=self.natural, key=self._key)
        made._items = list(self._items)
        made._keys = None if self._keys is None else list(self._keys)
        return made


def _push(heap: Heap, added: tuple[Any, ...]) -> Heap:
    for value in added:
        heap.add(value)
    return heap


register_kind(Heap, "heap_", write_elements, nests=True)
register_answers(
    Heap,
    Answers(
        element=lambda heap, key: heap[position(key, len(heap))],
        push=_push,
        size=lambda heap: len(heap._items),
        car=lambda heap: heap._items[0] if heap._items else None,
        iterate=iter,
        items=list,
        flatten=list,
        equal=Heap.__eq__,
        copy=Heap.copy,
        truth=has_elements,
    ),
)


never_ordered(Heap)
