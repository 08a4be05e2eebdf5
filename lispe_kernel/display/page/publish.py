"""Sending outputs: one publisher a process, installed by whatever shows them.

A terminal shows the text; the kernel installs a publisher that speaks Jupyter's display messages. What is
still waiting when a cell ends (a curve that was updated a moment ago) belongs to the session that shows it
and is sent by `finish`, which whoever runs cells and programs calls after each run.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from lispe_kernel.display.page.registry import Bundle, bundle
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.runtime import Runtime, current

# Metadata of an output that is there or not by the clock: those who record or compare outputs leave it out.
PASSING = "lispe_passing"


class Publisher(Protocol):
    """Something that shows MIME bundles; with an identity a later one can replace an earlier one."""

    def data(
        self, data: Bundle, metadata: dict[str, Any], /, identity: str | None = None, update: bool = False
    ) -> None: ...

    def clear(self, wait: bool = False) -> None:
        """Remove what the running cell has shown so far; with `wait`, when the next output comes."""
        ...


class Terminal:
    """Shows text/plain. An update is written again only when its text has changed."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def data(
        self, data: Bundle, _metadata: dict[str, Any], identity: str | None = None, update: bool = False
    ) -> None:
        text = data.get("text/plain", "")
        if identity is not None:
            if update and self._shown.get(identity) == text:
                return
            self._shown[identity] = text
        if text:
            sys.stdout.write(text + "\n")

    def clear(self, wait: bool = False) -> None:
        """A terminal cannot take back what it wrote."""

    # For the same reason outputs that change often wait for `finish`.
    replaces = False


class Live(Protocol):
    """An output that lives as long as the process, and leaves a picture of itself."""

    def freeze(self) -> None: ...


class Screen:
    """Where this process shows its outputs, and the live ones on it."""

    def __init__(self) -> None:
        self.publisher: Publisher = Terminal()
        self.live: list[Live] = []
        # What is shown outside of every session: by a thread that Python started, say.
        self.states: dict[str, Any] = {}


screen = Screen()
_log = logging.getLogger("lispe.display")
T = TypeVar("T")


def install(publisher: Publisher) -> None:
    """Send all outputs to this publisher from now on."""
    screen.publisher = publisher


def replaces() -> bool:
    """Whether an output can be replaced in place."""
    return bool(getattr(screen.publisher, "replaces", True))


def new_identity() -> str:
    """A name for an output that will be updated. It travels beside the output, never in it."""
    return uuid4().hex


def publish(
    data: Bundle, identity: str | None = None, update: bool = False, *, passing: bool = False
) -> None:
    """Show a bundle, or replace the one shown under the same identity; passing: see `PASSING`."""
    screen.publisher.data(data, {PASSING: True} if passing else {}, identity, update)


def show(value: Any, identity: str | None = None, update: bool = False) -> None:
    """Show a value."""
    publish(bundle(value), identity, update)


def shown_by_session(key: str, make: Callable[[], T]) -> T:
    """What the evaluating session keeps under a key for its outputs, made when it is first asked for."""
    try:
        states = current().library_states
    except LispeError:
        states = screen.states
    if key not in states:
        states[key] = make()
    found: T = states[key]
    return found


_WAITING = "display: waiting"


def clear(wait: bool = False) -> None:
    """Remove what the running cell has shown so far; with `wait`, when the next output comes."""
    screen.publisher.clear(wait)


def at_finish(act: Callable[[], None]) -> None:
    """Have `act` called once when the running cell or program of the session ends."""
    shown_by_session(_WAITING, list[Callable[[], None]]).append(act)


def finish(session: Runtime) -> None:
    """Send what of a session still waits. Called after each cell, whether it ended well or not."""
    for states in (session.library_states, screen.states):
        waiting = states.get(_WAITING, [])
        while waiting:
            waiting.pop(0)()


def freeze_all() -> None:
    """Replace every live output by its picture. The kernel calls it when it shuts down or restarts."""
    while screen.live:
        output = screen.live.pop()
        try:
            output.freeze()
        except Exception:
            _log.exception("a live output could not be replaced by its picture")
