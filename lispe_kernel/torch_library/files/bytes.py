"""The bytes of an open file: mapped into memory while nobody can write to it, read piece by piece otherwise.

Memory that is mapped onto a file vanishes, and the process with it, when another program cuts the file short.
So the system is asked for a lease: who opens the file for writing then waits until it is closed here (45
seconds at most, Linux's default). Where there is none (another user's file, one that is being written, other
systems), the bytes are read into memory of their own.
"""

from __future__ import annotations

import enum
import errno
import mmap
import os
import signal
import stat

import numpy as np
import torch

from lispe_kernel.torch_library.files.checksums import Bytes
from lispe_kernel.torch_library.files.errors import BadFile

try:
    import fcntl
except ImportError:  # a system without file leases
    fcntl = None  # type: ignore[assignment]

_CHANGED = "another program wrote to it while it was read"


class Hold(enum.Enum):
    """Whether a file keeps still while it is open here."""

    STILL = "nobody can write to it"
    WRITTEN = "somebody has it open for writing"
    UNKNOWN = "the system does not say"


def hold(descriptor: int) -> Hold:
    """Keep an open file still until its descriptor is closed, if the system lets us."""
    if fcntl is None or not hasattr(fcntl, "F_SETLEASE"):
        return Hold.UNKNOWN
    try:
        # Who waits for the lease is announced by a signal; this one does nothing unless somebody wants it.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return Hold.WRITTEN if error.errno == errno.EAGAIN else Hold.UNKNOWN
    return Hold.STILL


def _open(path: str) -> int:
    """A descriptor of an ordinary file; a pipe would keep us waiting for its writer."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise BadFile("it is a device or a pipe, not a file")


class FileBytes:
    """Stretches of a file that is open until `close`, as arrays and tensors of bytes.

    Who keeps it open for long asks for no `lease`: whoever wants to write to the file would wait for it.
    Errors: OSError when it cannot be opened, BadFile when it is no ordinary file or was cut short.
    """

    def __init__(self, path: str, *, lease: bool = True) -> None:
        self.path = path
        self.descriptor = _open(path)
        self.held = hold(self.descriptor) if lease else Hold.UNKNOWN
        self._written = self._last_write()
        self._map: mmap.mmap | None = None

    def _last_write(self) -> tuple[int, int]:
        # A file that another one replaces keeps both.
        facts = os.fstat(self.descriptor)
        return facts.st_size, facts.st_mtime_ns

    @property
    def size(self) -> int:
        """The bytes of the file now."""
        return os.fstat(self.descriptor).st_size

    @property
    def changed(self) -> bool:
        """Whether anybody wrote to the file since it was opened."""
        return self._last_write() != self._written

    @property
    def mapped(self) -> bool:
        """Whether stretches are views of the file."""
        return self.held is Hold.STILL

    def close(self) -> None:
        """Close the file. The map goes with the last tensor that looks into it."""
        self._map = None
        os.close(self.descriptor)

    def stretch(self, offset: int, count: int) -> Bytes:
        """Bytes to be looked at once, in pieces."""
        if self.mapped or count == 0:
            return self.tensor(offset, count).numpy()
        return Unmapped(self.descriptor, offset, count)

    def tensor(self, offset: int, count: int) -> torch.Tensor:
        """Bytes as a tensor: a view of the file where it is mapped, not to be kept or changed."""
        if count == 0:
            return torch.empty(0, dtype=torch.uint8)
        if not self.mapped:
            return torch.from_numpy(Unmapped(self.descriptor, offset, count)[:])
        if self._map is None:
            # Private and never written to: nothing is copied, and PyTorch takes it for ordinary memory.
            self._map = mmap.mmap(self.descriptor, 0, access=mmap.ACCESS_COPY)
        return torch.frombuffer(self._map, dtype=torch.uint8, count=count, offset=offset)

    def read(self, offset: int, memory: np.ndarray) -> None:
        """Fill an array of bytes straight from the file."""
        _read(self.descriptor, offset, memory)


class Unmapped:
    """A stretch of a file that is read when a slice of it is asked for."""

    def __init__(self, descriptor: int, offset: int, count: int) -> None:
        self._descriptor, self._offset, self._count = descriptor, offset, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: slice) -> np.ndarray:
        start, end, _ = part.indices(self._count)
        found = np.empty(end - start, np.uint8)
        _read(self._descriptor, self._offset + start, found)
        return found


def _read(descriptor: int, place: int, memory: np.ndarray) -> None:
    """Fill an array of bytes from a place of the file. Errors: BadFile when the file ends before."""
    left = memory.data
    while left:
        count = os.preadv(descriptor, [left], place)
        if count == 0:
            raise BadFile(f"{_CHANGED} and cut it short")
        left, place = left[count:], place + count


def changed() -> BadFile:
    """The error for a file that was written to since it was opened."""
    return BadFile(f"{_CHANGED}; load it again")


def changed_in_between() -> BadFile:
    """The same, when the model has changed already."""
    return BadFile(f"{_CHANGED}; the model may hold a part of it, load it again")
