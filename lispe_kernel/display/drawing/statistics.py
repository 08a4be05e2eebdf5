"""One look at a tensor's values: everything that text, HTML and widgets say about it.

`summarise` goes through the values in pieces that stay in the processor's cache, twice at most (range and
moments, then the histogram; a third time where sums of squares would lose the digits of the deviation), and
brings only a handful of numbers back from the device. It never changes the tensor, never keeps it, and needs
no copy of it. `looks` goes through the values, `side_by_side` through many small tensors at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from lispe_kernel.display.drawing import side_by_side, stored
from lispe_kernel.display.drawing.looks import histogram as histogram_of
from lispe_kernel.display.drawing.looks import look_at
from lispe_kernel.display.page import numbers

_log = logging.getLogger("lispe.display")


@dataclass(frozen=True)
class Statistics:
    """What is known about the values of one tensor. Numbers are None where there are no values."""

    shape: tuple[int, ...]
    names: tuple[str | None, ...]
    dtype: str
    device: str
    bytes: int
    count: int
    is_readable: bool = True  # whether the values can be read and measured at all
    notes: tuple[str, ...] = ()  # layout and state: sparse, quantized, requires_grad, meta ...
    measured: str = "values"  # what the numbers below measure: values, or magnitudes of complex values
    ragged: str = ""  # the text of a shape whose lengths differ, `[2, *, 8]`
    minimum: float | None = None  # whole numbers stay whole, as large as they are
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    norm: float | None = None
    zeros: int = 0
    nans: int = 0
    infinities: int = 0
    below: int = 0  # the infinities that are negative
    # -Inf is meant: where attention does not look, in what is added to its scores or in them.
    is_mask: bool = False
    low: float = 0.0  # the range of the histogram
    high: float = 0.0
    histogram: tuple[int, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there are finite values to speak about."""
        return self.minimum is not None

    @property
    def ends(self) -> tuple[float, float] | None:
        """The smallest and the largest finite value."""
        return None if self.minimum is None or self.maximum is None else (self.minimum, self.maximum)

    @property
    def damage(self) -> tuple[tuple[str, int], ...]:
        """What is no finite number, by name and number; nothing where -Inf is meant."""
        if self.is_mask:
            return ()
        found = (("NaN", self.nans), ("Inf", self.infinities - self.below), ("-Inf", self.below))
        return tuple((what, number) for what, number in found if number)

    @property
    def magnitude(self) -> float:
        """The largest absolute value: the unit in which computed numbers are rounded."""
        return max(abs(self.minimum or 0.0), abs(self.maximum or 0.0))

    @property
    def sizes(self) -> str:
        """The shape as text."""
        return self.ragged or numbers.shape(self.shape, self.names)


def summarise(tensor: Any, histogram: bool = True) -> Statistics:
    """The statistics of any tensor: dense, sparse, quantized, complex, on any device, with or without values.

    The deviation is the unbiased one (n - 1), None below two values. Sparse tensors count their implied
    zeros; expanded ones are measured once and counted as often as they repeat. A tensor whose values
    cannot be read has only its facts, and a note that says why.
    """
    known = _facts(tensor)
    if known["count"] == 0 or not known["is_readable"]:
        return Statistics(**known)
    try:
        found = _measured(tensor, known["count"], histogram)
    except Exception as error:
        # Somebody's own kind of tensor, say: what it does not answer is not known, and said so.
        _log.debug("a %s could not be measured", type(tensor).__name__, exc_info=error)
        note = f"values of {type(tensor).__name__} cannot be measured ({type(error).__name__})"
        return Statistics(**{**known, "notes": (*known["notes"], note), "is_readable": False})
    return _known(tensor, known, found)


def _known(tensor: Any, facts: dict[str, Any], found: dict[str, Any]) -> Statistics:
    """The statistics; a tensor whose only strange values are -Inf is asked whether they are meant."""
    made = Statistics(**facts, **found)
    if not 0 < made.infinities == made.below or made.nans:
        return made
    is_mask = made.zeros == made.count - made.below > 0 or stored.is_causal(tensor)
    return replace(made, is_mask=is_mask)


def summarise_all(tensors: Iterable[Any]) -> list[Statistics]:
    """The statistics of each, as `summarise` makes them; small ones of one kind are measured side by side."""
    given = list(tensors)
    together = side_by_side.measured(given)
    return [
        _known(tensor, _facts(tensor), together[k]) if k in together else summarise(tensor)
        for k, tensor in enumerate(given)
    ]


def unmeasured(tensor: Any) -> Statistics:
    """What a tensor tells without a look at its values."""
    return Statistics(**_facts(tensor))


def _measured(tensor: Any, count: int, histogram: bool) -> dict[str, Any]:
    values, repeats = stored.stored_values(tensor)
    look = look_at(values, repeats, count - values.numel() * repeats)
    found = look.counts()
    if tensor.is_complex():
        found["measured"] = "magnitudes"
    if look.count:
        found |= look.numbers()
        if histogram:
            found |= histogram_of(look)
    return found


def _facts(tensor: Any) -> dict[str, Any]:
    shape, ragged = stored.sizes_of(tensor)
    lazy = stored.is_lazy(tensor)
    layout = "nested" if tensor.is_nested else str(tensor.layout).removeprefix("torch.").removeprefix("_")
    notes = [
        note
        for note, holds in (
            (layout, layout != "strided"),
            ("quantized", tensor.is_quantized),
            (stored.unreadable(tensor), True),
            ("requires_grad", tensor.requires_grad),
            ("has grad", tensor.is_leaf and tensor.grad is not None),
            ("conjugated", tensor.is_complex() and tensor.is_conj()),
        )
        if holds and note
    ]
    return {
        "shape": shape,
        "ragged": ragged,
        "names": () if ragged else tuple(getattr(tensor, "names", ()) or ()),
        "dtype": stored.kind_of(tensor),
        "device": str(tensor.device),
        "bytes": 0 if lazy else sum(p.numel() * p.element_size() for p in stored.parts_of(tensor)),
        "count": 0 if lazy else tensor.numel(),
        "notes": tuple(notes),
        "is_readable": not stored.unreadable(tensor),
    }
