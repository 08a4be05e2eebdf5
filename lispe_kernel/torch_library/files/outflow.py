"""Bytes on their way into a file: written whole, counted for the progress, sent to the disk early.

The system is asked to begin writing each stretch to the disk while the next one is prepared, so that the
flush at the end finds little left to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, BinaryIO

_STRETCH = 8 << 20
_PIECE = 4 << 20


class Outflow:
    """Writes into an open file; `advance` is told the bytes that passed."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self._file, self._advance = file, advance
        self._passed = self._sent = 0
        # What went wrong (or who interrupted), for writers that hide it behind an error of their own.
        self.error: BaseException | None = None

    def write(self, data: Any) -> int:
        """Write all of the data (a file's own `write` may write a part)."""
        left = memoryview(data).cast("B")
        size = len(left)
        try:
            while left:
                # Pieces that end at round places let the system keep the file in large pages, which map fast.
                written = self._file.write(left[: _PIECE - self._passed % _PIECE])
                left = left[written:]
                self._passed += written
                self._advance(written)
                self._send()
        except BaseException as error:
            self.error = error
            raise
        return size

    def flush(self) -> None:
        """Nothing is held back here."""

    def _send(self) -> None:
        """Begin writing to the disk what came since the last time."""
        if self._passed - self._sent < _STRETCH or not hasattr(os, "posix_fadvise"):
            return
        # "Not needed any more" makes Linux start writing; pages that are not on the disk yet stay in memory.
        start, self._sent = self._sent, self._passed
        os.posix_fadvise(self._file.fileno(), start, self._sent - start, os.POSIX_FADV_DONTNEED)
