"""What a folder says of each cell that was kept: its number and text, what it changed, and what it followed.

A cell's file is a whole manifest, as `session.json` is; numbers that several cells share stand in the folder
once.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.language.keeping import Broken
from lispe_kernel.sittings import folder as folders

# The oldest cells go when there are more than so many ...
MOST_CELLS = 200
# ... or when the files of cells and of numbers are larger than this and than so many times the session.
MOST_BYTES, MOST_TIMES = 1 << 30, 4


@dataclass
class Record:
    """One cell. run: which sitting it belongs to. after: the place of the cell that it went on from."""

    place: int
    run: int
    number: int
    after: int
    text: str = ""
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    # Cells before it that were not written by themselves, since the disk was behind.
    instead_of: list[int] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"cell-{self.place:06}.json"

    @property
    def changes(self) -> bool:
        """Whether the session was another afterwards."""
        return bool(self.new or self.changed or self.removed)

    def compare(self, before: dict[str, Any], now: dict[str, Any], left_out: Container[str] = ()) -> None:
        """Note which names are new, changed or gone, by what stands for their values.

        left_out: names that are there and not kept. One that was kept before has changed.
        """
        self.new = [name for name in now if name not in before]
        self.changed = [name for name in now if name in before and before[name] != now[name]]
        others = [name for name in before if name not in now]
        self.changed += [name for name in others if name in left_out]
        self.removed = [name for name in others if name not in left_out]

    def data(self) -> dict[str, Any]:
        """The record as it stands in its file."""
        return {**vars(self), "text": self.text.split("\n")}


def of_data(data: Any, place: int) -> Record:
    """A record from its file. Errors: Broken."""
    match data:
        case {
            "run": int(run),
            "number": int(number),
            "after": int(after),
            "text": [*lines],
            "new": [*new],
            "changed": [*changed],
            "removed": [*removed],
            "instead_of": [*instead],
        }:
            texts = [lines, new, changed, removed]
            if all(isinstance(item, str) for each in texts for item in each):
                numbers = [item for item in instead if type(item) is int]
                return Record(place, run, number, after, "\n".join(lines), new, changed, removed, numbers)
    raise Broken("is malformed where a cell belongs")


def records(folder: str) -> list[Record]:
    """The cells in a folder, the oldest first; damaged ones are passed over. Errors: OSError."""
    return [record for record, _ in _read(folder)]


def records_and_memory(folder: str) -> tuple[list[Record], dict[str, Any]]:
    """As `records`, with what the files say of memory, by the name of the file."""
    found = list(_read(folder))
    memory = folders.cells_of(folder)
    return [record for record, _ in found], memory


def _read(folder: str) -> Iterable[tuple[Record, str]]:
    for name in sorted(os.listdir(folder)):
        if not folders.is_cell(name):
            continue
        try:
            yield of_data(folders.load(folder, name).get("cell"), int(name[5:11])), name
        except (Broken, OSError):
            continue


def path_to(found: list[Record], place: int) -> set[int]:
    """The places of the cells that led to a state, itself among them."""
    by_place = {record.place: record for record in found}
    path: set[int] = set()
    while place in by_place and place not in path:
        path.add(place)
        place = by_place[place].after
    return path


def prune(folder: str, memories: dict[str, Any], size: int) -> list[str]:
    """Remove the oldest cells until few enough are left; the names of their files.

    memories: what stands in the folder, by the name of the cell's file, changed too; size: the bytes of the
    session itself. The newest cell stays.
    """
    gone: list[str] = []
    texts = {name: folders.size_of(folder, name) for name in memories}
    while len(memories) > 1:
        files = {entry["file"] for memory in memories.values() for entry in memory.values()}
        held = sum(texts.values()) + sum(folders.size_of(folder, file) for file in files)
        if len(memories) <= MOST_CELLS and held <= max(MOST_BYTES, MOST_TIMES * size):
            break
        oldest = min(memories)
        os.unlink(os.path.join(folder, oldest))
        del memories[oldest], texts[oldest]
        gone.append(oldest)
    return gone
