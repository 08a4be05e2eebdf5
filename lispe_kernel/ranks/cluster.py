"""The processes of `(ranks 4)`: started, counted, stopped. What they are asked stands in `asking.py`.

ipyparallel starts a controller and the engines; where its profile names a launcher (SSH, Slurm, ...) that one
starts them. On this machine they end with the kernel at the latest, also when it is killed: see `watch.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lispe_kernel.language.errors import LispeError
from lispe_kernel.ranks.forge import Forge
from lispe_kernel.ranks.wire import FOLDER, PARENT

T = TypeVar("T")

# Seconds that starting may take, and that processes may take to be gone after they were killed.
_START, _GONE = 120.0, 5.0
_PAUSE = 0.02
# An engine is known with the first beat of its heart; on a busy machine many may be missed.
_CONTROLLER = [
    "--IPController.use_threads=True",
    "--HeartMonitor.period=200",
    "--HeartMonitor.max_heartmonitor_misses=600",
    "--log-level=50",
]
# Lines of a rank's own output that are shown when it died, and those of its engine, which say nothing of it.
_LINES = 5
_OF_THE_ENGINE = re.compile(r"^\d{4}-\d\d-\d\d .*\[\w+(\.\w+)*\]|\[IPEngine")


@dataclass
class Member:
    """One rank as the notebook knows it."""

    engine: int
    host: str = ""
    pid: int = 0
    # The launcher of its process, where that runs on this machine.
    launcher: Any = None
    # Why it is gone, when it is.
    gone: str = ""
    # What was sent to it, by name: the text or the checksum of each.
    sent: dict[str, str] = field(default_factory=dict)


class Cluster:
    """A controller, its engines and the client that speaks with them."""

    def __init__(self, count: int, profile: str | None, timeout: float) -> None:
        self.count, self.timeout = count, timeout
        self.profile = profile
        self.members: list[Member] = []
        self.client: Any = None
        # Whether the ranks have to join each other before the next cell.
        self.apart = True
        self.share_gpus = False  # where there are GPUs, and fewer than ranks
        self.folder = tempfile.mkdtemp(prefix="lispe-ranks-")
        # The controller, the engines and the client, as far as they were begun.
        self._processes: list[Any] = []
        # What the ranks of this machine are copies of.
        self._forges: list[Forge] = []
        self._loop = _Loop()
        # At the end of the process, too.
        self.end = weakref.finalize(self, _end, self._processes, self._forges, self._loop, self.folder)

    # -- starting ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the processes, wait until all engines are there. Errors: LispeError; nothing is left then."""
        if importlib.util.find_spec("ipyparallel") is None:
            raise LispeError(
                "Error: ranks: the package ipyparallel is needed: pip install 'lispe-kernel[ranks]'"
            )
        deadline = time.monotonic() + _START
        try:
            if self.profile is None and sys.platform == "linux" and _one_thread_each(self.count):
                self._loop.run(self._begin_forge(), deadline)
            import ipyparallel  # noqa: PLC0415 - heavy: the forge imports beside it

            self._launch(ipyparallel, deadline)
        except BaseException:
            self.end()
            raise

    async def _begin_forge(self) -> None:
        with _environment(self._told()):
            self._forges.append(Forge(os.path.join(self.folder, "forge.log")))

    def _told(self) -> dict[str, str]:
        """What the processes of this cluster find in their environment."""
        whose = {PARENT: str(os.getpid()), FOLDER: self.folder} if self.profile is None else {}
        return {**whose, **_threads(self.count), "PYTHONPATH": _path()}

    def _launch(self, ipyparallel: Any, deadline: float) -> None:
        local = self.profile is None
        own = [sys.executable, "-m", "lispe_kernel.ranks"]
        cluster = ipyparallel.Cluster(
            n=self.count,
            parent=None,
            log_level=50,
            delay=0,
            shutdown_atexit=False,
            send_engines_connection_env=not local,
            controller_args=_CONTROLLER,
            **({"profile_dir": self.folder, "load_profile": False} if local else {"profile": self.profile}),
        )
        cluster.config.EngineLauncher.engine_cmd = [*own, "engine"]
        cluster.config.EngineLauncher.engine_args = [
            "--log-level=50",
            f"--IPEngine.wait_for_url_file={_START:g}",
            # What these watch, the launcher of this machine sees itself.
            *(["--IPEngine.enable_nanny=False", "--IPEngine.max_heartbeat_misses=0"] if local else []),
        ]
        if local:
            cluster.config.ControllerLauncher.controller_cmd = [*own, "controller"]
            cluster.config.LocalEngineSetLauncher.delay = 0
        for forge in self._forges:
            from lispe_kernel.ranks.launching import launcher_of  # noqa: PLC0415 - it stands on ipyparallel

            cluster.engine_launcher_class = launcher_of(forge)
        self._loop.run(self._start(cluster), deadline)
        self.client = self._loop.run(self._connect(cluster), deadline)
        while len(self.client.ids) < self.count:
            self._check_start(deadline)
            time.sleep(_PAUSE)
        self.members = [Member(engine) for engine in sorted(self.client.ids)[: self.count]]

    async def _start(self, cluster: Any) -> None:
        with _environment(self._told()):
            await cluster.start_controller()
            self._processes.append(cluster.controller)
            await cluster.start_engines(self.count)
        engines = cluster.engine_set
        self._processes += list(getattr(engines, "launchers", {}).values()) or [engines]

    async def _connect(self, cluster: Any) -> Any:
        # The kernel's shell is no IPython, and a client would give it magics.
        client = await cluster.connect_client()
        self._processes.append(client)
        return client

    def _check_start(self, deadline: float) -> None:
        for launcher in self._launchers():
            if not launcher.running:
                raise LispeError(f"Error: ranks: a rank ended while it started{_last_lines(launcher)}")
        if time.monotonic() > deadline:
            raise LispeError(
                f"Error: ranks: {len(self.client.ids)} of {self.count} ranks came within {_START:g} seconds"
            )

    def _launchers(self) -> list[Any]:
        return [process for process in self._processes[1:] if hasattr(process, "running")]

    def know(self, number: int, described: dict[str, Any]) -> None:
        """Take what a rank tells of itself."""
        member = self.members[number]
        member.host, member.pid = described["host"], described["pid"]
        member.launcher = next((each for each in self._launchers() if each.pid == member.pid), None)

    # -- who is there -----------------------------------------------------------------------------

    def look(self, number: int) -> str:
        """Why a rank is gone; empty while it is there."""
        member = self.members[number]
        if not member.gone:
            if member.launcher is not None and not member.launcher.running:
                code = (member.launcher.stop_data or {}).get("exit_code")
                member.gone = _ending(code) + _last_lines(member.launcher)
            elif member.engine not in self.client.ids:
                member.gone = "it ended"
            elif not self._processes[0].running:
                member.gone = "the controller of the ranks ended, and nothing reaches them any more"
        return member.gone

    def signal(self, number: int, which: signal.Signals) -> None:
        """Send a signal to one rank."""
        member = self.members[number]
        if member.launcher is None:
            self.client.send_signal(which, targets=member.engine, block=False)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member.pid, which)

    def kill(self, number: int, why: str) -> None:
        """End one rank."""
        self.signal(number, signal.SIGKILL)
        self.members[number].gone = why


