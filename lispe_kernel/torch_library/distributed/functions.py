"""What a program asks of its ranks: their number, tensors and numbers of all of them, waiting for all."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.distributed import group
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import kind_of

JOINING = "torch_distributed"
# Seconds after which a rank that does not answer is an error; PyTorch waits as long for GPUs.
PATIENCE = 600


@torch_function(JOINING)
def join(timeout: Any = PATIENCE, device: Any = None, print: Any = None) -> int:  # noqa: A002 - the option's name
    """Join the other ranks, the processes that torchrun started with the same program; gives their number.

    Without torchrun it is 1, and nothing happens: the same program runs alone. `timeout` is how many seconds
    a rank waits for one that does not answer, before that is an error. Tensors of the CPU go by gloo, those
    of the rank's GPU by nccl; with `(? device "cpu")` GPUs are left alone. Of a program that `lispe` runs
    only rank 0 prints; with `(? print true)` all do, the rank in front of each line.

    Example: (torch_distributed) => 1
    Errors: ranks that do not come in time, a port in use, an environment that contradicts itself
    """
    name = JOINING
    wait = arguments.number(name, 1, timeout)
    if not 0 < wait <= 10_000_000:
        raise wrong_argument(name, 1, "seconds, more than 0", timeout)
    kind = arguments.choice(name, 2, device, {"cpu": "cpu", "cuda": "cuda"}) if device is not None else None
    if kind == "cuda" and not torch.cuda.is_available():
        raise LispeError(f"Error in {name}: there is no GPU here")
    try:
        found = group.place(os.environ)
        group.join(found, wait, kind != "cpu" and torch.cuda.is_available())
    except LispeError as error:
        raise LispeError(f"Error in {name}: {error}") from error
    speak = getattr(sys.stdout, "let_speak", None)
    if print and speak is not None:
        speak()
    return group.size()


def joined(name: str) -> bool:
    """Whether there are other ranks. Errors: LispeError where there are some that were not joined."""
    if group.alone() and group.place(os.environ).size > 1:
        raise LispeError(
            f"Error in {name}: this program runs on several ranks and has not joined them; "
            "(torch_distributed) does, at its beginning"
        )
    return not group.alone()


@torch_function("torch_rank", returns="number")
def rank() -> int:
    """The number of this rank, from 0 on; 0 where the program runs alone.

    Example: (torch_rank) => 0
    Errors: a program on several ranks that has not joined them
    """
    joined("torch_rank")
    return group.rank()


@torch_function("torch_world_size", returns="number")
def world_size() -> int:
    """How many ranks run this program; 1 where it runs alone.

    Example: (torch_world_size) => 1
    Errors: a program on several ranks that has not joined them
    """
    joined("torch_world_size")
    return group.size()


@torch_function("torch_barrier")
def barrier() -> Atom:
    """Wait until every rank is here; true. Alone it waits for nobody.

    Example: (torch_barrier) => true
    Errors: a rank that ended, or that does not come within the timeout of `torch_distributed`
    """
    if joined("torch_barrier"):
        group.exchange("torch_barrier", None)
    return TRUE


@torch_function("torch_all_reduce")
def all_reduce(value: Any, operation: Any = "sum") -> Any:
    """The sum of a tensor, or of a number, over all ranks; or "mean", "max", "min", "product" of it.

    Every rank gets it, as a new tensor through which no gradient flows. Alone it is the value itself.

    Example: (torch_all_reduce 2.5 "mean") => 2.5
    Example: (tensor_to_list (torch_all_reduce (tensor_ones '(2)))) => (1 1)
    Errors: ranks whose tensors differ in shape or type, with both; a mean of an integer tensor
    """
    name = "torch_all_reduce"
    chosen = arguments.choice(name, 2, operation, _OPERATIONS)
    there = joined(name)
    if not isinstance(value, torch.Tensor):
        return chosen.of_numbers(_numbers(name, f"{operation} of", value))
    tensor = _copy(name, value)
    if chosen.divides and not (tensor.is_floating_point() or tensor.is_complex()):
        raise LispeError(
            f"Error in {name}: a mean of {kind_of(tensor)} has fractions; convert it with tensor_to_dtype"
        )
    if there:
        from torch import distributed  # noqa: PLC0415 - start-up: the engine is met when a program has ranks

        group.exchange(name, None, f"{operation} of {kind_of(tensor)}")
        with group.answered(name):
            distributed.all_reduce(tensor, getattr(distributed.ReduceOp, chosen.word))
        if chosen.divides:
            tensor /= group.size()
    return tensor


@dataclass(frozen=True)
class _Operation:
    """How the values of the ranks become one: PyTorch's word for it, and what it is of plain numbers."""

    word: str
    of_numbers: Callable[[list[Any]], Any]
    divides: bool = False


_OPERATIONS = {
    "sum": _Operation("SUM", sum),
    "mean": _Operation("SUM", lambda values: sum(values) / len(values), divides=True),
    "max": _Operation("MAX", max),
    "min": _Operation("MIN", min),
    "product": _Operation("PRODUCT", math.prod),
}


@torch_function("torch_all_gather")
def all_gather(value: Any) -> List:
    """A tensor, or a number, of every rank: a list in the order of the ranks. Alone it has one element.

    Example: (torch_all_gather 7) => (7)
    Errors: ranks whose tensors differ in shape or type, with both
    """
    name = "torch_all_gather"
    there = joined(name)
    if not isinstance(value, torch.Tensor):
        return List(_numbers(name, "", value))
    tensor = _copy(name, value)
    if not there:
        return List([tensor])
    from torch import distributed  # noqa: PLC0415 - start-up: the engine is met when a program has ranks

    group.exchange(name, None, kind_of(tensor))
    found = [torch.empty_like(tensor) for _ in range(group.size())]
    with group.answered(name):
        distributed.all_gather(found, tensor)
    return List(found)


@torch_function("torch_broadcast")
def broadcast(value: Any, source: Any = 0) -> Any:
    """The tensor, or the number, that one rank has, on all of them: that of rank 0, or of `source`.

    Example: (torch_broadcast 3) => 3
    Errors: ranks whose tensors differ in shape or type, with both; a rank that is not there
    """
    name = "torch_broadcast"
    there = joined(name)
    chosen = arguments.count(name, 2, source)
    if chosen >= group.size():
        raise LispeError(f"Error in {name}: there is no rank {chosen}; the last one is {group.size() - 1}")
    if not isinstance(value, torch.Tensor):
        return _numbers(name, f"from rank {chosen}", value)[chosen]
    tensor = _copy(name, value)
    if there:
        from torch import distributed  # noqa: PLC0415 - start-up: the engine is met when a program has ranks

        group.exchange(name, None, f"from rank {chosen} {kind_of(tensor)}")
        with group.answered(name):
            distributed.broadcast(tensor, chosen)
    return tensor


def _numbers(name: str, how: str, value: Any) -> list[int | float]:
    """The numbers that all ranks have. Errors: LispeError where one has a tensor, or wants something else."""
    return group.exchange(name, _number(name, value), f"{how} a number".strip())


def _number(name: str, value: Any) -> int | float:
    """A number as ranks tell it to each other: an integer of any size, or a float."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if isinstance(value, int) else float(value)
    raise wrong_argument(name, 1, "a tensor or a number", value)


def _copy(name: str, value: torch.Tensor) -> torch.Tensor:
    """A copy of a tensor that ranks may exchange."""
    if value.layout is torch.strided and not value.is_quantized:
        return value.detach().clone(memory_format=torch.contiguous_format)
    raise wrong_argument(name, 1, "a dense tensor or a number", value)
