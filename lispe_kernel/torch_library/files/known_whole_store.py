"""The user's register of files known to be whole: shared by all processes, gone when the machine starts anew.

Lines of numbers in one file, named after the running system, in a folder that nobody else may enter. A line
is looked for, never interpreted; where the register cannot be kept, nothing is known. Damage by other means
than writing (a failing disk) is therefore found at the first load after a start of the machine.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress

# Device, inode, size in bytes, time of the last write and of the last change, in nanoseconds.
Identity = tuple[int, int, int, int, int]

_BOOT = "/proc/sys/kernel/random/boot_id"
# About a thousand files; the older half goes when the register is longer.
_LONGEST = 80_000


def holds(file: Identity) -> bool:
    """Whether this version of a file is in the register."""
    path = _path()
    return path is not None and _line(file) in _content(path)


def add(file: Identity) -> None:
    """Put a version of a file into the register. Where it cannot be kept, nothing happens."""
    path = _path()
    if path is None:
        return
    with suppress(OSError):
        content = _content(path)
        if _line(file) in content:
            return
        if len(content) > _LONGEST:
            _shorten(path, content)
        # One short write at the end: what two processes add stands line by line.
        _write(path, os.O_APPEND, _line(file))


def _line(file: Identity) -> bytes:
    return b"\n%s\n" % b" ".join(b"%d" % number for number in file)


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as register:
            return register.read(2 * _LONGEST)
    except OSError:
        return b""


def _shorten(path: str, content: bytes) -> None:
    """Keep the younger half. What another process adds meanwhile may be lost: its file is compared again."""
    part = f"{path}.{os.getpid()}"
    _write(part, os.O_TRUNC, content[-_LONGEST // 2 :])
    os.replace(part, path)


def _write(path: str, mode: int, text: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | mode, 0o600)
    try:
        os.write(descriptor, text)
    finally:
        os.close(descriptor)


def _path() -> str | None:
    """The register of this user since this start of the machine, in a folder that is the user's alone."""
    try:
        with open(_BOOT, encoding="ascii") as file:
            boot = file.read(36)
        folder = _folder()
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        facts = os.lstat(folder)
    except (OSError, ValueError):
        return None
    private = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o077
    return os.path.join(folder, f"whole-files-{boot}") if private else None


def _folder() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isdir(runtime):
        return os.path.join(runtime, "lispe")
    return os.path.join(tempfile.gettempdir(), f"lispe-{os.geteuid()}")
