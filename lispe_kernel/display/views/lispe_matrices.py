"""LispE's own matrices and tensors (numpy arrays) as tables and heatmaps. Needs no torch."""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.drawing import colours
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, facts, headline, shortened
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.containers import short_text
from lispe_kernel.display.views.plots import Heatmap, HeatmapView
from lispe_kernel.language.printer import to_text, type_atom

_TABLE_ROWS, _TABLE_COLUMNS = 16, 12
_PRINTED_VALUES = 400


@renderer("lispe_kernel.language.values.matrices.Matrix")
class MatrixView(View):
    """A matrix of numbers as a table or heatmap, of texts as a table."""

    def text(self) -> str:
        if self.value.array.size <= _PRINTED_VALUES:
            return plain_text(to_text(self.value))
        return f"{self._title()}: {short_text(list(self.value))}"

    def line(self) -> str:
        return self._title()

    def _title(self) -> str:
        kind = type_atom(self.value).name.strip("_").replace("_", " of ")
        return f"{kind} {numbers.shape(self.value.array.shape)}"

    def html(self) -> Node:
        array = self.value.array
        title = headline(self._title())
        if array.size == 0:
            return title
        numeric = array.dtype.kind in "iuf"
        if array.ndim == 2 and (not numeric or max(array.shape) <= _TABLE_COLUMNS):
            return [title, _measures(array) if numeric else None, _table(array, numeric)]
        if not numeric:
            return [title, element("pre", self.text())]
        return [title, _measures(array), HeatmapView(Heatmap.of("matrix", self.value)).figures()]


def _measures(array: Any) -> Node:
    ends = (("min", array.min()), ("max", array.max()), ("mean", array.mean()))
    return facts([(name, numbers.value(number.item())) for name, number in ends])


def _table(array: Any, numeric: bool) -> Element:
    shown = array[:_TABLE_ROWS, :_TABLE_COLUMNS]
    limit = float(abs(shown).max()) if numeric else 0.0
    head = element("tr", element("th"), [element("th", str(k), scope="col") for k in range(shown.shape[1])])
    rows = [
        element("tr", element("th", str(k), scope="row"), [_cell(v, limit) for v in row])
        for k, row in enumerate(shown.tolist())
    ]
    made = element("table", element("thead", head), element("tbody", rows), class_="v" if numeric else None)
    left = [
        f"{n - m} more {what}"
        for n, m, what in zip(array.shape, shown.shape, ("rows", "columns"), strict=True)
        if n > m
    ]
    return element("div", made, element("p", ", ".join(left), class_="q") if left else None)


def _cell(value: Any, limit: float) -> Element:
    if isinstance(value, str):
        return element("td", shortened(value))
    paint = (
        colours.NOT_A_NUMBER
        if value != value
        else colours.DIVERGING.colour(0.5 + (0.36 * value / limit if limit else 0))
    )
    return element("td", numbers.value(value), style=colours.under_text(paint))
