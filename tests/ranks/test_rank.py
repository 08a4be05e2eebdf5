"""A rank answers each request once, whatever interrupts it."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from lispe_kernel.ranks import rank
from lispe_kernel.running.report import Report


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Any:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(rank, "_sender", lambda: found.append)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield found
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_while_the_answer_is_written_does_not_take_it_away(
    sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = rank.report

    def interrupted(error: BaseException, colours: bool) -> Report:
        os.kill(os.getpid(), signal.SIGINT)
        return told(error, colours)

    monkeypatch.setattr(rank, "report", interrupted)
    text = "%%python\nimport os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(600)"
    rank.answer(json.dumps({"do": "cell", "text": text, "name": "cell 1", "folder": ""}))
    assert [(item["kind"], item["name"]) for item in sent] == [("error", "Interrupted")]
