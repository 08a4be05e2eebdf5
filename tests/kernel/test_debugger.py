"""The debugger on LispE cells through debug_request, as JupyterLab uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ipykernel.compiler import get_tmp_hash_seed, murmur2_x86

from lispe_kernel.kernel.cellfiles import murmur2
from tests.kernel.kernel_process import TIMEOUT, Running

CODE = """\
(defun scaled (amount)
    (setq doubled (* amount 2))
    (+ doubled 1))
(setq my-list (list 1 2))
(scaled 3)
(scaled 10)
"""


class Debugging:
    """A debug session on a running kernel."""

    def __init__(self, kernel: Running) -> None:
        self.kernel = kernel
        self.count = 0
        self.thread = 0

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.count += 1
        request = {"type": "request", "seq": self.count, "command": command, "arguments": arguments}
        return self.kernel.control("debug_request", **request)

    def start(self) -> None:
        assert self.ask("initialize", clientID="test", adapterID="")["success"]
        assert self.ask("attach")["success"]

    def break_at(self, code: str, *lines: int) -> list[dict[str, Any]]:
        path = self.ask("dumpCell", code=code)["body"]["sourcePath"]
        points = [{"line": line} for line in lines]
        answer = self.ask("setBreakpoints", source={"path": path}, breakpoints=points, sourceModified=False)
        assert self.ask("configurationDone")["success"]
        return answer["body"]["breakpoints"]

    def stopped(self) -> None:
        while True:
            event = self.kernel.wait_for("debug_event", 60)
            if event["event"] == "stopped":
                self.thread = event["body"]["threadId"]
                return

    def stopped_again(self, cell: str) -> bool:
        """Whether the running cell stops once more, or ends."""
        while True:
            message = self.kernel.client.get_iopub_msg(timeout=TIMEOUT)
            content = message["content"]
            if message["msg_type"] == "debug_event" and content["event"] == "stopped":
                self.thread = content["body"]["threadId"]
                return True
            if message["parent_header"].get("msg_id") == cell and content.get("execution_state") == "idle":
                return False

    def go(self, how: str) -> None:
        assert self.ask(how, threadId=self.thread)["success"]

    def frames(self) -> list[tuple[str, int]]:
        answer = self.ask("stackTrace", threadId=self.thread)
        self.frame = answer["body"]["stackFrames"][0]["id"]
        return [(frame["name"], frame["line"]) for frame in answer["body"]["stackFrames"]]

    def locals(self) -> dict[str, str]:
        scope = self.ask("scopes", frameId=self.frame)["body"]["scopes"][0]
        answer = self.ask("variables", variablesReference=scope["variablesReference"])
        return {variable["name"]: variable["value"] for variable in answer["body"]["variables"]}


@pytest.fixture
def debugging(tmp_path: Path) -> Iterator[Debugging]:
    running = Running(tmp_path)
    yield Debugging(running)
    running.stop()


def test_before_it_is_turned_on_debug_info_is_answered_without_debugpy(debugging: Debugging) -> None:
    body = debugging.ask("debugInfo")["body"]
    assert body["isStarted"] is False
    assert body["tmpFileSuffix"] == ".py"
    assert debugging.kernel.run("(python \"'debugpy' in __import__('sys').modules\")").result == "nil"


def test_breakpoints_steps_frames_and_variables(debugging: Debugging) -> None:
    debugging.start()
    (point,) = debugging.break_at(CODE, 2)
    assert (point["verified"], point["line"]) == (True, 2)
    cell = debugging.kernel.client.execute(CODE)
    debugging.stopped()
    assert debugging.frames() == [("scaled", 2), ("cell 1", 5)]
    assert debugging.locals()["amount"] == "3"
    debugging.go("next")
    debugging.stopped()
    assert debugging.frames()[0] == ("scaled", 3)
    assert debugging.locals() == {"amount": "3", "doubled": "6"}
    debugging.go("stepOut")
    debugging.stopped()
    assert debugging.frames() == [("cell 1", 5)]
    debugging.go("next")
    debugging.stopped()
    assert debugging.frames() == [("cell 1", 6)]
    debugging.go("stepIn")
    debugging.stopped()
    assert debugging.frames()[0] == ("scaled", 2)
    assert debugging.locals()["amount"] == "10"
    rich = debugging.ask("richInspectVariables", variableName="amount", frameId=debugging.frame)
    assert rich["body"]["data"]["text/plain"] == "10"
    debugging.go("continue")
    assert debugging.kernel.reply_to(cell)["status"] == "ok"
    names = {v["name"]: v["value"] for v in debugging.ask("inspectVariables")["body"]["variables"]}
    assert names["my-list"] == "(1 2)"
    rich = debugging.ask("richInspectVariables", variableName="my-list")
    assert rich["body"]["data"]["text/plain"] == "(1 2)"
    assert debugging.ask("disconnect", restart=False)["success"]
    assert debugging.kernel.run("(+ 1 1)").result == "2"


KINDS = """\
(defun kept (amount)
    (setq y '(1 (2 "a")))
    (setq t (torch_tensor (floats 1 2 3)))
    (+ amount 1))
(kept 3)
"""


def test_quoted_lists_do_not_disturb_and_values_are_shown(debugging: Debugging) -> None:
    debugging.start()
    debugging.break_at(KINDS, 4)
    cell = debugging.kernel.client.execute(KINDS)
    debugging.stopped()
    assert debugging.frames()[0] == ("kept", 4)
    assert debugging.locals() == {
        "amount": "3",
        "y": '(1 (2 "a"))',
        "t": "float32 [3], min 1, max 3, mean 2, std 1",
    }
    debugging.go("continue")
    assert debugging.kernel.reply_to(cell)["status"] == "ok"


def test_a_request_nobody_can_answer_gets_an_answer(debugging: Debugging) -> None:
    assert debugging.ask("richInspectVariables", variableName="no such")["success"] is False
    assert debugging.ask("variables", variablesReference=12345)["success"] is False


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "abcd", "(λ (x) x) 😀", "x" * 1001])
def test_cell_files_are_named_as_jupyterlab_names_them(text: str) -> None:
    seed = get_tmp_hash_seed()
    assert murmur2(text.encode(), seed) == murmur2_x86(text, seed)


FAILING = "(defun halved (n)\n    (/ 1 n))\n(halved 0)\n"


@pytest.mark.parametrize("kind", ["raised", "userUnhandled"])
def test_it_breaks_on_errors_if_asked(debugging: Debugging, kind: str) -> None:
    debugging.start()
    assert debugging.ask("setExceptionBreakpoints", filters=[kind])["success"]
    debugging.break_at(FAILING)
    cell = debugging.kernel.client.execute(FAILING)
    debugging.stopped()
    assert ("halved", 2) in debugging.frames()
    assert debugging.locals()["n"] == "0"
    # `raised` stops again in each frame that the error passes. Nothing that runs is told to go on.
    debugging.go("continue")
    while debugging.stopped_again(cell):
        debugging.go("continue")
    assert debugging.kernel.reply_to(cell)["evalue"].startswith("Error: division by zero")


WITH_TENSOR = """\
(defun look (weights text)
    (size text))
(look (torch_zeros (list 100 100)) "<b>né</b> 'q' \\\\")
"""


def test_tensors_of_a_stopped_frame_are_shown_as_cells_show_them(debugging: Debugging) -> None:
    debugging.start()
    debugging.break_at(WITH_TENSOR, 2)
    cell = debugging.kernel.client.execute(WITH_TENSOR)
    debugging.stopped()
    debugging.frames()

    def rich(name: str) -> dict[str, str]:
        return debugging.ask("richInspectVariables", variableName=name, frameId=debugging.frame)["body"][
            "data"
        ]

    assert rich("weights")["text/plain"].startswith("float32 [100, 100]")
    assert "<table" in rich("weights")["text/html"] or "<img" in rich("weights")["text/html"]
    assert rich("text")["text/plain"] == "<b>né</b> 'q' \\"
    debugging.go("continue")
    assert debugging.kernel.reply_to(cell)["status"] == "ok"
