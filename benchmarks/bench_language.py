"""The language against Python: fourteen programs of benchmarks/programs, each beside its Python twin.

Both run turn by turn in one process; the ratio is that of the best times. The results must agree.
"""

import math
import time
from importlib import import_module
from pathlib import Path

from benchmarks.row import Row
from lispe_kernel import Session

PROGRAMS = Path(__file__).resolve().parent / "programs"
# How large a problem each program gets: some tens of milliseconds.
SIZES = {
    "calls": 21,
    "counted_loops": 200_000,
    "dictionaries": 60_000,
    "float_loop": 200_000,
    "lists_and_lambdas": 60_000,
    "methods": 100_000,
    "patterns": 100_000,
    "sieve": 100_000,
    "small_tensors": 2_000,
    "tail_calls": 200_000,
    "text": 40_000,
    "training": 60,
    "typed_lists": 200_000,
    "while_loop": 2_000,
}
ROUNDS = 9
MOST = 2.5
MEAN = 1.25


def measure() -> list[Row]:
    """One row a program, and their geometric mean."""
    rows = [_row(name, size) for name, size in sorted(SIZES.items())]
    mean = math.exp(sum(math.log(row.ratio) for row in rows) / len(rows))
    return [*rows, Row("language: geometric mean", mean, 1.0, mean, "of the ratios above", limit=MEAN)]


def _row(name: str, size: int) -> Row:
    session = Session()
    session.evaluate((PROGRAMS / f"{name}.lisp").read_text(encoding="utf-8"), name)
    ours = session.namespace["run"]
    theirs = import_module(f"benchmarks.programs.{name}").run
    run = session.call
    mine, yours = run(ours, size), theirs(size)
    if not math.isclose(float(mine), float(yours), rel_tol=1e-5):
        raise AssertionError(f"{name}: LispE gives {mine}, Python {yours}")
    best = [math.inf, math.inf]
    for _ in range(ROUNDS):
        for side, call in enumerate((lambda: run(ours, size), lambda: theirs(size))):
            start = time.perf_counter()
            call()
            best[side] = min(best[side], time.perf_counter() - start)
    return Row(f"language: {name}", best[0], best[1], best[0] / best[1], f"n = {size}", limit=MOST)
