"""Threads as functions see them: waiting, waking, and the lists through which threads hand over results."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE, Atom, truth
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, deep_copy

# A thread that waits looks this often, in seconds, whether it was told to give up.
_LOOK = 0.1
BROKEN = "Break Requested"


class Lock:
    """A lock that one thread may take several times; who waits for it gives up at an interrupt.

    Threads that wait for each other would keep their locks for ever otherwise.
    """

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._threads.patiently(lambda: self._lock.acquire(timeout=_LOOK))

    def __exit__(self, *_error: object) -> None:
        self._lock.release()


@dataclass
class Threads:
    """What the threads of one session share."""

    running: list[threading.Thread] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    # Errors, with the names of their threads, that nobody heard of; who hears of them: nobody while a text
    # runs that may still `wait` for them.
    unheard: list[tuple[str, Exception]] = field(default_factory=list)
    hears: Callable[[str, Exception], None] | None = None
    stores: dict[str, List] = field(default_factory=dict)
    # One for threadspace; one for a key of `lock`; one for the lists above and this table.
    space: Lock = field(init=False)
    locks: dict[str, Lock] = field(default_factory=dict)
    guard: Any = field(default_factory=threading.RLock)
    # Waiters by key of `waiton`.
    waiters: dict[str, list[threading.Event]] = field(default_factory=lambda: defaultdict(list))
    # How often the session was interrupted while it waited for threads.
    interrupts: int = 0

    def __post_init__(self) -> None:
        self.space = Lock(self)

    def lock(self, key: str) -> Lock:
        """The lock of a key."""
        with self.guard:
            return self.locks.setdefault(key, Lock(self))

    def failed(self, name: str, error: Exception) -> None:
        """A thread ended with an error."""
        with self.guard:
            self.errors.append(error)
            self.unheard.append((name, error))
        self.tell()

    def tell(self) -> None:
        """Tell of errors that nobody heard of, if anybody hears."""
        with self.guard:
            hears = self.hears
            waiting = self.unheard if hears is not None else []
            self.unheard = self.unheard[len(waiting) :]
        for name, error in waiting:
            assert hears is not None
            hears(name, error)

    def patiently(self, attempt: Callable[[], bool]) -> None:
        """Try until something succeeds. Errors: `Break Requested` once the session is interrupted."""
        before = self.interrupts
        try:
            while not attempt():
                if self.interrupts != before:
                    raise LispeError(BROKEN)
        except KeyboardInterrupt:
            self.interrupts += 1
            raise


@function("wait", keyword=True)
def wait() -> Atom:
    """Wait until all threads have ended.

    Example: (block (dethread wait_example () 1) (wait_example) (wait)) => true
    Errors: the first error of a thread that failed.
    """
    threads = current().threads
    me = threading.current_thread()
    while True:
        with threads.guard:
            others = [thread for thread in threads.running if thread is not me]
        if not others:
            break
        for thread in others:
            threads.patiently(lambda thread=thread: _has_ended(thread))
        with threads.guard:
            threads.running = [thread for thread in threads.running if thread not in others]
    with threads.guard:
        errors, threads.errors, threads.unheard = threads.errors, [], []
    if errors:
        raise errors[0]
    return TRUE


def _has_ended(thread: threading.Thread) -> bool:
    thread.join(_LOOK)
    return not thread.is_alive()


@function("waiton", keyword=True)
def waiton(key: Any) -> Atom:
    """Wait until another thread triggers the key.

    Example: (block (dethread wake_example () (sleep 20) (trigger "go")) (wake_example) (waiton "go")) => true
    """
    threads, event = current().threads, threading.Event()
    with threads.guard:
        threads.waiters[to_text(key)].append(event)
    threads.patiently(lambda: event.wait(_LOOK))
    return TRUE


@function("trigger", keyword=True, returns="boolean")
def trigger(key: Any) -> Atom | None:
    """Wake all that wait on the key; whether there was anybody.

    Example: (trigger "nobody waits on this") => nil
    """
    threads = current().threads
    with threads.guard:
        waiting = threads.waiters.pop(to_text(key), [])
    for event in waiting:
        event.set()
    return truth(waiting)


@function("threadstore", keyword=True, silent=True)
def threadstore(key: Any, value: Any) -> Atom:
    """Append a copy of a value to the protected list of a key.

    Example: (threadstore "a key" 5) => true
    """
    threads = current().threads
    copied = deep_copy(value)
    with threads.guard:
        threads.stores.setdefault(to_text(key), List()).append(copied)
    return TRUE


@function("threadretrieve", keyword=True)
def threadretrieve(*key: Any) -> Any:
    """The list stored under a key, nil when there is none; without a key a dictionary of all of them.

    Example: (block (threadstore "results" 5) (threadretrieve "results")) => (5)
    """
    threads = current().threads
    if len(key) > 1:
        raise LispeError(wrong_number("threadretrieve"))
    with threads.guard:
        if key:
            found = threads.stores.get(to_text(key[0]))
            return None if found is None else deep_copy(found)
        return Dictionary({name: deep_copy(stored) for name, stored in threads.stores.items()})


@function("threadclear", keyword=True)
def threadclear(*key: Any) -> Atom | None:
    """Empty the list of a key and tell whether there was one; without a key empty all.

    Example: (threadclear) => true
    """
    threads = current().threads
    if len(key) > 1:
        raise LispeError(wrong_number("threadclear"))
    with threads.guard:
        if not key:
            threads.stores.clear()
            return TRUE
        return truth(threads.stores.pop(to_text(key[0]), None) is not None)


HELPERS: dict[str, Any] = {
    " thread space": lambda: current().threads.space,
    " thread lock": lambda key: current().threads.lock(to_text(key)),
}
