"""A real kernel process and its client, for tests; started without an installed kernelspec."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[2]
ARGV = [sys.executable, "-m", "lispe_kernel", "-f", "{connection_file}"]
# Seconds after which a test fails instead of waiting on: no measure of anything, machines may be busy.
TIMEOUT = 120


@dataclass
class Reply:
    """A reply with the messages that its request put on iopub."""

    content: dict[str, Any]
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.content["status"]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [content for found, content in self.messages if found == kind]

    def stream(self, name: str = "stdout") -> str:
        return "".join(content["text"] for content in self.of("stream") if content["name"] == name)

    @property
    def result(self) -> str | None:
        found = self.of("execute_result")
        return found[0]["data"]["text/plain"] if found else None


class Running:
    """A kernel with a client; every method waits for its answer."""

    def __init__(self, folder: Path, argv: list[str] | None = None, **environment: str) -> None:
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(
            argv=argv or ARGV, language="lispe", display_name="LispE", interrupt_mode="signal"
        )
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        given = {
            **os.environ,
            "PYTHONPATH": path,
            "LISPE_HISTORY": str(folder / "history.sqlite"),
            **environment,
        }
        # ipykernel leaves the file descriptors alone when it thinks that it runs inside a test.
        given.pop("PYTEST_CURRENT_TEST", None)
        self.manager.start_kernel(cwd=str(folder), env=given)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)

    def run(self, code: str, **options: Any) -> Reply:
        messages: list[tuple[str, dict[str, Any]]] = []
        reply = self.client.execute_interactive(
            code,
            output_hook=lambda m: messages.append((m["msg_type"], m["content"])),
            timeout=TIMEOUT,
            **options,
        )
        return Reply(reply["content"], messages)

    def begin(self, code: str, mark: str = "begun", **options: Any) -> str:
        """Start a cell that prints a mark; return the request's id once that has come: the cell runs."""
        identity = self.client.execute(code, **options)
        while mark not in self.wait_for("stream")["text"]:
            continue
        return identity

    def processor_time(self) -> float:
        """Seconds that the kernel has worked; how busy the machine is does not count."""
        used = psutil.Process(self.manager.provisioner.process.pid).cpu_times()
        return used.user + used.system

    def wait_for_end(self) -> None:
        """Wait until the process has ended by itself."""
        end = time.monotonic() + TIMEOUT
        while self.manager.is_alive() and time.monotonic() < end:
            time.sleep(0.02)

    def shell(self, kind: str, **content: Any) -> dict[str, Any]:
        """The content of the reply to a request on the shell channel."""
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)
        return self.reply_to(message["header"]["msg_id"])

    def control(self, kind: str, **content: Any) -> dict[str, Any]:
        message = self.client.session.msg(kind, content)
        self.client.control_channel.send(message)
        while True:
            reply = self.client.control_channel.get_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply["content"]

    def reply_to(self, identity: str) -> dict[str, Any]:
        while True:
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == identity:
                return reply["content"]

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def wait_for(self, kind: str, seconds: float = TIMEOUT) -> dict[str, Any]:
        """The content of the next iopub message of a kind."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except Empty:
                continue
            if message["msg_type"] == kind:
                return message["content"]
        raise AssertionError(f"no {kind} came")

    def drain(self) -> None:
        """Forget what is waiting on iopub."""
        try:
            while True:
                self.client.get_iopub_msg(timeout=0.1)
        except Empty:
            return

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
