"""Ranks that hang, fail or take too long end in an error: what is done to them, when, by a clock of ours."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from lispe_kernel.ranks import asking
from lispe_kernel.ranks.asking import Answer, ask
from lispe_kernel.ranks.folds import groups, text_of
from lispe_kernel.ranks.wire import MIME

DONE = {"kind": "done", "value": None}


def error(text: str) -> dict[str, Any]:
    return {"kind": "error", "message": text, "lines": [text]}


class Ranks:
    """A cluster whose ranks answer as they are told to, at a second or on a signal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, timeout: float = 60) -> None:
        self.now, self.timeout, self.apart = 0.0, timeout, False
        self.members = {number: SimpleNamespace(engine=number) for number in range(2)}
        self.outputs: dict[int, list[Any]] = {0: [], 1: []}
        self.client = {number: SimpleNamespace(execute=self._sent(number)) for number in range(2)}
        self.gone = {0: "", 1: ""}
        # Those whose request ended in the engine's own error.
        self.broken: dict[int, str] = {}
        self.due: list[tuple[float, int, dict[str, Any]]] = []
        self.on_signal: dict[tuple[int, signal.Signals], dict[str, Any]] = {}
        self.told: list[tuple[int, str, int]] = []
        monkeypatch.setattr(
            asking, "time", SimpleNamespace(monotonic=lambda: self.now, sleep=self._sleep), raising=True
        )

    def _sent(self, number: int) -> Callable[..., Any]:
        def get(_timeout: float) -> None:
            raise RuntimeError(self.broken[number])

        sent = SimpleNamespace(
            ready=lambda: number in self.broken,
            wait_for_output=lambda _timeout: True,
            get=get,
            metadata={"outputs": self.outputs[number]},
        )
        return lambda *_arguments, **_options: sent

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        for when, number, item in [each for each in self.due if each[0] <= self.now]:
            self.due.remove((when, number, item))
            self._answer(number, item)

    def _answer(self, number: int, item: dict[str, Any]) -> None:
        self.outputs[number].append({"data": {MIME: item}})

    def look(self, number: int) -> str:
        return self.gone[number]

    def signal(self, number: int, which: signal.Signals) -> None:
        self.told.append((number, which.name, int(self.now)))
        if (number, which) in self.on_signal:
            self._answer(number, self.on_signal[number, which])

    def kill(self, number: int, why: str) -> None:
        self.told.append((number, "end", int(self.now)))
        self.gone[number] = why

    def asked(self, limit: float | None = None, show: Callable[[list[Answer]], None] = len) -> list[str]:  # type: ignore[assignment]
        found = ask(self, {0: {}, 1: {}}, show, limit)  # type: ignore[arg-type]
        return [answer.message for answer in found]


def test_a_rank_that_hangs_is_interrupted_cut_off_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = Ranks(monkeypatch)
    ranks.due = [(2, 0, DONE)]
    assert ranks.asked() == [
        "",
        "it was silent for 60 seconds after others had ended: it hangs, and was ended",
    ]
    assert ranks.told == [(1, "SIGINT", 62), (1, "SIGUSR2", 63), (1, "SIGINT", 63), (1, "end", 68)]
    assert ranks.apart


def test_a_rank_that_hears_the_interrupt_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = Ranks(monkeypatch)
    ranks.due, ranks.on_signal = [(2, 0, DONE)], {(1, signal.SIGINT): error("Interrupted")}
    assert ranks.asked()[1].endswith("it hangs, and was interrupted")
    assert ranks.told == [(1, "SIGINT", 62)]


def test_a_rank_that_still_prints_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = Ranks(monkeypatch)
    printed = {"kind": "stream", "name": "stdout", "text": "."}
    ranks.due = [(1, 0, DONE), *((50.0 * n, 1, printed) for n in range(1, 5)), (240, 1, DONE)]
    assert ranks.asked() == ["", ""]
    assert (ranks.told, ranks.apart) == ([], False)


def test_who_waits_for_a_rank_that_failed_does_not_wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = Ranks(monkeypatch, 600)
    ranks.due, ranks.on_signal = [(1, 1, error("bad"))], {(0, signal.SIGUSR2): error("another has ended")}
    assert ranks.asked() == ["another has ended", "bad"]
    assert ranks.told == [(0, "SIGUSR2", 6)]
    assert ranks.apart


def test_a_rank_that_does_not_wait_for_one_that_failed_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = Ranks(monkeypatch, 600)
    ranks.due = [(1, 1, error("bad")), (300, 0, DONE)]
    assert ranks.asked() == ["", "bad"]
    assert ranks.told == [(0, "SIGUSR2", 6)]


def test_a_limit_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = Ranks(monkeypatch)
    assert ranks.asked(2) == ["it did not end within 2 seconds, and was ended"] * 2
    assert {what for _, what, _ in ranks.told} == {"SIGINT", "SIGUSR2", "end"}


def test_the_last_answers_are_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks, ended = Ranks(monkeypatch), []
    ranks.due = [(1, 0, DONE), (1, 1, DONE)]
    ranks.asked(show=lambda answers: ended.append(all(answer.ended for answer in answers)))
    assert ended.count(True) == 1


def test_an_engine_that_fails_itself_shows_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks, shown = Ranks(monkeypatch), []
    ranks.broken, ranks.due = {1: "no such module"}, [(1, 0, DONE)]
    assert ranks.asked(show=lambda answers: shown.append(text_of(groups(answers)))) == ["", "no such module"]
    assert shown[-1] == "rank 0\nrank 1:\n  no such module"
