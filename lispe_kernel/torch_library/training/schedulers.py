"""Learning-rate schedules: the rate as a formula of the number of steps made.

The base rate is a setting; where it is not given, the optimizer's own. What falls has reached its end
at `total_steps` and stays there. Creating a schedule does not change the optimizer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, number_text, register_kind
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.training.optimizers import optimizer_argument

# That of initial_lr is the optimizer's rate.
DEFAULTS: dict[str, float] = {
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
    return _cosine_between(s, _part(n, s["total_steps"]))


def _part(n: float, total: float) -> float:
    """How much of the way is done: 1 at its end, and after it."""
    return min(1.0, n / total)


def _warmup_cosine(n: int, s: Settings) -> float:
    warmup, total = s["warmup_steps"], s["total_steps"]
    if n < warmup or warmup >= total:  # A run may end within its warm-up.
        return s["initial_lr"] * min(n, total) / warmup
    return _cosine_between(s, _part(n - warmup, total - warmup))


def _exponential(n: int, s: Settings) -> float:
    return float(s["initial_lr"] * s["gamma"] ** n)


def _step(n: int, s: Settings) -> float:
    return float(s["initial_lr"] * s["gamma"] ** (n // s["step_size"]))


def _linear(n: int, s: Settings) -> float:
    left = 1 - _part(n, s["total_steps"])
    return s["min_lr"] + (s["initial_lr"] - s["min_lr"]) * left


_FALLING = ("initial_lr", "min_lr", "total_steps")
# The name in a program, the name in the printed text, the formula, the settings that it reads.
SCHEDULES: dict[str, tuple[str, Formula, tuple[str, ...]]] = {
    "linear_warmup_cosine": ("LinearWarmupCosine", _warmup_cosine, (*_FALLING, "warmup_steps")),
    "cosine": ("Cosine", _cosine, _FALLING),
    "exponential": ("Exponential", _exponential, ("initial_lr", "gamma")),
    "step": ("Step", _step, ("initial_lr", "gamma", "step_size")),
    "linear": ("Linear", _linear, _FALLING),
}


class Scheduler:
    """A formula, its settings, the optimizer it drives and the number of steps made."""

    def __init__(self, optimizer: Any, kind: str, settings: Settings) -> None:
        self.optimizer, self.kind, self.settings = optimizer, kind, settings
        self.steps = 0
        # Groups of parameters with rates of their own keep their proportion to the first.
        rates = [float(group["lr"]) for group in optimizer.param_groups]
        self.shares = [rate / rates[0] if rates[0] else 1.0 for rate in rates]

    @property
    def rate(self) -> float:
        """The optimizer's rate now (of its first group)."""
        return float(self.optimizer.param_groups[0]["lr"])

    @rate.setter
    def rate(self, value: float) -> None:
        for group, share in zip(self.optimizer.param_groups, self.shares, strict=False):
            group["lr"] = value * share

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

    Types, with what the dictionary may hold: cosine and linear: initial_lr, min_lr (1e-6), total_steps
    (1000); linear_warmup_cosine: warmup_steps (0) besides; exponential: initial_lr, gamma (0.1); step:
    initial_lr, gamma, step_size (100). The base rate is `initial_lr`; where it is not given, the rate that
    the optimizer has now. Groups of parameters with other rates keep their proportion to the first. After
    `total_steps` the rate stays what it is, also where they end within the warm-up.

    Example: (torch_lr_scheduler (torch_sgd_optimizer 0.1) "step") => LR Scheduler (Step, step=0, lr=0.1)
    Errors: `First argument must be an optimizer`, `Unknown scheduler type: X`; an unknown key, one
    that the schedule does not read, a value that no schedule can have; no initial_lr where the optimizer's
    rate is 0
    Source: torch API 8.3
    """
    driven = optimizer_argument(optimizer, "First argument must be an optimizer")
    if not isinstance(scheduler_type, str) or scheduler_type not in SCHEDULES:
        given_type = scheduler_type if isinstance(scheduler_type, str) else describe(scheduler_type)
        raise LispeError(f"Unknown scheduler type: {given_type}")
    first, *others = (float(group["lr"]) for group in driven.param_groups)
    defaults = {"initial_lr": first, **DEFAULTS}
    given = arguments.options("torch_lr_scheduler", 3, config, defaults)
    read = SCHEDULES[scheduler_type][2]
    idle = next((name for name in given if name not in read), None)
    if idle is not None:
        raise LispeError(
            f"Error: torch_lr_scheduler: {idle} changes nothing in the schedule {scheduler_type}, which "
            f"reads {', '.join(read)}"
        )
    settings = {name: _setting(name, given.get(name, default)) for name, default in defaults.items()}
    if "min_lr" not in given:
        settings["min_lr"] = min(settings["min_lr"], settings["initial_lr"])
    if "total_steps" not in given:
        settings["total_steps"] = max(settings["total_steps"], settings["warmup_steps"] + 1)
    wrong = problem(settings)
    if wrong:
        raise LispeError(f"Error: torch_lr_scheduler: {wrong}")
    if not first and (any(others) or "initial_lr" not in given):
        text = "the first group's rate is 0, the others have no proportion to it"
        wrong = text if any(others) else "the optimizer's rate is 0 and would stay so, give initial_lr"
        raise LispeError(f"Error: torch_lr_scheduler: {wrong}")
    return Scheduler(driven, scheduler_type, settings)


def problem(s: Settings) -> str:
    """What is wrong with settings that no schedule can have; an empty text for good ones."""
    if not all(math.isfinite(value) for value in s.values()):
        return next(f"{name} must be a finite number" for name, v in s.items() if not math.isfinite(v))
    for name in ("total_steps", "warmup_steps", "step_size"):
        if s[name] != s[name] // 1 or s[name] < (name != "warmup_steps"):
            least = "an integer, 0 or more" if name == "warmup_steps" else "a positive integer"
            return f"{name} must be {least}, not {number_text(s[name])}"
    if s["initial_lr"] < 0 or not 0 <= s["min_lr"] <= s["initial_lr"]:
        rates = f"min_lr {number_text(s['min_lr'])} and initial_lr {number_text(s['initial_lr'])}"
        return f"the rates must be 0 <= min_lr <= initial_lr, not {rates}"
    if not 0 < s["gamma"] <= 1:
        return f"gamma must be greater than 0 and at most 1, not {number_text(s['gamma'])}"
    return ""


def _setting(name: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise LispeError(f"Error: torch_lr_scheduler: {name} must be a number")


def _scheduler(value: Any, text: str) -> Scheduler:
    if isinstance(value, Scheduler):
        return value
    raise arguments.instead(text, value)


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
    Errors: `First argument must be a learning rate scheduler`; a negative rate is refused
    Source: torch API 8.3
    """
    driven = _scheduler(scheduler, "First argument must be a learning rate scheduler")
    rate = arguments.number("torch_scheduler_set_lr", 2, lr)
    if not 0 <= rate < math.inf:
        raise arguments.instead("Error: torch_scheduler_set_lr: the rate must be 0 or a positive number", lr)
    driven.rate = rate
    return TRUE
