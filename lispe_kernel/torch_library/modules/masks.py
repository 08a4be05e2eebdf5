"""Attention masks, which mean the same in every function: 1 (or true) keeps, 0 leaves out.

A mask has a number for each key, [B,S], or for each query and key: [L,S], [B,L,S] or [B,H,L,S]. Where PyTorch
adds masks to the scores, one of other fractions (0 and -infinity, say) is added as there. Fractions that are
all 0 could be either, and are refused everywhere.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from lispe_kernel.torch_library.support.wording import shape


class Sizes(NamedTuple):
    """The sizes of the scores that a mask is for."""

    batch: int
    heads: int
    queries: int
    keys: int


def kept(mask: torch.Tensor) -> torch.Tensor:
    """A mask of ones and zeros as truth values. Errors: ValueError for other numbers, and for fractions that
    are all 0.
    """
    if mask.dtype is torch.bool:
        return mask
    _refuse_either(mask)
    keep = mask == 1
    _demand(
        (keep | (mask == 0)).all(),
        "the mask must hold 1 for what is kept and 0 for what is left out, nothing else",
    )
    return keep


def kept_or_added(mask: torch.Tensor) -> torch.Tensor:
    """A mask of ones and zeros as truth values; one of other fractions as it is. Errors: as `kept`."""
    if mask.is_floating_point() and not bool(((mask == 1) | (mask == 0)).all()):
        return mask
    return kept(mask)


def _refuse_either(mask: torch.Tensor) -> None:
    """Fractions that are all 0 leave everything out, or add nothing to the scores."""
    if mask.is_floating_point() and mask.numel():
        _demand(
            mask.any(),
            "the mask holds zeros alone: it may leave everything out, or add nothing to the scores; give no "
            "mask to keep all, or integers to leave all out",
        )


def _demand(holds: torch.Tensor, text: str) -> None:
    """Errors: ValueError with the text where it does not hold; compiled code asks whenever it runs."""
    if torch.compiler.is_compiling():
        torch._assert_async(holds, text)
    elif not bool(holds):
        raise ValueError(text)


def for_scores(mask: torch.Tensor, sizes: Sizes) -> torch.Tensor:
    """The mask with four dimensions that fit [batch, heads, queries, keys].

    Errors: ValueError with the shapes that fit.
    """
    batch, _, queries, keys = sizes
    given = tuple(mask.shape)
    if given in ((keys,), (batch, keys)):
        return mask.reshape(-1, 1, 1, keys)
    if given == (queries, keys):
        return mask.reshape(1, 1, queries, keys)
    if given in ((batch, queries, keys), (1, queries, keys)):
        return mask.unsqueeze(1)
    fits = len(given) == 4 and all(size in (1, wanted) for size, wanted in zip(given, sizes, strict=True))
    if fits:
        return mask
    others = [shape(sizes[2:]), shape((batch, queries, keys)), shape(sizes)]
    raise ValueError(
        f"the mask must be {shape((batch, keys))}, one number for each key, not {shape(given)}; or it has "
        f"one for each query and key: {', '.join(others)}"
    )


def causal(queries: int, keys: int, device: torch.device) -> torch.Tensor:
    """Each position attends to itself and to those before it."""
    if queries != keys:
        raise ValueError(f"causal attention needs as many keys as queries, not {keys} for {queries}")
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril()
