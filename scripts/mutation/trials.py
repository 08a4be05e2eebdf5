"""Runs jobs in forks of this process, each in a copy of the checkout: tests under coverage, and mutants.

This process imports torch, pytest and the like once and nothing of the package; a fork imports the package
from its copy. A fork is stopped when it uses too much time or memory, with whatever it started.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts.mutation.nearby import PLUGINS, QUIET

if TYPE_CHECKING:
    from scripts.mutation.mutants import Mutant

WARM = (
    *PLUGINS,
    "torch",
    "numpy",
    "hypothesis.strategies",
    "regex",
    "safetensors.torch",
    "PIL.Image",
    "coverage",
    "tomllib",
)
MEMORY = 6 << 30
# Waiting for nothing is a way to fail too; a busy machine may make a test wait this much longer than it runs.
PATIENCE = 12
_MOMENTS = itertools.count(1_000_000_000)


@dataclass
class Job:
    """Something to do in a copy of the checkout: `run` in a fork, `before` and `after` in this process."""

    run: Callable[[Path], None]
    seconds: float  # of the processor, at most
    before: Callable[[Path], object] = lambda _place: None
    after: Callable[[Path], object] = lambda _place: None


def warm_up() -> None:
    """Import what every fork needs and what costs most of its time otherwise."""
    for name in WARM:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


@contextlib.contextmanager
def copies(root: Path, count: int) -> Iterator[list[Path]]:
    """So many copies of the checkout: what git tracks and what it would."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    folder = Path(tempfile.mkdtemp(prefix="lispe-mutants-"))
    made = [folder / f"copy{number}" for number in range(count)]
    try:
        for name in listed:
            if (root / name).is_file():
                (made[0] / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, made[0] / name)
        subprocess.run([sys.executable, "-m", "compileall", "-q", "lispe_kernel"], cwd=made[0], check=True)
        for copy in made[1:]:
            shutil.copytree(made[0], copy)
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_all(jobs: Iterable[Job], places: list[Path], done: Callable[[Job, int, Path], None]) -> None:
    """Run each job in a fork, as many at a time as there are places; `done` hears its exit status."""
    running: dict[int, tuple[Job, Path, float]] = {}
    # What is told to end takes its forks along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _run_all(iter(jobs), running, list(places), done)
    finally:
        for process in running:
            _kill(process)


def _run_all(
    waiting: Iterator[Job],
    running: dict[int, tuple[Job, Path, float]],
    free: list[Path],
    done: Callable[[Job, int, Path], None],
) -> None:
    while True:
        while free and (job := next(waiting, None)):
            place = free.pop()
            job.before(place)
            running[_fork(job, place)] = (job, place, time.monotonic() + job.seconds * PATIENCE)
        if not running:
            return
        time.sleep(0.02)
        for process, (job, place, end) in list(running.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if not ended and time.monotonic() < end:
                continue
            _kill(process)
            if not ended:
                _, status = os.waitpid(process, 0)
            del running[process]
            job.after(place)
            done(job, os.waitstatus_to_exitcode(status), place)
            free.append(place)


def _kill(process: int) -> None:
    """End a fork with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def _fork(job: Job, place: Path) -> int:
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _settle(place, job.seconds)
        job.run(place)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 70
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _settle(place: Path, seconds: float) -> None:
    """Make the fork at home in its copy: folder, imports, output, limits."""
    root = os.getcwd()
    os.chdir(place)
    sys.path[:] = [str(place), *(entry for entry in sys.path if entry not in ("", root))]
    os.environ["PYTHONPATH"] = str(place)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    log = os.open(place / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    limit = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


def trial(mutant: Mutant, names: list[str], seconds: float) -> Job:
    """Run these tests over the mutant until one fails; pytest gives the status, `killer_in` the test."""
    root = Path.cwd()

    def before(place: Path) -> None:
        (place / "killer").unlink(missing_ok=True)
        (place / mutant.path).write_text(mutant.source)
        # A time of its own, for Python knows bytecode by its file's time and size.
        moment = next(_MOMENTS)
        os.utime(place / mutant.path, (moment, moment))

    def run(place: Path) -> None:
        files = list(dict.fromkeys(str(place / name.split("::")[0]) for name in names))
        options = ["-x", *QUIET, "-o", "timeout=60", f"--rootdir={place}", *files]
        sys.exit(int(pytest.main(options, plugins=[_Chosen(names, place / "killer")])))

    # With the time of the original, so that its bytecode holds.
    return Job(run, seconds, before, lambda _place: shutil.copy2(root / mutant.path, _place / mutant.path))


class _Chosen:
    """A pytest plugin: these tests in this order, and a note of the one that fails."""

    def __init__(self, names: list[str], note: Path) -> None:
        self._order = {name: number for number, name in enumerate(names)}
        self._note = note

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        kept = [item for item in items if item.nodeid in self._order]
        items[:] = sorted(kept, key=lambda item: self._order[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._note.write_text(json.dumps(report.nodeid))


def killer_in(place: Path) -> Any:
    """The test that the last trial in this copy failed in, if it came so far."""
    note = place / "killer"
    return json.loads(note.read_text()) if note.exists() else None
