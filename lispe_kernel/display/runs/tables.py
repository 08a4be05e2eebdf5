"""Curves as CSV: tables with a column a name, as loggers write them, TensorBoard's download, and our own.

Our own has a line a value: run, name, step, time, value; it keeps every digit.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from lispe_kernel.display.page.html import one_line
from lispe_kernel.display.runs.curves import HERE, Measured, Runs

_COLUMNS = ("run", "name", "step", "time", "value")
# What the columns of steps and times are called, the surest first; written small, blanks as underscores.
_STEPS = ("step", "global_step", "iteration", "iter", "epoch", "batch")
_MISSING = frozenset(("-", "na", "n/a", "null", "none"))  # what a cell without a number says
_TIMES = ("wall_time", "time", "timestamp", "_timestamp", "_runtime")


class NoTable(ValueError):
    """A text that is no table of numbers; the message says where."""


def read(text: str, run: str) -> Runs:
    """The curves of a table. Errors: NoTable."""
    first = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
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
        while len(row) > len(headings) and not row[-1].strip():
            row.pop()
        if len(row) > len(headings):
            raise NoTable(f"row {k + 2} has {len(row)} fields for {len(headings)} columns")
    keys = [heading.lower().replace(" ", "_") for heading in headings]
    # Where numbers are written with a comma, semicolons part them.
    number = partial(_number, comma=sign == ";")
    if {"name", "step", "value"} <= set(keys):
        return _long(keys, body, number)
    return _wide(headings, keys, body, run, number)


_Reader = Callable[[str], float | None]


def _long(keys: Sequence[str], body: Sequence[Sequence[str]], number: _Reader) -> Runs:
    place = {key: k for k, key in reversed(list(enumerate(keys)))}
    found: dict[str, dict[str, Measured]] = {}
    for k, row in enumerate(body):
        told = {key: row[at] if at < len(row) else "" for key, at in place.items()}
        step, value = number(told["step"]), number(told["value"])
        if step is None or value is None:
            raise NoTable(f"row {k + 2}: step and value must be numbers")
        curves = found.setdefault(told.get("run") or HERE, {})
        curves.setdefault(told["name"], Measured()).add(step, value, number(told.get("time", "")))
    return Runs(found)


def _wide(
    headings: Sequence[str], keys: Sequence[str], body: Sequence[Sequence[str]], run: str, number: _Reader
) -> Runs:
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
            value = number(cell)
            if value is None and cell.lower() in _MISSING:
                continue
            at = str(k) if steps is None else row[steps] if steps < len(row) else ""
            step = number(at)
            if value is None or step is None:
                wrong = cell if value is None else f"{keys[steps or 0]} {at!r}"
                passed.append(f"{one_line(heading, 40)} (row {k + 2}: {one_line(wrong, 20)})")
                break
            measured.add(step, value, None if times is None or times >= len(row) else number(row[times]))
        else:
            if measured.values:
                # A second column of the same name keeps its place in its name.
                curves[heading if heading not in curves else f"{heading} {column + 1}"] = measured
    told = f"columns that do not hold numbers alone: {', '.join(passed[:8])}"
    if not curves:
        raise NoTable(told if passed else "no column of it holds numbers")
    notes = [told] if passed else []
    return Runs({run: curves}, notes)


def _number(text: str, comma: bool = False) -> float | None:
    """A number as programs write it; digits parted by underscores are none. comma: 0,5 is a half."""
    if comma and "." not in text:
        text = text.replace(",", ".")
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
