"""The layers that the names of tensors tell, of a state dict or of the header of a file. Nothing is computed.

A name is split at its dots: what stands before the last one is a layer, what stands before that a block. A
file of tensors says neither which class a layer has nor what flows where, so nothing of that is told.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

from lispe_kernel.torch_library.files.formats import opened
from lispe_kernel.torch_library.inside.graph import MODULE, Graph, Step
from lispe_kernel.torch_library.state.names import state_names
from lispe_kernel.torch_library.state.state_dicts import StateDict
from lispe_kernel.torch_library.support.dtypes import dtype_name
from lispe_kernel.torch_library.support.wording import kind_of, shape

_NOTE = "layers by the names of their tensors; what flows where is not in a file of tensors"
_DEEPEST = 40  # names deeper than this are not split further

Held = Mapping[str, tuple[str, int]]  # the name of a tensor -> its dtype and shape, its number of values


def of_state(state: StateDict) -> Graph:
    """The layers of a state dict."""
    held = {name: (kind_of(tensor), tensor.numel()) for name, tensor in state.tensors.items()}
    return outline("state dict", held)


def of_file(path: str) -> Graph:
    """The layers of a file, from its header; no tensor is read. Errors: what is wrong with the file."""
    with opened("Error in graph: ", path) as archive:
        held = {}
        for name, ref in state_names(archive.tree).items():
            entry = archive.entries[ref]
            held[name] = f"{dtype_name(entry.dtype)} {shape(entry.shape)}", math.prod(entry.shape)
    return outline(os.path.basename(path), held)


def outline(title: str, held: Held) -> Graph:
    """The layers and blocks that names tell."""
    table: dict[str, Any] = {}
    for name, told in held.items():
        *path, leaf = name.split(".", _DEEPEST)
        at = table
        for part in path:
            at = at.setdefault(f"{part}.", {})
        at[leaf] = told
    return Graph(_step(title, "", table), [], None, [], _NOTE)


def _number(name: str) -> tuple[int, str]:
    """What sorts numbers by size, also one of more digits than Python makes a number of."""
    digits = name[:-1].lstrip("0")
    return len(digits), digits


def _step(kind: str, path: str, table: dict[str, Any]) -> Step:
    """A block or a layer. Tensors of a block that has layers in it, too, stand in one of their own."""
    own = {name: told for name, told in table.items() if not isinstance(told, dict)}
    below = {name: inner for name, inner in table.items() if isinstance(inner, dict)}
    names = list(below)
    if all(name[:-1].isdecimal() for name in names):
        # Programs sort names as texts: layer 10 before layer 2.
        names.sort(key=_number)
    inner = [_step("", f"{path}{name}", below[name]) for name in names]
    holds = tuple(f"{name} {told[0]}" for name, told in own.items())
    count = sum(told[1] for told in own.values())
    if inner and own:
        inner.insert(0, Step(MODULE, f"{path}{'' if path else '.'}", "", count, holds=holds))
    total = count + sum(step.parameters for step in inner if not (own and step is inner[0]))
    return Step(MODULE, path.removesuffix("."), kind, total, holds=() if inner else holds, inner=inner)
