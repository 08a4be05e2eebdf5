"""Saving models to files and loading them back, whole or in part, one module or a table of modules.

The guide's `torch_save_model` and `torch_load_model`. A save leaves the old file or the new one; a load
changes every tensor it should or none.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.distributed.group import together
from lispe_kernel.torch_library.distributed.parts import whole_tensors
from lispe_kernel.torch_library.files.archive import Archive
from lispe_kernel.torch_library.files.atomic import refused
from lispe_kernel.torch_library.files.checksums import SCHEME
from lispe_kernel.torch_library.files.errors import reading, writing
from lispe_kernel.torch_library.files.formats import opened, write_trees
from lispe_kernel.torch_library.files.shards import is_folder
from lispe_kernel.torch_library.state import comparison
from lispe_kernel.torch_library.state.adapters import (
    as_in_file,
    as_in_model,
    notes_in,
    stored_state,
    stored_targets,
)
from lispe_kernel.torch_library.state.comparison import Pairs
from lispe_kernel.torch_library.state.loading import Plan, Report, Source, loaded_by_themselves, planned
from lispe_kernel.torch_library.state.modules import is_table, modules_of
from lispe_kernel.torch_library.state.parts import check_part, chosen, inside, prefix_outside, targets_of
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.progress import progress
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted

NO_MODULE = "Error: First argument must be a PyTorch module"
SAVING = "Error saving model: "
LOADING = "Error loading model: "


@torch_function("torch_save_model", prefix=SAVING)
def save_model(model: nn.Module, path: str, part: Any = None) -> str:
    """Write a module's parameters and buffers to a file that any PyTorch reads.

    A path ending in `.safetensors` writes that format. A table of modules becomes one file, the keys in
    front of the names; with a `*` in the path (`"part_*.pt"`) or a path ending in `/` (a folder, made if need
    be), one file per entry. `part` (a prefix or a list of names) saves only these tensors. The write is
    atomic, of several files too. Of several ranks (`torch_distributed`), all of which call it, rank 0 writes.

    Example: (torch_save_model (torch_linear 4 2) "layer.pt") => Model saved successfully
    Errors: `Error: First argument must be a PyTorch module`, `Error saving model: cannot write PATH: why`
    Source: guide, Save Models; torch API 9.1
    """
    modules = modules_of(model, NO_MODULE)
    path = arguments.path("torch_save_model", 2, path)
    check_part("torch_save_model", 3, part)
    with writing(SAVING, path):
        files = _files(SAVING, path, modules, is_table(model))
        contents = {file: _content(inside, part) for file, inside in files.items()}
    together("torch_save_model", lambda: _write(path, contents), on=0)
    return "Model saved successfully"


def _write(path: str, contents: dict[str, tuple[dict[str, Any], dict[str, Any]]]) -> None:
    with writing(SAVING, path):
        if path.endswith("/"):
            with refused(path):
                os.makedirs(path, exist_ok=True)
        write_trees(contents)


def _content(modules: dict[str, nn.Module], part: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tensors and extra states of a file, and what it notes besides."""
    state = stored_state(modules)
    tensors = whole_tensors("torch_save_model", state.tensors)
    return inside(part, {**tensors, **state.others}), {"kind": "model", **state.notes}


Files = dict[str, dict[str, nn.Module]]


def _files(prefix: str, path: str, modules: dict[str, nn.Module], table: bool) -> Files:
    """The files to write or read, each with its modules: one for all, or one per entry of a table."""
    if is_folder(path):
        # What ranks wrote is read like a file.
        return {path: modules}
    folder, name = os.path.split(path)
    if not table and not name:
        raise LispeError(f"{prefix}{path} is a folder; a single module needs the name of a file")
    if not table or (name and "*" not in name and not os.path.isdir(path)):
        return {path: modules}
    pattern = os.path.join(folder, name) if "*" in name else os.path.join(path, "*.pt")
    strange = [key for key in modules if os.path.basename(key) != key or key in ("", ".", "..")]
    if strange:
        text = f"the key {strange[0]} cannot be part of a file name; save the table as one file"
        raise LispeError(prefix + text)
    return {pattern.replace("*", key): {"": module} for key, module in modules.items()}


