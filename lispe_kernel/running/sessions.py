"""The magic `%session`: save, restore, list, compare, keep what a session holds, and go back in time.

`sittings` does the work.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
from typing import Any

from lispe_kernel.assist.magics import Part
from lispe_kernel.language.errors import LispeError
from lispe_kernel.running.history import default_file
from lispe_kernel.running.hosts import NOTHING, Host, runs
from lispe_kernel.session import Outcome, Session
from lispe_kernel.sittings import KEEPER, shown
from lispe_kernel.sittings import load as load_kinds
from lispe_kernel.torch_library.files.atomic import write_bytes

# The name of the notebook, where Jupyter's server started the kernel.
_NOTEBOOK = "JPY_SESSION_NAME"
# Notebooks that are remembered.
_NOTES = 200
_USE = (
    "%session save FOLDER, restore FOLDER, list FOLDER, diff FOLDER; "
    "%session keep FOLDER, keep off, log, goto CELL"
)


@runs("session")
def _session(part: Part, host: Host) -> Outcome:
    try:
        words = shlex.split(part.argument)
    except ValueError:
        raise LispeError(
            f"Error: %session: a quote or a \\ without what follows it: {part.argument} (use {_USE})"
        ) from None
    if words == ["log"]:
        words.append("")
    work = _WORK.get(words[0]) if len(words) == 2 else None
    if work is None:
        raise LispeError(f"Error: %session: an action and a folder are expected (use {_USE})")
    load_kinds()
    host.session.call(lambda: work(host, os.path.expanduser(words[1])))
    return NOTHING


def note_file() -> str:
    """The file that says where the notebooks of this user are kept."""
    return os.path.join(os.path.dirname(default_file()), "kept.json")


def _notes() -> dict[str, str]:
    try:
        with open(note_file(), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note(folder: str) -> None:
    """Remember where this notebook is kept; an empty folder forgets it."""
    notebook = os.environ.get(_NOTEBOOK)
    notes = _notes()
    if notebook is None or notes.get(notebook, "") == folder:
        return
    notes.pop(notebook, None)
    if folder:
        notes[notebook] = folder
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(note_file()), exist_ok=True)
        write_bytes(note_file(), json.dumps(dict(list(notes.items())[-_NOTES:]), indent=1).encode())


def offer(code: str) -> str:
    """What a kernel says before its first cell: that this notebook was kept. Empty where it was not.

    Only a notebook of Jupyter's server has a name here; where the cell speaks of sessions itself, nothing.
    """
    notebook = os.environ.get(_NOTEBOOK)
    folder = _notes().get(notebook) if notebook and "session" not in code else None
    if not isinstance(folder, str) or not os.path.isfile(os.path.join(folder, "session.json")):
        return ""
    return f"This notebook's session was kept: %session restore {shlex.quote(folder)} brings it back"


def cell_begins(session: Session) -> None:
    """Tell who keeps a session that a cell begins, and the user what kept it from being kept, once."""
    keeper = session.library_states.get(KEEPER)
    problem = keeper.cell_begins() if keeper is not None else ""
    if problem:
        print(f"session_keep: the session is not being kept: {problem}", file=sys.stderr)


def ended_quickly(before: Session, session: Session, number: int, text: str) -> bool:
    """As `cell_ended`, where that takes no time; False where nothing was done."""
    keeper = before.library_states.get(KEEPER)
    if keeper is None or before is not session or keeper.noted != os.environ.get(_NOTEBOOK, ""):
        return False
    done: bool = keeper.ended_quickly(number, text)
    return done


def cell_ended(before: Session, session: Session, number: int, text: str) -> None:
    """Let who keeps a session take what it is now. After `%reset` that is another than it was before."""
    keeper = before.library_states.get(KEEPER)
    if keeper is None:
        if KEEPER in before.library_states:
            del before.library_states[KEEPER]
            _note("")
        return
    notebook = os.environ.get(_NOTEBOOK, "")
    if keeper.noted != notebook:
        _note(keeper.folder)
        keeper.noted = notebook
    if before is not session:
        session.library_states[KEEPER] = before.library_states.pop(KEEPER)
        keeper.session = session
    # After an interrupt the next cell finds what this one changed, too.
    with contextlib.suppress(KeyboardInterrupt):
        keeper.cell_ended(number, text)


def _save(_host: Host, folder: str) -> None:
    from lispe_kernel.sittings.functions import session_save  # noqa: PLC0415 - start-up: it needs numpy

    found = session_save(folder)
    print(f"saved {_counted(found)} in {folder}, {found['written']} bytes written")
    _lacking(found)


def _restore(_host: Host, folder: str) -> None:
    from lispe_kernel.sittings.restoring.functions import session_restore  # noqa: PLC0415 - start-up, as above

    found = session_restore(folder)
    replaced = f", {found['replaced']} of them in the place of others" if found["replaced"] else ""
    print(f"restored {_counted(found)} from {folder}{replaced}")
    _lacking(found)


def _counted(found: Any) -> str:
    variables, definitions = found["variables"], found["definitions"]
    return (
        f"{variables} variable{'s' * (variables != 1)} and {definitions} definition{'s' * (definitions != 1)}"
    )


def _lacking(found: Any) -> None:
    for name, why in found["left_out"].items():
        print(f"not kept: {shown(name)}: {shown(why)}")
    for name, what in found["kept_without"].items():
        print(f"kept without: {shown(name)}: {shown(str(what))}")


def _list(_host: Host, folder: str) -> None:
    from lispe_kernel.sittings.cells.functions import listed  # noqa: PLC0415 - start-up, as above

    rows = [(shown(name), shown(text)) for name, text in listed(folder)]
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        print(f"{name:<{width}}  {text}")
    if not rows:
        print("Nothing is kept there.")


def _diff(host: Host, folder: str) -> None:
    from lispe_kernel.sittings.cells.functions import compared  # noqa: PLC0415 - start-up, as above

    found = compared(host.session, folder)
    for mark, names in (("-", found.only_there), ("+", found.only_here), ("~", found.changed)):
        for name in names:
            print(f"{mark} {shown(name)}")
    print(f"{found.same} the same; - only in {folder}, + only here, ~ changed since")


def _keep(_host: Host, folder: str) -> None:
    from lispe_kernel.sittings.cells.functions import session_keep  # noqa: PLC0415 - start-up, as above

    session_keep(None if folder == "off" else folder)


def _log(host: Host, _: str) -> None:
    from lispe_kernel.sittings.cells.functions import logged  # noqa: PLC0415 - start-up, as above

    found = logged(host.session)
    width = max((len(row.address) for row in found), default=0)
    for row in found:
        record = row.record
        names = [
            f"{mark} {shown(name)}"
            for mark, names in (("+", record.new), ("~", record.changed), ("-", record.removed))
            for name in names
        ]
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        told = (", ".join(names[:_NAMES]) + more) or "changed nothing"
        first = shown(record.text.strip().partition("\n")[0])[:_TEXT]
        print(f"{'*' if row.on_the_way else ' '} {row.address:>{width}}  {told}  | {first}")
    print("+ new, ~ changed, - gone; * the session came by this cell" if found else "No cells.")


# Names and characters of a cell's text that the list shows.
_NAMES, _TEXT = 8, 50


def _goto(host: Host, wanted: str) -> None:
    from lispe_kernel.sittings.cells.functions import gone_to  # noqa: PLC0415 - start-up, as above

    found = gone_to(host.session, wanted)
    print(f"variables and functions are as they were after cell {found.address}")
    if found.gone:
        print(f"cells that no longer match: {', '.join(found.gone)}")
    if found.stayed:
        print(f"stays, since it cannot be kept: {', '.join(map(shown, found.stayed))}")
    if found.lacking:
        print(f"was there and could not be kept: {', '.join(map(shown, found.lacking))}")


_WORK = {
    "save": _save,
    "restore": _restore,
    "list": _list,
    "diff": _diff,
    "keep": _keep,
    "log": _log,
    "goto": _goto,
}
