"""The memory of a running generation: transformers' cache of a model, how far it came, attention to look at.

A context without a cache starts anew with every call. A limited one forgets the oldest positions without
shifting the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind

BROKEN = (
    "Error: the cache was interrupted in the middle of a call; (torch_hf_reset_kv_cache cache) empties it, "
    "then give the whole prompt again"
)


class Context:
    """One run of a model: what it remembers, and the attention weights of its last recorded call."""

    def __init__(self, caching: bool, limit: int = 0) -> None:
        self.caching, self.limit = caching, limit
        self.reset()
        self.limit = limit

    def reset(self) -> None:
        """Forget everything, the limit too."""
        self.limit = self.position = 0
        self.batch: int | None = None
        # What the model made of the calls so far, in a form of its own.
        self.cache: Any = None
        self.scores: list[Any] = []
        self._broken = False

    @property
    def held(self) -> int:
        """How many positions are remembered."""
        return min(self.position, self.limit) if self.limit > 0 else self.position

    def check(self, batch: int) -> None:
        """A call of so many sequences may go on here."""
        if self._broken:
            raise LispeError(BROKEN)
        if self.batch is not None and self.batch != batch:
            raise ValueError(
                f"the cache holds a batch of {self.batch}, the ids are a batch of {batch}; reset it"
            )

    def advance(self, length: int, batch: int, cache: Any) -> None:
        """A call is complete: later positions count on from here."""
        if self.caching:
            self.position += length
            self.batch, self.cache = batch, cache

    @contextmanager
    def whole(self) -> Iterator[None]:
        """A call that is broken off takes back what it put into some of the layers, or the cache is
        spoilt."""
        try:
            yield
        except BaseException:
            if self.caching and self.cache is not None and not _taken_back(self.cache, self.position):
                self._broken = True
            raise


def _taken_back(cache: Any, length: int) -> bool:
    """Whether the layers hold so many positions again; only the plain kind keeps all that it had."""
    layers = getattr(cache, "layers", [None])
    if any(type(layer).__name__ != "DynamicLayer" for layer in layers):
        return False
    for layer in layers:
        if layer.is_initialized:
            layer.keys, layer.values = layer.keys[..., :length, :], layer.values[..., :length, :]
    return True


def limited_cache(model: nn.Module, limit: int) -> Any:
    """An empty cache of transformers that remembers the last positions only.

    Errors: for a model whose layers do not all remember plain keys and values.
    """
    from transformers import cache_utils  # noqa: PLC0415 - a second of import that only models of folders need

    cache = cache_utils.DynamicCache(config=model.config.get_text_config(decoder=True))  # type: ignore[union-attr, operator]
    if any(type(layer) is not cache_utils.DynamicLayer for layer in cache.layers):
        raise LispeError(
            f"Error: max_cache_len: the layers of {type(model).__name__} do not all remember plain keys and "
            "values; leave the limit out"
        )
    # It counts the position that is computed now, besides those that are remembered.
    cache.layers = [cache_utils.DynamicSlidingWindowLayer(sliding_window=limit + 1) for _ in cache.layers]
    return cache


register_kind(
    Context,
    "context_inference_",
    lambda c, _show: f"KV Cache ({c.held} positions)" if c.caching else "KV Cache (disabled)",
)
