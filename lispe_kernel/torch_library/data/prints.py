"""Prints of some samples of a set: whether another set of the same number of samples has the same ones.

Few are looked at, so asking is cheap and sets that differ elsewhere look the same. What only a function makes
of a sample is not asked: it may draw random numbers.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import torch
import xxhash

from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.typed.lists import Stored
from lispe_kernel.torch_library.data.samples import Foreign, Mapped, Samples

# So many samples at most, evenly apart, with the first and the last; of each so many numbers, letters, parts.
_SAMPLES, _LONGEST = 16, 4096
_PLAIN = (int, float, bool, type(None))


def places(count: int) -> list[int]:
    """Which of so many samples are looked at."""
    if count <= _SAMPLES:
        return list(range(count))
    return [number * (count - 1) // (_SAMPLES - 1) for number in range(_SAMPLES)]


def prints(samples: Samples) -> list[str] | None:
    """A print of each sample at `places`; None where asking for one may run somebody's code."""
    while isinstance(samples, Mapped):
        samples = samples.base
    if isinstance(samples, Foreign):
        return None
    return [_print(samples[place]) for place in places(len(samples))]


def _print(value: Any) -> str:
    found = xxhash.xxh3_64()
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, torch.Tensor):
            found.update(f"tensor {value.dtype} {tuple(value.shape)}".encode())
            if value.layout is torch.strided and not value.is_quantized:
                some = value.detach().reshape(-1)[:_LONGEST].cpu().contiguous()
                found.update(some.view(torch.uint8).numpy().tobytes())
        elif isinstance(value, Stored):
            found.update(f"{type(value).__name__} {len(value)}".encode())
            found.update(value.array[:_LONGEST].tobytes())
        elif isinstance(value, Atom | str):
            found.update(f"text {str(value)[:_LONGEST]}".encode("utf-8", "surrogatepass"))
        elif isinstance(value, list):
            found.update(f"list {len(value)}".encode())
            pending.extend(islice(value, _LONGEST))
        else:
            told = repr(value) if isinstance(value, _PLAIN) else type(value).__name__
            found.update(told.encode())
    return found.hexdigest()
