"""The states of PyTorch's random generators."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import torch

from lispe_kernel.language.keeping import Broken, Into, State, register_state

# The words of a generator of the processor, and the first of them in its state. In its memory they lie near
# the beginning: the counts come right before them, the normal numbers drawn in advance right behind.
_WORDS, _FIRST = 624, 3
_LATEST, _COUNTS, _NORMALS = 112, 20, 28
# Behind what every object of Python's begins with.
_POINTER = object.__basicsize__


def _now() -> list[bytes]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return [state.numpy().tobytes() for state in (torch.get_rng_state(), *cuda)]


def _capture(states: list[bytes]) -> Any:
    return [torch.frombuffer(bytearray(state), dtype=torch.uint8) for state in states]


def _check(states: Any, _into: Into) -> Any:
    if not isinstance(states, list) or not all(isinstance(state, torch.Tensor) for state in states):
        raise Broken("holds a random state that is none")
    torch.Generator().set_state(states[0])
    return states


def _put_back(states: list[torch.Tensor]) -> None:
    torch.set_rng_state(states[0])
    if torch.cuda.is_available():
        for device, state in list(enumerate(states[1:]))[: torch.cuda.device_count()]:
            torch.cuda.set_rng_state(state, device)


# -- whether it stands as it did --------------------------------------------------------------------------


def _glance() -> Any:
    """The memory of the processor's generator. Asking for its state takes twenty times as long in a cell."""
    if torch.cuda.is_initialized() or not _place_of_words():
        return None
    return _memory(torch.default_generator, _place_of_words())


def _memory(generator: torch.Generator, place: int) -> bytes:
    address = _address(generator)
    return ctypes.string_at(address + place - _COUNTS, _COUNTS + 4 * _WORDS + _NORMALS)


def _address(generator: torch.Generator) -> int:
    return ctypes.c_void_p.from_address(id(generator) + _POINTER).value or 0


@cache
def _place_of_words() -> int:
    """Where the words begin in the memory of a generator; 0 where it is not as is known of PyTorch.

    Found out with a generator of its own: it must be another after each draw, and the same after none.
    """
    own = torch.Generator().manual_seed(20)
    state = own.get_state().numpy().view("u8")[_FIRST : _FIRST + _WORDS].astype("u4").tobytes()
    place = ctypes.string_at(_address(own), _LATEST + len(state)).find(state)
    if place < _COUNTS:
        return 0
    last = _memory(own, place)
    for kind in (torch.float32, torch.float64, torch.float32, torch.float32, torch.float64):
        torch.randn(1, generator=own, dtype=kind)
        now = _memory(own, place)
        own.get_state()
        if now == last or now != _memory(own, place):
            return 0
        last = now
    return place


register_state(State("torch", lambda: True, _now, _capture, _check, _put_back, _glance))
