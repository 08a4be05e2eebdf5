"""Learning-rate schedules: the rate as a formula of the number of steps made.

The formulas and their base rate come from the settings, not from the optimizer, and nothing is clamped,
as in the original. Creating a schedule does not change the optimizer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import number_text, register_kind
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.training.optimizers import optimizer_argument

DEFAULTS: dict[str, float] = {
    "initial_lr": 0.001,
    "min_lr": 1e-6,
    "total_steps": 1000,
    "warmup_steps": 0,
    "gamma": 0.1,
    "step_size": 100,
}

Settings = dict[str, float]
Formula = Callable[[int, Settings], float]


def _cosine_between(s: Settings, part: float) -> float:
    return s["min_lr"] + (s["initial_lr"] - s["min_lr"]) * 0.5 * (1 + math.cos(math.pi * part))


def _cosine(n: int, s: Settings) -> float:
    return _cosine_between(s, n / s["total_steps"])


def _warmup_cosine(n: int, s: Settings) -> float:
    warmup = s["warmup_steps"]
    if n < warmup:
        return s["initial_lr"] * n / warmup
    return _cosine_between(s, (n - warmup) / (s["total_steps"] - warmup))


def _exponential(n: int, s: Settings) -> float:
    return float(s["initial_lr"] * s["gamma"] ** n)


def _step(n: int, s: Settings) -> float:
    return float(s["initial_lr"] * s["gamma"] ** (n // s["step_size"]))


def _linear(n: int, s: Settings) -> float:
    left = (s["total_steps"] - n) / s["total_steps"]
    return s["min_lr"] + (s["initial_lr"] - s["min_lr"]) * left


# The name in a program, the name in the printed text, the formula.
SCHEDULES: dict[str, tuple[str, Formula]] = {
    "linear_warmup_cosine": ("LinearWarmupCosine", _warmup_cosine),
    "cosine": ("Cosine", _cosine),
    "exponential": ("Exponential", _exponential),
    "step": ("Step", _step),
    "linear": ("Linear", _linear),
}


class Scheduler:
    """A formula, its settings, the optimizer it drives and the number of steps made."""

    def __init__(self, optimizer: Any, kind: str, settings: Settings) -> None:
        self.optimizer, self.kind, self.settings = optimizer, kind, settings
        self.steps = 0

    @property
    def rate(self) -> float:
        """The optimizer's rate now (of its first group)."""
        return float(self.optimizer.param_groups[0]["lr"])

    @rate.setter
    def rate(self, value: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = value

    def step(self) -> None:
        self.rate = SCHEDULES[self.kind][1](self.steps + 1, self.settings)
        self.steps += 1


register_kind(
    Scheduler,
    "torch_lrs_scheduler_",
    lambda s, _show: f"LR Scheduler ({SCHEDULES[s.kind][0]}, step={s.steps}, lr={number_text(s.rate)})",
)


@torch_function("torch_lr_scheduler", "torch_lr_scheduler_create", prefix="Error creating scheduler: ")
def lr_scheduler(optimizer: Any, scheduler_type: str, config: Any = None) -> Scheduler:
    """A schedule for an optimizer's learning rate, driven by `torch_scheduler_step`.

    Types: linear_warmup_cosine, cosine, exponential, step, linear. The dictionary may hold initial_lr
    (0.001), min_lr (1e-6), total_steps (1000), warmup_steps (0), gamma (0.1) and step_size (100). The base
    rate is `initial_lr`, whatever the optimizer's rate is.

    Example: (torch_lr_scheduler (torch_sgd_optimizer 0.1) "step") => LR Scheduler (Step, step=0, lr=0.1)
    Errors: `First argument must be an optimizer`, `Unknown scheduler type: X`
    Source: torch API 8.3
    """
    driven = optimizer_argument(optimizer, "First argument must be an optimizer")
    if not isinstance(scheduler_type, str) or scheduler_type not in SCHEDULES:
        raise LispeError(f"Unknown scheduler type: {scheduler_type}")
    given = arguments.settings(config, DEFAULTS)
    settings = {name: _setting(name, given.get(name, default)) for name, default in DEFAULTS.items()}
    return Scheduler(driven, scheduler_type, settings)


def _setting(name: str, value: Any) -> float:
    if isinstance(value, int | float):
        return value
    raise LispeError(f"Error: torch_lr_scheduler: {name} must be a number")


def _scheduler(value: Any, text: str) -> Scheduler:
    if isinstance(value, Scheduler):
        return value
    raise LispeError(text)


@torch_function("torch_scheduler_step", "torch_lr_scheduler_step", prefix="Error in torch_scheduler_step: ")
def scheduler_step(scheduler: Any) -> Atom:
    """Count one step and set the optimizer's rate by the formula; true.

    Errors: `Argument must be a learning rate scheduler`
    Example: (torch_scheduler_step (torch_lr_scheduler (torch_sgd_optimizer 0.1) "step")) => true
    Source: torch API 8.3
    """
    _scheduler(scheduler, "Argument must be a learning rate scheduler").step()
    return TRUE


@torch_function("torch_scheduler_get_lr", "torch_lr_scheduler_get_lr", returns="number")
def scheduler_get_lr(scheduler: Any) -> float:
    """The optimizer's learning rate now; before the first step that is the optimizer's own.

    Example: (torch_scheduler_get_lr (torch_lr_scheduler (torch_sgd_optimizer 0.1) "step")) => 0.1
    Errors: `Argument must be a learning rate scheduler`
    Source: torch API 8.3
    """
    return _scheduler(scheduler, "Argument must be a learning rate scheduler").rate


@torch_function("torch_scheduler_set_lr", "torch_lr_scheduler_set_lr")
def scheduler_set_lr(scheduler: Any, lr: Any) -> Atom:
    """Set the optimizer's learning rate until the next step; the count of steps stays. True.

    Example: (torch_scheduler_set_lr (torch_lr_scheduler (torch_sgd_optimizer 0.1) "step") 0.2) => true
    Errors: `First argument must be a learning rate scheduler`
    Source: torch API 8.3
    """
    driven = _scheduler(scheduler, "First argument must be a learning rate scheduler")
    driven.rate = arguments.number("torch_scheduler_set_lr", 2, lr)
    return TRUE
