"""Optimizers, made for the tensors of modules or of lists, and their steps.

They are PyTorch's own. A frozen tensor (the base of a LoRA layer) is never given to one.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, register_kind
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.distributed.early import remember
from lispe_kernel.torch_library.distributed.parts import is_part
from lispe_kernel.torch_library.modules.layers import modules_in
from lispe_kernel.torch_library.modules.lora_layer import resting_alone
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import some

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}

NO_MODEL = "Error: First argument must be a model"


class RateOnlyOptimizer:
    """An optimizer made from a learning rate alone: it holds its settings and has nothing to train.

    Once it is given tensors it is PyTorch's own, under the names and in the schedules that hold it.
    """

    def __init__(self, kind: str, rate: float) -> None:
        self.kind = kind
        self.param_groups: list[dict[str, Any]] = [{"lr": rate, "params": []}]

    def step(self) -> None:
        """Nothing to change."""

    def zero_grad(self) -> None:
        """Nothing to clear."""

    def state_dict(self) -> dict[str, Any]:
        return {"state": {}, "param_groups": [{"lr": self.param_groups[0]["lr"], "params": []}]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.param_groups[0]["lr"] = float(state["param_groups"][0]["lr"])

    def train(self, group: dict[str, Any]) -> None:
        """Become PyTorch's optimizer of the kind for a group of tensors."""
        made = OPTIMIZERS[self.kind]([{"lr": self.param_groups[0]["lr"], **group}])
        self.__dict__ = vars(made)
        self.__class__ = type(made)  # type: ignore[assignment]


# What every function that takes an optimizer accepts.
OPTIMIZER_TYPES = (torch.optim.Optimizer, RateOnlyOptimizer)

for _cls in OPTIMIZER_TYPES:
    register_kind(_cls, "torch_optimizer_", lambda _value, _show: "PyTorch Optimizer")


def optimizer_argument(value: Any, text: str) -> Any:
    """The value, which must be an optimizer; otherwise the error `text`."""
    if isinstance(value, OPTIMIZER_TYPES):
        return value
    raise arguments.instead(text, value)


@torch_function("torch_optimizer", "torch_optimizer_create", prefix="Error creating optimizer: ")
def optimizer(model: Any, learning_rate: Any, type_: str, options: Any = None) -> torch.optim.Optimizer:
    """An optimizer of a module's trainable tensors, or of those of several modules in a list or table.

    The type is "adam", "adamw" or "sgd". The options are a dictionary: `weight_decay`; for adam and adamw
    `betas` (a list of two), `eps`, `amsgrad`; for sgd `momentum`, `dampening`, `nesterov`. `groups` is a list
    of dictionaries with `params` (a part of the model, or a list of its tensors) and what differs for them:
    `lr`, or one of these options. The other tensors of the model are the first group.

    Example: (torch_optimizer (torch_model 1 1 1) 0.1 "sgd") => PyTorch Optimizer
    Example: (torch_optimizer (torch_linear 1 1) 0.1 "sgd" (dictionary "momentum" 0.9)) => PyTorch Optimizer
    Errors: `Error: First argument must be a model`, `Error: Unsupported optimizer type`; a module that has
    nothing to train is refused
    Source: torch API 8.1
    """
    layers = modules_in(model, NO_MODEL)
    rate = _rate("torch_optimizer", 2, learning_rate)
    make = OPTIMIZERS.get(type_) if isinstance(type_, str) else None
    if make is None:
        known = f"{', '.join(OPTIMIZERS)} are known, not {describe(type_)}"
        raise LispeError(f"Error: Unsupported optimizer type: {known}")
    given = arguments.options("torch_optimizer", 4, options, (*_OPTIONS[type_], "groups"))
    groups = given.pop("groups", None)
    settings = {name: _option(name, value) for name, value in given.items()}
    made = make(_groups(trainable(layers), groups, type_), lr=rate, **settings)
    for group in made.param_groups:
        if group.get("dampening") and not group["momentum"]:
            raise LispeError("Error: torch_optimizer: dampening changes nothing without momentum; give both")
    note_trained(made, Trained(layers, _names_of(layers)))
    return made


