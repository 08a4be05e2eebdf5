"""nbclient as this package uses it: cells have wishes, and Ctrl-C ends a run at any moment.

Imports nbclient: only the functions that run a notebook import it.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from queue import Empty
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from lispe_kernel.notebook.tags import RAISES, wishes_of

# Seconds between two looks for a reply.
_SLICE = 0.2


class Client(NotebookClient):
    """Runs the cells of one notebook."""

    def create_kernel_manager(self) -> Any:
        """A manager that speaks with the kernel in secret where both can: others here might listen."""
        manager = super().create_kernel_manager()
        if manager.has_trait("transport_encryption") and zmq.has("curve"):
            manager.transport_encryption = "auto"
        return manager

    async def async_execute_cell(self, cell: Any, *position: Any, **options: Any) -> Any:
        """Run a cell unless it wishes to be left out; one that may fail says so by a comment or a tag."""
        wishes = wishes_of(cell)
        if wishes.skipped:
            return cell
        tags = cell.metadata.get("tags")
        if not wishes.may_fail or (isinstance(tags, list) and RAISES in tags):
            return await super().async_execute_cell(cell, *position, **options)
        # nbclient reads tags alone.
        cell.metadata["tags"] = [RAISES]
        try:
            return await super().async_execute_cell(cell, *position, **options)
        finally:
            if tags is None:
                del cell.metadata["tags"]
            else:
                cell.metadata["tags"] = tags

    async def async_start_new_kernel_client(self, **options: Any) -> Any:
        """A client whose replies are looked for again: see `asked_again`."""
        client = await super().async_start_new_kernel_client(**options)
        channel = client.shell_channel
        channel.get_msg = partial(asked_again, channel.get_msg)
        return client

    def set_widgets_metadata(self) -> None:
        """Models of widgets end with their kernel; nbclient needs to know them only while cells run."""


def join_streams(cell: Any) -> None:
    """Join pieces of a stream that follow each other, as front ends do: where they end says how busy it was.

    Only when all cells have run: a later one may change what is shown under an earlier one, by its place.
    What nbclient has for this (`coalesce_streams`) moves pieces over what is shown between them.
    """
    joined: list[Any] = []
    for output in cell.get("outputs", ()):
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    if "outputs" in cell:
        cell.outputs = joined


async def asked_again(get: Callable[..., Awaitable[Any]], timeout: float | None = None) -> Any:
    """The next message of a channel, asked for in slices. Errors: Empty after `timeout` seconds, if given.

    jupyter_client sends past whoever waits on the same socket. What nbclient sends to a widget so takes away
    the sign of a reply that comes at that instant, and a wait without end would never see it.
    """
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _SLICE if end is None else min(_SLICE, max(0.0, end - time.monotonic()))
        try:
            return await get(timeout=left)
        except Empty:
            if end is not None and time.monotonic() >= end:
                raise


class _Loop(asyncio.SelectorEventLoop):
    """A loop in which nobody else takes signals: nbclient would end the kernel under its own feet."""

    def add_signal_handler(self, *_: Any) -> None:  # type: ignore[override]  # none is added
        raise RuntimeError("Ctrl-C is taken by whoever runs this loop")


def run(client: Client) -> None:
    """Run a notebook to its end. KeyboardInterrupt leaves here when the kernel has been ended."""
    if _in_loop() or threading.current_thread() is not threading.main_thread():
        # Called in a cell of a notebook, say: nbclient has its own way there.
        client.execute()
        return
    loop = _Loop()
    work = loop.create_task(_until_the_end(client))
    stopped = False

    def stop(*_: Any) -> None:
        nonlocal stopped
        stopped = True
        loop.call_soon_threadsafe(work.cancel)

    before = signal.signal(signal.SIGINT, stop)
    try:
        loop.run_until_complete(work)
    except (Exception, asyncio.CancelledError):
        # What is stopped in the middle fails in its own words.
        if stopped:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)
        # What nbclient watches the kernel with.
        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(asyncio.wait([task]))
        loop.close()


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _until_the_end(client: Client) -> None:
    try:
        await client.async_execute()
    finally:
        manager = client.km
        # What was stopped while it started belongs to nobody yet.
        if manager is not None and manager.has_kernel:
            ended: Any = manager.shutdown_kernel(now=True)
            await ended


def words_for(problem: Exception, kernel: str) -> str:
    """What stopped a notebook, in a sentence."""
    if isinstance(problem, NoSuchKernel):
        known = ", ".join(sorted(KernelSpecManager().find_kernel_specs())) or "none"
        return f"There is no kernel {kernel!r} here. --kernel NAME runs the notebook in another: {known}."
    if isinstance(problem, CellExecutionError):
        return f"The notebook stopped: {problem.ename}: {problem.evalue}"
    if isinstance(problem, CellTimeoutError):
        return f"The notebook stopped: {str(problem).splitlines()[0]}"
    return f"The notebook stopped: {problem or type(problem).__name__}"
