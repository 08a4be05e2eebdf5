"""Curves, histograms and bars as SVG that takes its ink from the page, so every theme reads it.

A chart has an ARIA label that says what it shows. Long series are reduced by keeping the lowest and the
highest value under each pixel: a spike is never lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, shortened

# Distinct for colour-blind readers, and dark or light enough on white and on black.
INK = ("#2f7fd1", "#d9822b", "#1a9e77", "#c0508f", "#7d6bd0", "#8c7a2e", "#d0453b", "#5b8a9a")
_DASHES = (None, "6 3", "2 3", "8 3 2 3")
_LEFT, _RIGHT, _TOP, BOTTOM = 52, 10, 8, 30
_MOST_POINTS = 400
_DECADES = 500  # positive values whose ends lie further apart are drawn on a logarithmic scale


@dataclass(frozen=True)
class Series:
    """One curve: its name and its points. A value that is not finite interrupts the line."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


@dataclass(frozen=True)
class Frame:
    """The part of the world a chart shows, and where it lies on the drawing.

    log: the heights are powers of ten, and `y` is in decades.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    width: int
    height: int
    log: bool = False

    def across(self, value: float) -> float:
        return _LEFT + _placed(value, self.x) * (self.width - _LEFT - _RIGHT)

    def down(self, value: float) -> float:
        height = math.log10(max(value, 1e-300)) if self.log else value
        return _TOP + (1 - _placed(height, self.y)) * (self.height - _TOP - BOTTOM)

    def heights(self) -> list[tuple[float, str]]:
        """Round values on the vertical axis with their texts."""
        ticks = numbers.axis_ticks(*self.y, 5)
        if not self.log:
            return [(tick, numbers.value(round(tick, 12), 4)) for tick in ticks]
        whole = sorted({round(tick) for tick in ticks})
        return [
            (10.0**tick, numbers.value(10.0**tick, 1)) for tick in whole if self.y[0] <= tick <= self.y[1]
        ]

    def places(self) -> list[tuple[float, str]]:
        """Round values on the horizontal axis with their texts."""
        return [(tick, numbers.value(round(tick, 12), 4)) for tick in numbers.axis_ticks(*self.x, 7)]


def _placed(value: float, ends: tuple[float, float]) -> float:
    return (value - ends[0]) / (ends[1] - ends[0]) if ends[1] > ends[0] else 0.5


def frame_of(series: Sequence[Series], width: int, height: int, places: Sequence[float] = ()) -> Frame:
    """A frame around all finite points and these places on the x axis.

    Values over many decades get a logarithmic height.
    """
    points = [
        (x, y)
        for s in series
        for x, y in zip(s.xs, s.ys, strict=False)
        if math.isfinite(y) and math.isfinite(x)
    ]
    xs, ys = [p[0] for p in points] or [0.0, 1.0], [p[1] for p in points] or [0.0, 1.0]
    log = _over_decades(ys)
    low, high = (math.log10(min(ys)), math.log10(max(ys))) if log else (min(ys), max(ys))
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    left, right = min(*xs, *places, xs[0]), max(*xs, *places, xs[0])
    spread = 0.0 if right > left else 0.5
    return Frame((left - spread, right + spread), (low - margin, high + margin), width, height, log)


def _over_decades(ys: Sequence[float]) -> bool:
    """Whether values are positive and most of them would lie flat on the axis of a linear scale."""
    low, high = min(ys), max(ys)
    return low > 0 and high > _DECADES * low and sorted(ys)[len(ys) // 2] < high / 20


def line_chart(
    series: Sequence[Series],
    label: str,
    *,
    x_name: str = "",
    y_name: str = "",
    width: int = 460,
    height: int = 190,
    marks: bool = False,
    crosses: Sequence[tuple[float, str]] = (),
) -> Element:
    """Curves over shared axes, with a legend when there are several.

    marks: a dot at every point; crosses: places on the x axis marked as bad, each with its words.
    """
    frame = frame_of(series, width, height, [x for x, _ in crosses if math.isfinite(x)])
    lines = [_curve(s, k, frame, marks) for k, s in enumerate(series)]
    drawing = element(
        "svg",
        element("title", label),
        _axes(frame, x_name, y_name),
        lines,
        [_cross(x, words, frame) for x, words in crosses],
        viewBox=f"0 0 {width} {height}",
        width=str(width),
        height=str(height),
        role="img",
        aria_label=label,
    )
    legend = _legend(series) if len(series) > 1 else None
    return element("figure", drawing, legend)


def _cross(x: float, words: str, frame: Frame) -> Element:
    at = min(max(frame.across(x), _LEFT), frame.width - _RIGHT)
    place = {"x": f"{at:.1f}", "y": f"{frame.height - BOTTOM:.1f}"}
    return element(
        "text",
        element("title", words),
        "✕",
        text_anchor="middle",
        style="fill:#d0302f;font-size:14px",
        **place,
    )


def _legend(series: Sequence[Series]) -> Element:
    items = [
        element(
            "span",
            element("u", style=f"width:14px;height:3px;background:{INK[k % len(INK)]}"),
            shortened(s.name, 60),
        )
        for k, s in enumerate(series)
    ]
    return element("div", items, class_="b", style="flex-wrap:wrap")


def _axes(frame: Frame, x_name: str, y_name: str) -> list[Element]:
    bottom = frame.height - BOTTOM
    parts: list[Element] = []
    for tick, text in frame.heights():
        y = f"{frame.down(tick):.1f}"
        parts.append(element("path", d=f"M{_LEFT} {y}H{frame.width - _RIGHT}", class_="g"))
        parts.append(_label(text, _LEFT - 5, float(y) + 4, "end"))
    for tick, text in frame.places():
        x = frame.across(tick)
        parts.append(element("path", d=f"M{x:.1f} {bottom}v4", class_="g"))
        parts.append(_label(text, x, bottom + 14, "middle"))
    if x_name:
        parts.append(_label(x_name, (frame.width + _LEFT) / 2, frame.height - 3, "middle"))
    if y_name:
        parts.append(_label(y_name, 11, (frame.height - BOTTOM) / 2, "middle", turn=True))
    return parts


def _label(text: str, x: float, y: float, anchor: str, turn: bool = False) -> Element:
    rotated = f"rotate(-90 {x:.1f} {y:.1f})" if turn else None
    return element(
        "text", shortened(text, 60), x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, transform=rotated
    )


def _curve(series: Series, index: int, frame: Frame, marks: bool) -> list[Element]:
    ink = INK[index % len(INK)]
    dash = _DASHES[index // len(INK) % len(_DASHES)]
    points = reduced(series.xs, series.ys)
    path = []
    pen = "M"
    for x, y in points:
        if math.isfinite(y) and math.isfinite(x):
            path.append(f"{pen}{frame.across(x):.1f} {frame.down(y):.1f}")
            pen = "L"
        else:
            pen = "M"
    line = element(
        "path", d="".join(path), fill="none", stroke=ink, stroke_width="1.6", stroke_dasharray=dash
    )
    alone = marks or len(points) == 1
    dots = [
        element(
            "circle",
            element("title", f"{numbers.value(x)}: {numbers.value(y)}"),
            cx=f"{frame.across(x):.1f}",
            cy=f"{frame.down(y):.1f}",
            r="2.6",
            fill=ink,
        )
        for x, y in points
        if alone and math.isfinite(y)
    ]
    return [line, *dots]


def reduced(xs: Sequence[float], ys: Sequence[float], most: int = _MOST_POINTS) -> list[tuple[float, float]]:
    """The points of a curve, or the lowest and highest of each stretch when there are more than `most`."""
    points = list(zip(xs, ys, strict=False))
    if len(points) <= most:
        return points
    kept: list[tuple[float, float]] = []
    stretches = most // 2
    for k in range(stretches):
        part = points[k * len(points) // stretches : (k + 1) * len(points) // stretches]
        finite = [p for p in part if math.isfinite(p[1])]
        if len(finite) < len(part):
            kept.append((part[0][0], math.nan))
        if finite:
            ends = {min(finite, key=lambda p: p[1]), max(finite, key=lambda p: p[1])}
            kept += sorted(ends)
    return kept


def histogram(
    counts: Sequence[int], low: float, high: float, label: str, width: int = 300, height: int = 92
) -> Element:
    """Bars of counts over `low .. high`, with a line at zero when it lies inside."""
    most = max(counts, default=0)
    others = sorted(c for c in counts if c)
    # One dominating bin (zeros, padding) would hide all others: then heights are logarithms.
    logarithmic = len(others) > 1 and most > 50 * others[-2]
    bottom = height - 16
    step = (width - 8) / max(1, len(counts))
    path = []
    for k, c in enumerate(counts):
        share = (math.log1p(c) / math.log1p(most) if logarithmic else c / most) if most else 0.0
        if c:
            left, tall = 4 + k * step, max(0.6, share * (bottom - 4))
            path.append(f"M{left:.1f} {bottom}v-{tall:.1f}h{step * 0.88:.1f}V{bottom}z")
    parts: list[Node] = [element("title", label), element("path", d="".join(path), fill=INK[0])]
    parts.append(element("path", d=f"M4 {bottom}H{width - 4}", class_="g"))
    if low < 0 < high:
        zero = 4 + (width - 8) * -low / (high - low)
        parts.append(
            element(
                "path",
                d=f"M{zero:.1f} 4V{bottom}",
                stroke="currentColor",
                stroke_opacity=".45",
                stroke_dasharray="2 2",
                fill="none",
            )
        )
        if 0.12 < -low / (high - low) < 0.88:
            parts.append(_label("0", zero, height - 4, "middle"))
    parts += [
        _label(numbers.value(low, 3), 4, height - 4, "start"),
        _label(numbers.value(high, 3), width - 4, height - 4, "end"),
    ]
    drawing = element(
        "svg",
        parts,
        viewBox=f"0 0 {width} {height}",
        width=str(width),
        height=str(height),
        role="img",
        aria_label=label,
    )
    note = element("figcaption", "counts on a logarithmic scale") if logarithmic else None
    return element("figure", drawing, note)


_BLOCKS = " ▁▂▃▄▅▆▇█"


def spark(counts: Sequence[int], length: int = 12) -> str:
    """A histogram of `length` characters, for a table cell: `▁▂▅█▅▂▁`."""
    if not counts:
        return ""
    if len(counts) > length:
        bounds = [k * len(counts) // length for k in range(length + 1)]
        counts = [sum(counts[a:b]) for a, b in pairwise(bounds)]
    most = max(counts) or 1
    return "".join(_BLOCKS[0 if c == 0 else max(1, math.ceil(8 * c / most))] for c in counts)


def bars(rows: Sequence[tuple[str, float, str]], label: str, width: int = 260) -> Element:
    """A table of named bars: each row is a name, a length and the text that says it."""
    most = max((length for _, length, _ in rows), default=0) or 1
    lines = [
        element(
            "tr",
            element("td", element("bdi", shortened(name))),
            element(
                "td", element("span", class_="m", style=f"width:{max(1, round(width * length / most))}px")
            ),
            element("td", text, class_="n"),
        )
        for name, length, text in rows
    ]
    return element("table", element("tbody", lines), aria_label=label)
