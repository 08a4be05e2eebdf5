"""The magic `%session`: save, restore, list and compare what a session holds. `sittings` does the work."""

from __future__ import annotations

import os
import shlex
from typing import Any

from lispe_kernel.assist.magics import Part
from lispe_kernel.language.errors import LispeError
from lispe_kernel.running.hosts import NOTHING, Host, runs
from lispe_kernel.session import Outcome
from lispe_kernel.sittings import load as load_kinds

_USE = "%session save FOLDER, %session restore FOLDER, %session list FOLDER or %session diff FOLDER"


@runs("session")
def _session(part: Part, host: Host) -> Outcome:
    try:
        words = shlex.split(part.argument)
    except ValueError as error:
        raise LispeError(f"Error: %session: {error} (use {_USE})") from None
    work = _WORK.get(words[0]) if len(words) == 2 else None
    if work is None:
        raise LispeError(f"Error: %session: an action and a folder are expected (use {_USE})")
    load_kinds()
    host.session.call(lambda: work(host, os.path.expanduser(words[1])))
    return NOTHING


def _save(_host: Host, folder: str) -> None:
    from lispe_kernel.sittings.functions import session_save  # noqa: PLC0415 - start-up: it needs numpy

    found = session_save(folder)
    print(f"saved {_counted(found)} in {folder}, {found['written']} bytes written")
    _lacking(found)


def _restore(_host: Host, folder: str) -> None:
    from lispe_kernel.sittings.functions import session_restore  # noqa: PLC0415 - start-up, as above

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
        print(f"not kept: {name}: {why}")
    for name, what in found["kept_without"].items():
        print(f"kept without: {name}: {what}")


def _list(_host: Host, folder: str) -> None:
    from lispe_kernel.sittings.functions import listed  # noqa: PLC0415 - start-up, as above

    rows = listed(folder)
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        print(f"{name:<{width}}  {text}")
    if not rows:
        print("Nothing is kept there.")


def _diff(host: Host, folder: str) -> None:
    from lispe_kernel.sittings.functions import compared  # noqa: PLC0415 - start-up, as above

    found = compared(host.session, folder)
    for mark, names in (("-", found.only_there), ("+", found.only_here), ("~", found.changed)):
        for name in names:
            print(f"{mark} {name.strip()}")
    print(f"{found.same} the same; - only in {folder}, + only here, ~ changed since")


_WORK = {"save": _save, "restore": _restore, "list": _list, "diff": _diff}
