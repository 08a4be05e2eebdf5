"""The pictures on a value's page, and their places on one sheet.

A view is asked for its page as a notebook asks it; what a paper can use of that are its pictures. Tables and
what lies folded away are left where they are. Knows no matplotlib.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree

from lispe_kernel.display.drawing import svg
from lispe_kernel.display.page.html import Element, Hint, Node

SVG = "{http://www.w3.org/2000/svg}"
_WIDEST = 900.0  # of a line of panels, in the pixels of the page
_GAP = 16.0
_CAPTION = 18.0  # of the first line of a caption, and each further one
_LINE = 14.0
_NARROWEST = 540.0  # a longer caption goes on in the next line, as on the page
_SOURCE = "data:image/svg+xml,"


@dataclass(frozen=True)
class Panel:
    """One picture: its elements, its size in pixels, the words under it, and what a screen reader says."""

    drawing: ElementTree.Element
    width: float
    height: float
    caption: str
    label: str

    def lines(self) -> list[tuple[float, str]]:
        """The lines of the caption, and how far below the picture each stands."""
        most = max(self.width, _NARROWEST)
        told: list[str] = []
        for word in self.caption.split():
            longer = f"{told[-1]} {word}" if told else ""
            if longer and line_width(longer) <= most:
                told[-1] = longer
            else:
                told.append(word)
        return [(12 + k * _LINE, line) for k, line in enumerate(told)]


@dataclass(frozen=True)
class Sheet:
    """Panels with the place of each."""

    panels: tuple[tuple[float, float, Panel], ...]
    width: float
    height: float


def panels_of(page: Node) -> list[Panel]:
    """The pictures of a page in their order."""
    return list(_found(page, ""))


def _found(node: Node, caption: str) -> Iterator[Panel]:
    if isinstance(node, Element):
        if node.tag == "img":
            yield from _panel(dict(node.attributes), caption)
        elif node.tag != "table" and not (node.tag == "details" and "open" not in dict(node.attributes)):
            told = _words(_captions(node)) if node.tag == "figure" else caption
            yield from _found(node.children, told)
    elif isinstance(node, Iterable) and not isinstance(node, str):
        for child in node:
            yield from _found(child, caption)


def _panel(attributes: dict[str, str], caption: str) -> Iterator[Panel]:
    source = attributes.get("src", "")
    if source.startswith(_SOURCE):
        drawing = ElementTree.fromstring(unquote(source.removeprefix(_SOURCE)))
        size = float(drawing.get("width", "0")), float(drawing.get("height", "0"))
        yield Panel(drawing, *size, caption, attributes.get("alt", ""))


def _captions(node: Element) -> list[Node]:
    return [part for part in node.children if isinstance(part, Element) and part.tag == "figcaption"]


def _words(node: Node) -> str:
    """The text of a node that is for paper, too."""
    if isinstance(node, Element):
        return "" if isinstance(node, Hint) else _words(node.children)
    if isinstance(node, Iterable) and not isinstance(node, str):
        return "".join(_words(child) for child in node)
    return "" if node is None else str(node)


def sheet_of(panels: list[Panel]) -> Sheet:
    """The panels in lines, as a page has them; a caption stands under its picture."""
    placed, x, y, high, wide = [], 0.0, 0.0, 0.0, 0.0
    for panel in panels:
        lines = panel.lines()
        width = max([panel.width, *(line_width(line) for _, line in lines)])
        if x and x + width > _WIDEST:
            x, y, high = 0.0, y + high + _GAP, 0.0
        placed.append((x, y, panel))
        wide = max(wide, x + width)
        x += width + _GAP
        high = max(high, panel.height + (_CAPTION + (len(lines) - 1) * _LINE if lines else 0.0))
    return Sheet(tuple(placed), wide, y + high)


def line_width(text: str) -> float:
    """As `svg.width_of`, which looks at names and no further than their first letters."""
    return sum(svg.width_of(text[k : k + 80]) for k in range(0, len(text), 80))
