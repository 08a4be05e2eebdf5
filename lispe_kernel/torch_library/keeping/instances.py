"""How instances of LispE classes that are modules are kept: fields, tensors, parts, containers of parts.

The class belongs to the session; here is what one instance holds. No method of the class is called.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.language.keeping import Broken, Into, Keeper, Out, Unkept, register_keeper
from lispe_kernel.torch_library.keeping.modules import EMPTY, TABLES
from lispe_kernel.torch_library.modules.held import HeldList, HeldTable, seen_as_module
from lispe_kernel.torch_library.modules.instances import ModuleInstance


def _refuse_hooks(module: nn.Module) -> None:
    for name, empty in EMPTY.items():
        if name not in TABLES and name != "training" and vars(module).get(name, empty) != empty:
            raise Unkept(f"a {type(module).__name__} with hooks, or compiled")


def _write(instance: ModuleInstance, out: Out) -> Any:
    _refuse_hooks(instance)
    instance._modules  # noqa: B018 - what lies in its containers by now is seen
    own = instance.__dict__
    return {
        "training": instance.training,
        "fields": [
            [name, out.value(value)]
            for name, value in own.items()
            if name not in EMPTY and not name.startswith(" ")
        ],
        **{table: [[name, out.value(item)] for name, item in own[table].items()] for table in _KINDS},
    }


_KINDS: dict[str, Any] = {"_parameters": nn.Parameter, "_buffers": torch.Tensor, "_modules": nn.Module}


def _make(cls: Any, _into: Into) -> Any:
    made = cls.__new__(cls)
    if not isinstance(made, nn.Module):
        # A class without `forward` became one of modules when it was part of one.
        seen_as_module(made)
        made.lispe_begin()
    return made


def _fill(instance: Any, data: Any, into: Into) -> None:
    instance.training = data["training"] is True
    own = instance.__dict__
    for name, value in data["fields"]:
        _check(instance, name)
        own[name] = into.value(value)
    for table, kind in _KINDS.items():
        for name, value in data[table]:
            _check(instance, name)
            found = into.value(value)
            if not (found is None or isinstance(found, kind)):
                raise Broken("holds a module with a part that is none")
            own[table][name] = found


def _check(instance: Any, name: Any) -> None:
    taken = not isinstance(name, str) or name in instance.lispe_taken or name.startswith((" ", "__"))
    if taken or not name or "." in name:
        raise Broken(f"holds a module with a field that it cannot have: {name}")


register_keeper(Keeper("torch fields of an instance", ModuleInstance, _write, _make, _fill))


def _held(name: str, cls: Any, container: type) -> None:
    def write(held: Any, out: Out) -> Any:
        _refuse_hooks(held)
        return {"of": out.value(held.base), "training": held.training}

    def fill(held: Any, data: Any, into: Into) -> None:
        base = into.value(data["of"])
        if not isinstance(base, container):
            raise Broken("holds parts of a module in something that holds none")
        held.base, held.training = base, data["training"] is True

    register_keeper(Keeper(name, cls, write, lambda _data, _into: cls(container()), fill))


_held("torch held list", HeldList, list)
_held("torch held table", HeldTable, dict)
