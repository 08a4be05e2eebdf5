"""A tree of tables: one line of headings over branches that open and close, rows where nothing lies below.

Rows without branches are one table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from lispe_kernel.display.page.html import FEW_ROWS, SEEN_ROWS, Element, Node, element, heading_row, searched

# The name takes what is left, and the shape gives way to it, in all depths as much; others have their pixels.
_COLUMNS: tuple[dict[str, Any], ...] = (
    {},
    {"style": "width:20cqw"},
    *({"width": n} for n in (89, 79, 74)),
    {"width": 67, "span": 2},
    {"width": 99},
)
_LETTERS = 6
_OPEN_LINES = 48  # branches stand open as deep as so many lines are seen

T = TypeVar("T")


def tree(
    headings: Iterable[Node],
    branches: Node,
    *,
    numeric: Iterable[int],
    find: str,
    lines: int,
    rows: int,
    opens: bool,
) -> Element:
    """The headings over the branches; `find` is what the field for searching says.

    lines: how many there are in all, of branches and of rows; few lines are not searched, few rows are not
    sorted. opens: whether any row does.
    """
    sorts = rows > FEW_ROWS or lines > SEEN_ROWS
    # So many letters of a name stay beside the other columns.
    head = element("thead", heading_row(headings, numeric, _LETTERS))
    match list(_elements(branches)):
        case [Element("table", _, (*_, body))]:
            # No branches: one table, whose columns need no others to line up with.
            flat = element("table", head, body, aria_label="tensors", class_="y", data_sort=sorts)
            return searched(flat, lines, find, opens=opens)
    columns = _table([head, element("tbody") if sorts else None], aria_label="columns")
    whole = element("div", columns, branches, class_="u", data_sort=True) if sorts else [columns, branches]
    return searched(whole, lines, find, opens=opens)


def _elements(node: Node) -> Iterator[Element]:
    if isinstance(node, Element):
        yield node
    else:
        for part in node or ():
            yield from _elements(part)


def rows_of_a_branch(rows: Iterable[Element], label: str, prefix: str = "") -> Element:
    """Rows under the headings of the whole tree; `prefix` stands before their names when they are sorted."""
    return _table(element("tbody", rows, data_p=prefix or None), aria_label=label)


def _table(rows: Node, **attributes: Any) -> Element:
    """One of the tables, whose columns are as wide as those of the others, also where styles are lost.

    There the name keeps some room, in a window of any width; our style takes less where there is less.
    """
    widths = [element("col", **looks) for looks in _COLUMNS]
    return element("table", widths, rows, class_="z", width="100%", style="min-width:740px", **attributes)


def open_depth(root: T, lines: Callable[[T], int], below: Callable[[T], Iterable[T]]) -> int:
    """How many levels of branches can stand open before more than `_OPEN_LINES` lines are seen."""
    level, seen, depth = [root], 0, -1
    while level:
        seen += sum(map(lines, level))
        if seen > _OPEN_LINES:
            break
        level = [inner for branch in level for inner in below(branch)]
        depth += 1
    return max(depth, 0)
