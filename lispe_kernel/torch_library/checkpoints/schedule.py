"""Learning-rate schedules in a checkpoint: as plain values, compared before they are put back.

Takes the schedules of `training/schedulers.py` and PyTorch's own. A schedule goes on only in one of its kind.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from lispe_kernel.torch_library.checkpoints.optimizer import stand_in
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.support.wording import readable
from lispe_kernel.torch_library.training.schedulers import SCHEDULES, Scheduler, problem

# Older versions of PyTorch kept this beside the settings.
_NO_SETTING = frozenset({"verbose"})
# Where PyTorch keeps the schedules that a schedule is made of.
_INNER = "_schedulers"


def is_schedule(value: Any) -> bool:
    """Whether a value is a learning-rate schedule, ours or PyTorch's."""
    return isinstance(value, Scheduler | torch.optim.lr_scheduler.LRScheduler)


def schedule_name(scheduler: Any) -> str:
    """The kind of a schedule: `cosine` for one of ours, its class (`StepLR`) for one of PyTorch's."""
    return scheduler.kind if isinstance(scheduler, Scheduler) else type(scheduler).__name__


def schedule_state(scheduler: Any) -> dict[str, Any]:
    """A schedule as plain values."""
    if isinstance(scheduler, Scheduler):
        return {"kind": scheduler.kind, "settings": dict(scheduler.settings), "steps": scheduler.steps}
    return dict(scheduler.state_dict())


def schedule_restorer(scheduler: Any, state: dict[str, Any], name: str | None) -> Callable[[], None]:
    """A function that puts the state into the schedule; it will not be refused.

    `name` is the kind that the file tells (None in files of other programs).
    Errors: BadFile when the state is of another kind of schedule, or malformed.
    """
    ours = _ours(state)
    saved = ours.get("kind", name)
    now = schedule_name(scheduler)
    if saved is not None and saved != now:
        raise BadFile(f"it was saved with the schedule {saved}, this one is {now}; make the same kind")
    if isinstance(scheduler, Scheduler):
        if not ours:
            raise BadFile("its schedule is malformed, or not one of torch_lr_scheduler")
        wrong = problem({**scheduler.settings, **ours["settings"]})
        if wrong:
            raise BadFile(f"its schedule cannot be: {wrong}")
        return partial(_restore_ours, scheduler, ours["settings"], ours["steps"])
    _check_keys(scheduler.state_dict(), state, now, named=saved is not None)
    _rehearse(scheduler, state)
    return partial(scheduler.load_state_dict, dict(state))


def _ours(state: dict[str, Any]) -> dict[str, Any]:
    """The state when it is one of our schedules', else an empty table."""
    match state:
        case {"kind": str(kind), "settings": dict(settings), "steps": int()} if kind in SCHEDULES:
            if all(isinstance(value, int | float) for value in settings.values()):
                return state
    return {}


def _restore_ours(scheduler: Scheduler, settings: dict[str, float], steps: int) -> None:
    scheduler.settings, scheduler.steps = {**scheduler.settings, **settings}, steps


def _check_keys(now: dict[str, Any], saved: dict[str, Any], kind: str, *, named: bool) -> None:
    """The settings must be those of this kind, also of the schedules inside.

    Where the file names the same class they may differ: versions of PyTorch do.
    """
    ours, theirs = _settings(now), _settings(saved)
    odd = sorted(ours ^ theirs)
    if odd and not named:
        side = "lacks" if odd[0] in ours else "has"
        raise BadFile(f"its schedule is of another kind than this {kind}: it {side} {odd[0]}")
    inside, stored = now.get(_INNER, []), saved.get(_INNER, [])
    if not isinstance(stored, list | tuple) or len(stored) != len(inside):
        raise BadFile(f"its schedule is of another kind than this {kind}: it is made of other schedules")
    for position, (mine, theirs_) in enumerate(zip(inside, stored, strict=True)):
        if not isinstance(theirs_, dict):
            raise BadFile("its schedule is malformed")
        _check_keys(mine, theirs_, f"{kind} (schedule {position} inside)", named=False)


def _settings(state: dict[str, Any]) -> set[str]:
    return {str(key) for key in state if not str(key).startswith("_")} - _NO_SETTING


def _rehearse(scheduler: Any, state: dict[str, Any]) -> None:
    """Load the state into a copy of the schedule, which drives a stand-in of the optimizer."""
    try:
        copied = copy.deepcopy(scheduler, {id(scheduler.optimizer): stand_in(scheduler.optimizer)})
    except Exception:  # it holds something (a method, a file) that cannot be copied: nothing to rehearse with
        return
    try:
        copied.load_state_dict(dict(state))
    except Exception as error:  # whatever the schedule of somebody says of it
        raise BadFile(
            f"this {schedule_name(scheduler)} does not take its schedule ({readable(error)})"
        ) from error