def _rate(function: str, position: int, value: Any) -> float:
    """A learning rate. PyTorch takes an infinite one, too, and makes nan of every weight."""
    rate = arguments.number(function, position, value)
    if 0 <= rate < math.inf:
        return rate
    raise arguments.instead(f"Error: {function}: the learning rate must be 0 or a positive number", value)


def _names_of(layers: list[nn.Module]) -> dict[int, str]:
    return {id(p): name for layer in layers for name, p in layer.named_parameters()}


class Trained:
    """What an optimizer was made for: modules, which are not kept alive, and the names of their tensors."""

    def __init__(self, layers: list[nn.Module], names: dict[int, str]) -> None:
        self._layers, self.names = [weakref.ref(layer) for layer in layers], names

    def layers(self) -> list[nn.Module]:
        """The modules; none where one of them is gone itself."""
        found = [layer for each in self._layers if (layer := each()) is not None]
        return found if len(found) == len(self._layers) else []

    def lost(self, tensors: list[torch.Tensor]) -> list[str]:
        """The names of those tensors that the modules no longer have; none where a module is gone itself."""
        layers = self.layers()
        if not layers:
            return []
        there = {id(p) for layer in layers for p in layer.parameters()}
        return [self.names[id(p)] for p in tensors if id(p) in self.names and id(p) not in there]


# Where an optimizer holds it.
_TRAINED = "lispe_trained"


def note_trained(made: torch.optim.Optimizer, trained: Trained) -> None:
    """Let an optimizer know what it was made for."""
    vars(made)[_TRAINED] = trained
    remember(made)


def trained_by(made: Any) -> Trained | None:
    """What an optimizer was made for; None where that is not known."""
    found: Trained | None = vars(made).get(_TRAINED)
    return found


_ADAM = ("weight_decay", "betas", "eps", "amsgrad")
_OPTIONS = {
    "adam": _ADAM,
    "adamw": _ADAM,
    "sgd": ("momentum", "dampening", "nesterov", "weight_decay"),
}


def _option(name: str, value: Any) -> Any:
    """An option as PyTorch has it; whether the number is possible, it says itself."""
    if name in ("amsgrad", "nesterov"):
        return bool(value)
    if name != "betas":
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        raise arguments.instead(f"Error: torch_optimizer: {name} must be a number", value)
    betas = list(value) if isinstance(value, list | TypedList) else []
    if len(betas) == 2 and all(isinstance(beta, int | float) for beta in betas):
        return tuple(map(float, betas))
    raise arguments.instead("Error: torch_optimizer: betas must be a list of two numbers", value)


def _groups(parameters: list[nn.Parameter], groups: Any, kind: str) -> list[dict[str, Any]]:
    """The groups for PyTorch, each tensor in one: those of no group first."""
    if groups is None:
        return [{"params": parameters}]
    if not isinstance(groups, list) or not all(isinstance(group, Dictionary) for group in groups):
        raise arguments.instead("Error: torch_optimizer: groups must be a list of dictionaries", groups)
    left = {id(parameter): parameter for parameter in parameters}
    found = [_group(group, left, kind) for group in groups]
    return [{"params": list(left.values())}, *found] if left else found


def _group(group: Dictionary, left: dict[int, nn.Parameter], kind: str) -> dict[str, Any]:
    """One group; its tensors are taken out of those that are left."""
    given = arguments.options("torch_optimizer", 4, group, ("params", "lr", *_OPTIONS[kind]))
    if given.get("params") is None:
        raise LispeError("Error: torch_optimizer: a group needs params, a part of the model or its tensors")
    chosen = given.pop("params")
    if isinstance(chosen, nn.Module):
        tensors: list[torch.Tensor] = [p for p in chosen.parameters() if p.requires_grad]
    else:
        text = "Error: torch_optimizer: params must be a part of the model or a list of its tensors"
        tensors = arguments.tensors(chosen, text, text)
    if not all(id(tensor) in left for tensor in tensors):
        text = "a tensor of a group is no part of the model that is trained, or stands in two groups"
        raise LispeError(f"Error: torch_optimizer: {text}")
    parameters = [left.pop(id(tensor)) for tensor in tensors]
    return {"params": parameters, **{name: _option(name, value) for name, value in given.items()}}


