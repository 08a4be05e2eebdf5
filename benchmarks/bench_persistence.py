"""Models on disk against plain PyTorch and PEFT: saving, loading, memory, listing, adapters, merged layers.

All files lie in one temporary folder. A save is compared with `torch.save` and a flush to the disk, a load
with `load_state_dict(torch.load(mmap=True))`; both sides of a pair run in turn.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from benchmarks.row import Row, row
from lispe_kernel.torch_library import (
    checkpoint_folders,
    checkpoints,
    lora,
    lora_files,
    lora_models,
    modules,
    persistence,
    verified,
)

LAYERS, WIDTH = 48, 1024
CHECKPOINTS = 1000
ROUNDS = 9
SETTLED = 0.2
MB = 1e6
Call = Callable[[], object]


def measure() -> list[Row]:
    """All rows; about a minute, and half a gigabyte of disk."""
    with tempfile.TemporaryDirectory(prefix="lispe-bench-") as folder:
        before = os.getcwd()
        os.chdir(folder)
        try:
            return [*_files(), _memory(), _listing(), *_adapters(), _merged()]
        finally:
            os.chdir(before)


def _model() -> nn.Module:
    return nn.Sequential(*(nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS)))


def _pairs(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int = ROUNDS
) -> list[list[float]]:
    """Times of both, in turn, after one round that does not count."""
    times: list[list[float]] = [[], []]
    for number in range(rounds + 1):
        for side, call in enumerate((ours, theirs)):
            start = time.perf_counter()
            call()
            if number:
                times[side].append(time.perf_counter() - start)
    return times


def _files() -> list[Row]:
    model, loaded = _model(), _model()
    size = sum(tensor.nbytes for tensor in model.state_dict().values())
    note = f"{size / MB:.0f} MB, {2 * LAYERS} tensors"

    def torch_save() -> None:
        torch.save(model.state_dict(), "theirs.pt")
        descriptor = os.open("theirs.pt", os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    def torch_load() -> None:
        loaded.load_state_dict(torch.load("theirs.pt", weights_only=True, mmap=True))

    def load(path: str) -> Call:
        return lambda: persistence.load_model(path, loaded)

    def load_first() -> None:
        # As in a new process: nothing is known of the file.
        verified.forget()
        persistence.load_model("ours.pt", loaded)

    save_pt = _pairs(lambda: persistence.save_model(model, "ours.pt"), torch_save)
    save_st = _pairs(lambda: persistence.save_model(model, "ours.safetensors"), torch_save)
    time.sleep(SETTLED)
    return [
        row("save .pt", *save_pt, f"against torch.save + flush, {note}", limit=1.1),
        row("save .safetensors", *save_st, f"against torch.save + flush, {note}", limit=1.1),
        row("load .pt", *_pairs(load("ours.pt"), torch_load), f"checksums known, {note}", limit=1.1),
        row("load .safetensors", *_pairs(load("ours.safetensors"), torch_load), note, limit=1.1),
        row("load torch's own .pt", *_pairs(load("theirs.pt"), torch_load), note, limit=1.1),
        row("load .pt the first time", *_pairs(load_first, torch_load), f"verifies every byte, {note}"),
    ]


# Prints the model's bytes and the most anonymous memory that loading added to that of the model.
MEMORY = """
import sys, threading, time
import torch
from torch import nn
from lispe_kernel.torch_library import persistence

def anonymous():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon"))

persistence.save_model(nn.Linear(2, 2), "warm.pt")
persistence.load_model("warm.pt", nn.Linear(2, 2))
empty = anonymous()
layers, width = int(sys.argv[1]), int(sys.argv[2])
model = nn.Sequential(*(nn.Linear(width, width) for _ in range(layers)))
size = sum(tensor.nbytes for tensor in model.state_dict().values())
most, done = 0, False

def watch():
    global most
    while not done:
        most = max(most, anonymous())
        time.sleep(0.0005)

