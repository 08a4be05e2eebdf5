"""State dicts as values: named tensors that print as `PyTorch State Dict (N parameters)`.

A snapshot of a model, or the content of a file: its size, keys and tensors by name, equality, and copying
into a model. What people compute with several of them is in `arithmetic.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.protocols import Answers, answers_of, register_answers
from lispe_kernel.torch_library.files.errors import BadFile, writing
from lispe_kernel.torch_library.files.formats import opened, write_tree
from lispe_kernel.torch_library.state.adapters import NOTES, notes_in, stored_targets
from lispe_kernel.torch_library.state.comparison import differences
from lispe_kernel.torch_library.state.modules import modules_of, parameters_of
from lispe_kernel.torch_library.state.names import state_names
from lispe_kernel.torch_library.state.parts import check_part, chosen
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.progress import progress
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted
from lispe_kernel.torch_library.support.wording import some

NO_MODULE = "Error: Argument must be a PyTorch module"
NO_STATE = "Error: Second argument must be a state dict"


class StateDict(Mapping[str, torch.Tensor]):
    """Tensors by name, in the order of the model. The tensors belong to the state dict alone.

    `notes` is what a file says of LoRA layers besides (`adapters.py`).
    """

    def __init__(self, tensors: Mapping[str, torch.Tensor], notes: Mapping[str, Any] | None = None) -> None:
        self.tensors = dict(tensors)
        self.notes = {NOTES: notes[NOTES]} if notes and NOTES in notes else {}

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StateDict) and equal(self, other)

    __hash__ = None  # type: ignore[assignment]

    @property
    def text(self) -> str:
        return f"PyTorch State Dict ({len(self)} parameters)"


def equal(a: StateDict, b: StateDict) -> bool:
    """The same names with the same shapes, dtypes and values."""
    if a.tensors.keys() != b.tensors.keys():
        return False
    return all(x.dtype is b[name].dtype and torch.equal(x, b[name].to(x.device)) for name, x in a.items())


def element(state: StateDict, keys: tuple[Any, ...]) -> Any:
    """`(@ state "weight")`: the tensor of that name; further keys index the tensor.

    Errors: `Error: no tensor NAME in the state dict` with the names there are.
    """
    name, *rest = keys
    if name not in state.tensors:
        known = ", ".join(list(state.tensors)[:12]) or "nothing"
        raise LispeError(f"Error: no tensor {name} in the state dict, which holds: {known}")
    if not rest:
        return state.tensors[name]
    index = answers_of(state.tensors[name]).at
    if index is None:
        raise LispeError("Error: a tensor cannot be indexed here")
    return index(state.tensors[name], tuple(rest))


register_kind(StateDict, "torch_state_dict_", lambda state, _show: state.text)
register_answers(
    StateDict,
    Answers(
        at=element,
        size=len,
        keys=lambda state: list(state.tensors),
        iterate=lambda state: list(state.tensors),
        equal=lambda a, b: a == b,
        truth=lambda state: len(state) > 0,
    ),
)


@torch_function("torch_state_dict", "torch_model_state_dict", prefix="Error reading the state: ")
def state_dict(model: nn.Module) -> StateDict:
    """A snapshot of a module's parameters by name; buffers are left out. Later training does not reach it.

    A table of modules gives one state dict with the keys in front of the names.

    Example: (torch_state_dict (torch_linear 512 256)) => PyTorch State Dict (2 parameters)
    Errors: `Error: Argument must be a PyTorch module`
    Source: torch API 9.2
    """
    found: dict[str, torch.Tensor] = {}
    for prefix, module in modules_of(model, NO_MODULE).items():
        lead = f"{prefix}." if prefix else ""
        found.update((lead + name, tensor) for name, tensor in parameters_of(module).items())
    return StateDict({name: tensor.detach().clone() for name, tensor in found.items()})


@torch_function("torch_load_state_dict", prefix="Error loading state dict: ")
def load_state_dict(model: nn.Module, state_dict: Any) -> str:
    """Copy the tensors of a state dict (or of a loaded checkpoint) into the model, by name.

    Names that only one side has are left alone; floating-point values are converted to the model's dtype.
    From a file or a checkpoint come alpha and the resting adapters of LoRA layers too. Nothing changes when one
    shape does not fit.

    Example: (block (setq l (torch_linear 2 3)) (torch_load_state_dict l (torch_state_dict l))) => State dict loaded successfully
    Errors: `Error: First argument must be a PyTorch module`, `Error: Second argument must be a state dict`,
    `Error loading state dict: ` with both shapes
    Source: torch API 9.2
    """  # noqa: E501
    modules = modules_of(model, "Error: First argument must be a PyTorch module")
    state = as_state(state_dict, NO_STATE)
    try:
        targets = stored_targets(modules, state, notes_in(state.notes))
        pairs = {name: [tensor] for name, tensor in targets.tensors.items() if name in state.tensors}
        targets.check(pairs)
    except BadFile as error:
        raise LispeError(f"Error loading state dict: {error}. Nothing was changed") from error
    if state and targets.tensors and not pairs:
        names = f"{some(list(state))} against {some(list(targets.tensors))}"
        raise LispeError(f"Error loading state dict: no name is in both ({names}). Nothing was changed")
    strict = {name: tensors for name, tensors in pairs.items() if not _converts(tensors[0], state[name])}
    shapes, _ = differences(pairs, state, "the state dict")
    _, dtypes = differences(strict, state, "the state dict")
    wrong = shapes + dtypes
    if wrong:
        raise LispeError(f"Error loading state dict: {', '.join(wrong)}. Nothing was changed")
    with torch.no_grad(), uninterrupted():
        for name, (tensor,) in pairs.items():
            tensor.copy_(state[name].reshape(tensor.shape))
        for finish in targets.afterwards:
            finish()
    return "State dict loaded successfully"


def _converts(target: torch.Tensor, source: torch.Tensor) -> bool:
    return target.is_floating_point() and source.is_floating_point()


def as_state(value: Any, text: str) -> StateDict:
    """The value as a state dict: one, or something that carries one as its `model`."""
    if isinstance(value, StateDict):
        return value
    inner = getattr(value, "model", None)
    if isinstance(inner, StateDict):
        return inner
    raise LispeError(text)


@torch_function("torch_read_state_dict", prefix="Error reading state dict: ")
def read_state_dict(path: str, part: Any = None) -> StateDict:
    """The tensors of a file as a state dict: all, those under a prefix, or those of a list of names.

    Only the bytes of these tensors are read, and their checksums compared.

    Example: (block (torch_save_model (torch_linear 4 2) "l.pt") (torch_read_state_dict "l.pt")) => PyTorch State Dict (2 parameters)
    Errors: `Error reading state dict: PATH: ` and what is wrong with the file
    """  # noqa: E501
    path = arguments.path("torch_read_state_dict", 1, path)
    check_part("torch_read_state_dict", 2, part)
    with opened("Error reading state dict: ", path) as archive:
        names = state_names(archive.tree)
        test = chosen(part, names)
        wanted = {name: ref for name, ref in names.items() if test is None or test(name)}
        with progress(f"reading {os.path.basename(path)}", archive.cost(wanted.values())) as advance:
            read = archive.tensors(wanted.values(), advance)
        return StateDict({name: read[ref] for name, ref in wanted.items()}, archive.summary)


@torch_function("torch_save_state_dict", prefix="Error saving state dict: ")
def save_state_dict(state_dict: Any, path: str) -> str:
    """Write a state dict to a file as `torch_save_model` writes a model.

    Example: (torch_save_state_dict (torch_state_dict (torch_linear 1 1)) "s") => State dict saved successfully
    Errors: `Error: First argument must be a state dict`, `Error saving state dict: ` and why
    """  # noqa: E501
    state = as_state(state_dict, "Error: First argument must be a state dict")
    path = arguments.path("torch_save_state_dict", 2, path)
    with writing("Error saving state dict: ", path):
        write_tree(path, dict(state.tensors), {"kind": "model", **state.notes})
    return "State dict saved successfully"
