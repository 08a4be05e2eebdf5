"""The states of the random generators that belong to Python, numpy and the session."""

from __future__ import annotations

import ctypes
import random
import struct
import sys
from functools import lru_cache
from typing import Any

import numpy as np

from lispe_kernel.language.keeping import Broken, Into, State, register_state
from lispe_kernel.language.library.numbers.randomness import Dice, dice, last_draw, replace_dice
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import Integers


def _of_python(state: Any) -> List:
    version, words, gauss = state
    return List([version, Integers(words), gauss])


def _to_python(state: Any) -> Any:
    version, words, gauss = state
    return version, tuple(words.tolist()), gauss


def _check_python(state: Any, _into: Into) -> Any:
    found = _to_python(state)
    random.Random(0).setstate(found)
    return found


# The generator behind Python's functions, and whether its memory is known: where it stands, then its words.
_PYTHONS: Any = getattr(random.getstate, "__self__", None)
_PLACE, _LAYOUT = object.__basicsize__, struct.Struct("=i624I")
_is_known: list[bool] = []


def _glance_at_python() -> Any:
    """The memory of Python's generator. Reading its state as numbers takes ten times as long."""
    if not _is_known:
        _, (*words, place), _ = random.getstate()
        fits = type(_PYTHONS).__basicsize__ >= _PLACE + _LAYOUT.size
        _is_known.append(fits and _memory_of_python() == _LAYOUT.pack(place, *words))
    return (_memory_of_python(), _PYTHONS.gauss_next) if _is_known[0] else None


def _memory_of_python() -> bytes:
    return ctypes.string_at(id(_PYTHONS) + _PLACE, _LAYOUT.size)


register_state(
    State(
        "python",
        lambda: True,
        random.getstate,
        _of_python,
        _check_python,
        random.setstate,
        _glance_at_python,
    )
)


def _numpys() -> Any:
    state: Any = np.random.get_state(legacy=True)
    kind, keys, *rest = state
    return kind, keys.tobytes(), *rest


def _of_numpy(state: Any) -> List:
    kind, keys, position, has_gauss, cached = state
    words = np.frombuffer(keys, np.uint32).tolist()
    return List([kind, Integers(words), int(position), int(has_gauss), float(cached)])


def _check_numpys(state: Any, _into: Into) -> Any:
    kind, keys, position, has_gauss, cached = state
    found = (kind, keys.array.astype(np.uint32), position, has_gauss, cached)
    np.random.RandomState(0).set_state(found)
    return found


# What of numpy's state draws go through, as it was when it was first looked at; None since it was another.
_untouched: list[tuple[Any, bytes] | None] = []
_WORDS = 624 * 4 + 4


@lru_cache(1)
def _address(generator: Any) -> int:
    found: int = generator.ctypes.state_address
    return found


def _glance_at_numpy() -> Any:
    """The memory of numpy's generator. Reading its whole state takes a hundred times as long.

    The state has one number more, which a draw leaves for the next: this tells only while none was made.
    """
    if _untouched == [None]:
        return None
    numpys: Any = np.random
    generator = numpys.get_bit_generator()
    if type(generator) is not numpys.MT19937:
        _untouched[:] = [None]
        return None
    now = generator, ctypes.string_at(_address(generator), _WORDS)
    if not _untouched:
        _untouched.append(now)
    elif _untouched != [now]:
        _untouched[:] = [None]
    return _untouched[0]


register_state(
    State(
        "numpy",
        lambda: "numpy.random" in sys.modules,
        _numpys,
        _of_numpy,
        _check_numpys,
        np.random.set_state,
        _glance_at_numpy,
    )
)


def _of_session(found: Any) -> List:
    python, laws = found
    state = laws["state"]
    return List(
        [
            _of_python(python),
            laws["bit_generator"],
            state["state"],
            state["inc"],
            laws["has_uint32"],
            laws["uinteger"],
        ]
    )


def _check_sessions(state: Any, _into: Into) -> Dice:
    python, kind, place, step, has, left = state
    if not all(type(number) is int for number in (place, step, has, left)):
        raise Broken("holds a random state that is none")
    laws = {
        "bit_generator": kind,
        "state": {"state": place, "inc": step},
        "has_uint32": has,
        "uinteger": left,
    }
    return Dice.of_state(_to_python(python), laws)


register_state(
    State(
        "session",
        lambda: True,
        lambda: dice().state(),
        _of_session,
        _check_sessions,
        replace_dice,
        last_draw,
    )
)
