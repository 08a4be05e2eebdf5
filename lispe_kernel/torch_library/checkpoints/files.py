"""Training checkpoints: model, optimizer, epoch, random state, schedule and metrics in one file.

Saved so that training resumes bit for bit: the optimizer's moments and every random generator are part of
the file. What is compared before a resume changes anything is in `optimizer.py` and `schedule.py`;
listing and thinning out folders of checkpoints is in `folders.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.library.core.containers import at
from lispe_kernel.language.printer import describe, register_kind, wrong_argument
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.torch_library.checkpoints import random_state
from lispe_kernel.torch_library.checkpoints.entries import (
    entry_of,
    other_parts,
    own_entries,
    plain,
    whole_epoch,
)
from lispe_kernel.torch_library.checkpoints.optimizer import (
    MALFORMED,
    Trained,
    optimizer_restorer,
    optimizer_state,
    parameters_by_name,
    trained_names,
)
from lispe_kernel.torch_library.checkpoints.schedule import (
    is_schedule,
    schedule_name,
    schedule_restorer,
    schedule_state,
)
from lispe_kernel.torch_library.data.batches import batches_argument
from lispe_kernel.torch_library.distributed.group import exchange, rank, together
from lispe_kernel.torch_library.distributed.parallel import is_sharded
from lispe_kernel.torch_library.files.archive import Advance, Archive
from lispe_kernel.torch_library.files.errors import BadFile, writing
from lispe_kernel.torch_library.files.formats import opened, write_tree
from lispe_kernel.torch_library.files.shards import is_folder
from lispe_kernel.torch_library.files.shards_writing import write_folder
from lispe_kernel.torch_library.files.trees import put_together
from lispe_kernel.torch_library.state.adapters import (
    as_in_model,
    refuse_other_active,
    stored_state,
    stored_targets,
)
from lispe_kernel.torch_library.state.loading import Source, loaded_by_themselves, planned
from lispe_kernel.torch_library.state.models import refuse_conflicts
from lispe_kernel.torch_library.state.modules import merged_layers, modules_of, saved_state
from lispe_kernel.torch_library.state.names import other_values, state_names, without_lead
from lispe_kernel.torch_library.state.state_dicts import StateDict, element
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.progress import progress
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted
from lispe_kernel.torch_library.training.optimizers import optimizer_argument

SAVING = "Error saving checkpoint: "
LOADING = "Error loading checkpoint: "
RESUMING = "Error resuming checkpoint: "
NO_MODEL = "Error: First argument must be a model"
NO_OPTIMIZER = "Error: Second argument must be an optimizer"


class Checkpoint:
    """A loaded checkpoint: prints as its model's state dict, answers for its parts by name."""

    def __init__(self, parts: dict[str, Any]) -> None:
        self.parts = parts

    @property
    def model(self) -> StateDict:
        return self.parts["model"]  # type: ignore[no-any-return]

    @property
    def epoch(self) -> Any:
        return self.parts.get("epoch")

    @property
    def metrics(self) -> Any:
        return self.parts.get("metrics")


def _part(checkpoint: Checkpoint, keys: tuple[Any, ...]) -> Any:
    """`(@ c "epoch")`, `(@ c "model")`, `(@ c "model" "weight")`, `(@ c "metrics" "loss")`."""
    name, *rest = keys
    if name not in checkpoint.parts:
        if name in checkpoint.model:
            return element(checkpoint.model, keys)
        known = ", ".join(checkpoint.parts)
        raise LispeError(f"Error: a checkpoint has no {name}; it has: {known}, and the tensors of its model")
    value = checkpoint.parts[name]
    return at(value, *rest) if rest else value


register_kind(Checkpoint, "torch_state_dict_", lambda checkpoint, _show: checkpoint.model.text)
register_answers(
    Checkpoint,
    Answers(
        at=_part,
        size=lambda checkpoint: len(checkpoint.model),
        keys=lambda checkpoint: list(checkpoint.parts),
        truth=lambda checkpoint: len(checkpoint.model) > 0,
    ),
)


