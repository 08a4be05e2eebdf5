"""Models on disk against plain PyTorch and PEFT: saving, loading, memory, listing, adapters, merged layers.

All files lie in one temporary folder. A save is compared with `torch.save` and a flush to the disk, a load
with `load_state_dict(torch.load(mmap=True))`; both sides of a pair run in turn. Every load is the first of a
new process, which knows of the file what the machine knows: one that was written here is known to be whole,
one that came here as a copy is compared with its checksums byte by byte.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from benchmarks.row import Row, row
from lispe_kernel.torch_library.checkpoints.files import resume_checkpoint, save_checkpoint
from lispe_kernel.torch_library.checkpoints.folders import list_checkpoints
from lispe_kernel.torch_library.files import known_whole
from lispe_kernel.torch_library.lora.files import lora_load_adapters, lora_save_adapters
from lispe_kernel.torch_library.lora.layers import lora_forward, lora_linear, lora_merge_weights
from lispe_kernel.torch_library.lora.models import lora_set_adapter
from lispe_kernel.torch_library.modules.layers import linear_forward
from lispe_kernel.torch_library.state.models import load_model, save_model

LAYERS, WIDTH = 48, 1024
LARGE_LAYERS, LARGE_WIDTH = 3, 4096
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
            return [*_files(), _memory(), *_checkpoints(), _listing(), *_adapters(), _merged()]
        finally:
            os.chdir(before)


def _model(layers: int, width: int) -> nn.Module:
    return nn.Sequential(*(nn.Linear(width, width) for _ in range(layers)))


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
    return [
        row
        for layers, width in ((LAYERS, WIDTH), (LARGE_LAYERS, LARGE_WIDTH))
        for row in (*_saves(_model(layers, width)), *_loads(_model(layers, width)))
    ]


def _note(model: nn.Module) -> str:
    tensors = model.state_dict().values()
    largest = max(tensor.nbytes for tensor in tensors)
    return f"{sum(t.nbytes for t in tensors) / MB:.0f} MB in tensors of {largest / MB:.0f} MB"


def _saves(model: nn.Module) -> list[Row]:
    def torch_save() -> None:
        torch.save(model.state_dict(), "theirs.pt")
        _flush("theirs.pt")

    def save(suffix: str) -> Row:
        times = _pairs(lambda: save_model(model, f"ours{suffix}"), torch_save)
        return row(f"save {suffix}", *times, f"{_note(model)}, against torch.save + flush", limit=1.1)

    return [save(".pt"), save(".safetensors")]


def _loads(loaded: nn.Module) -> list[Row]:
    """Loads of the files that `_saves` wrote."""

    def torch_load() -> None:
        loaded.load_state_dict(torch.load("theirs.pt", weights_only=True, mmap=True))

    def load(path: str) -> None:
        known_whole.forget()
        load_model(path, loaded)

    def load_copy() -> None:
        # Another time of change makes it a file that nobody has seen yet.
        os.utime("copy.pt")
        load("copy.pt")

    def cold(call: Call, path: str) -> Call:
        def run() -> None:
            _evict(path)
            call()

        return run

    shutil.copyfile("ours.pt", "copy.pt")
    os.sync()
    time.sleep(SETTLED)
    note, compares = _note(loaded), "compares every byte first"
    files = {".pt": "ours.pt", ".safetensors": "ours.safetensors", "torch's own .pt": "theirs.pt"}
    rows = [
        row(f"load {name}", *_pairs(partial(load, path), torch_load), note, limit=1.1)
        for name, path in files.items()
    ]
    hot = _pairs(load_copy, torch_load)
    disk = _pairs(cold(load_copy, "copy.pt"), cold(torch_load, "theirs.pt"))
    return [
        *rows,
        row("load a copy, in memory", *hot, f"{note}, {compares}"),
        row("load a copy, from the disk", *disk, f"{note}, {compares}"),
    ]


def _flush(path: str) -> None:
    """Wait until a file is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _evict(path: str) -> None:
    """Let the system forget the content of a file, so that the next read comes from the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


# Prints the model's bytes and the most anonymous memory that loading added to that of the model.
MEMORY = """
import sys, threading, time
import torch
from torch import nn
from lispe_kernel.torch_library.state.models import load_model, save_model

def anonymous():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon"))

