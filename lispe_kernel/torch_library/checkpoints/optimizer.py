"""An optimizer's state from a checkpoint, compared with the optimizer before it is put back.

PyTorch's `load_state_dict` takes nearly everything and fails at the next step, when the model has changed
already. So the kind, the groups, the trained tensors, the names of the states and the shapes of the moments
are compared first; then a stand-in loads the state, and what became of it is what the optimizer gets.
Schedules are in `schedule.py`.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import nn

from lispe_kernel.torch_library.distributed.parts import is_part, part_like
from lispe_kernel.torch_library.files.archive import Advance, Archive, names_in
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.trees import put_together
from lispe_kernel.torch_library.state.names import joined, unwrapped
from lispe_kernel.torch_library.support.wording import readable, shape, some

Sizes = tuple[int, ...]
# The names of the trained tensors group by group; None for a tensor that is not the model's.
Trained = list[list[str | None]]

_ADAM = ("step", "exp_avg", "exp_avg_sq")
# What each optimizer of PyTorch keeps for a tensor once it made a step.
_KEPT: dict[str, tuple[str, ...]] = {
    "Adam": _ADAM,
    "AdamW": _ADAM,
    "RAdam": _ADAM,
    "SparseAdam": _ADAM,
    "NAdam": (*_ADAM, "mu_product"),
    "Adamax": ("step", "exp_avg", "exp_inf"),
    "Adagrad": ("step", "sum"),
    "Adadelta": ("step", "square_avg", "acc_delta"),
    "RMSprop": ("step", "square_avg"),
    "Rprop": ("step", "prev", "step_size"),
    "ASGD": ("step", "eta", "mu", "ax"),
    "Adafactor": ("step",),
    "Muon": ("momentum_buffer",),
}
# What it keeps besides when an option is set.
_KEPT_WHEN: dict[str, dict[str, str]] = {
    "Adam": {"amsgrad": "max_exp_avg_sq"},
    "AdamW": {"amsgrad": "max_exp_avg_sq"},
    "RMSprop": {"momentum": "momentum_buffer", "centered": "grad_avg"},
}

_ONE_NUMBER = frozenset({"step", "mu_product", "eta", "mu"})
# States that have the trained tensor's shape, and those that follow from it. States of other names are
# the optimizer's own business, as they are for PyTorch.
_SHAPES: dict[str, Callable[[Sizes], Sizes]] = {
    **dict.fromkeys(
        ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "momentum_buffer", "square_avg", "grad_avg",
         "acc_delta", "sum", "prev", "step_size", "ax", "variance"),
        lambda sizes: sizes,
    ),
    "row_var": lambda sizes: (*sizes[:-1], 1),
    "col_var": lambda sizes: (*sizes[:-2], 1, *sizes[-1:]),
}  # fmt: skip

MALFORMED = "its optimizer state is malformed"


# -- the trained tensors


def parameters_by_name(modules: dict[str, nn.Module]) -> dict[str, nn.Parameter]:
    """The parameters of a model's modules under every name that they have there, wrappers left out."""
    found = {
        joined(prefix, name): parameter
        for prefix, module in modules.items()
        for name, parameter in module.named_parameters(remove_duplicate=False)
    }
    plain = {unwrapped(name): parameter for name, parameter in found.items()}
    return plain if len(plain) == len(found) else found


def trained_names(optimizer: Any, named: dict[str, nn.Parameter]) -> Trained:
    """Which tensors of a model an optimizer trains: the names of each group."""
    # A tied tensor goes by its first name.
    names = {id(parameter): name for name, parameter in reversed(named.items())}
    return [[names.get(id(each)) for each in group["params"]] for group in optimizer.param_groups]


def _check_trained(optimizer: Any, trained: Trained, named: dict[str, nn.Parameter]) -> None:
    """The optimizer must train the same tensors of the model, in the same order."""
    places = [(k, each) for k, group in enumerate(optimizer.param_groups) for each in group["params"]]
    saved = [name for group in trained for name in group]
    here = [name for group in trained_names(optimizer, named) for name in group]
    for (group, parameter), name, now in zip(places, saved, here, strict=True):
        if name is not None and named.get(name, named.get(unwrapped(name))) is not parameter:
            raise BadFile(
                f"its optimizer trains other parameters (in group {group}: {name} in the file, "
                f"{now or 'a tensor outside the model'} here); give it the same ones in the same order"
            )


# -- the state as this rank has it


def optimizer_state(archive: Archive, tree: dict[str, Any], optimizer: Any, advance: Advance) -> Any:
    """The optimizer's state from a file; of moments of tensors in shards only this rank's part is kept."""
    owners = dict(enumerate(each for group in optimizer.param_groups for each in group["params"]))

    def read(like: Any, name: str) -> torch.Tensor:
        whole = archive.read(name)
        advance(archive.entries[name].span)
        return part_like(whole, like) if is_part(like) and whole.shape == like.shape else whole

    state = tree.get("state")
    if not isinstance(state, dict) or not any(map(is_part, owners.values())):
        return archive.whole(tree, advance)
    archive.verify(names_in(tree), advance)
    numbers = [number for group in _groups_of(tree) for number in group[0]]
    places = dict(zip(numbers, owners.values(), strict=False))
    found = {
        number: put_together(values, partial(read, places.get(number))) for number, values in state.items()
    }
    return {**put_together({k: v for k, v in tree.items() if k != "state"}, archive.read), "state": found}


# -- the comparison


