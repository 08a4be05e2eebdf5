"""Many ranks: the step of a training on two of them against the same loop in Python, and how they start.

Both loops run in the same two processes of torchrun, in turn, with one group of PyTorch's between them, so
that a busy machine slows both. The start is that of `(ranks 2)` in a running kernel until both have answered.
"""

import compileall
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import distributed, nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from benchmarks.bench_kernel import kernel, reply_to
from benchmarks.row import Row, row
from lispe_kernel.session import Session

ROOT = Path(__file__).resolve().parent.parent
RANKS = 2
WIDTH, BATCH, CLASSES = 512, 64, 10  # of one rank
ROUNDS, STEPS = 60, 10  # a round is so many steps of each; some more go before
WARM_UP = 5
STARTS = 5
IMPORT = "import time; t = time.perf_counter(); import torch; print(time.perf_counter() - t)"

PROGRAM = f"""
(torch_distributed)
(torch_manual_seed 1)
(class@ net (first second last)
  (defun forward (x) (last (torch_relu (second (torch_relu (first x)))))))
(setq model (torch_parallel
  (net (torch_linear {WIDTH} {WIDTH}) (torch_linear {WIDTH} {WIDTH}) (torch_linear {WIDTH} {CLASSES}))))
(setq optimizer (torch_optimizer model 0.001 "adamw"))
(defun steps (count x y)
  (loopcount count
    (torch_optimizer_zero_grad optimizer)
    (setq loss (torch_cross_entropy (model x) y))
    (torch_backward loss)
    (torch_optimizer_step optimizer)))
"""


def measure() -> list[Row]:
    """Measure the step by torchrun, and the start in a kernel."""
    compileall.compile_dir(str(ROOT / "lispe_kernel"), quiet=1)
    return [*measure_step(), measure_start()]


def measure_step() -> list[Row]:
    """Time the steps of both loops, by the clock and by the processor."""
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(RANKS)]
    found = subprocess.run(
        [sys.executable, *words, "-m", "benchmarks.bench_ranks"],
        check=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
    )
    ours, alternative, our_work, its_work = json.loads(found.stdout)
    note = f"{ROUNDS} rounds of {STEPS} steps on {RANKS} ranks, against the same loop in Python"
    return [
        row("a step of a training on two ranks", ours, alternative, note, 1.03),
        row("processor time of such a step", our_work, its_work, note, 1.03),
    ]


class Net(nn.Module):
    """The model of PROGRAM."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.last = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.second(self.first(x).relu()).relu())


def rank() -> None:
    """What each of torchrun's processes does: both loops in turn; rank 0 prints the seconds of a step."""
    session = Session()
    session.evaluate(PROGRAM)
    steps = session.namespace["steps"]
    torch.manual_seed(1)
    model = DistributedDataParallel(Net())
    optimizer = torch.optim.AdamW(model.parameters(), 0.001)
    x, y = torch.randn(BATCH, WIDTH), torch.randint(CLASSES, (BATCH,))

    def in_python(count: int, x: torch.Tensor, y: torch.Tensor) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            loss = cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()

    def in_lispe(count: int, x: torch.Tensor, y: torch.Tensor) -> None:
        session.call(lambda: steps(count, x, y))

    times: list[list[float]] = [[], [], [], []]
    for number in range(WARM_UP + ROUNDS):
        sides = [(0, in_lispe), (1, in_python)]
        # Neither has what the other left in the caches every time.
        for side, work in sides if number % 2 else reversed(sides):
            distributed.barrier()
            begin, used = time.perf_counter(), time.process_time()
            work(STEPS, x, y)
            times[side].append((time.perf_counter() - begin) / STEPS)
            times[2 + side].append((time.process_time() - used) / STEPS)
    if distributed.get_rank() == 0:
        print(json.dumps([each[WARM_UP:] for each in times]))


def measure_start() -> Row:
    """Time the start of two ranks to their first answer; against a kernel's own and PyTorch's import."""
    times: list[list[float]] = [[], []]
    for _ in range(STARTS + 1):
        begin = time.perf_counter()
        with kernel("lispe") as client:
            reply_to(client, "(+ 1 1)")
            alone = time.perf_counter() - begin
            reply_to(client, "(torch_zeros '(1))")
            begin = time.perf_counter()
            reply_to(client, f"(ranks {RANKS})")
            reply_to(client, "%%ranks\n(torch_rank)")
            times[0].append(time.perf_counter() - begin)
        imported = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True)
        times[1].append(alone + float(imported.stdout))
    note = f"{STARTS} starts each, against a kernel's start and import torch"
    return row("start of two ranks to first answer", times[0][1:], times[1][1:], note, 2)


if __name__ == "__main__":
    rank()
