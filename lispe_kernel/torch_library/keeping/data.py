"""How data is kept: sets of lists and tensors, their functions, and batches with their place in a pass.

A set over a file is left out by name: its folder may not be here, and nothing opens files unasked.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.keeping import Broken, Into, Keeper, Out, register_keeper
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.data.batches import Batches
from lispe_kernel.torch_library.data.samples import Listed, Mapped, Samples, Stacked
from lispe_kernel.torch_library.files.errors import BadFile

register_keeper(
    Keeper(
        "torch listed samples",
        Listed,
        lambda samples, out: [
            out.value(List(samples.items)),
            None if samples.targets is None else out.value(List(samples.targets)),
        ],
        lambda _data, _into: Listed([]),
        lambda samples, data, into: _fill_listed(samples, data, into),
    )
)


def _fill_listed(samples: Listed, data: Any, into: Into) -> None:
    items, targets = into.value(data[0]), into.value(data[1])
    if not isinstance(items, list) or not (targets is None or isinstance(targets, list)):
        raise Broken("holds samples that are none")
    if targets is not None and len(targets) != len(items):
        raise Broken("holds samples without targets")
    samples.items, samples.targets = items, targets


def _make_stacked(data: Any, into: Into) -> Stacked:
    tensors = [into.value(tensor) for tensor in data["tensors"]]
    if not tensors or not all(isinstance(tensor, torch.Tensor) and tensor.dim() for tensor in tensors):
        raise Broken("holds samples that are none")
    if len({len(tensor) for tensor in tensors}) > 1:
        raise Broken("holds samples without targets")
    return Stacked(tensors, str(data["origin"]))


register_keeper(
    Keeper(
        "torch stacked samples",
        Stacked,
        lambda samples, out: {"tensors": list(map(out.value, samples.tensors)), "origin": samples.origin},
        _make_stacked,
    )
)


def _write_mapped(samples: Mapped, out: Out) -> Any:
    return {"base": out.value(samples.base), "function": out.value(samples.function)}


def _fill_mapped(samples: Mapped, data: Any, into: Into) -> None:
    samples.base, samples.function = into.value(data["base"]), into.value(data["function"])
    if not isinstance(samples.base, Samples) or not callable(samples.function):
        raise Broken("holds samples that are none")


register_keeper(
    Keeper("torch mapped samples", Mapped, _write_mapped, lambda _d, _i: Mapped.__new__(Mapped), _fill_mapped)
)


def _write_batches(batches: Batches, out: Out) -> Any:
    position = batches.position(running=True)
    # The samples come along.
    position.pop("prints", None)
    return {
        "samples": out.value(batches.samples),
        "collate": out.value(batches.collate),
        "position": {name: out.value(value) for name, value in position.items() if type(value) is not bool},
        "shuffle": batches.shuffle,
        "drop_last": batches.drop_last,
    }


def _fill_batches(batches: Batches, data: Any, into: Into) -> None:
    """Made anew over samples that are whole by now."""
    samples, collate = into.value(data["samples"]), into.value(data["collate"])
    position = {name: into.value(value) for name, value in data["position"].items()}
    flags = {name: data[name] is True for name in ("shuffle", "drop_last")}
    size = position.get("size")
    if not isinstance(samples, Samples) or not (collate is None or callable(collate)):
        raise Broken("holds batches of no samples")
    if type(size) is not int or size < 1:
        raise Broken("holds batches without a size")
    vars(batches)["made"] = (samples, size, flags, collate, position)


def _finish_batches(batches: Batches) -> None:
    samples, size, flags, collate, position = vars(batches).pop("made")
    batches.__init__(samples, size, flags["shuffle"], 0, flags["drop_last"], collate)  # type: ignore[misc]
    try:
        batches.restorer({**position, **flags})()
    except BadFile as error:
        raise Broken("holds batches at a place that they do not have") from error


register_keeper(
    Keeper(
        "torch batches",
        Batches,
        _write_batches,
        lambda _data, _into: Batches.__new__(Batches),
        _fill_batches,
        _finish_batches,
    )
)
