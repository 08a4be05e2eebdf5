"""What nbval reads of a kernel: a cell's outputs as they stand at its end, and nothing lost on the way."""

from __future__ import annotations

from queue import Empty
from typing import Any

import pytest

from lispe_kernel.notebook.settled import Settled


def message(kind: str, parent: str = "cell", **content: Any) -> dict[str, Any]:
    return {"msg_type": kind, "parent_header": {"msg_id": parent}, "content": content}


def status(state: str, parent: str = "cell") -> dict[str, Any]:
    return message("status", parent, execution_state=state)


def shown(text: str, identity: str | None = None) -> dict[str, Any]:
    transient = {} if identity is None else {"display_id": identity}
    return message("display_data", data={"text/plain": text}, metadata={}, transient=transient)


def stream(text: str) -> dict[str, Any]:
    return message("stream", name="stdout", text=text)


def error(name: str) -> dict[str, Any]:
    return message("error", ename=name, evalue="", traceback=[])


BUSY, IDLE = status("busy"), status("idle")
CLEAR = message("clear_output", wait=True)


def reading(*messages: dict[str, Any], timed_out: bool = False) -> Settled:
    waiting = list(messages)

    def receive(stream: str, timeout: float | None = None) -> dict[str, Any]:
        if not waiting:
            raise Empty
        return waiting.pop(0)

    return Settled(receive, lambda: timed_out)


def kinds(settled: Settled) -> list[str]:
    """The kinds of everything that is there to be read."""
    found = []
    try:
        while True:
            found.append(settled("iopub", timeout=0.1)["msg_type"])
    except Empty:
        return found


@pytest.mark.parametrize(
    ("messages", "left"),
    [
        ([BUSY, error("E"), IDLE], ["status", "error", "status"]),
        ([BUSY, stream("a"), shown("1"), IDLE], ["status", "stream", "display_data", "status"]),
        ([BUSY, stream("a"), CLEAR, IDLE], ["status", "status"]),
        ([BUSY, stream("a"), CLEAR, shown("1"), IDLE], ["status", "display_data", "status"]),
        # The kernel died or is stuck: what came before is not lost.
        ([BUSY, stream("a")], ["status", "stream"]),
        # An interrupt that is answered while the cell runs does not end the cell.
        (
            [BUSY, stream("a"), status("busy", "stop"), status("idle", "stop"), CLEAR, error("E"), IDLE],
            ["status", "status", "status", "error", "status"],
        ),
    ],
)
def test_a_cell_is_read_as_it_stands_at_its_end(messages: list[dict[str, Any]], left: list[str]) -> None:
    assert kinds(reading(*messages)) == left


def test_that_nothing_comes_is_said_once_for_each_wait() -> None:
    settled = reading(BUSY)
    assert settled("iopub", timeout=0.1)["msg_type"] == "status"
    with pytest.raises(Empty):
        settled("iopub", timeout=0.1)


def test_an_update_reaches_the_output_that_was_handed_out() -> None:
    update = message("update_display_data", data={"text/plain": "2"}, transient={"display_id": "a"})
    settled = reading(BUSY, shown("1", "a"), IDLE, status("busy", "next"), update, status("idle", "next"))
    read = [settled("iopub") for _ in range(5)]
    assert read[1]["content"]["data"] == {"text/plain": "2"}


def test_other_channels_are_left_alone() -> None:
    assert reading(message("execute_reply"))("shell", timeout=1)["msg_type"] == "execute_reply"


@pytest.mark.parametrize(("timed_out", "name"), [(True, "KeyboardInterrupt"), (False, "Interrupted")])
def test_nbval_recognises_the_cell_that_it_stopped(timed_out: bool, name: str) -> None:
    settled = reading(BUSY, error("Interrupted"), IDLE, timed_out=timed_out)
    assert [settled("iopub") for _ in range(2)][1]["content"]["ename"] == name