def trainable(layers: list[nn.Module]) -> list[nn.Parameter]:
    """The tensors of the modules that take part in training, each once."""
    found = {id(p): p for layer in layers for p in layer.parameters() if p.requires_grad}
    if not found:
        raise ValueError("the model has no parameters to train")
    return list(found.values())


def _rate_only(kind: str) -> None:
    def make(learning_rate: Any) -> RateOnlyOptimizer:
        return RateOnlyOptimizer(kind, _rate(f"torch_{kind}_optimizer", 1, learning_rate))

    make.__doc__ = f"""An optimizer ({kind}) with a learning rate and no parameters: a step changes nothing.

    To train a model use `torch_optimizer`, or give it the model by `torch_optimizer_add_params`.

    Example: (torch_{kind}_optimizer 0.001) => PyTorch Optimizer
    Errors: the learning rate must be a number, 0 or more
    Source: torch API 8.1
    """
    torch_function(f"torch_{kind}_optimizer", f"torch_{kind}_optimizer_create")(make)


for _kind in OPTIMIZERS:
    _rate_only(_kind)


@torch_function("torch_optimizer_add_params", prefix="Error creating optimizer: ")
def optimizer_of_tensors(params: Any, learning_rate: Any, weight_decay: Any = None) -> Any:
    """A new AdamW optimizer of the tensors in a list, with a weight decay of 0 where none is given.

    `(torch_optimizer_add_params optimizer params)` adds to an optimizer, and answers it: the tensors in a
    list, or those that a model trains. They have its learning rate, and its weight decay unless one is given.

    Example: (torch_optimizer_add_params (torch_model_parameters (torch_linear 1 1)) 0.1) => PyTorch Optimizer
    Example: (torch_optimizer_add_params (torch_adamw_optimizer 0.1) (torch_linear 1 1)) => PyTorch Optimizer
    Errors: `Error: params must be a list of tensors`, `Error: All elements in params must be tensors`; a
    tensor that the optimizer trains already
    Source: torch API 8.1
    """
    name = "torch_optimizer_add_params"
    decay = None if weight_decay is None else arguments.number(name, 3, weight_decay)
    if isinstance(params, OPTIMIZER_TYPES):
        _add(params, learning_rate, decay)
        return params
    rate = _rate(name, 2, learning_rate)
    return torch.optim.AdamW(_tensors(params), lr=rate, weight_decay=decay or 0.0)


def _tensors(params: Any) -> list[torch.Tensor]:
    text = "Error: params must be a list of tensors"
    found = arguments.tensors(params, text, "Error: All elements in params must be tensors")
    if not found:
        raise LispeError(text)
    return found


def _add(made: Any, params: Any, decay: float | None) -> None:
    """Let an optimizer train a list of tensors, or modules, besides."""
    of_tensors = isinstance(params, list) and any(isinstance(item, torch.Tensor) for item in params)
    layers = [] if of_tensors else modules_in(params, "Error: params must be a list of tensors or a model")
    group: dict[str, Any] = {"params": _tensors(params) if of_tensors else trainable(layers)}
    group |= {} if decay is None else {"weight_decay": decay}
    if isinstance(made, torch.optim.Optimizer):
        made.add_param_group({"lr": made.param_groups[0]["lr"], **group})
    else:
        made.train(group)
        remember(made)
    if layers:
        before = trained_by(made)
        known = before.layers() if before is not None else []
        names = before.names if before is not None and known else {}
        note_trained(made, Trained([*known, *layers], names | _names_of(layers)))


