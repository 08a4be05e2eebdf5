"""Rows that open in place while the kernel lives: a page that asks, and the answers.

The page is sent once, however long it is. A row that opens writes its number into a hidden field; the answer
is the row's view, which the page's script puts where it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets

from lispe_kernel.display.explorers.base import drawn_or_told
from lispe_kernel.display.page.html import Node, element
from lispe_kernel.display.page.theme import page


class Rows:
    """A page whose rows are `opened.Asked`, and `view`, which draws what a row opens."""

    def __init__(self, content: Node, count: int, view: Callable[[int], Node]) -> None:
        self.count, self.view = count, view
        self.told: set[int] = set()
        self.asked = widgets.Text(layout=widgets.Layout(display="none"))
        self.asked.add_class("lsp-asked")
        self.asked.observe(lambda change: self._answer(change["new"]), names="value")
        self.area, self.answers = widgets.Output(), widgets.Output()
        self.area.outputs = (_output(page(content)),)

    @property
    def parts(self) -> list[Any]:
        """The widgets, in the order in which they stand under each other."""
        return [self.area, self.asked, self.answers]

    def _answer(self, text: str) -> None:
        """Draw the rows that are new in a list of all that were asked for; the last one in any case."""
        wanted = [int(word) for word in text.split() if word.isdecimal() and int(word) < self.count]
        new = [place for place in wanted if place not in self.told] or wanted[-1:]
        self.told.update(new)
        answers = [
            element("div", drawn_or_told(partial(self.view, place)), data_answers=str(place))
            for place in dict.fromkeys(new)
        ]
        if answers:
            self.answers.outputs = (_output(page(answers)),)


def _output(html: str) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": html, "text/plain": ""}}
