"""The state of every random generator a training may draw from, as tensors and plain values.

torch (CPU and CUDA), Python and numpy: captured into a checkpoint, checked, and put back.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from lispe_kernel.torch_library.file_errors import BROKEN, BadFile


def capture() -> dict[str, Any]:
    """The generators' states now."""
    version, words, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    keys = torch.from_numpy(keys.astype(np.int64))
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        "python": [version, torch.tensor(words, dtype=torch.int64), gauss],
        "numpy": [kind, keys, int(position), int(has_gauss), float(cached)],
    }


def checked(state: Any) -> dict[str, Any]:
    """The state from a file, proved on generators of its own. Errors: BadFile when it is none."""
    try:
        version, words, gauss = state["python"]
        python_state = (version, tuple(words.tolist()), gauss)
        random.Random(0).setstate(python_state)
        kind, keys, position, has_gauss, cached = state["numpy"]
        numpy_state = (kind, keys.numpy().astype(np.uint32), position, has_gauss, cached)
        np.random.RandomState(0).set_state(numpy_state)
        torch.Generator().set_state(state["torch"])
        cuda = list(state.get("cuda", []))
    except BROKEN as error:
        raise BadFile("its random state is malformed") from error
    return {"torch": state["torch"], "python": python_state, "numpy": numpy_state, "cuda": cuda}


def restore(state: dict[str, Any]) -> None:
    """Put checked states back. States of CUDA devices that are not here are left out."""
    torch.set_rng_state(state["torch"])
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    if torch.cuda.is_available():
        for device, generator in list(enumerate(state["cuda"]))[: torch.cuda.device_count()]:
            torch.cuda.set_rng_state(generator, device)
