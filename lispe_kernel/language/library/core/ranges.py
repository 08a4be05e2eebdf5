"""Ranges of indices, `(: 1 3)`, for what is indexed along several axes: tensors, arrays of numpy.

A range is Python's slice, so Python's objects take it as it is. What it means along an axis is theirs to say.
"""

from __future__ import annotations

from types import EllipsisType
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import describe, register_kind, show

_ALL = slice(None)


@function(":")
def range_of(from_: Any = None, to: Any = None, step: Any = None) -> Any:
    """Indices from `from` to `to` (excluded): `(@ t (:) (: 1 3) nil)` is `t[:, 1:3, None]` of Python.

    `(:)` is a whole axis, `(: 2)` from 2 on, `(: nil 2)` up to 2, `(: 0 9 2)` each second one; `(::)` stands
    for as many whole axes as are left. With them `@` and `set@` index tensors as PyTorch does: nil is a new
    axis, a tensor or list of integers picks places, a tensor of answers is a mask.

    Example: (list (: 1 3) (:) (::)) => ((: 1 3) (:) (::))
    Errors: what is neither an integer nor nil
    """
    if from_ is range_of and to is None and step is None:
        return ...
    parts = [_place(part) for part in (from_, to, step)]
    return _ALL if parts == [None, None, None] else slice(*parts)


def _place(value: Any) -> int | None:
    if value is None or type(value) is int:
        return value
    if isinstance(value, (int, float)) and value // 1 == value:
        return int(value)
    if hasattr(value, "__index__") and not isinstance(value, bool):
        try:
            return int(value.__index__())
        except TypeError:
            pass
    raise LispeError(f"Error: (: from to step): a place is an integer or nil, not {describe(value)}")


def is_range(key: Any) -> bool:
    """Whether a key stands for places along an axis, so that further keys belong to further axes."""
    return key is range_of or type(key) is slice or key is ...


def no_range() -> LispeError:
    """The error for a colon between keys, which is no range: `1:3` is three keys."""
    return LispeError("Error: a range is written (: 1 3), a whole axis (:); 1:3 would be three keys")


def _text(value: slice) -> str:
    parts = [value.start, value.stop, value.step]
    while parts and parts[-1] is None:
        parts.pop()
    return "(" + " ".join([":", *map(show, parts)]) + ")"


register_kind(slice, "slice_", lambda value, _show: _text(value))
register_kind(EllipsisType, "slice_", lambda _value, _show: "(::)")
