"""Messages that wait for the one that follows them at once, on their way to the thread that publishes.

Each message wakes that thread, which then competes with the cell for the interpreter: the four of a small
cell go in two. What waits keeps its place in the order of all messages, and is never the last of a request.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ipykernel.iostream import IOPubThread


class Outbox:
    """A socket, as far as a Session asks: what is sent here goes out with the thread's next message."""

    def __init__(self, thread: IOPubThread) -> None:
        self._thread = thread

    def send_multipart(self, message: list[bytes], **options: Any) -> None:
        """Put a message in the queue without waking the thread."""
        if self._thread.thread.is_alive():
            self._thread._events.append(partial(self._thread._really_send, message, **options))
        else:
            self._thread.send_multipart(message, **options)
