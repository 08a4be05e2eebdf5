"""What the interpreter is told while LispE works: room for deep recursion, rest from the collector.

Python's limit is raised while LispE runs, and the C stack let carry it.

Calls between compiled functions live on the heap; what goes through C (a comparison of nested lists, a
function called by a built-in) needs stack. The main thread's stack is let grow; in any other thread the
work is done in a thread of ours that has a large one. Memory is taken only when it is used.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")

# Calls that LispE may nest. Beyond it an ordinary error is raised, `Stack overflow`.
DEEPEST_CALLS = 150_000
# What a nested call through C may take at most, measured on nested printing and comparison.
_BYTES_A_CALL = 4096
_STACK = DEEPEST_CALLS * _BYTES_A_CALL

_lock = threading.Lock()
_here = threading.local()
_main_limit = 0
# How many threads are inside `call_deep`, and the limit that the first of them found.
_active = 0
_before = 0


def _main_thread_limit() -> int:
    """How deep the main thread may go, after its stack was let grow as far as the machine permits."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return 2_000
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft != resource.RLIM_INFINITY and soft < _STACK:
        soft = _STACK if hard == resource.RLIM_INFINITY else min(_STACK, hard)
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return DEEPEST_CALLS
    return min(DEEPEST_CALLS, soft // _BYTES_A_CALL)


def call_deep(function: Callable[[], T]) -> T:
    """Call a function where it may recurse deeply."""
    if getattr(_here, "deep", False):
        return function()
    if threading.current_thread() is threading.main_thread():
        return _in_main_thread(function)
    return _in_thread_of_ours(function)


def _in_main_thread(function: Callable[[], T]) -> T:
    global _main_limit  # noqa: PLW0603 - of the process, as the stack is
    if not _main_limit:
        _main_limit = _main_thread_limit()
    return _with_limit(function, _main_limit)


def _with_limit(function: Callable[[], T], limit: int) -> T:
    """Call with the interpreter's limit raised; the last one out restores what the first one found."""
    global _active, _before  # noqa: PLW0603 - of the process, as the limit is
    with _lock:
        if _active == 0:
            _before = sys.getrecursionlimit()
        _active += 1
        if sys.getrecursionlimit() < limit:
            sys.setrecursionlimit(limit)
    _here.deep = True
    try:
        return in_a_large_block(function)
    finally:
        _here.deep = False
        with _lock:
            _active -= 1
            if _active == 0:
                sys.setrecursionlimit(_before)


def in_a_large_block(work: Callable[[], T]) -> T:
    """Do something whose calls lie in one large block of Python's; what is inside already, as it is."""
    if getattr(_here, "in_block", False):
        return work()
    _here.in_block = True
    try:
        return _widely(work)
    finally:
        _here.in_block = False


def _widely(work: Callable[[], T]) -> T:
    return work()


# Python lays the frames of calls into blocks of 16 KiB and gives a block back when its first frame is left: a
# recursion that goes to and fro over the end of one asks the system for memory at every other call, and may
# take twice its time. A frame that says it needs half a MiB gets a block of the next power of two, and what
# it leaves free holds some thousand calls. Memory is taken only when it is used.
_widely.__code__ = _widely.__code__.replace(co_stacksize=1 << 16)  # words


def _in_thread_of_ours(function: Callable[[], T]) -> T:
    found: dict[str, Any] = {}

    def work() -> None:
        try:
            found["value"] = _with_limit(function, DEEPEST_CALLS)
        except BaseException as error:
            found["error"] = error

    thread = start_deep(work, name=threading.current_thread().name)
    thread.join()
    if "error" in found:
        raise found["error"]
    return found["value"]  # type: ignore[no-any-return]


def start_deep(work: Callable[[], None], name: str) -> threading.Thread:
    """Start a thread with a large stack that inherits the context of this one."""
    context = copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name=name, daemon=True)
    with _lock:
        before = threading.stack_size(_STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
    return thread


# So many new objects are left alone by the collector while it rests.
_MANY = 50_000


def at_rest(work: Callable[[Callable[[], None]], T]) -> T:
    """Do something that makes many objects which all stay for a while, without the collector.

    It looks at what is new after every few hundred objects, and at everything again and again while it grows.
    work: is given what it calls at times: the collector looks at what came since, once, if that is much.
    Wherever an interrupt comes, the collector is at work again at the end if it was before.
    """
    was_at_work = gc.isenabled()
    try:
        gc.disable()
        return work(_look_at_new if was_at_work else _rest_on)
    finally:
        if was_at_work:
            gc.enable()


def _look_at_new() -> None:
    if gc.get_count()[0] > _MANY:
        gc.collect(0)


def _rest_on() -> None:
    """The collector does not work at all."""


# Containers nested deeper than this are looked at for one that contains itself.
DEEP = 100


class Walk(threading.local):
    """Where a thread stands in the containers that one operation walks into: how deep, and inside which."""

    def __init__(self) -> None:
        self.depth = 0
        self.inside: set[object] = set()

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_error: object) -> None:
        self.depth -= 1
