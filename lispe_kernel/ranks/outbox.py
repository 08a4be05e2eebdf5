"""A rank's side of the screen: what is printed and shown goes to the notebook, in order and as it is made.

A line after a moment without any leaves at once, so that it is there if the rank is killed; what follows it
is gathered for a moment, so that a loop that prints does not send a message a line.
"""

from __future__ import annotations

import builtins
import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lispe_kernel.display.page.publish import install, screen
from lispe_kernel.display.page.registry import Bundle
from lispe_kernel.ranks.wire import CLEAR, DATA, STREAM

Send = Callable[[dict[str, Any]], None]
# Seconds that printed text waits for more of it, and characters that do not wait.
_PAUSE, _MOST = 0.1, 1 << 16


class Outbox:
    """Sends what one request makes. Threads may print while it is open."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = threading.RLock()
        self._waiting: list[tuple[str, str]] = []
        self._size = 0
        # When text left last.
        self._left = -_PAUSE
        self._printed, self._closed = threading.Event(), threading.Event()

    def write(self, name: str, text: str) -> None:
        """Take printed text."""
        with self._lock:
            if self._waiting and self._waiting[-1][0] == name:
                self._waiting[-1] = (name, self._waiting[-1][1] + text)
            else:
                self._waiting.append((name, text))
            self._size += len(text)
            alone = text.endswith("\n") and time.monotonic() - self._left >= _PAUSE
            if alone or self._size > _MOST:
                self.flush()
        self._printed.set()

    def flush(self) -> None:
        """Send the text that waits."""
        with self._lock:
            waiting, self._waiting, self._size = self._waiting, [], 0
            if waiting:
                self._left = time.monotonic()
            for name, text in waiting:
                self._send({"kind": STREAM, "name": name, "text": text})

    def send(self, answer: dict[str, Any]) -> None:
        """Send anything else, after what was printed before."""
        with self._lock:
            self.flush()
            self._send(answer)

    # -- as the publisher of the displays ---------------------------------------------------------

    def data(
        self, data: Bundle, _metadata: dict[str, Any], identity: str | None = None, update: bool = False
    ) -> None:
        self.send({"kind": DATA, "data": data, "identity": identity, "update": update})

    def clear(self, wait: bool = False) -> None:
        self.send({"kind": CLEAR, "wait": wait})

    # -- open and closed --------------------------------------------------------------------------

    @contextmanager
    def open(self) -> Iterator[None]:
        """While it lasts, this process prints and shows here."""
        streams, before, typed = (sys.stdout, sys.stderr), screen.publisher, builtins.input
        thread = threading.Thread(target=self._flush_often, name="printed text", daemon=True)
        thread.start()
        sys.stdout, sys.stderr = _Stream(self, "stdout"), _Stream(self, "stderr")
        builtins.input = _nobody_types
        install(self)
        try:
            yield
        finally:
            install(before)
            sys.stdout, sys.stderr = streams
            builtins.input = typed
            self._closed.set()
            self._printed.set()
            self.flush()

    def _flush_often(self) -> None:
        while not self._closed.is_set():
            self._printed.wait()
            self._printed.clear()
            self._closed.wait(_PAUSE)
            self.flush()


def _nobody_types(_prompt: object = "") -> str:
    raise EOFError("nobody can be asked on a rank")


class _Stream(io.TextIOBase):
    """Standard output or error of a rank."""

    encoding = "utf-8"

    def __init__(self, outbox: Outbox, name: str) -> None:
        self._outbox, self._name = outbox, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._outbox.write(self._name, text)
        return len(text)

    def flush(self) -> None:
        """Text goes out by itself a moment later; who is about to show something asks for it at once."""
        self._outbox.flush()
