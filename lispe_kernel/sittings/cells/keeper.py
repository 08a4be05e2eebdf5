"""The keeper of a session: after each cell it takes what the session is, and a thread of its own writes it.

What is taken is taken before the next cell begins: values as data, and a copy of each block of memory that
changed. So the thread writes what was there after that cell, whatever the next one does to a tensor. Cells
wait for the taking alone, never for the disk. The thread writes while no cell runs; those that follow each
other without a pause are written together, a file each. Where the disk is behind by too much, cells between
are not written by themselves; the newest always is.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lispe_kernel.language.keeping import Broken
from lispe_kernel.session import Session
from lispe_kernel.sittings import folder as folders
from lispe_kernel.sittings.cells.differences import Prints
from lispe_kernel.sittings.cells.look import Look
from lispe_kernel.sittings.cells.record import Record, prune, records_and_memory
from lispe_kernel.sittings.memory import Files, Memory, unchanged
from lispe_kernel.sittings.saving import Gathered
from lispe_kernel.sittings.seen import Content, seen
from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.files.atomic import CannotWrite, reason
from lispe_kernel.torch_library.support.behind import behind
from lispe_kernel.torch_library.support.collector import at_rest

try:
    import fcntl
except ImportError:  # two keepers of one folder are then the user's to avoid
    fcntl = None  # type: ignore[assignment]

# Bytes that may wait for the disk besides what is being written, and those that do not wait for more.
_WAITING, _MUCH = 256 << 20, 64 << 20
# Seconds without a cell after which the thread writes, and after which it no longer waits for such a pause;
# those between two looks at the folder.
_PAUSE, _LONGEST, _OFTEN = 0.02, 2.0, 1.0
# The newest of more cells than these is written before all others, too: they take a while.
_MANY = 8

Key = tuple[str, int]


@dataclass
class _Taken:
    """What a session was after a cell, on its way to the disk."""

    record: Record
    gathered: Gathered
    contents: list[Content]

    @property
    def keys(self) -> set[Key]:
        return {content.key for content in self.contents}


class Keeper:
    """Keeps one session in one folder until it is closed. Errors of `begin`: CannotWrite, OSError."""

    def __init__(self, session: Session, folder: str) -> None:
        self.session, self.folder = session, os.path.abspath(folder)
        self.run = 1
        # The notebook for which it is noted that its session is kept here.
        self.noted = ""
        self._process = os.getpid()
        # The place of the cell whose state the session has.
        self.at = 0
        self._place = 0
        self._lock: int | None = None
        self._prints = Prints()
        self._look = Look(session)
        # The memory of the last cell, where it may be taken for that of the next.
        self._contents: list[Content] = []
        self._memories: dict[str, Any] = {}
        # The files of the newest, and when it was last looked whether they are there.
        self._files: set[str] = set()
        self._looked = 0.0
        # What is not on the disk yet, by content.
        self._copies: dict[Key, Any] = {}
        self._waiting: list[_Taken] = []
        # How many of these are being written, and how many wait until all is.
        self._begun = self._flushing = 0
        # When the last cell ended; None while one runs.
        self._ended: float | None = None
        # Whether the thread waits for a pause, out of which no cell wakes it.
        self._listening = False
        # Taken without more than one step of Python's: an interrupt leaves it taken and let go, or neither.
        self._mutex = threading.RLock()
        self._changing = threading.Condition(self._mutex)
        self._thread: threading.Thread | None = None
        self._problem = ""
        self._told = False
        self._closed = False

    def begin(self) -> list[Record]:
        """Take the folder; the cells that stand in it."""
        folders.prepare(self.folder)
        self._take_lock()
        try:
            found, self._memories = records_and_memory(self.folder)
        except BaseException:
            self._give_lock()
            raise
        self.run = 1 + max((record.run for record in found), default=0)
        self._place = max((record.place for record in found), default=0)
        atexit.register(self.close)
        return found

    def _take_lock(self) -> None:
        path = os.path.join(self.folder, folders.KEEPER)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._lock = os.open(path, flags, 0o600)
            if fcntl is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._give_lock()
            raise CannotWrite(
                f"cannot write {self.folder}: another session is kept there; name another"
            ) from None
        except OSError as error:
            self._give_lock()
            raise CannotWrite(f"cannot write {self.folder}: {reason(error)}") from error

    def _give_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # -- a cell --------------------------------------------------------------------------------------

    def cell_begins(self) -> str:
        """Let the thread wait for its end. What to tell the user, once; empty where there is nothing."""
        self._ended = None
        # As long as it goes on, one line is enough, whatever the system says next.
        told, self._told = self._told, bool(self._problem)
        return "" if told else self._problem

    def ended_quickly(self, number: int, text: str) -> bool:
        """Take what the session is now, where that takes no time; False where `cell_ended` has to.

        Nothing that a cell changed is lost in between.
        """
        if self._look.session is not self.session:
            return False
        try:
            # What a look makes goes with it, or stays.
            with at_rest():
                found = self._look.quickly()
                if found is None:
                    return False
                self._take(found, number, text)
        except Exception:
            return False
        return True

    def cell_ended(self, number: int, text: str) -> None:
        """Take what the session is now."""
        try:
            if self._look.session is not self.session:
                self._look = Look(self.session)
            with at_rest():
                self._take(self.session.call(self._look.gathered), number, text)
        except Exception as error:
            with self._changing:
                self._problem = _words(error)
        finally:
            self._ended = time.monotonic()

    def _take(self, found: Gathered, number: int, text: str) -> None:
        if not self._are_there():
            # What is there has to be written again, or read once.
            self._contents = []
        try:
            contents = seen(self.session).contents(found.blocks, often=True, before=self._contents)
            self._ended = time.monotonic()
            with self._mutex:
                if contents is not self._contents:
                    self._contents = contents if self._copy(contents) else []
                    self._make_room()
                taken = _Taken(Record(self._place + 1, self.run, number, self.at, text), found, contents)
                try:
                    self._waiting.append(taken)
                finally:
                    # An interrupt leaves the cell taken or not.
                    if self._waiting and self._waiting[-1] is taken:
                        self.at = self._place = taken.record.place
                if self._thread is None:
                    self._begin_writing()
                if not self._listening or (self._copies and self._hurried()):
                    self._changing.notify_all()
        finally:
            found.let_go()

    def _copy(self, contents: list[Content]) -> bool:
        """Take the contents out of the session's memory: a copy of each that is not known already.

        Whether the copies are what was read: a thread of the program may have written meanwhile.
        """
        fresh = [content for content in contents if not content.ours]
        known = {content.key for content in self._contents} | self._copies.keys()
        if any(content.key not in known for content in fresh):
            known |= self._there()
        new = [content for content in fresh if content.key not in known]
        copies = [np.array(content.read(), copy=True) for content in new]
        read, now = [content.checksum for content in new], checksums.digests(copies)
        for content, copy, checksum in zip(new, copies, now, strict=True):
            content.checksum = checksum
            self._copies.setdefault(content.key, copy)
        for content in fresh:
            content.read, content.ours = partial(self._bytes, content.key), True
        return read == now

    def _are_there(self) -> bool:
        """Whether the files of the newest are as they were written, as far as was looked lately."""
        now = time.monotonic()
        if now < self._looked + _OFTEN:
            return True
        self._looked = now
        return unchanged(self.folder, self._files)

    def _there(self) -> set[Key]:
        """What the folder surely has. A file that was not compared does not count: no cell reads a disk."""
        newest = self._memories.get(max(self._memories, default=""), {})
        files = Files(self.folder)
        return {
            (entry["checksum"], entry["bytes"]) for entry in newest.values() if files.known_to_hold(entry)
        }

    def _make_room(self) -> None:
        """Leave cells out that wait behind those that are being written, where too much waits."""
        while len(self._waiting) > max(self._begun, 1) + 1 and self._copied_bytes() > _WAITING:
            left_out = self._waiting.pop(-2).record
            last = self._waiting[-1].record
            last.instead_of = [*left_out.instead_of, left_out.number, *last.instead_of]
            last.after = left_out.after
            self._drop_copies()

    def _copied_bytes(self) -> int:
        return sum(map(len, self._copies.values()))

    def _drop_copies(self) -> None:
        wanted = {key for taken in self._waiting for key in taken.keys}
        self._copies = {key: array for key, array in self._copies.items() if key in wanted}

    # -- the thread ----------------------------------------------------------------------------------

    def _begin_writing(self) -> None:
        self._thread = threading.Thread(target=self._write_all, name="session keeper", daemon=True)
        self._thread.start()

    def _write_all(self) -> None:
        while True:
            with self._changing:
                self._changing.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                self._wait_for_a_pause()
                begun = list(self._waiting)
                self._begun = len(begun)
            try:
                self._write(begun)
                problem = ""
            except Exception as error:
                problem = _words(error)
            with self._changing:
                self._problem = problem
                if problem:
                    self._begin_anew()
                else:
                    del self._waiting[: self._begun]
                    self._drop_copies()
                self._begun = 0
                self._changing.notify_all()

    def _wait_for_a_pause(self) -> None:
        """Wait until no cell has run for a moment, or the first that waits has waited long enough."""
        latest = time.monotonic() + _LONGEST
        self._listening = True
        while not self._hurried():
            now = time.monotonic()
            left = min(latest, now + _PAUSE if self._ended is None else self._ended + _PAUSE) - now
            if left <= 0:
                break
            self._changing.wait(left)
        self._listening = False

    def _hurried(self) -> bool:
        return self._closed or self._flushing > 0 or self._copied_bytes() > _MUCH

    def _write(self, begun: list[_Taken]) -> None:
        if self._lock is None:
            self._take_lock()
        with behind(), folders.locked(self.folder, writing=True):
            contents = [taken.contents for taken in begun]
            there = self._write_newest(begun[-1]) if len(begun) > _MANY else {}
            memories, _ = folders.write_blocks(self.folder, contents, there, self._memories)
            files, now = {}, self._prints
            for taken, memory in zip(begun, memories, strict=True):
                record, manifest = taken.record, taken.gathered.manifest()
                manifest["memory"] = memory
                before, now = now, now.of(manifest)
                record.compare(before.names, now.names, manifest["left out"])
                files[record.file] = data = folders.dumped({**manifest, "cell": record.data()})
            # The newest comes first: who kills the process then loses cells in between at most.
            folders.write_manifests(self.folder, {folders.MANIFEST: data, **files})
            self._prints = now
            with self._changing:
                self._memories = {**self._memories, **dict(zip(files, memories, strict=True))}
                self._files = {entry["file"] for entry in memories[-1].values()}
                self._looked = 0.0
                self._prune(len(data) + sum(content.size for content in contents[-1]))

    def _write_newest(self, taken: _Taken) -> dict[str, Any]:
        """Write the session alone, before the many cells that led to it; what it says of its memory."""
        (memory,), _ = folders.write_blocks(self.folder, [taken.contents], {}, self._memories)
        manifest = {**taken.gathered.manifest(), "memory": memory, "cell": taken.record.data()}
        folders.write_manifests(self.folder, {folders.MANIFEST: folders.dumped(manifest)})
        return memory

    def _prune(self, size: int) -> None:
        if len(self._waiting) > self._begun:
            # What waits may count on numbers that only an old cell has.
            return
        left = dict(self._memories)
        prune(self.folder, left, size)
        folders.forget(self.folder, list(left.values()))
        self._memories = left

    def _bytes(self, key: Key) -> Any:
        """The bytes of a content: the copy, or what stands in the folder."""
        copy = self._copies.get(key)
        if copy is not None:
            return copy
        for memory in reversed(self._memories.values()):
            for entry in memory.values():
                if (entry["checksum"], entry["bytes"]) == key:
                    return Memory(self.folder, {"1": {**entry, "torch": False}})(1, False)
        raise Broken("lacks numbers that it had")

    def _begin_anew(self) -> None:
        """After an error: what waits is given up, and the next cell finds out what the folder has."""
        if self._waiting:
            # The next cell follows the last one that was written.
            self.at = self._waiting[0].record.after
        self._waiting.clear()
        self._copies.clear()
        self._contents, self._files = [], set()
        self._give_lock()
        try:
            folders.prepare(self.folder)
            self._memories = records_and_memory(self.folder)[1]
        except OSError:
            self._memories = {}

    def went_back(self, record: Record, manifest: dict[str, Any]) -> None:
        """The session is what it was after a cell: the next cell follows that one."""
        with self._changing:
            self.at, self._prints = record.place, Prints().of(manifest)

    # -- its end -------------------------------------------------------------------------------------

    def flush(self, seconds: float | None = None) -> str:
        """Wait until all is written; what went wrong, where something did."""
        with self._changing:
            self._flushing += 1
            self._changing.notify_all()
            try:
                self._changing.wait_for(lambda: not self._waiting, seconds)
            finally:
                self._flushing -= 1
            return self._problem

    def close(self, seconds: float | None = None) -> str:
        """Write what waits and let the folder go. A child of the process has no part in it."""
        if os.getpid() != self._process:
            return ""
        problem = self.flush(seconds)
        with self._changing:
            self._closed = True
            self._changing.notify_all()
        self._give_lock()
        with suppress(Exception):
            atexit.unregister(self.close)
        return problem


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, CannotWrite):
        return reason(error)
    return " ".join(str(error).split())
