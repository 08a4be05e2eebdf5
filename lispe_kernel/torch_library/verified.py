"""Which tensors of which files this process has compared with their checksums already.

A file is known by its place on the disk, size and times of change, which every write changes. A file that was
written a moment ago is not remembered: a second write could leave the same times. Holds facts about files
only, of the last few of them.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable

Identity = tuple[int, int, int, int, int]
# How long, in nanoseconds, two writes can leave the same time: a tick of the clock, or, on a file system that
# keeps whole seconds, up to two of them.
_TICK = 100_000_000
_WHOLE_SECOND = 1_000_000_000
_MOST = 64

_files: OrderedDict[Identity, frozenset[str]] = OrderedDict()
_lock = threading.Lock()


def identity(descriptor: int) -> Identity:
    """What tells this version of an open file from every other one."""
    facts = os.fstat(descriptor)
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def known(file: Identity) -> Collection[str]:
    """The names of the tensors of this version of the file that were compared."""
    return _files.get(file, frozenset())


def note(file: Identity, names: Iterable[str]) -> None:
    """Remember that these tensors were compared, unless the file is too young to be told apart."""
    changed = file[-1]
    young = 2 * _WHOLE_SECOND if changed % _WHOLE_SECOND == 0 else _TICK
    if time.time_ns() - changed < young:
        return
    with _lock:
        _files[file] = frozenset(known(file)) | frozenset(names)
        _files.move_to_end(file)
        while len(_files) > _MOST:
            _files.popitem(last=False)


def forget() -> None:
    """Compare every file anew, as a new process does."""
    with _lock:
        _files.clear()
