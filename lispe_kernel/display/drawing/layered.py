"""Boxes in layers, from top to bottom, with lines between them: the places alone, nothing is drawn here.

Sugiyama's way: layers by the longest way from a source, the order in each by the mean of its neighbours,
places in straight columns drawn towards each other. A line that passes layers has a narrow place in each, so
that it goes around boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 24
_APART = 18.0  # between neighbours in a layer
_FAR = 1e9
_LINE = 6.0  # the width of a line that passes a layer

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """The middle of each box, and the way of each line from the edge of one box to that of the other."""

    places: list[Point]
    ways: list[list[Point]]
    width: float
    height: float


@dataclass
class _Grid:
    """The boxes and the narrow places of lines, by layer."""

    widths: list[float]
    heights: list[float]
    layers: list[list[int]]
    above: list[list[int]] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)
    x: list[float] = field(default_factory=list)


def layered(sizes: Sequence[Point], links: Sequence[tuple[int, int]], rise: float = 40.0) -> Layout:
    """Places for boxes of these sizes; a link leads from a box to one that comes later among them."""
    ranks = _ranks(len(sizes), links)
    grid = _Grid(
        [w for w, _ in sizes], [h for _, h in sizes], [[] for _ in range(max(ranks, default=-1) + 1)]
    )
    for box, rank in enumerate(ranks):
        grid.layers[rank].append(box)
    grid.above, grid.below = [[] for _ in sizes], [[] for _ in sizes]
    chains = [_chain(grid, ranks, source, target) for source, target in links]
    for sweep in range(_SWEEPS):
        _order(grid, downwards=sweep % 2 == 0)
    grid.x = _placed(grid)
    left = min((x - w / 2 for x, w in zip(grid.x, grid.widths, strict=True)), default=0.0)
    grid.x = [x - left for x in grid.x]
    tops, top = [], 0.0
    for layer in grid.layers:
        tops.append(top)
        top += max(grid.heights[box] for box in layer) + rise
    middles = [tops[rank] + _highest(grid, rank) / 2 for rank in range(len(tops))]
    places = [(grid.x[box], middles[rank]) for box, rank in enumerate(ranks)]
    ways = _ways(grid, places, chains, tops, ranks, links)
    width = max((x + w / 2 for x, w in zip(grid.x, grid.widths, strict=True)), default=0.0)
    return Layout(places, ways, width, max(0.0, top - rise))


def _highest(grid: _Grid, rank: int) -> float:
    return max(grid.heights[box] for box in grid.layers[rank])


def _ranks(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each box: below all that lead to it; a source stands just above its target."""
    before: list[set[int]] = [set() for _ in range(count)]
    after: list[set[int]] = [set() for _ in range(count)]
    for source, target in links:
        before[target].add(source)
        after[source].add(target)
    ranks = [0] * count
    for box in range(count):
        ranks[box] = max((ranks[source] + 1 for source in before[box]), default=0)
    for box in reversed(range(count)):
        # Its lines together become shorter when it stands as low as what it leads to allows.
        if len(before[box]) < len(after[box]):
            ranks[box] = min(ranks[target] for target in after[box]) - 1
    return ranks


def _chain(grid: _Grid, ranks: list[int], source: int, target: int) -> list[int]:
    """The boxes of a link, with a narrow place in every layer that it passes."""
    chain = [source]
    for rank in range(ranks[source] + 1, ranks[target]):
        box = len(grid.widths)
        grid.widths.append(_LINE)
        grid.heights.append(0.0)
        grid.above.append([])
        grid.below.append([])
        grid.layers[rank].append(box)
        chain.append(box)
    chain.append(target)
    for upper, lower in pairwise(chain):
        grid.below[upper].append(lower)
        grid.above[lower].append(upper)
    return chain


def _order(grid: _Grid, *, downwards: bool) -> None:
    """Order every layer by the mean place of the neighbours in the layer before it."""
    place = [0.0] * len(grid.widths)
    layers = grid.layers if downwards else grid.layers[::-1]
    neighbours = grid.above if downwards else grid.below
    for layer in layers:
        keys = {}
        for number, box in enumerate(layer):
            near = [place[other] for other in neighbours[box]]
            # The middle of the layer is the same height in all of them.
            keys[box] = sum(near) / len(near) if near else (number + 0.5) / len(layer)
        layer.sort(key=keys.__getitem__)
        for number, box in enumerate(layer):
            place[box] = (number + 0.5) / len(layer)


