"""A graph in pictures of a size that people read: blocks closed, repeated layers in one box.

A box stands for what it says and for nothing else: layers are put into one when they are the same inside, and
when what goes from one to another goes to the next one only. Alike blocks share a picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

_MOST_BOXES = 20  # a block is opened where it stands while no more boxes than these are seen
_LONGEST_PERIOD = 4
_MOST_LEVELS = 60

Steps = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Box:
    """What one box of a picture stands for: the steps of each repetition."""

    repeats: tuple[Steps, ...]
    chained: bool = True  # repetitions follow each other; else they stand side by side
    level: int | None = None  # the picture that shows it opened

    @property
    def first(self) -> Any:
        return self.repeats[0][0]


@dataclass(eq=False)
class Level:
    """One picture: its boxes in the order of the run, links with the kinds of tensors, what lies outside."""

    title: str
    prefix: str
    boxes: list[Box] = field(default_factory=list)
    links: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    sources: list[Any] = field(default_factory=list)  # steps outside; they are numbered -1, -2 ...
    leaves: bool = False  # whether something goes outside: to the number len(boxes)
    times: int = 1  # how often the run has what is drawn here


def levels_of(graph: Any) -> list[Level]:
    """The pictures of a graph, the whole one first."""
    return _Reader(graph).levels()


class _Reader:
    """Signatures of steps, and the pictures made so far."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._above: dict[Any, Any] = {}
        self._places: dict[Any, int] = {}
        for block in graph.root.all():
            for place, step in enumerate(block.inner):
                self._above[step], self._places[step] = block, place
        self._wiring: dict[Any, set[tuple[Any, ...]]] = {}
        for edge in graph.edges:
            self._wire(edge)
        self._numbers: dict[Any, int] = {}
        self._signs: dict[Any, int] = {}
        for step in reversed([*graph.inputs, *graph.root.all(), *_end(graph)]):
            self._signs[step] = self._sign(step)
        self._levels: list[Level] = []
        self._known: dict[tuple[int, ...], int] = {}

    def levels(self) -> list[Level]:
        graph = self._graph
        inner = graph.root.inner or [graph.root]
        self._level((*graph.inputs, *inner, *_end(graph)), graph.root.kind, "")
        return self._levels

    # -- what is alike

    def _way(self, step: Any) -> list[Any]:
        way = [step]
        while (above := self._above.get(way[-1])) is not None:
            way.append(above)
        return way

    def _wire(self, edge: Any) -> None:
        """Note the edge in the block that holds both ends, and what enters and leaves the blocks below it."""
        source, target = self._way(edge.source), self._way(edge.target)
        while len(source) > 1 and len(target) > 1 and source[-2] is target[-2]:
            source.pop()
            target.pop()
        if len(source) > 1 and len(target) > 1:
            inside = (self._places[source[-2]], self._places[target[-2]], edge.kind)
            self._wiring.setdefault(source[-1], set()).add(inside)
        for step, block in pairwise(source[:-1]):
            self._wiring.setdefault(block, set()).add((self._places[step], "out", edge.kind))
        for step, block in pairwise(target[:-1]):
            self._wiring.setdefault(block, set()).add(("in", self._places[step], edge.kind))

    def _sign(self, step: Any) -> int:
        """A number that two steps share when they are the same inside, whatever they are called."""
        name = step.name if step.role == "function" else ""
        inner = tuple(self._signs[below] for below in step.inner)
        wiring = frozenset(self._wiring.get(step, ())) if inner else None
        return self._number((step.role, step.kind, name, step.parameters, step.holds, inner, wiring))

    def _number(self, key: Any) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    # -- pictures

    def _level(self, steps: Steps, title: str, prefix: str, times: int = 1) -> int | None:
        """The number of the picture of these steps; None where there are too many."""
        key = tuple(self._signs[step] for step in steps)
        if key in self._known:
            self._levels[self._known[key]].times += times
            return self._known[key]
        if len(self._levels) >= _MOST_LEVELS:
            return None
        number = self._known[key] = len(self._levels)
        level = Level(title, prefix, times=times)
        self._levels.append(level)
        level.boxes = self._opened(list(steps))
        self._link(level)
        level.boxes = [self._below(box, level) for box in level.boxes]
        return number

    def _below(self, box: Box, level: Level) -> Box:
        steps = box.repeats[0]
        count = len(box.repeats)
        if len(steps) > 1:
            title = " · ".join(dict.fromkeys(step.kind or step.name for step in steps))
            return Box(box.repeats, box.chained, self._level(steps, title, level.prefix, count))
        step = steps[0]
        if not step.inner:
            return box
        inner = self._level(tuple(step.inner), step.kind or step.name, f"{step.name}.", count)
        return Box(box.repeats, box.chained, inner)

    def _opened(self, steps: list[Any]) -> list[Box]:
        """The steps in boxes, blocks opened as long as the picture stays small."""
        boxes = self._folded(steps)
        refused: set[Any] = set()
        while True:
            single = [b for b in boxes if len(b.repeats) == 1 and b.first.inner and b.first not in refused]
            if not single or len(boxes) > _MOST_BOXES:
                return boxes
            block = min((box.first for box in single), key=lambda step: len(self._way(step)))
            at = steps.index(block)
            more = [*steps[:at], *block.inner, *steps[at + 1 :]]
            found = self._folded(more)
            if len(found) > _MOST_BOXES:
                refused.add(block)
            else:
                steps, boxes = more, found

    def _folded(self, steps: list[Any]) -> list[Box]:
        """The steps with what is repeated in one box each."""
        signs = [self._signs[step] for step in steps]
        boxes, at = [], 0
        while at < len(steps):
            period, times = max(
                ((p, _times(signs, at, p)) for p in range(1, _LONGEST_PERIOD + 1)),
                key=lambda found: (found[0] * found[1] if found[1] > 1 else 0, -found[0]),
            )
            box = self._repeated(steps, at, period, times) if times > 1 else None
            if box is None:
                box, period, times = Box(((steps[at],),)), 1, 1
            boxes.append(box)
            at += period * times
        return boxes

    def _repeated(self, steps: list[Any], at: int, period: int, times: int) -> Box | None:
        repeats = tuple(tuple(steps[at + k * period : at + (k + 1) * period]) for k in range(times))
        inner = [step for step in repeats[0] if step.role == "module"]
        if not inner or (times == 2 and not any(step.inner for step in inner)):
            return None
        number = {below: k for k, part in enumerate(repeats) for step in part for below in step.all()}
        apart = {
            number[e.target] - number[e.source]
            for e in self._graph.edges
            if e.source in number and e.target in number
        } - {0}
        if apart - {1}:
            return None
        return Box(repeats, bool(apart) or self._graph.output is None)

    def _link(self, level: Level) -> None:
        number = {
            below: k
            for k, box in enumerate(level.boxes)
            for part in box.repeats
            for step in part
            for below in step.all()
        }
        outside: dict[Any, int] = {}
        for edge in self._graph.edges:
            source, target = number.get(edge.source), number.get(edge.target)
            if source is None and target is None:
                continue
            if source is None:
                source = outside.setdefault(edge.source, -1 - len(outside))
            if target is None:
                target, level.leaves = len(level.boxes), True
            if source != target:
                kinds = level.links.setdefault((source, target), [])
                if edge.kind not in kinds:
                    kinds.append(edge.kind)
        level.sources = list(outside)


def _end(graph: Any) -> Steps:
    return () if graph.output is None else (graph.output,)


def _times(signs: Sequence[int], at: int, period: int) -> int:
    """How often the stretch of this length is repeated from here on, itself included."""
    times = 1
    stretch = signs[at : at + period]
    while len(stretch) == period and signs[at + times * period : at + (times + 1) * period] == stretch:
        times += 1
    return times


def under(level: Level) -> Iterator[int]:
    """The pictures of the blocks in a picture, each once."""
    yield from dict.fromkeys(box.level for box in level.boxes if box.level is not None)
