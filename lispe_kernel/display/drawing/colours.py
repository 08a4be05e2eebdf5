"""Colour scales safe for colour-blind readers, as tables of palette entries.

Two scales: diverging (blue, near white, orange: zero is the middle) and sequential (dark blue to pale
yellow, even in lightness). Both get an extra last entry, a loud magenta for NaN and infinities; of a mask,
where -Inf is meant, it is a quiet grey.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

Rgb = tuple[int, int, int]

NOT_A_NUMBER: Rgb = (255, 0, 200)
MASKED: Rgb = (150, 150, 150)
_LEVELS = 96
# The entry of a pixel without colour, behind those of a palette.
CLEAR = _LEVELS + 1


@dataclass(frozen=True)
class Scale:
    """A colour scale: its stops from low to high, evenly spaced, and the colour of what is not finite."""

    name: str
    stops: tuple[Rgb, ...]
    strange: Rgb = NOT_A_NUMBER

    @property
    def gradient(self) -> str:
        """The scale as a CSS background."""
        return "linear-gradient(90deg," + ",".join(map(css, self.stops)) + ")"

    def colour(self, position: float) -> Rgb:
        """The colour at `position` between 0 and 1; outside it is the nearest end."""
        x = min(1.0, max(0.0, position)) * (len(self.stops) - 1)
        index = min(int(x), len(self.stops) - 2)
        low, high = self.stops[index], self.stops[index + 1]
        r, g, b = (round(a + (c - a) * (x - index)) for a, c in zip(low, high, strict=True))
        return (r, g, b)


DIVERGING = Scale("diverging", ((18, 66, 130), (80, 147, 205), (245, 245, 242), (232, 145, 66), (138, 56, 4)))
SEQUENTIAL = Scale(
    "sequential", ((9, 20, 72), (47, 76, 116), (104, 118, 122), (174, 160, 104), (253, 236, 122))
)


def masked(scale: Scale) -> Scale:
    """The scale where -Inf is meant."""
    return replace(scale, name=f"masked {scale.name}", strange=MASKED)


@cache
def palette(scale: Scale) -> bytes:
    """The RGB bytes of a PNG palette: the scale's levels, then the colour of what is no number."""
    levels = [scale.colour(i / (_LEVELS - 1)) for i in range(_LEVELS)]
    return b"".join(bytes(entry) for entry in [*levels, scale.strange])


def indices(values: Any, low: float, high: float) -> Any:
    """The palette entry of each value of a numpy array, uint8. What is not finite gets the last one."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    finite = np.isfinite(values)
    # Halves: the difference of two floats may be beyond all of them.
    span = high / 2 - low / 2
    safe = np.clip(np.where(finite, values, low).astype(np.float64), min(low, high), max(low, high))
    position = (safe / 2 - low / 2) / span if span > 0 else np.full(values.shape, 0.5)
    level = np.clip(np.rint(position * (_LEVELS - 1)), 0, _LEVELS - 1)
    return np.where(finite, level, _LEVELS).astype(np.uint8)


def under_text(paint: Rgb) -> str:
    """The style of a cell, which pages that print without grounds keep: its words may be white."""
    return f"background:{css(paint)}!important;color:{text_on(paint)}"


def text_on(background: Rgb) -> str:
    """Black or white, whichever has more contrast with the background (at least 4.5 to 1)."""
    r, g, b = ((channel / 255) ** 2.2 for channel in background)
    return "#000" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 else "#fff"


def css(colour: Rgb) -> str:
    return "#" + bytes(colour).hex()
