"""Large tensors of plain floats in the memory of the processor: what is made of their pieces, by two threads.

numpy works in the thread that calls it and lets the other one go on; PyTorch would wake threads of its own
for every piece of this length, and with shorter ones two threads wait for each other longer than they work.
The results of the pieces come in their order: the number of threads changes none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

_LEAST = 1 << 20  # values of a tensor for which a second thread pays
_PIECE = 1 << 17  # values of a piece, which stay in the cache of one processor
_THREADS = 2  # more of them would wait for each other
T = TypeVar("T")


def array(values: Any) -> Any:
    """The values as a numpy array on the same memory, or None for what is small, or no such tensor."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    fits = (
        type(values) in (torch.Tensor, torch.nn.Parameter)
        and values.numel() >= _LEAST
        and values.dtype in (torch.float32, torch.float64)
        and values.device.type == "cpu"
        and values.layout is torch.strided
        and not values.is_neg()
    )
    return values.detach().numpy() if fits else None


def pieces(values: Any) -> list[Any]:
    """The pieces of a large tensor in the order of its memory; none of one that leaves gaps there."""
    order = sorted(range(values.dim()), key=lambda axis: -values.stride(axis))
    found = array(values)
    if found is None or not values.permute(order).is_contiguous():
        return []
    flat = found.transpose(order).reshape(-1)
    return [flat[start : start + _PIECE] for start in range(0, flat.size, _PIECE)]


def through(given: Sequence[Any], work: Callable[[Any, Any], T]) -> Iterator[T]:
    """What `work` makes of each of the pieces, in their order; it gets memory for two results with it."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    def run(share: Sequence[Any]) -> list[T]:
        # Fresh memory for every result costs as much as the arithmetic.
        room = np.empty((2, *share[0].shape), share[0].dtype)
        return [work(piece, room[:, : len(piece)]) for piece in share]

    threads = min(_THREADS, torch.get_num_threads(), len(given))
    if threads < 2:
        return iter(run(given) if given else [])
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only large tensors need it

    middle = (len(given) + 1) // 2
    with ThreadPoolExecutor(threads) as pool:
        return chain.from_iterable(pool.map(run, (given[:middle], given[middle:])))