@torch_function("torch_load_model", prefix=LOADING)
def load_model(path: str, model: Any, part: Any = None, strict: Any = TRUE) -> str | Dictionary:
    """Fill a module with the tensors of a file: `.pt`, safetensors or TorchScript, told by its bytes.

    Every name, shape, dtype and checksum is compared before the first tensor changes; modules with hooks, extra
    states or lazy layers then load by their own method, and are as before when something does not fit. `part`
    (a prefix or a list of names) loads a part of the file into the same part of the model, or a prefix into a
    model that is that part; only its bytes are read. With `(? strict nil)` what fits is loaded, floating-point
    dtypes converted, and the answer is a dictionary of what did not: `missing`, `unexpected` (names),
    `mismatched` (names with both shapes or dtypes). Path and model may come in either order.

    Example: (block (setq l (torch_linear 4 2)) (torch_save_model l "l.pt") (torch_load_model "l.pt" l)) => Model loaded successfully
    Example: (block (setq l (torch_linear 4 2)) (torch_save_model l "l.pt") (@ (torch_load_model "l.pt" (torch_model 4 2 2) (? strict nil)) "unexpected")) => ("weight" "bias")
    Errors: `Error loading model: PATH: ` and what is wrong, missing, unexpected or mismatched (both shapes)
    Source: guide, Load Models; torch API 9.1
    """  # noqa: E501
    if isinstance(model, str) and not isinstance(path, str):
        path, model = model, path
    path = arguments.path("torch_load_model", 1, path)
    modules = modules_of(model, "Error: Second argument must be a PyTorch module")
    check_part("torch_load_model", 3, part)
    report = Report()
    with ExitStack() as open_files:
        works = []
        for file, inner in _files(LOADING, path, modules, is_table(model)).items():
            archive = open_files.enter_context(opened(LOADING, file))
            works.append(_Work(archive, *_planned(archive, inner, part, bool(strict))))
        cost = sum(work.archive.cost(work.used) for work in works)
        with progress(f"loading {os.path.basename(path)}", cost) as advance:
            for work in works:
                with reading(LOADING, work.archive.path):
                    work.archive.verify(work.used, advance)
                    refuse_conflicts(*work)
            with uninterrupted(), ExitStack() as undoing:
                for work in works:
                    undoing.enter_context(reading(LOADING, work.archive.path))
                    undoing.enter_context(loaded_by_themselves([work.plan]))
                for work in works:
                    with reading(LOADING, work.archive.path):
                        work.archive.read_into(work.copied, advance)
                    for finish in work.plan.targets.afterwards:
                        finish()
                    report.add(work.plan.report)
    return "Model loaded successfully" if strict else report.table()


class _Work(NamedTuple):
    """A file, the plan to load it, and the archive's names of the tensors by the plan's."""

    archive: Archive
    plan: Plan
    refs: dict[str, str]

    @property
    def used(self) -> list[str]:
        return [self.refs[name] for name in self.plan.names]

    @property
    def copied(self) -> Pairs:
        return {self.refs[name]: tensors for name, tensors in self.plan.pairs.items()}


def _planned(
    archive: Archive, modules: dict[str, nn.Module], part: Any, strict: bool
) -> tuple[Plan, dict[str, str]]:
    """The plan of a file or of a part of it, and the archive's names by those of the plan."""
    named = as_in_model(archive, modules) if part is None else as_in_file(archive)
    refs = named.tensors
    sources = inside(part, {name: archive.entries[ref] for name, ref in refs.items()})
    archive.check_plain(refs[name] for name in sources)
    targets = stored_targets(modules, sources, named.notes)
    prefix = prefix_outside(part, targets.tensors)
    if prefix:
        below = {name.removeprefix(f"{prefix}."): source for name, source in sources.items()}
        targets = stored_targets(modules, below, notes_in(archive.summary, prefix))
    test = chosen(part, refs)
    others = {name: archive.whole(v) for name, v in named.others.items() if test is None or test(name)}
    source = Source(sources, lambda name: archive.read(refs[name]), others, named.versions)
    wanted = None if part is None else targets_of(part, targets.tensors, prefix)
    plan = planned(modules, targets, source, wanted=wanted, prefix=prefix, strict=strict)
    return plan, refs


def refuse_conflicts(archive: Archive, plan: Plan, refs: dict[str, str]) -> None:
    """What the model has once is once in the file too. Errors: BadFile."""
    placed = {refs[name]: tensors[0] for name, tensors in plan.placed.items()}
    comparison.refuse_conflicts(placed, partial(_equal, archive), archive.read, "the file")


def _equal(archive: Archive, *names: str) -> bool:
    one, other = (archive.entries[name] for name in names)
    # Other schemes than today's give the same checksum to tensors that differ.
    if archive.scheme == SCHEME and one.digest is not None and one.span and other.digest is not None:
        return one.digest == other.digest
    return torch.equal(*(archive.read(name) for name in names))
