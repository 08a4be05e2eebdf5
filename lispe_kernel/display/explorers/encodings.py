"""The explorer of encodings beside each other: how far one looks, and one position against all others."""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.drawing.frames import LINEAR, Series
from lispe_kernel.display.explorers.base import Explorer, slider, span, stretch
from lispe_kernel.display.explorers.registry import explorer
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, element, headline, table
from lispe_kernel.display.views.encodings.comparison import (
    EncodingComparison,
    compare_encodings,
    decay_figure,
    likeness_figure,
    waves_figure,
)


@explorer("lispe_kernel.torch_library.modules.alibi.Alibi")
def encodings_explorer(encoding: Any, other: Any) -> Explorer:
    """An explorer of one or two encodings."""
    values = [encoding] if other is None else [encoding, other]
    return EncodingsExplorer(compare_encodings(values, "explore"))


class EncodingsExplorer(Explorer):
    """The positions, the pairs of them and the distance that the sliders choose."""

    def __init__(self, compared: EncodingComparison) -> None:
        super().__init__()
        self.compared = compared
        self.title = f"explorer of {compared.text}"
        length = compared.length
        self.reach = slider("positions", length + 1, min(128, length))
        self.reach.min = 2
        self.distance = slider("distance", length, 1)
        self.window = span("distances", length)
        self.follow(self.reach, self.distance, self.window)

    def content(self) -> Node:
        found, length = self.compared.encodings, self.reach.value
        curves = [curve for made in found for curve in made.likeness(self.compared.length)]
        apart = self.distance.value
        rows = [[name, numbers.stable(ys[apart], 1.0, 5)] for name, ys in curves]
        told = table(("encoding", f"alike at distance {apart}"), rows, label="at the distance", numeric=(1,))
        return [
            headline(self.title),
            told,
            element("div", self._near(curves), decay_figure(found, length), waves_figure(found)),
            likeness_figure(found, length),
        ]

    def _near(self, curves: list[tuple[str, list[float]]]) -> Node:
        """The distances of the window alone."""
        first, last = stretch(self.window, 2)
        shown = [
            Series(name, [float(first + k) for k in range(len(ys[first:last]))], ys[first:last])
            for name, ys in curves
        ]
        label = f"how alike two positions are, distances {first} to {last - 1}"
        return charts.line_chart(shown, label, x_name="distance", y_name="alike", scales=LINEAR)
