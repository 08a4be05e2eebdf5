"""Instances of LispE classes with the method `forward` are modules of PyTorch: one object, not two.

The class of such an instance has `ModuleInstance` among its bases, so that everything that takes an
`nn.Module` takes it. Its fields are where PyTorch looks for them: modules and trained tensors among its
parts, the tensors that it was made with among its buffers, a list or a table with such things in it as a
`Held`. `(block (forward x))` calls it as PyTorch's own code does, so that hooks run.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from types import FrameType
from typing import Any, ClassVar

import torch
from torch import nn

from lispe_kernel.language import runtime
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.explain import register_remark
from lispe_kernel.language.printer import describe
from lispe_kernel.language.protocols import register_answers
from lispe_kernel.language.python.faces import register_face
from lispe_kernel.language.values.instances import ANSWERS, Instance
from lispe_kernel.torch_library.modules import entry
from lispe_kernel.torch_library.modules.held import (
    Held,
    as_parameter,
    holds_parts,
    is_container,
    is_trained,
    seen_as_module,
    unheld,
)
from lispe_kernel.torch_library.support.wording import shape

FORWARD = " forward"
# What PyTorch keeps in every module.
_OWN = frozenset(nn.Module().__dict__)


class ModuleInstance(Instance, nn.Module):
    """The base of the classes whose instances are modules."""

    __hash__ = nn.Module.__hash__
    lispe_called = "forward"
    # Where a call by Python code begins.
    lispe_beginning: ClassVar[Any] = None
    lispe_taken = frozenset(name for name in (*dir(nn.Module), *_OWN) if not name.startswith("__"))

    def __new__(cls, *_values: Any, **_named: Any) -> ModuleInstance:
        made: ModuleInstance = object.__new__(cls)
        made.lispe_begin()
        return made

    def lispe_begin(self) -> None:
        nn.Module.__init__(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return nn.Module.__repr__(self)

    # -- called ----------------------------------------------------------------------------------

    def __call__(self, *values: Any, **named: Any) -> Any:
        """The module called by Python code, in the session of its class and in the caller's own thread."""
        cls = type(self)
        namespace = cls.forward.__globals__
        values, named = entry.taken(values, named)
        token = entry.enter(namespace)
        try:
            answer = cls.lispe_beginning(self._wrapped_call_impl, *values, **named)
        except Exception as error:
            if token is None:
                raise
            raise entry.explained(namespace, error) from error
        finally:
            entry.leave(token)
        return entry.given(answer)

    def compile(self, *arguments: Any, **named: Any) -> None:
        """Let torch.compile compile every call from now on, from where calls begin."""
        compiled = torch.compile(type(self).lispe_beginning, *arguments, **named)
        self._compiled_call_impl = partial(compiled, self._call_impl)

    @classmethod
    def lispe_define(cls, name: str, function: Any) -> None:
        """`forward` is what PyTorch calls; LispE calls the module, as PyTorch's modules call each other."""
        setattr(cls, "forward" if name == FORWARD else name, function)
        if name == FORWARD:
            cls.lispe_beginning = staticmethod(entry.beginning(function.__globals__))

    @classmethod
    def lispe_drop(cls, name: str) -> None:
        delattr(cls, "forward" if name == FORWARD else name)

    @classmethod
    def lispe_own(cls) -> dict[str, Any]:
        own = {name: value for name, value in vars(cls).items() if name[:1] == " "}
        return own | ({FORWARD: vars(cls)["forward"]} if "forward" in vars(cls) else {})

    @classmethod
    def lispe_method(cls, name: str) -> Any:
        return getattr(cls, "forward" if name == "forward" else f" {name}")

    # -- fields ----------------------------------------------------------------------------------

    def lispe_values(self) -> dict[str, Any]:
        own = self.__dict__
        plain = {
            name: value
            for name, value in own.items()
            if name not in self.lispe_taken and (name[:1] not in " _" or name in self.lispe_fields)
        }
        return {**plain, **own["_parameters"], **own["_buffers"], **own["_modules"]}

    @staticmethod
    def lispe_plain(value: Any) -> Any:
        return unheld(value)

    def lispe_has(self, name: str) -> bool:
        own = self.__dict__
        return name in own or any(name in own[table] for table in ("_modules", "_parameters", "_buffers"))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN or name.startswith("__"):
            object.__setattr__(self, name, value)
            return
        own = self.__dict__
        if is_container(own.get(name)):
            self._modules  # noqa: B018 - what lies in it by now is seen
        if isinstance(value, torch.Tensor):
            if is_trained(value):
                as_parameter(value)
            elif name in self.lispe_fields and not value.requires_grad and not self.lispe_has(name):
                own["_buffers"][name] = value
                return
        elif is_container(value) and (isinstance(own["_modules"].get(name), Held) or holds_parts(value)):
            value = seen_as_module(value)
        if isinstance(value, nn.Module):
            self._refuse_circle(name, value)
        try:
            nn.Module.__setattr__(self, name, value)
        except TypeError:
            kind = "a tensor" if name in own["_parameters"] or name in own["_buffers"] else "a module"
            raise LispeError(
                f"Error: the field {name} of {type(self).__name__} holds {kind} and cannot become "
                f"{describe(value)}; nil takes it away, another one takes its place"
            ) from None

    def _refuse_circle(self, name: str, value: nn.Module) -> None:
        if any(part is self for part in value.modules()):
            raise LispeError(
                f"Error: the field {name} of {type(self).__name__} would make the module contain itself: "
                f"{type(value).__name__} is the instance, or holds it"
            )

    @property
    def _modules(self) -> dict[str, nn.Module | None]:
        """The parts, those in containers among them as they are at the moment."""
        own: dict[str, nn.Module | None] = self.__dict__["_modules"]
        for name, part in own.items():
            if isinstance(part, Instance) and not isinstance(part, nn.Module):
                # Its class was declared again, without `forward`: it stays a part, as others without it are.
                own[name] = seen_as_module(part)
        for name, value in list(self.__dict__.items()):
            if name not in _OWN and is_container(value) and holds_parts(value):
                own[name] = seen_as_module(value)
                self.__dict__.pop(name, None)
                self._put_in_order(own)
        for name, tensor in list(self.__dict__["_buffers"].items()):
            if is_trained(tensor):
                self.__dict__["_parameters"][name] = as_parameter(self.__dict__["_buffers"].pop(name))
        return own

    @_modules.setter
    def _modules(self, value: dict[str, nn.Module | None]) -> None:
        self.__dict__["_modules"] = value

    def _put_in_order(self, parts: dict[str, nn.Module | None]) -> None:
        """A container's parts stand where its field stands, whenever they came into it."""
        places = {name: place for place, name in enumerate(self.lispe_fields)}
        ordered = sorted(parts.items(), key=lambda part: places.get(part[0], len(places)))
        if [name for name, _ in ordered] != list(parts):
            parts.clear()
            parts.update(ordered)

    def named_modules(self, *arguments: Any, **named: Any) -> Iterator[tuple[str, nn.Module]]:
        self._modules  # noqa: B018 - what became trained, or lies in containers, is found here
        return super().named_modules(*arguments, **named)  # type: ignore[no-any-return]


