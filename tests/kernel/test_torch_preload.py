"""PyTorch: imported behind the first answer, waited for by the cell that needs it, never in the way."""

from __future__ import annotations

import time
from pathlib import Path

from lispe_kernel.kernel.kernel import PATIENCE
from tests.kernel.kernel_process import Running


def test_the_first_cell_is_answered_before_torch_and_torch_comes_by_itself(tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        assert running.run("(python \"'tor' + 'ch' in __import__('sys').modules\")").result == "nil"
        deadline = time.monotonic() + 60
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


def test_the_wait_can_be_interrupted_and_torch_is_whole_afterwards(tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        # A request that comes at once must not be aborted as one that waited behind the error.
        identity = running.client.execute("(setq l (torch_linear 2 3))", stop_on_error=False)
        time.sleep(0.3)
        began = time.monotonic()
        running.interrupt()
        assert running.reply_to(identity)["ename"] == "Interrupted"
        assert time.monotonic() - began < 2
        running.drain()
        assert running.run("(setq l (torch_linear 2 3))").status == "ok"
    finally:
        running.stop()


def test_a_shutdown_does_not_wait_for_the_import(tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        running.client.execute("(setq l (torch_linear 2 3))")
        time.sleep(0.2)
        assert running.control("shutdown_request", restart=False)["status"] == "ok"
        began = time.monotonic()
        while running.manager.is_alive() and time.monotonic() - began < 10:
            time.sleep(0.01)
        # Half a second on a quiet machine; the import takes several on one this busy.
        assert time.monotonic() - began < 3
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
