"""Moving averages of weights, and the question whether a training still gets better."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import number_text, register_kind, wrong_argument
from lispe_kernel.language.values.atoms import TRUE, Atom, truth
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.distributed.parallel import is_sharded, whole
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

NO_MODULE = "Error: First argument must be a PyTorch module"
NO_AVERAGE = "Error: First argument must be an average made by torch_ema"


class MovingAverage(AveragedModel):
    """A copy of a module whose weights follow the module's; it knows how slowly."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        super().__init__(module, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self.decay = decay


register_kind(
    MovingAverage,
    "torch_average_",
    lambda value, _show: f"PyTorch Averaged Model ({int(value.n_averaged)} updates)",
)


@torch_function("torch_ema")
def ema(model: Any, decay: Any = 0.999) -> MovingAverage:
    """A module with the moving average of a module's weights; `torch_ema_update` moves it.

    The first update copies the weights, each further one keeps `decay` of the average and adds the rest of
    the model's. Buffers are the model's. It is in evaluation mode, and a
    module as any other. Of a model that is to be cut over several ranks the average is made first, then both
    are cut by `torch_parallel`.

    Example: (torch_ema (torch_linear 2 1) 0.9) => PyTorch Averaged Model (0 updates)
    Errors: `Error: First argument must be a PyTorch module`; a decay that is not from 0 to 1;
    a model of which the ranks have parts already
    """
    module = whole(arguments.module(model, nn.Module, NO_MODULE))
    kept = arguments.number("torch_ema", 2, decay)
    if not 0 <= kept <= 1:
        raise LispeError(f"Error: torch_ema: the decay must lie between 0 and 1, not {number_text(kept)}")
    if is_sharded(module):
        raise LispeError(
            "Error: torch_ema: the ranks have parts of this model already; make the average first, then cut "
            "both (torch_parallel ... (? shard true))"
        )
    average = MovingAverage(module, kept)
    average.requires_grad_(False)
    return average.eval()


@torch_function("torch_ema_update")
def ema_update(average: Any, model: Any) -> Atom:
    """Move an average towards the weights that the model has now; true.

    Example: (block (setq m (torch_linear 2 1)) (torch_ema_update (torch_ema m) m)) => true
    Errors: `Error: First argument must be an average made by torch_ema`; a model with other tensors
    """
    moved = arguments.module(average, MovingAverage, NO_AVERAGE)
    module = whole(arguments.module(model, nn.Module, "Error: Second argument must be a PyTorch module"))
    ours, theirs = ([tuple(p.shape) for p in each.parameters()] for each in (moved.module, module))
    if ours != theirs:
        raise LispeError("Error: torch_ema_update: the model has other tensors than the average was made of")
    if is_sharded(moved) != is_sharded(module):
        raise LispeError(
            "Error: torch_ema_update: one of the two is cut over the ranks and the other is not; cut both "
            "(torch_parallel ... (? shard true))"
        )
    moved.update_parameters(module)
    return TRUE


@torch_function("torch_should_stop", returns="boolean")
def should_stop(values: Any, patience: Any = 3, min_delta: Any = 0, mode: Any = "min") -> Any:
    """Whether the last `patience` of the values brought nothing better: the list of all losses so far.

    Better is smaller by more than `min_delta`; with the mode "max" larger. A loss that is nan stops.
    The list is all that is remembered: kept among a checkpoint's metrics, it stops the same after a resume.

    Example: (torch_should_stop '(3.0 2.0 2.5 2.1) 2) => true
    Example: (torch_should_stop '(3.0 2.0 2.5 1.9) 2) => nil
    Errors: values that are no numbers; a patience below 1
    """
    name = "torch_should_stop"
    if not isinstance(values, list | TypedList):
        raise wrong_argument(name, 1, "a list of numbers", values)
    losses = [arguments.number(name, 1, value) for value in values]
    sign = arguments.choice(name, 4, mode, {"min": 1.0, "max": -1.0})
    least = arguments.number(name, 3, min_delta)
    if math.isnan(least):
        raise wrong_argument(name, 3, "a number", min_delta)
    return truth(_waited((sign * loss for loss in losses), least) >= arguments.size(name, 2, patience))


def _waited(losses: Iterable[float], least: float) -> float:
    """How many values came since the best one; infinitely many after one that is no number."""
    best, waited = math.inf, 0
    for loss in losses:
        if math.isnan(loss):
            return math.inf
        if loss < best - least or best == math.inf:
            best, waited = loss, 0
        else:
            waited += 1
    return waited
