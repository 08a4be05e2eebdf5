"""Calls of torch functions by their LispE names, as compiled code makes them."""

from typing import Any

import pytest
import torch

import lispe_kernel.language.library
import lispe_kernel.torch_library
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import registry
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import Floats, Integers

# As a session does: the operators and texts of the list classes come with the library.
lispe_kernel.language.library.load()
lispe_kernel.torch_library.load()


def call(name: str, *arguments: Any) -> Any:
    """The value of the registered function `name`."""
    entry = registry.get(name)
    assert entry is not None, f"{name} is not registered"
    return entry.call(*arguments)


def error_of(name: str, *arguments: Any) -> str:
    """The text of the LispE error that the call raises."""
    with pytest.raises(LispeError) as caught:
        call(name, *arguments)
    return caught.value.text


def integers(*values: int) -> Integers:
    return Integers(values)


def floats(*values: float) -> Floats:
    return Floats(values)


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values)


def listed(*values: Any) -> List:
    return List(values)