watcher = threading.Thread(target=watch)
watcher.start()
persistence.load_model("ours.pt", model)
done = True
watcher.join()
print(size, max(most, anonymous()) - empty)
"""


def _memory() -> Row:
    """The most anonymous memory of a process that loads N bytes into a model of N bytes, against N."""
    command = [sys.executable, "-c", MEMORY, str(LAYERS), str(WIDTH)]
    root = str(Path(__file__).resolve().parent.parent)
    environment = {**os.environ, "PYTHONPATH": root}
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    size, most = map(int, found.stdout.split())
    note = "model and loading together, against the model's bytes"
    return Row("anonymous memory of a load", most, size, most / size, note, limit=1.1, unit="bytes")


def _listing() -> Row:
    """A thousand checkpoints of 100 MB: ours reads headers; the alternative maps them and reads the epoch."""
    model = nn.Linear(5000, 5000)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    os.mkdir("run")
    checkpoints.save_checkpoint(model, optimizer, 0, "run/c0.pt")
    for number in range(1, CHECKPOINTS):
        # One file under a thousand names: the disk need not hold a hundred gigabytes.
        os.link("run/c0.pt", f"run/c{number}.pt")

    def theirs() -> list[int]:
        loaded = (torch.load(item.path, weights_only=True, mmap=True) for item in os.scandir("run"))
        return [content["epoch"] for content in loaded]

    times = _pairs(lambda: checkpoint_folders.list_checkpoints("run"), theirs, rounds=3)
    return row(
        "list 1,000 checkpoints", *times, "100 MB each, against torch.load(mmap=True) of each", limit=1.0
    )


def _adapters() -> list[Row]:
    """Another adapter of a 4096x4096 layer, rank 16: from a file, and between adapters already loaded."""
    from peft import LoraConfig, get_peft_model

    layer = lora.lora_linear(4096, 4096, 16, 32.0)
    for name in ("one", "two"):
        lora_files.lora_save_adapters(layer, f"{name}.pt")
    base = nn.ModuleDict({"linear": nn.Linear(4096, 4096)})
    theirs = get_peft_model(base, LoraConfig(r=16, lora_alpha=32, target_modules=["linear"]))
    theirs.save_pretrained("peft")
    time.sleep(SETTLED)

    def peft_load() -> None:
        theirs.load_adapter("peft", "other")
        theirs.set_adapter("other")

    def load_first() -> None:
        verified.forget()
        lora_files.lora_load_adapters(layer, "two.pt")

    files = _pairs(load_first, peft_load)
    lora_models.lora_set_adapter(layer, "second")
    names = iter(["default", "second"] * ROUNDS * 2)
    others = iter(["default", "other"] * ROUNDS * 2)
    held = _pairs(
        lambda: lora_models.lora_set_adapter(layer, next(names)), lambda: theirs.set_adapter(next(others))
    )
    note = "4096x4096, rank 16"
    return [
        row("switch adapters by file", *files, f"{note}, against PEFT's load_adapter", limit=1.0),
        row("switch adapters in memory", *held, f"{note}, against PEFT's set_adapter", limit=1.0),
    ]


def _merged() -> Row:
    """The forward of a merged layer against that of a plain linear layer with the same weights."""
    layer = lora.lora_linear(512, 512, 16, 32.0)
    lora.lora_merge_weights(layer)
    plain = nn.Linear(512, 512)
    plain.load_state_dict(layer.original.state_dict())
    data = torch.randn(1, 512)

    def many(forward: Callable[..., object], module: nn.Module) -> Callable[[], None]:
        def run() -> None:
            for _ in range(300):
                forward(module, data)

        return run

    ours, theirs = many(lora.lora_forward, layer), many(modules.linear_forward, plain)
    note = "against torch_linear_forward, 300 calls"
    return row("forward of a merged layer", *_pairs(ours, theirs, 31), note, limit=1.05)
