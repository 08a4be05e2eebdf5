"""Standard output and error as Jupyter streams: ipykernel's OutStream, made cheap for the common cell.

Text is batched by the IO thread (one message every fifth of a second), so a cell that prints 100,000
lines sends few messages. It never touches the text.
"""

from __future__ import annotations

from typing import Any

from ipykernel.iostream import OutStream


class Stream(OutStream):
    """An OutStream that does not wake the IO thread when there is nothing to send."""

    _key_of: dict[str, Any] | None = None
    _key: frozenset[Any] = frozenset()
    # Whether the IO thread has taken text that is not on its way yet: a reply now would overtake it.
    _sending = False

    def flush(self) -> None:
        """Send what was written. Message order is kept: the IO thread sends everything one by one."""
        if self._buffers or self._subprocess_flush_pending or self._sending:
            super().flush()

    def _flush(self) -> None:
        self._sending = True
        try:
            super()._flush()
        finally:
            self._sending = False

    def write(self, string: str) -> int:
        """Buffer the text under the request that prints it; returns the number of characters."""
        if self.echo is not None or type(string) is not str or not self._is_master_process():
            return super().write(string) or 0
        if self.pub_thread is None:
            raise ValueError("Error: this output stream is closed")
        parent = self.parent_header
        with self._buffer_lock:
            # One request usually prints many times: its key is computed once.
            if parent is not self._key_of:
                self._key_of, self._key = parent, frozenset(parent.items())
            self._buffers[self._key].write(string)
        self._schedule_flush()
        return len(string)
