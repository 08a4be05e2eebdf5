"""Drawings as pictures of their own: an SVG inside an `img`, with its words in it.

A picture survives where a page loses its style, its script and its inline SVG: in a notebook that is not
trusted, on the web pages that show notebooks, in print. So ticks, legends and colour bars are part of it, and
its ink is a grey that is read on white and on black, since nobody tells a picture what it lies on.
"""

from __future__ import annotations

import base64
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from lispe_kernel.display.page.html import Constant, Element, Hint, Node, element, plain, shortened, to_xml

INK = "#757575"  # 4.6 to 1 on white, 4.1 to 1 on JupyterLab's black
SIZE = 11.5  # of the letters
LOUD = "#d0302f"
_SLACK = 0.6  # tenths of a pixel
_ADVANCE = 6.5  # a letter's width where the real one is not known
# What is escaped in the address of a picture, inside double quotes.
_UNSAFE = re.compile("[^A-Za-z0-9_/:=,;+.!*~?@$&()|' -]+")
# Such an element ends where it begins, in fewer letters.
_EMPTY = re.compile("></(?:path|rect|stop|image)>")


_ON_PAPER = ContextVar("on paper", default=False)


@contextmanager
def on_paper() -> Iterator[None]:
    """What is drawn in here stands alone: its axes have names, which on a page the words around it say."""
    before = _ON_PAPER.set(True)
    try:
        yield
    finally:
        _ON_PAPER.reset(before)


def name_on_paper(name: str) -> str:
    """The name of an axis that a page leaves out."""
    return name if _ON_PAPER.get() else ""


@dataclass(frozen=True)
class Drawing:
    """Parts between (0, 0) and (width, height), and what a pointer over them is told."""

    parts: Node
    width: float
    height: float
    facts: tuple[dict[str, Any], ...] = ()


def picture(drawing: Drawing, label: str, **attributes: Any) -> Element:
    """The drawing as a picture of its size, with the words that a screen reader says for it."""
    width, height = math.ceil(drawing.width), math.ceil(drawing.height)
    inner = to_xml(drawing.parts)
    letters = f"text{{font:{SIZE}px system-ui,sans-serif;fill:{INK}}}" if "<text" in inner else ""
    faint = f".g{{stroke:{INK};opacity:.3}}" if " class=" in inner else ""
    svg = element(
        "svg",
        element("style", letters, faint) if letters or faint else None,
        Constant(inner),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
    )
    # All other quotes are escaped by now. Double ones would take three letters each.
    markup = _EMPTY.sub("/>", to_xml(svg).replace('"', "'"))
    source = "data:image/svg+xml," + _UNSAFE.sub(lambda found: quote(found[0]), markup)
    return element("img", src=source, alt=plain(label), width=width, height=height, **attributes)


def figure(drawing: Drawing, label: str, caption: Node = None, **attributes: Any) -> Element:
    """The picture with a caption under it."""
    below = caption if isinstance(caption, Hint) or not caption else element("figcaption", caption)
    return element("figure", picture(drawing, label, **attributes), below)


def words(content: str, x: float, y: float, anchor: str = "start", *, upright: bool = False) -> Element:
    """A text at a place; upright it reads from bottom to top."""
    return element(
        "text",
        shortened(plain(content), 80),
        x=number(x),
        y=number(y),
        text_anchor=None if anchor == "start" else anchor,
        transform=f"rotate(-90,{number(x)},{number(y)})" if upright else None,
    )


def anchored(anchor: str, texts: Sequence[Node]) -> Element | None:
    """Words whose places are their ends, or their middles: said once for all of them."""
    return element("g", texts, text_anchor=anchor) if texts else None


def pixels(png: bytes, **place: Any) -> Element:
    """A picture of a PNG inside the drawing, its pixels sharp when they are drawn larger."""
    data = base64.b64encode(png).decode("ascii")
    return element("image", href=f"data:image/png;base64,{data}", **place, style="image-rendering:pixelated")


def line(path: str) -> Element:
    """A faint line of the frame."""
    return element("path", d=path, class_="g", fill="none")


