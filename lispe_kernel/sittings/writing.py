"""The values of a session as plain data: a tree for each variable, a table of what several of them share.

Goes through everything that the variables reach, each object once, without recursion. A variable that reaches
something which cannot be kept is left out, with the reason; the others are not touched by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import is_
from typing import Any, Protocol

from lispe_kernel.language.keeping import Out, Part, Unkept, keeper_of, refusal_of
from lispe_kernel.language.printer import describe
from lispe_kernel.sittings import scalars
from lispe_kernel.sittings.blocks import Block, joined

# How deep data stands inside of data; what lies deeper is written in the table of objects.
_DEEPEST = 12
_LEAVES = frozenset({str, int, float, bool, type(None)})


class Item:
    """One object: its kind and data, the objects that it refers to, or why it cannot be kept.

    In the data of another it stands for itself. Once written it never changes: who keeps one may use it again
    for a value that is as it was.
    """

    __slots__ = (
        *("cls", "data", "holds", "kind", "marks", "notes"),
        *("parts", "problem", "refs", "told", "value"),
    )

    def __init__(self, value: Any) -> None:
        self.value, self.cls = value, type(value)
        self.kind, self.problem = "", ""
        # Asks the value what the data is made of, where the kind tells that.
        self.holds: Callable[[Any], list[Any] | None] | None = None
        # That: scalars, and items; None where a value is not known to be as it was.
        self.marks: list[Any] | None = None
        # What `Graph.told` found.
        self.told: tuple[str, list[str]] | None = None
        self.data: Any = None
        self.refs: list[Item] = []
        self.parts: list[Part] = []
        self.notes: list[str] = []

    @property
    def plain(self) -> bool:
        """Whether its data is what it is in the file, too."""
        return not (self.refs or self.parts)


class Special(Protocol):
    """Says how the functions, classes and instances of a session are written."""

    def __call__(self, value: Any) -> tuple[str, Callable[[Out], Any]] | None:
        """The kind of a value, and what writes it; None for one that is nothing of the session."""
        ...

    def holds(self, value: Any) -> list[Any] | None:
        """All that its data is made of, in order; None where that is not told."""
        ...


class Graph:
    """What some values reach, as data. The `Out` of the kinds.

    before: what `lasting` gave for an earlier one of the same session.
    """

    def __init__(self, special: Special, before: dict[int, Item] | None = None) -> None:
        self._special = special
        self._before = before if before is not None else {}
        self._items: list[Item] = []
        self._of: dict[int, Item] = {}
        # Values of before that are as they were: nothing else may come to lie at their places meanwhile; and
        # their items.
        self._standing: list[Any] = []
        self._again: set[int] = set()
        self._current = Item(None)
        self._done = 0

    # -- what kinds ask --------------------------------------------------------------------------

    def value(self, value: Any) -> Any:
        """What stands for a value in the data of another: itself, or an item to be written later."""
        write = scalars.writer(type(value))
        if write is not None:
            return write(value)
        item = self._of.get(id(value))
        if item is None:
            item = self._of[id(value)] = Item(value)
            self._items.append(item)
        self._current.refs.append(item)
        return item

    def memory(self, part: Part) -> Any:
        self._current.parts.append(part)
        return part

    def note(self, text: str) -> None:
        self._current.notes.append(text)

    # -- going through -----------------------------------------------------------------------------

    def start(self, value: Any) -> Any:
        """Go through a value and all that it reaches; what stands for it."""
        write = scalars.writer(type(value))
        if write is not None:
            return write(value)
        item = self._before.get(id(value))
        if item is not None and item.cls is type(value) and id(value) not in self._of:
            if item.refs:
                self._look_again(value)
            elif self._holds_the_same(item, value):
                self._stands(value, item)
                return item
        self._current = Item(None)
        found = self.value(value)
        while self._done < len(self._items):
            self._current = self._items[self._done]
            self._done += 1
            try:
                self._write(self._current)
            except Unkept as problem:
                self._current.problem = str(problem)
        return found

    def _write(self, item: Item) -> None:
        special = self._special(item.value)
        if special is not None:
            item.kind, write = special
            item.data = write(self)
            item.marks = self._marks(item, self._special.holds(item.value))
            return
        keeper = keeper_of(item.value)
        if keeper is None:
            raise Unkept(refusal_of(item.value) or _what(item.value))
        item.kind, item.data = keeper.name, keeper.write(item.value, self)
        if keeper.holds is not None:
            item.holds = keeper.holds
            item.marks = self._marks(item, keeper.holds(item.value))

    def _marks(self, item: Item, held: list[Any] | None) -> list[Any] | None:
        if held is None or item.parts or any(map(scalars.remembers, set(map(type, held)))):
            return None
        return held if not item.refs else [self._of.get(id(each), each) for each in held]

    def _look_again(self, value: Any) -> None:
        """Take the items of before for a value and all that it reaches, where every one is as it was.

        An item may be of a value that is gone, with another in its place: what has the same marks is written
        the same.
        """
        met: dict[int, tuple[Any, Item]] = {}
        pending = [value]
        while pending:
            value = pending.pop()
            key = id(value)
            item, now = self._before.get(key), self._of.get(key)
            if item is None or (now is not None and now is not item) or type(value) is not item.cls:
                return
            if now is item or key in met:
                continue
            met[key] = value, item
            if not item.refs:
                if not self._holds_the_same(item, value):
                    return
                continue
            held, marks = self._held(item, value), item.marks
            if held is None or marks is None or len(held) != len(marks):
                return
            for each, mark in zip(held, marks, strict=True):
                if each is mark:
                    continue
                if type(mark) is not Item or self._before.get(id(each)) is not mark:
                    return
                pending.append(each)
        for value, item in met.values():
            self._stands(value, item)

    def _stands(self, value: Any, item: Item) -> None:
        self._of[id(value)] = item
        self._standing.append(value)
        self._again.add(id(item))

    def _held(self, item: Item, value: Any) -> list[Any] | None:
        return (item.holds or self._special.holds)(value)

    def _holds_the_same(self, item: Item, value: Any) -> bool:
        """Whether a value of which the item refers to no other is as the item says."""
        held, marks = self._held(item, value), item.marks
        if held is None or marks is None or len(held) != len(marks):
            return False
        return all(map(is_, held, marks)) or (len(held) == 1 and type(held[0]) is bytes and held == marks)

    # -- what came of it -----------------------------------------------------------------------------

    def told(self, top: Any) -> tuple[str, list[str]]:
        """Why what stands for a value cannot be kept, empty where it can; what its copy will lack."""
        if not isinstance(top, Item):
            return "", []
        if top.told is None:
            reached = _reached([top])
            problem = next((item.problem for item in reached if item.problem), "")
            top.told = problem, [] if problem else [note for item in reached for note in item.notes]
        return top.told

    def let_go(self) -> None:
        """Nothing is asked of the values any more: they need not stay for what is made of their data."""
        for item in self._items:
            item.value = None
        self._standing.clear()

    def lasting(self) -> dict[int, Item]:
        """The items that a later graph may use again, by the places of their values."""
        fleeting = [item for item in self._items if item.problem or item.marks is None]
        leads_to: dict[int, list[Item]] = {}
        if fleeting:
            for item in self._items:
                for reference in item.refs:
                    leads_to.setdefault(id(reference), []).append(item)
        gone = set(map(id, fleeting))
        while fleeting:
            for item in leads_to.get(id(fleeting.pop()), ()):
                if id(item) not in gone:
                    gone.add(id(item))
                    fleeting.append(item)
        return {key: item for key, item in self._of.items() if id(item) not in gone}

    def blocks(self, tops: dict[str, Any]) -> list[Block]:
        """The memory that some values look at."""
        # What is written as before reaches none.
        new = [top for top in tops.values() if id(top) not in self._again]
        return joined(part for item in _reached(new) for part in item.parts)

    def tables(self, tops: dict[str, Any], blocks: list[Block]) -> Tables:
        """The data of some values: trees, and the objects that stand in several places."""
        return _Writer(tops, blocks).tables()


def _reached(tops: Iterable[Any]) -> list[Item]:
    """All that some values reach, each once, in the order in which it is met."""
    found: list[Item] = []
    seen: set[int] = set()
    pending = [top for top in tops if isinstance(top, Item)][::-1]
    while pending:
        item = pending.pop()
        if id(item) not in seen:
            seen.add(id(item))
            found.append(item)
            if item.refs:
                pending.extend(reversed(item.refs))
    return found


@dataclass
class Tables:
    """Values as data: a tree for each name, and the shared objects."""

    trees: dict[str, Any]
    objects: dict[str, Any]


class _Writer:
    """The last step: items become the objects themselves, or numbers where several refer to one."""

    def __init__(self, tops: dict[str, Any], blocks: list[Block]) -> None:
        self._tops = tops
        self._places = {
            id(part): (n, part.address - b.address) for n, b in enumerate(blocks) for part in b.parts
        }
        self._counts: dict[int, int] = {}
        self._numbers: dict[int, int] = {}
        self._pending: list[Item] = []

    def tables(self) -> Tables:
        pending = [top for top in self._tops.values() if isinstance(top, Item)]
        while pending:
            item = pending.pop()
            count = self._counts[id(item)] = self._counts.get(id(item), 0) + 1
            if count == 1 and item.refs:
                pending.extend(item.refs)
        trees = {name: self._tree(top, 0) for name, top in self._tops.items()}
        objects: dict[str, Any] = {}
        at = 0
        while at < len(self._pending):
            item = self._pending[at]
            at += 1
            objects[str(self._numbers[id(item)])] = {item.kind: self._inside(item, 1)}
        return Tables(trees, objects)

    def _inside(self, item: Item, depth: int) -> Any:
        return item.data if item.plain else self._tree(item.data, depth)

    def _tree(self, data: Any, depth: int) -> Any:
        if isinstance(data, Item):
            if self._counts[id(data)] > 1 or depth >= _DEEPEST:
                if id(data) not in self._numbers:
                    self._numbers[id(data)] = len(self._numbers) + 1
                    self._pending.append(data)
                return {"object": self._numbers[id(data)]}
            return {data.kind: self._inside(data, depth + 1)}
        if isinstance(data, Part):
            block, start = self._places[id(data)]
            return {"memory": block + 1, "start": start + data.start}
        if isinstance(data, dict):
            return {
                key: item if type(item) in _LEAVES else self._tree(item, depth) for key, item in data.items()
            }
        if isinstance(data, list):
            return [item if type(item) in _LEAVES else self._tree(item, depth) for item in data]
        return data


def _what(value: Any) -> str:
    """What a value is, in words, for one that is not kept."""
    cls = type(value)
    own = cls.__module__.startswith("lispe_kernel")
    name = cls.__name__ if own or cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"
    told = describe(value, 30) if own else f"a value of Python's class {name}"
    return f"{told} cannot be kept" if own else f"{told}, which is not known here"
