"""Sequences of ids made equally long, and the mask that says which of them are real.

Padding and truncation happen on the right. A mask holds 1 for a real token and 0 for padding.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import kind_of


@torch_function("torch_pad_sequences", "torch_pad_sequence", prefix="Error padding sequences: ")
def pad_sequences(sequences: Any, max_length: Any, pad_token: Any = 0) -> torch.Tensor:
    """The id tensors of a list, each cut or filled with `pad_token` on the right: int64 [count, max_length].

    Example: (tensor_to_list (torch_pad_sequence (list (tensor_create '(2 4 3))) 5)) => ((2 4 3 0 0))
    Errors: `Error: First argument must be a list of sequences`, `Error: All sequences must be tensors`,
    `Error padding sequences: ...` for an empty list
    Source: torch API 12
    """
    found = arguments.tensors(
        sequences,
        "Error: First argument must be a list of sequences",
        "Error: All sequences must be tensors",
    )
    length = arguments.size("torch_pad_sequences", 2, max_length)
    fill = 0 if pad_token is None else arguments.integer(pad_token, "Error: pad_token must be an integer")
    if not found:
        raise LispeError("Error padding sequences: the list of sequences is empty")
    padded = torch.full((len(found), length), fill, dtype=torch.int64, device=found[0].device)
    for row, sequence in zip(padded, found, strict=True):
        ids = sequence.detach().flatten()[:length]
        row[: len(ids)] = _ids(ids)
    return padded


def _ids(values: torch.Tensor) -> torch.Tensor:
    """Whole numbers of any type. Errors: others, whose fractions PyTorch would cut off in silence."""
    if values.is_complex() or (values.is_floating_point() and not (values == values.trunc()).all()):
        raise ValueError(f"a sequence must be of whole numbers, not {kind_of(values)} with fractions")
    return values


@torch_function(
    "torch_attention_mask", "torch_create_attention_mask", prefix="Error creating attention mask: "
)
def attention_mask(sequences: Any, pad_token: Any = 0) -> torch.Tensor:
    """A float32 tensor of the same shape: 1 where the id is a real token, 0 where it is `pad_token`.

    Example: (tensor_to_list (torch_create_attention_mask (tensor_create '(2 4 3 0 0)))) => (1 1 1 0 0)
    Errors: `Error: First argument must be a tensor of sequences`
    Source: torch API 12
    """
    ids = arguments.tensor(sequences, "Error: First argument must be a tensor of sequences")
    fill = 0 if pad_token is None else arguments.integer(pad_token, "Error: pad_token must be an integer")
    return (ids != fill).float()