def for_script(facts: Any) -> str:
    """What the page's script reads from an attribute: in ASCII, without blanks."""
    return json.dumps(facts, separators=(",", ":"))


def places(told: Iterable[Sequence[Any]], name: str = "") -> list[list[str]]:
    """Places that the script tells something of: across, down and the text, which begins with the name."""
    lines = "\n".join(f"{number(x)},{number(y)},{' '.join(text.splitlines())}" for x, y, text in told)
    return [[name, lines]] if lines else []


def number(value: float) -> str:
    """A coordinate with a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """A path through places in tenths of a pixel, each after the first by its way from the one before.

    Places that the line between others passes are left out.
    """
    tenths = list(_bends([(round(10 * x), round(10 * y)) for x, y in points]))
    ways = [_way(b[0] - a[0]) + _next(_way(b[1] - a[1])) for a, b in pairwise(tenths)]
    (x, y), *_ = tenths
    return f"M{x / 10:g},{y / 10:g}" + ("l" + ways[0] + "".join(map(_next, ways[1:])) if ways else "")


def _bends(points: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places of a line without those that a straight line passes within `_SLACK`, left to right."""
    last = len(points) - 1
    anchor, least, most = points[0], -math.inf, math.inf
    yield anchor
    for place in range(1, last + 1):
        x, y = points[place]
        wide = x - anchor[0]
        slope = (y - anchor[1]) / wide if wide > 0 else math.inf
        if not least <= slope <= most or wide <= 0:
            anchor, least, most = points[place - 1], -math.inf, math.inf
            if place > 1:
                yield anchor
            wide = x - anchor[0]
        if wide > 0:
            least = max(least, (y - anchor[1] - _SLACK) / wide)
            most = min(most, (y - anchor[1] + _SLACK) / wide)
    if last:
        yield points[last]


def _way(tenths: int) -> str:
    """A number of tenths in as few letters as a path needs: `.5`, `-12`, `3.1`."""
    text = f"{tenths / 10:.1f}".removesuffix(".0")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _next(text: str) -> str:
    """What stands after another number."""
    return text if text.startswith("-") else f",{text}"


def width_of(text: str) -> float:
    """About the width of a text in pixels; letters of Chinese, Japanese and Korean are twice as wide."""
    return sum(
        2 * _ADVANCE if unicodedata.east_asian_width(c) in "WF" else _ADVANCE for c in plain(text[:80])
    )


def legend(names: Sequence[tuple[str, Element]], width: float, left: float = 0) -> Drawing:
    """Names, each behind its sign (a drawing 14 wide around (7, 0)), in as many lines as they need."""
    x, y = left, 12.0
    parts = []
    for name, sign in names:
        told = shortened(plain(name), 60)
        room = 30 + width_of(told)
        if x > left and x + room > width:
            x, y = left, y + 16
        parts.append(element("g", sign, transform=f"translate({number(x)},{number(y - 4)})"))
        parts.append(words(told, x + 19, y))
        x += room
    return Drawing(parts, width, y + 6 if names else 0)


def moved(drawing: Drawing, x: float, y: float) -> Element:
    """The drawing's parts at another place."""
    return element("g", drawing.parts, transform=f"translate({number(x)},{number(y)})")


def grid(drawings: Sequence[Drawing], widest: float, gap: float = 10) -> Drawing:
    """Drawings of one size in lines and columns."""
    wide, high = max(d.width for d in drawings), max(d.height for d in drawings)
    across = max(1, min(len(drawings), int((widest + gap) // (wide + gap))))
    parts, told = [], []
    for k, drawing in enumerate(drawings):
        x, y = k % across * (wide + gap), k // across * (high + gap)
        parts.append(moved(drawing, x, y))
        told += [{**fact, "x": fact["x"] + x, "y": fact["y"] + y} for fact in drawing.facts]
    lines = math.ceil(len(drawings) / across)
    return Drawing(parts, across * (wide + gap) - gap, lines * (high + gap) - gap, tuple(told))
