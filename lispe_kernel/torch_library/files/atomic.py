"""Files that are written whole or not at all.

A writer fills a temporary file beside the target; it is flushed to the disk and renamed over the target.
A process killed at any instant leaves the old file or the new one. What it leaves besides (a temporary
file nobody holds a lock on) is removed by the next save to the same folder. Never knows what it writes.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # a system without file locks: stale files are then left to the user
    fcntl = None  # type: ignore[assignment]

# `.NAME.TOKEN.lispe-part`: hidden, beside the target, and nobody else's kind of name.
SUFFIX = ".lispe-part"
_AT_ONCE = 256
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CannotWrite(OSError):
    """The file could not be written; the text says why and what to do. The old file is as it was."""


Fill = Callable[[BinaryIO], None]


def write_file(path: str, fill: Fill) -> os.stat_result | None:
    """Let `fill` write a file and put it in the place of `path` in one step.

    Gives the facts of the file in its place, where its times tell this version from every later one.
    Errors: CannotWrite with a sentence that names the path; other exceptions of `fill` pass. In both cases
    the old file is untouched and the temporary file is gone.
    """
    return write_files({path: fill})[0]


def write_bytes(path: str, data: bytes) -> None:
    """As `write_file`, for a file of these bytes."""

    def fill(file: BinaryIO) -> None:
        file.write(data)

    write_file(path, fill)


def write_files(fills: Mapping[str, Fill]) -> list[os.stat_result | None]:
    """As `write_file`, for several files: none is put in its place before all are written and flushed.

    More than 256 files, which a process may not have open at once, go in groups of so many.
    """
    written: list[os.stat_result | None] = []
    left = list(fills.items())
    while left:
        group, left = left[:_AT_ONCE], left[_AT_ONCE:]
        with ExitStack() as open_parts:
            parts: list[_Part] = []
            for path, fill in group:
                # One look for what dead processes left is enough: every file begun here is locked.
                swept = {part.folder for part in parts}
                parts.append(open_parts.enter_context(_Part(path, swept)))
                parts[-1].write(fill)
            written.extend(part.put() for part in parts[:-1])
            # The last file may be the one that names the others: these survive a power failure before it.
            for folder in {part.folder for part in parts[:-1]}:
                _flush_folder(folder)
            written.extend(part.put() for part in parts[-1:])
            for part in parts[-1:]:
                _flush_folder(part.folder)
    return written


class _Part:
    """A temporary file, locked, beside the file whose place it will take; gone after its `with` if not put.

    Errors: CannotWrite, naming the path as it was given.
    """

    def __init__(self, path: str, swept: Container[str] = ()) -> None:
        self._path = path
        # A link stays, and leads to the new file.
        self._target = os.path.realpath(path)
        self.folder, self._name = os.path.split(self._target)
        self._swept = self.folder in swept

    def __enter__(self) -> _Part:
        with self._explained():
            self._check_replaceable()
            self._forget_content()
            if not self._swept:
                remove_stale(self.folder)
            self._create()
        return self

    def __exit__(self, *exception: object) -> None:
        # A whole file was flushed before; what a full disk refuses here belongs to a part that goes anyway.
        with suppress(OSError):
            self._file.close()
        with suppress(FileNotFoundError):
            os.unlink(self._part)

    def write(self, fill: Fill) -> None:
        """Let `fill` write the file, and flush it to the disk."""
        with self._explained():
            fill(self._file)
            self._file.flush()
            self._keep_mode()
            self._stamp = _stamp(self._file)
            os.fsync(self._file.fileno())

    def put(self) -> os.stat_result | None:
        """Put the file in its place; its facts, where the file system kept its stamp."""
        with self._explained():
            os.replace(self._part, self._target)
            facts = os.fstat(self._file.fileno())
        # A file system that rounds times, or refuses them, leaves no stamp.
        return facts if facts.st_mtime_ns == self._stamp else None

    def _check_replaceable(self) -> None:
        """Folders, devices and pipes are not replaced by a file; `none/../file` needs the folder `none`."""
        os.stat(os.path.dirname(self._path) or ".")
        with suppress(FileNotFoundError):
            mode = os.stat(self._target).st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
            if not stat.S_ISREG(mode):
                raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")

    def _forget_content(self) -> None:
        """Let the system forget the content of a file that will be replaced: the new one then takes its
        memory. The file itself stays as it is. Without this, a save needs the memory of both.
        """
        if not hasattr(os, "posix_fadvise"):
            return
        with suppress(OSError):
            descriptor = os.open(self._target, os.O_RDONLY | os.O_NONBLOCK)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)

    def _create(self) -> None:
        # A long name must not become too long for the file system, which counts bytes.
        short = os.fsdecode(os.fsencode(self._name)[:100])
        while True:
            self._part = os.path.join(self.folder, f".{short}.{secrets.token_hex(6)}{SUFFIX}")
            descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            if _lock(descriptor) and self._still_there(descriptor):
                self._file = os.fdopen(descriptor, "r+b")
                return
            # Another process took the new file for a dead one before it was locked.
            os.close(descriptor)

    def _still_there(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.stat(self._part), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    def _keep_mode(self) -> None:
        """A replaced file keeps its permissions."""
        with suppress(FileNotFoundError, PermissionError):
            os.fchmod(self._file.fileno(), stat.S_IMODE(os.stat(self._target).st_mode))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except CannotWrite:
            raise
        except OSError as error:
            raise CannotWrite(
                f"cannot write {self._path}: {self._reason(error)}; the old file, if any, is as it was"
            ) from error

    def _reason(self, error: OSError) -> str:
        if error.errno in _FULL:
            return "the disk is full or a size limit is reached, make room and save again"
        if error.errno == errno.ENOENT:
            folder = os.path.dirname(self._path) or "."
            if os.path.isdir(folder):
                return f"the folder {folder} takes no new files, choose another one"
            return f"the folder {folder} does not exist, create it first"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return "the folder may not be written, choose another one"
        return reason(error)


def reason(error: OSError) -> str:
    """What the system says of a file or folder: `no space left on device`."""
    return (error.strerror or str(error)).lower()


@contextmanager
def refused(path: str) -> Iterator[None]:
    """What the system says of a folder that is made or looked into becomes CannotWrite, with the path."""
    try:
        yield
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {reason(error)}") from error


def _flush_folder(folder: str) -> None:
    """Make renames themselves survive a power failure, where the system lets folders be flushed."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _stamp(file: BinaryIO) -> int:
    """Give the file a time of writing that no other write gives it: the clock of files ticks far slower."""
    now = time.time_ns()
    with suppress(OSError):
        os.utime(file.fileno(), ns=(now, now))
    return now


def remove_stale(folder: str) -> int:
    """Remove temporary files of dead processes from a folder; gives their number.

    A live writer holds a lock on its file, so that a lock which can be had means a dead writer.
    """
    removed = 0
    for part in _parts_in(folder):
        removed += _remove_if_dead(part)
    return removed


def _parts_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as items:
            return [item.path for item in items if item.name.startswith(".") and item.name.endswith(SUFFIX)]
    except OSError:
        # The folder is missing or not readable; creating the file will say so.
        return []


def _remove_if_dead(part: str) -> int:
    if fcntl is None:
        return 0
    try:
        descriptor = os.open(part, os.O_RDWR)
    except OSError:
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(part)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return 1


def _lock(descriptor: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: others cannot lock it either, so nobody removes it.
        return True
    return True
