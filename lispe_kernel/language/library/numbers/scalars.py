"""Making small numbers: `float` (32 bits) and `int16_t`."""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.values.numerals import scalar, whole
from lispe_kernel.language.values.scalars import Short, Single


@function("float", keyword=True)
def float_(e: Any) -> Single:
    """The value as a 32-bit float; text is read.

    Example: (float 2.5) => 2.5
    Example: (type (* 2 (float 2.5))) => float_
    """
    return Single(scalar(e, "float"))


@function("int16_t", "short", keyword=True)
def short(e: Any) -> Short:
    """The value as a 16-bit integer; numbers are truncated toward zero, text is read.

    Example: (int16_t 3.7) => 3
    Example: (type (int16_t 3)) => short_
    Errors: for an integer that 16 bits do not hold.
    """
    return Short(whole(e, "int16_t"))
