"""How optimizers and schedules are kept: groups, options and moments, over the very tensors they train."""

from __future__ import annotations

import inspect
from functools import partial
from itertools import chain
from typing import Any

import torch

from lispe_kernel.language.keeping import Broken, Into, Keeper, Out, Unkept, refusal_of, register_keeper
from lispe_kernel.torch_library.training.averages import MovingAverage
from lispe_kernel.torch_library.training.optimizers import (
    OPTIMIZERS,
    RateOnlyOptimizer,
    Trained,
    note_trained,
    trained_by,
)
from lispe_kernel.torch_library.training.schedulers import SCHEDULES, Scheduler, problem

_PLAIN = (type(None), bool, int, float, str)
# PyTorch's own imports the front end of its compiler first, which takes a second.
_ADD_GROUP = inspect.unwrap(torch.optim.Optimizer.add_param_group)
_HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")


def _is_plain(value: Any) -> bool:
    return type(value) in _PLAIN or (type(value) in (tuple, list) and all(map(_is_plain, value)))


def _option(value: Any, out: Out) -> Any:
    if not (_is_plain(value) or type(value) is torch.Tensor):
        raise Unkept(refusal_of(value) or f"an optimizer with an option that is a {type(value).__name__}")
    return out.value(value)


def _write(optimizer: torch.optim.Optimizer, out: Out) -> Any:
    if any(getattr(optimizer, name, None) for name in _HOOKS):
        raise Unkept("an optimizer with hooks")
    if not optimizer.param_groups:
        raise Unkept("an optimizer without parameters")
    groups = [
        {
            "params": [out.value(tensor) for tensor in group["params"]],
            "options": {name: _option(value, out) for name, value in group.items() if name != "params"},
        }
        for group in optimizer.param_groups
    ]
    state = [
        [out.value(tensor), {name: _option(value, out) for name, value in kept.items()}]
        for tensor, kept in optimizer.state.items()
    ]
    return {
        "defaults": {name: _option(value, out) for name, value in optimizer.defaults.items()},
        "groups": groups,
        "state": state,
        **_trained(optimizer, out),
    }


def _trained(optimizer: torch.optim.Optimizer, out: Out) -> dict[str, Any]:
    """What it was made for: a step refuses what is no part of that any more, after a restore as well."""
    trained, layers = trained_by(optimizer), _layers(optimizer)
    if trained is None or not layers:
        return {}
    names = [trained.names.get(id(each)) for group in optimizer.param_groups for each in group["params"]]
    return {"trained": {"modules": [*map(out.value, layers)], "names": names}}


def _layers(optimizer: torch.optim.Optimizer) -> list[Any]:
    trained = trained_by(optimizer)
    return trained.layers() if trained is not None else []


def _holds(optimizer: torch.optim.Optimizer) -> list[Any]:
    """All values that `_write` writes, in order."""
    groups, state = optimizer.param_groups, optimizer.state
    return [
        *(each for group in groups for name, each in group.items() if name != "params"),
        *(each for group in groups for each in group["params"]),
        *state,
        *chain.from_iterable(map(dict.values, state.values())),
        *optimizer.defaults.values(),
        *_layers(optimizer),
    ]


def _facts(optimizers: list[torch.optim.Optimizer]) -> list[Any]:
    return [*map(_facts_of, optimizers)]


def _facts_of(optimizer: torch.optim.Optimizer) -> Any:
    """All names that `_write` writes, how many belong together, and whether there are hooks."""
    groups, state, known = optimizer.param_groups, optimizer.state, vars(optimizer)
    return (
        *(any(map(known.get, _HOOKS)), *((len(group["params"]), *group) for group in groups), None),
        *(*map(tuple, state.values()), None, *optimizer.defaults, *map(id, _holds(optimizer))),
    )


def _maker(cls: Any) -> Any:
    accepted = set(inspect.signature(cls.__init__).parameters)

    def make(data: Any, into: Into) -> Any:
        groups = []
        for group in data["groups"]:
            tensors = [into.value(tensor) for tensor in group["params"]]
            if not all(isinstance(tensor, torch.Tensor) for tensor in tensors):
                raise Broken("holds an optimizer of other things than tensors")
            groups.append({"params": tensors})
        defaults = {name: into.value(value) for name, value in data["defaults"].items()}
        made = cls.__new__(cls)
        made.add_param_group = partial(_ADD_GROUP, made)
        made.__init__(groups, **{name: value for name, value in defaults.items() if name in accepted})
        del made.add_param_group
        made.defaults = defaults
        return made

    return make


