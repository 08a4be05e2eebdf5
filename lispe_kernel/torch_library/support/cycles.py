"""Modules that contain themselves: nothing that goes through the parts of one comes to an end."""

from __future__ import annotations

from torch import nn

from lispe_kernel.language.errors import LispeError


def refuse_cycle(module: nn.Module) -> None:
    """A module that contains itself has no end, and no state dict. Errors: LispeError naming the place."""
    open_, done = set(), set()

    def walk(part: nn.Module, path: str) -> None:
        open_.add(id(part))
        for name, child in part._modules.items():
            if child is None or id(child) in done:
                continue
            place = f"{path}.{name}" if path else name
            if id(child) in open_:
                raise LispeError(
                    f"Error: the module contains itself: {place} is the part around it or the module; "
                    "take it out of its parts"
                )
            walk(child, place)
        open_.remove(id(part))
        done.add(id(part))

    walk(module, "")
