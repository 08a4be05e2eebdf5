"""The application of a kernel: ipykernel's application with LispE's kernel in it.

It leaves out what only IPython needs (its shell, its extensions, its pdb): most of the start-up time.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, ClassVar

import zmq
from ipykernel.kernelapp import IPKernelApp
from traitlets import Any as AnyTrait
from traitlets import default

from lispe_kernel.kernel.messages import Messages

# Seconds that a thread may take to end: what it waits for may be gone.
PATIENCE = 5.0
INLINE = "module://matplotlib_inline.backend_inline"


class LispeKernelApp(IPKernelApp):
    """Binds the sockets, starts the threads, runs the kernel until it is shut down."""

    name = "lispe-kernel"
    outstream_class = "lispe_kernel.kernel.streams.Stream"
    subcommands: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # traitlets has one for each instance
    # Their own declarations import Python's kernel, IPython's shell and the managers of kernels.
    kernel_class = AnyTrait()
    shell = AnyTrait()
    blocking_class = AnyTrait()

    @default("session")
    def _make_session(self) -> Messages:
        return Messages(parent=self)

    def _ip_default(self) -> str:
        # A connection file says it; jupyter_client would ask the system for all its networks before.
        return "127.0.0.1" if self.transport == "tcp" else str(super()._ip_default())

    def _apply_curve_server_options(self, socket: Any) -> None:
        super()._apply_curve_server_options(socket)
        if socket.type == zmq.XPUB:
            # Every subscriber is welcomed, not only the first of a topic.
            socket.xpub_verbose = True

    def init_pdb(self) -> None:
        """pdb is IPython's concern; importing it here would cost every start."""

    def init_kernel(self) -> None:
        # The language is imported here, after the sockets are bound: clients that wait connect sooner.
        from lispe_kernel.kernel.kernel import LispeKernel  # noqa: PLC0415 - start-up, as said above

        # A logger lets everything through, for its handlers to drop: four records a cell.
        self.log.setLevel(min((handler.level for handler in self.log.handlers), default=self.log.level))
        self.kernel_class = LispeKernel
        super().init_kernel()

    def init_shell(self) -> None:
        """There is no IPython shell; pictures of Python cells still go to the notebook."""
        self.shell = None
        os.environ.setdefault("MPLBACKEND", INLINE)

    def start(self) -> None:
        """Run until the kernel is shut down, then end the threads that publish.

        An event loop that a task of the user's ends by KeyboardInterrupt goes on: cells run there.
        At the end of the process ipykernel stops its publishing thread before them: a control thread that
        says "idle" at that instant sends to nobody, which blocks for ever, and the process with it.
        """
        try:
            super().start()
            while not self.kernel.ending:
                with contextlib.suppress(KeyboardInterrupt):
                    self.io_loop.start()
        finally:
            self.kernel.end_cells()
            for thread in (self.control_thread, self.shell_channel_thread):
                if thread is not None and thread.is_alive():
                    thread.stop()
                    thread.join(PATIENCE)

    def close(self) -> None:
        super().close()
        kernel = getattr(self, "kernel", None)
        if kernel is not None and kernel.preload.running:
            # The end of a process waits for libraries that are being loaded, and nobody needs them any more.
            os._exit(0)
