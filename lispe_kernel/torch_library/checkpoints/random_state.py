"""The state of every random generator a training may draw from, as tensors and plain values.

torch (CPU and CUDA), Python, numpy, and the LispE session's own generators (`random`, `shuffle`,
`normal_distribution` ...): captured into a checkpoint, checked, and put back.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.library.numbers.randomness import Dice, dice, replace_dice
from lispe_kernel.torch_library.files.errors import BROKEN, BadFile


def capture() -> dict[str, Any]:
    """The generators' states now."""
    state: Any = np.random.get_state(legacy=True)
    kind, keys, position, has_gauss, cached = state
    found: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if _cuda_runs() else [],
        "python": _plain(random.getstate()),
        "numpy": [
            kind,
            torch.from_numpy(keys.astype(np.int64)),
            int(position),
            int(has_gauss),
            float(cached),
        ],
    }
    own = _session_dice()
    if own is not None:
        python, laws = own.state()
        found["session"] = {"python": _plain(python), "laws": laws}
    return found


def _cuda_runs() -> bool:
    return bool(torch.cuda.is_initialized())


def _session_dice() -> Dice | None:
    """The generators of the session that evaluates; None when Python calls from outside of any."""
    try:
        return dice()
    except LispeError:
        return None


def _plain(state: Any) -> list[Any]:
    """The state of a generator of Python, its 625 words as one tensor."""
    version, words, gauss = state
    return [version, torch.tensor(words, dtype=torch.int64), gauss]


def _of_plain(state: Any) -> tuple[Any, ...]:
    version, words, gauss = state
    return version, tuple(words.tolist()), gauss


def checked(state: Any) -> dict[str, Any]:
    """The state from a file, proved on generators of its own. Errors: BadFile when it is none."""
    try:
        python_state = _of_plain(state["python"])
        random.Random(0).setstate(python_state)
        kind, keys, position, has_gauss, cached = state["numpy"]
        numpy_state = (kind, keys.numpy().astype(np.uint32), position, has_gauss, cached)
        np.random.RandomState(0).set_state(numpy_state)
        torch.Generator().set_state(state["torch"])
        cuda = list(state.get("cuda", []))
        # Files from before the session's generators were kept do not have them.
        own = state.get("session")
        session = None if own is None else Dice.of_state(_of_plain(own["python"]), own["laws"])
    except BROKEN as error:
        raise BadFile("its random state is malformed") from error
    return {
        "torch": state["torch"],
        "python": python_state,
        "numpy": numpy_state,
        "cuda": cuda,
        "session": session,
    }


def restore(state: dict[str, Any]) -> None:
    """Put checked states back. States of CUDA devices that are not here are left out."""
    torch.set_rng_state(state["torch"])
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    if state["session"] is not None and _session_dice() is not None:
        replace_dice(state["session"])
    if torch.cuda.is_available():
        for device, generator in list(enumerate(state["cuda"]))[: torch.cuda.device_count()]:
            torch.cuda.set_rng_state(generator, device)
