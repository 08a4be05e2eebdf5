"""`torch_batches`: a set in batches, through PyTorch's DataLoader, in an order that can be gone on with.

The order comes from a generator of the batches' own, so that nothing else that draws random numbers changes
it. Its state at the beginning of the pass and the number of batches that were handed out are the position.
Where a program runs on several ranks the order is the same on all of them, and each takes its share of every
batch: a position is worth the same on any number of ranks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, Sampler, SequentialSampler

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, wrong_argument
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.data.datasets import dataset
from lispe_kernel.torch_library.data.prints import places, prints
from lispe_kernel.torch_library.data.samples import Samples
from lispe_kernel.torch_library.distributed import group
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


# What a rank takes of the places of a batch.
Share = Callable[[list[int]], list[int]]


def _all_of(places: list[int]) -> list[int]:
    return places


def _part_of(places: list[int]) -> list[int]:
    """This rank's part: as large as the others', or by one sample smaller than the first ones'."""
    least, larger = divmod(len(places), group.size())
    start = group.rank() * least + min(group.rank(), larger)
    return places[start : start + least + (group.rank() < larger)]


class _Order(Sampler[list[int]]):
    """Which samples make up each batch, from the place on at which a pass is gone on with."""

    def __init__(self, batches: BatchSampler, generator: torch.Generator, share: Share) -> None:
        self.batches, self.generator, self.share = batches, generator, share
        # How many batches the next pass leaves out, and what the generator is after them.
        self.skipped = 0
        self.then: torch.Tensor | None = None

    def __iter__(self) -> Iterator[list[int]]:
        return self._from(self.skipped, self.then)

    def _from(self, skipped: int, then: torch.Tensor | None) -> Iterator[list[int]]:
        places = iter(self.batches)
        if skipped:
            for _ in islice(places, skipped):
                pass
            if then is not None:
                # Other loops over the same batches may have drawn their orders in between.
                self.generator.set_state(then)
        # A rank may have no part in a last batch that is smaller than the number of ranks.
        yield from filter(None, map(self.share, places))

    def __len__(self) -> int:
        return len(self.batches)


@dataclass(eq=False)
class _Pass:
    """One way through the batches: the generator before it, and how many batches were handed out."""

    begun: torch.Tensor
    given: int = 0


class Batches:
    """Batches of a set. Each loop over them is a pass, in a new order when they are shuffled."""

    def __init__(
        self,
        samples: Samples,
        size: int,
        shuffle: bool,
        seed: int,
        drop_last: bool,
        collate: Any,
        share: Share = _all_of,
    ) -> None:
        self.samples, self.size, self.shuffle = samples, size, shuffle
        self.drop_last, self.collate = drop_last, collate
        self.generator = torch.Generator()
        self.generator.manual_seed(seed)
        # The pass that handed out the last batch, and the loops around it that still run, outermost first.
        self.place: _Pass | None = None
        self.loops: list[_Pass] = []
        # Prints of some samples, once they were asked for.
        self._prints: list[str] | None = None
        # The place of a checkpoint, with the generator there, until the next pass goes on from it.
        self.resumed: tuple[_Pass, torch.Tensor | None] | None = None
        places: Any = (
            RandomSampler(samples, generator=self.generator) if shuffle else SequentialSampler(samples)
        )
        self.order = _Order(BatchSampler(places, size, drop_last), self.generator, share)
        self.loader: Any = DataLoader(
            _Fetched(samples, collate),
            batch_sampler=self.order,
            collate_fn=_as_it_is,
            generator=self.generator,
        )

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Any]:
        return self.passed()

    def passed(self, loop: _Loop | None = None) -> Iterator[Any]:
        """A pass. Where loops inside it end, the place of a loop of LispE's is that of the batches again.

        (An iterator that Python code keeps may never end, and does not say how its loop was left.)
        """
        own, stays = self._begin(), False
        if loop is not None:
            self.loops.append(own)
        try:
            for batch in self.loader:
                own.given += 1
                self.place = own
                yield batch
        except GeneratorExit:
            stays = loop is None or not loop.left
            # What became of this batch nobody knows: it comes again.
            own.given -= stays
            raise
        except BaseException:
            stays = True
            raise
        finally:
            if loop is not None:
                self.loops.remove(own)
            self.place = self.loops[-1] if self.loops else own if stays else None

    def _begin(self) -> _Pass:
        if self.resumed is None:
            self.order.skipped = 0
            return _Pass(self.generator.get_state())
        own, self.order.then = self.resumed
        self.resumed, self.order.skipped = None, own.given
        self.generator.set_state(own.begun)
        return own

    # -- the position ----------------------------------------------------------------------------

    def position(self, *, running: bool = False) -> dict[str, Any]:
        """Where the batches are, as plain values and a tensor.

        running: of a loop that an error has ended nothing is told, as the next loop here asks nothing of it.
        """
        state = self.generator.get_state()
        place = self.place if self.loops or not running else None
        place, now = self.resumed or (place or _Pass(state), state)
        printed = self._printed()
        return {
            "generator": place.begun.clone(),
            "given": place.given,
            **({} if now is None else {"now": now.clone()}),
            "samples": len(self.samples),
            "size": self.size,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
            **({} if printed is None else {"prints": printed}),
        }

    def _printed(self) -> list[str] | None:
        """Prints of some samples as they were when this was asked first: they may be changed in place."""
        if self._prints is None:
            self._prints = prints(self.samples)
        return self._prints

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
        # Files from before loops inside each other have no generator of the place itself.
        then = state.get("now")
        try:
            for each in (generator, generator if then is None else then):
                torch.Generator().set_state(each)
        except (RuntimeError, TypeError) as error:
            raise BadFile("its position in the batches is malformed") from error
        self._warn_of_other_data(state.get("prints"))

        def restore() -> None:
            self.resumed = _Pass(generator.clone(), given), None if then is None else then.clone()

        return restore

    def _warn_of_other_data(self, said: Any) -> None:
        """Warn where the samples are not those of a position. No error: other machines round otherwise."""
        now = self._printed()
        if not isinstance(said, list) or now is None or len(said) != len(now):
            return
        others = [place for place, a, b in zip(places(len(self.samples)), said, now, strict=True) if a != b]
        if others:
            warnings.warn(
                f"{NAME}: the position is one in other samples (number {others[0]} is not what it was); "
                "the pass goes on with these",
                stacklevel=2,
            )


