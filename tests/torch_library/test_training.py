"""Training: losses and gradients, optimizers that learn, schedules by their formulas."""

import math

import pytest
import torch

from lispe_kernel import LispeError, Session
from lispe_kernel.language.printer import to_text, type_atom
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.training.schedulers import SCHEDULES
from tests.torch_library.torch_calls import call, error_of, integers, listed


def test_the_mean_squared_error():
    loss = call("torch_mse_loss", torch.tensor([1.0, 2, 3]), torch.tensor([1.1, 1.9, 3.2]))
    assert list(loss.shape) == []
    assert loss.item() == pytest.approx(0.02, rel=1e-5)
    assert call("torch_mse_loss", torch.ones(2, 2), torch.tensor(3.0)).item() == 4


def test_targets_that_would_widen_the_predictions_are_refused():
    text = error_of("torch_mse_loss", torch.ones(3, 1), torch.ones(3))
    assert text.startswith("Error calculating MSE loss: ")
    assert "predictions: float32 [3,1], targets: float32 [3]" in text


@pytest.mark.parametrize(
    "name", ["torch_cross_entropy", "torch_crossentropy_loss", "torch_loss_crossentropy"]
)
def test_cross_entropy(name):
    assert call(name, torch.tensor([[2.0, 1, 0.1]]), torch.tensor([0])).item() == pytest.approx(
        0.41703, rel=1e-5
    )
    assert call(name, torch.zeros(4), torch.tensor(2)).item() == pytest.approx(math.log(4), rel=1e-6)


def test_a_class_outside_the_logits_is_named():
    text = error_of("torch_cross_entropy", torch.zeros(1, 3), torch.tensor([5]))
    assert text.startswith("Error calculating cross-entropy loss: Target 5 is out of bounds")


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
def test_an_optimizer_teaches_a_model_to_add(kind):
    model = call("torch_model", 2, 8, 1)
    optimizer = call("torch_optimizer", model, 0.05 if kind == "sgd" else 0.01, kind)
    data = torch.rand(64, 2)
    targets, losses = data.sum(1, keepdim=True), []
    for _ in range(200):
        assert call("torch_optimizer_zero_grad", optimizer) is TRUE
        loss = call("torch_mse_loss", call("torch_forward", model, data), targets)
        assert call("torch_backward", loss) is TRUE
        assert call("torch_optimizer_step", optimizer) is TRUE
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_training_from_a_seed_is_pytorchs_training_to_the_bit():
    def train_here():
        call("torch_manual_seed", 3)
        model = call("torch_model", 2, 4, 1)
        optimizer = call("torch_optimizer", model, 0.01, "adam")
        loss = call("torch_mse_loss", call("torch_forward", model, torch.ones(3, 2)), torch.zeros(3, 1))
        call("torch_backward", loss)
        call("torch_optimizer_step", optimizer)
        return model.fc1.weight.detach()

    torch.manual_seed(3)
    layers = [torch.nn.Linear(2, 4), torch.nn.Linear(4, 4), torch.nn.Linear(4, 1)]
    optimizer = torch.optim.Adam([p for layer in layers for p in layer.parameters()], lr=0.01)
    hidden = torch.relu(layers[1](torch.relu(layers[0](torch.ones(3, 2)))))
    torch.nn.functional.mse_loss(layers[2](hidden), torch.zeros(3, 1)).backward()
    optimizer.step()
    assert torch.equal(train_here(), layers[0].weight)


def test_an_optimizer_takes_several_modules():
    embedding, head = call("torch_embedding", 5, 4), call("torch_linear", 4, 5)
    for group in (listed(embedding, head), Dictionary({"e": embedding, "h": head})):
        optimizer = call("torch_optimizer", group, 0.1, "sgd")
        assert [len(g["params"]) for g in optimizer.param_groups] == [3]


