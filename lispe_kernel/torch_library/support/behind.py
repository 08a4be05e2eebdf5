"""Work of a thread behind the one that answers: it lets go of the interpreter sooner than Python asks for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Seconds after which such work must let another thread run; Python's own rule is 25 times as long.
SWITCH = 0.0002
_counting = threading.Lock()
_running: list[float] = []


@contextmanager
def behind() -> Iterator[None]:
    """While it lasts, threads that wait for the interpreter get it soon. Several may overlap."""
    with _counting:
        _running.append(sys.getswitchinterval())
        sys.setswitchinterval(min(SWITCH, _running[0]))
    try:
        yield
    finally:
        with _counting:
            before = _running[0]
            _running.pop()
            if not _running:
                sys.setswitchinterval(before)
