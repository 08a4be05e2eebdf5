"""`(timeline "folder")`: the checkpoints of a training run on one axis of epochs.

Of each file the header is read, a small sample of its weights (to see how far they moved from one checkpoint
to the next), and, while all files together are small, every checksum. Damaged files are marked, never
skipped. Nothing is loaded into a model here; the explorer does that when asked.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import (
    Element,
    Node,
    element,
    facts,
    headline,
    name,
    one_line,
    shortened,
    table,
    warning,
)
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.trainings import layers
from lispe_kernel.display.views.trainings.layers import Size, sizes_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, wrong_argument

_VERIFIED_BYTES = 256_000_000  # checksums are compared while all files together are no larger
_SAMPLED_TENSORS = 24  # of a file at least, where it has so many
_SAMPLES = 3000  # of all files together about
_STRETCHES, _STRETCH = 8, 128  # of a tensor: so many stretches of so many values
_ROWS, _UNSCROLLED = 400, 16
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Moment:
    """One checkpoint file."""

    path: str
    size: int
    modified: float
    epoch: float | None = None
    metrics: tuple[tuple[str, float], ...] = ()
    damage: str = ""  # what is wrong with the file, empty for a healthy one
    drift: float | None = None  # |w - w before| / |w before|, from the sampled weights
    layers: tuple[tuple[str, Size], ...] = ()  # the same for each layer

    @property
    def file(self) -> str:
        return os.path.basename(self.path)


@dataclass(frozen=True)
class Timeline:
    """The checkpoints of a folder in the order of their epochs."""

    folder: str
    moments: tuple[Moment, ...]

    @property
    def healthy(self) -> list[Moment]:
        return [moment for moment in self.moments if not moment.damage]

    @property
    def metrics(self) -> list[str]:
        """The names of all metrics, in order of appearance."""
        return list(dict.fromkeys(key for moment in self.moments for key, _ in moment.metrics))

    @property
    def text(self) -> str:
        epochs = [moment.epoch for moment in self.moments if moment.epoch is not None]
        count = len(self.moments)
        parts = [f"timeline of {count} checkpoint{'s' if count != 1 else ''}"]
        if epochs:
            parts.append(f"epochs {numbers.value(min(epochs))} to {numbers.value(max(epochs))}")
        for key in self.metrics[:3]:
            values = [dict(m.metrics)[key] for m in self.moments if key in dict(m.metrics)]
            parts.append(f"{one_line(key, 30)} {numbers.value(values[0])} -> {numbers.value(values[-1])}")
        damaged = count - len(self.healthy)
        return ", ".join([*parts, f"{damaged} damaged!"] if damaged else parts)


register_kind(Timeline, "timeline_", lambda value, _: value.text)


def timeline(folder: str) -> Timeline:
    """The checkpoints that `torch_list_checkpoints` finds, looked at more closely."""
    if not isinstance(folder, str):
        raise wrong_argument("timeline", 1, "the path of a folder", folder)
    from lispe_kernel.torch_library.checkpoints.folders import list_checkpoints  # noqa: PLC0415 - PyTorch is imported when it is first needed

    listed = list_checkpoints(folder)
    if not listed:
        raise LispeError(f"Error: timeline: there is no checkpoint in {folder}")
    verify = sum(entry["size"] for entry in listed) <= _VERIFIED_BYTES
    many = max(_SAMPLED_TENSORS, _SAMPLES // len(listed))
    looked = [_look(moment, verify, many) for moment in moments_of(listed)]
    return Timeline(folder, tuple(_with_drift(looked)))


def moments_of(listed: Iterable[Mapping[str, Any]]) -> list[Moment]:
    """The entries of a listing by epoch; a damaged file stands where the number in its name puts it."""
    found = [
        Moment(
            path=entry["path"],
            size=entry["size"],
            modified=entry["time"],
            epoch=_named_epoch(entry["path"]) if entry["epoch"] is None else _number(entry["epoch"]),
            metrics=tuple(
                (str(k), _number(v)) for k, v in entry["metrics"].items() if isinstance(v, int | float)
            ),
            damage=one_line(entry["problem"] or "", 200),
        )
        for entry in listed
    ]
    return sorted(found, key=lambda moment: math.inf if moment.epoch is None else moment.epoch)


def _number(value: float) -> float:
    """A number for an axis; an integer beyond all floats is an infinity, which charts leave out."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


