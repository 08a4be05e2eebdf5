"""Ridges: one filled curve a moment, each on its own line, the later ones lower and in front.

How a shape changes is seen at a glance; how much stands where tells the heatmap beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lispe_kernel.display.drawing import colours, svg
from lispe_kernel.display.drawing.colours import Scale
from lispe_kernel.display.drawing.svg import Drawing
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, one_line

_WIDTH, _HEIGHT = 420, 270
_BOTTOM, _RIGHT = 34, 12
_OVERLAP = 2.5  # a curve is at most so many lines high
_LINE = 12  # pixels that a name needs
_INK = Scale("ridge", ((166, 203, 240), (27, 84, 150)))


@dataclass(frozen=True)
class Ridge:
    """One moment: its name, its shares in bins of one width, and what a pointer is told of its highest."""

    name: str
    shares: Sequence[float]
    told: str


def ridges(lines: Sequence[Ridge], low: float, high: float, label: str, x_name: str, caption: str) -> Element:
    """The curves of some moments over `low .. high`, the first at the top."""
    names = [one_line(one.name, 12) for one in lines]
    left = 13 + max(map(svg.width_of, names))
    room = _HEIGHT - _BOTTOM - 6
    step = room / (len(lines) - 1 + _OVERLAP)
    most = max((share for one in lines for share in one.shares), default=0.0) or 1.0
    every = max(1, -(-_LINE // max(1, int(step))))
    parts: list[Node] = []
    told = []
    for k, one in enumerate(lines):
        base = 6 + (k + _OVERLAP) * step
        path, edge, peak = _outline(one.shares, most, left, base, step * _OVERLAP)
        ink = colours.css(_INK.colour(k / max(1, len(lines) - 1)))
        parts.append(element("path", d=path, fill=ink))
        parts.append(element("path", d=edge, fill="none", stroke="#fff", stroke_width=".8"))
        if (len(lines) - 1 - k) % every == 0:
            parts.append(svg.words(names[k], left - 5, base + 2, "end"))
        told.append([round(peak[0]), round(peak[1]), one.told])
    for tick, text in numbers.axis_ticks(low, high, 7).places:
        x = left + (tick / 2 - low / 2) / (high / 2 - low / 2) * (_WIDTH - left - _RIGHT)
        parts.append(svg.line(f"M{svg.number(x)},{_HEIGHT - _BOTTOM}v4"))
        parts.append(svg.words(text, x, _HEIGHT - _BOTTOM + 15, "middle"))
    parts.append(svg.words(x_name, (left + _WIDTH) / 2, _HEIGHT - 4, "middle"))
    facts = svg.for_script({"points": svg.places(told)})
    return svg.figure(Drawing(parts, _WIDTH, _HEIGHT), label, caption, data_scale=facts)


def _outline(
    shares: Sequence[float], most: float, left: float, base: float, tall: float
) -> tuple[str, str, tuple[float, float]]:
    """A curve through the middles of its bins, closed at its line; its edge where it is high; its peak."""
    wide = (_WIDTH - left - _RIGHT) / len(shares)
    points = [(left + (k + 0.5) * wide, base - tall * share / most) for k, share in enumerate(shares)]
    shown = [
        p
        for k, p in enumerate(points)
        # Of a level stretch its ends are enough.
        if not 0 < k < len(points) - 1 or not points[k - 1][1] == p[1] == points[k + 1][1]
    ]
    ends = [(left, base), *shown, (_WIDTH - _RIGHT, base)]
    high = [k for k, share in enumerate(shares) if share]
    edge = points[max(0, high[0] - 1) : high[-1] + 2] if high else []
    return svg.polyline(ends) + "z", svg.polyline(edge) if edge else "", min(points, key=lambda p: p[1])
