"""Which files are known to be whole, so that no byte is compared with its checksum twice.

A version of a file is known by its place on the disk, its size and its times of change, which every write
changes. This process remembers what it compared; versions that were compared whole, or written here, are also
noted in a file of the user's that the other processes read (`known_whole_store.py`). Holds facts about files
only.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Container, Iterable

from lispe_kernel.torch_library.files import known_whole_store
from lispe_kernel.torch_library.files.known_whole_store import Identity

# How long, in nanoseconds, two writes can leave the same time: a tick of the clock, or, on a file system that
# keeps whole seconds, up to two of them.
_TICK = 100_000_000
_WHOLE_SECOND = 1_000_000_000
_MOST = 64


class _Everything:
    """Holds every name."""

    def __contains__(self, name: object) -> bool:
        return True


_Names = frozenset[str] | _Everything

_EVERYTHING = _Everything()
_files: OrderedDict[Identity, _Names] = OrderedDict()
_lock = threading.Lock()


def identity(file: int | os.stat_result) -> Identity:
    """What tells this version of a file (open, or looked at) from every other one."""
    facts = os.fstat(file) if isinstance(file, int) else file
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def known(file: Identity) -> Container[str]:
    """The names of the tensors of this version of the file that need not be compared."""
    found = _files.get(file, frozenset())
    if found is not _EVERYTHING and known_whole_store.holds(file):
        found = _remember(file, _EVERYTHING)
    return found


def _remember(file: Identity, names: _Names) -> _Names:
    with _lock:
        _files[file] = names
        _files.move_to_end(file)
        while len(_files) > _MOST:
            _files.popitem(last=False)
    return names


def note(file: Identity, names: Iterable[str]) -> None:
    """Remember that these tensors were compared. A file too young to be told from the next one is not."""
    if not is_young(file):
        before = _files.get(file, frozenset())
        _remember(file, before | frozenset(names) if isinstance(before, frozenset) else before)


def note_whole(file: Identity) -> None:
    """Remember that all tensors were compared, for every process. A file that is too young is not."""
    if not is_young(file):
        note_written(file)


def is_young(file: Identity) -> bool:
    """Whether this version was written so recently that another write could leave the same times."""
    changed = file[-1]
    wait = 2 * _WHOLE_SECOND if changed % _WHOLE_SECOND == 0 else _TICK
    return time.time_ns() - changed < wait


def note_written(file: Identity) -> None:
    """Remember a version that was written, with its checksums, a moment ago.

    Its time of change must be one that no other write can give it (`atomic.write_file` sees to that).
    """
    _remember(file, _EVERYTHING)
    known_whole_store.add(file)


def forget() -> None:
    """Know only what every process knows, as a new one does."""
    with _lock:
        _files.clear()