# The method that LispE's compiled code finds under `forward`.
setattr(ModuleInstance, FORWARD, nn.Module._wrapped_call_impl)
# What it calls is compiled.
entry.leave_out(ModuleInstance, "__call__", with_calls=False)


def _copy(instance: ModuleInstance) -> ModuleInstance:
    try:
        return copy.deepcopy(instance)
    except RuntimeError as error:
        raise LispeError(f"Error: clone: {type(instance).__name__} cannot be copied: {error}") from error


register_answers(ModuleInstance, replace(ANSWERS, copy=_copy, equal=lambda one, other: one is other))
register_face("forward", ModuleInstance, nn.Module)


# -- where an error came from -------------------------------------------------------------------------


def _path(frames: list[FrameType], text: str) -> str:
    """The module in which an error arose, by its path in the outermost one, with the shapes that met."""
    chain: list[nn.Module] = []
    inputs: tuple[Any, ...] = ()
    for frame in frames:
        if frame.f_code is _CALL:
            module = frame.f_locals["self"]
            if not chain or chain[-1] is not module:
                chain.append(module)
            inputs = frame.f_locals.get("args", ())
    if not any(isinstance(module, ModuleInstance) for module in chain):
        return ""
    path = _name_of(chain[0])
    for outer, inner in pairwise(chain):
        found = next((name for name, part in outer.named_modules() if part is inner), "")
        path = f"{path}.{found or type(inner).__name__}"
    last = chain[-1]
    met = [shape(value.shape) for value in inputs if isinstance(value, torch.Tensor)]
    if all(one in text for one in met):
        return f" (in {path})" if met or len(chain) > 1 else ""
    shapes = [f"{name} {shape(p.shape)}" for name, p in last._parameters.items() if p is not None][:2]
    shapes += [f"input {one}" for one in met]
    return f" (in {path}: {type(last).__name__}{', ' if shapes else ''}{', '.join(shapes)})"


_CALL = nn.Module._call_impl.__code__


def _name_of(module: nn.Module) -> str:
    """The variable of the session that holds a module; its class where there is none."""
    try:
        names = runtime.current().namespace
    except LispeError:
        names = {}
    found = (name for name, value in names.items() if value is module and not name.startswith("_"))
    return next(found, type(module).__name__)


register_remark(_path)
