"""The words and the tables of a page as drawings: lines of text, and tables with rules as papers set them.

What stands folded away stays away, long tables end with the number of rows that are left out, and a picture
in a cell is its words. Knows no matplotlib.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from lispe_kernel.display.drawing import svg
from lispe_kernel.display.drawing.svg import Drawing
from lispe_kernel.display.page.html import Element, Hint, Node, element, one_line, to_xml
from lispe_kernel.display.papers.panels import Panel, line_width

_LINE = 16.0  # pixels from one line to the next
_GAP = 16.0  # between columns
_STEP = 12.0  # a level of a tree
_LETTERS = 110  # of a line of words
_CELL, _FEW = 48, 3  # of a cell, where there are more cells than few beside it
_ROWS = 60  # of a table
_BOLD = "font-weight:bold"
_BLOCK = 3.0  # pixels by which a block of a tiny histogram is wider than a letter

Line = tuple[str, int, bool]  # words, their level in the page, whether they are loud


@dataclass
class Row:
    """One line of a table: its cells, or the words of a branch alone; and how deep it stands in a tree."""

    cells: list[str]
    depth: int = 0
    is_branch: bool = False


@dataclass
class Listing:
    """A table as it is read off a page."""

    label: str
    headings: list[str] = field(default_factory=list)
    right: set[int] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)


def tables_of(page: Node) -> list[Panel]:
    """Every table of a page, each with the lines that stand before it; words without a table are one panel.

    What stands after the last table stands under it.
    """
    groups: list[tuple[list[Line], Listing]] = []
    lines: list[Line] = []
    for found in _blocks(page, 0):
        if isinstance(found, Listing):
            groups.append((lines, found))
            lines = []
        else:
            lines.append(found)
    if not groups:
        return [_panel(lines, None, [])] if lines else []
    last = len(groups) - 1
    return [_panel(before, one, lines if k == last else []) for k, (before, one) in enumerate(groups)]


# -- reading a page


def _blocks(node: Node, depth: int) -> Iterator[Listing | Line]:
    """Tables and lines of words."""
    if isinstance(node, Element):
        yield from _of_element(node, depth)
    elif isinstance(node, Iterable) and not isinstance(node, str):
        for child in node:
            yield from _blocks(child, depth)


def _of_element(node: Element, depth: int) -> Iterator[Listing | Line]:
    attributes = dict(node.attributes)
    if isinstance(node, Hint) or (node.tag == "details" and "open" not in attributes):
        return
    if node.tag == "table":
        listing = Listing(attributes.get("aria-label", "table"))
        _read(node, listing, 0)
        yield listing
    elif node.tag == "div" and _are_columns(node.children):
        listing = Listing("tree")
        _read(node.children, listing, 0)
        yield listing
    elif node.tag in ("p", "pre", "summary"):
        loud = bool(_inside(node, "class", "t")) or node.tag == "summary" or attributes.get("class") == "w"
        for line in words(node).splitlines():
            # Facts stand apart by a point, which begins no line.
            told = " ".join(line.split()).replace(" · ", "\xa0· ")
            yield from ((part, depth, loud) for part in textwrap.wrap(told, _LETTERS) if part.strip())
    elif node.tag == "figure":
        yield from (found for found in _blocks(node.children, depth) if isinstance(found, Listing))
    elif node.tag not in ("img", "input", "button"):
        yield from _blocks(node.children, depth + (node.tag == "details"))


def _are_columns(node: Node) -> bool:
    """Whether the headings of a tree of tables stand here, before its branches."""
    if isinstance(node, Element):
        return ("class", "z") in node.attributes
    return not isinstance(node, str) and isinstance(node, Iterable) and any(map(_are_columns, node))


def _read(node: Node, listing: Listing, depth: int) -> None:
    """Put the rows of a table, or of the tables of a tree with the lines of its branches, on a list."""
    if not isinstance(node, Element):
        if isinstance(node, Iterable) and not isinstance(node, str):
            for child in node:
                _read(child, listing, depth)
    elif node.tag == "tr":
        _read_row(node, listing, depth)
    elif node.tag == "details":
        line, *below = node.children
        listing.rows.append(Row([one_line(words(line))], depth, is_branch=True))
        if "open" in dict(node.attributes):
            _read(below, listing, depth + 1)
    else:
        _read(node.children, listing, depth)


def _read_row(row: Element, listing: Listing, depth: int) -> None:
    cells = [part for part in _elements(row.children) if part.tag in ("td", "th")]
    texts = [one_line(words(cell), _CELL if len(cells) > _FEW else _LETTERS) for cell in cells]
    if cells and not listing.rows and all(dict(c.attributes).get("scope") == "col" for c in cells):
        listing.headings = texts
        listing.right = {k for k, c in enumerate(cells) if dict(c.attributes).get("class") == "n"}
        return
    listing.right |= {k for k, c in enumerate(cells) if dict(c.attributes).get("align") == "right"}
    if cells and "colspan" in dict(cells[0].attributes):
        listing.rows.append(Row([one_line(words(cells[0]))], depth, is_branch=True))
        return
    listing.rows.append(Row(texts, depth))


def words(node: Node) -> str:
    """The text of a node as it is seen: a fold is its line, a picture its words, facts stand apart."""
    if isinstance(node, Element):
        attributes = dict(node.attributes)
        if node.tag == "img":
            return attributes.get("alt", "")
        inner = words(node.children[:1] if node.tag == "details" else node.children)
        return inner + " " * (node.tag in ("div", "p", "br", "span"))
    if isinstance(node, Iterable) and not isinstance(node, str):
        return "".join(words(child) for child in node)
    return "" if node is None else str(node)


def _elements(node: Node) -> Iterator[Element]:
    if isinstance(node, Element):
        yield node
    elif isinstance(node, Iterable) and not isinstance(node, str):
        for child in node:
            yield from _elements(child)


def _inside(node: Element, name: str, given: str) -> list[Element]:
    """The elements at any depth with this attribute."""
    found = [node] if dict(node.attributes).get(name) == given else []
    return found + [deep for part in _elements(node.children) for deep in _inside(part, name, given)]


# -- drawing it


def _panel(before: list[Line], listing: Listing | None, after: list[Line]) -> Panel:
    drawn = [_paragraph(before), *([_table(listing)] if listing else []), _paragraph(after)]
    parts, y = [], 0.0
    for one in drawn:
        parts.append(svg.moved(one, 0, y))
        y += one.height
    whole = element("svg", parts, xmlns="http://www.w3.org/2000/svg")
    label = before[0][0] if before else listing.label if listing else ""
    return Panel(ElementTree.fromstring(to_xml(whole)), max(one.width for one in drawn), y, "", label)


def _paragraph(lines: list[Line]) -> Drawing:
    parts = [
        _words(text, depth * _STEP, k * _LINE + 12, loud=loud) for k, (text, depth, loud) in enumerate(lines)
    ]
    width = max((depth * _STEP + _width(text, loud) for text, depth, loud in lines), default=0.0)
    return Drawing(parts, width, len(lines) * _LINE)


def _table(listing: Listing) -> Drawing:
    rows, left_out = listing.rows[:_ROWS], len(listing.rows) - _ROWS
    widths = _widths(listing.headings, rows)
    total = sum(widths) + _GAP * (len(widths) - 1)
    total = max([total, *(row.depth * _STEP + _width(row.cells[0], True) for row in rows if row.is_branch)])
    parts, y = [_rule(4, total, 1.2)], 18.0
    if listing.headings:
        parts.append(_line_of(listing.headings, widths, listing.right, y, loud=True))
        parts.append(_rule(y + 5, total, 0.6))
        y += _LINE + 3
    for row in rows:
        if row.is_branch:
            parts.append(_words(row.cells[0], row.depth * _STEP, y, loud=True))
        else:
            parts.append(_line_of(row.cells, widths, listing.right, y, indent=row.depth * _STEP))
        y += _LINE
    parts.append(_rule(y - _LINE + 6, total, 1.2))
    if left_out > 0:
        parts.append(_words(f"and {left_out} more rows", 0, y + 6))
        y += _LINE
    return Drawing(parts, total, y - 2)


def _widths(headings: list[str], rows: list[Row]) -> list[float]:
    lines = [row for row in rows if not row.is_branch]
    count = max([len(headings), *(len(row.cells) for row in lines)], default=0)
    widths = [0.0] * count
    for k, text in enumerate(headings):
        widths[k] = _width(text, True)
    for row in lines:
        for k, text in enumerate(row.cells):
            widths[k] = max(widths[k], _width(text) + (0 if k else row.depth * _STEP))
    return widths


def _line_of(
    cells: list[str],
    widths: list[float],
    right: set[int],
    y: float,
    *,
    indent: float = 0.0,
    loud: bool = False,
) -> list[Node]:
    parts, x = [], 0.0
    for k, (text, width) in enumerate(zip(cells, widths, strict=False)):
        if k in right:
            parts.append(_words(text, x + width, y, "end", loud=loud))
        else:
            parts.append(_words(text, x + (0 if k else indent), y, loud=loud))
        x += width + _GAP
    return parts


def _words(text: str, x: float, y: float, anchor: str = "start", *, loud: bool = False) -> Node:
    return element(
        "text",
        text,
        x=svg.number(x),
        y=svg.number(y),
        text_anchor=None if anchor == "start" else anchor,
        style=_BOLD if loud else None,
    )


def _width(text: str, loud: bool = False) -> float:
    # Bold letters are wider.
    letters = line_width(text) * (1.12 if loud else 1)
    return letters + _BLOCK * sum("▁" <= c <= "█" for c in text)


def _rule(y: float, width: float, strength: float) -> Node:
    line = f"M0,{svg.number(y)}H{svg.number(width)}"
    return element("path", d=line, stroke=svg.INK, stroke_width=str(strength), fill="none")
