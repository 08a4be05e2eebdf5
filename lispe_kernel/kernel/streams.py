"""Standard output and error as Jupyter streams: ipykernel's OutStream, made cheap for the common cell.

Text is batched by the IO thread (one message every fifth of a second), so a cell that prints 100,000
lines sends few messages. A cell that prints faster than the front end takes it waits: what is on its way is
bounded, and goes in pieces as it is made. It never touches the text.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from typing import Any

from ipykernel.iostream import OutStream

# The streams of Python that the front end shows.
NAMES = ("stdout", "stderr")
# Characters after which text is sent at once, and the most that one message carries.
PIECE = 1 << 20
# Characters from which on a message is followed on its way: zmq sends it from where it lies.
LARGE = 1 << 16
# Characters that may be on their way before whoever prints waits.
ROOM = 16 * PIECE
# Seconds that printing waits for a front end that takes nothing; then it goes on, as ipykernel does.
PATIENCE = 10.0
# Seconds between two looks at what has been taken.
PAUSE = 0.002


class Stream(OutStream):
    """An OutStream that leaves the IO thread alone when there is nothing to send; full, it lets one wait."""

    _key_of: dict[str, Any] | None = None
    _key: frozenset[Any] = frozenset()
    # Whether the IO thread has taken text that is not on its way yet: a reply now would overtake it.
    _sending = False
    # Characters in the buffers, and those that the IO thread has taken from there and not sent yet.
    _held = _taken = 0
    # What front ends were found to leave standing: nobody waits until it gets less.
    _stuck: int | None = None
    # Whether a program has closed it.
    _shut = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # Large messages that zmq still holds: what tells when it does not, and their characters.
        self._travelling: deque[tuple[Any, int]] = deque()
        super().__init__(*arguments, **options)

    def flush(self) -> None:
        """Send what was written. Message order is kept: the IO thread sends everything one by one."""
        if self._buffers or self._subprocess_flush_pending or self._sending:
            super().flush()

    def close(self) -> None:
        """Take no more text until it is opened again: later cells need it."""
        self.flush()
        self._shut = True

    @property
    def closed(self) -> bool:
        return self._shut or self.pub_thread is None

    def open_again(self) -> None:
        self._shut = False

    def write(self, string: str) -> int:
        """Buffer the text under the request that prints it; returns the number of characters."""
        if self._shut or self.pub_thread is None:
            raise ValueError("Error: this output stream is closed")
        if self.echo is not None or type(string) is not str or not self._is_master_process():
            return super().write(string) or 0
        if len(string) <= PIECE:
            self._take(string)
        else:
            for start in range(0, len(string), PIECE):
                self._take(string[start : start + PIECE])
        return len(string)

    def _take(self, text: str) -> None:
        parent = self.parent_header
        with self._buffer_lock:
            # One request usually prints many times: its key is computed once.
            if parent is not self._key_of:
                self._key_of, self._key = parent, frozenset(parent.items())
            self._buffers[self._key].write(text)
            before = self._held
            self._held = before + len(text)
        self._schedule_flush()
        if before + len(text) > PIECE:
            if before <= PIECE:
                self.pub_thread.schedule(self._flush)
            self._wait_for_room()

    # -- what is on its way ------------------------------------------------------------------------

    def _wait_for_room(self) -> None:
        """Wait until less than ROOM is on its way, but not for a front end that takes nothing."""
        if threading.current_thread() is self.pub_thread.thread or not self.pub_thread.thread.is_alive():
            return
        least, deadline = self._on_its_way(), time.monotonic() + PATIENCE
        if self._stuck is not None and least >= self._stuck:
            return
        self._stuck = None
        while (now := self._on_its_way()) > ROOM:
            if now < least:
                least, deadline = now, time.monotonic() + PATIENCE
            elif time.monotonic() > deadline:
                self._stuck = now
                return
            time.sleep(PAUSE)

    def _on_its_way(self) -> int:
        with self._buffer_lock:
            travelling = self._travelling
            while travelling and travelling[0][0].done:
                travelling.popleft()
            return self._held + self._taken + sum(size for _, size in travelling)

    # -- in the IO thread --------------------------------------------------------------------------

    def _flush(self) -> None:
        self._sending = True
        try:
            if self.echo is not None or threading.current_thread() is not self.pub_thread.thread:
                super()._flush()
                return
            self._flush_pending = False
            for parent, text in self._flush_buffers():
                for start in range(0, len(text), PIECE):
                    self._send(parent, text[start : start + PIECE])
        finally:
            self._sending = False
            self._taken = 0

    def _rotate_buffers(self) -> Any:
        with self._buffer_lock:
            self._taken, self._held = self._taken + self._held, 0
            return super()._rotate_buffers()

    def _send(self, parent: dict[str, Any], text: str) -> None:
        message = self.session.msg("stream", {"name": self.name, "text": text}, parent=parent)
        for hook in self._hooks:
            message = hook(message)
            if message is None:
                return
        frames = self.session.serialize(message, self.topic)
        if len(text) < LARGE or self.pub_thread.closed:
            self.pub_thread._really_send(frames)
            return
        tracker = self.pub_thread.socket.send_multipart(frames, copy=False, track=True)
        with self._buffer_lock:
            self._travelling.append((tracker, len(text)))
            self._taken -= len(text)
        self._on_its_way()


def route(parent: dict[str, Any]) -> None:
    """Let what is printed from here on stand under a request."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "set_parent"):
            stream.set_parent(parent)


def put_back(own: dict[str, Any], parent: dict[str, Any]) -> None:
    """Put the kernel's own streams in the places of those that are closed or fail; a reply waits for a flush.

    A program may have put anything there, or taken the name away. None is Python's own word for no stream.
    """
    for name in NAMES:
        try:
            stream = getattr(sys, name)
            if stream is not None:
                stream.flush()
            if getattr(stream, "closed", False):
                raise ValueError
        except BaseException as error:
            back = own[name]
            if isinstance(back, Stream):
                back.open_again()
            back.set_parent(parent)
            setattr(sys, name, back)
            print(f"sys.{name} took no more text ({type(error).__name__}): it shows here again", file=back)