# -- processes ------------------------------------------------------------------------------------------


class _Loop:
    """An event loop in a thread of its own, which lives as long as the cluster.

    The system kills a rank when the *thread* that started it ends, so no cell's thread may do that.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="ranks", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T], deadline: float) -> T:
        """What the work gives. Interruptible. Errors: LispeError for one that takes too long."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while not future.done():
            if time.monotonic() > deadline:
                future.cancel()
                raise LispeError(f"Error: ranks: the controller did not come within {_START:g} seconds")
            time.sleep(_PAUSE)
        try:
            return future.result()
        except (OSError, RuntimeError) as error:
            raise LispeError(f"Error: ranks: the ranks could not be started: {error}") from error

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


def _end(processes: list[Any], forges: list[Forge], loop: _Loop, folder: str) -> None:
    """End everything that was started; what schedulers run is cancelled by their launchers."""
    local = [process for process in processes if getattr(process, "pid", -1) > 0]
    for process in local:
        # Each has a group of its own, and what it started is in it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for process in processes:
        if hasattr(process, "running"):
            if process not in local:
                with contextlib.suppress(Exception):
                    loop.run(process.stop(), time.monotonic() + _GONE)
        else:
            process.close(linger=0)
    deadline = time.monotonic() + _GONE
    while any(process.running for process in local) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    for forge in forges:
        forge.end()
    loop.stop()
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _environment(more: dict[str, str]) -> Any:
    """The environment with more in it, for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _threads(count: int) -> dict[str, str]:
    """As torchrun does it: several ranks on a machine take one thread each unless told otherwise."""
    return {"OMP_NUM_THREADS": "1"} if count > 1 and "OMP_NUM_THREADS" not in os.environ else {}


def _one_thread_each(count: int) -> bool:
    """Whether no library of a rank begins threads before it is used: those would not live in a copy."""
    return {**os.environ, **_threads(count)}.get("OMP_NUM_THREADS") == "1"


def _path() -> str:
    """Where ranks find what this process runs."""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])


def _ending(code: Any) -> str:
    if isinstance(code, int) and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        told = " (the system does that when memory runs out)" if name == "SIGKILL" else ""
        return f"it was ended by {name}{told}"
    return f"it ended with status {code}" if code is not None else "it ended"


def _last_lines(launcher: Any) -> str:
    try:
        lines = launcher.get_output().split("\n")
    except (OSError, UnicodeDecodeError):
        return ""
    own = [line for line in lines if line.strip() and not _OF_THE_ENGINE.search(line)]
    return "".join(f"\n  {line}" for line in own[-_LINES:])
