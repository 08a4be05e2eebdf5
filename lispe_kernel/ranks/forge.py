"""The process that becomes the ranks of this machine, as the notebook sees it: begun, asked, ended.

What it does stands in `forks.py`. Its standard input brings requests; its output tells what became of them,
a line of JSON each.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Birth:
    """A rank that is to be: who is told its process, and how it ended."""

    born: Callable[[int], None]
    ended: Callable[[int], None]


class Forge:
    """One process that has imported what all ranks need. Begun in a thread that lives as long as they do.

    log: the file that has what it prints, while no rank is there yet.
    """

    def __init__(self, log: str) -> None:
        self.log = log
        with open(log, "ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lispe_kernel.ranks", "forge"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self._births: dict[str, Birth] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, name="forge of ranks", daemon=True).start()

    def ask(self, name: str, request: dict[str, Any], birth: Birth) -> None:
        """Ask for a rank; it comes when all is imported. Errors: OSError where nobody is there any more."""
        with self._lock:
            self._births[name] = birth
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"name": name, **request}).encode() + b"\n")
        self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "pid" in told:
                self._births[told["name"]].born(told["pid"])
            else:
                self._take(told["name"]).ended(told["status"])
        # Where the forge has ended, the system ended its ranks.
        status = self._process.wait()
        with self._lock:
            left, self._births = list(self._births.values()), {}
        for birth in left:
            birth.ended(status)

    def _take(self, name: str) -> Birth:
        with self._lock:
            return self._births.pop(name)

    def end(self) -> None:
        """End it, and with it all ranks that came from it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
