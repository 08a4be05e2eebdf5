"""Shell commands: their output as it comes, each in a process group of its own that ends as one.

A command that leaves something running behind (`server &`) is done when the shell is; what runs on writes to
the same place and gets a hang-up when this process ends, as in a terminal that is closed.
"""

from __future__ import annotations

import atexit
import codecs
import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context

# Seconds between two looks whether the shell has ended, and what a group gets to end itself after a signal.
LOOK, GRACE = 0.05, 0.3


class _Left:
    """The process groups that were left running."""

    groups: set[int] = set()  # noqa: RUF012 - one process has one such set


def run_shell(command: str) -> int:
    """Run a shell command, copying its output to sys.stdout; returns its exit status.

    An interrupt ends the whole command first and is raised here again.
    """
    return _run(["/bin/sh", "-c", command])


def run_script(program: Sequence[str], text: str) -> int:
    """Run a program that reads a script from its standard input, as `run_shell` does."""
    with tempfile.TemporaryFile() as script:
        script.write(text.encode("utf-8", "surrogateescape"))
        script.seek(0)
        return _run(program, script.fileno())


def _run(arguments: Sequence[str], given: int = subprocess.DEVNULL) -> int:
    process = subprocess.Popen(
        arguments, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    assert process.stdout is not None
    copy = _Copy(process.stdout.fileno())
    try:
        while copy.some(LOOK):
            if copy.idle and process.poll() is not None:
                _leave_behind(process, copy)
                return process.returncode
        status = process.wait()
    except BaseException:
        _stop(process)
        process.stdout.close()
        raise
    process.stdout.close()
    return status


class _Copy:
    """Copies what arrives at a file descriptor to sys.stdout."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.idle = False
        self._decode: Callable[[bytes], str] = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def some(self, seconds: float | None) -> bool:
        """Copy what comes within some seconds; False at the end of the output."""
        self.idle = not self._poll.poll(None if seconds is None else seconds * 1000)
        if self.idle:
            return True
        block = os.read(self.descriptor, 65536)
        if block:
            sys.stdout.write(self._decode(block))
        return bool(block)


def _leave_behind(process: subprocess.Popen[bytes], copy: _Copy) -> None:
    """Go on copying in a thread: a full pipe would stop what was left running."""
    if not _Left.groups:
        atexit.register(_hang_up)
    _Left.groups.add(process.pid)

    def work() -> None:
        with contextlib.suppress(OSError, ValueError):
            while copy.some(None):
                continue
        _Left.groups.discard(process.pid)
        assert process.stdout is not None
        process.stdout.close()

    threading.Thread(target=copy_context().run, args=(work,), name="background command", daemon=True).start()


def _hang_up() -> None:
    for group in list(_Left.groups):
        _signal(group, signal.SIGHUP)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End every process of a command, the gentle way first."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + GRACE
        if not _signal(process.pid, number):
            return
        while time.monotonic() < end:
            process.poll()
            if not _signal(process.pid, 0):
                return
            time.sleep(0.01)


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group; False when there is none any more."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
