"""Modules whose tables follow from their settings: computed in float32, never stored.

A table moves with its module to another device and is never rounded to another dtype.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class ComputedTables(nn.Module):
    """A module with tables; a class says in `tables` what they are."""

    def tables(self) -> dict[str, torch.Tensor]:
        """The tables by name, float32 on the CPU; a class without any has none."""
        return {}

    def keep_tables(self) -> None:
        """Compute the tables and keep them as buffers that no file holds."""
        for name, table in self.tables().items():
            self.register_buffer(name, table, persistent=False)

    def _apply(self, change: Any, recurse: bool = True) -> ComputedTables:
        """A change of the device moves the tables; one of the dtype, or new memory, leaves their values."""
        before = {name: self._buffers[name] for name in self._buffers}
        super()._apply(change, recurse)  # type: ignore[no-untyped-call]
        changed = [name for name, table in before.items() if table is not self._buffers[name]]
        places = {name: table.device for name, table in self._buffers.items() if table is not None}
        if changed and not any(place.type == "meta" for place in places.values()):
            fresh = self.tables()
            for name in changed:
                self._buffers[name] = fresh[name].to(places[name])
        return self
