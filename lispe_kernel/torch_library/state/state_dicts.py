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
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.distributed.parts import cut, here, is_part, whole_tensors
from lispe_kernel.torch_library.files.errors import BadFile, Misfit, writing
from lispe_kernel.torch_library.files.formats import opened, write_tree
from lispe_kernel.torch_library.files.trees import copied
from lispe_kernel.torch_library.state.adapters import (
    NOTES,
    VERSIONS,
    noted_versions,
    notes_in,
    plain_versions,
    stored_state,
    stored_targets,
    versions_in,
)
from lispe_kernel.torch_library.state.comparison import Problems, refuse_conflicts
from lispe_kernel.torch_library.state.loading import Plan, Report, Source, loaded_by_themselves, planned
from lispe_kernel.torch_library.state.modules import modules_of, saved_state
from lispe_kernel.torch_library.state.names import other_values, state_names, wrapping
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

    `notes` is what a file says of LoRA layers and of the classes of its modules besides (`adapters.py`),
    `others` what stands beside the tensors (extra states).
    """

    def __init__(
        self,
        tensors: Mapping[str, torch.Tensor],
        notes: Mapping[str, Any] | None = None,
        others: Mapping[str, Any] | None = None,
    ) -> None:
        self.tensors = dict(tensors)
        self.notes = {key: notes[key] for key in (NOTES, VERSIONS) if notes and notes.get(key)}
        self.others = dict(others or {})

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
    """A snapshot of a module: all that a file of it would hold, parameters and buffers.

    Later training does not reach it. A table of modules gives one state dict, the keys in front of the names.
    Of a model in shards (`torch_parallel`) every rank gets the whole, and has to ask for it.

    Example: (torch_state_dict (torch_linear 512 256)) => PyTorch State Dict (2 parameters)
    Errors: `Error: Argument must be a PyTorch module`; a module that keeps more than
    tensors and plain values is refused
    Source: torch API 9.2
    """
    modules = modules_of(model, NO_MODULE)
    try:
        state = stored_state(modules)
    except BadFile as error:
        raise LispeError(f"Error reading the state: {error}") from error
    tensors = {
        name: tensor.detach().clone()
        for name, tensor in whole_tensors("torch_state_dict", state.tensors).items()
    }
    return StateDict(tensors, state.notes, copied(state.others))


LOADING = "Error loading state dict: "


@torch_function("torch_load_state_dict", prefix=LOADING)
def load_state_dict(model: nn.Module, state_dict: Any, strict: Any = None) -> str:
    """Copy the tensors of a state dict (of a loaded checkpoint, of a table) into the model, by name.

    Names that only one side has are left alone, and the answer then names them; with `(? strict true)` they
    are an error. Floating-point values are converted to the model's dtype. From a file or a checkpoint come
    alpha and the resting adapters of LoRA layers too. Nothing changes when one shape does not fit.

    Example: (block (setq l (torch_linear 2 3)) (torch_load_state_dict l (torch_state_dict l))) => State dict loaded successfully
    Errors: `Error: First argument must be a PyTorch module`, `Error: Second argument must be a state dict`,
    `Error loading state dict: ` with both shapes
    Source: torch API 9.2
    """  # noqa: E501
    modules = modules_of(model, "Error: First argument must be a PyTorch module")
    state = as_state(state_dict, NO_STATE)
    try:
        plan = _planned(modules, state)
        with uninterrupted(), loaded_by_themselves([plan]):
            _refuse(plan, modules, bool(strict))
            read = plan.source.read
            placed = {name: tensors[0] for name, tensors in plan.placed.items()}
            refuse_conflicts(placed, lambda a, b: torch.equal(read(a), read(b)), read, "the state dict")
            with torch.no_grad():
                for name, (tensor,) in plan.pairs.items():
                    _copy(plan.source.read(name).reshape(tensor.shape), tensor)
            for finish in plan.targets.afterwards:
                finish()
    except Misfit as error:
        raise LispeError(f"{LOADING}it {error}") from error
    except BadFile as error:
        raise LispeError(f"{LOADING}{error}") from error
    return "State dict loaded successfully" if plan.report.is_empty else _in_part(plan.report)


def _copy(source: torch.Tensor, target: torch.Tensor) -> None:
    if is_part(target):
        source, target = cut(source, target), here(target)
    target.copy_(source)


def _planned(modules: dict[str, nn.Module], state: StateDict) -> Plan:
    """The plan to load a state dict, under the names that the model has."""
    ours = wrapping(state.tensors, lambda: saved_state(modules))
    names = {ours(name): name for name in state.tensors}
    notes = {ours(path): noted for path, noted in notes_in(state.notes).items()}
    sources = {name: state[theirs] for name, theirs in names.items()}
    others = {ours(name): value for name, value in state.others.items()}
    versions = noted_versions({ours(path): v for path, v in state.notes.get(VERSIONS, {}).items()})
    source = Source(sources, sources.__getitem__, others, versions, "the state dict")
    return planned(modules, stored_targets(modules, sources, notes), source, strict=False)


def _refuse(plan: Plan, modules: dict[str, nn.Module], strict: bool) -> None:
    """A shape that differs is refused, and in a strict load whatever does not match."""
    report, source = plan.report, plan.source
    if report.mismatched:
        wrong = ", ".join(f"{name} is {sizes}" for name, sizes in report.mismatched.items())
        raise BadFile(f"{wrong}. Nothing was changed")
    there = plan.targets.tensors or saved_state(modules)
    if source.tensors and there and len(report.unexpected) == len(source.tensors) + len(source.others):
        names = f"{some(list(source.tensors))} against {some(list(there))}"
        raise BadFile(f"no name is in both ({names}). Nothing was changed")
    if strict:
        Problems(report.missing, report.unexpected, [], []).refuse("does not fit the model")


def _in_part(report: Report) -> str:
    sides = {"missing": report.missing, "unexpected": report.unexpected}
    told = "; ".join(f"{side}: {some(names)}" for side, names in sides.items() if names)
    return f"State dict loaded in part ({told})"


def as_state(value: Any, text: str) -> StateDict:
    """The value as a state dict: one, something that carries one as its `model`, or a table of tensors."""
    if isinstance(value, StateDict):
        return value
    if isinstance(value, Dictionary) and all(isinstance(each, torch.Tensor) for each in value.values()):
        names = list(value)
        if all(isinstance(name, str) for name in names):
            return StateDict({name: value[name] for name in names})
    inner = getattr(value, "model", None)
    if isinstance(inner, StateDict):
        return inner
    raise arguments.instead(text, value)


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
        others = {
            n: archive.whole(v) for n, v in other_values(archive.tree).items() if test is None or test(n)
        }
        noted = {**archive.summary, VERSIONS: plain_versions(versions_in(archive))}
        return StateDict({name: read[ref] for name, ref in wanted.items()}, noted, others)


@torch_function("torch_save_state_dict", prefix="Error saving state dict: ")
def save_state_dict(state_dict: Any, path: str) -> str:
    """Write a state dict to a file as `torch_save_model` writes a model.

    Example: (torch_save_state_dict (torch_state_dict (torch_linear 1 1)) "s") => State dict saved successfully
    Errors: `Error: First argument must be a state dict`, `Error saving state dict: ` and why
    """  # noqa: E501
    state = as_state(state_dict, "Error: First argument must be a state dict")
    path = arguments.path("torch_save_state_dict", 2, path)
    with writing("Error saving state dict: ", path):
        write_tree(path, {**state.tensors, **state.others}, {"kind": "model", **state.notes})
    return "State dict saved successfully"
