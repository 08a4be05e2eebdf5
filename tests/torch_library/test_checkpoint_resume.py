"""What is compared before a resume changes anything: optimizers and schedules of every kind."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from lispe_kernel.language.values.dictionaries import Dictionary
from tests.torch_library.persistence_modules import FORMATS, copies, equal_tensors, same
from tests.torch_library.torch_calls import call, error_of

OPTIMIZERS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "SGD": (torch.optim.SGD, {}),
    "SGD with momentum": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "Adam": (torch.optim.Adam, {}),
    "Adam with amsgrad": (torch.optim.Adam, {"amsgrad": True}),
    "AdamW": (torch.optim.AdamW, {}),
    "NAdam": (torch.optim.NAdam, {}),
    "RAdam": (torch.optim.RAdam, {}),
    "Adamax": (torch.optim.Adamax, {}),
    "Adagrad": (torch.optim.Adagrad, {}),
    "Adadelta": (torch.optim.Adadelta, {}),
    "RMSprop": (torch.optim.RMSprop, {"momentum": 0.5, "centered": True}),
    "Rprop": (torch.optim.Rprop, {}),
    "ASGD": (torch.optim.ASGD, {}),
    "Adafactor": (torch.optim.Adafactor, {}),
    "LBFGS": (torch.optim.LBFGS, {}),
}

SCHEDULES: dict[str, Callable[[torch.optim.Optimizer], Any]] = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, 2),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [2, 4]),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 10),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=20),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda n: 0.9**n),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o), lr_scheduler.StepLR(o, 2)], [3]
    ),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(o), lr_scheduler.StepLR(o, 2)]
    ),
    "step": lambda o: call("torch_lr_scheduler", o, "step"),
    "cosine": lambda o: call("torch_lr_scheduler", o, "cosine"),
}


def table(**modules: nn.Module) -> Dictionary:
    found = Dictionary()
    found.update(modules)
    return found


def made(kind: str = "SGD with momentum", rate: float = 0.01) -> tuple[nn.Linear, torch.optim.Optimizer]:
    torch.manual_seed(1)
    model = nn.Linear(4, 3)
    cls, options = OPTIMIZERS[kind]
    return model, cls(model.parameters(), lr=rate, **options)


def train(model: nn.Module, optimizer: Any, schedule: Any = None, steps: int = 3) -> None:
    for _ in range(steps):
        inputs = torch.randn(8, 4)

        def loss(inputs: torch.Tensor = inputs) -> torch.Tensor:
            optimizer.zero_grad()
            found = model(inputs).square().sum()
            found.backward()
            return found

        optimizer.step(loss)
        if isinstance(schedule, lr_scheduler.ReduceLROnPlateau):
            schedule.step(1.0)
        elif schedule is not None:
            schedule.step()


def refused(model: nn.Module, optimizer: Any, schedule: Any = None) -> str:
    """The error of resuming `c.pt`, which must leave everything as it was."""
    before = copies(model), repr(optimizer.state_dict()), repr(vars(schedule)) if schedule else ""
    text = error_of("torch_resume_checkpoint", "c.pt", model, optimizer, schedule)
    after = copies(model), repr(optimizer.state_dict()), repr(vars(schedule)) if schedule else ""
    assert equal_tensors(before[0], after[0])
    assert before[1:] == after[1:]
    return text


# -- what goes on


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_goes_on_bit_for_bit(kind, suffix, in_folder):
    model, optimizer = made(kind)
    train(model, optimizer)
    call("torch_save_checkpoint", model, optimizer, 3, f"c{suffix}")
    train(model, optimizer)
    other, its_optimizer = made(kind)
    assert call("torch_resume_checkpoint", f"c{suffix}", other, its_optimizer) == 3
    train(other, its_optimizer)
    assert same(model, other)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", SCHEDULES)
def test_every_schedule_goes_on_bit_for_bit(kind, suffix, in_folder):
    model, optimizer = made()
    schedule = SCHEDULES[kind](optimizer)
    train(model, optimizer, schedule, 5)
    call("torch_save_checkpoint", model, optimizer, 5, f"c{suffix}", schedule)
    train(model, optimizer, schedule, 5)
    other, its_optimizer = made()
    its_schedule = SCHEDULES[kind](its_optimizer)
    call("torch_resume_checkpoint", f"c{suffix}", other, its_optimizer, its_schedule)
    train(other, its_optimizer, its_schedule, 5)
    assert same(model, other)
    assert optimizer.param_groups[0]["lr"] == its_optimizer.param_groups[0]["lr"]


def test_a_schedule_still_drives_the_optimizer_after_a_resume(in_folder):
    model, optimizer = made()
    schedule = lr_scheduler.StepLR(optimizer, 1)
    call("torch_save_checkpoint", model, optimizer, 0, "c.pt", schedule)
    call("torch_resume_checkpoint", "c.pt", model, optimizer, schedule)
    train(model, optimizer, schedule, 1)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.001)


def test_without_a_scheduler_the_schedule_stays_in_the_file(in_folder):
    model, optimizer = made()
    schedule = lr_scheduler.StepLR(optimizer, 1)
    train(model, optimizer, schedule, 2)
    call("torch_save_checkpoint", model, optimizer, 2, "c.pt", schedule)
    other, its_optimizer = made(rate=0.5)
    assert call("torch_resume_checkpoint", "c.pt", other, its_optimizer) == 2
    assert its_optimizer.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]


def test_resuming_copies_no_moment_more_than_once(in_folder):
    model, optimizer = made("Adam")
    train(model, optimizer)
    call("torch_save_checkpoint", model, optimizer, 1, "c.pt")
    other, its_optimizer = made("Adam")
    loaded = []
    its_optimizer.register_load_state_dict_pre_hook(lambda _, state: loaded.append(state["state"]))
    call("torch_resume_checkpoint", "c.pt", other, its_optimizer)
    (states,) = loaded
    assert its_optimizer.state[other.weight]["exp_avg"] is states[0]["exp_avg"]


# -- what does not fit

OTHER_SCHEDULES = [
    ("StepLR", "SequentialLR", "it was saved with the schedule StepLR, this one is SequentialLR"),
    ("StepLR", "CosineAnnealingLR", "it was saved with the schedule StepLR, this one is CosineAnnealingLR"),
    ("step", "StepLR", "it was saved with the schedule step, this one is StepLR; make the same kind"),
    ("StepLR", "step", "it was saved with the schedule StepLR, this one is step"),
    ("step", "cosine", "it was saved with the schedule step, this one is cosine"),
]


@pytest.mark.parametrize(("saved", "now", "text"), OTHER_SCHEDULES)
def test_another_kind_of_schedule_is_refused(saved, now, text, in_folder):
    model, optimizer = made()
    call("torch_save_checkpoint", model, optimizer, 1, "c.pt", SCHEDULES[saved](optimizer))
    other, its_optimizer = made(rate=0.5)
    schedule = SCHEDULES[now](its_optimizer)
    found = refused(other, its_optimizer, schedule)
    assert text in found


THEIR_SCHEDULES = [
    ("StepLR", "CosineAnnealingLR", "of another kind than this CosineAnnealingLR: it lacks T_max"),
    ("StepLR", "SequentialLR", "of another kind than this SequentialLR"),
    ("StepLR", "step", "its schedule is malformed, or not one of torch_lr_scheduler"),
    ("ChainedScheduler", "SequentialLR", "of another kind than this SequentialLR: it lacks last_epoch"),
]


@pytest.mark.parametrize(("saved", "now", "text"), THEIR_SCHEDULES)
def test_a_schedule_of_another_program_is_known_by_its_settings(saved, now, text, in_folder):
    model, optimizer = made()
    content = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}
    torch.save({**content, "scheduler": SCHEDULES[saved](optimizer).state_dict()}, "c.pt")
    schedule = SCHEDULES[now](optimizer)
    found = refused(model, optimizer, schedule)
    assert text in found


def test_the_schedules_inside_a_schedule_are_compared(in_folder):
    model, optimizer = made()
    call("torch_save_checkpoint", model, optimizer, 1, "c.pt", SCHEDULES["SequentialLR"](optimizer))
    inside = [lr_scheduler.StepLR(optimizer, 2), lr_scheduler.LinearLR(optimizer)]
    schedule = lr_scheduler.SequentialLR(optimizer, inside, [3])
    text = error_of("torch_resume_checkpoint", "c.pt", model, optimizer, schedule)
    assert "another kind than this SequentialLR (schedule 0 inside)" in text


class Stubborn(lr_scheduler.StepLR):
    """A schedule that takes no state."""

    def load_state_dict(self, state_dict: Any) -> None:
        self.step_size = 99
        raise KeyError("warmth")


def test_a_schedule_that_fails_to_load_fails_on_a_copy(in_folder):
    model, optimizer = made()
    call("torch_save_checkpoint", model, optimizer, 1, "c.pt", Stubborn(optimizer, 2))
    other, its_optimizer = made(rate=0.5)
    nn.init.zeros_(other.weight)
    schedule = Stubborn(its_optimizer, 3)
    found = refused(other, its_optimizer, schedule)
    assert "this Stubborn does not take its schedule (warmth)" in found


def moments(**changes: Any) -> dict[int, dict[str, Any]]:
    """A state of Adam for the [3,4] weight of the model, with changes."""
    kept = {"step": torch.ones(()), "exp_avg": torch.zeros(3, 4), "exp_avg_sq": torch.zeros(3, 4)}
    return {0: {**kept, **changes}}


FORGED = [
    ({0: {"exp_avg": 1}}, {}, "has no step, exp_avg_sq of parameter 0; it is of another kind of optimizer"),
    ({0: {"momentum_buffer": torch.zeros(3, 4)}}, {}, "of another kind of optimizer than this Adam"),
    ({}, {"betas": None}, "its optimizer state has no betas; it is of another kind of optimizer"),
    (moments(exp_avg=torch.zeros(4, 3)), {}, "parameter 0 is [4,3] in the file and [3,4] in the model"),
    (moments(exp_avg_sq=torch.zeros(1)), {}, "exp_avg_sq of the optimizer's parameter 0 is [1] in the file"),
    (moments(exp_avg=1), {}, "exp_avg of the optimizer's parameter 0 is not a tensor"),
    (moments(step="one"), {}, "step of the optimizer's parameter 0 is not a number"),
    (moments(), {"amsgrad": True}, "has no max_exp_avg_sq of parameter 0"),
    (moments(), {"lr": "fast"}, "the option lr of its optimizer is not a number"),
    ({7: {}}, {}, "its optimizer state is malformed"),
    ({0: 1}, {}, "its optimizer state is malformed"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "options", "text"), FORGED)
def test_a_state_that_the_optimizer_cannot_use_is_refused(state, options, text, in_folder):
    model, optimizer = made("Adam")
    (group,) = optimizer.state_dict()["param_groups"]
    group = {name: value for name, value in {**group, **options}.items() if options.get(name, "") is not None}
    saved = {"state": state, "param_groups": [group]}
    torch.save({"model": made()[0].state_dict(), "optimizer": saved, "epoch": 1}, "c.pt")
    train(model, optimizer)
    found = refused(model, optimizer)
    assert text in found


@pytest.mark.parametrize("saved", ["SGD", "SGD with momentum", "Adamax", "RMSprop"])
def test_another_kind_of_optimizer_of_another_program_is_refused(saved, in_folder):
    model, optimizer = made(saved)
    train(model, optimizer)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}, "c.pt")
    other, its_optimizer = made("Adam")
    found = refused(other, its_optimizer)
    assert "it is of another kind of optimizer than this Adam" in found


class Picky(torch.optim.SGD):
    """An optimizer that takes no state."""

    def load_state_dict(self, state_dict: Any) -> None:
        self.param_groups[0]["lr"] = 99.0
        raise KeyError("mood")


def test_an_optimizer_that_fails_to_load_fails_as_a_stand_in(in_folder):
    model, _ = made()
    optimizer = Picky(model.parameters(), lr=0.1)
    call("torch_save_checkpoint", model, optimizer, 1, "c.pt")
    nn.init.zeros_(model.weight)
    found = refused(model, optimizer)
    assert "this Picky does not take its state (mood)" in found


# -- which tensors are trained


def two() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))


def groups(*parts: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam([{"params": list(part.parameters())} for part in parts])


OTHER_TENSORS = [
    (lambda m: groups(m[0]), lambda m: groups(m[1]), "in group 0: 0.weight in the file, 1.weight here"),
    (
        lambda m: groups(m[0], m[1]),
        lambda m: groups(m[1], m[0]),
        "in group 0: 0.weight in the file, 1.weight",
    ),
    (lambda m: groups(m[0]), lambda m: groups(copy.deepcopy(m[0])), "a tensor outside the model here"),
    (lambda m: groups(m), lambda m: groups(m[0]), "tensors per group: 4 and 2 here"),
]


@pytest.mark.parametrize(("before", "now", "text"), OTHER_TENSORS)
def test_moments_go_to_the_tensors_they_belong_to(before, now, text, in_folder):
    model = two()
    call("torch_save_checkpoint", model, before(model), 1, "c.pt")
    optimizer = now(model)
    found = refused(model, optimizer)
    assert text in found


def test_tied_tensors_may_go_by_any_of_their_names(in_folder):
    model = two()
    model[1].weight = model[0].weight
    call("torch_save_checkpoint", table(b=model[1], a=model[0]), groups(model), 1, "c.pt")
    assert call("torch_resume_checkpoint", "c.pt", table(a=model[0], b=model[1]), groups(model)) == 1


class Own(torch.optim.Optimizer):
    """A user's optimizer, whose states have names that mean other things in PyTorch's."""

    def __init__(self, parameters):
        super().__init__(parameters, {"lr": 0.1})

    def step(self):
        for parameter in self.param_groups[0]["params"]:
            self.state[parameter].update(mu=torch.ones_like(parameter), sum=1.5, step_size=torch.ones(1))


def test_a_users_optimizer_names_its_states_as_it_likes(in_folder):
    model, other = call("torch_linear", 3, 2), call("torch_linear", 3, 2)
    optimizer, fresh = Own(model.parameters()), Own(other.parameters())
    optimizer.step()
    call("torch_save_checkpoint", model, optimizer, 1, "c.pt")
    assert call("torch_resume_checkpoint", "c.pt", other, fresh) == 1
    assert fresh.state[other.weight]["sum"] == 1.5


def test_a_training_of_a_wrapped_model_goes_on_in_the_plain_one(in_folder):
    model, other = call("torch_linear", 3, 2), call("torch_linear", 3, 2)
    wrapped = nn.DataParallel(model)
    optimizer, fresh = (call("torch_optimizer", each, 0.1, "adam") for each in (wrapped, other))
    wrapped(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    call("torch_save_checkpoint", wrapped, optimizer, 1, "c.pt")
    assert call("torch_resume_checkpoint", "c.pt", other, fresh) == 1
    assert torch.equal(fresh.state[other.weight]["exp_avg"], optimizer.state[model.weight]["exp_avg"])
