"""Folders of checkpoints: what is in them, and which to keep.

The list is what a timeline draws: epoch, metrics, size, time and health of each file. Listing reads headers
only, never a tensor (`headers.py`); pruning reads the files that it keeps, to be sure of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, to_text, wrong_argument
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.torch_library.checkpoints.entries import to_lispe
from lispe_kernel.torch_library.checkpoints.files import resume_checkpoint
from lispe_kernel.torch_library.checkpoints.headers import SURE_SUFFIXES, read_header
from lispe_kernel.torch_library.files.atomic import reason, remove_stale
from lispe_kernel.torch_library.files.errors import BROKEN, BadFile
from lispe_kernel.torch_library.files.formats import open_file
from lispe_kernel.torch_library.files.shards import folder_size, is_folder, remove_folder
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.progress import progress

LISTING = "Error listing checkpoints: "
PRUNING = "Error pruning checkpoints: "


class CheckpointList(List):
    """Checkpoints as dictionaries, by epoch. The text leaves out what changes from run to run (time)."""

    __slots__ = ()


def _line(entry: Dictionary) -> str:
    # A name may hold bytes that are no text.
    name = os.fsencode(entry["name"]).decode(errors="replace")
    if entry["health"] == "damaged":
        return f"{name}: damaged, {entry['problem']}"
    shown = [f"{key} {to_text(value)}" for key, value in entry["metrics"].items()]
    return f"{name}: " + ", ".join([f"epoch {entry['epoch']}", *shown])


register_kind(CheckpointList, "list_", lambda found, _show: "\n".join(map(_line, found)) or "()")


@torch_function("torch_list_checkpoints", prefix=LISTING)
def list_checkpoints(folder: Any = ".") -> CheckpointList:
    """The checkpoints of a folder by epoch, each a dictionary: `name`, `path`, `epoch`, `metrics` (a
    dictionary), `size` in bytes, `time` (seconds since 1970), `health` ("healthy" or "damaged"), `problem`,
    `writer` ("LispE" or "another program"; nil for a damaged file), `link` (where a symbolic link leads).

    Only headers are read, so a folder of large files is listed at once, and damage inside the tensors is not
    seen. What ranks wrote into a folder (`torch_save_checkpoint`) is one checkpoint, also of that folder.
    A checkpoint of LispE is known under any name, one of another program by its suffix (.pt .pth
    .ckpt .bin .safetensors). Models, adapters, other files and the pickles of PyTorch before 2020, which have
    no header, are left out; damaged files come last.

    Example: (maybe (torch_list_checkpoints "no-such-folder") "missing") => missing
    Errors: `Error listing checkpoints: FOLDER: there is no such folder`
    """
    folder = arguments.path("torch_list_checkpoints", 1, folder)
    return _listed(folder)


def _listed(folder: str) -> CheckpointList:
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
    # A folder that is itself a checkpoint of several ranks holds that one: who trains into `run/` asks for
    # the newest of `run/`, and would begin anew, over it, if that had none.
    whole = os.path.abspath(folder)
    try:
        if is_folder(whole):
            with os.scandir(os.path.dirname(whole)) as items:
                return [item for item in items if item.name == os.path.basename(whole)]
        with os.scandir(folder) as items:
            return [item for item in items if item.name[0] != "." and _is_file(item)]
    except FileNotFoundError:
        raise LispeError(f"{LISTING}{folder}: there is no such folder") from None
    except OSError as error:
        raise LispeError(f"{LISTING}{folder}: {reason(error)}") from error


def _is_file(item: os.DirEntry[str]) -> bool:
    with suppress(OSError):  # a link that leads to itself, say
        return item.is_file() or is_folder(item.path)
    return False


def _order(entry: Dictionary) -> tuple[Any, ...]:
    epoch = entry["epoch"]
    numbers = [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", entry["name"])]
    return epoch is None, epoch or 0, [str(type(part)) for part in numbers], numbers


def _entry(item: os.DirEntry[str]) -> Dictionary | None:
    """What the list says of a file; None for a file that is no checkpoint, or not there any more."""
    found, problem = None, None
    try:
        facts = item.stat()
        found = read_header(item.path)
    except FileNotFoundError:
        return None
    except BadFile as error:
        problem = str(error)
    except OSError as error:
        if not item.name.endswith(SURE_SUFFIXES):
            return None
        problem = reason(error)
    if found is None and problem is None:
        return None
    entry = Dictionary()
    entry.update(
        name=item.name,
        path=item.path,
        epoch=found and found.epoch,
        metrics=to_lispe(found.metrics if found else {}),
        size=folder_size(item.path) if item.is_dir() else facts.st_size,
        time=facts.st_mtime,
        health="healthy" if problem is None else "damaged",
        problem=problem,
        writer=found and ("LispE" if found.ours else "another program"),
        link=os.path.realpath(item.path) if item.is_symlink() else None,
    )
    return entry


@torch_function("torch_prune_checkpoints", prefix=PRUNING)
def prune_checkpoints(folder: Any, keep_last: Any, keep_best: Any = 0, metric: Any = "loss") -> Strings:
    """Remove checkpoints of a folder, except the last ones by epoch and the best ones by a metric.

    Lower is better; a metric with a minus in front (`"-accuracy"`) means higher is better. What is to stay is
    compared with its checksums first: a damaged checkpoint counts for none, and the next whole one stays in
    its place. Only checkpoints that LispE wrote are removed. Besides what is kept there stay models, files
    found to be damaged, checkpoints of other programs, symbolic links and what a link of the folder leads to.
    Gives the names of the removed files.

    Example: (maybe (torch_prune_checkpoints "no-such-folder" 3 1) "missing") => missing
    Errors: `Error pruning checkpoints: ` when no checkpoint has the metric and best ones are to be kept
    """
    name = "torch_prune_checkpoints"
    folder = arguments.path(name, 1, folder)
    last, best = _count(name, 2, keep_last), _count(name, 3, keep_best)
    if last + best == 0:
        raise LispeError(f"{PRUNING}nothing would be kept; keep at least one, or remove the folder yourself")
    if not isinstance(metric, str) or not metric.strip("-"):
        raise wrong_argument(name, 4, "the name of a metric", metric)
    entries = [e for e in _listed(folder) if e["writer"] == "LispE" and e["link"] is None]
    files = _Files(_linked(folder))
    files.keep(reversed(entries), last)
    files.keep(_best(entries, metric, best), best)
    removed = Strings()
    for entry in entries:
        if not files.stays(entry["path"]):
            _remove(entry["path"])
            removed.append(entry["name"])
    remove_stale(folder)
    return removed


@torch_function("torch_resume_newest", prefix="Error resuming checkpoint: ")
def resume_newest(
    folder: Any, model: Any, optimizer: Any, scheduler: Any = None, batches: Any = None
) -> int | None:
    """Resume from the newest whole checkpoint of a folder, that of the highest epoch; gives its epoch.

    A damaged checkpoint is passed over. Nil when the folder holds none: the training begins.

    Example: (maybe (torch_resume_newest "no-such-folder" 1 2) "missing") => missing
    Errors: as `torch_resume_checkpoint`; `Error listing checkpoints: FOLDER: there is no such folder`
    """
    folder = arguments.path("torch_resume_newest", 1, folder)
    entries = [entry for entry in _listed(folder) if entry["health"] == "healthy"]
    newest = next((e for e in sorted(entries, key=_age, reverse=True) if _is_whole(e)), None)
    if newest is None:
        return None
    return resume_checkpoint(newest["path"], model, optimizer, scheduler, batches)


def _age(entry: Dictionary) -> tuple[Any, ...]:
    return entry["epoch"], entry["time"]


Place = tuple[int, int]


class _Files:
    """The files that stay, by their place on the disk: two names of one file are one checkpoint."""

    def __init__(self, linked: set[Place]) -> None:
        self._whole: dict[Place | None, bool] = {}
        self._linked = linked
        self._kept: set[Place] = set()

    def keep(self, entries: Iterable[Dictionary], count: int) -> None:
        """Keep the first of the entries, so many as are whole."""
        kept: set[Place] = set()
        for entry in entries:
            if len(kept) == count:
                break
            place = _place(entry["path"])
            if place is not None and self._is_whole(place, entry):
                kept.add(place)
        self._kept |= kept

    def _is_whole(self, place: Place, entry: Dictionary) -> bool:
        if place not in self._whole:
            self._whole[place] = _is_whole(entry)
        return self._whole[place]

    def stays(self, path: str) -> bool:
        """Whether a file is kept, linked to, or known to be damaged."""
        place = _place(path)
        return place in self._kept or place in self._linked or not self._whole.get(place, True)


def _place(path: str) -> Place | None:
    """Where a file lies, links followed; None when it is gone."""
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _linked(folder: str) -> set[Place]:
    """The places to which the symbolic links of a folder lead."""
    with os.scandir(folder) as items:
        places = [_place(item.path) for item in items if item.is_symlink()]
    return {place for place in places if place is not None}


def _is_whole(entry: Dictionary) -> bool:
    """Whether every byte of a checkpoint is as it was written. Files known to be whole are not read."""
    try:
        with (
            open_file(entry["path"]) as archive,
            progress(f"comparing {entry['name']}", entry["size"]) as advance,
        ):
            archive.verify(archive.entries, advance)
    except (BadFile, OSError, *BROKEN):
        return False
    return True


def _count(function: str, position: int, value: Any) -> int:
    found = 0 if value is None else arguments.whole(value)
    if found is None or found < 0:
        raise wrong_argument(function, position, "how many to keep (0 or more)", value)
    return found


def _best(entries: list[Dictionary], metric: str, count: int) -> list[Dictionary]:
    """The checkpoints that have the metric, the best one first; none when none are asked for."""
    if not count or not entries:
        return []
    name, sign = metric.removeprefix("-"), -1 if metric.startswith("-") else 1
    # A loss that is not a number (nan) is never the best.
    rated = [e for e in entries if _is_number(e["metrics"].get(name))]
    if not rated:
        raise LispeError(f"{PRUNING}no checkpoint has the metric {name}; nothing was removed")
    return sorted(rated, key=lambda entry: sign * entry["metrics"][name])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and value == value


def _remove(path: str) -> None:
    try:
        if is_folder(path):
            remove_folder(path)
        else:
            os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LispeError(f"{PRUNING}cannot remove {path}: {reason(error)}") from error
