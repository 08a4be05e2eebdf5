"""PyTorch: imported behind the first answer, waited for by the cell that needs it, never in the way."""

from __future__ import annotations

import os
import time
from pathlib import Path

from lispe_kernel.kernel.kernel import PATIENCE
from tests.kernel.kernel_process import ROOT, TIMEOUT, Running


def test_the_first_cell_is_answered_before_torch_and_torch_comes_by_itself(tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        assert running.run("(python \"'tor' + 'ch' in __import__('sys').modules\")").result == "nil"
        deadline = time.monotonic() + TIMEOUT
        while running.run("(python \"'tor' + 'ch' in __import__('sys').modules\")").result == "nil":
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        running.stop()


def test_a_first_cell_that_needs_torch_waits_for_it(tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        reply = running.run("(torch_manual_seed 1) (setq l (torch_linear 2 3)) (type l)")
        assert reply.status == "ok", reply.content
        # A note that it takes a while is gone at the end.
        kinds = [kind for kind, _ in reply.messages if kind in ("display_data", "clear_output")]
        assert kinds in ([], ["display_data", "clear_output"])
    finally:
        running.stop()


# Python imports it at its start: whoever looks for torch waits until the gate is open.
GATE = """
import importlib.abc, os, sys, time
class Gate(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *others):
        while name == "torch" and not os.path.exists(os.environ["GATE"]):
            time.sleep(0.01)
sys.meta_path.insert(0, Gate())
"""


def behind_a_gate(folder: Path) -> tuple[Running, Path]:
    """A kernel whose import of torch waits until a file is there, and that file's path."""
    (folder / "sitecustomize.py").write_text(GATE)
    return Running(
        folder, PYTHONPATH=os.pathsep.join([str(folder), str(ROOT)]), GATE=str(folder / "gate")
    ), folder / "gate"


def test_the_wait_can_be_interrupted_and_torch_is_whole_afterwards(tmp_path: Path) -> None:
    running, open_gate = behind_a_gate(tmp_path)
    try:
        # A request that comes at once must not be aborted as one that waited behind the error.
        identity = running.client.execute("(setq l (torch_linear 2 3))", stop_on_error=False)
        # The note that the import takes a while.
        running.wait_for("display_data")
        running.interrupt()
        assert running.reply_to(identity)["ename"] == "Interrupted"
        open_gate.touch()
        running.drain()
        assert running.run("(setq l (torch_linear 2 3))").status == "ok"
    finally:
        running.stop()


def test_a_shutdown_does_not_wait_for_the_import(tmp_path: Path) -> None:
    running, _ = behind_a_gate(tmp_path)
    try:
        running.client.execute("(setq l (torch_linear 2 3))")
        running.wait_for("display_data")
        assert running.control("shutdown_request", restart=False)["status"] == "ok"
        # The gate stays shut: a kernel that waited for the import would never end.
        running.wait_for_end()
        assert not running.manager.is_alive()
    finally:
        running.stop()


def test_completion_of_torch_names_waits_for_them(tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        began = time.monotonic()
        content = running.shell("complete_request", code="(torch_line", cursor_pos=11)
        # The import takes longer than anybody waits for a completion where the machine is very busy.
        assert "torch_linear" in content["matches"] or time.monotonic() - began >= PATIENCE
    finally:
        running.stop()
