"""One process that imports all that a rank needs, once, and becomes each rank of this machine by forking.

Importing PyTorch is most of what a start costs, and ranks that share it share the memory, too. It starts no
thread and opens no connection before it forks. Who gets a thread from a library all the same gets ranks that
are started anew.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import select
import signal
import sys
from typing import Any

from lispe_kernel.ranks.watch import die_with
from lispe_kernel.ranks.wire import PARENT

# What the first cell would import otherwise.
_LIBRARIES = ("ipyparallel.engine.app", "torch.distributed", "lispe_kernel.torch_library.distributed.group")


def serve() -> list[str]:
    """Import, then fork a rank for each request. Comes back in a rank, with the arguments of its engine."""
    me = os.getpid()
    # Once its parent is gone so is this one, also while it imports.
    die_with(int(os.environ[PARENT]))
    requests = os.dup(0)
    answers = os.dup(1)
    os.set_inheritable(requests, False)
    # What a library prints while it is imported is no answer.
    os.dup2(2, 1)
    _import()
    waking, woken = os.pipe()
    for end in (waking, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    own = [requests, answers, waking, woken]
    names: dict[int, str] = {}
    rest = b""
    while True:
        ready, _, _ = select.select([requests, waking], [], [])
        if waking in ready:
            os.read(waking, 4096)
            _bury(names, answers)
        if requests in ready:
            came = os.read(requests, 1 << 16)
            if not came:
                # Nobody asks any more: the system ends the ranks with this process.
                sys.exit(0)
            *lines, rest = (rest + came).split(b"\n")
            for line in map(json.loads, lines):
                alone = _is_alone()
                process = os.fork()
                if process == 0:
                    return _become(line, me, own, alone=alone)
                names[process] = line["name"]
                _tell(answers, {"name": line["name"], "pid": process})


def _import() -> None:
    from lispe_kernel import display  # noqa: PLC0415 - whoever asks for the forge is watched first
    from lispe_kernel.ranks import rank as _rank  # noqa: F401, PLC0415 - as above
    from lispe_kernel.running.background import load_torch_library  # noqa: PLC0415 - as above

    load_torch_library()
    for name in _LIBRARIES:
        importlib.import_module(name)
    display.load()
    # The collector would write to the pages that all ranks share.
    gc.freeze()


def _is_alone() -> bool:
    """Whether no library has begun a thread."""
    return len(os.listdir("/proc/self/task")) == 1


def _bury(names: dict[int, str], answers: int) -> None:
    """Tell of the ranks that have ended."""
    while names:
        process, status = os.waitpid(-1, os.WNOHANG)
        if process == 0:
            return
        _tell(answers, {"name": names.pop(process), "status": os.waitstatus_to_exitcode(status)})


def _tell(answers: int, told: dict[str, Any]) -> None:
    os.write(answers, json.dumps(told).encode() + b"\n")


# -- in a rank ------------------------------------------------------------------------------------------


def _become(request: dict[str, Any], parent: int, own: list[int], *, alone: bool) -> list[str]:
    """Make this process the one that a launcher would have started; the arguments of its engine.

    alone: whether it is the copy of one that had no other threads.
    """
    arguments: list[str] = request["arguments"]
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in own:
        os.close(descriptor)
    die_with(parent)
    os.setsid()
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, place)
    os.close(log)
    os.close(nothing)
    os.environ.clear()
    os.environ.update({**request["environment"], PARENT: str(parent)})
    os.chdir(request["folder"])
    if not alone or _has_lost_its_card():
        # The locks and pools of those threads, the driver of the graphics card, are of no use here.
        os.execv(sys.executable, [sys.executable, "-m", "lispe_kernel.ranks", "engine", *arguments])
    _reseed()
    return arguments


def _has_lost_its_card() -> bool:
    """Whether a library spoke with a graphics card before this process was copied."""
    cuda = sys.modules["torch"].cuda
    return bool(cuda.is_initialized() or cuda._is_in_bad_fork())


def _reseed() -> None:
    """Let random numbers be this rank's own, as those of a process that was started for it."""
    random.seed()
    sys.modules["numpy"].random.seed()
    sys.modules["torch"].default_generator.seed()