@torch_function("torch_save_checkpoint", prefix=SAVING)
def save_checkpoint(
    model: Any,
    optimizer: Any,
    epoch: Any,
    path: Any,
    metrics: Any = None,
    scheduler: Any = None,
    extra: Any = None,
    batches: Any = None,
) -> str:
    """Write the training state to one file: model, optimizer with its moments, epoch, random generators.

    `metrics` is a dictionary of numbers (loss ...), `scheduler` a learning-rate schedule; both optional. `batches`
    are those of `torch_batches`, whose position is kept: give them by name, `(? batches b)`. `extra`
    is a dictionary of entries of one's own: state dicts (averaged weights), tensors, numbers, texts, lists and
    tables of them; `(@ (torch_load_checkpoint path) "name")` gives them back.
    The generators are torch's, Python's, numpy's and the session's own (`random`, `shuffle` ...). The write
    is atomic, so that a killed kernel leaves the checkpoint before.
    A path that ends in `/` is a folder, into which all ranks of a program write at once: each a safetensors file
    with its parts, its share of what all have, and its generators. It is read like a file, resumed on any number
    of ranks, and written over in one step. A file is written by rank 0 alone.

    Example: (block (setq m (torch_model 1 1 1)) (torch_save_checkpoint m (torch_optimizer m 0.1 "adam") 0 "c.pt")) => Checkpoint saved successfully
    Errors: `Error: First argument must be a model`, `Error: Second argument must be an optimizer`,
    `Error saving checkpoint: ` and why
    Source: guide, Training Checkpoints; torch API 9.3
    """  # noqa: E501
    name = "torch_save_checkpoint"
    modules = modules_of(model, NO_MODEL)
    optimizer_argument(optimizer, NO_OPTIMIZER)
    epoch = arguments.integer(epoch, f"Error: {name}: the third argument must be an epoch (an integer)")
    path = arguments.path(name, 4, path)
    metrics, scheduler = _by_kind(metrics, scheduler)
    _refuse_merged(modules)
    with writing(SAVING, path):
        state = stored_state(modules)
    tree: dict[str, Any] = {
        "model": {**state.tensors, **state.others},
        "optimizer": optimizer.state_dict(),
        "epoch": epoch,
        "trained": trained_names(optimizer, parameters_by_name(modules)),
    }
    tree |= own_entries(extra, SAVING)
    if batches is not None:
        tree["batches"] = batches_argument(
            batches, f"Error: {name}: batches must be those of torch_batches"
        ).position()
    if scheduler is not None:
        tree["scheduler"] = schedule_state(scheduler)
    if metrics is not None:
        tree["metrics"] = plain(metrics, "metrics", SAVING)
    summary = {
        "kind": "checkpoint",
        "epoch": epoch,
        "metrics": tree.get("metrics", {}),
        "optimizer": type(optimizer).__name__,
        **state.notes,
    }
    if scheduler is not None:
        summary["scheduler"] = schedule_name(scheduler)
    if path.endswith("/") or is_folder(path):
        write_folder(SAVING, path, tree, random_state.capture(), summary)
    else:
        _write_file(path, tree, summary, in_shards=any(map(is_sharded, modules.values())))
    return "Checkpoint saved successfully"


def _write_file(path: str, tree: dict[str, Any], summary: dict[str, Any], *, in_shards: bool) -> None:
    """One file, which rank 0 writes. Errors: LispeError on all ranks."""
    if in_shards:
        raise LispeError(
            f"{SAVING}the ranks have parts of this model: save it into a folder, a path that ends in /"
        )

    def write() -> None:
        with writing(SAVING, path):
            write_tree(path, {**tree, "random": random_state.capture()}, summary)

    together("torch_save_checkpoint", write, on=0)


def _refuse_merged(modules: dict[str, Any]) -> None:
    """A merged layer's file has no adapter any more: training could not go on from it."""
    merged = merged_layers(modules)
    if merged:
        raise LispeError(
            f"{SAVING}the LoRA layer {merged[0]} is merged, training could not resume from it; unmerge it "
            "first with (torch_lora_unmerge_weights model)"
        )


