"""`(compare a b)`: two tensors, or two state dicts (models, checkpoints), the most changed first.

A comparison holds measured numbers and the small rasters it draws, not the tensors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.display.drawing import charts, heatmaps, pictures, stored
from lispe_kernel.display.drawing.pictures import Raster
from lispe_kernel.display.drawing.statistics import Statistics, summarise
from lispe_kernel.display.page import numbers, opened
from lispe_kernel.display.page.html import (
    Element,
    Node,
    element,
    facts,
    foldable,
    headline,
    name,
    searched,
    shortened,
    table,
    warning,
)
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.adapters.overlap import (
    Overlap,
    compare_adapters,
    overlap_parts,
    overlaps_of,
)
from lispe_kernel.display.views.adapters.overlap import told as told_overlaps
from lispe_kernel.display.views.encodings.comparison import compare_encodings
from lispe_kernel.display.views.encodings.measures import is_of_positions
from lispe_kernel.display.views.plots import is_tensor
from lispe_kernel.display.views.state_dicts import tensors_of
from lispe_kernel.display.views.tensors import TensorView, alarms, summary
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, wrong_argument

_ROWS = 2000
_LOOKED_AT = 12  # of the most changed tensors, whose rasters a comparison of many keeps
_SMALL_PIXELS = 48


@dataclass(frozen=True)
class Change:
    """How one tensor differs from another of the same shape: b - a.

    Whether values differ is told exactly, value by value; the other numbers measure by how much.
    """

    name: str
    shape: tuple[int, ...]
    differing: int  # values that are not the same; NaN is the same as NaN
    became: tuple[tuple[str, int], ...]  # what finite values became: NaN, infinite; and back
    difference: Statistics  # of the finite values of both
    relative: float  # |b - a| / |a|, infinite when only a is zero, and when a value is not finite any more
    cosine: float | None

    @property
    def same(self) -> bool:
        return self.differing == 0

    @property
    def rank(self) -> tuple[bool, float]:
        """The most changed last: values that are not finite before all that are."""
        return (bool(self.became), self.relative)


def change(label: str, a: Any, b: Any) -> Change:
    """Which values of two tensors differ, and by how much, on the CPU."""
    from lispe_kernel.torch_library.tensors import differences  # noqa: PLC0415 - PyTorch is imported when it is first needed

    first, second = (differences.in_a_row(stored.dense(t)) for t in (a, b))
    differs, finite = differences.differs(first, second), first.isfinite() & second.isfinite()
    lost, found = first.isfinite() & ~second.isfinite(), second.isfinite() & ~first.isfinite()
    became = {
        "became NaN": lost & second.isnan(),
        "became infinite": lost & ~second.isnan(),
        "became finite": found,
        "changed among NaN and infinities": differs & ~first.isfinite() & ~second.isfinite(),
    }
    if not finite.all():
        first, second = (t.where(finite, 0) for t in (first, second))
    apart = differences.distances(first, second)
    moved = differences.moved(first, second, apart)
    sizes = [differences.squares(t) for t in (first, second)]
    relative = differences.root(moved / sizes[0]) if sizes[0] else (math.inf if moved else 0.0)
    events = tuple((what, int(where.sum())) for what, where in became.items() if where.any())
    return Change(
        label,
        tuple(a.shape),
        int(differs.sum()),
        events,
        # What is no number any more, or was none, has no distance.
        summarise((apart.masked_fill(differs & ~finite, math.nan) if events else apart).reshape(a.shape)),
        math.inf if events else relative,
        None if events else differences.angle(differences.along(first, second), *sizes),
    )


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
        return f"different: {told(self.change)}"


def told(found: Change) -> str:
    """What changed in one line; what is not finite comes first."""
    events = [f"{numbers.count(count)} {what}" for what, count in found.became]
    if not (found.difference.magnitude or found.difference.infinities):
        return ", ".join(events) or f"{numbers.count(found.differing)} values by less than float64 can tell"
    beyond = found.difference.infinities
    largest = f"largest change {'> 1.797e308' if beyond else numbers.value(found.difference.magnitude)}"
    relative = [] if found.became else [f"relative {numbers.value(found.relative)}"]
    return ", ".join([*events, largest, *relative])


@dataclass(frozen=True)
class StateComparison:
    """Two sets of named tensors."""

    changes: tuple[Change, ...]  # the most changed first
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    mismatched: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    overlaps: tuple[Overlap, ...] = ()  # of the adapters in both
    closer: Mapping[str, TensorComparison] = field(default_factory=dict)  # some of the most changed

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


def compare(a: Any, b: Any, *others: Any) -> Any:
    """A comparison of encodings, of tensors or of named tensors, by what the values are."""
    if len(others) == 1 and isinstance(b, str) and isinstance(others[0], str) and hasattr(a, "named_modules"):
        return compare_adapters(a, b, others[0])
    if others or is_of_positions(a) or is_of_positions(b):
        return compare_encodings((a, b, *others))
    if is_tensor(a) and is_tensor(b):
        return compare_tensors(a, b)
    return compare_states(_named(1, a), _named(2, b))


def compare_tensors(a: Any, b: Any, pixels: int = 160) -> TensorComparison:
    """Statistics of both and of b - a, with rasters when they are matrices."""
    same_shape = tuple(a.shape) == tuple(b.shape)
    for tensor in (a, b):
        if reason := stored.unreadable(tensor) or ("nested" if tensor.is_nested else ""):
            raise LispeError(f"Error: compare: a tensor cannot be compared ({reason})")
    changed = change("difference", a, b) if same_shape else None
    rasters: tuple[Raster, ...] = ()
    if changed is not None and a.dim() >= 2 and a.numel():
        planes = [_plane(t) for t in (a, b)]
        rasters = tuple(pictures.reduce_matrix(t, pixels) for t in (*planes, planes[1] - planes[0]))
    return TensorComparison(summarise(a), summarise(b), changed, rasters)


def _plane(tensor: Any) -> Any:
    values = stored.dense(tensor)
    values = (values.abs() if values.is_complex() else values).double()
    return values.reshape(-1, values.shape[-1])


def compare_states(a: Mapping[str, Any], b: Mapping[str, Any]) -> StateComparison:
    """Every tensor of both, by name."""
    common = [key for key in a if key in b]
    for state in (a, b):
        for key in common:
            if reason := stored.unreadable(state[key]) or ("nested" if state[key].is_nested else ""):
                raise LispeError(f"Error: compare: {plain_text(key)} cannot be compared ({reason})")
    mismatched = [(k, tuple(a[k].shape), tuple(b[k].shape)) for k in common if a[k].shape != b[k].shape]
    wrong = {key for key, _, _ in mismatched}
    changes = [change(key, a[key], b[key]) for key in common if key not in wrong]
    changes = sorted(sorted(changes, key=lambda c: c.name), key=lambda c: c.rank, reverse=True)
    return StateComparison(
        tuple(changes),
        tuple(key for key in a if key not in b),
        tuple(key for key in b if key not in a),
        tuple(mismatched),
        overlaps_of(a, b),
        {
            found.name: compare_tensors(a[found.name], b[found.name], _SMALL_PIXELS)
            for found in changes[:_LOOKED_AT]
            if not found.same and found.difference.count <= opened.LARGEST
        },
    )


def _named(position: int, value: Any) -> dict[str, Any]:
    """The tensors of a state dict, module, checkpoint or dictionary of tensors by name."""
    if isinstance(value, str):
        value = _of_path(value)
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


def _of_path(path: str) -> Any:
    """The tensors of a file; of the folder of a loaded model those of its module as it is now."""
    from lispe_kernel.torch_library.hugging_face.models import models  # noqa: PLC0415 - PyTorch is imported when it is first needed
    from lispe_kernel.torch_library.state.state_dicts import read_state_dict  # noqa: PLC0415 - PyTorch is imported when it is first needed

    return models()[path].module if path in models() else read_state_dict(path)


@renderer(TensorComparison)
class TensorComparisonView(View):
    """Two tensors side by side, and what changed."""

    value: TensorComparison

    def html(self) -> Node:
        made = self.value
        return [
            headline(made.text),
            table(("", "values"), self._lines(), label="summaries"),
            alarms(made.second),
            self._measures(),
            element("div", self._figures()),
        ]

    def stored(self) -> Node:
        """What the page of many differences keeps of each: both in a line, what was added as a picture."""
        drawn = self._figures()[1:]
        return [
            table(("", "values"), self._lines(), label="summaries"),
            element("div", drawn or self._spread()),
        ]

    def _lines(self) -> list[list[Node]]:
        made = self.value
        rows: list[list[Node]] = [
            [title, summary(known)] for title, known in (("first", made.first), ("second", made.second))
        ]
        if made.change is not None:
            rows.append(["second - first", summary(made.change.difference)])
        return rows

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
                    ("unchanged", numbers.share(known.count - found.differing, known.count)),
                ]
            ),
            self._spread(),
        ]

    def _spread(self) -> Node:
        known = None if self.value.change is None else self.value.change.difference
        if known is None or len(known.histogram) < 2:
            return None
        return charts.histogram(
            known.histogram, known.low, known.high, "histogram of second - first", outer=known.ends
        )

    def _figures(self) -> list[Element]:
        rasters = self.value.rasters
        if not rasters:
            return []
        shared, own = heatmaps.shades_of(rasters[:2]), heatmaps.shades_of(rasters[2:])
        both = heatmaps.multiples(rasters[:2], ("first", "second"), shared, "heatmap of both", widest=224)
        names = ("second - first",)
        return [both, heatmaps.multiples(rasters[2:], names, own, "heatmap of second - first", widest=224)]


@renderer(StateComparison)
class StateComparisonView(View):
    """Named tensors, the most changed first; missing ones and other shapes loud."""

    value: StateComparison

    def text(self) -> str:
        most = [c for c in self.value.changes if not c.same][:1]
        if not most:
            return self.value.text
        key = plain_text(shortened(most[0].name))
        what = told(most[0]) if most[0].became else f"relative {numbers.value(most[0].relative)}"
        return f"{self.value.text}\nmost changed: {key}, {what}"

    def html(self) -> Node:
        made = self.value
        changed = [c for c in made.changes if not c.same]
        equal = len(made.changes) - len(changed)
        return [
            headline(made.text),
            [
                warning([name(k), f": {numbers.shape(a)} and {numbers.shape(b)}"])
                for k, a, b in made.mismatched[:20]
            ],
            _names("only in the first", made.only_first),
            _names("only in the second", made.only_second),
            stored_changes(changed, made.closer) if changed else None,
            _overlap(made.overlaps),
            element("p", f"{numbers.count(equal)} equal", class_="q") if equal else None,
        ]


def _overlap(overlaps: tuple[Overlap, ...]) -> Node:
    title = f"overlap of the adapters: {told_overlaps(overlaps)}"
    return foldable(title, overlap_parts(overlaps), open_=True) if overlaps else None


def _names(title: str, names: tuple[str, ...]) -> Node:
    if not names:
        return None
    return foldable(
        f"{len(names)} {title}", [element("div", name(k)) for k in names[:500]], open_=len(names) <= 10
    )


def _cosine(found: Change) -> str:
    return "" if found.cosine is None else f"{found.cosine:.6f}".rstrip("0").rstrip(".")


def stored_changes(changes: list[Change], closer: Mapping[str, TensorComparison]) -> Element:
    """The changes, whose smallest tensors open in their rows; `closer` are those that can."""
    views = opened.stored(
        [found.difference.count if found.name in closer else 0 for found in changes[:_ROWS]],
        lambda place: 600 + TensorView.foreseen(changes[place].difference),
        lambda place: TensorComparisonView(closer[changes[place].name]).stored(),
    )
    how = opened.told(len(views), len(changes), "(explore first second)")
    return element("div", change_table(changes, views), how)


def change_table(changes: list[Change], views: Mapping[int, Node]) -> Element:
    """One row a tensor: the relative change as a bar, the largest change, the cosine, a histogram.

    views: what rows open, by their places.
    """
    finite = [c.relative for c in changes if math.isfinite(c.relative)]
    most = max(finite, default=1.0) or 1.0
    rows = []
    for place, found in enumerate(changes[:_ROWS]):
        known = found.difference
        length = 90 * min(1.0, found.relative / most) if math.isfinite(found.relative) else 90
        bar = element("td", charts.bar(length / 90, 90), data_v=length)
        rows.append(
            [
                opened.named(name(found.name), views.get(place)),
                element("span", "×".join(map(str, found.shape)) or "scalar", style="white-space:nowrap"),
                bar,
                "" if found.became else numbers.value(found.relative, 3),
                numbers.value(known.magnitude, 3),
                _cosine(found),
                element("span", charts.spark(known.histogram), class_="s"),
                element("strong", told(found)) if found.became else "",
            ]
        )
    headings = ("name", "shape", "change", "relative", "largest", "cosine", "second - first", "")
    listing = table(headings, rows, label="changes", numeric=(3, 4, 5), sparse=(7,), data_sort=True)
    more = len(changes) - len(rows)
    rest = element("p", f"{more} more", class_="q") if more > 0 else None
    return searched([listing, rest], len(rows), "search names", opens=bool(views))
