"""Folders of checkpoints: listed by their headers, thinned out by age and by metric."""

import os
from pathlib import Path

import pytest
import torch

from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library import atomic
from lispe_kernel.torch_library.file_bytes import FileBytes
from tests.torch_library.persistence_modules import FORMATS
from tests.torch_library.torch_calls import call, error_of

LOSSES = {1: 0.9, 2: 0.3, 3: 0.5, 10: 0.4}


def save(path: str, epoch: int, loss: float | None = None) -> None:
    model = call("torch_linear", 20, 20)
    metrics = None
    if loss is not None:
        metrics = Dictionary()
        metrics.update(loss=loss)
    call("torch_save_checkpoint", model, call("torch_optimizer", model, 0.1, "sgd"), epoch, path, metrics)


@pytest.fixture
def folder(in_folder):
    os.mkdir("runs")
    for epoch, loss in LOSSES.items():
        save(f"runs/ck_{epoch}.{'safetensors' if epoch == 3 else 'pt'}", epoch, loss)
    return in_folder / "runs"


def test_the_list_has_what_a_timeline_draws(folder):
    found = call("torch_list_checkpoints", "runs")
    assert [(item["epoch"], item["metrics"]["loss"]) for item in found] == list(LOSSES.items())
    assert all(item["health"] == "healthy" and item["problem"] is None for item in found)
    assert all(item["size"] == os.path.getsize(item["path"]) for item in found)
    assert all(item["time"] == os.stat(item["path"]).st_mtime for item in found)
    assert to_text(found).splitlines()[0] == "ck_1.pt: epoch 1, loss 0.9"


def test_the_list_opens_no_tensor(folder, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a tensor was read")

    monkeypatch.setattr(FileBytes, "tensor", refuse)
    monkeypatch.setattr(FileBytes, "stretch", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    assert len(call("torch_list_checkpoints", "runs")) == len(LOSSES)


def test_damaged_files_are_listed_last_and_others_left_out(folder):
    os.truncate("runs/ck_2.pt", 4000)
    os.truncate("runs/ck_3.safetensors", 1400)
    Path("runs/bad.pt").write_bytes(b"nonsense")
    Path("runs/notes.txt").write_text("notes")
    call("torch_save_model", call("torch_linear", 2, 2), "runs/model.pt")
    found = call("torch_list_checkpoints", "runs")
    assert [item["name"] for item in found] == [
        "ck_1.pt", "ck_10.pt", "bad.pt", "ck_2.pt", "ck_3.safetensors",
    ]  # fmt: skip
    assert [item["health"] for item in found] == ["healthy"] * 2 + ["damaged"] * 3
    assert to_text(found).splitlines()[2] == (
        "bad.pt: damaged, it is neither a PyTorch file nor a safetensors file, or its beginning is damaged"
    )


def test_a_damaged_header_is_found(folder):
    data = Path("runs/ck_1.pt").read_bytes()
    place = data.rindex(b'"kind":"checkpoint"')
    Path("runs/ck_1.pt").write_bytes(data[:place] + b"X" + data[place + 1 :])
    damaged = [item["name"] for item in call("torch_list_checkpoints", "runs") if item["health"] == "damaged"]
    assert damaged == ["ck_1.pt"]


def test_checkpoints_of_plain_pytorch_are_listed_too(in_folder):
    content = {"model_state_dict": {"w": torch.ones(3)}, "epoch": 4, "loss": 0.25}
    torch.save(content, "theirs.pt")
    (item,) = call("torch_list_checkpoints", ".")
    assert (item["epoch"], item["metrics"]["loss"], item["health"]) == (4, 0.25, "healthy")


PRUNED = [
    ((1, 0), [10]),
    ((2, 0), [3, 10]),
    ((1, 1), [2, 10]),
    ((0, 2), [2, 10]),
    ((1, 1, "-loss"), [1, 10]),
    ((9, 9), [1, 2, 3, 10]),
]


@pytest.mark.parametrize(("arguments", "kept"), PRUNED)
def test_pruning_keeps_the_last_and_the_best(arguments, kept, folder):
    removed = call("torch_prune_checkpoints", "runs", *arguments)
    assert [item["epoch"] for item in call("torch_list_checkpoints", "runs")] == kept
    assert len(removed) == len(LOSSES) - len(kept)


def test_pruning_leaves_models_and_damaged_files_and_sweeps_rubbish(folder):
    call("torch_save_model", call("torch_linear", 2, 2), "runs/model.pt")
    Path("runs/bad.pt").write_bytes(b"nonsense")
    Path(f"runs/.ck.pt.12{atomic.SUFFIX}").write_bytes(b"half")
    call("torch_prune_checkpoints", "runs", 1)
    assert sorted(os.listdir("runs")) == ["bad.pt", "ck_10.pt", "model.pt"]


def test_pruning_that_would_keep_nothing_or_has_no_metric_removes_nothing(folder):
    assert "nothing would be kept" in error_of("torch_prune_checkpoints", "runs", 0, 0)
    text = error_of("torch_prune_checkpoints", "runs", 1, 1, "accuracy")
    assert "no checkpoint has the metric accuracy; nothing was removed" in text
    assert "how many to keep" in error_of("torch_prune_checkpoints", "runs", -1)
    assert len(os.listdir("runs")) == len(LOSSES)


def test_a_loss_that_is_not_a_number_is_never_the_best(in_folder):
    save("a.pt", 1, float("nan"))
    save("b.pt", 2, 0.5)
    save("c.pt", 3, float("nan"))
    call("torch_prune_checkpoints", ".", 1, 1)
    assert sorted(os.listdir()) == ["b.pt", "c.pt"]


def test_a_missing_folder_is_told(in_folder):
    assert (
        error_of("torch_list_checkpoints", "no") == "Error listing checkpoints: no: there is no such folder"
    )


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_large_checkpoint_is_listed_from_its_header(suffix, in_folder):
    model = torch.nn.Linear(1000, 2000)
    call("torch_save_checkpoint", model, torch.optim.SGD(model.parameters(), 0.1), 1, f"c{suffix}")
    before = bytes_read()
    (item,) = call("torch_list_checkpoints", ".")
    assert item["size"] > 8_000_000
    assert bytes_read() - before < 200_000


def bytes_read() -> int:
    """The bytes that this process has read so far."""
    facts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(facts["rchar"])