def _by_kind(*values: Any) -> tuple[Any, Any]:
    """The dictionary of metrics and the schedule, in whichever order they were given."""
    metrics = scheduler = None
    for position, value in enumerate(values, 5):
        if isinstance(value, dict):
            metrics = value
        elif is_schedule(value):
            scheduler = value
        elif value is not None:
            expected = "a dictionary of metrics or a learning-rate scheduler"
            raise wrong_argument("torch_save_checkpoint", position, expected, value)
    return metrics, scheduler


@torch_function("torch_load_checkpoint", prefix=LOADING)
def load_checkpoint(path: Any) -> Checkpoint:
    """A checkpoint's content: `(@ c "epoch")`, `(@ c "model")`, `(@ c "optimizer")`, `(@ c "metrics")`.

    `torch_load_state_dict` takes it as it is. Nothing in the file is run.

    Example: (maybe (torch_load_checkpoint "no-such.pt") "missing") => missing
    Errors: `Error loading checkpoint: PATH: ` and what is wrong with the file
    Source: guide, Training Checkpoints; torch API 9.3
    """
    path = arguments.path("torch_load_checkpoint", 1, path)
    with opened(LOADING, path) as archive, _loading(archive) as advance:
        names = state_names(archive.tree)
        tensor = archive.tensors(archive.entries, advance).__getitem__
        beside = {name: put_together(value, tensor) for name, value in other_values(archive.tree).items()}
        model = StateDict({name: tensor(ref) for name, ref in names.items()}, archive.summary, beside)
        parts: dict[str, Any] = {"model": model}
        for key, value in other_parts(archive.tree).items():
            parts[key] = entry_of(put_together(value, tensor))
    epoch = whole_epoch(parts.get("epoch"))
    return Checkpoint(parts if epoch is None else {**parts, "epoch": epoch})


def _loading(archive: Archive) -> Any:
    return progress(f"loading {os.path.basename(archive.path)}", archive.cost(archive.entries))


@torch_function("torch_resume_checkpoint", prefix=RESUMING)
def resume_checkpoint(
    path: Any, model: Any, optimizer: Any, scheduler: Any = None, batches: Any = None
) -> int:
    """Put a checkpoint back into model, optimizer, schedule and random generators; gives its epoch.

    Training goes on bit for bit as if it had not stopped. Everything is compared before anything changes: the
    names and shapes of the model, the kinds of optimizer and schedule, the tensors that the optimizer trains.
    Without a scheduler a schedule in the file is left there; the optimizer has the rate of the checkpoint. The
    next loop over `batches`, `(? batches b)`, goes on with the batch that would have come.

    Example: (maybe (torch_resume_checkpoint "no-such.pt" (setq m (torch_model 1 1 1)) (torch_optimizer m 0.1 "sgd")) 0) => 0
    Errors: `Error resuming checkpoint: PATH: ` and what is wrong, missing, unexpected or mismatched
    """  # noqa: E501
    path = arguments.path("torch_resume_checkpoint", 1, path)
    modules = modules_of(model, "Error: Second argument must be a model")
    optimizer_argument(optimizer, "Error: Third argument must be an optimizer")
    if scheduler is not None and not is_schedule(scheduler):
        raise wrong_argument("torch_resume_checkpoint", 4, "a learning-rate scheduler", scheduler)
    if batches is not None:
        batches_argument(batches, "Error: torch_resume_checkpoint: batches must be those of torch_batches")
    with opened(RESUMING, path) as archive, _loading(archive) as advance:
        named = as_in_model(archive, modules)
        names = without_lead(named.tensors, saved_state(modules))
        sources = {name: archive.entries[ref] for name, ref in names.items()}
        refuse_other_active(modules, sources, named.notes)
        targets = stored_targets(modules, sources, named.notes)
        others = {name: archive.whole(value) for name, value in named.others.items()}
        source = Source(sources, lambda name: archive.read(names[name]), others, named.versions)
        plan = planned(modules, targets, source)
        archive.verify(archive.entries, advance)
        refuse_conflicts(archive, plan, names)
        parts = other_parts(archive.tree)
        epoch = _epoch(archive, parts)
        positions = _position_of(archive, parts, batches)
        generators = _generators(archive, parts)
        # No rank changes anything before all of them found the checkpoint whole.
        exchange("torch_resume_checkpoint", None)
        with uninterrupted(), loaded_by_themselves([plan]):
            # The optimizer last: one that wraps another may change when it is asked whether the state fits.
            schedules = _schedule_of(archive, parts, scheduler)
            restorers = [_optimizer_of(archive, parts, optimizer, modules, advance), *schedules]
            # From here on nothing is refused.
            archive.read_into({names[name]: tensors for name, tensors in plan.pairs.items()}, advance)
            for finish in [*targets.afterwards, *restorers, *positions]:
                finish()
            if generators is not None:
                random_state.restore(generators)
    return epoch