Sample = dict[str, Any]


def _look(moment: Moment, verify: bool, many: int) -> tuple[Moment, Sample]:
    """Sampled weights by name, after the checksums when they are compared."""
    from lispe_kernel.torch_library.files.errors import BadFile  # noqa: PLC0415 - PyTorch is imported when it is first needed
    from lispe_kernel.torch_library.files.formats import open_file  # noqa: PLC0415 - PyTorch is imported when it is first needed
    from lispe_kernel.torch_library.state.names import state_names  # noqa: PLC0415 - PyTorch is imported when it is first needed

    if moment.damage:
        return moment, {}
    try:
        with open_file(moment.path) as archive:
            if verify:
                archive.verify(archive.entries)
            return moment, sample(archive, state_names(archive.tree), many)
    except (BadFile, OSError) as error:
        return replace(moment, damage=one_line(str(error), 200)), {}


def _named_epoch(path: str) -> float | None:
    """The last number in the name of a file."""
    found = _NUMBER.findall(os.path.basename(path).rpartition(".")[0])
    return float(found[-1]) if found and len(found[-1]) < 12 else None


def sample(archive: Any, names: Mapping[str, str], many: int) -> Sample:
    """A few stretches of about `many` floating-point tensors, spread over the file, read from their place."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    kinds = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
    fitting = [(key, ref) for key, ref in names.items() if archive.entries[ref].dtype in kinds]
    found: Sample = {}
    for key, ref in fitting[:: max(1, len(fitting) // many)]:
        entry = archive.entries[ref]
        length = entry.held.numel() if entry.held is not None else entry.span // entry.dtype.itemsize
        parts = [archive.peek(ref, at, count).double() for at, count in _stretches(length)]
        found[key] = torch.cat(parts).numpy()
    return found


def _stretches(length: int) -> Iterator[tuple[int, int]]:
    """Where to read in a tensor of so many values: everything when it is small."""
    if length <= _STRETCHES * _STRETCH:
        yield 0, length
        return
    for k in range(_STRETCHES):
        yield k * (length - _STRETCH) // (_STRETCHES - 1), _STRETCH


def _with_drift(read: list[tuple[Moment, Sample]]) -> Iterator[Moment]:
    """Each moment with the distance of its weights from those of the healthy checkpoint before."""
    before: Sample = {}
    for moment, weights in read:
        common = [key for key in weights if key in before and len(weights[key]) == len(before[key])]
        moved = sum(float(((weights[key] - before[key]) ** 2).sum()) for key in common)
        whole = sum(float((before[key] ** 2).sum()) for key in common)
        yield replace(
            moment,
            drift=math.sqrt(moved / whole) if whole else None,
            layers=tuple(sizes_of(weights, before).items()),
        )
        before = weights or before


@renderer(Timeline)
class TimelineView(View):
    """Epochs on an axis, a table of the files, what is damaged."""

    value: Timeline

    def text(self) -> str:
        return plain_text(self.value.text)

    def html(self) -> Node:
        made = self.value
        return [
            headline(made.text),
            facts(
                [
                    ("folder", name(made.folder)),
                    ("size", numbers.size(sum(m.size for m in made.moments))),
                ]
            ),
            [warning([name(m.file), f": {m.damage}"]) for m in made.moments if m.damage][:20],
            element("div", figures(made)),
            element("div", layers.maps(_layers(made))),
            moment_table(made),
        ]

    def png(self) -> bytes | None:
        curves = metric_series(self.value) or [drift_series(self.value)]
        from lispe_kernel.display.drawing.labelled import lines_png  # noqa: PLC0415 - heavy: it draws with Pillow

        return lines_png(curves, "checkpoints", "epoch") if any(s.xs for s in curves) else None


@renderer("lispe_kernel.torch_library.checkpoints.folders.CheckpointList")
class ListingView(View):
    """What `torch_list_checkpoints` gives: the printed lines, and the timeline of the headers."""

    def html(self) -> Node:
        return TimelineView(timeline_of(self.value)).html() if self.value else None


def timeline_of(listing: Any) -> Timeline:
    """The timeline of the files that `torch_list_checkpoints` lists."""
    moments = tuple(moments_of(listing))
    return Timeline(os.path.dirname(moments[0].path) if moments else "", moments)


def _place(moment: Moment, index: int) -> float:
    return float(index) if moment.epoch is None else moment.epoch


def _layers(made: Timeline) -> list[tuple[str, dict[str, Size]]]:
    """The layers of the checkpoints that were looked into, with the texts of their places."""
    return [(numbers.value(_place(m, k)), dict(m.layers)) for k, m in enumerate(made.moments) if m.layers]


def metric_series(made: Timeline) -> list[Series]:
    """One curve a metric over the epochs."""
    found = []
    for key in made.metrics:
        points = [
            (_place(m, k), dict(m.metrics)[key]) for k, m in enumerate(made.moments) if key in dict(m.metrics)
        ]
        found.append(Series(key, [x for x, _ in points], [y for _, y in points]))
    return found


def drift_series(made: Timeline) -> Series:
    """How far the weights moved since the checkpoint before."""
    points = [(_place(m, k), m.drift) for k, m in enumerate(made.moments) if m.drift is not None]
    return Series("drift", [x for x, _ in points], [y for _, y in points])


def figures(made: Timeline, chosen: Moment | None = None) -> list[Element]:
    """A chart a metric, one of the drift, one of the sizes; damaged files are crosses on the axis.

    chosen: the checkpoint that a line marks.
    """
    at = next((_place(m, k) for k, m in enumerate(made.moments) if m is chosen), None)
    crosses = [(_place(m, k), f"{m.file}: damaged") for k, m in enumerate(made.moments) if m.damage]
    few = len(made.moments) <= 60
    drawn = [
        charts.line_chart(
            [series],
            f"{shortened(series.name, 60)} by epoch",
            x_name="epoch",
            y_name=series.name,
            width=400,
            height=170,
            marks=few,
            crosses=crosses,
            chosen=at,
        )
        for series in [*metric_series(made)[:6], drift_series(made)]
        if series.xs
    ]
    sizes = Series(
        "size", [_place(m, k) for k, m in enumerate(made.moments)], [m.size / 1e6 for m in made.moments]
    )
    weights = [m.size for m in made.moments]
    if max(weights) > 1.02 * min(weights) or not drawn:
        label = "size of the files in MB"
        drawn.append(
            charts.line_chart(
                [sizes],
                label,
                x_name="epoch",
                y_name="MB",
                width=400,
                height=170,
                marks=few,
                crosses=crosses,
                chosen=at,
            )
        )
    return drawn


def moment_table(made: Timeline) -> Node:
    """One row a file."""
    keys = made.metrics[:6]
    rows = []
    for moment in made.moments[:_ROWS]:
        told = dict(moment.metrics)
        rows.append(
            [
                name(moment.file),
                "" if moment.epoch is None else numbers.value(moment.epoch),
                *(numbers.value(told[key]) if key in told else "" for key in keys),
                "" if moment.drift is None else numbers.value(moment.drift, 3),
                numbers.size(moment.size),
                time.strftime("%Y-%m-%d %H:%M", time.localtime(moment.modified)),
                element("strong", "damaged") if moment.damage else "healthy",
            ]
        )
    headings = ["file", "epoch", *(shortened(key, 30) for key in keys), "drift", "size", "written", "state"]
    state, right = len(headings) - 1, range(1, 4 + len(keys))
    listing = table(headings, rows, label="checkpoints", numeric=right, words=(state,), data_sort=True)
    more = len(made.moments) - len(rows)
    if len(rows) > _UNSCROLLED:
        listing = element("div", listing, style="max-height:340px;overflow-y:auto", tabindex="0")
    return [listing, element("p", f"{more} more files", class_="q") if more > 0 else None, _drift_note(made)]


def _drift_note(made: Timeline) -> Node:
    moved = [m.drift for m in made.moments if m.drift is not None]
    if not moved:
        return None
    still = [b.file for a, b in pairwise(made.moments) if b.drift == 0]
    told = "drift: relative distance of sampled weights from the checkpoint before"
    if still:
        told += f"; no weight moved before {one_line(', '.join(still), 120)}"
    return element("p", told, class_="q")
