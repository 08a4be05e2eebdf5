"""What a row opens: the tensor's own view, in the fold that is the row's name, without a script.

A page of few or small tensors keeps all of their views, one of large tensors those of the smallest; the
others open in `(explore ...)`, where the kernel is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lispe_kernel.display.page.html import Constant, Element, Node, element, foldable, hint, to_html

_BYTES = 24_000  # of the views that a page keeps of few or small tensors
_LEAST = 6_000  # of them, whatever they show
_SMALL = 400  # values: all of them are in the view
_MOST = 40  # views
LARGEST = 1 << 20  # values of a tensor whose view is kept
_log = logging.getLogger("lispe.display")


def stored(sizes: Sequence[int], view: Callable[[int], Node]) -> dict[int, Constant]:
    """The views of the smallest rows, by their places; of all rows where `_BYTES` hold them.

    `sizes` are the numbers of values, 0 for a row that opens nothing; `view` draws one.
    """
    found: dict[int, Constant] = {}
    kept, total = 0, 0
    openable = [k for k, size in enumerate(sizes) if 0 < size <= LARGEST]
    for place in sorted(openable, key=lambda k: sizes[k])[:_MOST]:
        try:
            drawn = Constant(to_html(view(place)))
        except Exception:
            _log.exception("the view of a row could not be drawn")
            continue
        total += len(drawn)
        if total > _BYTES:
            break
        found[place] = drawn
        if total <= _LEAST or sizes[place] <= _SMALL:
            kept = len(found)
    is_whole = total <= _BYTES and len(openable) <= _MOST
    return found if is_whole else dict(list(found.items())[:kept])


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
    return hint(f"{here}{how} opens any of them")
