"""Values that are as they were: containers that hold nothing but what never changes and each other.

They are compared with what they held at one go, by the identity of what is in them. So a cell costs a look at
each, not a walk. What of them nothing reaches any more is let go.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from operator import is_
from typing import Any

from lispe_kernel.sittings.kinds import list_holds, pairs_hold
from lispe_kernel.sittings.writing import Item, leading_to, reached

# The kinds of containers that are compared at one go: what is in them is asked by these.
FLAT = (list_holds, pairs_hold)
_FEW, _SHORT = 20, 200


class Standing:
    """Such values with their items."""

    def __init__(self) -> None:
        # By the places of the values, which are held here: no other value comes to lie there.
        self.items: dict[int, Item] = {}
        self._values: dict[int, Any] = {}
        # Those to which items lead that do not stand.
        self._led_to: set[int] = set()
        # How many may be reached by nothing.
        self._waiting = 0
        self._sort()

    def _sort(self) -> None:
        self._lists: list[Any] = []
        self._lists_held: list[Any] = []
        self._pairs: list[Any] = []
        self._pairs_held: list[Any] = []
        self._others: list[tuple[Item, Any]] = []
        for key, item in self.items.items():
            self._add(item, self._values[key])

    def _add(self, item: Item, value: Any) -> None:
        if item.holds is list_holds:
            self._lists.append(value)
            self._lists_held.append(item.held)
        elif item.holds is pairs_hold:
            self._pairs.append(value)
            self._pairs_held.append(item.held)
        else:
            self._others.append((item, value))

    def take_in(self, met: list[Item]) -> bool:
        """Take in those of the items of a graph that can stand; the others leave `items`.

        Whether the others lead to other items than those of the last time did.
        """
        fleeting = [item for item in met if item.held is None or item.problem or item.parts]
        going = leading_to(met, fleeting)
        gone = set(map(id, going))
        for item in met:
            key = id(item.value)
            if id(item) in gone:
                del self.items[key]
            else:
                self._values[key] = item.value
                self._add(item, item.value)
        before = self._led_to
        self._led_to = {id(each) for item in going for each in item.refs if id(each) not in gone}
        return not before <= self._led_to

    def changed(self) -> list[Item]:
        """The items of the values that do not hold what they held."""
        if (
            [*map(list.__len__, self._lists)] == [*map(len, self._lists_held)]
            and all(map(is_, _all(map(list.__iter__, self._lists)), _all(self._lists_held)))
            and [2 * len(pairs) for pairs in map(dict.keys, self._pairs)] == [*map(len, self._pairs_held)]
            and all(map(is_, _all(_all(map(dict.items, self._pairs))), _all(self._pairs_held)))
            and all(_is_as_it_was(item, value) for item, value in self._others)
        ):
            return []
        return [item for key, item in self.items.items() if not _is_as_it_was(item, self._values[key])]

    def drop(self, ends: list[Item]) -> list[Item]:
        """Let go of some items and of all that lead to them; which these are."""
        found = leading_to(self.items.values(), ends)
        self._leave_out(set(map(id, found)))
        return found

    def keep(self, tops: Iterable[Any]) -> None:
        """Let go of what none of these reaches."""
        self._waiting = 0
        wanted = set(map(id, reached(tops)))
        self._leave_out({id(item) for item in self.items.values() if id(item) not in wanted})

    def is_worth_a_search(self, value: Any) -> bool:
        """Whether it is time to let go of what nothing reaches, since a name has this value no more.

        A few short ones may wait for the next time: they cost less than the search.
        """
        item = self.items.get(id(value))
        if item is None:
            return False
        self._waiting += 1
        return self._waiting > _FEW or len(item.held or ()) > _SHORT or bool(item.refs)

    def _leave_out(self, gone: set[int]) -> None:
        if gone:
            self.items = {key: item for key, item in self.items.items() if id(item) not in gone}
            self._values = {key: self._values[key] for key in self.items}
            self._sort()


_all = chain.from_iterable


def _is_as_it_was(item: Item, value: Any) -> bool:
    held = item.holds(value) if item.holds is not None else None
    if held is None or item.held is None or len(held) != len(item.held):
        return False
    return all(map(is_, held, item.held)) or (
        # The bytes of an array, which are made anew each time.
        len(held) == 1 and type(held[0]) is bytes and held == item.held
    )
