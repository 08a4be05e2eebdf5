"""Checkpoints in folders: written in one step, read like a file, and no damage unseen. By one rank here."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.files import shards, shards_writing
from lispe_kernel.torch_library.files.atomic import CannotWrite
from tests.torch_library.persistence_modules import flip
from tests.torch_library.torch_calls import call, error_of


def trained(seed: int = 0) -> tuple[nn.Module, Any]:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    optimizer = torch.optim.AdamW(model.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.randn(5, 4)).sum().backward()
        optimizer.step()
    return model, optimizer


def save(path: str, epoch: int, seed: int = 0, loss: float = 0.5) -> nn.Module:
    model, optimizer = trained(seed)
    metrics = Dictionary()
    metrics.update(loss=loss)
    call("torch_save_checkpoint", model, optimizer, epoch, path, metrics)
    return model


@pytest.fixture
def saved(in_folder: Path) -> nn.Module:
    return save("c/", 1)


def same(model: nn.Module, state: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_a_folder_is_read_like_a_file(saved: nn.Module) -> None:
    other, optimizer = trained(1)
    expected = torch.rand(1)
    torch.manual_seed(0)
    # The generators come back, too: they are as they were at the save.
    trained(0)
    expected = torch.rand(1)
    assert call("torch_resume_checkpoint", "c", other, optimizer) == 1
    assert same(other, saved.state_dict())
    assert torch.equal(torch.rand(1), expected)
    third, _ = trained(2)
    assert call("torch_load_model", "c/", third) == "Model loaded successfully"
    assert same(third, saved.state_dict())
    assert same(saved, call("torch_load_checkpoint", "c/").model.tensors)
    assert same(saved, call("torch_read_state_dict", "c").tensors)


def test_saving_again_leaves_one_version(saved: nn.Module) -> None:
    newer = save("c/", 2, seed=5)
    # Without the slash, too: it is the folder of a checkpoint.
    assert sorted(os.listdir("c")) == ["checkpoint.json", "v2-rank-0.safetensors"]
    newest = save("c", 3, seed=6)
    assert not same(newest, newer.state_dict())
    assert same(newest, call("torch_load_checkpoint", "c").model.tensors)
    assert sorted(os.listdir("c")) == ["checkpoint.json", "v3-rank-0.safetensors"]


def test_a_full_disk_on_another_rank_leaves_no_file_behind(
    saved: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = shards_writing.group.together

    def failing(name: str, work: Callable[[], Any], on: int | None = None) -> Any:
        found = together(name, work, on)
        if on is None:
            assert "v2-rank-0.safetensors" in os.listdir("c")
            raise LispeError("no space left on device (on rank 1)")
        return found

    monkeypatch.setattr(shards_writing.group, "together", failing)
    model, optimizer = trained(5)
    assert error_of("torch_save_checkpoint", model, optimizer, 2, "c/").endswith("(on rank 1)")
    assert sorted(os.listdir("c")) == ["checkpoint.json", "v1-rank-0.safetensors"]
    assert same(saved, call("torch_load_checkpoint", "c").model.tensors)


def test_a_checkpoint_in_a_folder_is_the_newest_of_that_folder(in_folder: Path) -> None:
    save("run/", 3, loss=0.5)
    assert [(e["name"], e["epoch"]) for e in call("torch_list_checkpoints", "run/")] == [("run", 3)]
    assert call("torch_resume_newest", "run", *trained(3)) == 3
    assert list(call("torch_prune_checkpoints", "run", 1)) == []


def test_folders_and_files_are_listed_and_pruned_together(in_folder: Path) -> None:
    for epoch, (name, loss) in enumerate({"a/": 0.1, "b.pt": 0.9, "c/": 0.8, "d/": 0.7}.items()):
        save(f"runs/{name}", epoch, loss=loss)
    listed = call("torch_list_checkpoints", "runs")
    assert [(item["name"], item["epoch"]) for item in listed] == [("a", 0), ("b.pt", 1), ("c", 2), ("d", 3)]
    bytes_of_a = sum(os.path.getsize(f"runs/a/{name}") for name in os.listdir("runs/a"))
    assert listed[0]["size"] == bytes_of_a
    assert list(call("torch_prune_checkpoints", "runs", 1, 1)) == ["b.pt", "c"]
    assert sorted(os.listdir("runs")) == ["a", "d"]
    model, optimizer = trained(3)
    assert call("torch_resume_newest", "runs", model, optimizer) == 3


@pytest.mark.parametrize("part", ["checkpoint.json", "v1-rank-0.safetensors"])
def test_no_flipped_bit_is_loaded(saved: nn.Module, part: str) -> None:
    size = os.path.getsize(f"c/{part}")
    shutil.copytree("c", "kept")
    model, optimizer = trained(1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for place in range(3, size, size // 25):
        flip(f"c/{part}", place)
        text = error_of("torch_resume_checkpoint", "c", model, optimizer)
        assert text.startswith("Error resuming checkpoint: c: "), (place, text)
        assert same(model, before)
        shutil.copy(f"kept/{part}", f"c/{part}")


def test_lost_short_and_exchanged_files_are_named(saved: nn.Module) -> None:
    save("other/", 1, seed=9)
    shutil.copy("other/v1-rank-0.safetensors", "c/v1-rank-0.safetensors")
    text = error_of("torch_load_checkpoint", "c")
    assert text.endswith(
        "its file v1-rank-0.safetensors is another one than its index speaks of, or its header is damaged"
    )
    os.truncate("c/v1-rank-0.safetensors", 100)
    assert "has 100 bytes of" in error_of("torch_load_checkpoint", "c")
    os.unlink("c/v1-rank-0.safetensors")
    assert error_of("torch_load_checkpoint", "c").endswith("its file v1-rank-0.safetensors is missing")
    (entry,) = [item for item in call("torch_list_checkpoints", ".") if item["name"] == "c"]
    assert (entry["health"], entry["problem"]) == ("damaged", "its file v1-rank-0.safetensors is missing")


def test_a_save_that_ends_before_the_index_leaves_the_old_checkpoint(
    saved: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise CannotWrite("ended here")

    with monkeypatch.context() as broken:
        broken.setattr(shards_writing, "write_bytes", stop)
        assert (
            error_of("torch_save_checkpoint", *trained(5), 2, "c/") == "Error saving checkpoint: ended here"
        )
    assert same(saved, call("torch_load_checkpoint", "c").model.tensors)
    # What it wrote has gone with it: on a full disk the room is needed.
    assert sorted(os.listdir("c")) == ["checkpoint.json", "v1-rank-0.safetensors"]


def test_what_a_killed_save_left_goes_with_the_next_one(saved: nn.Module) -> None:
    for left in ("v2-rank-0.safetensors", "v2-rank-1.safetensors"):
        shutil.copy("c/v1-rank-0.safetensors", f"c/{left}")
    newer = save("c/", 2, seed=5)
    assert same(newer, call("torch_load_checkpoint", "c").model.tensors)
    assert sorted(os.listdir("c")) == ["checkpoint.json", "v2-rank-0.safetensors"]


def test_a_folder_of_other_things_is_left_alone(in_folder: Path) -> None:
    os.mkdir("mine")
    Path("mine/notes.txt").write_text("notes")
    text = error_of("torch_save_checkpoint", *trained(), 2, "mine/")
    assert "the folder has other files in it; choose one that is empty, or not there yet" in text
    assert os.listdir("mine") == ["notes.txt"]
    Path("mine/checkpoint.json").write_text('{"step": 3}')
    assert "belongs to no checkpoint of ours" in error_of("torch_save_checkpoint", *trained(), 2, "mine/")
    assert Path("mine/checkpoint.json").read_text() == '{"step": 3}'


def test_the_numbers_of_versions_begin_anew(saved: nn.Module) -> None:
    """A name of a file has room for nine digits: what is written must be read again."""
    change(lambda content: content.update(version=999_999_998))
    call("torch_save_checkpoint", *trained(), 2, "c/")
    call("torch_load_checkpoint", "c")


def change(edit: Any) -> None:
    """Write an index that says something else, with a checksum that fits."""
    content = json.loads(Path("c/checkpoint.json").read_bytes())["content"]
    edit(content)
    Path("c/checkpoint.json").write_bytes(shards.index_bytes(content))


def rename(content: dict[str, Any], name: str) -> None:
    content["files"] = {name: next(iter(content["files"].values()))}
    for tensor in content["tensors"].values():
        for piece in tensor["pieces"]:
            piece[0] = name


HOSTILE = {
    "a path out": lambda content: rename(content, "../v1-rank-0.safetensors"),
    "another shape": lambda content: content["tensors"]["model.0.bias"].update(shape=[4]),
    "a gap": lambda content: content["tensors"]["model.0.bias"]["pieces"][0][1].__setitem__(0, 1),
    "twice": lambda content: content["tensors"]["model.0.bias"].update(
        pieces=2 * content["tensors"]["model.0.bias"]["pieces"]
    ),
    "other dimensions": lambda content: content["tensors"]["model.0.bias"]["pieces"].append(
        [next(iter(content["files"])), [0, 5], [1, 1], ""]
    ),
    "no version": lambda content: content.update(version=-2),
    "no pieces": lambda content: content["tensors"]["model.0.bias"].update(pieces=[]),
    "a start": lambda content: content["tensors"]["model.0.bias"]["pieces"][0].__setitem__(1, [False]),
    "a kind": lambda content: content["tensors"]["model.0.bias"].update(dtype="float64"),
    "no tensor": lambda content: content["tensors"].pop("model.0.bias"),
    "a number": lambda content: content["tensors"].update({"model.0.bias": 3}),
    "a version": lambda content: content.update(format="lispe-ranks-9"),
    "no files": lambda content: content.update(files={}, tensors={}, tree=None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_index_that_lies_is_refused(saved: nn.Module, name: str) -> None:
    change(HOSTILE[name])
    assert error_of("torch_load_checkpoint", "c").startswith("Error loading checkpoint: c: its ") or name in (
        "another shape", "a gap", "twice", "other dimensions",
    )  # fmt: skip
    error_of("torch_load_checkpoint", "c")


def test_an_index_that_was_laid_out_anew_is_the_same(saved: nn.Module) -> None:
    path = Path("c/checkpoint.json")
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1))
    assert same(saved, call("torch_load_checkpoint", "c/").model.tensors)
    path.write_text(path.read_text().replace('"epoch": 1', '"epoch": 2'))
    assert "is damaged" in error_of("torch_load_checkpoint", "c")


def test_a_folder_in_the_place_of_a_ranks_file_is_named(saved: nn.Module) -> None:
    os.mkdir("c/v2-rank-0.safetensors")
    model, optimizer = trained(1)
    text = error_of("torch_save_checkpoint", model, optimizer, 2, "c/")
    assert "v2-rank-0.safetensors in it is a folder, where a rank's file belongs" in text
    assert same(saved, call("torch_load_checkpoint", "c/").model.tensors)
