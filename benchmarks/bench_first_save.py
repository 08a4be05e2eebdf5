"""The first save of the tour's session against `dill.dump_session` of the same variables.

Each pair is a process of its own, which runs the tour's cells and saves with both, in turn the one or the
other first. Compared is the time of the processor: dill does not wait for the disk, and ours does. Ours
imports what it needs to save; dill was imported before, and pickles what another process found that it can.
Both find the memory read a moment ago. Measured where dill is installed, which the project does not need.
"""

import compileall
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.bench_keep import tour
from benchmarks.row import Row, row
from lispe_kernel import Session

ROOT = Path(__file__).resolve().parent.parent
PAIRS = 6
SETTLED = 0.2  # seconds after which no thread of the last sum waits for more
LIMIT = 1.0


def measure() -> list[Row]:
    """Measure the processes, a pair each; nothing where dill is not installed."""
    if find_spec("dill") is None:
        print("dill is not installed: the first save is not measured", file=sys.stderr)
        return []
    compileall.compile_dir(str(ROOT / "lispe_kernel"), quiet=1)
    names = _asked("print(json.dumps(picklable()))")
    found = [_asked(f"pair({names!r}, {number % 2})") for number in range(PAIRS)]
    ours, dills, ours_bytes, dills_bytes = zip(*found, strict=True)
    note = f"{PAIRS} processes, against dill.dump_session"
    sizes = Row(
        *("its bytes", ours_bytes[0], dills_bytes[0], ours_bytes[0] / dills_bytes[0], note, LIMIT, "bytes")
    )
    return [row("first save of the tour, processor time", list(ours), list(dills), note, LIMIT), sizes]


def _asked(program: str) -> Any:
    """What a process of its own prints."""
    program = f"import json\nfrom benchmarks.bench_first_save import pair, picklable\n{program}"
    return json.loads(subprocess.check_output([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT))


def picklable() -> list[str]:
    """The variables of the tour that dill can pickle."""
    import dill

    found = []
    for name, value in _toured().namespace.items():
        with contextlib.suppress(Exception):
            if name.isidentifier() and not name.startswith("_") and dill.dumps(value):
                found.append(name)
    return found


def _toured() -> Session:
    session = Session()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for number, cell in enumerate(tour()):
            with contextlib.suppress(Exception):
                session.evaluate(cell, f"cell {number}")
    return session


def pair(names: list[str], first: int) -> None:
    """Run the tour, save it with both, print the seconds of both and their bytes. first: whose turn it is."""
    import dill
    import torch

    session = _toured()
    module: Any = types.ModuleType("kept")
    sys.modules["kept"] = module
    vars(module).update((name, session.namespace[name]) for name in names)
    with tempfile.TemporaryDirectory() as folder:
        saves: list[Callable[[], object]] = [
            lambda: session.evaluate(f'(session_save "{folder}/ours")'),
            lambda: dill.dump_session(f"{folder}/dill", main=module),
        ]
        seconds = [0.0, 0.0]
        for side in (first, 1 - first):
            for value in vars(module).values():
                held = value.parameters() if isinstance(value, torch.nn.Module) else [value]
                for tensor in held:
                    isinstance(tensor, torch.Tensor) and tensor.sum()
            time.sleep(SETTLED)
            begin = time.process_time()
            saves[side]()
            seconds[side] = time.process_time() - begin
        size = sum(item.stat().st_size for item in os.scandir(f"{folder}/ours"))
        print(json.dumps([*seconds, size, os.path.getsize(f"{folder}/dill")]))
