"""The run watched: hooks before and after every call write down what a `Trace` keeps."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.inside.inputs import copied
from lispe_kernel.torch_library.inside.keeping import kept, version_of
from lispe_kernel.torch_library.inside.measures import Measures, Rectified, measure
from lispe_kernel.torch_library.inside.operations import Operations
from lispe_kernel.torch_library.inside.running import Given, names_of, watched
from lispe_kernel.torch_library.inside.trace import Call, Trace, numbered
from lispe_kernel.torch_library.inside.values import kinds_of, shapes_text, tensors_in
from lispe_kernel.torch_library.support.guard import TORCH_ERRORS, is_users
from lispe_kernel.torch_library.support.wording import readable, some

Loss = Callable[[Any], Any]


class Recorder:
    """The calls of a run while it goes on."""

    def __init__(self, model: nn.Module, gradients: bool) -> None:
        self.names = names_of(model)
        self.sizes = {module: _size(module.parameters()) for module in self.names}
        self.operations = Operations(self._at_relu)
        self.open: list[tuple[nn.Module, Call, float, float, int]] = []
        self.root: Call | None = None
        self.first_strange = ""
        self.gradients = gradients
        self.modules: dict[Call, nn.Module] = {}
        self._lost = 0.0  # seconds spent here and not in the model
        self._seen: dict[int, tuple[weakref.ref[torch.Tensor], int | None, Measures | None]] = {}
        self._thread = threading.get_ident()
        self._cuda = any(p.is_cuda for p in model.parameters())
        self._comes_with_nan = False
        self.recording = True

    def before(self, module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        """A call begins."""
        if not self._watches():
            return
        begin = self._clock()
        call = Call(self.names[module], type(module).__name__, self.sizes[module])
        call.inputs = kinds_of(_arguments(given, named))
        if self.open:
            self.open[-1][1].calls.append(call)
        elif self.root is None:
            self.root = call
            # Now: a layer may write into what it was given.
            self._comes_with_nan = _holds_nan(_arguments(given, named))
        self.modules[call] = module
        now = time.perf_counter()
        self._lost += now - begin
        self.open.append((module, call, now, self._lost, self.operations.multiply_adds))

    def after(self, module: nn.Module, given: tuple[Any, ...], named: dict[str, Any], answer: Any) -> None:
        """A call ends: its time first, then everything that takes some."""
        if not self._watches():
            return
        end = self._clock()
        # A call that ended in an error which the model caught is still open.
        while self.open and self.open[-1][0] is not module:
            self.open.pop()
        if not self.open:
            return
        _, call, begin, lost, counted = self.open.pop()
        call.seconds = (end - begin) - (self._lost - lost)
        call.multiply_adds = self.operations.multiply_adds - counted
        call.finished = True
        self.operations.paused = True
        try:
            self._look(call, (given, named), tensors_in(answer))
        finally:
            self.operations.paused = False
        self._lost += time.perf_counter() - end

    def _look(self, call: Call, given: Given, answers: dict[str, torch.Tensor]) -> None:
        call.outputs = kinds_of(answers)
        call.bytes = sum(t.nbytes for t in {id(t): t for t in answers.values()}.values() if not t.is_nested)
        for name, tensor in answers.items():
            known = self._measured(tensor)
            if known is not None:
                call.measured[name] = known
            if self.gradients and tensor.requires_grad:
                tensor.register_hook(_keeper(call, name, self.operations))
        if not self.first_strange and any(known.nans for known in call.measured.values()):
            self.first_strange = self._blamed(call, _arguments(*given), answers)

    def _measured(self, tensor: torch.Tensor) -> Measures | None:
        """The measures; those of a tensor that was seen and not written into since are known."""
        version = version_of(tensor)
        known = self._seen.get(id(tensor))
        if known and version is not None and known[0]() is tensor and known[1] == version:
            return known[2]
        found = measure(tensor)
        self._seen[id(tensor)] = (weakref.ref(tensor), version, found)
        return found

    def _blamed(self, call: Call, given: Any, answers: dict[str, torch.Tensor]) -> str:
        if self._comes_with_nan:
            return "the input of the model holds NaN"
        own = {tensor.data_ptr() for tensor in answers.values()}
        came = [tensor for tensor in tensors_in(given).values() if tensor.data_ptr() not in own]
        if self.open and _holds_nan(came):
            return f"NaN: first in the input of {call.name}, from the code of {self.open[-1][1].name}"
        module = self.modules[call]
        bad = [name for name, p in module.named_parameters(recurse=False) if bool(p.isnan().any())]
        why = f", whose {some(bad)} holds NaN" if bad else ", whose input holds none" if came else ""
        return f"NaN: first in the output of {call.name} ({call.kind}){why}"

    def _at_relu(self, found: Rectified) -> None:
        if self.open and self._watches():
            self.open[-1][1].rectified.append(found)

    def _watches(self) -> bool:
        return self.recording and threading.get_ident() == self._thread

    def _clock(self) -> float:
        if self._cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    @property
    def place(self) -> str:
        """Where the run is, for an error."""
        named = [call for _, call, *_ in self.open if call.path]
        if not named:
            return ""
        given = shapes_text(named[-1].inputs) or "no tensor"
        return f" in {named[-1].path} ({named[-1].kind}, given {given}):"


def _arguments(given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What a module was given, one tensor alone if it is that."""
    several: dict[str, Any] = {str(place): value for place, value in enumerate(given)}
    found = tensors_in(several | named)
    return next(iter(found.values())) if len(found) == 1 and "0" in found else found


