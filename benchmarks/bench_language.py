"""The language against Python: the forty programs of benchmarks/programs, each beside its Python twin.

Both run turn by turn in one process; the ratio is that of the best times. The results must agree.
What the process holds already is kept from the garbage collector, which would walk through it (PyTorch, the
programs before) in the middle of either side's turn.
"""

import gc
import math
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from benchmarks.row import Row
from lispe_kernel import Session

PROGRAMS = Path(__file__).resolve().parent / "programs"
# How large a problem each program gets: some tens of milliseconds of Python.
# The authors of the compiler may profile these programs ...
PROFILED = {
    "calls": 21,
    "closures": 90_000,
    "collatz": 4_000,
    "counted_loops": 200_000,
    "dictionaries": 60_000,
    "factors": 25_000,
    "float_loop": 200_000,
    "life": 60,
    "lists_and_lambdas": 60_000,
    "mandelbrot": 110,
    "methods": 100_000,
    "patterns": 100_000,
    "sieve": 100_000,
    "sieve_rho": 400_000,
    "small_tensors": 2_000,
    "tail_calls": 200_000,
    "text": 40_000,
    "training": 60,
    "typed_lists": 200_000,
    "while_loop": 2_000,
}
# ... and only measure these, so that what is done for the first half is seen to serve programs that nobody
# looked at. Of the 26 programs that joined the first fourteen, random.Random(12).sample(sorted(names), 20)
# chose these.
UNSEEN = {
    "binary_trees": 13,
    "csv_sums": 25_000,
    "derivative": 100,
    "edit_distance": 250,
    "fannkuch": 7,
    "fasta": 110_000,
    "flood_fill": 220,
    "hanoi": 18,
    "intervals": 26_000,
    "k_nucleotide": 30_000,
    "matrices": 85,
    "merge_sort": 15_000,
    "nbody": 4_500,
    "queens": 10,
    "reverse_complement": 180_000,
    "run_length": 45_000,
    "shortest_path": 140,
    "spectral_norm": 120,
    "stack_machine": 12_000,
    "word_counts": 18_000,
}
# The slowest of them were read since, and profiled.
READ_SINCE = frozenset(
    {
        "edit_distance",
        "fannkuch",
        "flood_fill",
        "hanoi",
        "intervals",
        "k_nucleotide",
        "merge_sort",
        "nbody",
        "reverse_complement",
        "shortest_path",
    }
)
ROUNDS = 5
MOST = 2.5
MEAN = 1.25


def measure() -> list[Row]:
    """One row a program, the geometric means of either half and of all."""
    profiled = [_row(name, size, "may be profiled") for name, size in sorted(PROFILED.items())]
    read = [_row(name, UNSEEN[name], "read since") for name in sorted(READ_SINCE)]
    unseen = [
        _row(name, size, "only measured") for name, size in sorted(UNSEEN.items()) if name not in READ_SINCE
    ]
    return [
        *profiled,
        *read,
        *unseen,
        _mean("may be profiled", profiled),
        _mean("read since", read),
        _mean("only measured", unseen),
        _mean("all", [*profiled, *read, *unseen]),
    ]


def agree(mine: object, yours: object) -> bool:
    """Say whether both sides gave the same text, or the same number but for rounding."""
    if isinstance(mine, str) or isinstance(yours, str):
        return mine == yours
    return math.isclose(float(mine), float(yours), rel_tol=1e-5)


def prepared(name: str) -> tuple[Callable[[int], object], Callable[[int], object]]:
    """Return the program `name` as a function of its size: in LispE, and in Python."""
    session = Session()
    session.evaluate((PROGRAMS / f"{name}.lisp").read_text(encoding="utf-8"), name)
    ours = session.namespace["run"]
    return lambda size: session.call(ours, size), import_module(f"benchmarks.programs.{name}").run


def _mean(which: str, rows: Iterable[Row]) -> Row:
    ratios = [row.ratio for row in rows]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    note = f"of {len(ratios)} ratios above"
    return Row(f"language: geometric mean, {which}", mean, 1.0, mean, note, limit=MEAN)


def _row(name: str, size: int, half: str) -> Row:
    ours, theirs = prepared(name)
    mine, yours = ours(size), theirs(size)
    if not agree(mine, yours):
        raise AssertionError(f"{name}: LispE gives {mine}, Python {yours}")
    gc.collect()
    gc.freeze()
    best = [math.inf, math.inf]
    for _ in range(ROUNDS):
        for side, call in enumerate((ours, theirs)):
            start = time.perf_counter()
            call(size)
            best[side] = min(best[side], time.perf_counter() - start)
    gc.unfreeze()
    return Row(f"language: {name}", best[0], best[1], best[0] / best[1], f"n = {size}, {half}", limit=MOST)
