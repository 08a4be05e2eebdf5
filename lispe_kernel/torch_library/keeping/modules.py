"""How modules are kept: PyTorch's own and LispE's, by class, with their tensors, parts and settings.

A module comes back without its constructor: its tables are filled with what was there. Only classes that are
known here are kept, and only settings that are plain values; a module with hooks, or a forward of its own, is
refused.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.language.keeping import Broken, Into, Keeper, Out, Unkept, register_keeper
from lispe_kernel.torch_library.modules.alibi import Alibi
from lispe_kernel.torch_library.modules.attention import TransformerBlock
from lispe_kernel.torch_library.modules.choosing import Settings
from lispe_kernel.torch_library.modules.computed import ComputedTables
from lispe_kernel.torch_library.modules.flash import FlashAttention
from lispe_kernel.torch_library.modules.generation import Generator
from lispe_kernel.torch_library.modules.layers import TorchModel
from lispe_kernel.torch_library.modules.lora_kinds import Dora, DoraEmbedding, DoraLinear, LoraEmbedding
from lispe_kernel.torch_library.modules.lora_layer import REST, Adapter, LoraLinear, Rest
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.modules.recomputation import CheckpointedModule
from lispe_kernel.torch_library.modules.rotary import RotaryEmbedding
from lispe_kernel.torch_library.tensors.devices import place_of

OURS = (
    *(Alibi, CheckpointedModule, FlashAttention, PositionalEncoding, RotaryEmbedding),
    *(TorchModel, TransformerBlock),
)
# What every module has, and whether a fresh one has something there.
TABLES = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")
EMPTY = vars(nn.Module())
_HOOKS = tuple(name for name in EMPTY if name not in TABLES and name != "training")
# Recurrent layers keep their weights a second time.
_FLAT = ("_flat_weights", "_flat_weight_refs")
_PLAIN = (type(None), bool, int, float, str, torch.dtype, torch.device, torch.Size)


def _classes() -> list[type[nn.Module]]:
    """The classes of `torch.nn` that compute something by what they hold; lazy ones become others later."""
    found: list[Any] = [
        cls for cls in vars(nn).values() if isinstance(cls, type) and issubclass(cls, nn.Module)
    ]
    lazy = nn.modules.lazy.LazyModuleMixin
    hidden = nn.modules.linear.NonDynamicallyQuantizableLinear
    return [cls for cls in (*found, hidden) if cls is not nn.Module and not issubclass(cls, lazy)]


def _is_plain(value: Any) -> bool:
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(type(key) is str and _is_plain(item) for key, item in value.items())
    return type(value) in _PLAIN


def _write(module: nn.Module, out: Out) -> Any:
    known = vars(module)
    settings = {}
    for name, value in known.items():
        if name in TABLES or name == "training" or (isinstance(module, nn.RNNBase) and name in _FLAT):
            continue
        if name in EMPTY:
            if value != EMPTY[name]:
                raise Unkept(f"a {type(module).__name__} with hooks")
        elif hasattr(type(module), name) and callable(getattr(type(module), name)):
            raise Unkept(f"a {type(module).__name__} with a {name} of its own")
        elif not _is_plain(value):
            raise Unkept(f"a {type(module).__name__} whose {name} is a {type(value).__name__}")
        else:
            settings[name] = out.value(value)
    computed = isinstance(module, ComputedTables)
    return {
        "training": module.training,
        "settings": settings,
        "parameters": {name: out.value(value) for name, value in module._parameters.items()},
        # Tables that follow from the settings are computed again.
        "buffers": {} if computed else {name: out.value(value) for name, value in module._buffers.items()},
        "passing": [] if computed else sorted(module._non_persistent_buffers_set),
        "parts": {name: out.value(value) for name, value in module._modules.items()},
    }


def _holds(module: nn.Module) -> list[Any]:
    """All values that `_write` writes, in order."""
    known = vars(module)
    buffers = {} if isinstance(module, ComputedTables) else known["_buffers"]
    return [
        *(value for name, value in known.items() if name not in EMPTY and name not in _FLAT),
        *(known["training"], *known["_parameters"].values(), *buffers.values(), *known["_modules"].values()),
    ]


def _facts(modules: list[nn.Module]) -> list[Any]:
    """All names and values that `_write` writes, and whether there are hooks."""
    return [
        (
            *(any(map(known.get, _HOOKS)), *map(id, known.values()), *known, None),
            *(None, *map(id, known["_parameters"].values()), *known["_parameters"]),
            *(None, *map(id, known["_buffers"].values()), *known["_buffers"]),
            *(None, *map(id, known["_modules"].values()), *known["_modules"]),
            *(None, *known["_non_persistent_buffers_set"]),
        )
        for known in map(vars, modules)
    ]


def _maker(cls: Any) -> Any:
    def make(_data: Any, _into: Into) -> Any:
        made = cls.__new__(cls)
        nn.Module.__init__(made)
        return made

    return make


def _fill(module: nn.Module, data: Any, into: Into) -> None:
    module.training = data["training"] is True
    for name, value in data["settings"].items():
        found = into.value(value)
        method = callable(getattr(type(module), name, None))
        if name in EMPTY or name in _FLAT or method or not _is_plain(found) or name.startswith("__"):
            raise Broken(f"holds a {type(module).__name__} with a {name} that it cannot have")
        module.__dict__[name] = found
    tables: Any = (
        (module._parameters, "parameters", nn.Parameter),
        (module._buffers, "buffers", torch.Tensor),
        (module._modules, "parts", nn.Module),
    )
    for table, key, kind in tables:
        for name, value in data[key].items():
            found = into.value(value)
            taken = name in module.__dict__ or hasattr(type(module), name)
            if taken or "." in name or not name or not (found is None or isinstance(found, kind)):
                raise Broken(f"holds a {type(module).__name__} with a {name} that it cannot have")
            table[name] = found
    module._non_persistent_buffers_set = {str(name) for name in data["passing"]}


def _finish_recurrent(module: Any) -> None:
    module._init_flat_weights()


def _finish_computed(module: Any) -> None:
    module.keep_tables()


def _finish(cls: type) -> Any:
    if issubclass(cls, nn.RNNBase):
        return _finish_recurrent
    return _finish_computed if issubclass(cls, ComputedTables) else None


for _cls in (*_classes(), *OURS):
    register_keeper(
        Keeper(
            *(f"torch {_cls.__name__}", _cls, _write, _maker(_cls), _fill, _finish(_cls)),
            holds=_holds,
            facts=_facts,
        )
    )


# -- LoRA -------------------------------------------------------------------------------------------------


def _write_lora(layer: LoraLinear, out: Out) -> Any:
    if layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks:
        raise Unkept("a LoraLinear with hooks")
    resting = {
        name: {
            "parts": [out.value(adapter.down), out.value(adapter.up)],
            "alpha": adapter.alpha,
            "trained": [vars(part.weight)[REST].trained for part in (adapter.down, adapter.up)],
        }
        for name, adapter in layer._resting.items()
    }
    return {
        "training": layer.training,
        "base": out.value(layer.original),
        "active": layer.active,
        "parts": [out.value(layer.lora_A), out.value(layer.lora_B)],
        "alpha": layer.alpha,
        "resting": resting,
        "merged": out.value(layer._merged.layer.weight if layer._merged is not None else None),
        "lengths": out.value(layer.lora_magnitude_vector if isinstance(layer, Dora) else None),
    }


def _lora_holds(layer: LoraLinear) -> list[Any]:
    """All values that `_write_lora` writes."""
    known, resting = vars(layer), layer._resting
    merged = layer._merged.layer.weight if layer._merged is not None else None
    return [
        *(layer.training, layer.active, layer.alpha, merged, *known["_parameters"].values()),
        *(*known["_modules"].values(), *(each for adapter in resting.values() for each in adapter)),
    ]


def _lora_facts(layers: list[LoraLinear]) -> list[Any]:
    return [*map(_facts_of_lora, layers)]


def _facts_of_lora(layer: LoraLinear) -> Any:
    known, resting = vars(layer), layer._resting
    parts = (part for adapter in resting.values() for part in (adapter.down, adapter.up))
    return (
        *(any(map(known.get, _HOOKS)), *known["_parameters"], None, *known["_modules"], None, *resting),
        *(*map(id, _lora_holds(layer)), *(vars(part.weight)[REST].trained for part in parts)),
    )


def _make_lora(cls: type[LoraLinear]) -> Any:
    def make(_data: Any, _into: Into) -> LoraLinear:
        made = cls.__new__(cls)
        nn.Module.__init__(made)
        made._merged, made._resting = None, {}
        return made

    return make


def _part(data: Any, into: Into, kind: Any) -> Any:
    found = into.value(data)
    if not isinstance(found, kind):
        raise Broken("holds an adapter that is none")
    return found


def _fill_lora(layer: LoraLinear, data: Any, into: Into) -> None:
    layer.training, layer.active = data["training"] is True, str(data["active"])
    base = nn.Embedding if isinstance(layer, LoraEmbedding) else nn.Linear
    layer.original = _part(data["base"], into, base)
    layer.lora_A, layer.lora_B = (_part(part, into, nn.Linear) for part in data["parts"])
    if isinstance(layer, Dora):
        layer.lora_magnitude_vector = _part(data["lengths"], into, nn.Parameter)
    layer.alpha = float(data["alpha"])
    for name, entry in data["resting"].items():
        down, up = (_part(part, into, nn.Linear) for part in entry["parts"])
        layer._resting[name] = Adapter(down, up, float(entry["alpha"]))
    layer.__dict__["kept"] = (into.value(data["merged"]), data["resting"])


def _finish_lora(layer: LoraLinear) -> None:
    import weakref  # noqa: PLC0415 - few sessions have adapters that rest

    merged, resting = layer.__dict__.pop("kept")
    layer.in_features, layer.out_features = layer._sizes()
    for name, adapter in layer._resting.items():
        trained = resting[name]["trained"]
        for part, value in zip((adapter.down, adapter.up), trained, strict=True):
            vars(part.weight)[REST] = Rest(weakref.ref(layer), value is True)
    if merged is not None:
        layer.merge(merged.detach())


for _kind in (LoraLinear, LoraEmbedding, DoraLinear, DoraEmbedding):
    register_keeper(
        Keeper(
            *(f"torch {_kind.__name__}", _kind, _write_lora, _make_lora(_kind), _fill_lora, _finish_lora),
            holds=_lora_holds,
            facts=_lora_facts,
        )
    )


# -- generators of text -----------------------------------------------------------------------------------


def _write_generator(generator: Generator, out: Out) -> Any:
    settings = {name: out.value(value) for name, value in vars(generator.settings).items()}
    return {"model": out.value(generator.model), "device": str(generator.device), "settings": settings}


def _fill_generator(generator: Generator, data: Any, into: Into) -> None:
    model = into.value(data["model"])
    if not isinstance(model, nn.Module):
        raise Broken("holds a generator without a model")
    values = {name: into.value(value) for name, value in data["settings"].items()}
    generator.model, generator.device = model, torch.device("cpu")
    if not all(map(_is_plain, values.values())):
        raise Broken("holds a generator with a setting that is none")
    generator.settings = Settings(**values)


def _finish_generator(generator: Generator) -> None:
    generator.device = place_of(generator.model) or torch.device("cpu")


register_keeper(
    Keeper(
        "torch generator",
        Generator,
        _write_generator,
        lambda _data, _into: Generator.__new__(Generator),
        _fill_generator,
        _finish_generator,
    )
)
