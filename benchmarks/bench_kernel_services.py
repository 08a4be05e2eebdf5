"""Completion, help and large output of our kernel against ipykernel's `python3`, with 10,000 names defined.

Both kernels are asked in turn over the protocol by the same client. The promise for completion and help is
50 ms; the table shows how that compares with what a Python user waits for.
"""

import time
from collections.abc import Callable

from jupyter_client.blocking.client import BlockingKernelClient

from benchmarks.bench_kernel import ALTERNATIVE, OURS, TIMEOUT, kernel, round_trip
from benchmarks.row import Row, row

NAMES = 10_000
LINES = 100_000
ROUNDS = 20
PRINTS = 5
DEFINITIONS = {
    OURS: " ".join(f"(setq name_{number} {number})" for number in range(NAMES)),
    ALTERNATIVE: "\n".join(f"name_{number} = {number}" for number in range(NAMES)),
}
TYPED = {OURS: "(println name_77", ALTERNATIVE: "print(name_77"}
ASKED = {OURS: "(println", ALTERNATIVE: "print"}
PRINTED = {
    OURS: f"(loop (i 0 {LINES}) (println i))",
    ALTERNATIVE: f"for i in range({LINES}): print(i)",
}

Ask = Callable[[BlockingKernelClient, str], None]


def measure(ours: str = OURS, alternative: str = ALTERNATIVE) -> list[Row]:
    """Measure both kernels; the names are kernelspecs' names."""
    with kernel(ours) as first, kernel(alternative) as second:
        sides = [(first, ours), (second, alternative)]
        for client, name in sides:
            client.wait_for_ready(timeout=TIMEOUT)
            round_trip(client, DEFINITIONS[name])
        many = f"{NAMES:,} names defined"
        return [
            compared("completion of a name", sides, complete, ROUNDS, many),
            compared("help on a function", sides, inspect, ROUNDS, many),
            compared("a cell that prints much", sides, prints, PRINTS, f"{LINES:,} lines"),
        ]


def compared(
    what: str, sides: list[tuple[BlockingKernelClient, str]], ask: Ask, rounds: int, note: str
) -> Row:
    """Time `ask` on both sides in turn."""
    times: dict[int, list[float]] = {0: [], 1: []}
    for turn in range(rounds + 1):
        for side, (client, name) in enumerate(sides):
            begin = time.perf_counter()
            ask(client, name)
            if turn:
                times[side].append(time.perf_counter() - begin)
    return row(what, times[0], times[1], note, 1)


def complete(client: BlockingKernelClient, name: str) -> None:
    """Complete a prefix that a hundred names share."""
    answered(client, client.complete(TYPED[name]))


def inspect(client: BlockingKernelClient, name: str) -> None:
    """Ask for help on the printing function."""
    answered(client, client.inspect(ASKED[name]))


def prints(client: BlockingKernelClient, name: str) -> None:
    """Run the printing cell and read all that it prints."""
    round_trip(client, PRINTED[name])


def answered(client: BlockingKernelClient, request: str) -> None:
    """Wait for the reply to a request."""
    while client.get_shell_msg(timeout=TIMEOUT)["parent_header"].get("msg_id") != request:
        continue
