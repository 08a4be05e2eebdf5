"""The torch library of LispE: tensors, modules, attention, tokenizers, training, files.

Importing this package costs nothing: `load()` imports torch and the family modules, each of which
registers its functions in the language's registry and its kinds of values with the printer. It never
evaluates LispE and never draws anything.
"""

from __future__ import annotations

import threading
from importlib import import_module

# One module a family of functions. A name in this table is the only thing a new family needs.
FAMILIES = (
    "tensors",
    "tensor_maths",
    "tensor_reductions",
    "tensor_shapes",
    "tensor_access",
    "modules",
    "positional",
    "attention",
    "flash",
    "tokenizers",
    "sequences",
    "training",
    "schedulers",
    "gradients",
    "generation",
    "quantization",
    "tucker",
    "recomputation",
    "jit",
    "tiktoken",
    "hf_models",
    "hf_generation",
    "hf_lora",
    "hf_tokenizer",
    "devices",
    "state_dicts",
    "state_arithmetic",
    "persistence",
    "checkpoints",
    "checkpoint_folders",
    "lora",
    "lora_files",
    "lora_models",
    "peft_exchange",
    "storage",
)

_lock = threading.Lock()
_loaded = False


def load() -> None:
    """Import every family, so that all torch functions are registered. Idempotent and thread-safe."""
    global _loaded
    if _loaded:
        return
    with _lock:
        if not _loaded:
            for family in FAMILIES:
                import_module(f"{__name__}.{family}")
            _loaded = True