save_model(nn.Linear(2, 2), "warm.pt")
load_model("warm.pt", nn.Linear(2, 2))
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
load_model("ours.pt", model)
done = True
watcher.join()
print(size, max(most, anonymous()) - empty)
"""


def _memory() -> Row:
    """The most anonymous memory of a process that loads N bytes into a model of N bytes, against N."""
    command = [sys.executable, "-c", MEMORY, str(LARGE_LAYERS), str(LARGE_WIDTH)]
    root = str(Path(__file__).resolve().parent.parent)
    environment = {**os.environ, "PYTHONPATH": root}
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    size, most = map(int, found.stdout.split())
    note = "model and loading together, against the model's bytes"
    return Row("anonymous memory of a load", most, size, most / size, note, limit=1.1, unit="bytes")


def _checkpoints() -> list[Row]:
    """A training of Adam: saved against torch.save + flush, resumed against torch.load into memory."""
    model = _model(8, 2048)
    optimizer = torch.optim.Adam(model.parameters(), 0.001)
    model(torch.randn(4, 2048)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()

    def torch_save() -> None:
        torch.save(
            {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}, "theirs.ckpt"
        )
        _flush("theirs.ckpt")

    def torch_resume() -> None:
        content = torch.load("theirs.ckpt", weights_only=True)
        model.load_state_dict(content["model"])
        optimizer.load_state_dict(content["optimizer"])

    def resume() -> None:
        known_whole.forget()
        resume_checkpoint("ours.ckpt", model, optimizer)

    save = _pairs(lambda: save_checkpoint(model, optimizer, 1, "ours.ckpt"), torch_save)
    time.sleep(SETTLED)
    note = f"{os.path.getsize('ours.ckpt') / MB:.0f} MB, Adam"
    return [
        row("save a checkpoint", *save, f"{note}, against torch.save + flush", limit=1.1),
        row("resume a checkpoint", *_pairs(resume, torch_resume), f"{note}, against torch.load", limit=1.1),
    ]


def _listing() -> Row:
    """A thousand checkpoints of 100 MB: ours reads headers; the alternative maps them and reads the epoch."""
    model = nn.Linear(5000, 5000)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    os.mkdir("run")
    save_checkpoint(model, optimizer, 0, "run/c0.pt")
    for number in range(1, CHECKPOINTS):
        # One file under a thousand names: the disk need not hold a hundred gigabytes.
        os.link("run/c0.pt", f"run/c{number}.pt")

    def theirs() -> list[int]:
        loaded = (torch.load(item.path, weights_only=True, mmap=True) for item in os.scandir("run"))
        return [content["epoch"] for content in loaded]

    times = _pairs(lambda: list_checkpoints("run"), theirs, rounds=3)
    return row(
        "list 1,000 checkpoints", *times, "100 MB each, against torch.load(mmap=True) of each", limit=1.0
    )


def _adapters() -> list[Row]:
    """Another adapter of a 4096x4096 layer, rank 16: from a file, and between adapters already loaded."""
    from peft import LoraConfig, get_peft_model

    layer = lora_linear(4096, 4096, 16, 32.0)
    for name in ("one", "two"):
        lora_save_adapters(layer, f"{name}.pt")
    base = nn.ModuleDict({"linear": nn.Linear(4096, 4096)})
    theirs = get_peft_model(base, LoraConfig(r=16, lora_alpha=32, target_modules=["linear"]))
    theirs.save_pretrained("peft")
    time.sleep(SETTLED)

    def peft_load() -> None:
        theirs.load_adapter("peft", "other")
        theirs.set_adapter("other")

    def load_first() -> None:
        known_whole.forget()
        lora_load_adapters(layer, "two.pt")

    files = _pairs(load_first, peft_load)
    lora_set_adapter(layer, "second")
    names = iter(["default", "second"] * ROUNDS * 2)
    others = iter(["default", "other"] * ROUNDS * 2)
    held = _pairs(lambda: lora_set_adapter(layer, next(names)), lambda: theirs.set_adapter(next(others)))
    note = "4096x4096, rank 16"
    return [
        row("switch adapters by file", *files, f"{note}, against PEFT's load_adapter", limit=1.0),
        row("switch adapters in memory", *held, f"{note}, against PEFT's set_adapter", limit=1.0),
    ]


def _merged() -> Row:
    """The forward of a merged layer against that of a plain linear layer with the same weights."""
    layer = lora_linear(512, 512, 16, 32.0)
    lora_merge_weights(layer)
    plain = nn.Linear(512, 512)
    plain.load_state_dict(layer.original.state_dict())
    data = torch.randn(1, 512)

    def many(forward: Callable[..., object], module: nn.Module) -> Callable[[], None]:
        def run() -> None:
            for _ in range(300):
                forward(module, data)

        return run

    ours, theirs = many(lora_forward, layer), many(linear_forward, plain)
    note = "against torch_linear_forward, 300 calls"
    return row("forward of a merged layer", *_pairs(ours, theirs, 31), note, limit=1.05)
