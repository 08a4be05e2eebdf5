"""The messages of a cell that nbval reads, its outputs as they stand when the cell has ended.

nbval knows neither outputs that are updated nor outputs that are cleared; a notebook stores what is left of
both. This takes the place of the kernel's own method, so that all that nbval reads (a cell's outputs, whether
the kernel is idle again, that nothing comes) it reads here, and nothing else of it is touched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from queue import Empty
from typing import Any

from lispe_kernel.running.report import INTERRUPTED

_OUTPUTS = ("display_data", "execute_result", "stream", "error")

Message = dict[str, Any]


class Settled:
    """`get_message` of nbval's kernel: iopub's messages cell by cell, other channels as they come.

    nbval asks for outputs after the cell's reply, so that all of them are there to be read. timed_out: that
    nbval stopped the cell; it then looks for the name that ipykernel gives such an error.
    """

    def __init__(self, receive: Callable[..., Message], timed_out: Callable[[], bool]) -> None:
        self._receive = receive
        self._timed_out = timed_out
        self._shown: dict[str, Any] = {}
        # None where no message came in time.
        self._ready: deque[Message | None] = deque()

    def __call__(self, stream: str, timeout: float | None = None) -> Message:
        if stream != "iopub":
            return self._receive(stream, timeout=timeout)
        if not self._ready:
            self._ready.extend(self._cell(timeout))
        message = self._ready.popleft()
        if message is None:
            raise Empty
        return message

    def _cell(self, timeout: float | None) -> list[Message | None]:
        """The messages up to the end of a request; what there is of them when its end does not come."""
        gathered: list[Message] = []
        # A request on another channel (an interrupt, say) begins and ends within a cell.
        begun: set[str] = set()
        try:
            while True:
                message = self._receive("iopub", timeout=timeout)
                gathered.append(message)
                state = message["content"].get("execution_state") if message["msg_type"] == "status" else ""
                request = message["parent_header"].get("msg_id", "")
                if state == "busy":
                    begun.add(request)
                elif state == "idle":
                    begun.discard(request)
                    if not begun:
                        return [*self._settled(gathered)]
        except Empty:
            return [*self._settled(gathered), None]

    def _settled(self, messages: list[Message]) -> list[Message]:
        kept: list[Message] = []
        cleared = False
        for message in messages:
            kind, content = message["msg_type"], message["content"]
            if kind == "clear_output":
                # What is cleared with `wait` goes when something takes its place, or at the end.
                cleared = True
            elif kind == "update_display_data":
                self._update(content)
            else:
                if cleared and kind in _OUTPUTS:
                    kept, cleared = _without_outputs(kept), False
                self._remember(content)
                if kind == "error" and content["ename"] == INTERRUPTED and self._timed_out():
                    content["ename"] = KeyboardInterrupt.__name__
                kept.append(message)
        return _without_outputs(kept) if cleared else kept

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


def _without_outputs(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message["msg_type"] not in _OUTPUTS]
