"""What was typed, remembered across sessions in one SQLite file; the command line's prompt shares it.

Writing happens in a thread of its own, so no cell waits for the disk. A history that cannot be written is
no error: the session goes on without one, and says so once.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

Entry = tuple[int, int, Any]
# What the writer is given: a cell, somebody who waits for all before it, or the end.
_Item = tuple[int, str] | threading.Event | None
# Seconds that a cell may wait to be written.
PAUSE = 0.2
# Seconds that anybody waits for a file that another process holds.
PATIENCE = 0.5

_TABLES = """
create table if not exists sessions (
    session integer primary key autoincrement, started text default current_timestamp
);
create table if not exists cells (session integer, line integer, source text, primary key (session, line));
"""


def default_file() -> Path:
    """The file that all sessions of this user share; LISPE_HISTORY names another one."""
    given = os.environ.get("LISPE_HISTORY")
    if given:
        return Path(given)
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "lispe" / "history.sqlite"


class History:
    """The cells of this session and of all sessions before."""

    def __init__(self, file: Path | None = None, tell: Callable[[str], None] | None = None) -> None:
        """`tell` is given one sentence, by any thread, when the history cannot be kept."""
        self._file, self._tell = file, tell
        # Whether the writer could not open the file, and whether it was said that cells are not kept.
        self._absent = self._said = False
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        # Set when somebody waits for the file: the writer then writes at once.
        self._hurry = threading.Event()
        self._session: int | None = None
        self._latest: list[tuple[int, str]] = []

    # -- writing ---------------------------------------------------------------------------------

    def add(self, line: int, source: str) -> None:
        """Remember a cell; returns at once."""
        # Half a surrogate pair is no text that a file can hold. Other texts are kept as they are, not copied.
        entry = (line, source if source.isascii() else source.encode("utf-8", "replace").decode("utf-8"))
        self._latest.append(entry)
        self._start()
        self._queue.put(entry)

    def close(self) -> None:
        """Write what is waiting and end."""
        if self._writer is not None:
            self._queue.put(None)
            self._hurry.set()
            self._writer.join(2.0)
            self._writer = None

    def _start(self) -> None:
        if self._writer is None:
            writer = threading.Thread(target=self._write, name="LispE history", daemon=True)
            writer.pydev_do_not_trace = True  # type: ignore[attr-defined]
            writer.start()
            # Only a thread that runs: `close` comes from another one, at any moment.
            self._writer = writer

    def _write(self) -> None:
        import sqlite3  # noqa: PLC0415 - start-up: the first cell is answered before

        base = None
        try:
            base = self._open()
        except (OSError, RuntimeError, sqlite3.Error) as error:
            self._absent = True
            self._say(error)
        going = True
        while going:
            batch = [self._queue.get()]
            # A moment later, so that the writing does not compete with the reply of the cell.
            self._hurry.wait(PAUSE)
            while not self._queue.empty():
                batch.append(self._queue.get())
            self._hurry.clear()
            going = self._store(base, batch)
        if base is not None:
            base.close()

    def _store(self, base: sqlite3.Connection | None, batch: list[_Item]) -> bool:
        """Write the cells of a batch, wake those who wait for them; returns whether more may come."""
        cells = [item for item in batch if isinstance(item, tuple)]
        if base is not None and cells:
            self._insert(base, cells)
        for item in batch:
            if isinstance(item, threading.Event):
                item.set()
        return None not in batch

    def _insert(self, base: sqlite3.Connection, cells: list[tuple[int, str]]) -> None:
        import sqlite3  # noqa: PLC0415 - start-up: the first cell is answered before

        try:
            with base:
                if self._session is None:
                    self._session = base.execute("insert into sessions default values").lastrowid
                rows = [(self._session, line, source) for line, source in cells]
                base.executemany("insert or replace into cells values (?, ?, ?)", rows)
        except sqlite3.Error as error:
            self._say(error)

    def _open(self) -> sqlite3.Connection:
        """The file. Errors: OSError, RuntimeError, sqlite3.Error where there is no home, nobody may write the
        folder or the file, or it is damaged, foreign or locked.
        """
        import sqlite3  # noqa: PLC0415 - start-up: the first cell is answered before

        file = self._file or default_file()
        file.parent.mkdir(parents=True, exist_ok=True)
        base = sqlite3.connect(file, timeout=PATIENCE)
        base.executescript("pragma journal_mode=wal; pragma synchronous=off;" + _TABLES)
        return base

    def _say(self, error: Exception) -> None:
        """Say once that cells are remembered in this session only."""
        if self._said or self._tell is None:
            return
        self._said = True
        reason = error.strerror if isinstance(error, OSError) else str(error).rstrip(".")
        self._tell(f"The history is not kept beyond this session: {reason or type(error).__name__}")

    def _settle(self) -> None:
        """Wait until everything added so far is in the file."""
        written = threading.Event()
        self._start()
        self._queue.put(written)
        self._hurry.set()
        written.wait(4 * PATIENCE)

    # -- answering -------------------------------------------------------------------------------

    def answer(self, kind: str, output: bool, query: dict[str, Any]) -> list[Entry]:
        """The entries of a history_request, oldest first: (session, line, source).

        With `output` the source becomes a pair (source, None): results are not kept.
        """
        import sqlite3  # noqa: PLC0415 - start-up: the first cell is answered before

        self._settle()
        rows: list[Entry] = [(1, line, source) for line, source in self._latest]
        # A file may be held for a moment, tables another program's, pages damaged: what was typed in this
        # session is left. One that the writer could not open makes nobody wait again.
        if not self._absent:
            with (
                contextlib.suppress(OSError, RuntimeError, sqlite3.Error),
                contextlib.closing(self._open()) as base,
            ):
                rows = list(_select(base, kind, query, self._session or 0))
        return [(session, line, (text, None)) for session, line, text in rows] if output else rows

    def tail(self, count: int) -> list[str]:
        """The last `count` sources, oldest first."""
        return [source for _, _, source in self.answer("tail", False, {"n": count})]


def _select(base: sqlite3.Connection, kind: str, query: dict[str, Any], now: int) -> Iterable[Entry]:
    choose = {"tail": _tail, "range": _range, "search": _search}.get(kind)
    return [] if choose is None else choose(base, query, now)


def _tail(base: sqlite3.Connection, query: dict[str, Any], _now: int) -> list[Entry]:
    rows = base.execute(
        "select session, line, source from cells order by session desc, line desc limit ?", (_limit(query),)
    )
    return rows.fetchall()[::-1]


def _range(base: sqlite3.Connection, query: dict[str, Any], now: int) -> list[Entry]:
    session = query.get("session") or 0
    # 0 is this session, negative numbers count back from it.
    session = now + session if session <= 0 else session
    start, stop = query.get("start") or 0, query.get("stop")
    rows = base.execute(
        "select session, line, source from cells where session = ? and line >= ? and line < ? order by line",
        (session, start, 2**62 if stop is None else stop),
    )
    return rows.fetchall()


def _search(base: sqlite3.Connection, query: dict[str, Any], _now: int) -> list[Entry]:
    pattern = query.get("pattern") or "*"
    choice = (
        "max(session) as session, max(line) as line, source"
        if query.get("unique")
        else "session, line, source"
    )
    group = "group by source" if query.get("unique") else ""
    rows = base.execute(
        f"select {choice} from cells where source glob ? {group} order by session desc, line desc limit ?",
        (pattern, _limit(query)),
    )
    return rows.fetchall()[::-1]


def _limit(query: dict[str, Any]) -> int:
    n = query.get("n")
    return -1 if n is None else max(0, int(n))