def test_frozen_tensors_are_left_out():
    model = call("torch_linear", 2, 2)
    model.weight.requires_grad_(False)
    assert len(call("torch_optimizer", model, 0.1, "adam").param_groups[0]["params"]) == 1
    assert len(call("torch_model_parameters", model)) == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((3, 0.1, "adam"), "Error: First argument must be a model"),
        ((listed(3), 0.1, "adam"), "Error: First argument must be a model"),
        ((listed(), 0.1, "adam"), "Error: First argument must be a model"),
        ((torch.nn.Linear(1, 1), 0.1, "foo"), "Error: Unsupported optimizer type"),
        ((torch.nn.Linear(1, 1), 0.1, 3), "Error: Unsupported optimizer type"),
        (
            (call("torch_positional_encoding", 2, 2), 0.1, "sgd"),
            (
                "Error creating optimizer: the model has no parameters to train "
                "(model: PositionalEncoding(embed_dim=2, max_length=2))"
            ),
        ),
    ],
)
def test_what_cannot_be_optimized_is_refused(arguments, text):
    assert error_of("torch_optimizer", *arguments).startswith(text)


def test_optimizers_print_alike():
    made = [
        call("torch_optimizer", call("torch_model", 1, 1, 1), 0.1, "sgd"),
        call("torch_adamw_optimizer", 0.1),
        call("torch_optimizer_add_params", listed(torch.ones(1, requires_grad=True)), 0.1, 0.01),
    ]
    assert {to_text(optimizer) for optimizer in made} == {"PyTorch Optimizer"}
    assert {type_atom(optimizer).name for optimizer in made} == {"torch_optimizer_"}


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
def test_an_optimizer_of_a_rate_alone_trains_what_it_is_given_and_keeps_its_schedule(kind):
    made = call(f"torch_{kind}_optimizer", 0.1)
    schedule = call("torch_lr_scheduler", made, "step", Dictionary({"initial_lr": 0.1, "step_size": 1}))
    one, two = (torch.ones(2, requires_grad=True) for _ in range(2))
    assert call("torch_optimizer_add_params", made, listed(one)) is made
    call("torch_scheduler_step", schedule)
    (2 * one).sum().backward()
    call("torch_optimizer_step", made)
    expected = torch.optim.__dict__[{"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}[kind]]([two], lr=0.01)
    (2 * two).sum().backward()
    expected.step()
    assert type(made) is type(expected)
    assert torch.equal(one, two)


def test_an_optimizer_is_given_models_and_tensors_besides():
    layer, more, alone = (
        call("torch_linear", 2, 1),
        call("torch_linear", 1, 1),
        torch.ones(1).requires_grad_(),
    )
    made = call("torch_optimizer", layer, 0.5, "sgd")
    call("torch_optimizer_add_params", made, more)
    call("torch_optimizer_add_params", made, listed(alone), 0.2)
    groups = made.param_groups
    assert [len(group["params"]) for group in groups] == [2, 2, 1]
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [(0.5, 0), (0.5, 0), (0.5, 0.2)]
    assert "more than one parameter group" in error_of("torch_optimizer_add_params", made, listed(alone))
    assert "a list of tensors or a model" in error_of("torch_optimizer_add_params", made, 3)
    assert len(groups) == 3
    more.weight = torch.nn.Parameter(torch.ones(1, 1))
    assert "no part of the model any more: weight" in error_of("torch_optimizer_step", made)


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
def test_an_optimizer_without_parameters_changes_nothing_without_complaint(kind):
    optimizer = call(f"torch_{kind}_optimizer", 0.1)
    assert call("torch_optimizer_step", optimizer) is TRUE
    assert call("torch_optimizer_zero_grad", optimizer) is TRUE
    assert call("torch_clip_grad_norm", optimizer, 1) == 0


def test_optimizer_functions_refuse_other_values():
    assert error_of("torch_optimizer_step", 3).startswith("Error: Argument must be an optimizer")
    assert error_of("torch_optimizer_zero_grad", None).startswith("Error: Argument must be an optimizer")
    assert error_of("torch_clip_grad_norm", 3, 1).startswith("Error: First argument must be an optimizer")
    assert error_of("torch_optimizer_add_params", 3, 0.1, 0).startswith(
        "Error: params must be a list of tensors"
    )


def test_clipping_scales_all_gradients_and_tells_the_norm_before():
    model = call("torch_linear", 2, 1)
    optimizer = call("torch_optimizer", model, 0.1, "sgd")
    call("torch_backward", (call("torch_linear_forward", model, torch.tensor([[3.0, 4.0]])) * 2).sum())
    assert call("torch_clip_grad_norm", optimizer, 1) == pytest.approx(math.sqrt(36 + 64 + 4))
    total = math.sqrt(sum(float((p.grad**2).sum()) for p in model.parameters()))
    assert total == pytest.approx(1, rel=1e-4)


def test_backward_may_keep_the_graph():
    weight = torch.ones(1, requires_grad=True)
    loss = (weight * weight).sum()
    call("torch_backward", loss, TRUE)
    call("torch_backward", loss)
    assert weight.grad.item() == 4
    assert error_of("torch_backward", loss).startswith("Error in torch_backward: ")
    assert error_of("torch_backward", 2.5).startswith("Error: Argument must be a tensor (loss)")


def test_gradients_can_be_switched_off():
    try:
        assert call("torch_set_grad_enabled", None) is TRUE
        assert not call("torch_linear_forward", call("torch_linear", 1, 1), torch.ones(1)).requires_grad
    finally:
        call("torch_set_grad_enabled", TRUE)
    assert call("torch_linear_forward", call("torch_linear", 1, 1), torch.ones(1)).requires_grad


def rates(kind: str, steps: int, **settings: float) -> list[float]:
    scheduler = call("torch_lr_scheduler", call("torch_sgd_optimizer", 0.5), kind, Dictionary(settings))
    seen = []
    for _ in range(steps):
        assert call("torch_scheduler_step", scheduler) is TRUE
        seen.append(call("torch_scheduler_get_lr", scheduler))
    return seen


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        (
            "linear_warmup_cosine",
            {"initial_lr": 0.001, "min_lr": 0, "total_steps": 10, "warmup_steps": 2},
            [
                0.0005,
                0.001,
                0.0009619398,
                0.0008535534,
                0.0006913417,
                0.0005,
                0.0003086583,
                0.0001464466,
                3.806023e-05,
                0,
            ],
        ),
        # At its end a schedule stays: PyTorch's own cosine would rise again.
        (
            "cosine",
            {"initial_lr": 0.1, "min_lr": 0, "total_steps": 4},
            [0.08535534, 0.05, 0.01464466, 0, 0],
        ),
        ("step", {"initial_lr": 0.1, "gamma": 0.5, "step_size": 2}, [0.1, 0.05, 0.05, 0.025]),
        ("exponential", {"initial_lr": 0.1, "gamma": 0.9}, [0.09, 0.081]),
        ("linear", {"initial_lr": 0.1, "min_lr": 0, "total_steps": 10}, [0.09, 0.08]),
        ("linear", {"initial_lr": 0.1, "min_lr": 0.01, "total_steps": 2}, [0.055, 0.01, 0.01]),
        # A run may end within its warm-up, as that of NAVER's dpo_training_v1 with its eight pairs does.
        (
            "linear_warmup_cosine",
            {"initial_lr": 0.1, "total_steps": 2, "warmup_steps": 4},
            [0.025, 0.05, 0.05],
        ),
        ("linear_warmup_cosine", {"initial_lr": 0.1, "total_steps": 2, "warmup_steps": 2}, [0.05, 0.1, 0.1]),
        # The base rate is the optimizer's where none is given.
        ("linear", {}, [0.5 - (0.5 - 1e-6) / 1000]),
    ],
)
def test_a_schedule_follows_its_formula(kind, settings, expected):
    assert rates(kind, len(expected), **settings) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_schedule_leaves_the_optimizer_alone_until_its_first_step():
    model_optimizer = call("torch_optimizer", call("torch_model", 1, 1, 1), 0.1, "sgd")
    scheduler = call("torch_lr_scheduler", model_optimizer, "step", None)
    assert to_text(scheduler) == "LR Scheduler (Step, step=0, lr=0.1)"
    call("torch_scheduler_step", scheduler)
    assert model_optimizer.param_groups[0]["lr"] == 0.1
    call("torch_scheduler_set_lr", scheduler, 0.7)
    assert to_text(scheduler) == "LR Scheduler (Step, step=1, lr=0.7)"


