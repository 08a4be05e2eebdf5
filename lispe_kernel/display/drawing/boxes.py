"""Boxes with words in layers, arrows between them, and beside the arrows what goes along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lispe_kernel.display.drawing import svg
from lispe_kernel.display.drawing.layered import Layout, Point, layered
from lispe_kernel.display.drawing.svg import Drawing
from lispe_kernel.display.page.html import Element, Node, element, plain

_LINE = 15.0  # the height of a line of words
_SMALL = 10.0  # of the letters beside an arrow
_WIDE = 1.2 * _SMALL / svg.SIZE  # how wide they are, of other letters, in the widest of the usual fonts
_BEHIND = 3.0  # how far the second of several sheets looks out
_EDGE = 4.0
_GAP = 12.0

Spot = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sign:
    """How one box looks: its lines of words, its colour, filled, as several sheets, or no box at all."""

    words: tuple[str, ...]
    colour: str = svg.INK
    filled: bool = False
    sheets: bool = False
    bare: bool = False


def flowchart(signs: Sequence[Sign], links: Mapping[tuple[int, int], str]) -> tuple[Drawing, list[Spot]]:
    """The boxes and arrows between them, by their numbers, each to a later one; and where the boxes lie."""
    sizes = list(map(_size, signs))
    pairs = sorted(links)
    layout = layered(sizes, pairs)
    return _drawn(signs, sizes, layout, list(_marks(layout, pairs, [links[pair] for pair in pairs], sizes)))


def listed(signs: Sequence[Sign], widest: float = 620) -> tuple[Drawing, list[Spot]]:
    """Boxes without arrows, in lines; and where they lie."""
    sizes = list(map(_size, signs))
    places, x, y, high, wide = [], 0.0, 0.0, 0.0, 0.0
    for width, height in sizes:
        if x and x + width > widest:
            x, y, high = 0.0, y + high + _GAP, 0.0
        places.append((x + width / 2, y + height / 2))
        x, high = x + width + _GAP, max(high, height)
        wide = max(wide, x - _GAP)
    return _drawn(signs, sizes, Layout(places, [], wide, y + high), [])


_Mark = tuple[str, float, float, float]


def _drawn(
    signs: Sequence[Sign], sizes: Sequence[Point], layout: Layout, marks: Sequence[_Mark]
) -> tuple[Drawing, list[Spot]]:
    right = max([layout.width, *(x + wide for _, x, _, wide in marks)])
    left = min([0.0, *(x for _, x, _, _ in marks)])
    parts: list[Node] = [_arrow(way) for way in layout.ways]
    parts += [_small(text, x, y) for text, x, y, _ in marks]
    spots = []
    for sign, (x, y), (wide, high) in zip(signs, layout.places, sizes, strict=True):
        parts += _box(sign, x, y, wide, high)
        corner = x - wide / 2 - left + _EDGE, y - high / 2 + _EDGE
        spots.append((*corner, corner[0] + wide, corner[1] + high))
    drawing = Drawing(parts, right - left + 2 * _EDGE + _BEHIND, layout.height + 2 * _EDGE + _BEHIND)
    return replace(drawing, parts=svg.moved(drawing, _EDGE - left, _EDGE)), spots


def _size(sign: Sign) -> Point:
    """The room for the words; the first ones of a filled box are bold."""
    widths = [svg.width_of(text) for text in sign.words]
    return 12 + max([widths[0] * (1.15 if sign.filled else 1), *widths[1:]]), 5 + _LINE * len(sign.words)


def _box(sign: Sign, x: float, y: float, wide: float, high: float) -> Iterator[Element]:
    if not sign.bare:
        if sign.sheets:
            yield _frame(x + _BEHIND, y + _BEHIND, wide, high, sign.colour, 0.5)
        if sign.filled:
            # On a ground of its own: lines that pass behind the second sheet stay behind.
            yield rectangle(x, y, wide, high, fill=sign.colour, opacity="0.1")
        yield _frame(x, y, wide, high, sign.colour, 1)
    top = y - high / 2 + _LINE - 1.5
    for number, text in enumerate(sign.words):
        made = svg.words(text, x, top + number * _LINE, "middle")
        if number == 0 and not sign.bare and sign.filled:
            made = replace(made, attributes=(*made.attributes, ("style", "font-weight:600")))
        yield made


def _frame(x: float, y: float, wide: float, high: float, colour: str, opacity: float) -> Element:
    return rectangle(x, y, wide, high, fill="none", stroke=colour, opacity=None if opacity == 1 else opacity)


def rectangle(x: float, y: float, wide: float, high: float, **looks: Any) -> Element:
    """A rectangle around a place."""
    return element(
        "rect",
        x=svg.number(x - wide / 2),
        y=svg.number(y - high / 2),
        width=svg.number(wide),
        height=svg.number(high),
        rx=3,
        **looks,
    )


def _arrow(way: Sequence[Point]) -> Element:
    x, y = way[-1]
    line = "M" + "L".join(f"{svg.number(a)},{svg.number(b)}" for a, b in way)
    head = f"M{svg.number(x)},{svg.number(y)}l-3.5,-7h7z"
    return element(
        "g",
        element("path", d=line, fill="none", stroke=svg.INK, opacity="0.6"),
        element("path", d=head, fill=svg.INK),
    )


def _small(text: str, x: float, y: float) -> Element:
    made = svg.words(text, x, y)
    return replace(made, attributes=(*made.attributes, ("style", f"font-size:{_SMALL:g}px")))


def _marks(
    layout: Layout, pairs: list[tuple[int, int]], labels: list[str], sizes: Sequence[Point]
) -> Iterator[_Mark]:
    """What stands beside the arrows, with its place and width: once under a box where all say the same."""
    by_source: dict[int, list[int]] = {}
    for number, (source, _) in enumerate(pairs):
        by_source.setdefault(source, []).append(number)
    # No text over a box.
    taken = [
        (x - w / 2 + 4, y - h / 2, x + w / 2 - 4, y + h / 2)
        for (x, y), (w, h) in zip(layout.places, sizes, strict=True)
    ]
    lines = [pair for way in layout.ways for pair in pairwise(way)]
    for numbers in by_source.values():
        same = len({labels[n] for n in numbers}) == 1
        for number in numbers[:1] if same else numbers:
            text = plain(labels[number])
            wide = svg.width_of(text) * _WIDE
            ways = [layout.ways[n] for n in (numbers if same else [number])]
            ends = [way[0] if same else way[-1] for way in ways]
            y = ends[0][1] + 13 if same else ends[0][1] - 11
            # On the side that the last arrow does not go to.
            slope = ways[-1][1][0] - ways[-1][0][0] if same else ways[-1][-2][0] - ways[-1][-1][0]
            between = min(x for x, _ in ends), max(x for x, _ in ends)
            place = _free(taken, lines, between, y, wide, -1 if slope > 1 else 1)
            taken.append(place)
            yield text, place[0], place[3], wide


def _free(
    taken: list[Spot], lines: list[tuple[Point, Point]], ends: Point, y: float, wide: float, side: int
) -> Spot:
    """The place of a text at a side of arrows that begin or end from one x to another.

    At the other side, or higher or lower, where boxes, other texts or lines are; a line is crossed before a
    box or a text is.
    """
    right, left = ends[1] + 5, ends[0] - wide - 5
    sides = (right, left) if side > 0 else (left, right)
    places = [(start, base - 9, start + wide, base) for base in (y, y - 11, y + 11) for start in sides]
    apart = [place for place in places if not any(_touch(place, other) for other in taken)]
    clear = (place for place in apart if not any(_crosses(line, place) for line in lines))
    return next(clear, next(iter(apart), places[0]))


def _touch(a: Spot, b: Spot) -> bool:
    return a[0] - 4 < b[2] and b[0] < a[2] + 4 and a[1] < b[3] and b[1] < a[3]


def _crosses(line: tuple[Point, Point], place: Spot) -> bool:
    """Whether a line, which never rises, passes through a place or just beside it."""
    (x, top), (last, bottom) = line
    high, low = max(top, place[1]), min(bottom, place[3])
    if high > low:
        return False
    slope = (last - x) / (bottom - top) if bottom > top else 0.0
    ends = (x, last) if bottom == top else (x + slope * (high - top), x + slope * (low - top))
    return min(ends) < place[2] + 2 and max(ends) > place[0] - 2
