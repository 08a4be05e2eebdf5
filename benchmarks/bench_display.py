"""What it costs to show a value: the whole bundle (statistics, page, picture) against what is promised.

A large tensor is measured against PyTorch's own passes over it; for the other kinds the alternative is the
time (or size) that is allowed, so that their ratio says how much of it is used.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.row import Row, row
from lispe_kernel import display
from lispe_kernel.torch_library import load as load_torch
from lispe_kernel.torch_library.checkpoints.files import save_checkpoint
from lispe_kernel.torch_library.inside.attention import Attention
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.state.state_dicts import StateDict

ROUNDS = 7
LEAST = 0.060  # seconds that showing a large tensor may always take


def measure() -> list[Row]:
    """Measure each promise of the display."""
    load_torch()
    display.load()
    torch.manual_seed(1)
    return [
        large_tensor(),
        bytes_of_large_tensor(),
        bounded("state dict, 300 tensors, 100 million values", _large_state(), 1.5),
        bounded("state dict, 5,000 small tensors", _small_state(), 2.0),
        bytes_of_small_tensors(),
        bounded("positional encoding 1024 x 512", PositionalEncoding(512, 1024), 0.150),
        timeline_of_checkpoints(),
        trace_of_a_model(),
        bounded("attention 12 x 12 x 128", _heads(), 1.0),
        megabytes("bundle of attention 12 x 12 x 128", _heads(), 0.6),
        import_of_the_floor(),
    ]


def large_tensor() -> Row:
    """The bundle of a 4096 x 4096 tensor against ten times one aminmax and one sum of it, or 60 ms."""
    tensor = torch.randn(4096, 4096)
    ours, allowed = [], []
    for _ in range(ROUNDS):
        passes = seconds(lambda: (torch.aminmax(tensor), tensor.sum()))
        ours.append(seconds(lambda: display.bundle(tensor)))
        allowed.append(max(LEAST, 10 * passes))
    return row(
        "tensor 4096 x 4096, whole bundle", ours[1:], allowed[1:], "of 10 x (aminmax + sum), or 60 ms", 1
    )


def bytes_of_large_tensor() -> Row:
    """The size of that bundle, in megabytes, against 150 KB."""
    return megabytes("bundle of a 4096 x 4096 tensor", torch.randn(4096, 4096), 0.150)


def bytes_of_small_tensors() -> Row:
    """The size of the page of 5,000 tensors, in megabytes, against 1.5 MB."""
    return megabytes("bundle of 5,000 small tensors", _small_state(), 1.5)


def megabytes(name: str, value: Any, allowed: float) -> Row:
    """The size of a bundle; sizes stand in the columns of times."""
    size = sum(map(len, display.bundle(value).values())) / 1e6
    return row(name, [size], [allowed], "of the size allowed (1 s stands for 1 MB)", 1)


def bounded(name: str, value: Any, allowed: float) -> Row:
    """The bundle of a value against the seconds allowed."""
    ours = [seconds(lambda: display.bundle(value)) for _ in range(4)]
    return row(name, ours, [allowed] * len(ours), "of the seconds allowed", 1)


def timeline_of_checkpoints() -> Row:
    """The timeline of 200 checkpoints: reading the folder and drawing it."""
    from lispe_kernel.display.views.timeline import timeline

    model = torch.nn.Linear(64, 64)
    optimizer = torch.optim.Adam(model.parameters())
    with tempfile.TemporaryDirectory() as folder:
        for epoch in range(200):
            save_checkpoint(model, optimizer, epoch, str(Path(folder) / f"c_{epoch}.pt"))
        ours = [seconds(lambda: display.bundle(timeline(folder))) for _ in range(3)]
    return row("timeline of 200 checkpoints", ours, [2.0] * len(ours), "of the seconds allowed", 1)


def trace_of_a_model() -> Row:
    """A run of a transformer of 6 layers of 512, 8 texts of 128 places, traced, against the run alone.

    Measured is the time of the processor with one thread: it does not depend on who else works here.
    """
    from lispe_kernel.torch_library.inside.functions import trace
    from lispe_kernel.torch_library.modules.attention import TransformerBlock

    model = torch.nn.Sequential(*[TransformerBlock(512, 8, 2048) for _ in range(6)]).eval()
    data = torch.randn(8, 128, 512)
    ours, alone, threads = [], [], torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.no_grad():
        for _ in range(ROUNDS):
            alone.append(seconds(lambda: model(data), time.process_time))
            ours.append(seconds(lambda: trace(model, data), time.process_time))
    torch.set_num_threads(threads)
    return row(
        "trace of a transformer, 19 million weights", ours[1:], alone[1:], "against the run alone", 1.3
    )


def import_of_the_floor() -> Row:
    """What the kernel's start pays for the display functions: a process with them, against one without."""
    import subprocess
    import sys

    code = "import lispe_kernel.session"
    more = f"{code}; from lispe_kernel import display; display.load()"
    ours, without = [], []
    for _ in range(5):
        without.append(seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True)))
        ours.append(seconds(lambda: subprocess.run([sys.executable, "-c", more], check=True)))
    return row("importing the display floor", ours, without, "a process with it, against one without")


def seconds(act: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long `act` takes."""
    begin = clock()
    act()
    return clock() - begin


def _large_state() -> StateDict:
    return StateDict({f"layers.{k // 6}.part{k % 6}.weight": torch.randn(333, 1000) for k in range(300)})


def _heads() -> Attention:
    """Noise: what a picture of attention holds at most."""
    weights = tuple(torch.softmax(2 * torch.randn(12, 128, 128), -1) for _ in range(12))
    return Attention(tuple(f"layer {k}" for k in range(12)), weights, None)


def _small_state() -> StateDict:
    return StateDict({f"layers.{k // 10}.part{k % 10}.weight": torch.randn(16, 8) for k in range(5000)})
