"""Checkpoints of Lightning and nanoGPT, entries of one's own, the newest of a folder; parts of models."""

import os
from pathlib import Path

import pytest
import torch
from torch import nn

from lispe_kernel.language.library.core.containers import at
from lispe_kernel.language.values.dictionaries import Dictionary
from tests.torch_library.persistence_modules import copies, equal_tensors, same
from tests.torch_library.torch_calls import call, error_of

pytestmark = pytest.mark.usefixtures("in_folder")


def trained() -> tuple[nn.Module, torch.optim.Optimizer]:
    model = call("torch_model", 2, 3, 1)
    optimizer = call("torch_optimizer", model, 0.01, "adam")
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return model, optimizer


def test_a_checkpoint_of_lightning_is_listed_and_resumed():
    model, optimizer = trained()
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 5)
    content = {
        "epoch": 4,
        "global_step": 40,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {f"net.{name}": tensor for name, tensor in model.state_dict().items()},
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {},
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [schedule.state_dict()],
    }
    torch.save(content, "last.ckpt")
    (entry,) = call("torch_list_checkpoints", ".")
    assert (entry["epoch"], entry["metrics"]["global_step"]) == (4, 40)
    loaded = call("torch_model", 2, 3, 1)
    other = call("torch_optimizer", loaded, 0.5, "adam")
    later = torch.optim.lr_scheduler.StepLR(other, 5)
    assert call("torch_resume_checkpoint", "last.ckpt", loaded, other, later) == 4
    assert same(model, loaded)
    assert (other.param_groups[0]["lr"], len(other.state)) == (0.01, 6)
    torch.save(content | {"optimizer_states": [optimizer.state_dict()] * 2}, "two.ckpt")
    assert "it holds 2 optimizers" in error_of("torch_resume_checkpoint", "two.ckpt", loaded, other)


def test_a_checkpoint_of_nanogpt_is_listed_and_resumed():
    model, optimizer = trained()
    state = {f"_orig_mod.{name}": tensor for name, tensor in model.state_dict().items()}
    content = {"model": state, "optimizer": optimizer.state_dict(), "model_args": {"n_layer": 2}}
    content |= {"iter_num": 2000, "best_val_loss": torch.tensor(1.5), "config": {"dtype": "bfloat16"}}
    torch.save(content, "ckpt.pt")
    (entry,) = call("torch_list_checkpoints", ".")
    assert (entry["epoch"], entry["metrics"]["best_val_loss"]) == (2000, 1.5)
    loaded = call("torch_model", 2, 3, 1)
    other = call("torch_optimizer", loaded, 0.5, "adam")
    assert call("torch_resume_checkpoint", "ckpt.pt", loaded, other) == 2000
    assert same(model, loaded)


def test_entries_of_ones_own_come_back():
    model, optimizer = trained()
    average = call("torch_state_dict", model)
    extra = Dictionary({"ema": average, "scaler": Dictionary({"scale": 1024.0}), "note": "first"})
    call("torch_save_checkpoint", model, optimizer, 3, "c.pt", None, None, extra)
    loaded = call("torch_load_checkpoint", "c.pt")
    assert at(loaded, "ema") == average
    assert (at(loaded, "scaler", "scale"), at(loaded, "note")) == (1024.0, "first")
    other = call("torch_model", 2, 3, 1)
    call("torch_load_state_dict", other, at(loaded, "ema"))
    assert same(other, model)
    bad = Dictionary({"epoch": 1})
    text = error_of("torch_save_checkpoint", model, optimizer, 3, "c.pt", None, None, bad)
    assert "the entry epoch of extra has a name that the checkpoint uses itself" in text


def test_the_newest_whole_checkpoint_of_a_folder_is_resumed():
    model, optimizer = trained()
    assert call("torch_resume_newest", ".", model, optimizer) is None
    for epoch in (9, 10, 11):
        call("torch_save_checkpoint", model, optimizer, epoch, f"{epoch}.pt")
    content = bytearray(Path("11.pt").read_bytes())
    content[content.index(model.fc2.weight.detach().numpy().tobytes()) + 5] ^= 1
    Path("11.pt").write_bytes(content)
    assert call("torch_resume_newest", ".", model, optimizer) == 10


# PyTorch says once in a process that nested tensors are a prototype.
@pytest.mark.filterwarnings("ignore:.*nested tensors:UserWarning")
def test_a_sparse_and_a_nested_tensor_are_named():
    torch.save({"weight": torch.eye(3).to_sparse(), "bias": torch.ones(3)}, "s.pt")
    assert "weight is sparse_coo; only dense" in error_of("torch_load_model", "s.pt", nn.Linear(3, 3))
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    torch.save({"weight": nested, "bias": torch.ones(3)}, "n.pt")
    text = error_of("torch_load_model", "n.pt", nn.Linear(3, 3))
    assert "weight is nested; only dense" in text


