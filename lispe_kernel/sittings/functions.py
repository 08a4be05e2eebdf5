"""Sessions saved in a folder, once or after each cell, and put back from it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.keeping import Broken
from lispe_kernel.language.library.shared.paths import path_argument
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.sittings import HOST, KEEPER, saving
from lispe_kernel.torch_library.files.atomic import CannotWrite, reason

if TYPE_CHECKING:
    from lispe_kernel.sittings.cells.differences import Differences
    from lispe_kernel.sittings.cells.keeper import Keeper
    from lispe_kernel.sittings.cells.record import Record
    from lispe_kernel.sittings.cells.travel import Arrived, Row


@contextmanager
def told(name: str, folder: str) -> Iterator[None]:
    """Errors of folders as LispE's, with the name of the function and the folder."""
    try:
        yield
    except CannotWrite as error:
        raise LispeError(f"Error: {name}: {error}") from error
    except Broken as error:
        raise LispeError(f"Error: {name}: {folder} {error}; nothing has changed") from error
    except OSError as error:
        raise LispeError(f"Error: {name}: {folder}: {reason(error)}; nothing has changed") from error


@function("session_save")
def session_save(folder: Any) -> Dictionary:
    """Save all that this session holds into a folder: text that people can read, and safetensors.

    Kept are variables, functions with their text, macros, classes and instances, records, spaces, tensors,
    modules, optimizers, schedules, tokenizers, adapters, random states, and what of it is one and the same.
    What cannot be kept is named under `left_out`, with the cell that made it. A save is whole or not there;
    only numbers that changed are written. The folder must be new, empty, or one that was saved before.

    Example: (@ (session_save "/tmp/lispe_session") "left_out") => {}
    Errors: for a folder that holds other things, a full disk; what was saved before is as it was.
    """
    path = path_argument("session_save", 1, folder)
    session: Any = current()
    with told("session_save", path):
        kept, written = saving.save(session, path)
    return Dictionary(
        {
            "variables": len(kept.manifest["variables"]),
            "definitions": len(kept.manifest["definitions"]),
            "bytes": sum(block.size for block in kept.blocks),
            "written": written,
            "left_out": _left_out(kept.manifest["left out"]),
            "kept_without": Dictionary(kept.manifest["kept without"]),
        }
    )


@function("session_restore")
def session_restore(folder: Any) -> Dictionary:
    """Put back what `session_save` kept: names in the folder take their values from there, others stay.

    Nothing of the folder is run: it holds data and definitions. Everything is read and checked before
    anything changes. Random numbers go on where the saved session stood.

    Example: (setq n 5) (session_save "/tmp/lispe_n") (setq n 6) (session_restore "/tmp/lispe_n") n => 5
    Errors: for a folder that is damaged, of another version, or no session; nothing has changed then.
    """
    from lispe_kernel.sittings import restoring  # noqa: PLC0415 - a save needs no more than it uses

    path = path_argument("session_restore", 1, folder)
    session: Any = current()
    with told("session_restore", path):
        found = restoring.restore(session, path)
    return Dictionary(
        {
            "variables": len(found.variables),
            "definitions": len(found.definitions),
            "replaced": len(found.replaced),
            "left_out": _left_out(found.left_out),
            "kept_without": Dictionary(found.lacking),
        }
    )


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
        from lispe_kernel.sittings.cells.keeper import Keeper  # noqa: PLC0415 - as above

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
        from lispe_kernel.sittings.cells.travel import address  # noqa: PLC0415 - as above

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
    from lispe_kernel.sittings.cells.travel import go_to  # noqa: PLC0415 - as above

    keeper = kept(session)
    with told("%session goto", keeper.folder):
        return go_to(keeper, wanted)


def logged(session: Any) -> list[Row]:
    """The cells that are kept, for `%session log`. Errors: LispeError."""
    from lispe_kernel.sittings.cells.travel import rows  # noqa: PLC0415 - as above

    keeper = kept(session)
    with told("%session log", keeper.folder):
        return rows(keeper)


def _left_out(entries: dict[str, Any]) -> Dictionary:
    return Dictionary({name: _why(entry) for name, entry in entries.items()})


def _why(entry: Any) -> str:
    if not isinstance(entry, dict):
        return ""
    cell = f" (made in {entry['cell']})" if entry.get("cell") else ""
    return f"{entry.get('why', '')}{cell}"


def listed(folder: str) -> list[tuple[str, str]]:
    """The names in a folder, with what they are, for `%session list`. Errors: LispeError."""
    from lispe_kernel.sittings.cells.differences import names_in  # noqa: PLC0415 - as above

    with told("%session list", folder):
        return names_in(folder)


def compared(session: Any, folder: str) -> Differences:
    """How a folder differs from a session, for `%session diff`. Errors: LispeError."""
    from lispe_kernel.sittings.cells.differences import differences  # noqa: PLC0415 - as above

    with told("%session diff", folder):
        return differences(session, folder)
