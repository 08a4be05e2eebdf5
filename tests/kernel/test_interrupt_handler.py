"""The handler behind the stop button: armed only during work, patient in a burst, whatever becomes of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from lispe_kernel.running import interrupts
from lispe_kernel.running.interrupts import Interrupts


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)


def test_work_returns_its_value_and_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert Interrupts().during(lambda: 7) == 7
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_stops_the_work() -> None:
    with pytest.raises(KeyboardInterrupt):
        Interrupts().during(interrupt)


def test_an_error_made_of_an_interrupt_is_the_interrupt() -> None:
    def clean_up_badly() -> None:
        try:
            interrupt()
        finally:
            raise RuntimeError("unexpected position")

    with pytest.raises(KeyboardInterrupt):
        Interrupts().during(clean_up_badly)


def test_an_ordinary_error_is_itself() -> None:
    with pytest.raises(ZeroDivisionError):
        Interrupts().during(lambda: 1 / 0)


def test_a_second_signal_of_a_burst_does_not_disturb_the_cleaning_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # However slowly the machine goes on, it is a burst.
    monkeypatch.setattr(interrupts, "BURST", 60)
    cleaned = []

    def clean_up() -> None:
        try:
            interrupt()
        finally:
            interrupt()
            cleaned.append(True)

    with pytest.raises(KeyboardInterrupt):
        Interrupts().during(clean_up)
    assert cleaned == [True]


def test_a_second_signal_of_a_burst_counts_when_the_work_goes_on() -> None:
    def swallow() -> str:
        try:
            interrupt()
        except KeyboardInterrupt:
            interrupt()
        time.sleep(60)
        return "never stopped"

    with pytest.raises(KeyboardInterrupt):
        Interrupts().during(swallow)


def test_two_works_are_stopped_however_close_they_are() -> None:
    owner = Interrupts()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            owner.during(interrupt)


def test_a_late_second_signal_does_not_stop_the_next_work() -> None:
    owner = Interrupts()

    def twice() -> None:
        try:
            interrupt()
        finally:
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        owner.during(twice)
    assert owner.during(lambda: time.sleep(0.3)) is None


@pytest.fixture
def stops() -> Iterator[Interrupts]:
    """A handler that has taken the signal over, as a kernel's has."""
    before = signal.getsignal(signal.SIGINT)
    installed = Interrupts()
    installed.install()
    yield installed
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("stops")
def test_outside_work_a_kernel_ignores_the_signal() -> None:
    interrupt()


def test_an_interrupt_that_comes_before_the_expected_work_stops_it_as_it_begins(stops: Interrupts) -> None:
    stops.expect(True)
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        stops.during(lambda: 7)
    assert stops.during(lambda: 7) == 7


def test_an_interrupt_while_nothing_is_expected_stops_nothing(stops: Interrupts) -> None:
    stops.expect(True)
    interrupt()
    stops.expect(False)
    interrupt()
    assert stops.during(lambda: 7) == 7
