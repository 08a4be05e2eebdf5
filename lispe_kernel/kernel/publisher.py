"""Values on their way to the front end: results, displays with identities, errors, clearing.

It turns no value into a picture itself: `lispe_kernel.display` does.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ipykernel.jsonutil import encode_images, json_clean

from lispe_kernel.display.page.registry import bundle as draw
from lispe_kernel.kernel.streams import NAMES
from lispe_kernel.running.report import Report, report

if TYPE_CHECKING:
    from lispe_kernel.kernel.kernel import LispeKernel

Bundle = tuple[dict[str, Any], dict[str, Any]]


def bundle(value: Any) -> Bundle:
    """The MIME bundle of a value and its metadata; text/plain is always there."""
    data = draw(value)
    if set(data) <= {"text/plain"}:
        own = _own_bundle(value)
        if own is not None:
            return own
    return data, {}


def bundle_json(value: Any) -> str:
    """The bundle as JSON text, for the debugger's evaluation in a stopped frame."""
    data, metadata = bundle(value)
    return json.dumps(json_clean([encode_images(data), metadata]))


def _own_bundle(value: Any) -> Bundle | None:
    """What a Python object that draws itself (a widget, a figure, a data frame) wants to show."""
    if not any(hasattr(type(value), name) for name in ("_repr_mimebundle_", "_repr_html_", "_repr_png_")):
        return None
    from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415 - heavy, and few values need it

    if not InteractiveShell.initialized():
        return None
    formatter = InteractiveShell.instance().display_formatter
    if formatter is None:
        return None
    data, metadata = formatter.format(value)
    return (data, metadata) if data else None


class Publisher:
    """Sends to the iopub channel of one kernel, under the request that is being answered."""

    def __init__(self, kernel: LispeKernel) -> None:
        self._kernel = kernel

    def result(self, value: Any, count: int, last: bool = False) -> None:
        """The value of a cell, numbered; `last` says that nothing runs before the cell has ended."""
        data, metadata = bundle(value)
        self._send(
            "execute_result",
            {"execution_count": count, "data": encode_images(data), "metadata": metadata},
            self._kernel.outbox if last else None,
        )

    def display(self, value: Any, identity: str | None = None, update: bool = False) -> None:
        """A value under the cell; with an identity it can be replaced later by `update`."""
        data, metadata = bundle(value)
        self.data(data, metadata, identity, update)

    def data(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any],
        identity: str | None = None,
        update: bool = False,
    ) -> None:
        transient = {} if identity is None else {"display_id": identity}
        kind = "update_display_data" if update else "display_data"
        self._send(kind, {"data": encode_images(data), "metadata": metadata, "transient": transient})

    def clear(self, wait: bool = False) -> None:
        """Remove what the cell has shown so far; with `wait`, when the next output comes."""
        self._send("clear_output", {"wait": wait})

    def error(self, error: BaseException) -> Report:
        """Show an error under the cell; returns its report."""
        told = report(error)
        self._send("error", {"ename": told.name, "evalue": told.message, "traceback": told.lines})
        return told

    def _send(self, kind: str, content: dict[str, Any], socket: Any = None) -> None:
        kernel = self._kernel
        # What was printed before stands before.
        for name in NAMES:
            # A Python cell may have put anything in their places.
            with suppress(Exception):
                getattr(sys, name).flush()
        socket = kernel.iopub_socket if socket is None else socket
        kernel.send_response(socket, kind, json_clean(content), ident=kernel._topic(kind))