def _placed(grid: _Grid) -> list[float]:
    """The places across: boxes in straight columns, each as near to its neighbours as the others let it."""
    column = _columns(grid)
    members: dict[int, list[int]] = {}
    for box, number in enumerate(column):
        members.setdefault(number, []).append(box)
    before: dict[int, dict[int, float]] = {number: {} for number in members}
    after: dict[int, dict[int, float]] = {number: {} for number in members}
    for layer in grid.layers:
        for left, right in pairwise(layer):
            apart = (grid.widths[left] + grid.widths[right]) / 2 + _APART
            pair = column[left], column[right]
            before[pair[1]][pair[0]] = after[pair[0]][pair[1]] = max(apart, before[pair[1]].get(pair[0], 0.0))
    near: dict[int, list[tuple[int, float]]] = {number: [] for number in members}
    for upper, lowers in enumerate(grid.below):
        for lower in lowers:
            pair = column[upper], column[lower]
            if pair[0] != pair[1]:
                weight = 1.0 if grid.heights[upper] and grid.heights[lower] else 0.3
                near[pair[0]].append((pair[1], weight))
                near[pair[1]].append((pair[0], weight))
    x: dict[int, float] = {}
    order = _from_left(before, after)
    for number in order:
        x[number] = max((x[left] + apart for left, apart in before[number].items()), default=0.0)
    for sweep in range(_SWEEPS):
        for number in order if sweep % 2 else order[::-1]:
            if not near[number]:
                continue
            total = sum(weight for _, weight in near[number])
            wanted = sum(x[other] * weight for other, weight in near[number]) / total
            least = max((x[left] + apart for left, apart in before[number].items()), default=-_FAR)
            most = min((x[right] - apart for right, apart in after[number].items()), default=_FAR)
            x[number] = max(least, min(most, wanted))
    return [x[number] for number in column]


def _columns(grid: _Grid) -> list[int]:
    """The column of each box: lines that pass stay straight, then boxes stand under the middle one above."""
    place = {box: k for layer in grid.layers for k, box in enumerate(layer)}
    column = list(range(len(grid.widths)))
    for upper_layer in grid.layers:
        pairs = [(upper, lower) for upper in upper_layer for lower in grid.below[upper]]
        chosen: list[tuple[int, int]] = []
        for upper, lower in sorted(pairs, key=lambda pair: _worth(grid, place, *pair)):
            free = all(upper != a and lower != b for a, b in chosen)
            crosses = any((place[upper] - place[a]) * (place[lower] - place[b]) < 0 for a, b in chosen)
            if free and not crosses:
                chosen.append((upper, lower))
        for upper, lower in chosen:
            column[lower] = column[upper]
    return column


def _worth(grid: _Grid, place: dict[int, int], upper: int, lower: int) -> tuple[float, float, int]:
    """What comes first where not all lines can be straight."""
    boxes = bool(grid.heights[upper]) + bool(grid.heights[lower])
    below = sorted(grid.below[upper], key=place.__getitem__)
    above = sorted(grid.above[lower], key=place.__getitem__)
    off = abs(below.index(lower) - (len(below) - 1) / 2) + abs(above.index(upper) - (len(above) - 1) / 2)
    return (0 if boxes == 0 else 3 - boxes, off, len(below) + len(above))


def _from_left(before: dict[int, dict[int, float]], after: dict[int, dict[int, float]]) -> list[int]:
    """The columns in an order in which each comes after all that stand at its left."""
    waiting = {number: len(left) for number, left in before.items()}
    order = [number for number, count in waiting.items() if count == 0]
    for number in order:
        for right in after[number]:
            waiting[right] -= 1
            if waiting[right] == 0:
                order.append(right)
    return order


def _ways(
    grid: _Grid,
    places: list[Point],
    chains: list[list[int]],
    tops: list[float],
    ranks: list[int],
    links: Sequence[tuple[int, int]],
) -> list[list[Point]]:
    """The corners of each line; lines at one side of a box stand beside each other."""
    ports: dict[tuple[int, bool], list[int]] = {}
    for number, (source, target) in enumerate(links):
        ports.setdefault((source, True), []).append(number)
        ports.setdefault((target, False), []).append(number)
    ends: dict[tuple[int, bool], float] = {}
    for (box, is_source), numbers in ports.items():
        numbers.sort(key=lambda n: grid.x[chains[n][1 if is_source else -2]])
        step = min(16.0, grid.widths[box] / (len(numbers) + 1))
        for place, number in enumerate(numbers):
            ends[number, is_source] = places[box][0] + (place - (len(numbers) - 1) / 2) * step
    ways = []
    for number, (source, target) in enumerate(links):
        way = [(ends[number, True], places[source][1] + grid.heights[source] / 2)]
        for rank, box in enumerate(chains[number][1:-1], ranks[source] + 1):
            way += [(grid.x[box], tops[rank]), (grid.x[box], tops[rank] + _highest(grid, rank))]
        way.append((ends[number, False], places[target][1] - grid.heights[target] / 2))
        ways.append(way)
    return ways
