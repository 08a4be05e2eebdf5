"""What a row opens: the tensor's own view, in the fold that is the row's name, without a script.

A page of few or small tensors keeps all of their views, one of large tensors those of the smallest; the
others open in `(explore ...)`, where the kernel is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from lispe_kernel.display.page.html import Constant, Element, Node, element, foldable, hint, to_html

_BYTES = 24_000  # of the views that a page keeps of few or small tensors, as they are foreseen
_LEAST = 6_000  # of them, whatever they show
_SMALL = 400  # values: all of them are in the view
_MOST = 40  # views
LARGEST = 1 << 20  # values of a tensor whose view is kept
_log = logging.getLogger("lispe.display")


def stored(
    sizes: Sequence[int], foreseen: Callable[[int], int], view: Callable[[int], Node]
) -> dict[int, Constant]:
    """The views of the smallest rows, by their places; of all rows where `_BYTES` hold them.

    `sizes` are the numbers of values, 0 for a row that opens nothing; `foreseen` says about how many bytes
    the view of a row takes, `view` draws it. What is drawn follows the last digits of values, which differ
    between processors: it has no say in which rows open.
    """
    drawn: dict[int, Constant] = {}
    for place in _chosen(sizes, foreseen):
        try:
            drawn[place] = Constant(to_html(view(place)))
        except Exception:
            _log.exception("the view of a row could not be drawn")
    return drawn


def _chosen(sizes: Sequence[int], foreseen: Callable[[int], int]) -> list[int]:
    openable = sorted((k for k, size in enumerate(sizes) if 0 < size <= LARGEST), key=lambda k: sizes[k])
    places = openable[:_MOST]
    totals = list(accumulate(map(foreseen, places)))
    if len(openable) <= _MOST and sum(totals[-1:]) <= _BYTES:
        return places
    return [
        place
        for place, total in zip(places, totals, strict=True)
        if total <= (_BYTES if sizes[place] <= _SMALL else _LEAST)
    ]


@dataclass(frozen=True)
class Asked:
    """In place of a view: the number of the row, under which it is asked of the kernel when it opens."""

    place: int


def named(label: Node, view: Node) -> Node:
    """The name of a row, as the line of a fold where the row has a view."""
    if isinstance(view, Asked):
        waiting = element("div", element("p", "asking the kernel …", class_="q"), class_="o")
        return element("details", element("summary", label), waiting, data_k=str(view.place))
    return label if view is None else foldable(label, element("div", view, class_="o"))


def told(openable: int, rows: int, how: str) -> Element | None:
    """The sentence under rows that do not all open."""
    if openable == rows:
        return None
    here = f"{openable} of {rows} rows open here; " if openable else ""
    return hint(f"{here}{how} opens any of them")
