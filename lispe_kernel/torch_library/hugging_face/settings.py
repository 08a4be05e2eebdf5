"""The dictionary that a model is loaded with: which keys there are, what each may hold. Loads nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.tensors.devices import device_of


class Rule(NamedTuple):
    """What a setting must be: a check that gives the value, or None where it is wrong, and words for it."""

    check: Callable[[Any], Any]
    expected: str


def _number(least: float, most: float = math.inf, *, open_: bool = False) -> Callable[[Any], float | None]:
    def check(value: Any) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return float(value) if (least < value if open_ else least <= value) and value <= most else None

    return check


def _whole(least: int) -> Callable[[Any], int | None]:
    def check(value: Any) -> int | None:
        found = arguments.whole(value)
        return found if found is not None and found >= least else None

    return check


def _truth(value: Any) -> bool | None:
    """True or nil as LispE writes them, and 1 or 0."""
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, Atom):
        return True if value.name == "true" else None
    return bool(value) if type(value) is int and value in (0, 1) else None


def _dtype(value: Any) -> str | None:
    return value if value in DTYPES else None


DTYPES = ("auto", "float32", "float16", "bfloat16", "float64")
TRUTH = Rule(_truth, "true or nil")
COUNT = Rule(_whole(0), "0 or more")
POSITIVE = Rule(_number(0, open_=True), "a number above 0")
SHARE = Rule(_number(0, 1, open_=True), "a number above 0, at most 1")

# How tokens are chosen; for a model and for a single call.
SAMPLING: dict[str, Rule] = {
    "temperature": POSITIVE,
    "top_k": COUNT,
    "top_p": SHARE,
    "min_p": Rule(_number(0, 1), "a number from 0 to 1"),
    "typical_p": SHARE,
    "repetition_penalty": POSITIVE,
}
LOADING: dict[str, Rule] = {
    "device": Rule(lambda value: value if isinstance(value, str) else None, "the name of a device"),
    "dtype": Rule(_dtype, f"one of {', '.join(DTYPES)}"),
    "manual_attention": TRUTH,
    "rope_scaling": Rule(_number(1), "a number from 1 on"),
    "max_seq_len": COUNT,
    "max_cache_len": COUNT,
    "use_kv_cache": TRUTH,
    **SAMPLING,
}
# Another value of one of these needs the folder to be read again.
OF_THE_NETWORK = ("device", "dtype", "manual_attention", "rope_scaling")
NO_CODE = "code in a model's folder is never run; leave it out"


def checked(given: Any, rules: dict[str, Rule], prefix: str, what: str) -> dict[str, Any]:
    """The entries of a dictionary (nil: none), each a known key with a fitting value.

    Errors: with the prefix; an unknown key is told the known ones.
    """
    if given is None:
        return {}
    if not isinstance(given, Dictionary):
        raise LispeError(f"{prefix}{what} must be a dictionary or nil, not {describe(given)}")
    unknown = [key for key in given if key not in rules]
    if unknown:
        raise LispeError(f"{prefix}{_unknown(unknown[0], rules, what)}")
    found = {key: rules[key].check(value) for key, value in given.items()}
    for key, value in found.items():
        if value is None:
            raise LispeError(f"{prefix}{key} must be {rules[key].expected}, not {describe(given[key])}")
    return found


def _unknown(key: Any, known: Iterable[str], what: str) -> str:
    if key == "trust_remote_code":
        return f"trust_remote_code: {NO_CODE}"
    return f"{what} have no {key if isinstance(key, str) else describe(key)}; there are {', '.join(known)}"


def load_settings(given: Any, prefix: str) -> dict[str, Any]:
    """The settings that a model is loaded with, those that were given. Errors: an unknown device, too."""
    found = checked(given, LOADING, prefix, "the settings of a model")
    device_of(found.get("device", "cpu"))
    return found