def optimizer_restorer(
    optimizer: Any,
    state: Any,
    kind: str | None,
    trained: Trained | None,
    named: dict[str, nn.Parameter],
) -> Callable[[], None]:
    """A function that puts the state into the optimizer; it will not be refused.

    `kind` and `trained` are what the file says of the optimizer's class and tensors (None in files of other
    programs), `named` the model's parameters.
    Errors: BadFile when the state belongs to another kind of optimizer or to other parameters.
    """
    now = type(optimizer).__name__
    if kind is not None and kind != now:
        raise BadFile(f"it was saved with the optimizer {kind}, this one is {now}; make the same kind")
    groups = _groups_of(state)
    _check_counts([ids for ids, _ in groups], optimizer)
    if trained is not None:
        _check_counts(trained, optimizer)
        _check_trained(optimizer, trained, named)
    _check_states(state["state"], groups, optimizer)
    return _rehearsed(optimizer, state)


def _groups_of(state: Any) -> list[tuple[list[Any], dict[str, Any]]]:
    """The groups of a state: the numbers of their tensors, and the group itself."""
    match state:
        case {"state": dict(), "param_groups": list(groups)}:
            if all(isinstance(g, dict) and isinstance(g.get("params"), list) for g in groups):
                return [(group["params"], group) for group in groups]
    raise BadFile(MALFORMED)


def _check_counts(saved: list[list[Any]], optimizer: Any) -> None:
    counts = [len(group) for group in saved]
    wanted = [len(group["params"]) for group in optimizer.param_groups]
    if counts != wanted:
        texts = " and ".join(", ".join(map(str, sizes)) or "none" for sizes in (counts, wanted))
        raise BadFile(f"its optimizer trains other parameters (tensors per group: {texts} here)")


def _check_states(states: dict[Any, Any], groups: list[Any], optimizer: Any) -> None:
    """Each state must belong to a tensor, hold what this optimizer keeps, and have its shape."""
    owners = {
        number: (group, parameter)
        for (ids, group), now in zip(groups, optimizer.param_groups, strict=True)
        for number, parameter in zip(ids, now["params"], strict=True)
    }
    for number, values in states.items():
        if number not in owners or not isinstance(values, dict):
            raise BadFile(MALFORMED)
        group, parameter = owners[number]
        lacking = [name for name in _kept(optimizer, group) if name not in values]
        # An optimizer begins anew with a tensor for which it has nothing at all.
        if values and lacking:
            raise _other_kind(optimizer, f"has no {some(lacking)} of parameter {number}")
        for name, value in values.items() if _is_torchs(optimizer) else ():
            _check_value(f"{name} of the optimizer's parameter {number}", name, value, parameter)


def _kept(optimizer: Any, group: dict[str, Any]) -> Iterator[str]:
    """The states that an optimizer of PyTorch needs with these options; none for a class of the user's."""
    kind = type(optimizer).__name__
    if _is_torchs(optimizer):
        yield from _KEPT.get(kind, ())
        yield from (name for option, name in _KEPT_WHEN.get(kind, {}).items() if group.get(option))


def _is_torchs(optimizer: Any) -> bool:
    """Whether PyTorch's own names of states mean what they mean there."""
    return type(optimizer).__module__.partition(".")[0] == "torch"


def _check_value(what: str, name: str, value: Any, parameter: torch.Tensor) -> None:
    if name in _ONE_NUMBER:
        if not _is_number(value):
            raise BadFile(f"{what} is not a number")
    elif name in _SHAPES and value is not None:
        if not isinstance(value, torch.Tensor):
            raise BadFile(f"{what} is not a tensor")
        wanted = _SHAPES[name](tuple(parameter.shape))
        if tuple(value.shape) != wanted:
            raise BadFile(f"{what} is {shape(value.shape)} in the file and {shape(wanted)} in the model")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, torch.Tensor) and value.numel() == 1)


def _other_kind(optimizer: Any, what: str) -> BadFile:
    now = type(optimizer).__name__
    return BadFile(f"its optimizer state {what}; it is of another kind of optimizer than this {now}")


# -- the rehearsal


def stand_in(optimizer: Any) -> Any:
    """An optimizer of the same class over the same tensors, whose groups and states are its own tables."""
    made = object.__new__(type(optimizer))
    vars(made).update(vars(optimizer))
    made.param_groups = [dict(group) for group in optimizer.param_groups]
    if hasattr(optimizer, "state"):
        made.state = defaultdict(dict, {each: copy.copy(kept) for each, kept in optimizer.state.items()})
    return made


def _rehearsed(optimizer: Any, state: dict[str, Any]) -> Callable[[], None]:
    """Load the state into a stand-in; gives the function that makes the optimizer what that became.

    No tensor is copied for it: the stand-in takes the tensors that were read, and hands them on.
    """
    made = stand_in(optimizer)
    try:
        made.load_state_dict(state)
    except Exception as error:  # whatever the optimizer of somebody says of it
        raise BadFile(
            f"this {type(optimizer).__name__} does not take its state ({readable(error)})"
        ) from error
    for now, group in zip(optimizer.param_groups, made.param_groups, strict=True):
        _check_options(optimizer, now, group)
    return lambda: vars(optimizer).update(vars(made))


def _check_options(optimizer: Any, now: dict[str, Any], group: dict[str, Any]) -> None:
    """A group as it will be must have the optimizer's options; it added those that it knows a value for.

    What schedules and people put into a group besides is theirs.
    """
    options = [name for name in getattr(optimizer, "defaults", {}) if name in now]
    lacking = [name for name in options if name not in group]
    if lacking:
        raise _other_kind(optimizer, f"has no {some(lacking)}")
    for name in options:
        if _is_number(now[name]) and not _is_number(group[name]):
            raise BadFile(f"the option {name} of its optimizer is not a number")
