"""Sets of samples: of a list, of tensors side by side, of anything with a function on each sample.

A set is one of PyTorch's: whatever takes a `torch.utils.data.Dataset` takes it. Samples are LispE values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import Dataset

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.python.border import to_lispe
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.positions import position
from lispe_kernel.torch_library.data.together import together


class Samples(Dataset[Any], ABC):
    """A set of samples: how many there are, and each by its number."""

    origin = ""

    @abstractmethod
    def __len__(self) -> int:
        """How many samples there are."""

    @abstractmethod
    def __getitem__(self, place: int) -> Any:
        """The sample of a number."""

    def batch(self, places: list[int]) -> Any:
        """Several samples as one batch. Errors: samples that do not go together."""
        return together([self[place] for place in places], places)


class Listed(Samples):
    """The elements of a list as they were when the set was made, beside those of a second list."""

    def __init__(self, items: list[Any], targets: list[Any] | None = None) -> None:
        self.items, self.targets = items, targets

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, place: int) -> Any:
        item = self.items[place]
        return item if self.targets is None else List((item, self.targets[place]))


class Stacked(Samples):
    """The entries of a tensor along its first axis, beside those of others of the same length."""

    def __init__(self, tensors: list[torch.Tensor], origin: str = "") -> None:
        self.tensors, self.origin = tensors, origin

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, place: int) -> Any:
        found = [tensor[place] for tensor in self.tensors]
        return found[0] if len(found) == 1 else List(found)

    def batch(self, places: list[int]) -> Any:
        index = torch.tensor(places)
        found = [tensor[index.to(tensor.device)] for tensor in self.tensors]
        return found[0] if len(found) == 1 else List(found)


class Foreign(Samples):
    """A set of somebody's Python code."""

    def __init__(self, base: Any) -> None:
        self.base = base

    def __len__(self) -> int:
        return len(self.base)

    def __getitem__(self, place: int) -> Any:
        found = self.base[place]
        # The parts of a sample are written as a tuple in Python.
        return List(map(to_lispe, found)) if type(found) is tuple else to_lispe(found)


class Mapped(Samples):
    """The samples of another set, each through a function when it is asked for."""

    def __init__(self, base: Samples, function: Callable[[Any], Any]) -> None:
        self.base, self.function = base, function

    def __len__(self) -> int:
        return len(self.base)

    def __getitem__(self, place: int) -> Any:
        return self.function(self.base[place])


def _element(samples: Samples, key: Any) -> Any:
    return samples[position(key, len(samples)) % len(samples)]


def _each(samples: Samples) -> Iterator[Any]:
    return (samples[place] for place in range(len(samples)))


def _text(samples: Samples) -> str:
    origin = f" of {samples.origin}" if samples.origin else ""
    return f"PyTorch Dataset ({len(samples)} samples{origin})"


register_kind(Samples, "torch_dataset_", lambda samples, _show: _text(samples))
register_answers(Samples, Answers(element=_element, size=len, iterate=_each, copy=lambda samples: samples))


def side_by_side(first: Any, second: Any) -> None:
    """Errors: two lists or tensors of different lengths."""
    if len(first) != len(second):
        raise LispeError(
            f"Error: torch_dataset: there are {len(first)} samples and {len(second)} targets; each has one"
        )
