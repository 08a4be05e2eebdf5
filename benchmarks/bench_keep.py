"""What `session_keep` costs the cells of a session: the same cells with it and without, in one kernel.

The cells of the tour and fifty small ones are run one after the other, as "Run All" does it, so that what is
done behind a cell's answer counts. The fifty are also run with a moment between them, as a person does: then
only the time from a request to its reply counts. One kernel runs both, which begins and ends to keep between
them: two kernels differ by a tenth that has nothing to do with it. Between two runs what waits is written: a
processor that writes for one run is awake for the cells of the next, which then take a tenth less.
"""

import json
import shutil
import tempfile
import time
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient

from benchmarks.bench_kernel import kernel, reply_to, round_trip
from benchmarks.row import Row, row

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
READY = "%%python\nimport torch._dynamo"
ROUNDS = 14
PAUSE = 0.05  # seconds between two cells of a person in a hurry
REST = 0.5  # seconds between two runs
LIMIT = 1.05


def measure() -> list[Row]:
    """Measure the tour, and fifty small cells at once and with pauses."""
    folder = tempfile.mkdtemp()
    try:
        return [
            _row("keep a session: 50 small cells at once", folder, small(), 0.0),
            _row("keep a session: 50 small cells, to their replies", folder, small(), PAUSE),
            _row("keep a session: the tour at once", folder, tour(), 0.0),
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tour() -> list[str]:
    """The cells of the tour."""
    cells = json.loads((NOTEBOOKS / "tour.ipynb").read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def small() -> list[str]:
    """Fifty cells of a notebook without tensors: numbers, functions, lists, sums, dictionaries."""
    return [
        text.replace("N", str(number))
        for number in range(10)
        for text in (
            "(setq aN N)",
            "(defun fN (x) (+ x aN))",
            "(setq lN (map 'fN (range 0 20 1)))",
            "(sum lN)",
            '(setq dN (dictionary "k" lN "n" N))',
        )
    ]


def _row(name: str, folder: str, cells: list[str], pause: float) -> Row:
    times: tuple[list[float], list[float]] = ([], [])
    with kernel("lispe") as client:
        client.wait_for_ready(timeout=60)
        round_trip(client, READY)
        _run(client, cells, 0.0)
        for turn in range(ROUNDS):
            for side in (0, 1) if turn % 2 else (1, 0):
                place = "nil" if side else f'"{tempfile.mkdtemp(dir=folder)}/kept"'
                round_trip(client, f"(session_keep {place})")
                # The first cell is kept with all that the session holds.
                round_trip(client, "1")
                time.sleep(REST)
                times[side].append(_run(client, cells, pause))
                time.sleep(REST)
    note = f"{ROUNDS} rounds of {len(cells)} cells, against the same without"
    return row(name, times[0], times[1], note, LIMIT)


def _run(client: BlockingKernelClient, cells: list[str], pause: float) -> float:
    """Seconds that all cells take; with a pause after each, seconds until the replies."""
    taken = 0.0
    for cell in cells:
        begin = time.perf_counter()
        (reply_to if pause else round_trip)(client, cell)
        taken += time.perf_counter() - begin
        time.sleep(pause)
    return taken
