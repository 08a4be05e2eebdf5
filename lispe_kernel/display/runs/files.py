"""Runs read from files and folders, and written to them. Files are hostile until checked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any

from lispe_kernel.display.page.html import one_line, plain
from lispe_kernel.display.runs import events, tables
from lispe_kernel.display.runs.curves import HERE, Measured, Runs
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.library.shared.paths import path_argument
from lispe_kernel.language.printer import to_text

_LARGEST = 1_000_000_000
_MOST_FILES = 10_000
_READ, _WRITE = "Error: read_runs: ", "Error: write_runs: "


def read_runs(path: Any, smoothing: float) -> Runs:
    """The runs of an event file, a table, or a folder of event files (each folder in it is a run)."""
    where = path_argument("read_runs", 1, path)
    if os.path.isdir(where):
        found = _folder(where)
    elif _is_marked(where):
        found = Runs({})
        _event_file(where, HERE, found, {})
    else:
        found = _table(where, HERE)
    found.runs = {run: curves for run, curves in found.runs.items() if curves}
    if not found.runs:
        told = f": {'; '.join(found.notes[:3])}" if found.notes else ""
        raise LispeError(f"{_READ}there is no curve in {plain(where)}{told}")
    found.smoothing = smoothing
    return found


def _is_marked(path: str) -> bool:
    """Whether a name is that of an event file."""
    return events.MARK in os.path.basename(path)


def _folder(where: str) -> Runs:
    found, plugins = Runs({}), dict[str, dict[str, str]]()
    files = list(_files(where))
    for file in files:
        if _is_marked(file):
            run = os.path.relpath(os.path.dirname(file), where)
            _event_file(file, run, found, plugins.setdefault(run, {}))
    if found.runs or found.notes:
        return found
    for file in files:
        if file.lower().endswith((".csv", ".tsv")):
            try:
                more = _table(file, os.path.splitext(os.path.relpath(file, where))[0])
            except LispeError as error:
                found.notes.append(str(error).removeprefix(_READ))
                continue
            for run, curves in more.runs.items():
                found.runs.setdefault(run, {}).update(curves)
            found.notes += more.notes
    return found


def _files(where: str) -> Iterator[str]:
    """The files of a folder and those in it, in the order of their names."""
    count = 0
    for folder, inner, names in os.walk(where):
        inner.sort()
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                raise LispeError(f"{_READ}there are more than {_MOST_FILES} files in {plain(where)}")
            yield os.path.join(folder, name)


def _bytes(path: str) -> bytes:
    try:
        facts = os.stat(path)
        if not stat.S_ISREG(facts.st_mode):
            raise LispeError(f"{_READ}{plain(path)} is no file")
        if facts.st_size > _LARGEST:
            raise LispeError(f"{_READ}{plain(path)} is larger than {_LARGEST // 10**9} GB")
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise LispeError(f"{_READ}{plain(path)} cannot be read: {error.strerror}") from error


def _event_file(path: str, run: str, found: Runs, plugins: dict[str, str]) -> None:
    curves = found.runs.setdefault(run, {})
    name = one_line(os.path.basename(path), 80)
    found.notes += [f"{name}: {note}" for note in events.read(_bytes(path), curves, plugins)]


def _table(path: str, run: str) -> Runs:
    try:
        return tables.read(_bytes(path).decode("utf-8-sig"), run)
    except UnicodeDecodeError as error:
        raise LispeError(f"{_READ}{plain(path)} is no table: it is not written in UTF-8") from error
    except tables.NoTable as error:
        raise LispeError(f"{_READ}{plain(path)} is no table of numbers: {one_line(str(error))}") from error


def write_runs(runs: Mapping[str, Mapping[str, Measured]], path: Any) -> str:
    """Write runs to a table (`.csv`) or as event files into a folder, each file whole or not at all."""
    from lispe_kernel.torch_library.files import atomic  # noqa: PLC0415 - PyTorch is imported when it is first needed

    where = path_argument("write_runs", 2, path)
    is_table = where.lower().endswith(".csv")
    if not is_table and os.path.splitext(where)[1] and not os.path.isdir(where):
        raise LispeError(
            f"{_WRITE}the path must end with .csv or be a folder for event files: {plain(where)}"
        )
    files = {where: tables.written(runs)} if is_table else _event_files(runs, where)
    try:
        for file, data in files.items():
            if not is_table:
                os.makedirs(os.path.dirname(file), exist_ok=True)
            atomic.write_bytes(file, data)
    except atomic.CannotWrite as error:
        raise LispeError(f"{_WRITE}{error}") from error
    except OSError as error:
        raise LispeError(f"{_WRITE}{plain(where)}: {error.strerror}") from error
    points = sum(len(m.values) for curves in runs.values() for m in curves.values())
    return f"Saved {plain(where)}: {points} values of {len(runs)} run{'s' if len(runs) != 1 else ''}"


def _event_files(runs: Mapping[str, Mapping[str, Measured]], where: str) -> dict[str, bytes]:
    found = {}
    for run, curves in runs.items():
        parts = run.split("/") if run != HERE else []
        if any(part in ("", ".", "..") or "\0" in part or os.sep in part for part in parts):
            raise LispeError(f"{_WRITE}{to_text(run)} cannot be the name of a folder")
        first = min((t for m in curves.values() for t in m.times), default=0.0)
        name = f"events.out.{events.MARK}.{int(first):010d}.lispe"
        found[os.path.join(where, *parts, name)] = events.written(curves)
    return found
