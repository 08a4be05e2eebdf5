"""The states of the random generators that belong to Python, numpy and the session."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from lispe_kernel.language.keeping import Broken, Into, Out, State, register_state
from lispe_kernel.language.library.numbers.randomness import Dice, dice, replace_dice
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed import Integers


def _of_python(state: Any) -> List:
    version, words, gauss = state
    return List([version, Integers(list(words)), gauss])


def _to_python(state: Any) -> Any:
    version, words, gauss = state
    return version, tuple(words.tolist()), gauss


def _check_python(state: Any, _into: Into) -> Any:
    found = _to_python(state)
    random.Random(0).setstate(found)
    return found


register_state(
    State("python", lambda: True, lambda _out: _of_python(random.getstate()), _check_python, random.setstate)
)


def _numpys(_out: Out) -> List:
    state: Any = np.random.get_state(legacy=True)
    kind, keys, position, has_gauss, cached = state
    return List([kind, Integers(keys.tolist()), int(position), int(has_gauss), float(cached)])


def _check_numpys(state: Any, _into: Into) -> Any:
    kind, keys, position, has_gauss, cached = state
    found = (kind, keys.array.astype(np.uint32), position, has_gauss, cached)
    np.random.RandomState(0).set_state(found)
    return found


register_state(
    State("numpy", lambda: "numpy.random" in sys.modules, _numpys, _check_numpys, np.random.set_state)
)


def _sessions(_out: Out) -> List:
    python, laws = dice().state()
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


register_state(State("session", lambda: True, _sessions, _check_sessions, replace_dice))
