"""The functions that look inside a run of a model."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.inside.inputs import run
from lispe_kernel.torch_library.inside.keeping import kept
from lispe_kernel.torch_library.inside.recording import record
from lispe_kernel.torch_library.inside.running import given, model_of, names_of, watched
from lispe_kernel.torch_library.inside.trace import Trace
from lispe_kernel.torch_library.inside.values import tensors_in
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import some


@torch_function("torch_trace")
def trace(model: Any, input_: Any, gradients: Any = None, loss: Any = None) -> Trace:
    """Run a model once and show what each module got and gave, in the order of the calls.

    For every call: input and output with shapes and types, time, parameters, multiply-adds, memory of the
    output, statistics of its values; with `(? gradients true)` also of gradients, those of the sum of the
    output (of the model's own loss where it gives one), with `(? loss f)` those of what `f` makes of the
    answer. The first module that gives NaN is named, and units that are never positive after a ReLU.

    The input is a tensor, a list of ids, a list of arguments, or a dictionary of named ones; the model a
    module, or the path of a loaded folder. Multiply-adds are those of matrix products, convolutions,
    attention and recurrent layers, as PyTorch counts them; element by element work is not counted. The model
    runs in the mode it is in, on a copy of the input, and stays as it was: mode, buffers, attributes,
    gradients, hooks and random generators; what it puts into lists and dictionaries of its own and into
    global variables stays there.
    `(@ trace "path")` gives the numbers of a module.

    Example: (size (torch_trace (torch_model 4 8 2) (torch_ones '(3 4)))) => 4
    Errors: `Error: First argument must be a PyTorch module`; what the model raises, with the module in which
    it did; gradients of a model without any
    """
    module = model_of(model)
    if loss is not None and not callable(loss):
        raise wrong_argument("torch_trace", 4, "a function of the model's answer", loss)
    return record(module, given("torch_trace", module, input_), bool(gradients) or loss is not None, loss)


@torch_function("torch_activations")
def activations(model: Any, input_: Any, path: str, call: Any = None) -> torch.Tensor | Dictionary:
    """What the module at a path gives when the model runs on the input: a tensor, without gradient.

    A module that gives several tensors answers with a dictionary of them. Of a module that is called several
    times `(? call 0)` chooses, counted from 0. Model, input and what is kept are those of `torch_trace`.

    Example: (tensor_shape (torch_activations (torch_model 4 8 2) (torch_ones '(3 4)) "fc1")) => (3 8)
    Errors: a path that the model lacks, or that the run does not call; several calls and no choice
    """
    module = model_of(model)
    wanted = _part(module, arguments.identifier("torch_activations", 3, path))
    number = None if call is None else arguments.count("torch_activations", 4, call)
    found: list[dict[str, torch.Tensor]] = []

    def after(part: nn.Module, _given: Any, _named: Any, answer: Any) -> None:
        if part is wanted:
            found.append({name: t.detach().clone() for name, t in tensors_in(answer).items()})

    given_ = given("torch_activations", module, input_)
    with kept(module), torch.no_grad(), watched(module, None, after):
        run(module, given_)
    return _chosen(found, path, number)


def _part(model: nn.Module, path: str) -> nn.Module:
    parts = dict(model.named_modules(remove_duplicate=False))
    if path not in parts:
        names = [name for name in names_of(model).values() if name]
        raise LispeError(f"Error: torch_activations: there is no module {path}; the model has: {some(names)}")
    found: nn.Module = parts[path]
    return found


def _chosen(found: list[dict[str, torch.Tensor]], path: str, number: int | None) -> torch.Tensor | Dictionary:
    if not found:
        raise LispeError(f"Error: torch_activations: {path} was not called in this run")
    if number is None and len(found) > 1:
        raise LispeError(
            f"Error: torch_activations: {path} was called {len(found)} times; (? call 0) chooses the first"
        )
    if number is not None and number >= len(found):
        raise LispeError(f"Error: torch_activations: {path} was called {len(found)} times, from call 0 on")
    tensors = found[number or 0]
    if not tensors:
        raise LispeError(f"Error: torch_activations: {path} gives no tensor")
    if len(tensors) == 1:
        return next(iter(tensors.values()))
    return Dictionary(tensors)
