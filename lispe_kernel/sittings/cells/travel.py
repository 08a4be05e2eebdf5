"""A session put back to what it was after a cell that was kept, and the list of these cells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.session import Session
from lispe_kernel.sittings.cells.keeper import Keeper
from lispe_kernel.sittings.cells.record import Record, path_to, records
from lispe_kernel.sittings.definitions import SHARED, Definitions
from lispe_kernel.sittings.restoring.back import checked, restore
from lispe_kernel.sittings.saving import as_data, variables
from lispe_kernel.sittings.text import Sources

_ADDRESS = re.compile(r"(?:(\d+)/)?(\d+)")


@dataclass(frozen=True)
class Row:
    """A cell of the list: its record, how `goto` calls it, and whether the session came by it."""

    record: Record
    address: str
    on_the_way: bool


@dataclass(frozen=True)
class Arrived:
    """Where a session is now: the cell, the cells of this sitting that no longer match, what stayed, and
    what was there then and is not now.
    """

    address: str
    gone: list[str]
    stayed: list[str]
    lacking: list[str]


def rows(keeper: Keeper) -> list[Row]:
    """The cells that are kept, the oldest first."""
    keeper.flush()
    found = records(keeper.folder)
    path = path_to(found, keeper.at)
    return [Row(record, address(record, keeper), record.place in path) for record in found]


def address(record: Record, keeper: Keeper) -> str:
    """How a cell is called: by its number, in earlier sittings after that of the sitting."""
    return str(record.number) if record.run == keeper.run else f"{record.run}/{record.number}"


def go_to(keeper: Keeper, wanted: str) -> Arrived:
    """Put the session back to what it was after a cell. Errors: LispeError, Broken, OSError."""
    session = keeper.session
    problem = keeper.flush()
    found = records(keeper.folder)
    record = _chosen(found, wanted, problem)
    manifest = checked(keeper.folder, record.file)
    going, staying = _names(session)
    restored = restore(session, keeper.folder, record.file, forget=going)
    keeper.went_back(record, manifest)
    path = path_to(found, record.place)
    gone = [each for each in found if each.run == keeper.run and each.place not in path and each.changes]
    return Arrived(
        address(record, keeper),
        [str(each.number) for each in gone],
        [name for name in staying if name not in restored.variables],
        [name for name in restored.left_out if name not in staying],
    )


def _chosen(found: list[Record], wanted: str, problem: str) -> Record:
    parts = _ADDRESS.fullmatch(wanted)
    if parts is None:
        raise LispeError(
            f"Error: %session goto: the number of a cell is expected, as in 12 or 1/12: {wanted}"
        )
    run, number = parts[1], int(parts[2])
    fitting = [each for each in found if run is None or each.run == int(run)]
    exact = [each for each in fitting if each.number == number]
    if exact:
        return exact[-1]
    other = next((each for each in reversed(fitting) if number in each.instead_of), None)
    if other is not None:
        raise LispeError(
            f"Error: %session goto: cell {wanted} was not kept by itself, since the disk was behind; "
            f"the next one that was is {other.number}"
        )
    why = f" ({problem})" if problem else ""
    raise LispeError(
        f"Error: %session goto: cell {wanted} is not kept{why}; %session log lists those that are"
    )


def _names(session: Session) -> tuple[set[str], list[str]]:
    """The names that go when a session becomes another, and those that stay since nothing keeps them."""
    left_out: dict[str, Any] = session.call(as_data, session).manifest["left out"]
    definitions = Definitions(session, Sources(session.sources, session.canonical))
    names = {name for name, _ in variables(session)} | set(definitions.names)
    staying = {name for name in names if name.removeprefix(SHARED).strip() in left_out}
    return names - staying, sorted(name.removeprefix(SHARED).strip() for name in staying)