def test_schedules_refuse_what_they_do_not_know():
    optimizer = call("torch_sgd_optimizer", 0.1)
    assert error_of("torch_lr_scheduler", optimizer, "wave", None) == "Unknown scheduler type: wave"
    assert error_of("torch_lr_scheduler", 3, "step", None).startswith("First argument must be an optimizer")
    assert error_of("torch_scheduler_step", 3).startswith("Argument must be a learning rate scheduler")
    scheduler = call("torch_lr_scheduler", call("torch_sgd_optimizer", 0.1), "step")
    assert "must be 0 or a positive number" in error_of("torch_scheduler_set_lr", scheduler, -0.1)
    assert error_of("torch_scheduler_set_lr", 3, 0.1).startswith(
        "First argument must be a learning rate scheduler"
    )
    bad = Dictionary({"gamma": integers(1)})
    assert "gamma must be a number" in error_of("torch_lr_scheduler", optimizer, "step", bad)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"total_step": 5}, "there is no option total_step; it knows: initial_lr"),
        ({"total_steps": 0}, "total_steps must be a positive integer, not 0"),
        ({"initial_lr": -1}, "the rates must be 0 <= min_lr <= initial_lr"),
        ({"min_lr": 0.1, "initial_lr": 0.01}, "the rates must be 0 <= min_lr <= initial_lr"),
        ({"gamma": 1.5}, "gamma must be greater than 0 and at most 1, not 1.5"),
    ],
)
def test_settings_that_no_schedule_can_have_are_refused(settings, text):
    optimizer = call("torch_sgd_optimizer", 0.1)
    kind = "step" if "gamma" in settings else "linear_warmup_cosine"
    assert text in error_of("torch_lr_scheduler", optimizer, kind, Dictionary(settings))


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_setting_is_read_by_its_schedule_or_refused(kind):
    def all_rates(**settings):
        return rates(kind, 101, **{"initial_lr": 0.5, **settings})

    other = {"min_lr": 0.2, "total_steps": 7, "warmup_steps": 3, "gamma": 0.7, "step_size": 2}
    read = {name for name in SCHEDULES[kind][2] if name in other}
    assert all(all_rates(**{name: other[name]}) != all_rates() for name in read)
    for name in other.keys() - read:
        text = error_of("torch_lr_scheduler", call("torch_sgd_optimizer", 0.1), kind, Dictionary({name: 1}))
        assert f"{name} changes nothing in the schedule {kind}, which reads initial_lr" in text


