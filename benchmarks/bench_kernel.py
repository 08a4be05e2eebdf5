"""Our kernel against ipykernel's `python3`: start until a first cell is answered, and a cell's round trip.

A round trip is the client's work too, which is the same for both, so the kernels' processor time has a row of
its own. While our kernel imports torch in the background its cells take longer: that is measured apart.

Both kernels are driven in turn over the protocol by the same client, in the same process, without a front
end. Each round measures both, so a busy machine slows both.
"""

import compileall
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from benchmarks.row import Row, row

PACKAGE = Path(__file__).resolve().parent.parent / "lispe_kernel"

OURS, ALTERNATIVE = "lispe", "python3"
CELLS = {OURS: "(+ 1 1)", ALTERNATIVE: "1 + 1"}
# What makes each ready to answer at its best: our kernel imports torch, and then what torch imports with the
# first optimizer, in its background otherwise.
FIRST = {OURS: "%%python\nimport torch._dynamo", ALTERNATIVE: "1"}
STARTS = 7  # counted; one more of each kernel goes before, to fill the machine's caches
ROUND_TRIPS = 200
EARLY = 20  # within the time that torch's import takes
WARM_UP = 20
TIMEOUT = 60  # seconds


def measure(ours: str = OURS, alternative: str = ALTERNATIVE) -> list[Row]:
    """Measure both kernels; the names are kernelspecs' names."""
    # An installed package has its bytecode, as ipykernel has; a checkout may lack it.
    compileall.compile_dir(str(PACKAGE), quiet=1)
    return [measure_start(ours, alternative), *measure_round_trip(ours, alternative)]


def measure_start(ours: str, alternative: str) -> Row:
    """Time a kernel's start until its first cell is answered."""
    times: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(STARTS + 1):
        for side, name in enumerate((ours, alternative)):
            begin = time.perf_counter()
            with kernel(name) as client:
                reply_to(client, CELLS[name])
                times[side].append(time.perf_counter() - begin)
    note = f"{STARTS} starts each, against {alternative}"
    return row("kernel start to first answer", times[0][1:], times[1][1:], note, 0.95)


def measure_round_trip(ours: str, alternative: str) -> list[Row]:
    """Time a trivial cell from its request until its reply is here and the kernel is idle again."""
    note = f"{ROUND_TRIPS} cells each, against {alternative}"
    with kernel(ours) as first, kernel(alternative) as second:
        sides = (Side(ours, first), Side(alternative, second))
        early = in_turn(sides, EARLY)
        for side in sides:
            round_trip(side.client, FIRST[side.name])
        times = in_turn(sides, ROUND_TRIPS)
        processor = [side.processor_time() / ROUND_TRIPS for side in sides]
    return [
        row("trivial cell while torch is imported", *early, f"{EARLY} cells each, against {alternative}"),
        row("round trip of a trivial cell", *times, note, 0.5),
        row("processor time of a trivial cell", processor[:1], processor[1:], note, 0.5),
    ]


class Side:
    """One of the two kernels: its client, its cell, and the processor time that its process has used."""

    def __init__(self, name: str, client: BlockingKernelClient) -> None:
        self.name, self.client, self.cell = name, client, CELLS[name]
        client.wait_for_ready(timeout=TIMEOUT)
        manager = client.parent
        assert isinstance(manager, KernelManager)
        self._process = psutil.Process(manager.provisioner.pid)  # type: ignore[union-attr]
        self._before = 0.0

    def begin(self) -> None:
        """Warm up, then count from here."""
        for _ in range(WARM_UP):
            round_trip(self.client, self.cell)
        self._before = self._used()

    def processor_time(self) -> float:
        """Seconds of processor time, of all its threads, since `begin`."""
        return self._used() - self._before

    def _used(self) -> float:
        used = self._process.cpu_times()
        return used.user + used.system


def in_turn(sides: tuple[Side, Side], rounds: int) -> tuple[list[float], list[float]]:
    """Time as many round trips of each side, in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for side in sides:
        side.begin()
    for turn in range(rounds):
        # The kernel that answers second finds the caches warmer, so each goes first in half the rounds.
        for number in (0, 1) if turn % 2 else (1, 0):
            begin = time.perf_counter()
            round_trip(sides[number].client, sides[number].cell)
            times[number].append(time.perf_counter() - begin)
    return times


@contextmanager
def kernel(name: str) -> Iterator[BlockingKernelClient]:
    """Start a kernel and give its client at once, before the kernel listens; shut it down at the end."""
    context = zmq.Context()
    # A socket that finds nobody listening tries again after 100 ms by default, which would blur the starts.
    context.setsockopt(zmq.RECONNECT_IVL, 2)
    manager = KernelManager(kernel_name=name, context=context)
    manager.start_kernel()
    client = manager.client()
    client.start_channels(hb=False, stdin=False)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        context.destroy(linger=0)


def reply_to(client: BlockingKernelClient, cell: str) -> str:
    """Run a cell, wait for its reply, and return the request's id; RuntimeError where the cell failed."""
    request = client.execute(cell)
    while True:
        reply = client.get_shell_msg(timeout=TIMEOUT)
        # On a busy machine an answer to one of the questions whether the kernel is there comes late.
        if reply["parent_header"].get("msg_id") == request:
            break
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"the kernel did not answer {cell!r}: {reply['content']}")
    return str(request)


def round_trip(client: BlockingKernelClient, cell: str) -> None:
    """Run a cell, and wait for its reply and for the kernel to be idle again."""
    request = reply_to(client, cell)
    while True:
        message = client.get_iopub_msg(timeout=TIMEOUT)
        is_ours = message["parent_header"].get("msg_id") == request
        if is_ours and message["content"].get("execution_state") == "idle":
            return
