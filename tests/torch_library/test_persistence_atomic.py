"""Whole or not at all: killed savers, full disks, read-only folders, two processes on one path."""

import fcntl
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from lispe_kernel.torch_library.files import atomic, outflow
from tests.fresh_processes import run
from tests.torch_library.torch_calls import call, error_of

# LISPE_KILLS sets another number.
KILLS = 120
SIDE = 300


def layer(value: float) -> nn.Linear:
    """A layer of 360 KB in which every number is the same, so that a mixture of two saves shows."""
    made = nn.Linear(SIDE, SIDE)
    with torch.no_grad():
        for tensor in made.parameters():
            tensor.fill_(value)
    return made


def is_whole(path: str) -> bool:
    """Whether the file loads and holds one single value, here and in plain PyTorch."""
    loaded = layer(-1.0)
    call("torch_load_model", path, loaded)
    if not path.endswith(".safetensors"):
        torch.load(path, weights_only=True)
    return (
        len({float(t) for tensor in loaded.state_dict().values() for t in (tensor.min(), tensor.max())}) == 1
    )


# Saves without end, each time another value; says when it begins.
SAVER = f"""
import sys
import torch
from torch import nn
from lispe_kernel.torch_library.state.models import save_model
path, first = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(1)
model = nn.Linear({SIDE}, {SIDE})
print("ready", flush=True)
sys.stdin.readline()
for value in range(first, 10**9):
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.fill_(value % 1000)
    save_model(model, path)
    if len(sys.argv) > 3:
        break
"""