def _holds_nan(value: Any) -> bool:
    return any(bool(t.isnan().any()) for t in tensors_in(value).values() if t.is_floating_point())


def _size(parameters: Iterable[torch.Tensor]) -> int:
    return sum(p.numel() for p in parameters)


def _keeper(call: Call, name: str, operations: Operations) -> Callable[[torch.Tensor], None]:
    """What a tensor's gradient is handed to, once, on the way back."""

    def keep(gradient: torch.Tensor) -> None:
        before, operations.paused = operations.paused, True
        known = measure(gradient)
        operations.paused = before
        if known is not None:
            call.gradients[name] = known

    return keep


def record(model: nn.Module, given: Given, gradients: bool, loss: Loss | None) -> Trace:
    """Run the model once and say what happened.

    Errors: what the model raises, with the module in which it did.
    """
    recorder, given = Recorder(model, gradients), copied(model, given)
    of = ""
    with ExitStack() as around:
        changed = around.enter_context(kept(model))
        around.enter_context(torch.set_grad_enabled(gradients))
        around.enter_context(watched(model, recorder.before, recorder.after))
        try:
            with recorder.operations:
                # The first operation under a mode prepares things, which is not the model's time.
                torch.ones(()) + 1
                answer = model(*given[0], **given[1])
        except TORCH_ERRORS as error:
            if is_users(error):
                raise
            raise LispeError(f"Error in torch_trace:{recorder.place} {readable(error)}") from error
        recorder.recording = False
        if gradients:
            of = _backward(model, answer, loss, recorder)
        mode = "training" if model.training else "evaluation"
    root = recorder.root
    if root is None:
        raise LispeError("Error in torch_trace: the model does not run as a module of PyTorch does")
    numbered(root)
    return Trace(
        root,
        _size(model.parameters()),
        _uncalled(recorder),
        _shared(model),
        changed,
        sorted(recorder.operations.uncounted),
        recorder.first_strange,
        of,
        mode,
    )


def _backward(model: nn.Module, answer: Any, loss: Loss | None, recorder: Recorder) -> str:
    """Send the gradient back, into no parameter; what it was of, in words."""
    target, of = _target(answer, loss)
    if not target.requires_grad:
        raise LispeError("Error in torch_trace: no gradient leads back to a parameter that requires one")
    weights = [p for p in model.parameters() if p.requires_grad]
    found = torch.autograd.grad(target, weights, allow_unused=True) if weights else ()
    by_weight = {id(p): g for p, g in zip(weights, found, strict=True) if g is not None}
    for call, module in recorder.modules.items():
        own = [by_weight[id(p)] for p in module.parameters(recurse=False) if id(p) in by_weight]
        if own:
            norms = [torch.linalg.vector_norm(g.coalesce().values() if g.is_sparse else g) for g in own]
            call.weight_gradient = float(torch.linalg.vector_norm(torch.stack([n.double() for n in norms])))
    return of


def _target(answer: Any, loss: Loss | None) -> tuple[torch.Tensor, str]:
    if loss is not None:
        made = loss(answer)
        made = getattr(made, "tensor", made)
        if not isinstance(made, torch.Tensor) or made.numel() != 1:
            raise LispeError("Error in torch_trace: the loss must give a tensor of one number")
        return made.reshape(()), "the given loss"
    tensors = {name: t for name, t in tensors_in(answer).items() if t.is_floating_point() and t.requires_grad}
    if "loss" in tensors and tensors["loss"].numel() == 1:
        return tensors["loss"], "the model's own loss"
    if not tensors:
        raise LispeError("Error in torch_trace: no gradient leads back: nothing that the model gives has one")
    name, tensor = next(iter(tensors.items()))
    return tensor.sum(), f"the sum of {name or 'the output'}"


def _uncalled(recorder: Recorder) -> list[str]:
    called = set(map(id, recorder.modules.values()))
    # Lists and tables of modules only hold; nobody calls them.
    holders = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
    return [
        name
        for module, name in recorder.names.items()
        if id(module) not in called and not isinstance(module, holders)
    ]


def _shared(model: nn.Module) -> dict[str, list[str]]:
    first: dict[int, str] = {}
    others: dict[str, list[str]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        if id(module) in first:
            others.setdefault(first[id(module)], []).append(name)
        else:
            first[id(module)] = name
    return others
