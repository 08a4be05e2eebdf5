"""The ranks of a program: joining the group that torchrun made, and plain values told to each other.

A rank is one of the processes that run the same program. Without torchrun there is one, and nothing here does
anything. What ranks tell each other goes as JSON through a group of its own on the CPU: nothing is unpickled,
and it never mixes with what PyTorch sends for a training.
"""

from __future__ import annotations

import atexit
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import numpy as np
import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.support.wording import rank_trouble, readable

# Bytes of a text that is told in one step; a longer one takes a second.
_ROOM = 1024
_LENGTH = 8


@dataclass
class _Membership:
    """What this process knows of its group; a process is in one group at most."""

    rank: int = 0
    size: int = 1
    timeout: float = 0.0
    # The group through which plain values go.
    talk: Any = None


_here = _Membership()


def rank() -> int:
    """The number of this process among the ranks: 0 where it is alone."""
    return _here.rank


def size() -> int:
    """How many ranks there are: 1 where this process is alone."""
    return _here.size


def alone() -> bool:
    """Whether no other rank was joined."""
    return _here.size == 1


# -- joining


@dataclass(frozen=True)
class Place:
    """What torchrun tells a process of its place."""

    rank: int
    size: int
    local: int
    beside: int = 1  # how many ranks its machine has


def place(environment: Mapping[str, str]) -> Place:
    """The place that the environment tells; that of a process alone where it tells none.

    Errors: LispeError naming what is missing or impossible.
    """
    given = {name: environment[name] for name in ("RANK", "WORLD_SIZE") if environment.get(name)}
    if not given:
        return Place(0, 1, 0)
    lacking = [name for name in ("RANK", "WORLD_SIZE") if name not in given]
    if lacking:
        known = next(iter(given))
        raise LispeError(f"{known} is set and {lacking[0]} is not; start the program with torchrun")
    here, count = _number("RANK", given["RANK"]), _number("WORLD_SIZE", given["WORLD_SIZE"])
    if not count:
        raise LispeError("WORLD_SIZE is 0: there is at least one rank; start the program with torchrun")
    if not here < count:
        raise LispeError(f"RANK is {here}, and of WORLD_SIZE {count} ranks the last one is {count - 1}")
    if count > 1:
        for name in ("MASTER_ADDR", "MASTER_PORT"):
            if not environment.get(name):
                raise LispeError(f"{name} is not set; start the program with torchrun")
    local = _number("LOCAL_RANK", environment.get("LOCAL_RANK") or str(here))
    beside = _number("LOCAL_WORLD_SIZE", environment.get("LOCAL_WORLD_SIZE") or str(local + 1))
    return Place(here, count, local, max(beside, local + 1))


def _number(name: str, text: str) -> int:
    if text.isdecimal() and len(text) < 7:
        return int(text)
    raise LispeError(f"{name} is {text!r}, not a whole number")


def join(found: Place, timeout: float, on_gpu: bool) -> None:
    """Join the other ranks, if there are any; done once. Errors: LispeError."""
    if found.size == 1 or not alone():
        return
    # The first use of the engine: torch imports its package, and this starts it.
    from torch import distributed  # noqa: PLC0415 - start-up: the engine is met when a program has ranks

    if on_gpu:
        _take_gpu(found)
    backend = "cpu:gloo,cuda:nccl" if on_gpu else "gloo"
    wait = timedelta(seconds=timeout)
    try:
        if not distributed.is_initialized():
            distributed.init_process_group(backend, timeout=wait)
            atexit.register(leave)
        there = distributed.get_world_size()
        if there != found.size:
            raise LispeError(f"the group has {there} ranks, WORLD_SIZE says {found.size}")
        talk = distributed.new_group(backend="gloo", timeout=wait)
    except RuntimeError as error:
        raise LispeError(_no_group(error, found, timeout)) from error
    _here.rank, _here.size, _here.timeout, _here.talk = found.rank, found.size, timeout, talk


def _take_gpu(found: Place) -> None:
    # Every rank of the machine says so at once: none waits for another that gave up.
    count = torch.cuda.device_count()
    if count < found.beside:
        raise LispeError(
            f"this machine has {count} GPU{'s' * (count != 1)} for {found.beside} ranks; start fewer, or "
            'keep them on the CPU: (torch_distributed (? device "cpu"))'
        )
    torch.cuda.set_device(found.local)


def _no_group(error: RuntimeError, found: Place, timeout: float) -> str:
    """Why there is no group, from what PyTorch says."""
    text = str(error)
    where = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
    if "EADDRINUSE" in text or "address already in use" in text.lower():
        return (
            f"the port of {where} is in use; choose another one with torchrun --master-port, or let "
            "lispe run --ranks find a free one"
        )
    if "trying to connect" in text:
        return f"nobody answered at {where} within {timeout:g} seconds; it may be wrong, or rank 0 ended"
    if re.search(r"timed? ?out|timeout", text, re.I):
        came = re.search(r"(\d+)/(\d+) clients joined", text)
        said = f"{came[1]} of {found.size} ranks came" if came else f"not all of {found.size} ranks came"
        return f"{said} within {timeout:g} seconds; WORLD_SIZE may be wrong, or a rank ended"
    return f"the ranks do not find each other at {where}: {readable(error)}"


