"""The values of a session as plain data: a tree for each variable, a table of what several of them share.

Goes through everything that the variables reach, each object once, without recursion. A variable that reaches
something which cannot be kept is left out, with the reason; the others are not touched by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple, Protocol

from lispe_kernel.language.keeping import Out, Part, Unkept, keeper_of, refusal_of
from lispe_kernel.language.printer import describe
from lispe_kernel.sittings import scalars
from lispe_kernel.sittings.blocks import Block, joined

# How deep data stands inside of data; what lies deeper is written in the table of objects.
_DEEPEST = 12
# What asking a value raises that is not what its kind is.
ODD = (AttributeError, KeyError, IndexError, TypeError, RuntimeError, StopIteration)
_LEAVES = frozenset({str, int, float, bool, type(None)})


class Item:
    """One object: its kind and data, the objects that it refers to, or why it cannot be kept.

    In the data of another it stands for itself. Once written it never changes: who keeps one may use it again
    for a value that is as it was.
    """

    __slots__ = (
        *("ask", "data", "facts", "held", "holds", "kind", "notes", "owners"),
        *("parts", "problem", "reached", "refs", "told", "value", "weighs"),
    )

    def __init__(self, value: Any) -> None:
        self.value = value
        self.kind, self.problem = "", ""
        # Asks the value what the data is made of, where the kind tells that.
        self.holds: Callable[[Any], list[Any] | None] | None = None
        # What that was: the value is as it was while it holds the very same, and these are as they were.
        self.held: list[Any] | None = None
        # Asks the value for the rest of what the data is made of, where there is any; what that was.
        self.ask: Callable[[list[Any]], list[Any]] | None = None
        self.facts: Any = None
        # Asks for what keeps the memory that the value looks at.
        self.owners: Callable[[list[Any]], list[Any]] | None = None
        # Whether it is a tensor or leads to one: who keeps the item may not keep the value.
        self.weighs = False
        # What `told` found, and the memory that it and all that it refers to look at.
        self.told: tuple[str, list[str]] | None = None
        self.reached: list[Part] = []
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

    items: what is known already, by the places of values that are alive and as they were. Those that are met
    come to it.
    """

    def __init__(self, special: Special, items: dict[int, Item] | None = None) -> None:
        self._special = special
        # What was met by this graph.
        self.met: list[Item] = []
        self._of = items if items is not None else {}
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
            self.met.append(item)
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
        self._current = Item(None)
        found = self.value(value)
        while self._done < len(self.met):
            self._current = self.met[self._done]
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
            item.holds = self._special.holds
        else:
            keeper = keeper_of(item.value)
            if keeper is None:
                raise Unkept(refusal_of(item.value) or _what(item.value))
            item.kind, item.holds = keeper.name, keeper.holds
            item.ask, item.owners = keeper.facts, keeper.owners
            write = partial(keeper.write, item.value)
        # Before the data: what a thread of the program changes in between is then found the next time.
        held, item.facts = held_by(item, item.value)
        item.data = write(self)
        if held is not None and not any(map(scalars.remembers, set(map(type, held)))):
            item.held = held

    # -- what came of it -----------------------------------------------------------------------------

    def let_go(self) -> None:
        """Nothing is asked of the values any more: they need not stay for what is made of their data."""
        for item in self.met:
            item.value = None


def told(top: Item) -> tuple[str, list[str]]:
    """Why what stands for a value cannot be kept, empty where it can; what its copy will lack."""
    if top.told is None:
        found = reached([top])
        problem = next((item.problem for item in found if item.problem), "")
        top.told = problem, [] if problem else [note for item in found for note in item.notes]
        top.reached = [part for item in found for part in item.parts]
    return top.told


def held_by(item: Item, value: Any) -> tuple[list[Any] | None, Any]:
    """What the data of an item's value is made of, as it is now: values by identity, and the rest."""
    try:
        if item.ask is None:
            return item.holds(value) if item.holds is not None else None, None
        return item.holds(value) if item.holds is not None else [], item.ask([value])[0]
    except ODD:
        # Not what its kind is: the one that writes it says so.
        return None, None


def parts_of(tops: Iterable[Any]) -> list[Part]:
    """The memory that some values look at, in the order in which it is met."""
    found: dict[int, Part] = {}
    for top in tops:
        if isinstance(top, Item):
            told(top)
            found.update((id(part), part) for part in top.reached)
    return [*found.values()]


def blocks_of(tops: Iterable[Any]) -> list[Block]:
    """The memory that some values look at, in which what overlaps is one block."""
    return joined(parts_of(tops))


def leading_to(items: Iterable[Item], ends: list[Item]) -> list[Item]:
    """The ends, and those of the items from which one of them is reached."""
    leads_to: dict[int, list[Item]] = {}
    if ends:
        for item in items:
            for reference in item.refs:
                leads_to.setdefault(id(reference), []).append(item)
    found = list(ends)
    seen = set(map(id, found))
    for item in found:
        for before in leads_to.get(id(item), ()):
            if id(before) not in seen:
                seen.add(id(before))
                found.append(before)
    return found


def reached(tops: Iterable[Any]) -> list[Item]:
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


class Tables(NamedTuple):
    """Values as data: a tree for each name, and the shared objects."""

    trees: dict[str, Any]
    objects: dict[str, Any]


def tables(tops: dict[str, Any], blocks: list[Block]) -> Tables:
    """The data of some values: trees, and the objects that stand in several places."""
    return _Writer(tops, blocks).tables()


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
