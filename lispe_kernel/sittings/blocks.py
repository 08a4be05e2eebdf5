"""Blocks of memory: arrays and tensors that look at the same bytes, as one block that is written once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from lispe_kernel.language.keeping import Part


class _Memory:
    """Bytes at an address, as numpy reads them: read-only."""

    __slots__ = ("__array_interface__",)

    def __init__(self, address: int, size: int) -> None:
        self.__array_interface__ = {
            "version": 3,
            "typestr": "|u1",
            "shape": (size,),
            "data": (address, True),
        }


class Block:
    """Bytes in memory, with all that looks at them."""

    __slots__ = ("address", "device", "parts", "size")

    def __init__(self, address: int, size: int, device: str = "", parts: Iterable[Part] = ()) -> None:
        self.address, self.size, self.device = address, size, device
        self.parts = [*parts]

    @property
    def torch(self) -> bool:
        """Whether it belongs to a tensor of PyTorch's."""
        return self.parts[0].torch or any(part.torch for part in self.parts)

    @property
    def as_a_whole(self) -> tuple[str, list[int]]:
        """Dtype and shape of the one value that is all of it; empty where there is none."""
        for part in self.parts:
            if part.dtype and part.size == self.size:
                return part.dtype, list(part.shape)
        return "", []

    @property
    def reader(self) -> Any:
        """What reads it, where the processor does not."""
        return self.parts[0].reader(self.parts[0].owner)

    def mark(self) -> str:
        """What tells bytes on a device apart without reading them; empty where nothing does."""
        return self.reader.mark() if self.device else ""

    def bytes(self) -> Any:
        """The bytes now, as an array that must not be changed."""
        if self.device:
            return self.reader.cpu().numpy().reshape(-1).view("u1")
        if not self.size:
            return np.empty(0, "u1")
        return np.asarray(_Memory(self.address, self.size))


def joined(parts: Iterable[Part]) -> list[Block]:
    """The blocks in which the parts lie: memory that overlaps is one block. In the order of the parts."""
    parts = list(parts)
    order = sorted(range(len(parts)), key=lambda n: (parts[n].device, parts[n].address, -parts[n].size))
    found: list[tuple[int, Block]] = []
    for number in order:
        part, last = parts[number], found[-1][1] if found else None
        inside = last is not None and part.device == last.device and part.size
        if last is not None and inside and part.address < last.address + last.size:
            last.size = max(last.size, part.address + part.size - last.address)
            last.parts.append(part)
            found[-1] = (min(found[-1][0], number), last)
        else:
            found.append((number, Block(part.address, part.size, part.device, [part])))
    return [block for _, block in sorted(found, key=lambda each: each[0])]
