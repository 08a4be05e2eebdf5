"""Optimizers and learning-rate schedules from a checkpoint, compared before they are put back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from lispe_kernel.torch_library.file_errors import BadFile
from lispe_kernel.torch_library.loading import shape
from lispe_kernel.torch_library.schedulers import SCHEDULES, Scheduler


def optimizer_restorer(optimizer: Any, state: Any, kind: str | None) -> Callable[[], None]:
    """A function that puts the state into the optimizer; it will not be refused.

    Errors: BadFile when the state belongs to another kind of optimizer or to other parameters.
    """
    now = type(optimizer).__name__
    if kind is not None and kind != now:
        raise BadFile(f"it was saved with the optimizer {kind}, this one is {now}; make the same kind")
    groups, saved = optimizer.param_groups, state.get("param_groups")
    if not isinstance(saved, list) or not isinstance(state.get("state"), dict):
        raise BadFile("its optimizer state is malformed")
    counts = [len(group.get("params", ())) for group in saved]
    wanted = [len(group["params"]) for group in groups]
    if counts != wanted:
        texts = " and ".join(", ".join(map(str, sizes)) or "none" for sizes in (counts, wanted))
        raise BadFile(f"its optimizer trains other parameters (tensors per group: {texts} here)")
    _check_moments(state["state"], [p for group in groups for p in group["params"]])
    return partial(optimizer.load_state_dict, state)


def _check_moments(moments: dict[Any, Any], parameters: list[torch.Tensor]) -> None:
    for index, values in moments.items():
        if type(index) is not int or not 0 <= index < len(parameters) or not isinstance(values, dict):
            raise BadFile("its optimizer state is malformed")
        size = parameters[index].shape
        for name, value in values.items():
            if isinstance(value, torch.Tensor) and value.numel() > 1 and value.shape != size:
                shapes = f"{shape(value.shape)} in the file and {shape(size)} in the model"
                raise BadFile(f"{name} of the optimizer's parameter {index} is {shapes}")


def is_schedule(value: Any) -> bool:
    """Whether a value is a learning-rate schedule, ours or PyTorch's."""
    return isinstance(value, Scheduler | torch.optim.lr_scheduler.LRScheduler)


def schedule_state(scheduler: Any) -> dict[str, Any]:
    """A schedule as plain values."""
    if isinstance(scheduler, Scheduler):
        return {"kind": scheduler.kind, "settings": dict(scheduler.settings), "steps": scheduler.steps}
    return dict(scheduler.state_dict())


def schedule_restorer(scheduler: Any, state: Any) -> Callable[[], None]:
    """A function that puts the state into the schedule. Errors: BadFile when it is not one of its kind."""
    if not isinstance(scheduler, Scheduler):
        return partial(scheduler.load_state_dict, dict(state))
    match state:
        case {"kind": str(kind), "settings": dict(settings), "steps": int(steps)} if kind in SCHEDULES:
            return partial(_restore_schedule, scheduler, kind, settings, steps)
    raise BadFile("its schedule is of another kind")


def _restore_schedule(scheduler: Scheduler, kind: str, settings: dict[str, float], steps: int) -> None:
    scheduler.kind, scheduler.settings, scheduler.steps = kind, {**scheduler.settings, **settings}, steps
