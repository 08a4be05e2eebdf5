"""A trace: the calls of a model's modules as a tree of tables, and what went through each of them.

Times and memory are on the page only: text/plain is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import (
    Element,
    Node,
    breaking,
    clock,
    element,
    facts,
    foldable,
    headline,
    name,
    shortened,
    table,
    warning,
)
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.page.trees import open_depth, rows_of_a_branch, tree
from lispe_kernel.language.printer import to_text

_HEADINGS = ("module", "input → output", "parameters", "mult-adds", "time", "memory", "std", "values")
_NUMERIC = (2, 3, 4, 5, 6)
_MEASURES = ("module", "mean", "std", "min", "max", "zeros", "NaN", "Inf", "dead units after ReLU")
_GRADIENTS = ("module", "mean", "std", "min", "max", "zeros", "NaN", "Inf", "norm of weights' gradient")
_MOST_LINES = 60  # of text/plain
_MOST_ROWS = 2000
_MOST_WARNINGS = 8


@renderer("lispe_kernel.torch_library.inside.trace.Trace")
class TraceView(View):
    """A run of a model."""

    def text(self) -> str:
        """The calls, indented, with shapes, parameters and multiply-adds; what is wrong first."""
        lines = [self.line(), self._totals()]
        lines += [f"! {sentence}" for sentence in self.value.warnings[:_MOST_WARNINGS]]
        calls = list(_deep(self.value.root, 0))
        for depth, call in calls[:_MOST_LINES]:
            told = _costs(call)
            lines.append("  " * depth + call.line + (f" ({told})" if told else ""))
        if len(calls) > _MOST_LINES:
            lines.append(f"... and {numbers.count(len(calls) - _MOST_LINES)} more calls")
        lines += self._not_called()
        return plain_text("\n".join(lines))

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def _totals(self) -> str:
        parameters, work = self.value.parameters, self.value.root.multiply_adds
        return f"{numbers.count(parameters)} parameters, {numbers.count(work)} multiply-adds"

    def _not_called(self) -> list[str]:
        from lispe_kernel.torch_library.support.wording import some  # noqa: PLC0415 - PyTorch is imported when it is first needed

        names = self.value.uncalled
        return [f"not called as a module: {some(names)}"] if names else []

    def html(self) -> Node:
        trace = self.value
        loud = trace.warnings
        return [
            headline(self.line()),
            facts(self._facts()),
            [warning(sentence) for sentence in loud[:_MOST_WARNINGS]],
            warning(f"and {len(loud) - _MOST_WARNINGS} more") if len(loud) > _MOST_WARNINGS else None,
            self._tree(),
            [element("p", line, class_="q") for line in self._notes()],
            _measures("activations", _MEASURES, list(_rows_of_outputs(trace))),
            _measures(f"gradients of {trace.loss}", _GRADIENTS, list(_rows_of_gradients(trace))),
        ]

    def _facts(self) -> list[tuple[str, Node]]:
        root = self.value.root
        return [
            ("parameters", numbers.count(self.value.parameters)),
            ("multiply-adds", numbers.count(root.multiply_adds)),
            ("time", clock(_time(root.seconds))),
            ("memory of outputs", numbers.size(_memory(root))),
            ("mode", self.value.mode),
            ("gradients of", self.value.loss),
        ]

    def _notes(self) -> Iterator[str]:
        yield from self._not_called()
        for first, others in list(self.value.shared.items())[:8]:
            yield f"{first or 'the model'} is also {', '.join(others[:8])}"

    def _tree(self) -> Node:
        calls = sum(1 for _ in self.value)
        if calls > _MOST_ROWS:
            told = f"{numbers.count(calls)} calls, too many to draw; (@ trace path) tells of one"
            return element("p", told, class_="q")
        root = self.value.root
        depth = open_depth(root, lambda call: len(call.calls), lambda call: call.calls)
        branches, rows = _calls(root.calls or [root], depth), sum(not call.calls for call in self.value)
        size = {"lines": calls, "rows": rows}
        return tree(_HEADINGS, branches, numeric=_NUMERIC, find="search modules", **size, opens=False)


def _deep(call: Any, depth: int) -> Iterator[tuple[int, Any]]:
    yield depth, call
    for inner in call.calls:
        yield from _deep(inner, depth + 1)


def _costs(call: Any) -> str:
    parts = [
        f"{numbers.count(call.parameters)} parameters" if call.parameters else "",
        f"{numbers.count(call.multiply_adds)} multiply-adds" if call.multiply_adds else "",
        "" if call.finished else "not finished",
    ]
    return ", ".join(filter(None, parts))


def _memory(root: Any) -> int:
    """The memory of all outputs; a module that hands on what an inner one gave counts once."""
    return sum(call.bytes for call in root.all() if not call.calls) or int(root.bytes)


def _time(seconds: float) -> str:
    return numbers.brief(seconds) if seconds < 1 else numbers.duration(seconds)


def _calls(calls: list[Any], depth: int) -> list[Node]:
    """Calls in their order: those without inner ones as rows, the others as branches."""
    parts: list[Node] = []
    for has_inner, group in groupby(calls, key=lambda call: bool(call.calls)):
        if has_inner:
            parts += [
                foldable(_branch_line(call), _calls(call.calls, depth - 1), open_=depth > 0) for call in group
            ]
        else:
            parts.append(rows_of_a_branch([_row(call) for call in group], "calls"))
    return parts


def _branch_line(call: Any) -> list[Node]:
    told = " · ".join(filter(None, [_flow(call), _costs(call)]))
    return [
        element("b", name(call.name)),
        " ",
        call.kind,
        " ",
        element("span", f"{told} · ", clock(_time(call.seconds)), class_="q"),
    ]


def _flow(call: Any) -> str:
    return f"{_brief(call.inputs)} → {_brief(call.outputs)}"


def _brief(tensors: dict[str, str]) -> str:
    """The kinds of tensors for a narrow column: `2×5×7`, the usual type left out."""
    alone = len(tensors) == 1
    texts = [
        _sizes(kind) if alone or key.isdigit() else f"{key} {_sizes(kind)}"
        for key, kind in list(tensors.items())[:3]
    ]
    return ", ".join(texts) + (" …" if len(tensors) > 3 else "") if texts else "–"


def _sizes(kind: str) -> str:
    dtype, _, sizes = kind.partition(" ")
    sizes = sizes.strip("[]").replace(",", "×") or "scalar"
    return sizes if dtype == "float32" else f"{sizes} {dtype}"


def _row(call: Any) -> Element:
    known = next(iter(call.measured.values()), None)
    bad = element("strong", " NaN/Inf") if known is not None and known.strange else None
    std = "" if known is None or known.deviation is None else numbers.value(known.deviation, 3)
    return element(
        "tr",
        element("td", breaking(shortened(call.name)), " ", element("span", call.kind, class_="q"), bad),
        element("td", _flow(call)),
        element("td", numbers.count(call.parameters)),
        element("td", numbers.short_count(call.multiply_adds), data_v=call.multiply_adds),
        clock(_time(call.seconds), "td", data_v=f"{call.seconds:.6f}"),
        element("td", numbers.size(call.bytes), data_v=call.bytes),
        element("td", std),
        element("td") if known is None else charts.spark_cell(known),
    )


def _rows_of_outputs(trace: Any) -> Iterator[list[Node]]:
    for call in trace:
        dead = ", ".join(f"{u.dead} of {u.units}" for u in call.rectified)
        for key, known in call.measured.items():
            yield [name(f"{call.name} {key}".strip()), *_numbers(known), dead]


def _rows_of_gradients(trace: Any) -> Iterator[list[Node]]:
    for call in trace:
        weights = "" if call.weight_gradient is None else numbers.value(call.weight_gradient, 3)
        for key, known in call.gradients.items():
            yield [name(f"{call.name} {key}".strip()), *_numbers(known), weights]


def _numbers(known: Any) -> list[str]:
    largest = max(abs(known.minimum or 0.0), abs(known.maximum or 0.0))
    mean = "" if known.mean is None else numbers.stable(known.mean, largest, 4)
    others = (known.deviation, known.minimum, known.maximum)
    return [
        mean,
        *("" if n is None else numbers.value(n, 3) for n in others),
        numbers.share(known.zeros, known.count),
        numbers.count(known.nans) if known.nans else "",
        numbers.count(known.infinities) if known.infinities else "",
    ]


def _measures(title: str, headings: tuple[str, ...], rows: list[list[Node]]) -> Node:
    if not rows:
        return None
    shown = table(
        headings, rows[:_MOST_ROWS], label=title, numeric=range(1, 9), sparse=(6, 7, 8), data_sort=True
    )
    return foldable(title, shown, open_=len(rows) <= 16)
