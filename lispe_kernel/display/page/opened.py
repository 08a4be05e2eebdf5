"""What a row opens: the tensor's own view, in the fold that is the row's name, without a script.

A page keeps the views of its smallest tensors, as many as `_BYTES` hold, whatever the number of rows; the
others open in `(explore ...)`, where the kernel is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lispe_kernel.display.page.html import Constant, Element, Node, element, foldable, to_html

_BYTES = 6_000  # of all the views that a page keeps
_MOST = 40  # views
LARGEST = 1 << 20  # values of a tensor whose view is kept
_log = logging.getLogger("lispe.display")


def stored(sizes: Sequence[int], view: Callable[[int], Node], most: int = _BYTES) -> dict[int, Constant]:
    """The views of the smallest rows, by their places: as many as `most` bytes hold.

    `sizes` are the numbers of values, 0 for a row that opens nothing; `view` draws one.
    """
    found: dict[int, Constant] = {}
    small = [k for k, size in enumerate(sizes) if 0 < size <= LARGEST]
    left = most
    for place in sorted(small, key=lambda k: sizes[k])[:_MOST]:
        try:
            drawn = Constant(to_html(view(place)))
        except Exception:
            _log.exception("the view of a row could not be drawn")
            continue
        left -= len(drawn)
        if left < 0:
            break
        found[place] = drawn
    return found


@dataclass(frozen=True)
class Asked:
    """In place of a view: the number of the row, under which it is asked of the kernel when it opens."""

    place: int


def named(label: Node, view: Node) -> Node:
    """The name of a row, as the line of a fold where the row has a view."""
    if isinstance(view, Asked):
        waiting = element("div", element("p", "asking the kernel …", class_="q"))
        return element("details", element("summary", label), waiting, data_k=str(view.place))
    return label if view is None else foldable(label, element("div", view))


def told(openable: int, rows: int, how: str) -> Element | None:
    """The sentence under rows that do not all open."""
    if openable == rows:
        return None
    here = f"{openable} of {rows} rows open here; " if openable else ""
    return element("p", f"{here}{how} opens any of them", class_="q")
