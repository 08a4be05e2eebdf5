"""Files that other programs write to while they are read here: no crash, no silent mixture."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from lispe_kernel.torch_library.files import bytes as file_bytes
from lispe_kernel.torch_library.files import checksums, known_whole
from lispe_kernel.torch_library.files.bytes import Hold, hold
from lispe_kernel.torch_library.files.formats import open_file
from tests.torch_library.persistence_modules import (
    FORMATS,
    KINDS,
    copies,
    equal_tensors,
    overwrite,
    place_of,
    same,
    scrambled,
)
from tests.torch_library.torch_calls import call, error_of

PATHS = [f"m{suffix}" for suffix in FORMATS]
# Holds of the file under which it must load all the same.
HOLDS = list(Hold)


def held_as(monkeypatch: pytest.MonkeyPatch, answer: Hold) -> None:
    """Let the system answer so to every wish for a lease."""
    if answer is not Hold.STILL:
        monkeypatch.setattr(file_bytes, "hold", lambda descriptor: answer)


# -- a file that keeps still


def test_a_writer_waits_until_the_file_is_closed_here(in_folder):
    call("torch_save_model", call("torch_linear", 3, 2), "m.pt")
    before = Path("m.pt").read_bytes()
    archive = open_file("m.pt")
    writer = threading.Thread(target=lambda: Path("m.pt").write_bytes(b""))
    writer.start()
    time.sleep(0.1)
    assert Path("m.pt").read_bytes() == before
    archive.close()
    writer.join(10)
    assert Path("m.pt").read_bytes() == b""


def test_a_file_that_is_open_for_writing_is_known_to_be(in_folder):
    with open("f", "wb"):
        descriptor = os.open("f", os.O_RDONLY)
        assert hold(descriptor) is Hold.WRITTEN
        os.close(descriptor)


# -- a file that may change


@pytest.mark.parametrize("answer", HOLDS)
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", ["MLP", "attention", "LoRA"])
def test_files_load_alike_whether_they_keep_still_or_not(kind, suffix, answer, in_folder, monkeypatch):
    make, _ = KINDS[kind]
    saved, loaded = scrambled(make()), make()
    call("torch_save_model", saved, f"m{suffix}")
    held_as(monkeypatch, answer)
    call("torch_load_model", f"m{suffix}", loaded)
    assert same(saved, loaded)
    assert call("torch_read_state_dict", f"m{suffix}") == call("torch_read_state_dict", f"m{suffix}")


@pytest.mark.parametrize("answer", HOLDS)
def test_files_of_plain_pytorch_load_whether_they_keep_still_or_not(answer, in_folder, monkeypatch):
    saved, loaded = nn.Linear(30, 20), nn.Linear(30, 20)
    torch.save(saved.state_dict(), "m.pt")
    held_as(monkeypatch, answer)
    call("torch_load_model", "m.pt", loaded)
    assert same(saved, loaded)


@pytest.mark.parametrize("path", PATHS)
def test_a_file_cut_short_between_comparing_and_copying_is_an_error(path, in_folder, monkeypatch):
    held_as(monkeypatch, Hold.UNKNOWN)
    monkeypatch.setattr(known_whole, "known", lambda file: frozenset())
    model = call("torch_linear", 300, 20)
    before = copies(model)
    call("torch_save_model", call("torch_linear", 300, 20), path)
    digests = checksums.digests

    def cut(arrays, *rest):
        found = digests(arrays, *rest)
        os.truncate(path, 100)
        return found

    monkeypatch.setattr(checksums, "digests", cut)
    text = error_of("torch_load_model", path, model)
    assert "another program wrote to it while it was read; load it again" in text
    assert equal_tensors(before, model.state_dict())


def test_what_is_open_for_writing_is_compared_each_time(in_folder, monkeypatch):
    held_as(monkeypatch, Hold.WRITTEN)
    model = call("torch_linear", 300, 20)
    call("torch_save_model", model, "m.pt")
    facts = os.stat("m.pt")
    overwrite("m.pt", place_of("m.pt", "weight"), b"\x12\x34")
    # As after a write through mapped memory, which leaves the times as they were.
    known = known_whole.identity(facts)
    monkeypatch.setattr(known_whole, "identity", lambda file: known)
    assert "the bytes of weight are damaged" in error_of("torch_load_model", "m.pt", model)


def test_a_file_that_may_change_is_read_straight_into_the_model(in_folder, monkeypatch):
    saved, loaded = scrambled(call("torch_linear", 300, 20)), call("torch_linear", 300, 20)
    call("torch_save_model", saved, "m.pt")
    held_as(monkeypatch, Hold.UNKNOWN)

    def refuse(self, offset, count):
        raise AssertionError("a tensor was read into memory of its own")

    monkeypatch.setattr(file_bytes.FileBytes, "tensor", refuse)
    call("torch_load_model", "m.pt", loaded)
    assert same(saved, loaded)


@pytest.mark.parametrize("harm", [os.utime, lambda path: os.truncate(path, 100)])
def test_a_file_written_while_its_tensors_are_copied_is_an_error(harm, in_folder, monkeypatch):
    held_as(monkeypatch, Hold.UNKNOWN)
    model = call("torch_linear", 300, 20)
    call("torch_save_model", model, "m.pt")
    read = file_bytes.FileBytes.read

    def harmed(self, offset, memory):
        read(self, offset, memory)
        harm("m.pt")

    monkeypatch.setattr(file_bytes.FileBytes, "read", harmed)
    assert "wrote to it while it was read; the model may hold a part" in error_of(
        "torch_load_model", "m.pt", model
    )


# Seconds for one load to succeed, however busy the machine is.
PATIENCE = 60

# Writes the file anew in its place, as plain PyTorch does, at random moments.
REWRITER = """
import random, sys, time
path = sys.argv[1]
content = open(path, "rb").read()
print("ready", flush=True)
end = time.monotonic() + 60
while time.monotonic() < end:
    time.sleep(random.uniform(0, 0.01))
    with open(path, "wb") as file:
        file.write(content)
"""


def written_here(model: nn.Module) -> None:
    call("torch_save_model", model, "m.pt")


def written_by_torch(model: nn.Module) -> None:
    torch.save(model.state_dict(), "m.pt")


@pytest.mark.parametrize("write", [written_here, written_by_torch])
def test_a_file_that_is_rewritten_without_end_crashes_nothing_and_mixes_nothing(write, in_folder):
    saved, loaded = nn.Linear(1000, 1000), nn.Linear(1000, 1000)
    with torch.no_grad():
        saved.weight.fill_(1.0)
    write(saved)
    rewriter = subprocess.Popen([sys.executable, "-c", REWRITER, "m.pt"], stdout=subprocess.PIPE, text=True)
    assert rewriter.stdout.readline() == "ready\n"
    good = 0
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end or (not good and time.monotonic() < end + PATIENCE):
            with torch.no_grad():
                loaded.weight.fill_(2.0)
            text = failure("m.pt", loaded)
            assert loaded.weight.min() == loaded.weight.max() == (2.0 if text else 1.0) or "a part" in text
            good += not text
    finally:
        rewriter.kill()
        rewriter.communicate()
    assert good > 0


def failure(path: str, model: nn.Module) -> str:
    try:
        call("torch_load_model", path, model)
    except Exception as error:
        return str(error)
    return ""
