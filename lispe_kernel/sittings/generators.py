"""The states of the random generators that belong to Python, numpy and the session."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from lispe_kernel.language.keeping import Broken, Into, State, register_state
from lispe_kernel.language.library.numbers.randomness import Dice, dice, replace_dice
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed import Integers


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


register_state(State("python", lambda: True, random.getstate, _of_python, _check_python, random.setstate))


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


register_state(
    State(
        "numpy", lambda: "numpy.random" in sys.modules, _numpys, _of_numpy, _check_numpys, np.random.set_state
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
    State("session", lambda: True, lambda: dice().state(), _of_session, _check_sessions, replace_dice)
)
