"""The memory of a running generation: keys and values of the positions seen, attention weights to look at.

Keys carry their absolute positions, so that a limited cache forgets the oldest ones without shifting the
others. The buffers grow by doubling.
"""

from __future__ import annotations

from typing import Any

import torch


class LayerCache:
    """Keys and values of one layer, [B,H,n,d], with room to grow."""

    def __init__(self) -> None:
        self.keys: torch.Tensor | None = None
        self.values: torch.Tensor | None = None
        self.positions: torch.Tensor | None = None
        self.length = 0

    def append(self, keys: torch.Tensor, values: torch.Tensor, positions: torch.Tensor) -> None:
        total = self.length + keys.shape[2]
        if self.keys is None or total > self.keys.shape[2]:
            self._grow(keys, values, positions, max(16, total, 2 * self.length))
        assert self.keys is not None
        assert self.values is not None
        assert self.positions is not None
        self.keys[:, :, self.length : total] = keys
        self.values[:, :, self.length : total] = values
        self.positions[self.length : total] = positions
        self.length = total

    def _grow(self, keys: torch.Tensor, values: torch.Tensor, positions: torch.Tensor, room: int) -> None:
        def larger(old: torch.Tensor | None, like: torch.Tensor, axis: int) -> torch.Tensor:
            shape = list(like.shape)
            shape[axis] = room
            made = like.new_empty(shape)
            if old is not None:
                made.narrow(axis, 0, self.length).copy_(old.narrow(axis, 0, self.length))
            return made

        self.keys, self.values = larger(self.keys, keys, 2), larger(self.values, values, 2)
        self.positions = larger(self.positions, positions, 0)

    def held(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        assert self.keys is not None
        assert self.values is not None
        assert self.positions is not None
        n = self.length
        return self.keys[:, :, :n], self.values[:, :, :n], self.positions[:n]

    def keep_last(self, count: int) -> None:
        """Forget all but the newest `count` positions."""
        if self.length <= count:
            return
        start = self.length - count
        for buffer, axis in ((self.keys, 2), (self.values, 2), (self.positions, 0)):
            assert buffer is not None
            buffer.narrow(axis, 0, count).copy_(buffer.narrow(axis, start, count).clone())
        self.length = count


class Context:
    """One run of a model: with a cache it continues where it stopped, without one every call starts anew."""

    def __init__(self, caching: bool, limit: int = 0) -> None:
        self.caching, self.limit = caching, limit
        # Positions seen since the start, and how many of them are remembered.
        self.position = self.held = 0
        self.batch: int | None = None
        self.layers: dict[int, LayerCache] = {}
        self.scores: list[Any] = []

    def check_batch(self, batch: int) -> None:
        if self.batch is not None and self.batch != batch:
            raise ValueError(
                f"the cache holds a batch of {self.batch}, the ids are a batch of {batch}; reset it"
            )

    def extend(
        self, layer: int, keys: torch.Tensor, values: torch.Tensor, positions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """All keys, values and positions that the new queries of a layer may look at."""
        if not self.caching:
            return keys, values, positions
        cache = self.layers.setdefault(layer, LayerCache())
        # A call that broke off left some layers ahead of the others.
        cache.length = min(cache.length, self.held)
        cache.append(keys.detach(), values.detach(), positions)
        return cache.held()

    def advance(self, length: int, batch: int) -> None:
        """The call is complete: later positions count on from here."""
        if not self.caching:
            return
        self.position += length
        self.batch = batch
        self.held += length
        if self.limit > 0:
            self.held = min(self.held, self.limit)
            for cache in self.layers.values():
                cache.keep_last(self.limit)

    def reset(self) -> None:
        """Forget everything, the limit too."""
        self.limit = self.position = self.held = 0
        self.batch = None
        self.layers.clear()
        self.scores = []
