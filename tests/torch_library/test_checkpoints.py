"""Training checkpoints: what they hold, and that training resumes bit for bit."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.scalars import Short, Single
from lispe_kernel.torch_library.files.formats import open_file
from tests.torch_library.persistence_modules import FORMATS, copies, equal_tensors, same
from tests.torch_library.torch_calls import call, error_of, floats


def table(**values: object) -> Dictionary:
    made = Dictionary()
    made.update(values)
    return made


def part(checkpoint: object, *keys: str) -> object:
    return answers_of(checkpoint).at(checkpoint, keys)


def trained(kind: str = "adam", steps: int = 2) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A model and its optimizer after some steps, so that there are moments."""
    model = call("torch_model", 2, 3, 1)
    optimizer = call("torch_optimizer", model, 0.01, kind)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(4, 2)).square().sum().backward()
        optimizer.step()
    return model, optimizer


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_checkpoint_gives_back_its_parts(suffix, in_folder):
    model, optimizer = trained()
    metrics = table(loss=torch.tensor(0.25), best=None, note="warm", history=[1, 2.5], ok=True)
    path = f"c{suffix}"
    saved = call("torch_save_checkpoint", model, optimizer, 7, path, metrics)
    assert saved == "Checkpoint saved successfully"
    checkpoint = call("torch_load_checkpoint", path)
    assert to_text(checkpoint) == "PyTorch State Dict (6 parameters)"
    assert part(checkpoint, "epoch") == 7
    assert to_text(part(checkpoint, "metrics")) == to_text(
        call("torch_load_checkpoint", path).parts["metrics"]
    )
    assert part(checkpoint, "metrics", "loss") == 0.25
    assert part(checkpoint, "metrics", "note") == "warm"
    assert list(part(checkpoint, "metrics", "history")) == [1, 2.5]
    assert torch.equal(part(checkpoint, "model", "fc1.weight"), model.fc1.weight)
    assert torch.equal(part(checkpoint, "fc1.weight"), model.fc1.weight)
    other = call("torch_model", 2, 3, 1)
    call("torch_load_state_dict", other, checkpoint)
    assert same(model, other)


def test_a_checkpoint_is_plain_for_pytorch(in_folder):
    model, optimizer = trained()
    call("torch_save_checkpoint", model, optimizer, 7, "c.pt", table(loss=0.5))
    content = torch.load("c.pt", weights_only=True)
    assert content["epoch"] == 7
    assert content["metrics"] == {"loss": 0.5}
    other = call("torch_model", 2, 3, 1)
    other.load_state_dict(content["model"])
    torch.optim.Adam(other.parameters()).load_state_dict(content["optimizer"])
    assert same(model, other)


def test_metrics_and_scheduler_come_in_either_order_and_are_optional(in_folder):
    model, optimizer = trained()
    scheduler = call("torch_lr_scheduler", optimizer, "step")
    for extras in (
        (),
        (scheduler,),
        (table(loss=1), scheduler),
        (scheduler, table(loss=1)),
        (None, scheduler),
    ):
        call("torch_save_checkpoint", model, optimizer, 1, "c.pt", *extras)
        parts = call("torch_load_checkpoint", "c.pt").parts
        assert ("scheduler" in parts) == (scheduler in extras)
        assert ("metrics" in parts) == any(isinstance(extra, Dictionary) for extra in extras)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
def test_resuming_restores_model_moments_schedule_and_random_numbers(kind, suffix, in_folder):
    path = f"c{suffix}"
    model, optimizer = trained(kind)
    scheduler = call("torch_lr_scheduler", optimizer, "cosine", table(total_steps=50))
    call("torch_scheduler_step", scheduler)
    call("torch_save_checkpoint", model, optimizer, 3, path, None, scheduler)
    expected = torch.rand(3), random.random(), np.random.rand()
    other, its_optimizer = trained(kind, steps=5)
    its_scheduler = call("torch_lr_scheduler", its_optimizer, "cosine")
    assert call("torch_resume_checkpoint", path, other, its_optimizer, its_scheduler) == 3
    found = torch.rand(3), random.random(), np.random.rand()
    assert torch.equal(expected[0], found[0])
    assert expected[1:] == found[1:]
    assert same(model, other)
    assert to_text(its_scheduler) == to_text(scheduler)
    assert its_optimizer.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]
    for (_, mine), (_, yours) in zip(optimizer.state.items(), its_optimizer.state.items(), strict=True):
        assert equal_tensors(mine, yours) if kind != "sgd" else mine == yours


