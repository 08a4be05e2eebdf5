"""Folders of checkpoints: what is in them, and which to keep. Reads headers only, never a tensor.

The list is what a timeline draws: epoch, metrics, size, time and health of each file.
"""

from __future__ import annotations

import os
import re
import zipfile
from typing import Any

from lispe_kernel.language.errors import LispeError, wrong_argument
from lispe_kernel.language.printer import number_text, register_kind
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.torch_library import arguments, pt_files, safetensors_files
from lispe_kernel.torch_library.atomic import remove_stale
from lispe_kernel.torch_library.checkpoints import other_parts, to_lispe
from lispe_kernel.torch_library.file_errors import DAMAGED_ZIP, BadFile
from lispe_kernel.torch_library.formats import open_file
from lispe_kernel.torch_library.guard import torch_function
from lispe_kernel.torch_library.plain_tree import TensorRef
from lispe_kernel.torch_library.progress import progress

LISTING = "Error listing checkpoints: "
PRUNING = "Error pruning checkpoints: "
SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")


class CheckpointList(List):
    """Checkpoints as dictionaries, by epoch. The text leaves out what changes from run to run (time)."""

    __slots__ = ()


def _line(entry: Dictionary) -> str:
    if entry["health"] == "damaged":
        return f"{entry['name']}: damaged, {entry['problem']}"
    shown = [f"{key} {_value(value)}" for key, value in entry["metrics"].items()]
    return f"{entry['name']}: " + ", ".join([f"epoch {entry['epoch']}", *shown])


def _value(value: Any) -> str:
    return number_text(value) if isinstance(value, float) else str(value)


register_kind(CheckpointList, "list_", lambda found, show: "\n".join(map(_line, found)) or "()")


@torch_function("torch_list_checkpoints", prefix=LISTING)
def list_checkpoints(folder: Any = ".") -> CheckpointList:
    """The checkpoints of a folder by epoch, each a dictionary: `name`, `path`, `epoch`, `metrics` (a
    dictionary), `size` in bytes, `time` (seconds since 1970), `health` ("healthy" or "damaged"), `problem`.

    Only headers are read, so a folder of large files is listed at once. Files of models and adapters are
    left out; damaged files come last.

    Example: (maybe (torch_list_checkpoints "no-such-folder") "missing") => missing
    Errors: `Error listing checkpoints: FOLDER: there is no such folder`
    """
    folder = os.path.expanduser(arguments.path("torch_list_checkpoints", 1, folder))
    files = _files(folder)
    found = []
    with progress(f"reading {os.path.basename(folder) or folder}", len(files)) as advance:
        for item in files:
            entry = _entry(item)
            advance(1)
            if entry is not None:
                found.append(entry)
    return CheckpointList(sorted(found, key=_order))


