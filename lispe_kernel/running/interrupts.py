"""Ctrl-C and the stop button: SIGINT raises KeyboardInterrupt while a cell runs, and does nothing otherwise.

ipykernel lets a second interrupt escape while the first one is being reported, and the reply is lost. Here
the handler is armed only around the user's code. A signal that follows another closely waits a moment, so
that it does not disturb what the first one set going; it counts if the work has not ended then. One that
comes when work has been announced and not begun counts as soon as it begins.
"""

from __future__ import annotations

import _thread
import asyncio
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

# Seconds between two interrupts of the same work: a person who clicks twice, a process group signalled twice.
BURST = 0.15


class Interrupts:
    """Owns SIGINT in the main thread, of a kernel for its whole life, of a program while it runs."""

    def __init__(self) -> None:
        self._armed = False
        self._began = self._last = 0.0
        # Whether work comes next, and whether an interrupt has come for it already.
        self._expected = self._came_early = False

    def install(self) -> None:
        """Take SIGINT over; only the main thread may, elsewhere this does nothing."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._handle)

    def stop(self) -> None:
        """Interrupt the work of the main thread, from any thread; nothing where there is none."""
        if self._armed:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def expect(self, work: bool) -> None:
        """Say that work of the main thread comes next, or that none does."""
        if threading.current_thread() is threading.main_thread():
            self._expected, self._came_early = work, False
            if work:
                # Who waits to stop the work before it finds another.
                self._began = time.monotonic()

    def _handle(self, _number: int, frame: FrameType | None) -> None:
        if self._expected:
            self._came_early = True
            return
        # In `during` itself the work has ended: an interrupt would be one of what follows.
        if not self._armed or (frame is not None and frame.f_code is _DURING):
            return
        now = time.monotonic()
        rest = self._last + BURST - now
        if self._last >= self._began and rest > 0:
            # Not threading's own start: what it locks may be held by the very code that was interrupted.
            _thread.start_new_thread(self._stop_later, (rest, self._began))
            return
        self._last = now
        raise KeyboardInterrupt

    def _stop_later(self, seconds: float, began: float) -> None:
        """The second of two signals, when the first has had its time, if the same work goes on."""
        time.sleep(seconds)
        if self._began == began:
            self.stop()

    def during(self, work: Callable[[], T]) -> T:
        """Run `work` interruptibly. KeyboardInterrupt leaves here once, with the handler disarmed.

        An interrupt may surface as another error: a library that is stopped in the middle of writing fails
        in its own words while it cleans up. After an interrupt every error is the interrupt.
        """
        if threading.current_thread() is not threading.main_thread():
            return work()
        before = signal.signal(signal.SIGINT, self._handle)
        began = self._began = time.monotonic()
        try:
            self._armed = True
            self._expected = False
            if self._came_early:
                self._came_early = False
                raise KeyboardInterrupt
            return work()
        except Exception as error:
            if self._last >= began:
                raise KeyboardInterrupt from error
            raise
        finally:
            self._armed = False
            signal.signal(signal.SIGINT, before)

    async def waiting(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the event loop that is there, interruptibly, as `during` does.

        An interrupt while code runs is raised in it; one while it waits cancels the waiting.
        """
        if threading.current_thread() is not threading.main_thread():
            return await work

        # An event loop ends at some errors and loses others: they go through it as values.
        async def stepped() -> BaseException | None:
            try:
                found.append(await _Steps(self, work))
            except BaseException as raised:
                return raised
            return None

        found: list[T] = []
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(stepped())
        stopped = False
        self._began = time.monotonic()

        def stop(number: int, frame: FrameType | None) -> None:
            nonlocal stopped
            stopped = True
            if self._armed and frame is not None and frame.f_code is not _STEPS:
                self._handle(number, frame)
            else:
                loop.call_soon_threadsafe(task.cancel)

        before = signal.signal(signal.SIGINT, stop)
        try:
            error = await task
        except asyncio.CancelledError as cancelled:
            error = cancelled
        finally:
            signal.signal(signal.SIGINT, before)
        if stopped and error is not None:
            raise KeyboardInterrupt from error
        if error is not None:
            raise error
        return found[0]


class _Steps:
    """A coroutine run step by step, with the interrupt armed during each step."""

    def __init__(self, interrupts: Interrupts, work: Coroutine[Any, Any, Any]) -> None:
        self._interrupts, self._work = interrupts, work

    def __await__(self) -> Generator[Any, Any, Any]:
        value: Any = None
        error: BaseException | None = None
        while True:
            self._interrupts._armed = True
            try:
                waited = self._work.send(value) if error is None else self._work.throw(error)
            except StopIteration as end:
                return end.value
            finally:
                self._interrupts._armed = False
            value, error = None, None
            try:
                value = yield waited
            except BaseException as raised:
                error = raised


_DURING, _STEPS = Interrupts.during.__code__, _Steps.__await__.__code__


def ignore(*_: Any) -> None:
    """A hook that does nothing."""
