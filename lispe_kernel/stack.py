"""Room for deep recursion: Python's limit raised while LispE runs, and the C stack to carry it.

Calls between compiled functions live on the heap; what goes through C (a comparison of nested lists, a
function called by a built-in) needs stack, so the soft limit of the process is raised first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Calls that LispE may nest. Beyond it an ordinary error is raised, `Stack overflow`.
DEEPEST_CALLS = 150_000
_WANTED_STACK = 1 << 30
_raised = False


def _raise_stack_limit() -> None:
    """Let the main thread's stack grow as far as the machine permits. Without POSIX limits nothing is done."""
    global _raised
    _raised = True
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = _WANTED_STACK if hard == resource.RLIM_INFINITY else min(_WANTED_STACK, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))


@contextmanager
def deep_stack() -> Iterator[None]:
    """Permit deep recursion for a while; nests."""
    if not _raised:
        _raise_stack_limit()
    before = sys.getrecursionlimit()
    if before < DEEPEST_CALLS:
        sys.setrecursionlimit(DEEPEST_CALLS)
    try:
        yield
    finally:
        if before < DEEPEST_CALLS:
            sys.setrecursionlimit(before)
