"""TensorBoard's event files: the scalars in them, and scalars written as PyTorch's SummaryWriter writes them.

Read are simple values and tensors of one number that belong to the plugin `scalars`; pictures, texts and
histograms are passed over. A run that began again at a step has written over what it had from there on.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from lispe_kernel.display.runs import framing, wire
from lispe_kernel.display.runs.curves import Measured
from lispe_kernel.display.runs.framing import Record
from lispe_kernel.display.runs.wire import BYTES, EIGHT, FOUR, VARINT, Damaged
from lispe_kernel.language.errors import LispeError

MARK = "tfevents"  # what the names of such files hold
_VERSION = b"brain.Event:2"
_START = 1  # of a session: it began, perhaps again
# TensorProto: the kinds of number, each with its field, and how its bytes are read alone.
_FLOAT, _DOUBLE, _INT32, _INT64 = 1, 2, 3, 9
_CONTENT = {_FLOAT: "<f", _DOUBLE: "<d", _INT32: "<i", _INT64: "<q"}
_TENSOR_CONTENT, _FLOAT_VALUES, _DOUBLE_VALUES, _INT_VALUES, _INT64_VALUES = 4, 5, 6, 7, 10
_VALUES = {_FLOAT_VALUES: _FLOAT, _DOUBLE_VALUES: _DOUBLE, _INT_VALUES: _INT32, _INT64_VALUES: _INT64}


@dataclass
class _Value:
    """One entry of a summary."""

    tag: str = ""
    number: float | None = None
    tensor: memoryview | None = None
    plugin: str = ""


@dataclass
class _Event:
    """One record, as far as scalars need it."""

    time: float = 0.0
    step: int = 0
    values: list[_Value] = field(default_factory=list)
    begins: bool = False


def read(data: bytes, curves: dict[str, Measured], plugins: dict[str, str]) -> list[str]:
    """Add the scalars of a file to the curves of its run; gives what could not be read.

    plugins: what each tensor belongs to, which a run tells with the first of a name.
    """
    records, problem = framing.records_of(memoryview(data))
    notes = [problem] if problem else []
    # All of them: a damaged one may look like one without scalars.
    is_whole = framing.whole(records)
    broken, others = is_whole.count(False), 0
    for record in (record for record, good in zip(records, is_whole, strict=True) if good):
        try:
            event = _event(record)
        except Damaged:
            broken += 1
            continue
        if event.begins:
            for measured in curves.values():
                measured.forget_from(event.step)
        others += _add(event, curves, plugins)
    if broken:
        notes.append(f"{broken} damaged record{'s' if broken > 1 else ''} left out")
    if others:
        notes.append(f"{others} scalar{'s' if others > 1 else ''} of other kinds of number left out")
    return notes


def _add(event: _Event, curves: dict[str, Measured], plugins: dict[str, str]) -> int:
    unread = 0
    for value in event.values:
        if value.plugin:
            plugins.setdefault(value.tag, value.plugin)
        number = value.number
        if value.tensor is not None and plugins.get(value.tag) == "scalars":
            number = _scalar(value.tensor)
            unread += number is None
        if number is not None:
            curves.setdefault(value.tag, Measured()).add(float(event.step), number, event.time)
    return unread


def _event(record: Record) -> _Event:
    event = _Event()
    for number, kind, value in wire.fields(record.data):
        if number == 1 and kind == EIGHT:
            (event.time,) = struct.unpack("<d", value)  # type: ignore[arg-type]  # fields of this kind are bytes
        elif number == 2 and kind == VARINT:
            event.step = wire.signed(value)  # type: ignore[arg-type]  # fields of this kind are integers
        elif number == 5 and kind == BYTES:
            event.values += _summary(value)  # type: ignore[arg-type]
        elif number == 7 and kind == BYTES:
            event.begins = any(n == 1 and v == _START for n, _, v in wire.fields(value))  # type: ignore[arg-type]
    return event


def _summary(data: memoryview) -> list[_Value]:
    return [_value(part) for n, kind, part in wire.fields(data) if n == 1 and kind == BYTES]  # type: ignore[arg-type]


def _value(data: memoryview) -> _Value:
    found = _Value()
    for number, kind, value in wire.fields(data):
        if isinstance(value, int):
            continue
        if number == 1 and kind == BYTES:
            found.tag = bytes(value).decode("utf-8", "replace")
        elif number == 2 and kind == FOUR:
            (found.number,) = struct.unpack("<f", value)
        elif number == 8 and kind == BYTES:
            found.tensor = value
        elif number == 9 and kind == BYTES:
            found.plugin = _plugin(value)
    return found


def _plugin(metadata: memoryview) -> str:
    for number, kind, value in wire.fields(metadata):
        if number == 1 and kind == BYTES:
            for inner, kind_, text in wire.fields(value):  # type: ignore[arg-type]
                if inner == 1 and kind_ == BYTES:
                    return bytes(text).decode("utf-8", "replace")
    return ""


def _scalar(tensor: memoryview) -> float | None:
    """The number in a tensor of one; None for several, and for kinds that are not known here."""
    kind_of_number, found = 0, list[float]()
    content: memoryview | None = None
    for number, kind, value in wire.fields(tensor):
        if number == 1 and kind == VARINT:
            kind_of_number = int(value)
        elif number == _TENSOR_CONTENT and kind == BYTES:
            content = value  # type: ignore[assignment]
        elif number in _VALUES:
            found += _numbers(_VALUES[number], value)
    form = _CONTENT.get(kind_of_number)
    if form is None:
        return None
    if content is not None and len(content) == struct.calcsize(form):
        found += struct.unpack(form, content)
    return float(found[0]) if len(found) == 1 else None


def _numbers(kind: int, value: wire.Value) -> list[float]:
    """The numbers of a field, packed or one alone."""
    if isinstance(value, int):
        return [float(wire.signed(value))]
    if kind in (_INT32, _INT64):
        return [float(wire.signed(n)) for n in wire.varints(value)]
    size = struct.calcsize(_CONTENT[kind])
    if len(value) % size:
        raise Damaged("numbers that are cut")
    return list(struct.unpack(f"<{len(value) // size}{_CONTENT[kind][1]}", value))


def written(curves: Mapping[str, Measured]) -> bytes:
    """An event file with these curves, in the order of their steps. Errors: a step that is not whole."""
    rows = []
    for name, measured in curves.items():
        times = measured.times if len(measured.times) == len(measured.steps) else [0.0] * len(measured.steps)
        for step, value, time in zip(measured.steps, measured.values, times, strict=True):
            if not math.isfinite(step) or step != int(step) or abs(step) >= 1 << 63:
                raise LispeError(
                    f"Error: write_runs: step {step:g} of {name}: an event file has whole steps only; "
                    "a .csv file keeps others"
                )
            rows.append((int(step), time, name, value))
    rows.sort(key=lambda row: row[0])
    first = wire.double(1, rows[0][1] if rows else 0.0) + wire.block(3, _VERSION)
    return framing.framed([first, *(_record(*row) for row in rows)])


def _record(step: int, time: float, name: str, value: float) -> bytes:
    entry = wire.block(1, name.encode("utf-8", "replace")) + wire.single(2, value)
    return wire.double(1, time) + wire.number(2, step) + wire.block(5, wire.block(1, entry))
