"""The blocks of a model: the layers that hand one hidden state from the first to the last.

They are found by watching a run, not by their names: the members of one list of modules (or neighbours of one
class), each called once, in order, each giving a hidden state of the shape that it got. A model in which no
such list is seen is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import torch
from torch import nn

from lispe_kernel.torch_library.inside.inputs import run
from lispe_kernel.torch_library.inside.running import Given, names_of, watched
from lispe_kernel.torch_library.modules.held import Held

# What configurations call the number of blocks.
_COUNTS = ("num_hidden_layers", "num_layers", "n_layer", "decoder_layers", "num_decoder_layers")


@dataclass
class _Seen:
    """One call of a module: when it began and ended, and the shapes of its hidden states."""

    begin: int
    end: int
    got: tuple[int, ...] | None
    gave: tuple[int, ...] | None


def hidden_of(answer: Any) -> torch.Tensor | None:
    """The hidden state in what a block gives: the tensor alone, or the first of several."""
    first = answer[0] if isinstance(answer, tuple | list) and answer else answer
    return first if isinstance(first, torch.Tensor) and first.is_floating_point() else None


def hidden_in(several: Sequence[Any], named: dict[str, Any]) -> torch.Tensor | None:
    """The hidden state among the arguments of a block: the first one."""
    return hidden_of(next(iter([*several, *named.values()]), None))


def blocks_of(model: nn.Module, given: Given) -> list[tuple[str, nn.Module]]:
    """The blocks with their names, in order; none where they cannot be told."""
    calls = _calls(model, given)
    groups = [group for group in _groups(_decoder(model)) if _is_chain(group, calls)]
    inner = {part for group in groups for block in group for part in list(block.modules())[1:]}
    groups = [group for group in groups if group[0] not in inner]
    if not groups:
        return []
    # A list of blocks before neighbours of one class; of several the one that ends last.
    lists = [group for group in groups if _is_listed(model, group[0])]
    chosen = max(lists or groups, key=lambda group: (bool(lists) or len(group), calls[group[-1]][0].end))
    if not _counted(model, len(chosen)):
        return []
    names = names_of(model)
    return [(names[block], block) for block in chosen]


def _calls(model: nn.Module, given: Given) -> dict[nn.Module, list[_Seen]]:
    found: dict[nn.Module, list[_Seen]] = {}
    open_: list[tuple[int, tuple[int, ...] | None]] = []
    clock = iter(range(1 << 62))

    def before(_part: nn.Module, several: tuple[Any, ...], named: dict[str, Any]) -> None:
        open_.append((next(clock), _shape(hidden_in(several, named))))

    def after(part: nn.Module, _several: Any, _named: Any, answer: Any) -> None:
        begin, got = open_.pop()
        found.setdefault(part, []).append(_Seen(begin, next(clock), got, _shape(hidden_of(answer))))

    with watched(model, before, after):
        run(model, given)
    return found


def _shape(hidden: torch.Tensor | None) -> tuple[int, ...] | None:
    return tuple(hidden.shape) if hidden is not None and hidden.dim() >= 2 else None


def _decoder(model: nn.Module) -> nn.Module:
    """The part whose layers lead to the answer: of a model with an encoder its decoder."""
    if getattr(getattr(model, "config", None), "is_encoder_decoder", False):
        found = model.get_decoder()  # type: ignore[operator]  # a method of transformers
        return found if isinstance(found, nn.Module) else model
    return model


def _groups(model: nn.Module) -> Iterator[list[nn.Module]]:
    """Members of a list; and neighbours of one class that hold modules of their own."""
    for holder in model.modules():
        members = [m for m in holder.children() if not isinstance(m, torch.jit.ScriptModule)]
        if isinstance(holder, nn.ModuleList | Held):
            if members:
                yield members
            continue
        for _, alike in groupby(members, key=type):
            group = list(alike)
            if all(any(True for _ in member.children()) for member in group):
                yield group


def _is_listed(model: nn.Module, block: nn.Module) -> bool:
    return any(
        block is member
        for holder in model.modules()
        if isinstance(holder, nn.ModuleList | Held)
        for member in holder.children()
    )


def _is_chain(group: list[nn.Module], calls: dict[nn.Module, list[_Seen]]) -> bool:
    """Whether the members were called one after the other, each once, with one shape throughout."""
    if len(set(map(id, group))) < len(group) or any(len(calls.get(member, ())) != 1 for member in group):
        return False
    seen = [calls[member][0] for member in group]
    shapes = {shape for call in seen for shape in (call.got, call.gave)}
    return len(shapes) == 1 and None not in shapes and all(a.end < b.begin for a, b in pairwise(seen))


def _counted(model: nn.Module, count: int) -> bool:
    """Whether a configuration that tells a number of layers tells this one."""
    config = getattr(model, "config", None)
    if config is None or not hasattr(config, "get_text_config"):
        return True
    text = config.get_text_config(decoder=True)
    told = [getattr(c, name, None) for c in (config, text) for name in _COUNTS]
    told = [number for number in told if isinstance(number, int)]
    return not told or count in told
