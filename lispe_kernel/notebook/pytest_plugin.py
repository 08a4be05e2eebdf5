"""What pytest and nbval need for LispE notebooks; it does nothing where nbval collects nothing.

`--lispe-numeric-tolerance 1e-4` makes nbval accept numbers within that relative difference, everything else
exactly. In notebooks of the kernel `lispe` an output that is updated or cleared counts in its last state,
which is what the notebook stores; the running numbers of cells in errors do not count; a failure shows the
lines that differ.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from lispe_kernel.notebook.lasting import lasting
from lispe_kernel.notebook.outputs import aligned, differences
from lispe_kernel.notebook.run import kernel_of
from lispe_kernel.notebook.settled import Settled
from lispe_kernel.notebook.tags import in_comments

_OPTION = "lispe_numeric_tolerance"
# nbval's names for what cells wish.
_OPTIONS = {"skipped": "skip", "compared": "check", "may_fail": "check_exception"}


def pytest_addoption(parser: Any) -> None:
    """Declare `--lispe-numeric-tolerance`."""
    parser.getgroup("lispe").addoption(
        "--lispe-numeric-tolerance",
        dest=_OPTION,
        type=_tolerance,
        default=0.0,
        metavar="RELATIVE",
        help="the relative difference that numbers in notebooks' outputs may have under --nbval (none)",
    )


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"a relative tolerance is at least 0 and below 1, not {text}")
    return value


def pytest_itemcollected(item: Any) -> None:
    """Give nbval's cells the comparison of this package."""
    if not all(hasattr(item, name) for name in ("cell", "compare_outputs", "sanitize")):
        return
    tolerance = item.config.getoption(_OPTION)
    ours = kernel_of(item.parent.nb) == "lispe"
    if ours:
        _obey_comments(item)
    if ours or tolerance:
        item.compare_outputs = _comparison(item, item.compare_outputs, tolerance)


def _obey_comments(item: Any) -> None:
    """What LispE's comments say; nbval reads Python's."""
    for wish, holds in in_comments(item.cell.source).items():
        item.options[_OPTIONS[wish]] = holds


def pytest_runtest_call(item: Any) -> None:
    """Let nbval read the settled messages of a kernel of ours, once it runs."""
    parent = item.parent
    kernel = getattr(parent, "kernel", None)
    if not (hasattr(parent, "nb") and hasattr(kernel, "get_message")) or kernel_of(parent.nb) != "lispe":
        return
    running: Any = kernel
    if not isinstance(running.get_message, Settled):
        running.get_message = Settled(running.get_message, lambda: bool(parent.timed_out))


def _comparison(item: Any, compare: Callable[..., bool], tolerance: float) -> Callable[..., bool]:
    """nbval's comparison, after the numbers that agree have been written alike."""

    def compare_outputs(test: list[Any], ref: list[Any], skip_compare: Any = None) -> bool:
        test, ref = lasting(test), lasting(ref)
        agreed = compare(_aligned(test, ref, tolerance), ref, skip_compare)
        if not agreed:
            item.comparison_traceback += _told(test, ref, tolerance)
        return bool(agreed)

    return compare_outputs


def _aligned(new: list[Any], stored: list[Any], tolerance: float) -> list[Any]:
    """The new outputs, each part aligned with its counterpart where there is one."""
    if len(new) != len(stored):
        return new
    return [
        _aligned_output(a, b, tolerance) if a["output_type"] == b["output_type"] else a
        for a, b in zip(new, stored, strict=True)
    ]


def _aligned_output(new: Any, stored: Any, tolerance: float) -> Any:
    made = type(new)(new)
    if "data" in new and "data" in stored:
        made["data"] = {
            kind: aligned(kind, text, stored["data"][kind], tolerance)
            if isinstance(text, str) and isinstance(stored["data"].get(kind), str)
            else text
            for kind, text in new["data"].items()
        }
    for key in ("text", "evalue"):
        if isinstance(new.get(key), str) and isinstance(stored.get(key), str):
            made[key] = aligned(key, new[key], stored[key], tolerance)
    return made


def _told(new: list[Any], stored: list[Any], tolerance: float) -> list[str]:
    """The lines that differ, for people; nbval shows them under its own report."""
    found = differences(stored, new, tolerance)
    if not found:
        return []
    lines = [line for difference in found for line in difference.lines()]
    return ["\n\nIn lines (- stored, + now):\n\n", *(f"{line}\n" for line in lines)]
