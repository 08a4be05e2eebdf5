"""Indexes on a GPU, asked about before they are used.

In main memory PyTorch looks itself and raises an error. On a GPU an index outside of its table stops the GPU
for the whole process: every tensor there is lost with it. Asking costs a wait for the GPU.
"""

from __future__ import annotations

import torch


def refuse_ids(ids: torch.Tensor, table: torch.Tensor) -> None:
    """Errors: IndexError for an id that is none of a table's rows."""
    rows = len(table)
    _refuse(table, ids, rows, f"id {{}} is outside the table of {rows} embeddings")


def refuse_classes(classes: torch.Tensor, logits: torch.Tensor, ignored: int) -> None:
    """Errors: IndexError for a class [N] that logits [N,C], or [C], do not have. `ignored` is none."""
    _refuse(logits, classes, logits.shape[min(1, logits.dim() - 1)], "Target {} is out of bounds", 0, ignored)


def refuse_places(places: torch.Tensor, tensor: torch.Tensor, axis: int, lowest: int = 0) -> None:
    """Errors: IndexError for a place that an axis does not have; negative ones count from `lowest` on."""
    count = tensor.shape[axis]
    _refuse(
        tensor, places, count, f"index {{}} is out of bounds for dimension {axis} with size {count}", lowest
    )


def _refuse(
    table: torch.Tensor,
    indexes: torch.Tensor,
    count: int,
    text: str,
    lowest: int = 0,
    ignored: int | None = None,
) -> None:
    if table.device.type in ("cpu", "meta") or indexes.is_meta or indexes.is_floating_point():
        return
    outside = (indexes < lowest) | (indexes >= count)
    if ignored is not None:
        outside &= indexes != ignored
    if bool(outside.any()):
        raise IndexError(text.format(int(indexes[outside][0])))
