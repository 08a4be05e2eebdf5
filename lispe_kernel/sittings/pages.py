"""Memory that the system watches: which pages were written since they were last asked about.

Linux (6.7 and later) notes every write through the page tables to a page that is write-protected by
`userfaultfd`: by PyTorch, numpy, a C library, a file that is read into it. Memory that is pinned is written
past them (buffers registered with io_uring, RDMA): while the system counts a pinned page of this process, and
once after, all counts as written. Only private memory that is there is vouched for; of everything else
(files, memory shared with other processes, pages given back) nothing is claimed. Not known are drivers that
pin without counting, and a read past the page cache (O_DIRECT) that is under way while it is asked. The
counters of PyTorch's tensors are not asked: `.data`, numpy's views and foreign code pass them by.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import struct
import threading
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

try:
    import fcntl
except ImportError:  # no Linux: nothing is watched, everything is compared by its checksum
    fcntl = None  # type: ignore[assignment]

# The numbers of the kernel's interface (linux/userfaultfd.h, linux/fs.h).
_CALLS = {"x86_64": 323, "aarch64": 282}
_USER_MODE_ONLY = 1
_UNPOPULATED, _ASYNC = 1 << 13, 1 << 15
_WRITE_PROTECT = 2
_PROTECT_MATCHING, _ONLY_WATCHED = 1, 2
_WRITTEN, _PRESENT = 1 << 1, 1 << 3
_ROWS = 1024
_WORDS = struct.Struct("12Q")

Range = tuple[int, int]


def _request(kind: int, number: int, size: int) -> int:
    return 3 << 30 | size << 16 | kind << 8 | number


_API, _REGISTER, _SCAN = _request(0xAA, 0x3F, 24), _request(0xAA, 0, 32), _request(ord("f"), 16, 96)


class Pages:
    """The watch over a process's memory. What it does not watch, it calls written."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._watch, self._map = _opened()
        self._rows = np.zeros((_ROWS, 3), np.uint64)
        self._place, self._ask = self._rows.ctypes.data, bytearray(_WORDS.size)
        self._status = _opened_status() if self._watch >= 0 else -1
        self._asked_by: object = None
        self._pinned = False
        self._one_at_a_time = threading.Lock()

    @property
    def watching(self) -> bool:
        """Whether this system watches."""
        return self._watch >= 0 and not self.of_another

    @property
    def of_another(self) -> bool:
        """Whether this is what a child inherited from its parent."""
        return self._process != os.getpid()

    def written(self, ranges: Iterable[Range], asker: object) -> list[Range]:
        """Which of these stretches may have been written since they were asked about before, in whole pages.

        From now on they are watched; what was not until now counts as written. The answer takes the marks
        away that another asker waits for: who asks first after another is told that all was written.
        """
        stretches = _in_pages(ranges)
        if not (stretches and self.watching):
            return stretches
        with self._one_at_a_time:
            before, self._asked_by = self._asked_by, asker
            found = [part for stretch in stretches for part in self._written(*stretch)]
            # Asked after the watch began: what is pinned later is written to for that, and is seen.
            pinned_before, self._pinned = self._pinned, _is_any_pinned(self._status)
            return found if before is asker and not (pinned_before or self._pinned) else stretches

    def _written(self, start: int, end: int) -> list[Range]:
        try:
            return self._scan(start, end)
        except OSError:
            # Not all of it is watched: new memory, maybe at the place of old.
            self._begin(start, end)
            return [(start, end)]

    def _begin(self, start: int, end: int) -> None:
        """Watch a stretch, where it can be."""
        if not _is_private(start, end):
            return
        ask = bytearray(struct.pack("QQQQ", start, end - start, _WRITE_PROTECT, 0))
        try:
            fcntl.ioctl(self._watch, _REGISTER, ask)
            self._scan(start, end)
        except OSError:
            # The system does not watch it, or for another; it will say so again.
            return

    def _scan(self, start: int, end: int) -> list[Range]:
        """The pages that were written, or are not there; all of these are protected from now on."""
        found: list[Range] = []
        interesting = _WRITTEN | _PRESENT
        while start < end:
            flags, ask = _PROTECT_MATCHING | _ONLY_WATCHED, self._ask
            rows = self._place
            _WORDS.pack_into(
                *(ask, 0, 96, flags, start, end, 0, rows, _ROWS, 0, _PRESENT, 0, interesting, _WRITTEN)
            )
            count = fcntl.ioctl(self._map, _SCAN, ask)
            if count:
                found += [(first, last) for first, last, _ in self._rows[:count].tolist()]
            reached = _WORDS.unpack(ask)[4]
            if reached <= start:
                raise OSError("the system did not go on")
            start = reached
        return found


_of_this_process: list[Pages] = []


def pages() -> Pages:
    """The watch over this process: there can be one only."""
    if not _of_this_process or _of_this_process[0].of_another:
        # A child begins its own.
        _of_this_process[:] = [Pages()]
    return _of_this_process[0]


def _opened() -> tuple[int, int]:
    """The descriptors of the watch and of the map of pages; -1 where the system has none, or forbids it."""
    number = _CALLS.get(platform.machine())
    if fcntl is None or number is None or platform.system() != "Linux":
        return -1, -1
    watch = ctypes.CDLL(None).syscall(number, os.O_CLOEXEC | os.O_NONBLOCK | _USER_MODE_ONLY)
    if watch < 0:
        return -1, -1
    try:
        fcntl.ioctl(watch, _API, bytearray(struct.pack("QQQ", 0xAA, _UNPOPULATED | _ASYNC, 0)))
        return watch, os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        os.close(watch)
        return -1, -1


def _opened_status() -> int:
    """The descriptor of what the system tells of this process; -1 where it tells nothing."""
    try:
        return os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _is_any_pinned(status: int) -> bool:
    """Whether the system counts pages of this process that stay where they are for a device or for itself."""
    try:
        return re.search(rb"\nVmPin:\s*0 kB\n", os.pread(status, 1 << 16, 0)) is None
    except OSError:
        return True


def _is_private(start: int, end: int) -> bool:
    """Whether memory belongs to this process alone, and to no file."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            place, rights, _, _, inode, *_ = line.split()
            first, last = (int(number, 16) for number in place.split("-"))
            if first <= start < last:
                if rights[3] != "p" or inode != "0":
                    return False
                start = last
                if start >= end:
                    return True
    return False


def _in_pages(ranges: Iterable[Range]) -> list[Range]:
    """Whole pages, those that touch each other together, in order."""
    page = os.sysconf("SC_PAGE_SIZE")
    whole = sorted((start // page * page, -(-end // page) * page) for start, end in ranges if end > start)
    found: list[Range] = []
    for start, end in whole:
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def overlapping(stretches: list[Range], ranges: list[Range]) -> list[bool]:
    """For each range, whether any of the stretches lies in it. The stretches are in order and apart."""
    assert all(one[1] <= other[0] for one, other in pairwise(stretches))
    lasts = [last for _, last in stretches]
    # The first stretch that ends behind the range's beginning.
    found = [bisect_right(lasts, start) for start, _ in ranges]
    return [at < len(lasts) and stretches[at][0] < end for at, (_, end) in zip(found, ranges, strict=True)]