def _files(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            return [i for i in items if i.name.endswith(SUFFIXES) and i.name[0] != "." and i.is_file()]
    except FileNotFoundError:
        raise LispeError(f"{LISTING}{folder}: there is no such folder") from None
    except OSError as error:
        raise LispeError(f"{LISTING}{folder}: {(error.strerror or str(error)).lower()}") from error


def _order(entry: Dictionary) -> tuple[Any, ...]:
    epoch = entry["epoch"]
    numbers = [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", entry["name"])]
    return epoch is None, epoch or 0, [str(type(part)) for part in numbers], numbers


def _entry(item: os.DirEntry[str]) -> Dictionary | None:
    """What the list says of a file; None for a file that is healthy and no checkpoint."""
    facts = item.stat()
    epoch, metrics, problem = None, {}, None
    try:
        content = header(item.path)
        if content is None:
            return None
        epoch, metrics = content
    except BadFile as error:
        problem = str(error)
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
    entry = Dictionary()
    entry.update(
        name=item.name,
        path=item.path,
        epoch=epoch,
        metrics=to_lispe(metrics),
        size=facts.st_size,
        time=facts.st_mtime,
        health="healthy" if problem is None else "damaged",
        problem=problem,
    )
    return entry


def header(path: str) -> tuple[int, dict[str, Any]] | None:
    """Epoch and metrics of a checkpoint by its header; None for another kind of file.

    Errors: BadFile when the file's structure is damaged.
    """
    with open(path, "rb", buffering=0) as file:
        start = file.read(16)
        size = os.fstat(file.fileno()).st_size
        summary = _summary(file, start, size)
    if summary is None:
        return _foreign_header(path)
    if summary.get("kind") != "checkpoint":
        return None
    epoch, metrics = summary.get("epoch"), summary.get("metrics")
    if type(epoch) is not int:
        raise BadFile("its header is malformed; the file is damaged")
    return epoch, metrics if isinstance(metrics, dict) else {}


def _summary(file: Any, start: bytes, size: int) -> dict[str, Any] | None:
    if safetensors_files.begins(start):
        return safetensors_files.read_summary(file, size)
    if not start.startswith(pt_files.ZIP):
        return None
    try:
        with zipfile.ZipFile(file) as records:
            return pt_files.read_summary(records)
    except DAMAGED_ZIP as error:
        raise BadFile("it is truncated or damaged") from error


def _foreign_header(path: str) -> tuple[int, dict[str, Any]] | None:
    """A file of another program: its plain values are read, its tensors only mapped."""
    with open_file(path) as archive:
        parts = other_parts(archive.tree)
        epoch = parts.pop("epoch", None)
        if type(epoch) is not int:
            return None
        plain = {key: value for key, value in parts.items() if type(value) in (int, float, str)}
        metrics = parts.get("metrics")
        if isinstance(metrics, dict):
            plain.update((k, v) for k, v in metrics.items() if not isinstance(v, TensorRef | dict | list))
        return epoch, plain


@torch_function("torch_prune_checkpoints", prefix=PRUNING)
def prune_checkpoints(folder: Any, keep_last: Any, keep_best: Any = 0, metric: Any = "loss") -> Strings:
    """Remove checkpoints of a folder, except the last ones by epoch and the best ones by a metric.

    Lower is better; a metric with a minus in front (`"-accuracy"`) means higher is better. Damaged files and
    files of models stay. Gives the names of the removed files.

    Example: (maybe (torch_prune_checkpoints "no-such-folder" 3 1) "missing") => missing
    Errors: `Error pruning checkpoints: ` when no checkpoint has the metric and best ones are to be kept
    """
    name = "torch_prune_checkpoints"
    last, best = _count(name, 2, keep_last), _count(name, 3, keep_best)
    if last + best == 0:
        raise LispeError(f"{PRUNING}nothing would be kept; keep at least one, or remove the folder yourself")
    if not isinstance(metric, str) or not metric.strip("-"):
        raise wrong_argument(name, 4, "the name of a metric", metric)
    entries = [entry for entry in list_checkpoints(folder) if entry["health"] == "healthy"]
    kept = {entry["name"] for entry in entries[len(entries) - last :]} if last else set()
    kept |= {entry["name"] for entry in _best(entries, metric, best)}
    removed = Strings()
    for entry in entries:
        if entry["name"] not in kept:
            _remove(entry["path"])
            removed.append(entry["name"])
    remove_stale(os.path.expanduser(folder))
    return removed


def _count(function: str, position: int, value: Any) -> int:
    found = 0 if value is None else arguments.whole(value)
    if found is None or found < 0:
        raise wrong_argument(function, position, "how many to keep (0 or more)", value)
    return found


def _best(entries: list[Dictionary], metric: str, count: int) -> list[Dictionary]:
    if not count or not entries:
        return []
    name, sign = metric.lstrip("-"), -1 if metric.startswith("-") else 1
    # A loss that is not a number (nan) is never the best.
    rated = [e for e in entries if _is_number(e["metrics"].get(name))]
    if not rated:
        raise LispeError(f"{PRUNING}no checkpoint has the metric {name}; nothing was removed")
    return sorted(rated, key=lambda entry: sign * entry["metrics"][name])[:count]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and value == value


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LispeError(
            f"{PRUNING}cannot remove {path}: {(error.strerror or str(error)).lower()}"
        ) from error
