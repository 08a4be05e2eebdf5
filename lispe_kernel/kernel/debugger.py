"""JupyterLab's visual debugger on LispE cells: ipykernel's debugger, taught to speak LispE.

Code objects carry LispE positions and the file names of cells, so debugpy does the work. Here: how it is
started, which files it never steps into, and how values look. Imported when the debugger is turned on.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

# debugpy warns about Python's own frozen modules, which nobody steps into here.
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")

from ipykernel.compiler import get_tmp_directory
from ipykernel.debugger import ROUTING_ID, Debugger

import lispe_kernel
from lispe_kernel.kernel.debug_values import install_presentation
from lispe_kernel.kernel.publisher import bundle

if TYPE_CHECKING:
    from lispe_kernel.kernel.kernel import LispeKernel

# Cells of Python start debugpy inside the process; the port is the one the client will connect to.
_LISTEN = "%%python\n__import__('debugpy').listen(('{host}', {port})) and None"
# Evaluated in the stopped frame, whose names need not be Python identifiers.
_RICH = "__import__('lispe_kernel.kernel.debug_values', fromlist=['look']).look({name!r})"


def unstepped() -> list[str]:
    """Patterns of files that stepping never enters: Python's library, installed packages, this kernel."""
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.add(str(Path(lispe_kernel.__file__).parent))
    return sorted(f"{folder}/**" for folder in folders if folder)


class LispeDebugger(Debugger):
    """The debugger of one kernel."""

    @classmethod
    def of(cls, kernel: LispeKernel) -> LispeDebugger:
        """Build the debugger and connect it to the kernel's sockets. To be called in the control thread."""
        debugger = cls(
            kernel.log,
            kernel.debugpy_stream,
            kernel._publish_debug_event,
            kernel.debug_shell_socket,
            kernel.session,
            unstepped(),
            kernel.debug_just_my_code,
            kernel.filter_internal_frames,
        )
        kernel.debugpy_stream.on_recv(debugger.receive, copy=False)
        asyncio.run_coroutine_threadsafe(debugger.poll(), kernel.control_thread.io_loop.asyncio_loop)
        debugger.kernel = kernel
        return debugger

    kernel: LispeKernel

    def receive(self, message: list[Any]) -> None:
        """A frame from debugpy; the first part is the socket's identity."""
        self.tcp_client.receive_dap_frame(message[1].bytes.decode("utf-8"))

    async def poll(self) -> None:
        while True:
            await self.handle_stopped_event()

    def start(self) -> bool:
        """Let debugpy listen, inside the main thread, and connect to it."""
        if not self.debugpy_initialized:
            Path(get_tmp_directory()).mkdir(mode=0o700, parents=True, exist_ok=True)
            host, port = self.debugpy_client.get_host_port()
            content = {"code": _LISTEN.format(host=host, port=port), "silent": True}
            identity = self.shell_socket.getsockopt(ROUTING_ID)
            self.session.send(self.shell_socket, "execute_request", content, None, identity)
            _, reply = self.session.recv(self.shell_socket, mode=0)
            self.debugpy_initialized = reply["content"]["status"] == "ok"
            install_presentation()
        self.debugpy_client.connect_tcp_socket()
        return self.debugpy_initialized

    def stop(self) -> None:
        self.debugpy_client.disconnect_tcp_socket()

    def accept_variable(self, variable_name: str) -> bool:
        """Whether the variables panel shows a name: the user's, not the machinery's."""
        if variable_name in ("special variables", "function variables", "class variables"):
            return False
        # The compiler's own variables begin with a blank.
        return variable_name[:1] not in ("_", " ") and not self._is_predefined(variable_name)

    def _is_predefined(self, name: str) -> bool:
        predefined, namespace = self.kernel.predefined, self.kernel.lispe.namespace
        return name in predefined and namespace.get(name) is predefined[name]

    async def richInspectVariables(self, message: dict[str, Any]) -> dict[str, Any]:
        """A variable as a cell would show it: tensors as pictures and tables."""
        name = message["arguments"]["variableName"]
        reply = {
            "type": "response",
            "request_seq": message["seq"],
            "command": message["command"],
            "success": True,
            "body": {"data": {}, "metadata": {}},
        }
        in_frame = self.stopped_threads and "frameId" in message["arguments"]
        shown = await (self._in_frame(message, name) if in_frame else self._in_session(name))
        if shown is None:
            reply["success"] = False
        else:
            reply["body"] = {"data": shown[0], "metadata": shown[1]}
        return reply

    async def _in_session(self, name: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        found = self.kernel.lispe.namespace
        if name not in found:
            return None
        return bundle(found[name])

    async def _in_frame(
        self, message: dict[str, Any], name: str
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        request = {
            "type": "request",
            "command": "evaluate",
            "seq": message["seq"] + 1,
            "arguments": {
                "expression": _RICH.format(name=name),
                "frameId": message["arguments"]["frameId"],
                "context": "clipboard",
            },
        }
        reply = await self._forward_message(request)
        if not reply["success"]:
            return None
        data, metadata = json.loads(_text_of(reply["body"]["result"]))
        return data, metadata


def _text_of(result: str) -> str:
    """The string that pydevd shows as a result, with or without its quotes."""
    return str(ast.literal_eval(result)) if result[:1] in ("'", '"') else result
