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
    """Owns SIGINT in the main thread, of a kernel for its whole life, of a program while it runs."""

    def __init__(self) -> None:
        self._armed = False
        self._last = 0.0

    def install(self) -> None:
        """Take SIGINT over; only the main thread may, elsewhere this does nothing."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._armed and now - self._last > BURST:
            self._last = now
            raise KeyboardInterrupt

    def during(self, work: Callable[[], T]) -> T:
        """Run `work` interruptibly. KeyboardInterrupt leaves here once, with the handler disarmed.

        An interrupt may surface as another error: a library that is stopped in the middle of writing fails
        in its own words while it cleans up. After an interrupt every error is the interrupt.
        """
        if threading.current_thread() is not threading.main_thread():
            return work()
        before = signal.signal(signal.SIGINT, self._handle)
        began = time.monotonic()
        try:
            self._armed = True
            return work()
        except Exception as error:
            if self._last >= began:
                raise KeyboardInterrupt from error
            raise
        finally:
            self._armed = False
            signal.signal(signal.SIGINT, before)


def ignore(*_: Any) -> None:
    """A hook that does nothing."""