def test_buffers_take_part_in_an_average_and_in_no_count_of_parameters():
    norms = [nn.BatchNorm1d(2), nn.BatchNorm1d(2)]
    norms[1].running_mean.fill_(4.0)
    average = call("torch_state_dict_average", [call("torch_state_dict", norm) for norm in norms])
    assert average["running_mean"].tolist() == [2, 2]
    report = call("torch_storage_report", norms[0])
    assert (report["parameters"], report["buffers"], report["bytes"]) == (4, 5, 40)


def test_a_module_that_contains_itself_is_refused_at_once():
    model = nn.Sequential(nn.Linear(1, 1))
    model.add_module("again", model)
    optimizer = call("torch_sgd_optimizer", 0.1)
    for name, arguments in (
        ("torch_state_dict", (model,)),
        ("torch_save_model", (model, "m.pt")),
        ("torch_save_checkpoint", (model, optimizer, 1, "c.pt")),
        ("torch_storage_report", (model,)),
        ("torch_load_model", ("m.pt", model)),
    ):
        assert "the module contains itself: again is the part around it" in error_of(name, *arguments)


def test_a_missing_part_of_a_table_is_named():
    text = error_of("torch_save_model", Dictionary({"encoder": nn.Linear(1, 1), "decoder": None}), "m.pt")
    assert text == "Error: First argument must be a PyTorch module; its entry decoder is nil"


def test_parts_of_a_model_are_reached_by_their_names():
    model = nn.ModuleDict({"encoder": nn.ModuleDict({"layers": nn.ModuleList([nn.Linear(2, 3), nn.ReLU()])})})
    layer = model["encoder"]["layers"][0]
    assert at(model, "encoder", "layers", 0) is layer
    assert at(model, "encoder", "layers", -1) is model["encoder"]["layers"][1]
    assert at(model, "encoder", "layers", 0, "weight") is layer.weight
    assert list(call("keys@", layer)) == ["weight", "bias"]
    assert error_of("@", model, "decoder") == "Error: ModuleDict has no part decoder; it has: encoder"
    before = copies(model)
    assert error_of("@", model, "encoder", "layers", 7) == "Error: ModuleList has no part 7; it has: 0, 1"
    assert equal_tensors(before, copies(model))


def test_what_another_program_measured_is_listed_and_its_files_alone():
    content = {"model": nn.Linear(1, 1).state_dict() | {"note": 3}, "epoch": 1, "metrics": {"loss": 0.5}}
    torch.save(content, "c.pt")
    with open("c.data", "wb") as file:
        torch.save(content, file)
    (entry,) = call("torch_list_checkpoints", ".")
    assert (entry["name"], entry["metrics"]) == ("c.pt", {"loss": 0.5})
    call("torch_save_state_dict", call("torch_load_checkpoint", "c.pt").model, "s.pt")
    assert torch.load("s.pt")["note"] == 3


def test_a_checkpoint_that_cannot_be_written_or_removed_is_named():
    model, optimizer = trained()
    text = error_of("torch_save_checkpoint", model, optimizer, 1, "none/c.pt")
    assert text.startswith("Error saving checkpoint: cannot write none/c.pt: the folder none does not exist")
    for epoch in (1, 2):
        call("torch_save_checkpoint", model, optimizer, epoch, f"c{epoch}.pt")

    def refuse(_path: str) -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        text = error_of("torch_prune_checkpoints", ".", 1)
    assert text == "Error pruning checkpoints: cannot remove ./c1.pt: permission denied"
    assert sorted(path.name for path in Path().iterdir()) == ["c1.pt", "c2.pt"]


def test_a_checkpoint_as_pytorchs_tutorials_write_it_is_resumed():
    model, optimizer = trained()
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    for _ in range(3):
        optimizer.step()
        schedule.step()
    parts = {"model": model, "optimizer": optimizer, "scheduler": schedule}
    content = {f"{name}_state_dict": part.state_dict() for name, part in parts.items()}
    torch.save({"epoch": 3, **content}, "c.pt")
    loaded = call("torch_model", 2, 3, 1)
    other = call("torch_optimizer", loaded, 0.5, "adam")
    later = torch.optim.lr_scheduler.StepLR(other, 2)
    assert call("torch_resume_checkpoint", "c.pt", loaded, other, later) == 3
    assert same(model, loaded)
    assert (later.last_epoch, other.param_groups[0]["lr"]) == (3, pytest.approx(0.001))
