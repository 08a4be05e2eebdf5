"""Points in the plane, and points in space seen from a side: pictures that stand alone.

With the page's script the space turns under the pointer and the arrow keys; without it one side is seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lispe_kernel.display.drawing import charts, svg
from lispe_kernel.display.drawing.frames import LINEAR, Series, frame_of
from lispe_kernel.display.drawing.svg import Drawing
from lispe_kernel.display.page.html import Element, Node, element, escape, hint, shortened

_WIDTH, _HEIGHT = 440, 340
_TOLD = 400  # points whose numbers are kept in the page; of more of them the names alone
_NAMED = 40  # points with their name beside them
_GRAIN = 144  # pixels, half of the room along an axis
_TURN, _TILT = math.radians(35), math.radians(23)  # the side that is seen
_LETTERS = 16


def plane(
    xs: Sequence[float], ys: Sequence[float], names: Sequence[str], label: str, axes: tuple[str, str]
) -> Element:
    """Points between axes; the names of few of them stand beside them."""
    frame = frame_of([Series("", xs, ys)], _WIDTH, _HEIGHT, named=True, scales=LINEAR)
    places = [(frame.across(x), frame.down(y)) for x, y in zip(xs, ys, strict=True)]
    parts: list[Node] = [charts.axes(frame, *axes), dots(places, len(places))]
    if len(names) <= _NAMED:
        parts.append(_beside(places, names))
    if len(names) <= _TOLD:
        told = [
            (px, py, f"{shortened(name, 40)}: {charts.exact(x)}, {charts.exact(y)}")
            for name, (px, py), x, y in zip(names, places, xs, ys, strict=True)
        ]
    else:
        told = [
            (round(px), round(py), shortened(name, _LETTERS))
            for name, (px, py) in zip(names, places, strict=True)
        ]
    # Here as far down as across: a curve's points are looked for above and below as well.
    facts = svg.for_script({"points": svg.places(told), "down": 1})
    return svg.figure(Drawing(parts, _WIDTH, _HEIGHT), label, data_scale=facts)


def _beside(
    places: Sequence[tuple[float, float]],
    names: Sequence[str],
    taken: Sequence[tuple[float, float, float, float]] = (),
    low: float = 0.0,
) -> list[Node]:
    """Names to the right of their points, or to the left, above, below; one without room is left out.

    A pointer over the point tells it all the same. taken: boxes that hold other words.
    low: the left edge.
    """
    boxes = [*((x - 3, y - 3, x + 3, y + 3) for x, y in places), *taken]
    parts: list[Node] = []
    for name, (x, y) in zip(names, places, strict=True):
        told = shortened(name, _LETTERS)
        width = svg.width_of(told)
        for left, base in (
            (x + 5, y + 4),
            (x - 5 - width, y + 4),
            (x - width / 2, y - 6),
            (x - width / 2, y + 15),
        ):
            box = (left, base - 9, left + width, base + 2)
            if low <= left and left + width <= low + _WIDTH and not any(_meet(box, other) for other in boxes):
                boxes.append(box)
                parts.append(svg.words(told, left, base))
                break
    return parts


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def space(
    points: Sequence[Sequence[float]], names: Sequence[str], label: str, axes: Sequence[str]
) -> Element:
    """Points in space from one side, nearer ones over farther ones; the script lets it turn."""
    largest = max((abs(n) for point in points for n in point), default=0.0) or 1.0
    grained = [tuple(round(_GRAIN * n / largest) for n in point) for point in points]
    reach = round(1.1 * _GRAIN)
    ends = [(reach, 0, 0), (0, reach, 0), (0, 0, reach)]
    seen = sorted((*_seen(p), k) for k, p in enumerate(grained))
    places = [(x, y) for _, x, y, _ in seen]
    # What the script draws looks as this does.
    parts: list[Node] = [element("style", f"path{{stroke:{charts.INK[0]};stroke-linecap:round}}")]
    taken = []
    for name, (_, x, y) in zip(axes, map(_seen, ends), strict=True):
        parts.append(svg.line(f"M{svg.number(-x)},{svg.number(-y)}L{svg.number(x)},{svg.number(y)}"))
        parts.append(svg.words(name, x + 3, y))
        taken.append((x + 3, y - 9, x + 3 + svg.width_of(name), y + 2))
    parts.append(dots(places, len(places)))
    if len(names) <= _NAMED:
        parts.append(_beside(places, [names[k] for *_, k in seen], taken, -_WIDTH / 2))
    beside = [escape(shortened(name, 24)) for name in names] if len(names) <= _NAMED else [""] * len(grained)
    # In a picture what is higher has a smaller number.
    told = [[name, x, -y, z] for (x, y, z), name in zip([*ends, *grained], [*axes, *beside], strict=True)]
    facts = svg.for_script({"turn": [told, 35, -23, _width(len(grained))]})
    middle = element("g", parts, transform=f"translate({_WIDTH // 2},{_HEIGHT // 2})", fill=charts.INK[0])
    # The script shows it: without one nothing turns.
    caption = hint("drag it, or use the arrow keys, to turn it", "figcaption", hidden=True)
    return svg.figure(Drawing(middle, _WIDTH, _HEIGHT), label, caption, data_scale=facts)


def _seen(point: Sequence[float]) -> tuple[float, float, float]:
    """How near a point is, and where it is seen: turned around the upright axis, then tilted."""
    x, y, z = point
    across, deep = x * math.cos(_TURN) + z * math.sin(_TURN), z * math.cos(_TURN) - x * math.sin(_TURN)
    return deep * math.cos(_TILT) + y * math.sin(_TILT), across, deep * math.sin(_TILT) - y * math.cos(_TILT)


def dots(places: Sequence[tuple[float, float]], count: int) -> Element:
    """Points as one path; many of them are smaller."""
    path = "".join(f"M{svg.number(x)},{svg.number(y)}h0" for x, y in places)
    return element(
        "path", d=path, stroke=charts.INK[0], stroke_width=_width(count), stroke_linecap="round", fill="none"
    )


def _width(count: int) -> float:
    return 5 if count <= 200 else 3.4 if count <= 1000 else 2.4
