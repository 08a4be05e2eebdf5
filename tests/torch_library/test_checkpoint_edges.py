"""Checkpoints at the edges: odd epochs, optimizers that have not begun, tensors that no load can change."""

import os

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import SequentialLR, StepLR

from lispe_kernel.torch_library.checkpoints.files import whole_epoch
from lispe_kernel.torch_library.checkpoints.optimizer import optimizer_restorer
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.formats import write_tree
from tests.torch_library.persistence_modules import FORMATS
from tests.torch_library.torch_calls import call, error_of

pytestmark = pytest.mark.usefixtures("in_folder")


@pytest.mark.parametrize(
    ("value", "epoch"),
    [
        (7, 7),
        (7.0, 7),
        ("7", 7),
        ("007", 7),
        (torch.tensor(7), 7),
        (torch.tensor([7.0]), 7),
        ("9" * 19, int("9" * 19)),
        ("9" * 20, None),
        ("²", None),
        ("-1", None),
        ("1_0", None),
        ("", None),
        (7.5, None),
        (float("inf"), None),
        (torch.tensor([1, 2]), None),
        (True, None),
        (None, None),
        ([7], None),
    ],
)
def test_an_epoch_is_a_whole_number_however_it_is_written(value, epoch):
    assert whole_epoch(value) == epoch


def test_a_tensor_without_any_state_begins_anew():
    model = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    state = {"state": {0: {}, 1: {}}, "param_groups": optimizer.state_dict()["param_groups"]}
    torch.save({"model": model.state_dict(), "optimizer": state, "epoch": 4}, "c.pt")
    assert call("torch_resume_checkpoint", "c.pt", model, optimizer) == 4
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_tensor_that_cannot_be_filled_is_told_before_a_resume_changes_anything(suffix):
    model = nn.Linear(2, 1)
    model.register_buffer("scale", torch.ones(1).expand(3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    call("torch_save_checkpoint", model, optimizer, 1, f"c{suffix}")
    with torch.no_grad():
        model.weight.fill_(5)
    assert "scale of the model is expanded" in error_of(
        "torch_resume_checkpoint", f"c{suffix}", model, optimizer
    )
    assert model.weight.tolist() == [[5, 5]]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_merged_layer_with_a_resting_adapter_is_a_plain_layer_in_its_file(suffix):
    layer = call("torch_lora_linear", 3, 2, 1, 4)
    call("torch_lora_set_adapter", layer, "fr")
    call("torch_lora_merge_weights", layer)
    call("torch_save_model", layer, f"m{suffix}")
    state = call("torch_read_state_dict", f"m{suffix}")
    assert set(state) == {"weight", "bias"}
    assert state.notes == {}
    plain = nn.Linear(3, 2)
    call("torch_load_model", f"m{suffix}", plain)
    assert torch.equal(plain(torch.ones(3)), layer(torch.ones(3)))


def test_a_schedule_made_of_more_schedules_is_refused():
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def sequence(count: int) -> SequentialLR:
        return SequentialLR(
            optimizer, [StepLR(optimizer, 1) for _ in range(count)], list(range(2, count + 1))
        )

    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}
    torch.save({**state, "scheduler": sequence(2).state_dict()}, "c.pt")
    text = error_of("torch_resume_checkpoint", "c.pt", model, optimizer, sequence(3))
    assert "of another kind than this SequentialLR: it is made of other schedules" in text


@pytest.mark.parametrize("epoch", ["3", 3.5, None, True])
def test_a_checkpoint_of_ours_with_another_epoch_in_its_header_is_damaged(epoch):
    write_tree("c.pt", {"model": {"weight": torch.ones(1)}}, {"kind": "checkpoint", "epoch": epoch})
    (entry,) = call("torch_list_checkpoints", ".")
    assert (entry["health"], entry["problem"]) == ("damaged", "its header is malformed; the file is damaged")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_checkpoint_that_was_cut_short_is_listed_as_damaged(suffix):
    model = nn.Linear(20, 10)
    call("torch_save_checkpoint", model, torch.optim.SGD(model.parameters(), 0.1), 1, f"c{suffix}")
    (entry,) = call("torch_list_checkpoints", ".")
    assert entry["health"] == "healthy"
    os.truncate(f"c{suffix}", os.path.getsize(f"c{suffix}") - 8)
    (entry,) = call("torch_list_checkpoints", ".")
    assert entry["health"] == "damaged"
    assert "truncated" in entry["problem"]


def test_wrappers_stay_in_names_that_would_become_one():
    torch.save({"weight": torch.zeros(1, 2), "module.weight": torch.ones(1, 2)}, "m.pt")
    text = error_of("torch_load_model", "m.pt", nn.Linear(2, 1, bias=False))
    assert "unexpected: module.weight [1,2]" in text


MOMENTS = {
    "Adam": ({"amsgrad": True}, "exp_avg exp_avg_sq max_exp_avg_sq"),
    "Adamax": ({}, "exp_avg exp_inf"),
    "RMSprop": ({"momentum": 0.9, "centered": True}, "square_avg momentum_buffer grad_avg"),
    "Adadelta": ({}, "square_avg acc_delta"),
    "Adagrad": ({}, "sum"),
    "Rprop": ({}, "prev step_size"),
    "ASGD": ({}, "ax"),
}


@pytest.mark.parametrize("kind", MOMENTS)
def test_moments_of_another_shape_than_the_weight_are_refused(kind):
    settings, names = MOMENTS[kind]
    weight = nn.Parameter(torch.ones(2, 3))
    optimizer = getattr(torch.optim, kind)([weight], **settings)
    weight.sum().backward()
    optimizer.step()
    for name in names.split():
        state = optimizer.state_dict()
        assert state["state"][0][name].shape == (2, 3)
        state["state"][0] = {**state["state"][0], name: torch.ones(3, 2)}
        with pytest.raises(BadFile, match=name):
            optimizer_restorer(optimizer, state, kind, [["weight"]], {"weight": weight})
