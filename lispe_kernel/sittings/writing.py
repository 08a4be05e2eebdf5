"""The values of a session as plain data: a tree for each variable, a table of what several of them share.

Goes through everything that the variables reach, each object once, without recursion. A variable that reaches
something which cannot be kept is left out, with the reason; the others are not touched by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.language.keeping import Part, Unkept, keeper_of, refusal_of
from lispe_kernel.language.printer import describe
from lispe_kernel.sittings import scalars
from lispe_kernel.sittings.blocks import Block, joined

# How deep data stands inside of data; what lies deeper is written in the table of objects.
_DEEPEST = 12


@dataclass(frozen=True)
class _Ref:
    """Stands for an object, by its number."""

    number: int


@dataclass
class _Item:
    """One object: its kind and data, what it refers to, or why it cannot be kept."""

    value: Any
    kind: str = ""
    data: Any = None
    refs: set[int] = field(default_factory=set)
    parts: list[Part] = field(default_factory=list)
    problem: str = ""
    notes: list[str] = field(default_factory=list)


class Graph:
    """What some values reach, as data. The `Out` of the kinds."""

    def __init__(self, special: Callable[[Any], Any]) -> None:
        # Says how a function or class of the session is written (a kind and data), None for other values.
        self._special = special
        self._items: list[_Item] = []
        self._numbers: dict[int, int] = {}
        self._current = _Item(None)
        self._done = 0

    # -- what kinds ask --------------------------------------------------------------------------

    def value(self, value: Any) -> Any:
        """What stands for a value in the data of another: itself, or a reference to be written later."""
        if scalars.is_scalar(value):
            return scalars.written(value)
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._items)
            self._items.append(_Item(value))
        self._current.refs.add(number)
        return _Ref(number)

    def memory(self, part: Part) -> Any:
        self._current.parts.append(part)
        return part

    def note(self, text: str) -> None:
        self._current.notes.append(text)

    # -- going through -----------------------------------------------------------------------------

    def start(self, value: Any) -> Any:
        """Go through a value and all that it reaches; what stands for it."""
        self._current = _Item(None)
        found = self.value(value)
        while self._done < len(self._items):
            self._current = self._items[self._done]
            self._done += 1
            try:
                self._write(self._current)
            except Unkept as problem:
                self._current.problem = str(problem)
        return found

    def _write(self, item: _Item) -> None:
        special = self._special(item.value)
        if special is not None:
            item.kind, write = special
            item.data = write(self)
            return
        keeper = keeper_of(item.value)
        if keeper is None:
            raise Unkept(refusal_of(item.value) or _what(item.value))
        item.kind, item.data = keeper.name, keeper.write(item.value, self)

    # -- what came of it -----------------------------------------------------------------------------

    def problem(self, top: Any) -> str:
        """Why what a reference stands for cannot be kept; empty where it can."""
        return next((item.problem for item in self._reached([top]) if item.problem), "")

    def notes(self, top: Any) -> list[str]:
        """What the copy of a value will lack."""
        return [text for item in self._reached([top]) for text in item.notes]

    def _reached(self, tops: Iterable[Any]) -> Iterable[_Item]:
        pending = [top.number for top in tops if isinstance(top, _Ref)]
        seen = set(pending)
        while pending:
            item = self._items[pending.pop()]
            yield item
            new = item.refs - seen
            seen |= new
            pending.extend(sorted(new, reverse=True))

    def let_go(self) -> None:
        """Nothing is asked of the values any more: they need not stay for what is made of their data."""
        for item in self._items:
            item.value = None

    def blocks(self, tops: dict[str, Any]) -> list[Block]:
        """The memory that some values look at."""
        reached = {id(item) for item in self._reached(tops.values())}
        return joined(part for item in self._items if id(item) in reached for part in item.parts)

    def tables(self, tops: dict[str, Any], blocks: list[Block]) -> Tables:
        """The data of some values: trees, and the objects that stand in several places."""
        return _Writer(self._items, tops, blocks).tables()


@dataclass
class Tables:
    """Values as data: a tree for each name, and the shared objects."""

    trees: dict[str, Any]
    objects: dict[str, Any]


def _refs(data: Any) -> Iterator[_Ref]:
    """The references that stand in data, in order."""
    if isinstance(data, _Ref):
        yield data
    elif isinstance(data, dict | list):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _refs(item)


class _Writer:
    """The last step: references become the objects themselves, or numbers where several refer to one."""

    def __init__(self, items: list[_Item], tops: dict[str, Any], blocks: list[Block]) -> None:
        self._items, self._tops = items, tops
        self._places = {
            id(part): (n, part.address - b.address) for n, b in enumerate(blocks) for part in b.parts
        }
        self._counts: dict[int, int] = {}
        self._numbers: dict[int, int] = {}
        self._pending: list[int] = []

    def tables(self) -> Tables:
        pending = list(self._tops.values())
        while pending:
            for ref in _refs(pending.pop()):
                self._counts[ref.number] = self._counts.get(ref.number, 0) + 1
                if self._counts[ref.number] == 1:
                    pending.append(self._items[ref.number].data)
        trees = {name: self._tree(top, 0) for name, top in self._tops.items()}
        objects: dict[str, Any] = {}
        at = 0
        while at < len(self._pending):
            number = self._pending[at]
            at += 1
            item = self._items[number]
            objects[str(self._numbers[number])] = {item.kind: self._tree(item.data, 1)}
        return Tables(trees, objects)

    def _tree(self, data: Any, depth: int) -> Any:
        if isinstance(data, _Ref):
            item = self._items[data.number]
            if self._counts[data.number] > 1 or depth >= _DEEPEST:
                if data.number not in self._numbers:
                    self._numbers[data.number] = len(self._numbers) + 1
                    self._pending.append(data.number)
                return {"object": self._numbers[data.number]}
            return {item.kind: self._tree(item.data, depth + 1)}
        if isinstance(data, Part):
            block, start = self._places[id(data)]
            return {"memory": block + 1, "start": start + data.start}
        if isinstance(data, dict):
            return {key: self._tree(item, depth) for key, item in data.items()}
        if isinstance(data, list):
            return [self._tree(item, depth) for item in data]
        return data


def _what(value: Any) -> str:
    """What a value is, in words, for one that is not kept."""
    cls = type(value)
    own = cls.__module__.startswith("lispe_kernel")
    name = cls.__name__ if own or cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"
    told = describe(value, 30) if own else f"a value of Python's class {name}"
    return f"{told} cannot be kept" if own else f"{told}, which is not known here"
