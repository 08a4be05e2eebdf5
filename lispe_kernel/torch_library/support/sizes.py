"""Sizes as people read them: three digits and a decimal unit, said in one way on the screen and in reports.

Knows neither torch nor any screen, so that every floor above may import it.
"""

from __future__ import annotations

_PREFIXES = ("", "K", "M", "G", "T", "P")


def amount(size: float) -> str:
    """A number of bytes in a sentence: `512 bytes`, `67.1 MB`, `28 GB`."""
    digits, prefix = _scaled(size)
    return f"{digits} {prefix}B" if prefix else f"{digits} bytes"


def short_amount(size: float) -> str:
    """A number of bytes in a table: `512 B`, `4.2 MB`."""
    digits, prefix = _scaled(size)
    return f"{digits} {prefix}B"


def short_number(number: float) -> str:
    """A large number in a table: `512`, `4.2 M`."""
    return " ".join(_scaled(number)).strip()


def _scaled(number: float) -> tuple[str, str]:
    """Three significant digits and the prefix of the unit: `("7.08", "M")`.

    What rounds to a thousand of one unit is one of the next: 999,500 is `("1", "M")`. Beyond the last prefix
    all digits before the point are shown.
    """
    rest = number
    for power, prefix in enumerate(_PREFIXES):
        rest = number / 1000**power
        digits = format(rest, ".3g")
        if abs(float(digits)) < 1000:
            return digits, prefix
    return format(rest, ".0f"), _PREFIXES[-1]
