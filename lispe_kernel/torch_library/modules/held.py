"""Lists and tables in the fields of an instance that hold parts of its module: layers, tensors to train.

Such a container is seen through a view that is both LispE's list (or table) and PyTorch's module: it looks
into the container's own storage, so what is pushed into either is in both, and a part that PyTorch exchanges
is exchanged for LispE, too. Nothing is kept twice.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.language.python.containers import PythonDictionary
from lispe_kernel.language.python.faces import worn
from lispe_kernel.language.values.instances import Instance
from lispe_kernel.language.values.views import View
from lispe_kernel.torch_library.support.arguments import lack


def as_parameter(tensor: torch.Tensor) -> nn.Parameter:
    """A tensor that is to be trained as one of PyTorch's parameters: the same object, known as one."""
    if type(tensor) is torch.Tensor:
        tensor.__class__ = nn.Parameter
    elif not isinstance(tensor, nn.Parameter):
        tensor._is_param = True
    return tensor  # type: ignore[return-value]


def is_trained(value: Any) -> bool:
    """Whether a value is a tensor that an optimizer may change: one that requires gradients, not a result."""
    return isinstance(value, torch.Tensor) and (
        isinstance(value, nn.Parameter) or (value.requires_grad and value.is_leaf)
    )


def is_container(value: Any) -> bool:
    """Whether a value may hold parts without being a module itself."""
    return isinstance(value, list | tuple | dict | deque | Instance) and not isinstance(value, nn.Module)


def entries(container: Any) -> Iterator[tuple[Any, Any]]:
    """The elements of a container with the keys under which they stand."""
    if isinstance(container, Instance):
        return iter(container.lispe_values().items())
    return iter(container.items()) if isinstance(container, dict) else enumerate(container)


def holds_parts(container: Any, outer: tuple[Any, ...] = ()) -> bool:
    """Whether a module or a trained tensor lies in a container or in the containers in it."""
    if any(container is other for other in outer):
        return False
    for _, value in entries(container):
        if isinstance(value, nn.Module) or is_trained(value):
            return True
        if is_container(value) and holds_parts(value, (*outer, container)):
            return True
    return False


def _named(key: Any) -> str:
    """The name of a part. Errors: for a key with a dot, since paths would then say two things."""
    name = str(key)
    if "." in name:
        raise LispeError(
            f"Error: a part of a module cannot be called '{name}': dots stand between the names of a path"
        )
    return name


class _Linked(dict[str, Any]):
    """Parts by name; one that is put in is put into the container, too."""

    def __init__(self, held: Held, found: dict[str, Any]) -> None:
        super().__init__(found)
        self.held = held

    def __setitem__(self, name: str, value: Any) -> None:
        self.held.put(name, value)
        super().__setitem__(name, value)


class Held(nn.Module):
    """What the two views share: the parts of the module are the elements, as they are at the moment."""

    base: Any

    def __init__(self, base: Any) -> None:
        nn.Module.__init__(self)
        self.base = base

    def element(self, name: str) -> Any:
        """The key of the element that paths call by a name; None for none."""
        return next((key for key, _ in entries(self.base) if str(key) == name), None)

    def put(self, name: str, value: Any) -> None:
        """Exchange an element."""
        key = self.element(name)
        self.base[name if key is None else key] = value

    @property
    def _modules(self) -> dict[str, nn.Module | None]:
        found: dict[str, nn.Module | None] = {}
        for key, value in list(entries(self.base)):
            if is_container(value) and holds_parts(value):
                self.base[key] = value = seen_as_module(value)
            if isinstance(value, nn.Module):
                found[_named(key)] = value
        return _Linked(self, found)

    @_modules.setter
    def _modules(self, _value: Any) -> None:
        """Nothing: the parts are the container's."""

    @property
    def _parameters(self) -> dict[str, nn.Parameter | None]:
        return _Linked(
            self, {_named(key): as_parameter(value) for key, value in entries(self.base) if is_trained(value)}
        )

    @_parameters.setter
    def _parameters(self, _value: Any) -> None:
        """Nothing: the tensors are the container's."""

    def __getattr__(self, name: str) -> Any:
        key = None if name == "base" else self.element(name)
        if key is None:
            raise AttributeError(f"there is no part {name}")
        return self.base[key]

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "base" and self.element(name) is not None:
            self.put(name, value)
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if self.element(name) is not None:
            self.put(name, None)
        else:
            object.__delattr__(self, name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = memo[id(self)] = type(self)(copy.deepcopy(self.base, memo))
        made.training = self.training
        return made

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return type(self), (self.base,)

    def _replicate_for_data_parallel(self) -> Any:
        """A copy for another device has a container of its own, to be filled with copies of the parts."""
        base = list(self.base) if isinstance(self.base, tuple) else copy.copy(self.base)
        return type(self)(base)


class HeldList(View, Held):
    """A list of parts."""

    # A module is a key, though a list is none.
    __hash__ = nn.Module.__hash__  # type: ignore[assignment]

    def __init__(self, base: Any) -> None:
        View.__init__(self)
        Held.__init__(self, base)

    def element(self, name: str) -> Any:
        return int(name) if name.isdecimal() and int(name) < len(self.base) else None

    def __repr__(self) -> str:
        return nn.Module.__repr__(self)


class HeldTable(PythonDictionary, Held):
    """A table of parts."""

    # A module is a key, though a list is none.
    __hash__ = nn.Module.__hash__  # type: ignore[assignment]

    def __init__(self, base: Any) -> None:
        Held.__init__(self, base)

    def key(self, value: Any) -> Any:  # type: ignore[override]  # a table of LispE's knows what its keys are
        known = getattr(self.base, "key", None)
        return value if known is None else known(value)

    def __repr__(self) -> str:
        return nn.Module.__repr__(self)


# What people see of them, in the tree of a module and in PyTorch's own text of it.
HeldList.__name__, HeldTable.__name__ = "list", "table"


def seen_as_module(container: Any) -> nn.Module:
    """The module that a container with parts is. Errors: for a container that can hold none.

    An instance of a class without `forward` is one by its class.
    """
    if isinstance(container, nn.Module):
        return container
    if isinstance(container, Instance):
        if not worn(container, "forward"):
            raise LispeError(f"Error: {describe(container)} cannot be part of a module{lack(container)}")
        return container  # type: ignore[return-value]
    if isinstance(container, list):
        return HeldList(container)
    if isinstance(container, dict):
        return HeldTable(container)
    raise LispeError(f"Error: {describe(container)} cannot hold parts of a module; a list or a table can")


def unheld(value: Any) -> Any:
    """The container behind a view as a module; anything else as it is."""
    if not isinstance(value, Held):
        return value
    for key, item in list(entries(value.base)):
        if isinstance(item, Held):
            value.base[key] = unheld(item)
    return value.base
