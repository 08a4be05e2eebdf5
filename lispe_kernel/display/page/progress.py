"""Progress of long saves and loads as one output that updates, in place of the terminal's line."""

from __future__ import annotations

from lispe_kernel.display.page import numbers, publish
from lispe_kernel.display.page.html import element, one_line
from lispe_kernel.display.page.theme import page


class OutputReporter:
    """One bar for one piece of work; at the end a sentence stays."""

    def __init__(self) -> None:
        self._identity: str | None = None
        self._last = ("", 0, 0)

    def show(self, label: str, done: int, total: int) -> None:
        self._last = (label, done, total)
        told = f"{one_line(label)}: {numbers.share(min(done, total), total)}"
        bar = element(
            "progress", value=min(done, total), max=max(1, total), aria_label=told, style="width:260px"
        )
        self._send({"text/plain": told, "text/html": page(element("p", bar, " ", element("span", told)))})

    def close(self) -> None:
        if self._identity is None:
            return
        label, done, total = self._last
        told = f"{one_line(label)}: {'done' if done >= total else 'stopped'}"
        self._send({"text/plain": told, "text/html": page(element("p", told, class_="q"))})

    def _send(self, data: dict[str, str]) -> None:
        update = self._identity is not None
        if self._identity is None:
            self._identity = publish.new_identity()
        publish.publish(dict(data), self._identity, update, passing=True)
