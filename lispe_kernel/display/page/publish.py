"""Sending outputs: one publisher, installed by whatever shows them.

A terminal shows the text; the kernel installs a publisher that speaks Jupyter's display messages. What is
still waiting when a cell ends (a curve that was updated a moment ago) is sent by `finish`, which the kernel
and the command line call after each run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol
from uuid import uuid4

from lispe_kernel.display.page.registry import Bundle, bundle

# Metadata of an output that will be cleared in a moment, for those who record outputs and cannot clear.
PASSING = "lispe_passing"


class Publisher(Protocol):
    """Something that shows MIME bundles; with an identity a later one can replace an earlier one."""

    def data(
        self, data: Bundle, metadata: dict[str, Any], identity: str | None = None, update: bool = False
    ) -> None: ...


class Terminal:
    """Shows text/plain. An update is written again only when its text has changed."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def data(
        self, data: Bundle, metadata: dict[str, Any], identity: str | None = None, update: bool = False
    ) -> None:
        text = data.get("text/plain", "")
        if identity is not None:
            if update and self._shown.get(identity) == text:
                return
            self._shown[identity] = text
        if text:
            sys.stdout.write(text + "\n")

    # A terminal cannot take back what it wrote: outputs that change often wait for `finish`.
    replaces = False


_publisher: Publisher = Terminal()
_waiting: list[Callable[[], None]] = []


def install(publisher: Publisher) -> None:
    """Send all outputs to this publisher from now on, the progress of saves and loads among them."""
    global _publisher
    _publisher = publisher
    if replaces():
        from lispe_kernel.display.page.progress import OutputReporter
        from lispe_kernel.torch_library.support.progress import set_reporter

        set_reporter(OutputReporter)


def replaces() -> bool:
    """Whether an output can be replaced in place."""
    return bool(getattr(_publisher, "replaces", True))


def new_identity() -> str:
    """A name for an output that will be updated. It travels beside the output, never in it."""
    return uuid4().hex


def publish(data: Bundle, identity: str | None = None, update: bool = False) -> None:
    """Show a bundle, or replace the one shown under the same identity."""
    _publisher.data(data, {}, identity, update)


def show(value: Any, identity: str | None = None, update: bool = False) -> None:
    """Show a value."""
    publish(bundle(value), identity, update)


def at_finish(act: Callable[[], None]) -> None:
    """Have `act` called once when the running cell or program ends."""
    _waiting.append(act)


def finish() -> None:
    """Send what still waits. Called after each cell, whether it ended well or not."""
    while _waiting:
        _waiting.pop(0)()


def freeze_all() -> None:
    """Replace every live widget by its picture. The kernel calls it when it shuts down or restarts."""
    explorers = sys.modules.get("lispe_kernel.display.explorers.base")
    if explorers is not None:
        explorers.freeze_all()