def test_groups_keep_the_proportion_of_their_rates():
    model = call("torch_model", 2, 3, 1)
    groups = [Dictionary({"params": model.fc3, "lr": 0.01, "weight_decay": 0.5})]
    optimizer = call("torch_optimizer", model, 0.1, "sgd", Dictionary({"momentum": 0.9, "groups": groups}))
    assert [len(group["params"]) for group in optimizer.param_groups] == [4, 2]
    assert [(g["momentum"], g["weight_decay"]) for g in optimizer.param_groups] == [(0.9, 0), (0.9, 0.5)]
    scheduler = call("torch_lr_scheduler", optimizer, "step", Dictionary({"initial_lr": 0.2}))
    call("torch_scheduler_step", scheduler)
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, pytest.approx(0.02)]


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        ("sgd", {"betas": [0.9, 0.99]}, "there is no option betas; it knows: momentum, dampening"),
        ("sgd", {"dampening": 0.5}, "dampening changes nothing without momentum"),
        ("adam", {"weight_decay": -1}, "Invalid weight_decay value"),
        ("adam", {"betas": 0.9}, "betas must be a list of two numbers"),
        ("adam", {"groups": 3}, "groups must be a list of dictionaries"),
        ("adam", {"groups": [Dictionary({"lr": 1})]}, "a group needs params"),
        ("adam", {"groups": [Dictionary({"params": torch.nn.Linear(1, 1)})]}, "is no part of the model"),
    ],
)
def test_options_that_an_optimizer_does_not_take_are_refused(kind, options, text):
    model = call("torch_model", 1, 1, 1)
    assert text in error_of("torch_optimizer", model, 0.1, kind, Dictionary(options))


def test_an_optimizer_whose_module_was_replaced_says_so() -> None:
    session = Session()
    session.evaluate("""
        (class@ Net () (setqi head (torch_linear 2 1)) (defun forward (x) (head x))
           (defun renew () (setqi head (torch_linear 2 1))))
        (setq net (Net)) (setq sgd (torch_optimizer net 0.1 "sgd"))
        (defun step () (torch_optimizer_zero_grad sgd)
           (torch_backward (tensor_sum (net (forward (tensor_ones '(1 2)))))) (torch_optimizer_step sgd))
        (step) (net (renew))""")
    with pytest.raises(LispeError, match=r"no part of the model any more: head.weight, head.bias"):
        session.evaluate("(step)")
    assert session.evaluate('(setq sgd (torch_optimizer net 0.1 "sgd")) (step)') is TRUE