def _fill(optimizer: torch.optim.Optimizer, data: Any, into: Into) -> None:
    for group, kept in zip(optimizer.param_groups, data["groups"], strict=True):
        options = {name: into.value(value) for name, value in kept["options"].items()}
        if not all(_is_plain(value) or isinstance(value, torch.Tensor) for value in options.values()):
            raise Broken("holds an optimizer with an option that it cannot have")
        tensors = group["params"]
        group.clear()
        group.update(params=tensors, **options)
    for tensor, kept in data["state"]:
        values = {str(name): into.value(value) for name, value in kept.items()}
        if not all(_is_plain(value) or isinstance(value, torch.Tensor) for value in values.values()):
            raise Broken("holds an optimizer with a moment that is none")
        optimizer.state[into.value(tensor)] = values
    if "trained" in data:
        _fill_trained(optimizer, data["trained"], into)


def _fill_trained(optimizer: torch.optim.Optimizer, data: Any, into: Into) -> None:
    layers, names = [*map(into.value, data["modules"])], data["names"]
    tensors = [each for group in optimizer.param_groups for each in group["params"]]
    if not (layers and all(isinstance(layer, torch.nn.Module) for layer in layers)):
        raise Broken("holds an optimizer of modules that are none")
    if len(names) != len(tensors) or not all(name is None or isinstance(name, str) for name in names):
        raise Broken("holds an optimizer whose tensors have names that cannot be")
    named = zip(map(id, tensors), names, strict=True)
    note_trained(optimizer, Trained(layers, {key: name for key, name in named if name is not None}))


# LispE's kinds, and the others that need no more than their groups.
_CLASSES = {
    *OPTIMIZERS.values(),
    torch.optim.RMSprop,
    torch.optim.Adagrad,
    torch.optim.NAdam,
    torch.optim.RAdam,
}

_cls: Any
for _cls in sorted(_CLASSES, key=lambda cls: cls.__name__):
    register_keeper(
        Keeper(f"torch {_cls.__name__}", _cls, _write, _maker(_cls), _fill, holds=_holds, facts=_facts)
    )


def _make_rate_only(data: Any, _into: Into) -> RateOnlyOptimizer:
    return RateOnlyOptimizer(str(data["kind"]), float(data["rate"]))


register_keeper(
    Keeper(
        "torch rate",
        RateOnlyOptimizer,
        lambda value, _out: {"kind": value.kind, "rate": float(value.param_groups[0]["lr"])},
        _make_rate_only,
        holds=lambda value: [value.kind, value.param_groups[0]["lr"]],
    )
)


# -- schedules --------------------------------------------------------------------------------------------


def _write_schedule(schedule: Scheduler, out: Out) -> Any:
    return {
        "optimizer": out.value(schedule.optimizer),
        "kind": schedule.kind,
        "settings": {name: out.value(value) for name, value in schedule.settings.items()},
        "steps": schedule.steps,
        "shares": [out.value(share) for share in schedule.shares],
    }


def _schedule_holds(schedule: Scheduler) -> list[Any]:
    settings = schedule.settings.values()
    return [schedule.optimizer, schedule.kind, schedule.steps, *settings, *schedule.shares]


def _fill_schedule(schedule: Scheduler, data: Any, into: Into) -> None:
    settings = {name: into.value(value) for name, value in data["settings"].items()}
    schedule.optimizer = into.value(data["optimizer"])
    schedule.kind, schedule.settings, schedule.steps = data["kind"], settings, int(data["steps"])
    schedule.shares = [float(into.value(share)) for share in data["shares"]]
    if schedule.kind not in SCHEDULES or problem(settings):
        raise Broken("holds a schedule that cannot be")
    if not isinstance(schedule.optimizer, torch.optim.Optimizer | RateOnlyOptimizer):
        raise Broken("holds a schedule without an optimizer")


register_keeper(
    Keeper(
        "torch schedule",
        Scheduler,
        _write_schedule,
        lambda _data, _into: Scheduler.__new__(Scheduler),
        _fill_schedule,
        holds=_schedule_holds,
        facts=lambda values: [(*value.settings, *map(id, _schedule_holds(value))) for value in values],
    )
)


# -- averages ---------------------------------------------------------------------------------------------


def _write_average(average: MovingAverage, out: Out) -> Any:
    return {
        "module": out.value(average.module),
        "decay": average.decay,
        "updates": int(average.n_averaged),
        "training": average.training,
    }


def _make_average(data: Any, _into: Into) -> MovingAverage:
    made = MovingAverage(torch.nn.Identity(), float(data["decay"]))
    made.n_averaged.fill_(int(data["updates"]))
    made.training = data["training"] is True
    return made


def _fill_average(average: MovingAverage, data: Any, into: Into) -> None:
    module = into.value(data["module"])
    if not isinstance(module, torch.nn.Module):
        raise Broken("holds an average of no module")
    average.module = module


register_keeper(Keeper("torch average", MovingAverage, _write_average, _make_average, _fill_average))
