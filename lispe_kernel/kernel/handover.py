"""Messages between a kernel's threads: that of the shell channel, the main shell, the one that publishes.

ipykernel passes them through sockets within the process. A message there is seven frames; the interpreter is
let go of for each, and each time another thread takes it: that took longer than evaluating a small cell. Here
one call wakes the other thread's event loop.
"""

from __future__ import annotations

import threading
from asyncio import AbstractEventLoop, Task
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from zmq import POLLIN, Frame

if TYPE_CHECKING:
    from lispe_kernel.kernel.kernel import LispeKernel


class Handover:
    """A socket, as far as those ask who send: its messages are given to a function in another thread's loop.

    `closed` is the socket whose place it takes.
    """

    def __init__(self, loop: AbstractEventLoop, give: Callable[[list[Any]], Any], closed: Any) -> None:
        self._loop, self._give, self._closed = loop, give, closed

    def send_multipart(self, message: list[Any], **_options: Any) -> None:
        """Hand over a message, in the order of all; nobody reads it where the loop has ended."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._give, message)

    def send(self, part: bytes, **options: Any) -> None:
        """The same for a message of one part."""
        self.send_multipart([Frame(part)], **options)

    def close(self) -> None:
        """Close the socket that stood here."""
        self._closed.close()


class Channel:
    """The shell channel's stream in its own thread: a reply goes out at once, not in the loop's next turn.

    Who sends past a stream takes the sign that a request has come, too: the stream is told to look.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def send(self, message: list[Any]) -> None:
        """Send a reply after those that wait, if any do."""
        stream = self._stream
        if stream.sending():
            stream.send_multipart(message)
        else:
            stream.socket.send_multipart(message)
            stream._rebuild_io_state()


class Publishing:
    """Work for the thread that publishes; it does all that waits, in order, each time it is woken."""

    def __init__(self, thread: Any) -> None:
        self._thread, self._loop = thread, _loop_of(thread.io_loop)

    def schedule(self, work: Callable[[], Any]) -> None:
        """Give it something to do; where it has ended, that is done here."""
        thread = self._thread
        if thread.thread.is_alive():
            thread._events.append(work)
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(thread._handle_event, None)
        else:
            work()


class Requests:
    """Begins each request in the main shell, as ipykernel's stream does."""

    def __init__(self, loop: AbstractEventLoop, run: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self._loop, self._run = loop, run
        # What one cell sets in it the next one finds.
        self._context = copy_context()
        # An event loop alone does not keep a task alive.
        self._tasks: set[Task[None]] = set()

    def begin(self, message: list[Any]) -> None:
        """Run a request as a task of the loop."""
        task = self._loop.create_task(self._run(None, message), context=self._context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def let_go_out(kernel: LispeKernel, seconds: float) -> None:
    """Let the other threads send what they were given, so long at most; called in the main thread.

    Each needs the interpreter for a moment, and has to wait for it while the main thread works.
    """
    thread = kernel.shell_channel_thread
    if thread is None or threading.current_thread() is not threading.main_thread():
        return
    sent = threading.Lock()
    sent.acquire()
    with suppress(RuntimeError):
        _loop_of(thread.io_loop).call_soon_threadsafe(sent.release)
        sent.acquire(timeout=seconds)


def install(kernel: LispeKernel) -> None:
    """Put these ways in the places of the sockets; called in the main thread, when its loop is known."""
    kernel.iopub_thread.schedule = Publishing(kernel.iopub_thread).schedule
    thread = kernel.shell_channel_thread
    if thread is None:
        # Without subshells the main thread reads the channel itself.
        return
    here, there = _loop_of(kernel.io_loop), _loop_of(thread.io_loop)
    to_main = thread.manager.get_shell_channel_to_subshell_pair(None)
    to_main.from_socket = Handover(here, Requests(here, kernel.shell_main).begin, to_main.from_socket)
    to_channel = thread.manager._main_to_shell_channel
    to_channel.from_socket = Handover(there, Channel(thread.shell_stream).send, to_channel.from_socket)


def abort_what_waits(kernel: LispeKernel, subshell: str | None) -> None:
    """Abort the cells that have arrived behind one that failed; called before its reply goes out.

    ipykernel looks after the reply: a cell that was sent upon it was aborted as well, and of those before,
    the ones that nobody had read yet were run.
    """
    thread = kernel.shell_channel_thread
    loop = _loop_of(thread.io_loop)
    stream: Any = kernel.shell_stream
    if subshell is None:
        kernel._aborting = True
    else:
        # It may be gone.
        with suppress(KeyError):
            thread.manager.set_subshell_aborting(subshell, True)

    def end() -> None:
        with suppress(KeyError):
            kernel._post_dummy_stop_aborting_message(subshell)

    def read() -> None:
        # Each of them is handed on by a call of its own. Whatever happens to the stream, the aborting ends.
        try:
            stream.flush(POLLIN)
        finally:
            loop.call_soon(end)

    with suppress(RuntimeError):
        loop.call_soon_threadsafe(read)


def _loop_of(loop: Any) -> AbstractEventLoop:
    """asyncio's loop under tornado's, which wraps each call once more."""
    found: AbstractEventLoop = loop.asyncio_loop
    return found
