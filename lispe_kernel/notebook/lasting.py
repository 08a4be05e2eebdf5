"""The outputs of a cell that another run has, too: what is there or not by the clock is left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def lasting(outputs: Iterable[Any]) -> list[Any]:
    """The outputs without the passing ones, such as the progress of a save that took a second."""
    from lispe_kernel.display.page.publish import PASSING  # noqa: PLC0415 - every pytest loads the plugin

    return [output for output in outputs if PASSING not in output.get("metadata", ())]
