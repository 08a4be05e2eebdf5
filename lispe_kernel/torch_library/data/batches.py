"""`torch_batches`: a set in batches, through PyTorch's DataLoader, in an order that can be gone on with.

The order comes from a generator of the batches' own, so that nothing else that draws random numbers changes
it. Its state at the beginning of the pass and the number of batches that were handed out are the position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, Sampler, SequentialSampler

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, wrong_argument
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.data.datasets import dataset
from lispe_kernel.torch_library.data.samples import Samples
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

NAME = "torch_batches"
_FACTS = ("samples", "size", "shuffle", "drop_last")


class _Fetched(torch.utils.data.Dataset[Any]):
    """What PyTorch's loader asks for several samples at once."""

    def __init__(self, samples: Samples, collate: Callable[[Any], Any] | None) -> None:
        self.samples, self.collate = samples, collate

    def __len__(self) -> int:
        return len(self.samples)

    def __getitems__(self, places: list[int]) -> Any:
        if self.collate is None:
            return self.samples.batch(places)
        return self.collate(List(self.samples[place] for place in places))


class _Order(Sampler[list[int]]):
    """Which samples make up each batch, from the place on at which a pass is gone on with."""

    def __init__(self, batches: BatchSampler) -> None:
        self.batches, self.skipped = batches, 0

    def __iter__(self) -> Iterator[list[int]]:
        return islice(iter(self.batches), self.skipped, None)

    def __len__(self) -> int:
        return len(self.batches)


class Batches:
    """Batches of a set. Each loop over them is a pass, in a new order when they are shuffled."""

    def __init__(
        self, samples: Samples, size: int, shuffle: bool, seed: int, drop_last: bool, collate: Any
    ) -> None:
        self.samples, self.size, self.shuffle = samples, size, shuffle
        self.drop_last, self.collate = drop_last, collate
        self.generator = torch.Generator()
        self.generator.manual_seed(seed)
        self.begun, self.given, self.resumed = self.generator.get_state(), 0, False
        places: Any = (
            RandomSampler(samples, generator=self.generator) if shuffle else SequentialSampler(samples)
        )
        self.order = _Order(BatchSampler(places, size, drop_last))
        self.loader: Any = DataLoader(
            _Fetched(samples, collate),
            batch_sampler=self.order,
            collate_fn=_as_it_is,
            generator=self.generator,
        )

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Any]:
        if self.resumed:
            self.generator.set_state(self.begun)
            self.order.skipped, self.resumed = self.given, False
        else:
            self.begun, self.given, self.order.skipped = self.generator.get_state(), 0, 0
        try:
            for batch in self.loader:
                self.given += 1
                yield batch
        finally:
            # The pass is over, at its end or because the loop was left.
            self.begun, self.given = self.generator.get_state(), 0

    # -- the position ----------------------------------------------------------------------------

    def position(self) -> dict[str, Any]:
        """Where the batches are, as plain values and a tensor."""
        return {
            "generator": self.begun.clone(),
            "given": self.given,
            "samples": len(self.samples),
            "size": self.size,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
        }

    def restorer(self, state: Any) -> Callable[[], None]:
        """A function that goes on from a position; it will not be refused.

        Errors: BadFile for a position of other batches.
        """
        if not isinstance(state, dict) or not {*_FACTS, "generator", "given"} <= state.keys():
            raise BadFile("its position in the batches is malformed")
        now = self.position()
        for fact in _FACTS:
            if state[fact] != now[fact]:
                said = f"{fact} {_shown(state[fact])}, these have {_shown(now[fact])}"
                raise BadFile(f"its batches are others: they had {said}")
        given, generator = state["given"], state["generator"]
        if type(given) is not int or not 0 <= given <= len(self):
            raise BadFile("its position in the batches is malformed")
        try:
            torch.Generator().set_state(generator)
        except (RuntimeError, TypeError) as error:
            raise BadFile("its position in the batches is malformed") from error

        def restore() -> None:
            self.begun, self.given, self.resumed = generator.clone(), given, True

        return restore


def batches_argument(value: Any, text: str) -> Batches:
    """The value, which must be batches; otherwise the error `text`."""
    if isinstance(value, Batches):
        return value
    raise arguments.instead(text, value)


def _as_it_is(batch: Any) -> Any:
    return batch


def _shown(value: Any) -> Any:
    return {True: "true", False: "nil"}[value] if isinstance(value, bool) else value


def _text(batches: Batches) -> str:
    order = "shuffled" if batches.shuffle else "in order"
    return f"PyTorch Batches ({len(batches)} of {batches.size}, {order})"


register_kind(Batches, "torch_batches_", lambda batches, _show: _text(batches))
register_answers(Batches, Answers(size=len, iterate=iter, copy=lambda batches: batches))


@torch_function("torch_batches")
def batches(
    data: Any,
    size: Any,
    shuffle: Any = None,
    seed: Any = None,
    drop_last: Any = None,
    collate: Any = None,
) -> Batches:
    """A set in batches, one after the other: `(loop batch (torch_batches data 32 (? shuffle true)) ...)`.

    The data is what `torch_dataset` takes. Each loop is a pass over all of it; shuffled, each has a new order,
    which the seed decides (without one, `torch_manual_seed`): that of PyTorch's DataLoader with a generator of this
    seed. Parts of samples are put together: numbers and tensors to a tensor (integers int64, others float32), texts
    to a list; `collate` is a function of the list of samples instead. `drop_last` leaves out a last batch that is
    not full. `torch_save_checkpoint` keeps the position, `(? batches b)`, and a resumed training goes on with the
    next batch.

    Example: (torch_batches '(1 2 3 4 5) 2) => PyTorch Batches (3 of 2, in order)
    Example: (loop b (torch_batches '(1 2 3 4 5) 2) (print (tensor_to_list b))) => (1 2)(3 4)(5)
    Errors: samples that cannot be put together, by their numbers; a size below 1
    """  # noqa: E501
    samples = data if isinstance(data, Samples) else dataset(data)
    if collate is not None and not callable(collate):
        raise wrong_argument(NAME, 6, "a function", collate)
    if not len(samples):
        raise LispeError(f"Error: {NAME}: there are no samples")
    if seed is None:
        seed = int(torch.empty((), dtype=torch.int64).random_()) if shuffle is not None else 0
    number = arguments.integer(seed, f"Error: {NAME}: seed must be an integer")
    count = arguments.size(NAME, 2, size)
    return Batches(samples, count, shuffle is not None, number, drop_last is not None, collate)
