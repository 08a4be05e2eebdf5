"""What pytest and nbval need for LispE notebooks; it does nothing where nbval collects nothing.

`--lispe-numeric-tolerance 1e-4` makes nbval accept numbers within that relative difference, everything else
exactly. In notebooks of the kernel `lispe` an output that is updated or cleared counts in its last state,
which is what the notebook stores; the running numbers of cells in errors do not count; a failure shows the
lines that differ.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable
from typing import Any

from lispe_kernel.notebook.outputs import aligned, differences
from lispe_kernel.notebook.run import kernel_of

_OPTION = "lispe_numeric_tolerance"
_OUTPUTS = ("display_data", "execute_result", "stream", "error")


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
    if ours or tolerance:
        item.compare_outputs = _comparison(item, item.compare_outputs, tolerance)
    if ours and "get_kernel_message" not in vars(item.parent):
        item.parent.get_kernel_message = _Settled(item.parent.get_kernel_message)


def _comparison(item: Any, compare: Callable[..., bool], tolerance: float) -> Callable[..., bool]:
    """nbval's comparison, after the numbers that agree have been written alike."""

    def compare_outputs(test: list[Any], ref: list[Any], skip_compare: Any = None) -> bool:
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


class _Settled:
    """The kernel's messages, a cell's outputs as they stand when it has ended.

    nbval knows neither outputs that are updated nor outputs that are cleared; a notebook stores what is left
    of both. nbval asks for outputs after the cell's reply, so that all of them are there to be read.
    """

    def __init__(self, receive: Callable[..., Any]) -> None:
        self._receive = receive
        self._shown: dict[str, Any] = {}
        self._ready: deque[Any] = deque()

    def __call__(self, timeout: float | None = None, stream: str = "iopub") -> Any:
        while not self._ready:
            gathered = [self._receive(timeout=timeout, stream=stream)]
            while not _ends(gathered[-1]):
                gathered.append(self._receive(timeout=timeout, stream=stream))
            self._ready.extend(self._settled(gathered))
        return self._ready.popleft()

    def _settled(self, messages: list[Any]) -> list[Any]:
        kept: list[Any] = []
        cleared = False
        for message in messages:
            kind, content = message["msg_type"], message["content"]
            if kind == "clear_output":
                cleared = True
            elif kind == "update_display_data":
                self._update(content)
            else:
                if cleared and (kind in _OUTPUTS or _ends(message)):
                    kept = [earlier for earlier in kept if earlier["msg_type"] not in _OUTPUTS]
                    cleared = False
                self._remember(content)
                kept.append(message)
        return kept

    def _remember(self, content: Any) -> None:
        from nbformat import from_dict  # noqa: PLC0415 - heavy: each command imports only what it runs

        identity = content.get("transient", {}).get("display_id")
        if identity is not None and "data" in content:
            content["data"] = self._shown[identity] = from_dict(content["data"])

    def _update(self, content: Any) -> None:
        shown = self._shown.get(content.get("transient", {}).get("display_id", ""))
        if shown is not None:
            # nbval holds this very node as the output.
            shown.clear()
            shown.update(content["data"])


def _ends(message: Any) -> bool:
    return bool(message["msg_type"] == "status" and message["content"]["execution_state"] == "idle")