# -- what does not fit


def test_a_resume_that_does_not_fit_changes_nothing(in_folder):
    model, optimizer = trained()
    call("torch_save_checkpoint", model, optimizer, 7, "c.pt")
    call("torch_save_model", model, "m.pt")
    cases = [
        (
            "c.pt",
            call("torch_model", 2, 4, 1),
            "adam",
            "fc1.weight is [3,2] in the file and [4,2]",
        ),
        ("c.pt", call("torch_model", 2, 3, 1), "sgd", "saved with the optimizer Adam, this one is SGD"),
        ("m.pt", call("torch_model", 2, 3, 1), "adam", "it is a model's file, not a checkpoint"),
        ("no.pt", call("torch_model", 2, 3, 1), "adam", "there is no such file"),
    ]
    for path, other, kind, text in cases:
        its_optimizer = call("torch_optimizer", other, 0.5, kind)
        before, generator = copies(other), torch.get_rng_state()
        found = error_of("torch_resume_checkpoint", path, other, its_optimizer)
        assert found.startswith(f"Error resuming checkpoint: {path}")
        assert text in found
        assert equal_tensors(before, other.state_dict())
        assert torch.equal(generator, torch.get_rng_state())
        assert its_optimizer.param_groups[0]["lr"] == 0.5
        assert not its_optimizer.state


def test_an_optimizer_of_other_parameters_is_refused(in_folder):
    model, optimizer = trained()
    call("torch_save_checkpoint", model, optimizer, 7, "c.pt")
    part_of_it = torch.optim.Adam([model.fc1.weight])
    text = error_of("torch_resume_checkpoint", "c.pt", model, part_of_it)
    assert "its optimizer trains other parameters (tensors per group: 6 and 1 here)" in text


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("random", {"torch": torch.zeros(3)}, "its random state is malformed"),
        ("random", {"python": [3, torch.zeros(5).long(), None]}, "its random state is malformed"),
        ("optimizer", {"state": {9: {}}, "param_groups": [{"params": [0, 1, 2, 3, 4, 5]}]}, "malformed"),
        ("optimizer", [1], "it holds no optimizer"),
        ("optimizer", {"state": {}, "param_groups": [{"params": 6}]}, "malformed"),
        ("optimizer", {"state": {}, "param_groups": [6]}, "malformed"),
        ("random", {"session": [1]}, "its random state is malformed"),
        ("epoch", "seven", 'its epoch is the string "seven", not a whole number'),
        ("epoch", 7.5, "its epoch is the number 7.5, not a whole number"),
        ("epoch", torch.ones(2), "not a whole number"),
        ("epoch", None, "it has no epoch, only: model, optimizer"),
    ],
)
def test_a_checkpoint_with_a_wrong_part_is_refused_whole(key, value, text, in_folder):
    model, optimizer = trained()
    call("torch_save_checkpoint", model, optimizer, 7, "c.pt")
    content = torch.load("c.pt", weights_only=True)
    content[key] = {**content["random"], **value} if key == "random" else value
    torch.save(content, "c.pt")
    other, its_optimizer = trained()
    before = copies(other)
    assert text in error_of("torch_resume_checkpoint", "c.pt", other, its_optimizer)
    assert equal_tensors(before, other.state_dict())


ARGUMENTS = [
    (("torch_save_checkpoint", 3, 3, 1, "c.pt"), "Error: First argument must be a model"),
    (("torch_save_checkpoint", nn.Linear(1, 1), 3, 1, "c.pt"), "Error: Second argument must be an optimizer"),
    (("torch_load_checkpoint", "no.pt"), "Error loading checkpoint: no.pt: there is no such file"),
    (("torch_load_checkpoint", 3), "must be a path"),
    (("torch_resume_checkpoint", "c.pt", 3, 3), "Error: Second argument must be a model"),
    (("torch_resume_checkpoint", "c.pt", nn.Linear(1, 1), 3), "Error: Third argument must be an optimizer"),
]


@pytest.mark.parametrize(("arguments", "text"), ARGUMENTS)
def test_a_wrong_argument_is_told(arguments, text, in_folder):
    assert text in error_of(*arguments)


