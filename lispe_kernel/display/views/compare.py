"""`(compare a b)`: two tensors, or two state dicts (models, checkpoints), the most changed first.

A comparison holds measured numbers and the small rasters it draws, not the tensors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lispe_kernel.display.drawing import charts, pictures
from lispe_kernel.display.drawing.pictures import Raster
from lispe_kernel.display.drawing.statistics import Statistics, summarise
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import (
    Element,
    Node,
    element,
    facts,
    foldable,
    name,
    shortened,
    table,
    warning,
)
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.plots import is_tensor
from lispe_kernel.display.views.state_dicts import tensors_of
from lispe_kernel.display.views.tensors import alarms, dense, summary
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, wrong_argument

_ROWS = 2000


@dataclass(frozen=True)
class Change:
    """How one tensor differs from another of the same shape: b - a."""

    name: str
    shape: tuple[int, ...]
    difference: Statistics
    relative: float  # |b - a| / |a|, infinite when only a is zero
    cosine: float | None

    @property
    def same(self) -> bool:
        return self.difference.count == self.difference.zeros


def change(label: str, a: Any, b: Any) -> Change:
    """Measure b - a in float64 where that is exact enough to tell, on the CPU."""
    first, second = (dense(t) for t in (a, b))
    wide = first.is_complex() or second.is_complex()
    kind = "complex128" if wide else "float64"
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    first, second = (t.to(getattr(torch, kind)).reshape(-1) for t in (first, second))
    difference = summarise((second - first).reshape(a.shape))
    norms = [float(torch.linalg.vector_norm(t)) for t in (first, second)]
    changed = difference.norm or 0.0
    relative = changed / norms[0] if norms[0] else (math.inf if changed else 0.0)
    product = norms[0] * norms[1]
    cosine = float(torch.vdot(first, second).real) / product if product and math.isfinite(product) else None
    return Change(label, tuple(a.shape), difference, relative, cosine)


@dataclass(frozen=True)
class TensorComparison:
    """Two tensors: their summaries and, when the shapes agree, their difference."""

    first: Statistics
    second: Statistics
    change: Change | None
    rasters: tuple[Raster, ...]  # a, b, b - a, when they are matrices

    @property
    def text(self) -> str:
        if self.change is None:
            return f"shapes differ: {numbers.shape(self.first.shape)} and {numbers.shape(self.second.shape)}"
        if self.change.same:
            return f"equal: {summary(self.first)}"
        largest, relative = self.change.difference.magnitude, self.change.relative
        return f"different: largest change {numbers.value(largest)}, relative {numbers.value(relative)}"


@dataclass(frozen=True)
class StateComparison:
    """Two sets of named tensors."""

    changes: tuple[Change, ...]  # the most changed first
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    mismatched: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]

    @property
    def text(self) -> str:
        changed = sum(1 for c in self.changes if not c.same)
        parts = [f"{changed} of {len(self.changes)} common tensors differ"]
        parts += [f"{len(self.mismatched)} of another shape"] if self.mismatched else []
        parts += [f"{len(self.only_first)} only in the first"] if self.only_first else []
        parts += [f"{len(self.only_second)} only in the second"] if self.only_second else []
        return ", ".join(parts)


for _cls in (TensorComparison, StateComparison):
    register_kind(_cls, "comparison_", lambda value, _: value.text)


def compare(a: Any, b: Any) -> Any:
    """A TensorComparison or a StateComparison, by what the values are."""
    if is_tensor(a) and is_tensor(b):
        return compare_tensors(a, b)
    return compare_states(_named(1, a), _named(2, b))


def compare_tensors(a: Any, b: Any) -> TensorComparison:
    """Statistics of both and of b - a, with rasters when they are matrices."""
    same_shape = tuple(a.shape) == tuple(b.shape)
    if a.is_meta or b.is_meta:
        raise LispeError("Error: compare: a meta tensor has no values to compare")
    changed = change("difference", a, b) if same_shape and a.numel() else None
    rasters: tuple[Raster, ...] = ()
    if changed is not None and a.dim() >= 2:
        planes = [_plane(t) for t in (a, b)]
        rasters = tuple(pictures.reduce_matrix(t, 160) for t in (*planes, planes[1] - planes[0]))
    return TensorComparison(summarise(a), summarise(b), changed, rasters)


def _plane(tensor: Any) -> Any:
    values = dense(tensor)
    values = (values.abs() if values.is_complex() else values).double()
    return values.reshape(-1, values.shape[-1])


def compare_states(a: Mapping[str, Any], b: Mapping[str, Any]) -> StateComparison:
    """Every tensor of both, by name."""
    common = [key for key in a if key in b]
    mismatched = [(k, tuple(a[k].shape), tuple(b[k].shape)) for k in common if a[k].shape != b[k].shape]
    wrong = {key for key, _, _ in mismatched}
    changes = [change(key, a[key], b[key]) for key in common if key not in wrong and a[key].numel()]
    return StateComparison(
        tuple(sorted(changes, key=lambda c: (-c.relative, c.name))),
        tuple(key for key in a if key not in b),
        tuple(key for key in b if key not in a),
        tuple(mismatched),
    )


def _named(position: int, value: Any) -> dict[str, Any]:
    """The tensors of a state dict, module, checkpoint or dictionary of tensors by name."""
    inner = getattr(value, "model", None)
    if isinstance(inner, Mapping):
        value = inner
    elif hasattr(value, "state_dict") and hasattr(value, "named_parameters"):
        value = value.state_dict()
    found = dict(tensors_of(value)) if isinstance(value, Mapping) else {}
    if not found:
        expected = (
            "a tensor, like the other one, or something that holds named tensors (a state dict, a module)"
        )
        raise wrong_argument("compare", position, expected, value)
    return found


@renderer(TensorComparison)
class TensorComparisonView(View):
    """Two tensors side by side, and what changed."""

    value: TensorComparison

    def html(self) -> Node:
        made = self.value
        rows: list[list[Node]] = [
            [title, summary(known)] for title, known in (("first", made.first), ("second", made.second))
        ]
        if made.change is not None:
            rows.append(["second - first", summary(made.change.difference)])
        return [
            element("p", element("span", made.text, class_="t")),
            table(("", "values"), rows, label="summaries"),
            alarms(made.second),
            self._measures(),
            element("div", self._figures()),
        ]

    def _measures(self) -> Node:
        found = self.value.change
        if found is None or found.same:
            return None
        known = found.difference
        return [
            facts(
                [
                    ("relative change", numbers.value(found.relative)),
                    ("cosine", _cosine(found)),
                    ("unchanged", numbers.share(known.zeros, known.count)),
                ]
            ),
            charts.histogram(known.histogram, known.low, known.high, "histogram of second - first")
            if len(known.histogram) > 1
            else None,
        ]

    def _figures(self) -> list[Element]:
        rasters = self.value.rasters
        if not rasters:
            return []
        shared, own = pictures.limit_of(rasters[:2]), pictures.limit_of(rasters[2:])
        named = zip(("first", "second", "second - first"), rasters, (shared, shared, own), strict=True)
        return [
            pictures.heatmap(r, -end, end, f"heatmap: {title}", caption=title, widest=224)
            for title, r, end in named
        ]


@renderer(StateComparison)
class StateComparisonView(View):
    """Named tensors, the most changed first; missing ones and other shapes loud."""

    value: StateComparison

    def text(self) -> str:
        most = [c for c in self.value.changes if not c.same][:1]
        if not most:
            return self.value.text
        key, relative = plain_text(shortened(most[0].name)), numbers.value(most[0].relative)
        return f"{self.value.text}\nmost changed: {key}, relative {relative}"

    def html(self) -> Node:
        made = self.value
        changed = [c for c in made.changes if not c.same]
        equal = len(made.changes) - len(changed)
        return [
            element("p", element("span", made.text, class_="t")),
            [
                warning([name(k), f": {numbers.shape(a)} and {numbers.shape(b)}"])
                for k, a, b in made.mismatched[:20]
            ],
            _names("only in the first", made.only_first),
            _names("only in the second", made.only_second),
            change_table(changed) if changed else None,
            element("p", f"{numbers.count(equal)} equal", class_="q") if equal else None,
        ]


def _names(title: str, names: tuple[str, ...]) -> Node:
    if not names:
        return None
    return foldable(
        f"{len(names)} {title}", [element("div", name(k)) for k in names[:500]], open_=len(names) <= 10
    )


def _cosine(found: Change) -> str:
    return "" if found.cosine is None else f"{found.cosine:.6f}".rstrip("0").rstrip(".")


def change_table(changes: list[Change]) -> Element:
    """One row a tensor: the relative change as a bar, the largest change, the cosine, a histogram."""
    finite = [c.relative for c in changes if math.isfinite(c.relative)]
    most = max(finite, default=1.0) or 1.0
    rows = []
    for found in changes[:_ROWS]:
        known = found.difference
        length = 90 * min(1.0, found.relative / most) if math.isfinite(found.relative) else 90
        bar = element("span", class_="m", style=f"width:{max(1, round(length))}px")
        rows.append(
            [
                name(found.name),
                "×".join(map(str, found.shape)) or "scalar",
                bar,
                numbers.value(found.relative, 3),
                numbers.value(known.magnitude, 3),
                _cosine(found),
                element("span", charts.spark(known.histogram), class_="s"),
                "NaN/Inf" if known.nans or known.infinities else "",
            ]
        )
    headings = ("name", "shape", "change", "relative", "largest", "cosine", "second - first", "")
    listing = table(headings, rows, label="changes", numeric=(3, 4, 5), data_sort=True)
    more = len(changes) - len(rows)
    return element(
        "div",
        listing,
        element("p", f"{more} more", class_="q") if more > 0 else None,
        data_find="search names",
    )
