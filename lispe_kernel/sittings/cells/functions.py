"""A session kept after each cell, and what `%session` asks about its cells and its folder."""

from __future__ import annotations

import os
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.paths import path_argument
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.sittings import HOST, KEEPER
from lispe_kernel.sittings.cells.differences import Differences, differences, names_in
from lispe_kernel.sittings.cells.keeper import Keeper
from lispe_kernel.sittings.cells.record import Record
from lispe_kernel.sittings.cells.travel import Arrived, Row, address, go_to, rows
from lispe_kernel.sittings.folder import told


@function("session_keep")
def session_keep(folder: Any) -> Any:
    """Save what the session holds into a folder after each cell from now on; `nil` ends that.

    A thread writes while no cell runs, at the latest after two seconds, only what changed, and each save is
    whole or not there. What is written is what was there after the cell. The folder remembers the cells:
    `%session log` lists them with what each changed, `%session goto 12` puts the session back to what it was
    after cell 12. The oldest of more than 200 cells go, and the oldest where the files of cells and numbers
    take more than 1 GiB and more than four times the session.

    Example: (session_keep nil) => nil
    Errors: for a folder that holds other things, that cannot be written or is kept by another session;
    in a program that has no cells.
    """
    session: Any = current()
    keeper: Keeper | None = session.library_states.get(KEEPER)
    path = path_argument("session_keep", 1, folder) if folder is not None else ""
    if keeper is not None and path and os.path.abspath(path) == keeper.folder:
        return TRUE
    begun = None
    if path:
        if HOST not in session.library_states:
            raise LispeError(
                "Error: session_keep: it saves after each cell, and here are none; session_save saves once"
            )
        begun = Keeper(session, path)
        with told("session_keep", path):
            _offer(begun, begun.begin())
    if keeper is not None:
        # Nobody, and not nothing: who runs the cells learns that it has ended.
        session.library_states[KEEPER] = None
        problem = keeper.close()
        if problem:
            raise LispeError(f"Error: session_keep: the last cells were not written: {problem}")
    if begun is None:
        return None
    session.library_states[KEEPER] = begun
    return TRUE


def _offer(keeper: Keeper, found: list[Record]) -> None:
    """Say that the folder has what an earlier sitting held."""
    if found:
        last = address(found[-1], keeper)
        print(f"{keeper.folder} has an earlier session: %session goto {last} brings it back")


def kept(session: Any) -> Keeper:
    """Who keeps a session, for `%session log` and `%session goto`. Errors: LispeError where nobody does."""
    keeper: Keeper | None = session.library_states.get(KEEPER)
    if keeper is None:
        raise LispeError('Error: %session: no cells are kept; (session_keep "folder") begins it')
    return keeper


def gone_to(session: Any, wanted: str) -> Arrived:
    """Put a session back, for `%session goto`. Errors: LispeError."""
    keeper = kept(session)
    with told("%session goto", keeper.folder):
        return go_to(keeper, wanted)


def logged(session: Any) -> list[Row]:
    """The cells that are kept, for `%session log`. Errors: LispeError."""
    keeper = kept(session)
    with told("%session log", keeper.folder, ""):
        return rows(keeper)


def listed(folder: str) -> list[tuple[str, str]]:
    """The names in a folder, with what they are, for `%session list`. Errors: LispeError."""
    with told("%session list", folder, ""):
        return names_in(folder)


def compared(session: Any, folder: str) -> Differences:
    """How a folder differs from a session, for `%session diff`. Errors: LispeError."""
    with told("%session diff", folder, ""):
        return differences(session, folder)
