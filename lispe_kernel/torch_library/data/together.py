"""Samples put together to a batch, part by part: numbers and tensors become one tensor, texts stay a list.

A sample that is a list or a dictionary has parts. The part of a sample may be a number, an answer, a text, a
tensor, a typed list or a list of numbers, or again a dictionary. What does not go together is an error that
names the sample.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.support.tracked import TensorNumber
from lispe_kernel.torch_library.support.wording import kind_of
from lispe_kernel.torch_library.tensors import conversions

_WAY_OUT = "; give a function of the samples that makes the batch: (? collate f)"


def together(samples: list[Any], places: list[int]) -> Any:
    """One batch of samples, which have these numbers in their set."""
    first = samples[0]
    if isinstance(first, dict):
        return _tables(samples, places)
    if type(first) is not List:
        return _part(samples, places)
    for sample, place in zip(samples, places, strict=True):
        if type(sample) is not List or len(sample) != len(first):
            raise _apart(sample, place, f"a list of {len(first)} parts")
    return List(_part(list(column), places) for column in zip(*samples, strict=True))


def _tables(samples: list[Any], places: list[int]) -> Dictionary:
    names = list(samples[0])
    for sample, place in zip(samples, places, strict=True):
        if not isinstance(sample, dict) or set(sample) != set(names):
            raise _apart(sample, place, f"a dictionary with the keys {', '.join(map(str, names))}")
    made = Dictionary()
    for name in names:
        made[name] = _part([sample[name] for sample in samples], places)
    return made


def _part(values: list[Any], places: list[int]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return _tables(values, places)
    if isinstance(first, str):
        for value, place in zip(values, places, strict=True):
            if not isinstance(value, str):
                raise _apart(value, place, "a text")
        return List(values)
    if first is None or first is TRUE:
        for value, place in zip(values, places, strict=True):
            if not (value is None or value is TRUE):
                raise _apart(value, place, "true or nil")
        return torch.tensor([value is TRUE for value in values])
    if isinstance(first, int | float) and not isinstance(first, TensorNumber):
        return _numbers(values, places)
    return _tensors(values, places)


def _numbers(values: list[Any], places: list[int]) -> torch.Tensor:
    """Integers as int64, others as float32, as in lists."""
    for value, place in zip(values, places, strict=True):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _apart(value, place, "a number")
    return conversions.as_tensor(List(map(_plain, values)))


def _plain(value: Any) -> int | float:
    return int(value) if isinstance(value, int) else float(value)


def _tensors(values: list[Any], places: list[int]) -> torch.Tensor:
    found: list[torch.Tensor] = []
    for value, place in zip(values, places, strict=True):
        if not isinstance(value, torch.Tensor | TensorNumber | list | TypedList):
            raise _apart(value, place, "a tensor or a list of numbers" if found else "")
        try:
            found.append(conversions.as_tensor(value))
        except LispeError:
            raise _apart(value, place, "a tensor or a list of numbers") from None
    for tensor, place in zip(found, places, strict=True):
        if tensor.shape != found[0].shape:
            raise LispeError(
                f"Error: a batch needs tensors of one shape: sample {places[0]} has {kind_of(found[0])}, "
                f"sample {place} {kind_of(tensor)}{_WAY_OUT}"
            )
    kinds = {tensor.dtype for tensor in found}
    if len(kinds) > 1:
        # A list of numbers that all happen to be whole beside one with fractions.
        wide = max(found, key=lambda tensor: tensor.is_floating_point()).dtype
        found = [tensor.to(wide) for tensor in found]
    return torch.stack(found)


def _apart(value: Any, place: int, expected: str) -> LispeError:
    other = f" where the others have {expected}" if expected else ", which cannot be part of a batch"
    return LispeError(f"Error: sample {place} has {describe(value)}{other}{_WAY_OUT}")
