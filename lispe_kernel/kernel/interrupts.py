"""Ctrl-C and the stop button: SIGINT raises KeyboardInterrupt while a cell runs, and does nothing otherwise.

ipykernel lets a second interrupt escape while the first one is being reported, and the reply is lost. Here
the handler is armed only around the user's code, and a burst of signals counts once.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

# Signals closer together than this are one wish: a person who clicks twice, a process group signalled twice.
BURST = 0.15


class Interrupts:
    """Owns SIGINT in the main thread of a kernel."""

    def __init__(self) -> None:
        self._armed = False
        self._last = 0.0

    def install(self) -> None:
        """Take SIGINT over; only the main thread may, elsewhere this does nothing."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._armed and now - self._last > BURST:
            self._last = now
            raise KeyboardInterrupt

    def during(self, work: Callable[[], T]) -> T:
        """Run `work` interruptibly. KeyboardInterrupt leaves here once, with the handler disarmed."""
        if threading.current_thread() is not threading.main_thread():
            return work()
        self.install()
        try:
            self._armed = True
            return work()
        finally:
            self._armed = False


def ignore(*_: Any) -> None:
    """A hook that does nothing."""
