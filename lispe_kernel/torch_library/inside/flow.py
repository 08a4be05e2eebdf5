"""A run watched for its data flow: hooks tell of modules, one mode of functions, one of operations.

A step gave a tensor if it was the last that wrote into its memory. What PyTorch dispatches is seen whole
(vmap, scripted code and autograd's own functions included), so no edge is missed because code went another
way, and none stands there that no operation took. Two tensors in one memory are told apart by the object, so
that what an identity hands on is its own and not that of the step before.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from lispe_kernel.torch_library.inside.graph import FUNCTION, MODULE, Step
from lispe_kernel.torch_library.inside.keeping import version_of
from lispe_kernel.torch_library.inside.values import tensors_in
from lispe_kernel.torch_library.support.wording import kind_of

# What gives the same numbers, in other memory or as another shape.
_COPIES = frozenset(("clone", "_to_copy", "lift_fresh", "lift_fresh_copy", "alias", "detach"))
_COPIES |= frozenset(("_unsafe_view", "_reshape_copy", "_reshape_alias"))
# What looks at the shape of what it is given, and at no number.
_SHAPES = frozenset(f"{name}_like" for name in ("empty", "zeros", "ones", "full", "rand", "randn", "randint"))
_SHAPES |= frozenset(f"new_{name}" for name in ("empty", "zeros", "ones", "full", "empty_strided"))
# What a function is called where PyTorch's own name says how it is computed and not what.
_NAMES = {"_scaled_dot_product_flash_attention_for_cpu": "scaled_dot_product_attention"}


@dataclass
class _Frame:
    """A call that goes on: its step, the tensors that it was given, and by whom."""

    step: Step
    module: nn.Module | None
    given: tuple[torch.Tensor, ...]
    kinds: dict[Step, str] | None = None
    worked: bool = False


# An object, the step that gave it, and how often it had been written into then.
_Known = tuple[weakref.ref[torch.Tensor], Step | None, int | None]


@dataclass
class Flow:
    """What is known of a run while it goes on."""

    names: dict[nn.Module, str]
    open: list[_Frame] = field(default_factory=list)
    edges: dict[tuple[Step, Step, str], None] = field(default_factory=dict)
    into: dict[Step, Step] = field(default_factory=dict)  # a function -> the module without others around it
    whole: dict[Step, dict[Step, str]] = field(default_factory=dict)  # what such a module was given, by whom
    root: Step | None = None
    busy: bool = False
    sizes: dict[nn.Module, int] = field(default_factory=dict)
    objects: dict[int, tuple[weakref.ref[torch.Tensor], Step | None, int | None]] = field(
        default_factory=dict
    )
    memory: dict[int, tuple[StorageWeakRef, Step | None]] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)  # memory of parameters and buffers -> their names

    # -- who gave a tensor

    def giver(self, tensor: torch.Tensor) -> Step | None:
        """The step that gave the tensor; None for parameters and for what was there before the run."""
        known = self.objects.get(id(tensor))
        if known is not None and known[0]() is tensor and known[2] == version_of(tensor):
            return self.last(known[1])
        place = place_of(tensor)
        found = self.memory.get(place.cdata) if place is not None else None
        return self.last(found[1]) if found is not None else None

    def last(self, step: Step | None) -> Step | None:
        return self.into.get(step, step) if step is not None else None

    def gave(self, tensor: torch.Tensor, step: Step | None) -> None:
        """The tensor as it is now is what the step gave."""
        self.objects[id(tensor)] = (weakref.ref(tensor), step, version_of(tensor))

    def wrote(self, tensor: torch.Tensor, step: Step | None) -> None:
        """The step was the last to write into the tensor's memory."""
        place = place_of(tensor)
        if place is None:
            self.gave(tensor, step)
        else:
            # The reference keeps the place from being given to another tensor, and no numbers.
            self.memory[place.cdata] = (place, step)

    def took(self, frame: _Frame, tensor: torch.Tensor, source: Step | None) -> None:
        """An edge into the step of the frame, from the one that gave the tensor."""
        if source is None:
            place = place_of(tensor)
            name = self.held.get(place.cdata) if place is not None else None
            if name is not None and name not in frame.step.tensors:
                frame.step.tensors.append(name)
        elif source is not frame.step:
            kind = self._kinds(frame).get(source) or kind_of(tensor)
            self.edges[source, frame.step, kind] = None

    def _kinds(self, frame: _Frame) -> dict[Step, str]:
        if frame.kinds is None:
            givers = [(self.giver(given), given) for given in reversed(frame.given)]
            frame.kinds = {giver: kind_of(given) for giver, given in givers if giver is not None}
        return frame.kinds

    # -- modules

    def before(self, module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        """A call of a module begins."""
        with self._unseen():
            step = Step(MODULE, self.names[module], type(module).__name__, self._size(module))
            if self.open:
                self.open[-1].step.inner.append(step)
            elif self.root is None:
                self.root = step
            frame = _Frame(step, module, tuple(tensors_in([given, named]).values()))
            self._kinds(frame)
            self.open.append(frame)

    def after(self, module: nn.Module, _given: Any, _named: Any, answer: Any) -> Any:
        """A call of a module ends. One without others becomes one step, which gives what it answers."""
        with self._unseen():
            # A call that ended in an error which the model caught is still open.
            while self.open and self.open[-1].module is not module:
                self.open.pop()
            if not self.open:
                return None
            frame = self.open.pop()
            step = frame.step
            if not self.open or any(inner.role == MODULE for inner in step.inner):
                return None
            for inner in step.inner:
                self.into[inner] = step
                self.whole[step] = self._kinds(frame)
                step.tensors += [name for name in inner.tensors if name not in step.tensors]
            step.inner.clear()
            return self._handed_on(frame, answer)

    def _handed_on(self, frame: _Frame, answer: Any) -> Any:
        """What a module gives that others gave before (an identity, a view): now it is the module's."""
        mine: dict[int, torch.Tensor] = {}
        for tensor in tensors_in(answer).values():
            source = self.giver(tensor)
            if source is frame.step:
                continue
            self.took(frame, tensor, source)
            known = tensor
            if isinstance(tensor, nn.Parameter) or any(tensor is given for given in frame.given):
                known = mine[id(tensor)] = tensor.view_as(tensor)
            self.gave(known, frame.step)
        return _replaced(answer, mine) if mine else None

    def _size(self, module: nn.Module) -> int:
        if module not in self.sizes:
            self.sizes[module] = sum(p.numel() for p in module.parameters())
        return self.sizes[module]

    @contextmanager
    def _unseen(self) -> Iterator[None]:
        """What is done here is not the model's."""
        before, self.busy = self.busy, True
        try:
            yield
        finally:
            self.busy = before

    # -- functions and operations

    def called(self, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """A function of PyTorch, seen from outside."""
        if self.busy or not self.open:
            return function(*arguments, **named)
        name = getattr(function, "__name__", type(function).__name__)
        step = Step(FUNCTION, _function_name(name))
        frame = _Frame(step, None, tuple(_tensors([arguments, named])))
        self.open.append(frame)
        try:
            answer = function(*arguments, **named)
        finally:
            while self.open.pop() is not frame:
                pass
        if frame.worked:
            self.open[-1].step.inner.append(step)
        with self._unseen():
            for tensor in _tensors([answer]):
                self._seen(frame, tensor)
        return answer

    def _seen(self, frame: _Frame, tensor: torch.Tensor) -> None:
        """The object that a function gave: its own where it wrote it, else that of what it looks at."""
        place = place_of(tensor)
        if place is None:
            return
        written = self.memory.get(place.cdata)
        if written is not None and written[1] is frame.step:
            self.gave(tensor, frame.step)
            return
        for given in frame.given:
            if given is not tensor and (other := place_of(given)) is not None and other.cdata == place.cdata:
                self.gave(tensor, self.giver(given))
                return

    def operation(self, operation: Any, arguments: Any, named: dict[str, Any]) -> Any:
        """An operation of PyTorch, on its way to where it is computed."""
        if self.busy or not self.open:
            return operation(*arguments, **named)
        name = getattr(getattr(operation, "overloadpacket", operation), "__name__", str(operation))
        frame = self.open[-1]
        if frame.module is not None:
            # Not inside a function that was seen: under vmap, in scripted code.
            frame = _Frame(Step(FUNCTION, _function_name(name)), None, ())
        with self._unseen():
            given = [] if name in _SHAPES else list(_tensors([arguments, named]))
            # Before the operation: it may write into what it takes.
            self._kinds(frame)
            givers = [self.giver(tensor) for tensor in given]
            answer = operation(*arguments, **named)
            worked = self._gave_all(name, given, givers, list(_tensors([answer])), frame.step)
            if worked:
                for tensor, source in zip(given, givers, strict=True):
                    self.took(frame, tensor, source)
                if frame is not self.open[-1]:
                    self.open[-1].step.inner.append(frame.step)
            frame.worked = frame.worked or worked
        return answer

    def _gave_all(
        self,
        name: str,
        given: list[torch.Tensor],
        givers: list[Step | None],
        answers: list[torch.Tensor],
        step: Step,
    ) -> bool:
        """Note whose the answers of an operation are; whether any is the step's own."""
        places = {place.cdata: k for k, t in enumerate(given) if (place := place_of(t)) is not None}
        worked = not answers
        for tensor in answers:
            place = place_of(tensor)
            if place is not None and place.cdata in places and all(tensor is not t for t in given):
                self.gave(tensor, givers[places[place.cdata]])
            elif name in _COPIES and given:
                self.wrote(tensor, givers[0])
                self._same_name(given[0], place)
            else:
                self.wrote(tensor, step)
                worked = True
        return worked

    def _same_name(self, source: torch.Tensor, copy: StorageWeakRef | None) -> None:
        place = place_of(source)
        if place is not None and copy is not None and place.cdata in self.held:
            self.held[copy.cdata] = self.held[place.cdata]

    @property
    def place(self) -> str:
        """Where the run is, for an error."""
        named = [frame.step for frame in self.open if frame.module is not None and frame.step.name]
        return f" in {named[-1].name} ({named[-1].kind}):" if named else ""


class Functions(TorchFunctionMode):
    """While it is on, the flow sees the functions that are called."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow

    def __torch_function__(
        self, function: Any, _types: Any, arguments: Any = (), named: dict[str, Any] | None = None
    ) -> Any:
        return self._flow.called(function, arguments, named or {})


class Operations(TorchDispatchMode):
    """While it is on, the flow sees what PyTorch does for them."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # PyTorch says nothing of its type
        self._flow = flow

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing here is compiled; without this, the first operation imports PyTorch's compiler (a second).
        return False

    def __torch_dispatch__(
        self, operation: Any, _types: Any, arguments: Any = (), named: dict[str, Any] | None = None
    ) -> Any:
        return self._flow.operation(operation, arguments, named or {})


def place_of(tensor: torch.Tensor) -> StorageWeakRef | None:
    """The memory of a tensor, which it may share with others; None where it is not one piece."""
    try:
        return StorageWeakRef(tensor.untyped_storage())
    except (NotImplementedError, RuntimeError):
        return None


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """The tensors among arguments and answers of functions."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _tensors(inner)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _replaced(answer: Any, by: dict[int, torch.Tensor]) -> Any:
    """The answer with other objects for the same tensors."""
    if isinstance(answer, torch.Tensor):
        return by.get(id(answer), answer)
    if type(answer) in (list, tuple):
        return type(answer)(_replaced(inner, by) for inner in answer)
    if type(answer) is dict:
        return {key: _replaced(inner, by) for key, inner in answer.items()}
    return answer


def _function_name(name: str) -> str:
    found = _NAMES.get(name, name)
    return found.strip("_") if found.startswith("_") else found
