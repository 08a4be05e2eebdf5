"""A process of a cluster ends with the kernel that started it, however that ended.

A thread asks whose child this process is; once it is nobody's, the process and all that it started end. Where
Linux can, the system kills a rank at once, also one that is deep in a library and lets no thread run.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import threading
import time

from lispe_kernel.ranks.wire import PARENT

# Seconds between two looks.
_PAUSE = 0.3
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


def end_with_parent(*, at_once: bool, folder: str = "") -> None:
    """Have this process end when the kernel does; nothing where a scheduler started it on its own.

    at_once: whether the system may kill it. A process with children of its own must kill these first.
    folder: what it removes then.
    """
    parent = os.environ.get(PARENT)
    if parent is None:
        return
    if at_once:
        die_with(int(parent))
    watch = threading.Thread(target=_watch, args=(parent, folder), name="watch of the kernel", daemon=True)
    watch.start()


def die_with(parent: int) -> None:
    """Have the system kill this process when its parent has ended, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
        # It may have gone before that was asked.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


def _watch(parent: str, folder: str) -> None:
    # The kernel may have gone before this process could look.
    while str(os.getppid()) == parent:
        time.sleep(_PAUSE)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    # The launcher gave this process a group of its own; what it started is in it.
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
