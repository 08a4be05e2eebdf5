"""Definitions and values on their way to ranks and back, in the folder of a saved session.

What a cell for ranks uses of the notebook's definitions goes along, with what these use; again only when it
has changed. It is read there as every saved session is: data and definitions, of which nothing runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.ranks.cluster import Cluster, Member
from lispe_kernel.session import Session
from lispe_kernel.sittings import folder as folders
from lispe_kernel.sittings import load as load_kinds
from lispe_kernel.sittings.restoring.back import values
from lispe_kernel.sittings.saving import Gathered, defined, gathered, variables
from lispe_kernel.sittings.seen import Seen

# What a text is called that came from the other side; and under which keys a definition is named in data.
AWAY = "what was sent along"
_NAMED = ("of", "class", "function")
_WORD = re.compile(r"[^\s()\[\]{}\"'`;,]+")


@dataclass
class Parcel:
    """What ranks lack, in a folder; an empty text where they lack nothing."""

    folder: str = ""
    marks: dict[str, str] = field(default_factory=dict)

    def arrived(self, member: Member) -> None:
        """Remember what a rank has now."""
        member.sent |= self.marks


class Uses:
    """What the definitions and values of a session use."""

    def __init__(self, session: Session) -> None:
        load_kinds()
        self._session = session
        definitions, _ = defined(session)
        self._texts = {each.name: each.text for each in definitions}
        # What a program writes where it uses a definition: a record may stand among others of its group.
        names = set(definitions.names)
        self._home = {word: name for name, text in self._texts.items() for word in words(text) & names}
        self._home |= {name: name for name in self._texts}

    def names_for(self, text: str) -> set[str]:
        """The definitions that a text uses, and all that these use, values included."""
        return self.names_with(self._used(text))

    def names_with(self, names: Iterable[str]) -> set[str]:
        """Definitions and variables, and all that they use."""
        values = {name for name, _ in variables(self._session)} - self._home.keys()
        wanted, pending = set[str](), set(names)
        while pending:
            wanted |= pending
            used = set().union(*(self._used(self._texts.get(name, "")) for name in pending))
            read = set().union(*(words(self._texts.get(name, "")) for name in pending)) & values
            given = pending & values
            if given:
                # Functions and classes in the values.
                manifest = gathered(self._session, given).manifest()
                used |= self._used(json.dumps([manifest["variables"], manifest["objects"]]))
            pending = (used | read) - wanted
        return wanted

    def _used(self, text: str) -> set[str]:
        """The definitions that a text names; with a space, all of it."""
        found = words(text)
        spaces = {name for name in self._texts if " " in name and name.partition(" ")[0] in found}
        return {self._home[word] for word in found & self._home.keys()} | spaces

    def needed(self, manifest: dict[str, Any]) -> set[str]:
        """The definitions without which the values of a manifest are none, and all that these use."""
        pending: list[Any] = [manifest["variables"], manifest["objects"]]
        found = set[str]()
        while pending:
            data = pending.pop()
            if isinstance(data, list):
                pending += data
            elif isinstance(data, dict):
                pending += data.values()
                found |= {each for key in _NAMED if isinstance(each := data.get(key), str)}
                found |= words("\n".join(data["text"])) if isinstance(data.get("text"), list) else set()
        return {name for name in self.names_with(self._used(" ".join(found))) if name in self._texts}


class Sending(Uses):
    """What of a session the ranks shall have before a text runs there."""

    def __init__(self, session: Session, cluster: Cluster) -> None:
        super().__init__(session)
        self._cluster = cluster

    @contextmanager
    def parcel(self, names: Iterable[str], ranks: Iterable[int]) -> Iterator[Parcel]:
        """What of these names any of the ranks lacks. Errors: LispeError for what cannot be sent."""
        marks = {name: self._mark(name) for name in names}
        members = [self._cluster.members[rank] for rank in ranks]
        lacking = {name for name, mark in marks.items() if any(m.sent.get(name) != mark for m in members)}
        if not lacking:
            yield Parcel()
            return
        with shared_folder(self._cluster) as folder:
            found = gathered(self._session, lacking)
            manifest = found.manifest()
            for name, entry in manifest["left out"].items():
                raise LispeError(f"Error: {name} cannot be sent to the ranks: {entry['why']}")
            write(folder, found, manifest)
            yield Parcel(folder, {name: marks[name] for name in lacking})

    def _mark(self, name: str) -> str:
        """What changes when a definition or a value does."""
        if self._texts.get(name):
            return self._texts[name]
        found = gathered(self._session, {name})
        manifest: dict[str, Any] = {**found.manifest(), "saved": ""}
        sums = [content.checksum for content in Seen().contents(found.blocks)]
        return hashlib.sha256(json.dumps([manifest, sums]).encode()).hexdigest()


def words(text: str) -> set[str]:
    """Everything in a text that may be a name."""
    found = set(_WORD.findall(text))
    return found | {part for word in found for part in word.split(".")}


@contextmanager
def shared_folder(cluster: Cluster) -> Iterator[str]:
    """A new folder that the ranks see too: on this machine in the cluster's own, else in the current one."""
    parent = cluster.folder if cluster.profile is None else os.getcwd()
    outer = tempfile.mkdtemp(prefix=".lispe-ranks-", dir=parent)
    try:
        yield os.path.join(outer, "session")
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def fetched(session: Session, folder: str, name: str) -> Any:
    """A value that a rank has put into a folder; it is bound to no name. Errors: Broken, OSError.

    Definitions that it needs, as the class of an instance, the session gets where it lacks them.
    """
    load_kinds()
    return values(session, folder, AWAY)[name]


def put(session: Session, folder: str, name: str) -> None:
    """Put the value of a name into a folder. Errors: LispeError, CannotWrite."""
    load_kinds()
    found = gathered(session, {name})
    manifest = found.manifest()
    if name in manifest["left out"]:
        raise LispeError(f"Error: from_rank: {name} cannot be sent: {manifest['left out'][name]['why']}")
    if name not in manifest["variables"]:
        what = "is a definition, not a value" if manifest["definitions"] else "has no value"
        raise LispeError(f"Error: from_rank: {name} {what} there")
    needed = Uses(session).needed(manifest)
    if needed:
        found = gathered(session, {name} | needed)
        manifest = found.manifest()
    write(folder, found, manifest)


def write(folder: str, found: Gathered, manifest: dict[str, Any]) -> None:
    """Write what was gathered into a folder. Errors: CannotWrite."""
    folders.prepare(folder)
    folders.save(folder, manifest, found.blocks, Seen())