class _Loop:
    """What `loop` goes through. Compiled code keeps this; the pass only Python's `for` keeps, and ends."""

    def __init__(self, batches: Batches) -> None:
        self.batches, self.left = batches, False

    def __iter__(self) -> Iterator[Any]:
        return self.batches.passed(self)

    def lispe_left(self) -> None:
        """The loop is left by will: its pass is over."""
        self.left = True


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


def _element(_batches: Batches, _key: Any) -> Any:
    way = "(loop b batches ...) goes through them, a place of the data set is one sample"
    raise LispeError(f"Error: @: batches have no places, each pass may have another order: {way}")


register_kind(Batches, "torch_batches_", lambda batches, _show: _text(batches))
register_answers(Batches, Answers(element=_element, size=len, iterate=_Loop, copy=lambda batches: batches))


@torch_function("torch_batches")
def batches(
    data: Any,
    size: Any,
    shuffle: Any = None,
    seed: Any = None,
    drop_last: Any = None,
    collate: Any = None,
    share: Any = "even",
) -> Batches:
    """A set in batches, one after the other: `(loop batch (torch_batches data 32 (? shuffle true)) ...)`.

    The data is what `torch_dataset` takes. Each loop is a pass over all of it; shuffled, each has a new order,
    which the seed decides (without one, `torch_manual_seed`): that of PyTorch's DataLoader with a generator of this
    seed. Parts of samples are put together: numbers and tensors to a tensor (integers int64, others float32), texts
    to a list; `collate` is a function of the list of samples instead. `drop_last` leaves out a last batch that is
    not full. `torch_save_checkpoint` keeps the position, `(? batches b)`, and a resumed training goes on with the
    next batch. After an error or an interrupt in a loop the position is that of its batch, which a resume gives
    again; after `break` it is the beginning of a new pass (a loop of Python's does not say how it was left: there the
    batch comes again). Other data of as many samples are warned of where some of at most 16, looked at in order of
    their places, differ.
    On several ranks (`torch_distributed`) the order is that of rank 0 and each rank gets its share of every batch, so that
    the same program trains alike on any number of ranks. The shares are even, since averaged gradients need that; with
    `(? share "uneven")` they may differ by a sample, as for counting in an evaluation, with "whole" each rank has all.

    Example: (torch_batches '(1 2 3 4 5) 2) => PyTorch Batches (3 of 2, in order)
    Example: (loop b (torch_batches '(1 2 3 4 5) 2) (print (tensor_to_list b))) => (1 2)(3 4)(5)
    Errors: samples that cannot be put together, by their numbers; a size below 1; a seed without `shuffle`; a batch
    that the ranks cannot share evenly; ranks with other numbers of samples
    """  # noqa: E501
    samples = data if isinstance(data, Samples) else dataset(data)
    if collate is not None and not callable(collate):
        raise wrong_argument(NAME, 6, "a function", collate)
    if not len(samples):
        raise LispeError(f"Error: {NAME}: there are no samples")
    mixed, drops = bool(shuffle), bool(drop_last)
    if seed is not None and not mixed:
        raise LispeError(f"Error: {NAME}: a seed changes nothing without shuffle; (? shuffle true) shuffles")
    if seed is None:
        seed = int(torch.empty((), dtype=torch.int64).random_()) if mixed else 0
    number = arguments.integer(seed, f"Error: {NAME}: seed must be an integer")
    count = arguments.size(NAME, 2, size)
    kind = arguments.choice(NAME, 7, share, {"even": "even", "uneven": "uneven", "whole": "whole"})
    if not group.alone():
        number = _in_common(len(samples), count, mixed, drops, number)
        if kind == "even":
            _refuse_uneven(len(samples), count, drops)
    mine = _all_of if kind == "whole" or group.alone() else _part_of
    return Batches(samples, count, mixed, number, drops, collate, mine)


def _in_common(samples: int, size: int, shuffle: bool, drop_last: bool, seed: int) -> int:
    """The seed of rank 0, where all ranks go through as many samples in the same way. Errors: LispeError."""
    how = [f"shuffle {_shown(shuffle)}", f"drop_last {_shown(drop_last)}"]
    found = group.exchange(NAME, [f"{samples} samples in batches of {size}, {', '.join(how)}", seed])
    said = [each[0] for each in found]
    if len(set(said)) > 1:
        raise LispeError(f"Error in {NAME}: the ranks disagree about the data: {group.by_rank(said)}")
    return int(found[0][1])


def _refuse_uneven(samples: int, size: int, drop_last: bool) -> None:
    """Gradients of uneven shares would be averaged as if they were even. Errors: LispeError."""
    ranks = group.size()
    if size % ranks:
        raise LispeError(
            f"Error in {NAME}: {ranks} ranks cannot share batches of {size} evenly; take a multiple of "
            f'{ranks}, or (? share "uneven")'
        )
    rest = samples % size
    if rest % ranks and not drop_last:
        raise LispeError(
            f"Error in {NAME}: {ranks} ranks cannot share the last batch of {rest} evenly; leave it out by "
            '(? drop_last true), or take (? share "uneven")'
        )
