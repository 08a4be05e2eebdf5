"""A rank's printed text and displays leave in the order in which they were made."""

from __future__ import annotations

import sys
import threading
from typing import Any

from lispe_kernel.display.page.publish import publish, screen
from lispe_kernel.ranks.outbox import Outbox


def test_text_leaves_before_what_is_shown_after_it() -> None:
    sent: list[dict[str, Any]] = []
    streams, publisher = (sys.stdout, sys.stderr), screen.publisher
    with Outbox(sent.append).open():
        print("one")
        print("two")
        sys.stderr.write("three")
        publish({"text/plain": "four"})
        print("five")
    assert [item.get("text") or item["data"]["text/plain"] for item in sent] == [
        "one\n",
        "two\n",
        "three",
        "four",
        "five\n",
    ]
    assert (sys.stdout, sys.stderr) == streams
    assert screen.publisher is publisher


def test_text_leaves_while_the_work_goes_on() -> None:
    came = threading.Event()
    with Outbox(lambda item: came.set()).open():
        print("begun")
        assert came.wait(60)


def test_a_line_after_silence_leaves_at_once_and_those_after_it_together() -> None:
    sent: list[dict[str, Any]] = []
    outbox = Outbox(sent.append)
    for text in ("begun", "\n", "one\n", "two\n"):
        outbox.write("stdout", text)
    left = [item["text"] for item in sent]
    outbox.flush()
    assert left[0] == "begun\n"
    assert "".join(item["text"] for item in sent) == "begun\none\ntwo\n"


def test_much_text_does_not_wait() -> None:
    sent: list[dict[str, Any]] = []
    outbox = Outbox(sent.append)
    outbox.write("stdout", "x" * 100_000)
    assert len(sent) == 1
