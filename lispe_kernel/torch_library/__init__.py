"""The torch library of LispE: tensors, modules, attention, tokenizers, training, files.

Importing this package costs nothing: `load()` imports torch and the family modules, each of which
registers its functions in the language's registry and its kinds of values with the printer. It never
evaluates LispE and never draws anything.
"""

from __future__ import annotations

import threading

from lispe_kernel.language.discovery import import_all
from lispe_kernel.torch_library.support.collector import at_rest

# How the names of its functions begin, what `(use ...)` may call it.
BEGINNINGS = ("torch_", "tensor_", "tiktoken_")
USE_NAMES = frozenset({"lispe_torch", "liblispe_torch", "lispe_tiktoken", "liblispe_tiktoken"})

_lock = threading.Lock()
_loaded = False


def load() -> None:
    """Import every family, so that all torch functions are registered. Idempotent and thread-safe."""
    global _loaded  # noqa: PLW0603 - the registry belongs to the process, and so does what is in it
    if _loaded:
        return
    with _lock:
        if not _loaded:
            with at_rest():
                import_all(__name__)
            _loaded = True
