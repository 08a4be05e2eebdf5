"""What LoRA layers add to the files of whole models, and how it comes back: alpha, names, resting adapters.

The tensors of the acting adapter stand under their plain names, as PyTorch knows them. What a state dict
cannot say is in the notes of the file's summary, under `lora`: for each layer the name of the adapter that
acts, and alpha of every adapter. Adapters that rest stand beside, as `PATH.adapters.NAME.lora_A.weight`.
Files without notes (of other programs, or of merged layers) fill the adapter that acts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple, TypeGuard

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from lispe_kernel.language.printer import number_text
from lispe_kernel.torch_library.files.archive import Archive
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.modules.lora_layer import Adapter, LoraLinear
from lispe_kernel.torch_library.state.comparison import Described
from lispe_kernel.torch_library.state.modules import (
    LORA_A,
    LORA_B,
    Targets,
    extra_states,
    lora_places,
    saved_state,
    state_of,
    targets_for,
)
from lispe_kernel.torch_library.state.names import ADAPTERS, joined, other_values, state_names, wrapping
from lispe_kernel.torch_library.support.wording import shape

NOTES = "lora"
# The versions of classes that changed what they store, by the path of the module.
VERSIONS = "versions"
# What PyTorch's averaged models count beside the tensors of their `module`.
_COUNT = "n_averaged"


class Stored(NamedTuple):
    """What a file of modules holds: the tensors by name, and what belongs in its summary besides."""

    tensors: dict[str, torch.Tensor]
    notes: dict[str, Any]
    # Extra states that are no tensors, also those of nothing (nil): PyTorch's own load asks for their names.
    others: dict[str, Any]


class Noted(NamedTuple):
    """What a file says of one layer: the name of the adapter that acts, and alpha by name."""

    active: str
    alphas: dict[str, float]


def stored_state(modules: dict[str, nn.Module]) -> Stored:
    """All that a file needs of the modules to give the same outputs again, resting adapters included.

    A merged layer is stored as the plain linear layer that it stands for, without its adapters.
    Errors: BadFile for a module that keeps more than tensors and plain values.
    """
    extra = extra_states(modules, state_of(modules))
    tensors, lora = saved_state(modules), {}
    for path, layer in lora_places(modules).items():
        if layer.merged:
            continue
        adapters = layer.named_adapters()
        for name, adapter in adapters.items():
            if name != layer.active:
                a, b = _names(path, name, acting=layer.active)
                tensors[a], tensors[b] = adapter.down.weight.detach(), adapter.up.weight.detach()
        alphas = {name: adapter.alpha for name, adapter in adapters.items()}
        lora[path] = {"active": layer.active, "alpha": alphas}
    notes = {NOTES: lora, VERSIONS: _versions(modules)}
    tensors |= {name: value for name, value in extra.items() if isinstance(value, torch.Tensor)}
    others = {name: value for name, value in extra.items() if name not in tensors}
    return Stored(tensors, {key: noted for key, noted in notes.items() if noted}, others)


def _versions(modules: dict[str, nn.Module]) -> dict[str, int]:
    """The versions of the classes that have one, where what they store is not what it always was.

    (A batch norm's is of no use: what changed are names, and they are there to be seen.)
    """
    return {
        joined(prefix, path): part._version
        for prefix, module in modules.items()
        for path, part in module.named_modules(remove_duplicate=False)
        if part._version not in (None, 1) and not isinstance(part, _NormBase)
    }


def _names(path: str, name: str, *, acting: str) -> tuple[str, str]:
    """The names of A and B in a file, for the adapter that acts and for one that rests."""
    lead = path if name == acting else joined(path, f"{ADAPTERS}.{name}")
    return joined(lead, LORA_A), joined(lead, LORA_B)


# -- reading


def notes_in(summary: dict[str, Any], prefix: str = "") -> dict[str, Noted]:
    """What a file says of its LoRA layers, by path; of those under a prefix, by the path behind it.

    Errors: BadFile when the notes are malformed.
    """
    notes = summary.get(NOTES, {})
    if isinstance(notes, str):
        # A word in the metadata of another program's file.
        return {}
    if not isinstance(notes, dict):
        raise BadFile("its notes on LoRA layers are malformed; the file is damaged")
    found = {path: _noted(path, note) for path, note in notes.items()}
    if not prefix:
        return found
    inside = {path: path.removeprefix(prefix) for path in found if f"{path}.".startswith(f"{prefix}.")}
    return {rest.removeprefix("."): found[path] for path, rest in inside.items()}


def _noted(path: str, note: Any) -> Noted:
    match note:
        case {"active": str(active), "alpha": dict(alphas)} if active in alphas:
            if all(is_alpha(alpha) for alpha in alphas.values()):
                return Noted(active, {name: float(alpha) for name, alpha in alphas.items()})
    raise BadFile(f"its notes on the LoRA layer {path or 'itself'} are malformed; the file is damaged")


def is_alpha(value: Any) -> TypeGuard[float]:
    """Whether a value from a file can be an alpha: a finite number, and no truth value."""
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        return False


class Named(NamedTuple):
    """What a file holds, under the names that the model has: our name -> the archive's name of each tensor,
    the values beside them, and what is noted of LoRA layers and of the classes of the modules.
    """

    tensors: dict[str, str]
    others: dict[str, Any]
    notes: dict[str, Noted]
    versions: dict[str, Any] | None


def as_in_file(archive: Archive) -> Named:
    """What a file holds under its own names. Errors: BadFile."""
    tree = archive.tree
    return Named(state_names(tree), other_values(tree), notes_in(archive.summary), versions_in(archive))


def as_in_model(archive: Archive, modules: dict[str, nn.Module]) -> Named:
    """What a file holds, with the wrappers (DataParallel, torch.compile) that the model has in its names.

    Errors: BadFile.
    """
    found = as_in_file(archive)
    tensors = _without_count(found.tensors, modules)
    plain = wrapping(tensors, lambda: saved_state(modules))
    return Named(
        {plain(name): ref for name, ref in tensors.items()},
        {plain(name): value for name, value in found.others.items()},
        {plain(path): noted for path, noted in found.notes.items()},
        None if found.versions is None else {plain(path): v for path, v in found.versions.items()},
    )


def _without_count(tensors: dict[str, str], modules: dict[str, nn.Module]) -> dict[str, str]:
    """The tensors of a file without the number of updates, where an average fills a module that is none."""
    others = {name: ref for name, ref in tensors.items() if name != _COUNT}
    average = len(others) < len(tensors) and others and all(name.startswith("module.") for name in others)
    return others if average and _COUNT not in saved_state(modules) else tensors


def versions_in(archive: Archive) -> dict[str, Any] | None:
    """The versions of the classes of a file's modules, by path, as PyTorch notes them; None for none."""
    noted = archive.summary.get(VERSIONS)
    return noted_versions(noted) if isinstance(noted, dict) else archive.versions


def noted_versions(numbers: dict[str, Any]) -> dict[str, Any] | None:
    """Versions by path as PyTorch notes them; None for none."""
    return {path: {"version": number} for path, number in numbers.items()} or None


def plain_versions(noted: Mapping[str, Any] | None) -> dict[str, Any]:
    """The numbers of what PyTorch notes."""
    found = {path: each.get("version") for path, each in (noted or {}).items() if isinstance(each, dict)}
    return {path: number for path, number in found.items() if isinstance(number, int)}


def stored_targets(
    modules: dict[str, nn.Module], sources: Mapping[str, Described], notes: dict[str, Noted]
) -> Targets:
    """Where the tensors of a file go, adapters to those of the same name in the layer of the same path.

    Adapters that a layer lacks are made, and become its own only when everything is in place; those that the
    file lacks stay. The adapter that acted when the file was written acts afterwards.
    Errors: BadFile when the tensors of an adapter to be made do not belong together.
    """
    targets = targets_for(modules, sources)
    for path, layer in lora_places(modules).items():
        if path in notes:
            _add_adapters(targets, path, layer, sources, notes[path])
    return targets


def _add_adapters(
    targets: Targets, path: str, layer: LoraLinear, sources: Mapping[str, Described], noted: Noted
) -> None:
    """The adapters of one layer that the file has, in the place of the one that happens to act."""
    places = {name: _names(path, name, acting=noted.active) for name in noted.alphas}
    inside = {name: place for name, place in places.items() if any(tensor in sources for tensor in place)}
    if not inside:
        return
    for tensor in _names(path, noted.active, acting=noted.active):
        targets.tensors.pop(tensor, None)
    filled = {}
    for name, (a, b) in inside.items():
        adapter = layer.adapter(name) or _made(layer, sources, a, b)
        targets.tensors[a], targets.tensors[b] = adapter.down.weight, adapter.up.weight
        filled[name] = adapter._replace(alpha=noted.alphas[name])
    targets.afterwards.append(partial(_put_back, layer, filled, noted.active))


def _made(layer: LoraLinear, sources: Mapping[str, Described], a: str, b: str) -> Adapter:
    """An adapter of the rank that the file's tensors have, its values still to come."""
    down, up = (tuple(sources[name].shape) if name in sources else () for name in (a, b))
    rank = down[0] if down else 0
    if not rank or down != (rank, layer.in_features) or up != (layer.out_features, rank):
        there = ", ".join(f"{name} {shape(sources[name].shape)}" for name in (a, b) if name in sources)
        sizes = f"[rank,{layer.in_features}] and [{layer.out_features},rank]"
        raise BadFile(f"it holds {there}, not A and B of an adapter for this layer ({sizes})")
    return layer.empty(rank, 1.0)


def _put_back(layer: LoraLinear, filled: dict[str, Adapter], active: str) -> None:
    for name, adapter in filled.items():
        layer.keep(name, adapter)
    if active in filled:
        layer.activate(active)


def refuse_other_active(
    modules: dict[str, nn.Module], sources: Mapping[str, Described], notes: dict[str, Noted]
) -> None:
    """A training goes on with the adapter that was trained: an optimizer made for another would miss it.

    Errors: BadFile naming the layer, both adapters, and the call that makes the right one act.
    """
    for path, layer in lora_places(modules).items():
        noted, a = notes.get(path), sources.get(joined(path, LORA_A))
        if noted is None or a is None or noted.active == layer.active:
            continue
        where = f" in {path}" if path else ""
        rank, alpha = a.shape[0], noted.alphas[noted.active]
        raise BadFile(
            f"it was saved while the adapter {noted.active} was active{where}; in the model {layer.active} "
            "is active. Nothing was changed; switch this layer before the optimizer is made: "
            f'(torch_lora_set_adapter layer "{noted.active}" {rank} {number_text(alpha)})'
        )
