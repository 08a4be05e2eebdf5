"""The dictionary that a model is loaded with: which keys there are, what each may hold. Loads nothing."""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.support.rules import (
    COUNT,
    POSITIVE,
    SHARE,
    TRUTH,
    Rule,
    checked,
    number_within,
)
from lispe_kernel.torch_library.tensors.devices import device_of


def _dtype(value: Any) -> str | None:
    return value if value in DTYPES else None


DTYPES = ("auto", "float32", "float16", "bfloat16", "float64")

# How tokens are chosen; for a model and for a single call.
SAMPLING: dict[str, Rule] = {
    "temperature": POSITIVE,
    "top_k": COUNT,
    "top_p": SHARE,
    "min_p": Rule(number_within(0, 1), "a number from 0 to 1"),
    "typical_p": SHARE,
    "repetition_penalty": POSITIVE,
}
LOADING: dict[str, Rule] = {
    "device": Rule(lambda value: value if isinstance(value, str) else None, "the name of a device"),
    "dtype": Rule(_dtype, f"one of {', '.join(DTYPES)}"),
    "manual_attention": TRUTH,
    "rope_scaling": Rule(number_within(1), "a number from 1 on"),
    "max_seq_len": COUNT,
    "max_cache_len": COUNT,
    "use_kv_cache": TRUTH,
    **SAMPLING,
}
# Another value of one of these needs the folder to be read again.
OF_THE_NETWORK = ("device", "dtype", "manual_attention", "rope_scaling")


def load_settings(given: Any, prefix: str) -> dict[str, Any]:
    """The settings that a model is loaded with, those that were given. Errors: an unknown device, too."""
    found = checked(given, LOADING, prefix, "the settings of a model")
    device_of(found.get("device", "cpu"))
    if found.get("max_cache_len") and not found.get("use_kv_cache", True):
        raise LispeError(f"{prefix}max_cache_len changes nothing where use_kv_cache is nil; give one of them")
    return found
