"""Values that are as they were: what holds nothing but what never changes, and each other.

They are compared with what they held at one go, by the identity of what is in them; tensors, modules and
optimizers also by what else they are made of (the bytes of a tensor are read elsewhere). So a cell costs a
look at each, not a walk. What of them nothing reaches any more is let go. Nothing here keeps the memory of a
tensor: it and all that leads to it are known by weak references from one look to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, repeat
from operator import is_
from typing import Any
from weakref import ref

from lispe_kernel.sittings.kinds import list_holds, pairs_hold
from lispe_kernel.sittings.writing import ODD, Item, held_by, leading_to, reached

# The kinds of containers that are compared at one go: what is in them is asked by these.
FLAT = (list_holds, pairs_hold)
_FEW, _SHORT = 20, 200


@dataclass(slots=True)
class _Heavy:
    """A value that is not kept alive: the places of what it held, and those of these that are kept."""

    value: ref[Any]
    item: Item
    places: list[int]
    kept: list[Any]

    @classmethod
    def of(cls, item: Item) -> _Heavy:
        return cls(ref(item.value), item, [*map(id, item.held or ())], [])

    def is_as_it_was(self, value: Any) -> bool:
        """Whether a value that is still there is made of the same."""
        try:
            if self.item.ask is not None:
                return bool(self.item.ask([value])[0] == self.item.facts)
            held, _ = held_by(self.item, value)
            return held is not None and [*map(id, held)] == self.places
        except ODD:
            return False


class _Kin:
    """Heavy values that are asked the same, at one go."""

    def __init__(self, heavy: list[_Heavy]) -> None:
        item = heavy[0].item
        self._ask, self._owners = item.ask, item.owners
        self._heavy = heavy
        self._refs = [each.value for each in heavy]
        self._facts = [each.item.facts for each in heavy]

    def changed(self, alive: list[Any]) -> list[Item]:
        """The items of those that are not as they were, or are no more; the others come to `alive`."""
        values, facts, heavy = [value() for value in self._refs], self._facts, self._heavy
        if any(map(is_, values, repeat(None))):
            there = [n for n, value in enumerate(values) if value is not None]
            values, facts, heavy = (
                [values[n] for n in there],
                [facts[n] for n in there],
                [heavy[n] for n in there],
            )
        if self._facts_of(values) != facts:
            standing = [n for n, each in enumerate(values) if heavy[n].is_as_it_was(each)]
            values, heavy = [values[n] for n in standing], [heavy[n] for n in standing]
        alive += values
        if self._owners is not None:
            # The memory stays while it is read.
            for owner, each in zip(self._owners(values), heavy, strict=True):
                each.item.parts[0].owner = owner
        if len(values) == len(self._refs):
            return []
        left = set(map(id, heavy))
        return [each.item for each in self._heavy if id(each) not in left]

    def _facts_of(self, values: list[Any]) -> list[Any] | None:
        """The facts of all; None where each has to be asked."""
        try:
            return self._ask(values) if self._ask is not None else None
        except ODD:
            return None


class Standing:
    """Such values with their items."""

    def __init__(self) -> None:
        # By the places of the values, which are held here or, during a look, in `_alive`: no other value
        # comes to lie there.
        self.items: dict[int, Item] = {}
        self._values: dict[int, Any] = {}
        self._heavy: dict[int, _Heavy] = {}
        self._kin: list[_Kin] | None = None
        self._alive: list[Any] = []
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
        for key, value in self._values.items():
            self._add(self.items[key], value)

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
        heavy = leading_to(
            met, [item for item in met if item.ask is not None or any(map(_weighs, item.refs))]
        )
        for item in heavy:
            item.weighs = True
        fleeting = [item for item in met if not _can_stand(item)]
        going = leading_to(met, fleeting)
        gone = set(map(id, going))
        if heavy:
            self._heavy |= {id(item.value): _Heavy.of(item) for item in heavy if id(item) not in gone}
            self._kin = None
        for item in met:
            key = id(item.value)
            if id(item) in gone:
                del self.items[key]
            elif item.weighs:
                self._alive.append(item.value)
                heavy_one, held = self._heavy[key], item.held or []
                heavy_one.kept = [each for each in held if id(each) not in self._heavy]
                item.held = None
            else:
                self._values[key] = item.value
                self._add(item, item.value)
        before = self._led_to
        self._led_to = {id(each) for item in going for each in item.refs if id(each) not in gone}
        return not before <= self._led_to

    def changed(self) -> list[Item]:
        """The items of the values that are not as they were, or are no more. A look begins."""
        found = self._changed()
        self._alive = []
        if self._kin is None:
            self._kin = self._sorted()
        for kin in self._kin:
            found += kin.changed(self._alive)
        return found

    def _sorted(self) -> list[_Kin]:
        """The heavy values by what they are asked."""
        found: dict[Any, list[_Heavy]] = {}
        for each in self._heavy.values():
            found.setdefault(each.item.ask, []).append(each)
        return [*map(_Kin, found.values())]

    def let_go(self) -> None:
        """A look ended: what is heavy may go."""
        self._alive = []

    def held(self, value: Any, otherwise: Any) -> Any:
        """What to remember a value by that stands: itself, or a reference where it is heavy."""
        key = id(value)
        if key in self._values:
            return value
        found = self._heavy.get(key)
        return found.value if found is not None else otherwise

    @property
    def heavy(self) -> int:
        """How many are heavy."""
        return len(self._heavy)

    def _changed(self) -> list[Item]:
        if (
            [*map(list.__len__, self._lists)] == [*map(len, self._lists_held)]
            and all(map(is_, _all(map(list.__iter__, self._lists)), _all(self._lists_held)))
            and [2 * len(pairs) for pairs in map(dict.keys, self._pairs)] == [*map(len, self._pairs_held)]
            and all(map(is_, _all(_all(map(dict.items, self._pairs))), _all(self._pairs_held)))
            and all(_is_as_it_was(item, value) for item, value in self._others)
        ):
            return []
        return [
            self.items[key]
            for key, value in self._values.items()
            if not _is_as_it_was(self.items[key], value)
        ]

    def drop(self, ends: list[Item]) -> list[Item]:
        """Let go of some items and of all that lead to them; which these are."""
        found = leading_to(self.items.values(), ends)
        self._leave_out(set(map(id, found)))
        for item in found:
            for part in item.parts:
                part.owner = None
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
            self._values = {key: value for key, value in self._values.items() if key in self.items}
            self._heavy = {key: each for key, each in self._heavy.items() if key in self.items}
            self._kin = None
            self._sort()


_all = chain.from_iterable


def _weighs(item: Item) -> bool:
    return item.weighs


def _can_stand(item: Item) -> bool:
    """Whether a value is found to be as it was by what it is made of, and need not be kept alive if heavy."""
    if item.held is None or item.problem or (item.parts and item.ask is None):
        return False
    # Below 0 where Python itself manages the references (from 3.12).
    return not item.weighs or type(item.value).__weakrefoffset__ != 0


def _is_as_it_was(item: Item, value: Any) -> bool:
    try:
        held = item.holds(value) if item.holds is not None else None
    except ODD:
        # It has become another kind, as an optimizer of a rate alone does.
        return False
    if held is None or item.held is None or len(held) != len(item.held):
        return False
    return all(map(is_, held, item.held)) or (
        # The bytes of an array, which are made anew each time.
        len(held) == 1 and type(held[0]) is bytes and held == item.held
    )