def leave() -> None:
    """Leave the group, if this process is in one: it may join another."""
    from torch import distributed  # noqa: PLC0415 - start-up: the engine is met when a program has ranks

    if distributed.is_initialized():
        distributed.destroy_process_group()
    _here.rank, _here.size, _here.talk = 0, 1, None


# -- telling each other


@contextmanager
def answered(name: str) -> Iterator[None]:
    """Inside, errors of the engine become LispE errors that say what became of the other ranks."""
    try:
        yield
    except RuntimeError as error:
        raise LispeError(f"Error in {name}: {_trouble(error)}") from error


def _trouble(error: RuntimeError) -> str:
    found = rank_trouble(str(error))
    return found.replace("in time", f"within {_here.timeout:g} seconds") or readable(error)


def exchange(name: str, value: Any, kind: str = "") -> list[Any]:
    """The plain values of all ranks, by rank; every rank calls it at the same place of the program.

    kind: what the value is, where ranks may come with others. Errors: LispeError when another rank ended,
    hangs, is at another place of the program or has a value of another kind.
    """
    if alone():
        return [value]
    with answered(name):
        told = [json.loads(text) for text in _texts(json.dumps([name, kind, value]).encode())]
    names = [each[0] for each in told]
    if len(set(names)) > 1:
        raise LispeError(f"Error in {name}: the ranks are at different places: {by_rank(names)}")
    kinds = [each[1] for each in told]
    if len(set(kinds)) > 1:
        raise LispeError(f"Error in {name}: the ranks disagree about the value: {by_rank(kinds)}")
    return [each[2] for each in told]


def _texts(own: bytes) -> list[bytes]:
    """The texts of all ranks."""
    start = len(own).to_bytes(_LENGTH, "little") + own[: _ROOM - _LENGTH]
    first = _gathered(start, _ROOM)
    lengths = [int.from_bytes(each[:_LENGTH], "little") for each in first]
    longest = max(lengths)
    whole = _gathered(own, longest) if longest > _ROOM - _LENGTH else [each[_LENGTH:] for each in first]
    return [each[:length] for each, length in zip(whole, lengths, strict=True)]


def _gathered(own: bytes, room: int) -> list[bytes]:
    from torch import distributed  # noqa: PLC0415 - start-up: the engine is met when a program has ranks

    sent = torch.zeros(room, dtype=torch.uint8)
    sent[: len(own)] = torch.from_numpy(np.frombuffer(own, np.uint8).copy())
    found = [torch.empty_like(sent) for _ in range(size())]
    distributed.all_gather(found, sent, group=_here.talk)
    return [each.numpy().tobytes() for each in found]


def by_rank(values: list[Any], most: int = 4) -> str:
    """What each rank has, those with the same together: `rank 0 float32 [2], ranks 1 and 2 float32 [3]`."""
    ranks: dict[Any, list[int]] = {}
    for number, value in enumerate(values):
        ranks.setdefault(value, []).append(number)
    shown = [f"{_ranks(numbers)} {value}" for value, numbers in list(ranks.items())[:most]]
    return ", ".join(shown) + (" ..." if len(ranks) > most else "")


def _ranks(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"rank {numbers[0]}"
    if len(numbers) > 4:
        return f"{len(numbers)} ranks from {numbers[0]} on"
    return f"ranks {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def agreed(name: str, what: str, value: Any) -> None:
    """Every rank must have the same plain value. Errors: LispeError that says which has what, of a list of
    texts the first that differs."""
    found = exchange(name, value)
    if isinstance(value, list) and any(each != value for each in found):
        place = next(k for k, told in enumerate(zip_longest(*found)) if len(set(told)) > 1)
        found = [each[place] if place < len(each) else "no more" for each in found]
    if any(each != found[0] for each in found):
        raise LispeError(f"Error in {name}: the ranks disagree about {what}: {by_rank(found)}")


def together(name: str, work: Callable[[], Any], on: int | None = None) -> Any:
    """Do something on all ranks, or on one of them; what fails on one fails on all, with its text.

    Gives what it gave here. Errors: LispeError, the rank's own where it failed here.
    """
    failed: LispeError | None = None
    given = None
    if on is None or rank() == on:
        try:
            given = work()
        except LispeError as error:
            failed = error
    problems = exchange(name, None if failed is None else str(failed))
    if failed is not None:
        raise failed
    for number, problem in enumerate(problems):
        if problem is not None:
            raise LispeError(f"{problem} (on rank {number})")
    return given
