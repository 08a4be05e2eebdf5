"""A cell that prints more than the front end takes: it waits, all arrives, and memory stays bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import zmq
from ipykernel.iostream import IOPubThread

from lispe_kernel.kernel import streams
from lispe_kernel.kernel.messages import Messages
from lispe_kernel.kernel.streams import Stream

KEY = b"a key"
PIECE = 1 << 17


class Output:
    """A stream whose messages lie in a socket until they are taken."""

    def __init__(self, context: zmq.Context[Any]) -> None:
        source, self.listener = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        source.sndhwm = self.listener.rcvhwm = 0
        source.bind("inproc://output")
        self.listener.connect("inproc://output")
        self.thread = IOPubThread(source)
        self.stream = Stream(Messages(key=KEY), self.thread, "stdout", watchfd=False)
        self.written = 0

    def write(self, pieces: int) -> None:
        for _ in range(pieces):
            self.stream.write("x" * PIECE)
            self.written += PIECE

    def taken(self) -> str:
        assert self.listener.poll(60_000)
        frames = self.listener.recv_multipart()
        reader = Messages(key=KEY)
        return str(reader.deserialize(reader.feed_identities(frames)[1])["content"]["text"])


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    monkeypatch.setattr(streams, "PIECE", PIECE)
    monkeypatch.setattr(streams, "ROOM", 4 * PIECE)
    context = zmq.Context()
    made = Output(context)
    made.thread.start()
    try:
        yield made
    finally:
        made.thread.stop()
        context.destroy(linger=0)


def test_who_prints_waits_until_what_was_printed_is_taken(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = threading.Event()

    def slept(seconds: float) -> None:
        waits.set()
        time.sleep(seconds)

    # Its patience never ends: however busy the machine, what is written is what there is room for.
    monkeypatch.setattr(streams, "time", SimpleNamespace(sleep=slept, monotonic=lambda: 0.0))
    printing = threading.Thread(target=output.write, args=(20,), daemon=True)
    printing.start()
    assert waits.wait(60)
    # The piece that waits is not counted as written yet.
    assert output.written <= 5 * PIECE
    found = 0
    while found < 20 * PIECE:
        text = output.taken()
        assert set(text) == {"x"}
        assert len(text) <= PIECE
        found += len(text)
        if not printing.is_alive():
            output.stream.flush()
    printing.join()
    assert found == output.written == 20 * PIECE


def test_nobody_waits_long_for_a_front_end_that_takes_nothing(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PATIENCE", 0.0)
    output.write(20)
    output.stream.flush()
    assert sum(len(output.taken()) for _ in range(20)) == 20 * PIECE