def saver(path: str, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-c", SAVER, path, *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


# One process that imports torch once and forks a saver for each kill: hundreds of kills in seconds.
NURSERY = f"""
import os, signal, sys, random, time
import torch
from torch import nn
from lispe_kernel.torch_library.state.models import save_model, load_model
torch.set_num_threads(1)
path, kills = sys.argv[1], int(sys.argv[2])
chance = random.Random(11)
model, loaded = nn.Linear({SIDE}, {SIDE}), nn.Linear({SIDE}, {SIDE})

def save(value):
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.fill_(value)
    save_model(model, path)

save(0)
hit = 0
start = time.perf_counter(); save(1); once = time.perf_counter() - start
for kill in range(kills):
    child = os.fork()
    if child == 0:
        try:
            for value in range(10**9):
                save(value % 1000)
        finally:
            os._exit(3)
    time.sleep(chance.random() * 4 * once)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    load_model(path, loaded)
    values = {{float(t) for p in loaded.parameters() for t in (p.min(), p.max())}}
    assert len(values) == 1, values
    hit += len(os.listdir(os.path.dirname(path))) > 1
save(5)
print(kills, hit, len(os.listdir(os.path.dirname(path))))
"""


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_process_killed_while_saving_leaves_the_old_file_or_the_new_one(suffix, in_folder):
    kills = int(os.environ.get("LISPE_KILLS", KILLS))
    os.mkdir("models")
    path = str(in_folder / "models" / f"m{suffix}")
    result = run(NURSERY, path, kills)
    assert result.returncode == 0, result.stderr[-2000:]
    killed, hit, files = map(int, result.stdout.split())
    assert killed == kills
    # Kills did hit the middle of saves, and the last save cleaned up behind them.
    assert hit > kills / 10
    assert files == 1


def test_two_processes_saving_to_one_path_leave_a_whole_file(in_folder):
    savers = [saver("m.pt", str(first)) for first in (0, 500)]
    for process in savers:
        process.stdin.write("go\n")
        process.stdin.flush()
    try:
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            if os.path.exists("m.pt"):
                assert is_whole("m.pt")
        assert all(process.poll() is None for process in savers), savers[0].stderr
    finally:
        for process in savers:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    call("torch_save_model", layer(2.0), "m.pt")
    assert os.listdir() == ["m.pt"]


def test_threads_saving_to_one_path_leave_a_whole_file(in_folder):
    threads = [threading.Thread(target=call, args=("torch_save_model", layer(n), "m.pt")) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert is_whole("m.pt")
    assert os.listdir() == ["m.pt"]


# -- no room, no permission


LIMITED = f"""
import resource, sys, os
import torch
from torch import nn
from lispe_kernel.torch_library.state.models import save_model
from lispe_kernel.torch_library.checkpoints.files import save_checkpoint
from lispe_kernel.language.errors import LispeError
path, limit = sys.argv[1], int(sys.argv[2])
model = nn.Linear({SIDE}, {SIDE})
# Everything is imported before the rights are gone.
save_checkpoint(model, torch.optim.SGD(model.parameters(), 0.1), 1, "warm.pt")
os.unlink("warm.pt")
if os.geteuid() == 0 and limit == 0:
    os.seteuid(65534)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for save in (lambda: save_model(model, path),
             lambda: save_checkpoint(model, torch.optim.SGD(model.parameters(), 0.1), 1, path)):
    try:
        save()
    except LispeError as error:
        print(error.text)
    else:
        print("saved")
"""


def limited(path: str, limit: int) -> list[str]:
    """What saving a model and a checkpoint says, with files of so many bytes at most (0: without rights)."""
    result = run(LIMITED, path, limit)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout.splitlines()


@pytest.mark.parametrize(("suffix", "limit"), [(".pt", 1000), (".pt", 361_000), (".safetensors", 200_000)])
def test_a_full_disk_keeps_the_old_file_and_says_so(suffix, limit, in_folder):
    path = f"m{suffix}"
    call("torch_save_model", layer(4.0), path)
    before = Path(path).read_bytes()
    texts = limited(path, limit)
    for text, start in zip(texts, ("Error saving model: ", "Error saving checkpoint: "), strict=True):
        assert text.startswith(f"{start}cannot write {path}: the disk is full or a size limit is reached")
    assert Path(path).read_bytes() == before
    assert os.listdir() == [path]


def test_a_full_disk_is_a_real_one_where_the_system_lets_us_make_it(in_folder):
    os.mkdir("small")
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k,mode=777", "tmpfs", "small"]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        # Without the right to mount, /dev/full is the one full device that every Linux has.
        with pytest.raises(OSError, match="No space left"), open("/dev/full", "wb", buffering=0) as file:
            file.write(b"x")
        return
    try:
        small = nn.Linear(100, 100)
        call("torch_save_model", small, "small/m.pt")
        text = error_of("torch_save_model", layer(1.0), "small/m.pt")
        assert "cannot write small/m.pt: the disk is full" in text
        assert os.listdir("small") == ["m.pt"]
        call("torch_load_model", "small/m.pt", small)
    finally:
        subprocess.run(["umount", "small"], check=True)


def test_a_read_only_folder_keeps_the_old_file_and_says_so(in_folder):
    os.mkdir("kept")
    call("torch_save_model", layer(4.0), "kept/m.pt")
    before = Path("kept/m.pt").read_bytes()
    for parent in (in_folder, *in_folder.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o055)
    os.chmod("kept", 0o555)
    try:
        for text in limited("kept/m.pt", 0):
            assert "cannot write kept/m.pt: the folder may not be written, choose another one" in text
    finally:
        os.chmod("kept", 0o755)
    assert Path("kept/m.pt").read_bytes() == before
    assert os.listdir("kept") == ["m.pt"]


# -- the file itself


def test_a_replaced_file_keeps_its_permissions_and_a_link_stays_a_link(in_folder):
    call("torch_save_model", layer(1.0), "real.pt")
    os.chmod("real.pt", 0o640)
    os.symlink("real.pt", "link.pt")
    call("torch_save_model", layer(2.0), "link.pt")
    assert os.path.islink("link.pt")
    assert stat.S_IMODE(os.stat("real.pt").st_mode) == 0o640
    assert is_whole("real.pt")


def test_a_new_file_gets_the_permissions_of_the_umask(in_folder):
    before = os.umask(0o027)
    try:
        call("torch_save_model", layer(1.0), "m.pt")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat("m.pt").st_mode) == 0o640


def test_the_temporary_file_of_a_living_writer_is_left_alone(in_folder):
    part = Path(f".m.pt.abc{atomic.SUFFIX}")
    with part.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        call("torch_save_model", layer(1.0), "m.pt")
        assert part.exists()
    call("torch_save_model", layer(1.0), "m.pt")
    assert not part.exists()


def test_an_interrupt_while_saving_leaves_the_old_file(in_folder):
    call("torch_save_model", layer(1.0), "m.pt")
    before = Path("m.pt").read_bytes()

    def interrupted(file):
        file.write(b"half of")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.write_file("m.pt", interrupted)
    assert Path("m.pt").read_bytes() == before
    assert os.listdir() == ["m.pt"]


@pytest.mark.usefixtures("in_folder", "interruptible")
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_stop_in_the_middle_of_a_real_save_leaves_the_old_file(suffix, monkeypatch):
    path = f"m{suffix}"
    call("torch_save_model", layer(1.0), path)
    before = Path(path).read_bytes()
    send = outflow.Outflow._send

    def stop(self):
        send(self)
        if self._passed > 100_000:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(outflow.Outflow, "_send", stop)
    with pytest.raises(KeyboardInterrupt):
        call("torch_save_model", layer(2.0), path)
    assert Path(path).read_bytes() == before
    assert os.listdir() == [path]


def test_a_file_is_flushed_before_it_is_renamed(in_folder, monkeypatch):
    steps = []
    flush, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: steps.append("flush") or flush(file))
    monkeypatch.setattr(os, "replace", lambda a, b: steps.append("rename") or rename(a, b))
    call("torch_save_model", layer(1.0), "m.pt")
    assert steps == ["flush", "rename", "flush"]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink("/dev/full", path)])
def test_a_pipe_or_a_device_is_not_replaced(make, in_folder):
    make("m.pt")
    mode = os.stat("m.pt").st_mode
    assert "it is a device or a pipe" in error_of("torch_save_model", layer(1.0), "m.pt")
    assert os.stat("m.pt").st_mode == mode
    assert os.listdir() == ["m.pt"]


@pytest.mark.parametrize("name", ["名" * 80 + ".pt", "x" * 252 + ".pt"])
def test_a_name_as_long_as_the_file_system_takes_is_saved_under(name, in_folder):
    call("torch_save_model", layer(1.0), name)
    assert os.listdir() == [name]


def test_home_is_found_by_its_sign(in_folder, monkeypatch):
    monkeypatch.setenv("HOME", str(in_folder))
    call("torch_save_state_dict", call("torch_state_dict", layer(1.0)), "~/s.pt")
    call("torch_save_model", layer(1.0), "~/m.safetensors")
    assert sorted(os.listdir()) == ["m.safetensors", "s.pt"]


def test_random_names_never_collide_with_old_temporary_files(in_folder):
    random.seed(3)
    for _ in range(20):
        call("torch_save_model", nn.Linear(1, 1), "m.pt")
    assert os.listdir() == ["m.pt"]