NO_OPTIMIZER = "Error: Argument must be an optimizer"


@torch_function("torch_optimizer_step")
def optimizer_step(optimizer: Any) -> Atom:
    """Change the parameters a little against their gradients; true.

    Example: (torch_optimizer_step (torch_sgd_optimizer 0.1)) => true
    Errors: `Error: Argument must be an optimizer`; one that was made for a LoRA adapter that rests
    now, or for a module that another one took the place of
    Source: torch API 8.1
    """
    made = optimizer_argument(optimizer, NO_OPTIMIZER)
    tensors = [tensor for group in made.param_groups for tensor in group["params"]]
    resting = resting_alone(tensors)
    if resting is not None:
        raise LispeError(
            "Error in torch_optimizer_step: the optimizer was made for an adapter that rests, now "
            f"{resting.active} acts; make a new optimizer for it: (torch_optimizer model rate type)"
        )
    _refuse_lost(made, tensors)
    made.step()
    return TRUE


def _refuse_lost(made: Any, tensors: list[torch.Tensor]) -> None:
    """Errors for tensors that are no part of the model any more: a step would train what nobody uses.

    Such a tensor gets no gradient, so that others need not be looked for at every step.
    """
    trained = trained_by(made) if any(tensor.grad is None for tensor in tensors) else None
    lost = trained.lost(tensors) if trained is not None else []
    if lost:
        raise LispeError(
            f"Error in torch_optimizer_step: no part of the model any more: {some(lost)}; "
            "make a new optimizer for what took their place: (torch_optimizer model rate type)"
        )


@torch_function("torch_optimizer_zero_grad")
def optimizer_zero_grad(optimizer: Any) -> Atom:
    """Forget the gradients of the parameters; true.

    Example: (torch_optimizer_zero_grad (torch_sgd_optimizer 0.1)) => true
    Errors: `Error: Argument must be an optimizer`
    Source: torch API 8.1
    """
    optimizer_argument(optimizer, NO_OPTIMIZER).zero_grad()
    return TRUE


@torch_function("torch_clip_grad_norm", returns="number")
def clip_grad_norm(optimizer: Any, max_norm: Any) -> float:
    """Scale all gradients together so that their norm is at most `max_norm`; returns the norm before.

    Example: (torch_clip_grad_norm (torch_sgd_optimizer 0.1) 1) => 0
    Errors: `Error: First argument must be an optimizer`; a limit that is not above 0
    Source: torch API 8.1
    """
    groups = optimizer_argument(optimizer, "Error: First argument must be an optimizer").param_groups
    limit = arguments.number("torch_clip_grad_norm", 2, max_norm)
    if not limit > 0:
        # PyTorch turns the gradients around for one below 0, and makes them nan for nan.
        raise arguments.instead("Error: torch_clip_grad_norm: the limit must be above 0", max_norm)
    found = [p for group in groups for p in group["params"]]
    if not found:
        return 0.0
    norm = nn.utils.clip_grad_norm_(found, limit)
    # Of gradients in shards this is what one rank has of the norm.
    return float(norm.full_tensor() if is_part(norm) else norm)  # type: ignore[attr-defined]


@torch_function("torch_clip_grad_value")
def clip_grad_value(optimizer: Any, limit: Any) -> Atom:
    """Cut each number of all gradients to the range from -limit to limit; true.

    Example: (torch_clip_grad_value (torch_sgd_optimizer 0.1) 1) => true
    Errors: `Error: First argument must be an optimizer`; a limit below 0
    """
    groups = optimizer_argument(optimizer, "Error: First argument must be an optimizer").param_groups
    most = arguments.number("torch_clip_grad_value", 2, limit)
    if not most >= 0:
        raise arguments.instead("Error: torch_clip_grad_value: the limit must be 0 or more", limit)
    found = [p for group in groups for p in group["params"] if p.grad is not None]
    if found:
        nn.utils.clip_grad_value_(found, most)
    return TRUE
