"""Runs of trainings over each other: a chart a name, a curve a run; and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.drawing.frames import Series, restarting
from lispe_kernel.display.drawing.smoothing import smoothed
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, headline, one_line, table, warning
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.runs import files
from lispe_kernel.display.runs.curves import HERE, Measured, Runs
from lispe_kernel.display.views.plots import looks, numbers_in
from lispe_kernel.language.printer import to_text, wrong_argument

_MOST_CHARTS, _MOST_CURVES = 24, 16
_LINES, _ROWS = 24, 400
_FEW = 40  # points of a curve that are marked


def read(path: Any, smoothing: Any) -> Runs:
    """The runs of a path, to be drawn with this much smoothing."""
    how = looks("read_runs", (3, None), (4, None), (5, None), (2, smoothing))
    return files.read_runs(path, how.smoothing)


def write(value: Any, path: Any) -> str:
    """Write runs, or a dictionary of curves, or of runs of them."""
    return files.write_runs(value.runs if isinstance(value, Runs) else _given(value), path)


def _given(value: Any) -> dict[str, dict[str, Measured]]:
    if not isinstance(value, Mapping) or not value:
        raise wrong_argument("write_runs", 1, "runs, or a dictionary of names and their values", value)
    if all(isinstance(inner, Mapping) for inner in value.values()):
        return {to_text(run): _curves(inner) for run, inner in value.items()}
    return {HERE: _curves(value)}


def _curves(values: Mapping[Any, Any]) -> dict[str, Measured]:
    found = {to_text(name): numbers_in("write_runs", 1, given) for name, given in values.items()}
    return {name: Measured(list(map(float, range(len(ys)))), ys) for name, ys in found.items()}


@renderer(Runs)
class RunsView(View):
    """Runs side by side."""

    value: Runs

    def text(self) -> str:
        lines = [self.value.text]
        told = [
            f"{self._name(run, name)} {numbers.value(m.values[-1])} after {len(m.values)} points"
            for run, curves in self.value.runs.items()
            for name, m in curves.items()
        ]
        lines += told[:_LINES]
        if len(told) > _LINES:
            lines.append(f"... and {len(told) - _LINES} more curves")
        return plain_text("\n".join([*lines, *(f"! {note}" for note in self.value.notes[:8])]))

    def line(self) -> str:
        return self.value.text

    def _name(self, run: str, name: str) -> str:
        shown = one_line(name, 60)
        return shown if len(self.value.runs) == 1 else f"{one_line(run, 60)}: {shown}"

    def html(self) -> Node:
        made, names = self.value, self.value.names
        told = f"{len(names) - _MOST_CHARTS} more curves, in the table" if len(names) > _MOST_CHARTS else ""
        smooth = f"smoothed by {made.smoothing:g}; faint: the values themselves" if made.smoothing else ""
        return [
            headline(made.text),
            [warning(one_line(note, 200)) for note in made.notes[:8]],
            warning(f"and {len(made.notes) - 8} more") if len(made.notes) > 8 else None,
            element("div", [self._chart(name) for name in names[:_MOST_CHARTS]]),
            [element("p", line, class_="q") for line in (told, smooth) if line],
            self._table(),
        ]

    def _chart(self, name: str) -> Element:
        found = [(run, curves[name]) for run, curves in self.value.runs.items() if name in curves]
        drawn = found[:_MOST_CURVES]
        plain = [Series(self._curve(run, name), m.steps, m.values) for run, m in drawn]
        series = [restarting(smoothed(one, self.value.smoothing)) for one in plain]
        more = len(found) - len(drawn)
        caption = f"{one_line(name, 60)}{f', without {more} more runs' if more else ''}"
        return charts.line_chart(
            series,
            f"{caption} by step",
            x_name="step",
            y_name=one_line(name, 60),
            width=400,
            height=170,
            marks=all(len(m.values) <= _FEW for _, m in drawn),
            crosses=[
                (step, charts.first_bad(self._curve(run, name), step))
                for run, m in drawn
                if (step := m.first_bad()) is not None
            ],
        )

    def _curve(self, run: str, name: str) -> str:
        return one_line(name if len(self.value.runs) == 1 else run, 60)

    def _table(self) -> Element:
        rows = [
            [
                one_line(run, 60),
                one_line(name, 60),
                numbers.count(len(m.values)),
                *(numbers.value(v) for v in _ends(m)),
            ]
            for run, curves in self.value.runs.items()
            for name, m in curves.items()
        ]
        headings = ("run", "curve", "points", "first", "last", "least", "most", "last step")
        listing = table(headings, rows[:_ROWS], label="curves", numeric=range(2, 8), data_sort=True)
        more = len(rows) - _ROWS
        return element("div", listing, element("p", f"{more} more", class_="q") if more > 0 else None)


def _ends(measured: Measured) -> tuple[float, ...]:
    """First, last, least and most of the values, and the last step."""
    finite = [v for v in measured.values if v - v == 0] or [float("nan")]
    return measured.values[0], measured.values[-1], min(finite), max(finite), measured.steps[-1]