def _position_of(archive: Archive, parts: dict[str, Any], batches: Any) -> list[Callable[[], None]]:
    if batches is None:
        return []
    if "batches" not in parts:
        raise BadFile("it holds no position of batches; leave them out, or save them with (? batches b)")
    return [batches.restorer(archive.whole(parts["batches"]))]


def _generators(archive: Archive, parts: dict[str, Any]) -> dict[str, Any] | None:
    """The random state to put back: of what ranks wrote that of this rank, nothing where there was none."""
    found = parts.get("random")
    match found:
        case {"ranks": list(of_ranks)}:
            found = of_ranks[rank()] if rank() < len(of_ranks) else None
    return None if found is None else random_state.checked(archive.whole(found))


def _epoch(archive: Archive, parts: dict[str, Any]) -> int:
    value = archive.whole(parts.get("epoch"))
    epoch = whole_epoch(value)
    if epoch is not None:
        return epoch
    if value is not None:
        raise BadFile(f"its epoch is {describe(value)}, not a whole number")
    if "optimizer" in parts:
        raise BadFile(f"it has no epoch, only: {', '.join(['model', *map(str, parts)])}")
    raise BadFile("it has no epoch: it is a model's file, not a checkpoint; use torch_load_model")


def _ours(archive: Archive) -> dict[str, Any]:
    """What this kernel noted when it wrote the checkpoint; nothing for a file of another program."""
    return archive.summary if archive.summary.get("kind") == "checkpoint" else {}


def _optimizer_of(
    archive: Archive, parts: dict[str, Any], optimizer: Any, modules: dict[str, Any], advance: Advance
) -> Callable[[], None]:
    several = parts.get("optimizer")
    if isinstance(several, list) and several and all(isinstance(each, dict) for each in several):
        raise BadFile(f"it holds {len(several)} optimizers, of a training with several; resume it with torch")
    if not isinstance(parts.get("optimizer"), dict):
        raise BadFile("it holds no optimizer; use torch_load_state_dict for the model alone")
    noted = _ours(archive)
    trained = _trained(parts.get("trained")) if noted else None
    state = optimizer_state(archive, parts["optimizer"], optimizer, advance)
    return optimizer_restorer(optimizer, state, noted.get("optimizer"), trained, parameters_by_name(modules))


def _trained(names: Any) -> Trained | None:
    """The names of the trained tensors; None in files from before they were kept."""
    if names is None:
        return None
    groups = names if isinstance(names, list) else [names]
    if all(isinstance(group, list) and all(isinstance(n, str | None) for n in group) for group in groups):
        return groups
    raise BadFile(MALFORMED)


def _schedule_of(archive: Archive, parts: dict[str, Any], scheduler: Any) -> list[Callable[[], None]]:
    if scheduler is None:
        return []
    if not isinstance(parts.get("scheduler"), dict):
        raise BadFile("it holds no schedule; it was saved without a scheduler")
    state = archive.whole(parts["scheduler"])
    return [schedule_restorer(scheduler, state, _ours(archive).get("scheduler"))]
