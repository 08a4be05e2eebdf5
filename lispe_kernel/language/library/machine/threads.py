"""Threads as functions see them: waiting, waking, and the lists through which threads hand over results."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE, Atom, truth
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, deep_copy


@dataclass
class Threads:
    """What the threads of one session share."""

    running: list[threading.Thread] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    stores: dict[str, List] = field(default_factory=dict)
    # One for threadspace; one for a key of `lock`; one for the lists above and this table.
    space: Any = field(default_factory=threading.RLock)
    locks: dict[str, Any] = field(default_factory=lambda: defaultdict(threading.RLock))
    guard: Any = field(default_factory=threading.RLock)
    # Waiters by key of `waiton`.
    waiters: dict[str, list[threading.Event]] = field(default_factory=lambda: defaultdict(list))


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
            thread.join()
        with threads.guard:
            threads.running = [thread for thread in threads.running if thread not in others]
    if threads.errors:
        error, threads.errors = threads.errors[0], []
        raise error
    return TRUE


@function("waiton", keyword=True)
def waiton(key: Any) -> Atom:
    """Wait until another thread triggers the key.

    Example: (block (dethread wake_example () (sleep 20) (trigger "go")) (wake_example) (waiton "go")) => true
    """
    threads, event = current().threads, threading.Event()
    with threads.guard:
        threads.waiters[to_text(key)].append(event)
    event.wait()
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
        raise LispeError("Error: Wrong number of arguments for: 'threadretrieve'")
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
        raise LispeError("Error: Wrong number of arguments for: 'threadclear'")
    with threads.guard:
        if not key:
            threads.stores.clear()
            return TRUE
        return truth(threads.stores.pop(to_text(key[0]), None) is not None)


HELPERS: dict[str, Any] = {
    " thread space": lambda: current().threads.space,
    " thread lock": lambda key: current().threads.locks[to_text(key)],
}
