"""Curves as CSV: tables with a column a name, as loggers write them, TensorBoard's download, and our own.

Our own has a line a value: run, name, step, time, value; it keeps every digit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from lispe_kernel.display.page.html import one_line
from lispe_kernel.display.runs.curves import HERE, Measured, Runs

_COLUMNS = ("run", "name", "step", "time", "value")
# What the columns of steps and times are called, the surest first; written small, blanks as underscores.
_STEPS = ("step", "global_step", "iteration", "iter", "epoch", "batch")
_TIMES = ("wall_time", "time", "timestamp", "_timestamp", "_runtime")


class NoTable(ValueError):
    """A text that is no table of numbers; the message says where."""


def read(text: str, run: str) -> Runs:
    """The curves of a table. Errors: NoTable."""
    first = text.partition("\n")[0]
    # What parts the headings parts the lines, too.
    sign = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True) if row]
    except csv.Error as error:
        raise NoTable(str(error)) from error
    if not rows:
        raise NoTable("it is empty")
    headings = [heading.strip() for heading in rows[0]]
    if not any(headings) or all(_number(h) is not None for h in headings):
        raise NoTable("its first line must name the columns")
    body = rows[1:]
    for k, row in enumerate(body):
        if len(row) > len(headings):
            raise NoTable(f"row {k + 2} has {len(row)} fields for {len(headings)} columns")
    keys = [heading.lower().replace(" ", "_") for heading in headings]
    if {"name", "step", "value"} <= set(keys):
        return _long(keys, body)
    return _wide(headings, keys, body, run)


def _long(keys: Sequence[str], body: Sequence[Sequence[str]]) -> Runs:
    place = {key: k for k, key in reversed(list(enumerate(keys)))}
    found: dict[str, dict[str, Measured]] = {}
    for k, row in enumerate(body):
        told = {key: row[at] if at < len(row) else "" for key, at in place.items()}
        step, value = _number(told["step"]), _number(told["value"])
        if step is None or value is None:
            raise NoTable(f"row {k + 2}: step and value must be numbers")
        curves = found.setdefault(told.get("run") or HERE, {})
        curves.setdefault(told["name"], Measured()).add(step, value, _number(told.get("time", "")))
    return Runs(found)


def _wide(headings: Sequence[str], keys: Sequence[str], body: Sequence[Sequence[str]], run: str) -> Runs:
    steps = next((keys.index(key) for key in _STEPS if key in keys), None)
    times = next((keys.index(key) for key in _TIMES if key in keys), None)
    curves: dict[str, Measured] = {}
    passed: list[str] = []
    for column, heading in enumerate(headings):
        if column in (steps, times) or not heading:
            continue
        measured = Measured()
        for k, row in enumerate(body):
            cell = row[column].strip() if column < len(row) else ""
            if not cell:
                continue
            value = _number(cell)
            step = float(k) if steps is None else _number(row[steps])
            if value is None or step is None:
                passed.append(one_line(heading, 40))
                break
            measured.add(step, value, None if times is None or times >= len(row) else _number(row[times]))
        else:
            if measured.values:
                curves[heading] = measured
    if not curves:
        raise NoTable("no column of it holds numbers alone")
    notes = [f"columns that do not hold numbers alone: {', '.join(passed[:8])}"] if passed else []
    return Runs({run: curves}, notes)


def _number(text: str) -> float | None:
    """A number as programs write it; digits parted by underscores are none."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def written(runs: Mapping[str, Mapping[str, Measured]]) -> bytes:
    """The curves as our own table."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for run, curves in runs.items():
        for name, measured in curves.items():
            has_times = len(measured.times) == len(measured.steps)
            times = map(_exact, measured.times) if has_times else [""] * len(measured.steps)
            rows = zip(measured.steps, times, measured.values, strict=True)
            writer.writerows([run, name, _exact(step), time, _exact(value)] for step, time, value in rows)
    return sheet.getvalue().encode("utf-8", "replace")


def _exact(value: float) -> str:
    return repr(value).removesuffix(".0")
