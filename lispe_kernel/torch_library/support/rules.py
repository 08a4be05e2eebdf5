"""Dictionaries of settings: which keys there are, and what each may hold. Knows no setting by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.support import arguments


class Rule(NamedTuple):
    """What a setting must be: a check that gives the value, or None where it is wrong, and words for it."""

    check: Callable[[Any], Any]
    expected: str


def number_within(least: float, most: float = math.inf, *, open_: bool = False) -> Callable[[Any], Any]:
    """A check for a finite number of a range; `open_` leaves the least out."""

    def check(value: Any) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return float(value) if (least < value if open_ else least <= value) and value <= most else None

    return check


def whole_from(least: int) -> Callable[[Any], Any]:
    """A check for an integer that is not below the least."""

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


TRUTH = Rule(_truth, "true or nil")
COUNT = Rule(whole_from(0), "0 or more")
ONE_OR_MORE = Rule(whole_from(1), "1 or more")
POSITIVE = Rule(number_within(0, open_=True), "a number above 0")
SHARE = Rule(number_within(0, 1, open_=True), "a number above 0, at most 1")


def checked(given: Any, rules: dict[str, Rule], prefix: str, what: str) -> dict[str, Any]:
    """The entries of a dictionary (nil: none), each a known key with a fitting value.

    Errors: with the prefix; an unknown key is told the known ones.
    """
    if given is None:
        return {}
    if not isinstance(given, Dictionary):
        colons = arguments.with_colons(given)
        raise LispeError(f"{prefix}{what} must be a dictionary{colons} or nil, not {describe(given)}")
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
        return "trust_remote_code: code in a model's folder is never run; leave it out"
    return f"{what} have no {key if isinstance(key, str) else describe(key)}; there are {', '.join(known)}"
