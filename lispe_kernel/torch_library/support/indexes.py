"""Indexes on a GPU, asked about before they are used.

In main memory PyTorch looks itself and raises an error. On a GPU an index outside of its table stops the GPU
for the whole process: every tensor there is lost with it. Asking costs a wait for the GPU.
"""

from __future__ import annotations

import torch


def refuse_outside(
    indexes: torch.Tensor, count: int, text: str, lowest: int = 0, ignored: int | None = None
) -> None:
    """Errors: IndexError of the text, with the first of the indexes that is not `lowest` to `count` - 1.

    In main memory nothing is asked.
    """
    if indexes.device.type == "cpu" or indexes.is_meta or indexes.is_floating_point():
        return
    outside = (indexes < lowest) | (indexes >= count)
    if ignored is not None:
        outside &= indexes != ignored
    if bool(outside.any()):
        raise IndexError(text.format(int(indexes[outside][0])))
