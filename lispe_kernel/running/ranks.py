"""A program on several ranks, the processes of torchrun: how they are started, and which of them is heard.

Only rank 0 of a program prints, until the program lets all of them; errors are always heard, with the rank in
front. `lispe run --ranks` calls torchrun and tells in a line what became of a rank that failed.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

FAILED = 1
# Set by torchrun in the processes that it starts.
_OF_TORCHRUN = "TORCHELASTIC_RUN_ID"
# Seconds between two looks whether torchrun is still there.
_PAUSE = 0.3


class RankStream:
    """A stream of one rank among several: what is written goes on, with the rank in front, or nowhere."""

    def __init__(self, stream: TextIO, rank: int, *, silent: bool, marked: bool) -> None:
        self._stream, self._rank = stream, rank
        self._silent, self._marked = silent, marked
        self._at_start = True

    def let_speak(self) -> None:
        """From now on everything is passed on, with the rank in front of each line."""
        self._silent, self._marked = False, True

    def write(self, text: str) -> int:
        if not self._silent:
            self._stream.write(self._with_rank(text) if self._marked else text)
        return len(text)

    def _with_rank(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        mark = f"[rank {self._rank}] "
        marked = "".join(f"{mark if at or self._at_start else ''}{line}" for at, line in enumerate(lines))
        if text:
            self._at_start = text.endswith("\n")
        return marked

    def isatty(self) -> bool:
        """Several ranks write to one terminal: no line can be written over again."""
        return False

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _end_with_torchrun() -> None:
    """Have this process end when the torchrun that started it does, which may have been killed.

    It would train on with nobody to stop it, and write into the folder of whoever starts the program again.
    """
    if _OF_TORCHRUN in os.environ:
        watch = threading.Thread(target=_watch, args=(os.getppid(),), name="watch of torchrun", daemon=True)
        watch.start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PAUSE)
    try:
        print("Error: torchrun has ended, and this rank with it", file=sys.stderr, flush=True)
    finally:
        os._exit(FAILED)


@contextmanager
def heard() -> Iterator[None]:
    """While it lasts, the streams of a process that torchrun started with others are those of its rank."""
    _end_with_torchrun()
    rank, size = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    if not (rank.isdecimal() and size.isdecimal() and int(size) > 1):
        yield
        return
    before = sys.stdout, sys.stderr
    number = int(rank)
    sys.stdout = RankStream(sys.stdout, number, silent=number > 0, marked=False)
    sys.stderr = RankStream(sys.stderr, number, silent=False, marked=True)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def start(ranks: int, file: str, arguments: Sequence[str]) -> int:
    """Run a program on so many ranks of this machine; returns the exit status."""
    from torch.distributed import run as torchrun  # noqa: PLC0415 - start-up: torch comes with the ranks
    from torch.distributed.elastic.multiprocessing.api import SignalException  # noqa: PLC0415 - as above
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError  # noqa: PLC0415 - as above

    words = ["--standalone", "--nproc-per-node", str(ranks), "-m", "lispe_kernel", "run", file, *arguments]
    # What torchrun says of a failure is said below, in a line.
    logging.disable(logging.ERROR)
    try:
        torchrun.run(torchrun.parse_args(words))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        print(f"Error: {_what_became(rank, failure.exitcode)}; the other ranks were stopped", file=sys.stderr)
        return FAILED
    except SignalException as error:
        raise KeyboardInterrupt from error
    finally:
        logging.disable(logging.NOTSET)
    return 0


def _what_became(rank: int, status: int) -> str:
    if status < 0:
        return f"rank {rank} was ended by signal {-status}"
    return f"rank {rank} ended with status {status}"
