"""A first Session in Python, as `from lispe_kernel import Session; Session()`, against Python's own start.

Both are processes of their own, started in turn, so that a busy machine slows both. No library of the session
is loaded: neither torch nor anything that draws.
"""

import compileall
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.row import Row, row

ROOT = Path(__file__).resolve().parent.parent
OURS, ALTERNATIVE = "from lispe_kernel import Session; Session()", "import asyncio, sqlite3, unittest, email"
STARTS = 15  # counted; one more of each goes before, to fill the machine's caches


def measure() -> list[Row]:
    """Measure the processes in turn."""
    compileall.compile_dir(str(ROOT / "lispe_kernel"), quiet=1)
    times: dict[str, list[float]] = {OURS: [], ALTERNATIVE: []}
    for _ in range(STARTS + 1):
        for program, taken in times.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
            taken.append(time.perf_counter() - begin)
    note = f"{STARTS} processes each, against one that imports asyncio, sqlite3, unittest, email"
    return [row("a first Session in Python", times[OURS][1:], times[ALTERNATIVE][1:], note, 2)]
