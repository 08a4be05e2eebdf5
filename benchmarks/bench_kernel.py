"""Our kernel against ipykernel's `python3`: start until a first cell is answered, and a cell's round trip.

Both kernels are driven in turn over the protocol by the same client, in the same process, without a front
end. Each round measures both, so a busy machine slows both.
"""

import compileall
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from benchmarks.row import Row, row

PACKAGE = Path(__file__).resolve().parent.parent / "lispe_kernel"

OURS, ALTERNATIVE = "lispe", "python3"
CELLS = {OURS: "(+ 1 1)", ALTERNATIVE: "1 + 1"}
STARTS = 7  # counted; one more of each kernel goes before, to fill the machine's caches
ROUND_TRIPS = 200
WARM_UP = 20
TIMEOUT = 60  # seconds


def measure(ours: str = OURS, alternative: str = ALTERNATIVE) -> list[Row]:
    """Measure both kernels; the names are kernelspecs' names."""
    # An installed package has its bytecode, as ipykernel has; a checkout may lack it.
    compileall.compile_dir(str(PACKAGE), quiet=1)
    return [measure_start(ours, alternative), measure_round_trip(ours, alternative)]


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


def measure_round_trip(ours: str, alternative: str) -> Row:
    """Time a trivial cell from its request until its reply is here and the kernel is idle again."""
    times: dict[int, list[float]] = {0: [], 1: []}
    with kernel(ours) as first, kernel(alternative) as second:
        sides = ((0, first, CELLS[ours]), (1, second, CELLS[alternative]))
        for _, client, cell in sides:
            client.wait_for_ready(timeout=TIMEOUT)
            for _ in range(WARM_UP):
                round_trip(client, cell)
        for turn in range(ROUND_TRIPS):
            # The kernel that answers second finds the caches warmer, so each goes first in half the rounds.
            for side, client, cell in sides if turn % 2 else reversed(sides):
                begin = time.perf_counter()
                round_trip(client, cell)
                times[side].append(time.perf_counter() - begin)
    note = f"{ROUND_TRIPS} cells each, against {alternative}"
    return row("round trip of a trivial cell", times[0], times[1], note, 0.5)


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