def test_wrong_metrics_and_epochs_are_told(in_folder):
    model, optimizer = trained()
    save = ("torch_save_checkpoint", model, optimizer)
    assert "must be an epoch (an integer)" in error_of(*save, "one", "c.pt")
    assert "a dictionary of metrics or a learning-rate scheduler" in error_of(*save, 1, "c.pt", 3)


METRICS = [
    (TRUE, True),
    (None, None),
    (Single(0.5), 0.5),
    (Short(3), 3),
    (10**400, 10**400),
    (torch.tensor([2.5]), 2.5),
    (floats(0.5, 2), [0.5, 2.0]),
    (table(inner=TRUE), {"inner": True}),
]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("given", "kept"), METRICS)
def test_every_plain_value_of_lispe_is_a_metric(given, kept, suffix, in_folder):
    model, optimizer = trained()
    call("torch_save_checkpoint", model, optimizer, 1, f"c{suffix}", table(m=given))
    with open_file(f"c{suffix}") as archive:
        assert archive.tree["metrics"] == {"m": kept}
        assert type(archive.tree["metrics"]["m"]) is type(kept)


NO_METRICS = [
    (Atom("hello"), "metrics.m must be a number, a text, or a list or table of them, not the atom hello"),
    (
        table(inner=1j),
        "metrics.m.inner must be a number, a text, or a list or table of them, not the complex",
    ),
    (nn.Linear(1, 1), "not the torch linear"),
    (torch.ones(2), "not the tensor float32 [2]"),
    (table(inner=10**5000), "metrics.m.inner has more than 600 digits"),
]


@pytest.mark.parametrize(("value", "text"), NO_METRICS)
def test_other_values_are_refused_by_their_lispe_type(value, text, in_folder):
    model, optimizer = trained()
    assert text in error_of("torch_save_checkpoint", model, optimizer, 1, "c.pt", table(m=value))
    assert not (in_folder / "c.pt").exists()


def test_a_missing_part_is_told_with_the_parts_there_are(in_folder):
    model, optimizer = trained()
    call("torch_save_checkpoint", model, optimizer, 7, "c.pt")
    checkpoint = call("torch_load_checkpoint", "c.pt")
    with pytest.raises(LispeError, match="a checkpoint has no losses; it has: model, optimizer, epoch"):
        part(checkpoint, "losses")
    with pytest.raises(LispeError, match="value cannot be access through index: the integer 7"):
        part(checkpoint, "epoch", "x")


EPOCHS = [(7, 7), (7.0, 7), ("7", 7), (torch.tensor(7), 7), (torch.tensor([7.0]), 7)]


@pytest.mark.parametrize(("written", "meant"), EPOCHS)
def test_an_epoch_is_read_as_programs_write_it(written, meant, in_folder):
    model, optimizer = trained()
    content = {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}
    torch.save({**content, "epoch": written}, "theirs.pt")
    assert call("torch_resume_checkpoint", "theirs.pt", model, optimizer) == meant
    assert type(part(call("torch_load_checkpoint", "theirs.pt"), "epoch")) is int
    (item,) = call("torch_list_checkpoints", ".")
    assert item["epoch"] == meant


def test_a_merged_layer_is_refused_since_training_could_not_resume(in_folder):
    layer = call("torch_lora_linear", 3, 2, 2, 4)
    optimizer = call("torch_optimizer", layer, 0.1, "adam")
    call("torch_lora_merge_weights", layer)
    text = error_of("torch_save_checkpoint", layer, optimizer, 1, "c.pt")
    assert "the LoRA layer itself is merged, training could not resume from it; unmerge it first" in text


def test_adapters_of_a_model_resume_with_their_moments(in_folder):
    model = call("torch_lora_apply", call("torch_model", 2, 3, 1), 2, 4)
    optimizer = call("torch_optimizer", model, 0.1, "adam")
    model(torch.randn(4, 2)).square().sum().backward()
    optimizer.step()
    call("torch_save_checkpoint", model, optimizer, 1, "c.pt")
    other = call("torch_lora_apply", call("torch_model", 2, 3, 1), 2, 4)
    its_optimizer = call("torch_optimizer", other, 0.5, "adam")
    assert call("torch_resume_checkpoint", "c.pt", other, its_optimizer) == 1
    assert same(model, other)
    assert len(its_optimizer.state) == 6
